"""`wait`: until a session is open, or closed."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, cast

import typer

from coachsync import waits
from coachsync.cli import output
from coachsync.cli.context import invocation, open_configured
from coachsync.cli.options import Json, One, checked_name
from coachsync.cli.when import parse_timeout
from coachsync.clock import host_now
from coachsync.domain.awaited import room_of
from coachsync.domain.words import span
from coachsync.errors import INTERRUPTED, OK, SOME_FAILED, UsageError
from coachsync.report.text import clean, word
from coachsync.standing.awaiting import Clock, Glance, Watcher, wait_for
from coachsync.standing.find import find_one

if TYPE_CHECKING:
    from coachsync.domain.awaited import Goal
    from coachsync.domain.model import Millis

_SINCE = {"open": "everybody is in", "closed": "nothing of it is left"}


def wait(
    ctx: typer.Context,
    session: One,
    goal: Annotated[str, typer.Option("--for", metavar="open|closed", help="What to wait for.", show_default=False)],
    timeout: Annotated[str, typer.Option("--timeout", metavar="LENGTH", help="How long to wait: 10m, 2h.")] = "10m",
    json: Json = False,
) -> int:
    """Wait until a session is open (everybody booked is in) or closed (nothing of it is left).

    What counts is the booking as it is at that moment: one that is moved meanwhile is waited for as it is then. Exit 0
    if it is so; 1 with the reason if the time is over, or it can no longer be. It reads the store alone, and does
    nothing itself.

    \b
    Examples:
      coachsync wait abc12345 --for open
      coachsync wait abc12345 --for closed --timeout 3h
    """
    name, length = checked_name(session), parse_timeout(timeout)
    if goal not in _SINCE:
        raise UsageError(f"--for {goal!r} is nothing to wait for", "give open or closed")
    settings = invocation(ctx).settings()
    with closing(open_configured(settings, writable=False)) as store:
        session_id = find_one(store, name).id
    watcher = Watcher(
        lambda: closing(open_configured(settings, writable=False)), session_id, cast("Goal", goal), settings.policy
    )
    clock = Clock(host_now, time.monotonic, time.sleep)
    teller = _Teller(session_id, goal)
    began = clock.elapsed()
    try:
        seen = wait_for(watcher, length, waits.current().poll, clock, teller.told)
    except KeyboardInterrupt:
        teller.clear()
        output.error(f"interrupted: {word(session_id)} is not {goal} yet", "nothing was changed; wait again")
        return INTERRUPTED
    finally:
        teller.clear()
    waited_s = round(clock.elapsed() - began, 1)
    if json:
        _show_json(seen, session_id, goal, waited_s)
    return _show(seen, session_id, goal, length, quiet=json)


class _Teller:
    """Tells on a terminal what is waited for."""

    def __init__(self, session_id: str, goal: str) -> None:
        self._head = f"waiting for {word(session_id)} to be {goal}"
        self._wanted = output.is_terminal(sys.stderr)
        self._there = False

    def told(self, seen: Glance, left: Millis) -> None:
        """Show how things stand, and what is left of the time."""
        if self._wanted:
            output.transient(f"{self._head}: {seen.verdict.reason} ({span(left)} left)"[: _columns()])
            self._there = True

    def clear(self) -> None:
        """Take the line away."""
        if self._there:
            output.transient("")
            self._there = False


def _columns() -> int:
    from shutil import get_terminal_size

    return get_terminal_size().columns - 1


def _show(seen: Glance, session_id: str, goal: str, timeout: Millis, *, quiet: bool) -> int:
    verdict = seen.verdict
    if verdict.hope == "reached":
        if not quiet:
            output.out(f"{word(session_id)} is {goal}: {_SINCE[goal]}{_link(seen)}")
        return OK
    code = f" ({verdict.failure.code})" if verdict.failure is not None else ""
    what = f"cannot be {goal}" if verdict.hope == "never" else f"is not {goal} after {span(timeout)}"
    output.error(f"{word(session_id)} {what}: {clean(verdict.reason)}{code}", clean(verdict.hint))
    return SOME_FAILED


def _link(seen: Glance) -> str:
    room = room_of(seen.entry)
    return f"; https://discord.com/channels/{seen.entry.guild_id}/{room}" if seen.entry is not None and room else ""


def _show_json(seen: Glance, session_id: str, goal: str, waited_s: float) -> None:
    verdict, failure = seen.verdict, seen.verdict.failure
    document = {
        "version": 1,
        "session": session_id,
        "for": goal,
        "reached": verdict.hope == "reached",
        "timed_out": verdict.hope == "waiting",
        "waited_s": waited_s,
        "guild_id": seen.entry.guild_id if seen.entry is not None and room_of(seen.entry) else None,
        "channel_id": room_of(seen.entry),
        "reason": verdict.reason or None,
        "error": {key: getattr(failure, key) for key in ("code", "message", "hint")} if failure is not None else None,
    }
    output.json_document(document)
