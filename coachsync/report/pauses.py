"""Pauses as lines for people: what is paused until when, and who is late by it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from coachsync.report.lines import people
from coachsync.report.text import clean, word

if TYPE_CHECKING:
    from coachsync.domain.pauses import Pause
    from coachsync.report.moments import Moments
    from coachsync.standing.paused import Late, Waiting

_DONE = {"setup": "without its room", "cleanup": "with its room still there"}


def fitted(lines: Iterable[str], room: int) -> Iterator[str]:
    """Yield lines as wide as a terminal is: what goes on stands two columns further in."""
    from coachsync.report.fitting import wrapped

    for line in lines:
        text = line.lstrip(" ")
        indent = " " * (len(line) - len(text))
        parts = wrapped(text, room - len(indent) - 2)
        yield f"{indent}{parts[0] if parts else ''}"
        yield from (f"{indent}  {part}" for part in parts[1:])


def what(pause: Pause) -> str:
    """Return what a pause is about."""
    return word(pause.session_id) if pause.session_id else pause.what


def paused_line(pause: Pause, shown: Moments) -> str:
    """Return "everything is paused until Fri 27 12:00, in 24 h 0 min: maintenance"."""
    reason = f": {clean(pause.reason)}" if pause.reason else ""
    return f"{what(pause)} is paused until {shown.full(pause.until)}{reason}"


def meaning_lines(pauses: Collection[Pause]) -> Iterator[str]:
    """Yield what that means, and how it ends."""
    yield "  no room is made or mended, and nobody is let in"
    if any(pause.removals for pause in pauses):
        yield "  nobody is sent away either, and no room is removed"
    else:
        yield "  who leaves a booking still loses access, and rooms still close in their time"
    yield f"  {' and '.join(f'`{pause.resume}`' for pause in pauses)} {'ends' if len(pauses) == 1 else 'end'} it"


def late_lines(late: Sequence[Late], shown: Moments, most: int | None = None) -> Iterator[str]:
    """Yield who is late by the pauses that stand, and from when on; `most`: how many are named."""
    if not late:
        yield "no session is late by it"
        return
    yield f"{_sessions(len(late))} will be late by it:"
    for one in late[:most]:
        since = "late now" if one.at <= shown.now else f"late from {shown.when(one.at)}"
        who = people(one.session)
        yield f"  {word(one.session.id)}: {since}, {_DONE[one.kind]}"
        yield f"    starts {shown.full(one.session.start)}{f', for {who}' if who else ''}"
    if most is not None and len(late) > most:
        yield f"  and {len(late) - most} more, from {shown.when(late[most].at)} on"


def resumed_lines(ended: Collection[Pause], waited: Sequence[Waiting], most: int = 20) -> Iterator[str]:
    """Yield what is paused no more, and what the next run does for it."""
    for pause in ended:
        yield f"{what(pause)} is no longer paused"
    if waited:
        named = ", ".join(word(w.session.id) for w in waited[:most])
        more = f" and {len(waited) - most} more" if len(waited) > most else ""
        yield f"{_sessions(len(waited))} waited for it: {named}{more}"
        yield "the next run goes on with them; `coachsync run` does so at once"


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"
