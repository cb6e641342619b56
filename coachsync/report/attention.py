"""What is wrong and needs a person, as lines for people: who, when, since when, and the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from coachsync.clock import iso, relative
from coachsync.domain.causes import Cause
from coachsync.domain.model import Millis, Session
from coachsync.report.lines import people
from coachsync.report.moments import Moments
from coachsync.report.text import clean, word

_NAMED = 3


def attention_lines(causes: Iterable[Cause], sessions: Mapping[str, Session], now: Millis) -> Iterator[str]:
    """Yield two lines for each cause: what is wrong, since when and for whom; then what to do about it."""
    for cause in causes:
        yield f"{cause.urgency}: {_head(cause, sessions, now)}: {clean(cause.message)} ({cause.code})"
        if cause.hint:
            yield f"  remedy: {clean(cause.hint)}"


def _head(cause: Cause, sessions: Mapping[str, Session], now: Millis) -> str:
    named = [_named(session_id, sessions.get(session_id)) for session_id in cause.sessions[:_NAMED]]
    more = len(cause.sessions) - _NAMED
    who = "; ".join(named) + (f" and {more} more" if more > 0 else "")
    place = f"guild {cause.guild_id}" if cause.guild_id else "this host"
    return f"{who or place}, since {iso(cause.since)} ({relative(cause.since, now)})"


def whose(cause: Cause, sessions: Mapping[str, Session], when: Moments) -> str:
    """Return "Nadja with Mike, Thu 26 Nov 10:30 UTC, in 12 min" of a cause's first session, and how many more wait."""
    if not cause.sessions:
        return f"guild {cause.guild_id}" if cause.guild_id else "this host"
    first = sessions.get(cause.sessions[0])
    who = word(cause.sessions[0])
    if first is not None:
        who = " with ".join(clean(person.called) for person in first.people if person.called) or who
        if first.start:
            who += f", {when.whole(first.start)}, {when.away(first.start)}"
    more = len(cause.sessions) - 1
    return f"{who} and {more} more" if more else who


def _named(session_id: str, session: Session | None) -> str:
    if session is None:
        return word(session_id)
    when = f" start {iso(session.start)}" if session.start else ""
    who = people(session)
    return f"{word(session_id)}{when}{f' for {who}' if who else ''}"
