"""A line that somebody types, read by our own command line without doing anything."""

from __future__ import annotations

import re
import shlex
from typing import Any, NamedTuple

from coachsync.cli.app import build


class Read(NamedTuple):
    """A command by its full name, and the values of its parameters."""

    name: str
    values: dict[str, Any]


def read(arguments: list[str]) -> Read:
    """Return what a command line says. Raises what the program would report as wrong usage."""
    command = build()
    context = command.make_context("coachsync", arguments)
    names: list[str] = []
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        assert name is not None
        names.append(name)
        context = command.make_context(name, rest, parent=context)
    return Read(" ".join(names), context.params)


WORDS = {
    "SESSION": "abc12345", "ID": "abc12345", "CHANNEL_ID": "1600000000000000001", "WHEN": "2030-10-14T13:00:00Z",
    "FILE": "bookings.json", "TOPIC": "install", "COMMAND": "run", "CODE": "unknown_member",
    "NAME": "calendar", "DISCORD_ID": "1300000000000000001",
    "FROM": "sqlite:///sessions.db", "TO": "sqlite:///copy.db", "STORE": "sqlite:///sessions.db",
}  # fmt: skip
"""What stands for a word that a page writes in capitals."""
NEEDED = {
    "sessions add": "--student 1300000000000000001 --coach 1300000000000000002 --start 2030-10-14T13:00Z",
    "sessions reschedule": "--start 2030-10-14T13:00Z",
    "sessions prune": "--older-than 365d",
    "wait": "--for open --timeout 1s",
}
"""What a command cannot do without, if a page names it alone."""


def filled(call: str) -> list[str]:
    """Return the arguments of a call as the guide writes it: `coachsync cleanup [SESSION…]`. KeyError: see WORDS."""
    typed = shlex.split(call.replace("[", "").replace("]", "").replace("…", ""))[1:]
    words = [word.partition("|")[0] for word in typed]
    given = [WORDS[word] if re.fullmatch("[A-Z_]+", word) else word for word in words]
    needed = next((more.split() for name, more in NEEDED.items() if words[: name.count(" ") + 1] == name.split()), [])
    return given if set(needed) & set(given) else [*given, *needed]
