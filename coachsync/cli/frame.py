"""How a command is built from a function, and the group that imports a command's module only when it is called.

Every command takes its own options and those of the root, which the root's callbacks note: so `--config` stands before
or after a command's name, and the parser that knows which words are values reads both.

Typer 0.29 and later ask pydantic to convert every value, also those that are what they should be: loading it would
double what an idle tick costs. Such values pass by the conversion here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from coachsync.cli.context import invocation


class Command(NamedTuple):
    """One command: its name, the module in `coachsync.cli.commands` and the attribute that hold it, its help."""

    name: str
    module: str
    attribute: str
    help: str


class App(typer.Typer):
    """A Typer application whose commands are ours."""

    def command(self, name: str | None = None, *, cls: Any = None, **settings: Any) -> Any:
        """Register a command, see Typer."""
        return super().command(name, cls=cls or LeanCommand, **settings)


def new_app(**settings: Any) -> typer.Typer:
    """Return a Typer application in the house's style."""
    return App(
        rich_markup_mode=None,  # pages are ours, see `manual`
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **{"add_completion": False, "cls": LazyGroup, **settings},
    )


def built(entry: Command) -> Any:
    """Import a command's module and return the command."""
    found = getattr(importlib.import_module(f"coachsync.cli.commands.{entry.module}"), entry.attribute)
    if not isinstance(found, typer.Typer):
        app = new_app()
        app.command(entry.name)(found)
        found = app
    command = typer.main.get_command(found)
    command.name = entry.name
    return command


class _Lean:
    """A command that takes the root's options too, and whose values pass by the conversion that they do not need."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # a mix-in before Typer's commands
        root = ctx.find_root().command
        if root is not self:
            params = [*params, *getattr(root, "everywhere", ())]
        for param in params:
            if hasattr(param, "get_runtime_param") and "process_value" not in vars(param):
                param.process_value = partial(_process, param, param.process_value)
        return params

    def get_help(self, ctx: Any) -> str:
        from coachsync.cli.manual import shown

        return shown(self, ctx)


class LeanCommand(_Lean, TyperCommand):
    """A single command of ours."""

    def invoke(self, ctx: Any) -> Any:
        """Call the command, now that all is read that was said before and after its name."""
        said = invocation(ctx)
        if said is not None and (said.verbose or said.log_format != "text"):
            from coachsync.cli.logs import start

            start(said.verbose)
        return super().invoke(ctx)


def _process(param: Any, convert: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    annotation = param.type_descriptor.annotation
    if annotation == list[str] and param.nargs == -1 and not param.required and param.callback is None:
        return list(value or ())  # the words of a command line are texts
    single = param.nargs == 1 and not param.multiple
    fits = type(value) in (get_args(annotation) or (annotation,)) and isinstance(value, (str, float, bool, type(None)))
    if not single or param.required or not (fits or value is None):
        return convert(ctx, value)
    return value if param.callback is None else param.callback(ctx, param, value)


class LazyGroup(_Lean, TyperGroup):
    """A group that knows its commands by name and line alone until one is called."""

    entries: tuple[Command, ...] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for entry in self.entries:
            self.commands[entry.name] = TyperCommand(
                entry.name, help=entry.help, short_help=entry.help, rich_markup_mode=self.rich_markup_mode
            )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words after the group's name; without any, show what the group holds."""
        if not args and not ctx.resilient_parsing:
            from coachsync.cli.output import out

            out(self.get_help(ctx))
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else self.whole(name), rest

    def whole(self, name: str) -> Any:
        """Return a command with its options; None if there is none of that name."""
        known = [entry for entry in self.entries if entry.name == name]
        return built(known[0]) if known else self.commands.get(name)
