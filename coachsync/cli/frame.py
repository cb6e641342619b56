"""How a command is built from a function, and the group that imports a command's module only when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from coachsync.cli.output import fancy


class Entry(NamedTuple):
    """One command: its name, the module and attribute that hold it, its line in the list of commands."""

    name: str
    module: str
    attribute: str
    help: str


def new_app(**settings: Any) -> typer.Typer:
    """Return a Typer application in the house's style: boxes and colour only where a person looks."""
    return typer.Typer(
        rich_markup_mode="rich" if fancy(sys.stdout) else None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **{"add_completion": False, **settings},
    )


def built(entry: Entry) -> Any:
    """Import a command's module and return the command."""
    found = getattr(importlib.import_module(entry.module), entry.attribute)
    if not isinstance(found, typer.Typer):
        app = new_app()
        app.command(entry.name)(found)
        found = app
    command = typer.main.get_command(found)
    command.name = entry.name
    return command


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and line alone until one is called."""

    entries: tuple[Entry, ...] = ()

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
