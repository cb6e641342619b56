"""Options that several commands share, and their checks."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from coachsync.cli.context import invocation
from coachsync.cli.when import parse_now
from coachsync.clock import host_now
from coachsync.config import Settings, on_this_host
from coachsync.domain.model import Millis
from coachsync.errors import UsageError

_LONGEST_WAIT = 86_400.0

DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide and show; send and change nothing.")]
Now = Annotated[
    str | None,
    typer.Option("--now", metavar="WHEN", help="Act as if it were WHEN: ISO 8601 with offset, or epoch milliseconds."),
]


def _note_json(ctx: typer.Context, value: bool) -> bool:
    if ctx.find_root().obj is not None:  # there is none if the command line is only parsed
        invocation(ctx).json = value
    return value


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.", callback=_note_json)]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print what is wrong alone, and of a run only what is new: what a crontab wants."
    ),
]
Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", help="Wait this long for another run to end.", show_default="0"),
]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Clean up even if many bookings vanished at once; act on a named session although it is paused; "
        "--now against real Discord.",
    ),
]
Named = Annotated[
    list[str] | None, typer.Argument(metavar="[SESSION]...", help="Ids or short names.", show_default=False)
]
One = Annotated[str, typer.Argument(metavar="SESSION", help="Its id or short name.", show_default=False)]


def pretended_now(text: str | None) -> Millis | None:
    """Return the moment that `--now` names, None without it. Raises UsageError."""
    return None if text is None else parse_now(text)


def chosen_now(text: str | None) -> Millis:
    """Return the moment that `--now` names, without it the host's time. Raises UsageError."""
    return host_now() if text is None else parse_now(text)


def checked_wait(seconds: float) -> float:
    """Return how many seconds to wait for the lock. Raises UsageError."""
    if not 0 <= seconds <= _LONGEST_WAIT:
        raise UsageError(f"--wait {seconds} is no time to wait", "give seconds from 0 to 86400")
    return seconds


def checked_names(names: list[str] | None) -> tuple[str, ...]:
    """Return the sessions named on the command line, each once. Raises UsageError if a name is empty."""
    return tuple(dict.fromkeys(checked_name(name) for name in names or ()))


def checked_name(name: str) -> str:
    """Return a session's name as the store may hold it. Raises UsageError if it is empty."""
    if not name.strip():
        raise UsageError("an empty text is no session", "name a session by its id or its short name")
    return os.fsencode(name).decode("utf-8", "replace")


def checked_file(option: str, path: str | None) -> str | None:
    """Return the file that an option names, None without it. Raises UsageError if its name is empty."""
    if path == "":
        raise UsageError(f"{option} names no file: its value is empty", f"name a file: {option} FILE")
    return path


def refuse_pretended_time(
    settings: Settings, now: Millis | None, *, dry_run: bool, force: bool, would: str = "open and close real rooms"
) -> None:
    """Raise UsageError if `--now` would do to real rooms, or to their bookings, what is right at another time alone."""
    if now is None or dry_run or force:
        return
    guilds = (settings.discord, *settings.guilds.values())
    if not all(on_this_host(guild.api_base) for guild in guilds):
        raise UsageError(
            f"--now without --dry-run would {would} at another time than people expect",
            "add --dry-run to look, or --force if that is meant",
        )
