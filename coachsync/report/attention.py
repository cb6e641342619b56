"""What is wrong and needs a person, as lines for people: who, when, since when, and the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from coachsync.clock import iso, relative
from coachsync.domain.causes import Cause
from coachsync.domain.model import Millis, Session
from coachsync.report.lines import people, together
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
    return f"{who or place_of(cause)}, since {iso(cause.since)} ({relative(cause.since, now)})"


def place_of(cause: Cause) -> str:
    """Return what is concerned if no session is: a guild, a source of bookings, the hosts together, or this one."""
    if cause.guild_id:
        return f"guild {cause.guild_id}"
    if cause.code == "host_silent":
        return "the hosts"
    return f"source {cause.about}" if cause.about else "this host"


def whose(cause: Cause, sessions: Mapping[str, Session], moments: Moments) -> str:
    """Return for whom something is wrong, and when they meet; else in which guild, or that it is the host."""
    known = [sessions[i] for i in cause.sessions if i in sessions]
    if not cause.sessions:
        return place_of(cause)
    many = len(cause.sessions)
    if not known:
        return word(cause.sessions[0]) if many == 1 else f"{many} sessions"
    first = min(known, key=lambda s: (s.end <= moments.now, s.start, s.id))
    return one_of(first, moments) if many == 1 else f"{many} sessions, first {one_of(first, moments)}"


def one_of(session: Session, moments: Moments) -> str:
    """Return "Nadja with Mike, Thu 26 Nov 10:30 CET, in 12 min"."""
    who = called(session) or word(session.id)
    return f"{who}, {_when(session, moments)}" if session.start else who


def called(session: Session) -> str:
    """Return "Nadja with Mike": names, or the ids of those without; "" if nobody is known."""
    return together(session.people)


def _when(session: Session, moments: Moments) -> str:
    began = f"{moments.whole(session.start)}, "
    if moments.now < session.start:
        return began + moments.away(session.start)
    over = moments.now >= session.end
    return began + (f"over {moments.away(session.end)}" if over else f"began {moments.away(session.start)}")


def _named(session_id: str, session: Session | None) -> str:
    if session is None:
        return word(session_id)
    when = f" start {iso(session.start)}" if session.start else ""
    who = people(session)
    return f"{word(session_id)}{when}{f' for {who}' if who else ''}"
