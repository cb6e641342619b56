"""How a command is built from a function, and the group that imports a command's module only when it is called.

Typer 0.29 and later ask pydantic to convert every value, also those that are what they should be: loading it would
double what an idle tick costs. Such values pass by the conversion here.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from coachsync.cli.output import fancy


class Command(NamedTuple):
    """One command: its name, the module in `coachsync.cli.commands` and the attribute that hold it, its help."""

    name: str
    module: str
    attribute: str
    help: str


def new_app(**settings: Any) -> typer.Typer:
    """Return a Typer application in the house's style: boxes and colour only on a terminal."""
    return typer.Typer(
        rich_markup_mode="rich" if fancy(sys.stdout) else None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **{"add_completion": False, **settings},
    )


def built(entry: Command) -> Any:
    """Import a command's module and return the command."""
    found = getattr(importlib.import_module(f"coachsync.cli.commands.{entry.module}"), entry.attribute)
    if not isinstance(found, typer.Typer):
        app = new_app()
        app.command(entry.name, cls=LeanCommand)(found)
        found = app
    command = typer.main.get_command(found)
    command.name = entry.name
    return command


class _Lean:
    """A command whose values pass by the conversion that they do not need."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]  # a mix-in before Typer's commands
        for param in params:
            if hasattr(param, "get_runtime_param") and "process_value" not in vars(param):
                param.process_value = partial(_process, param, param.process_value)
        return params


class LeanCommand(_Lean, TyperCommand):
    """A single command whose values pass by the conversion that they do not need."""


def _process(param: Any, convert: Callable[[Any, Any], Any], ctx: Any, value: Any) -> Any:
    annotation = param.type_descriptor.annotation
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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        known = [entry for entry in self.entries if entry.name == name]
        return name, built(known[0]) if known else command, rest
