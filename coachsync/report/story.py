"""One session's whole story, as lines for people: who, when, what was done, what blocks it, what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coachsync.clock import iso, local, relative
from coachsync.domain.causes import Cause
from coachsync.domain.model import Entry, Event, Millis
from coachsync.domain.windows import Policy, cleanup_at, window_opens
from coachsync.report.text import clean, word
from coachsync.standing.row import StatusRow

_WIDTH = 16


def story(
    row: StatusRow, events: Sequence[Event], policy: Policy, now: Millis, causes: Sequence[Cause] = ()
) -> Iterator[str]:
    """Yield the story's lines. `events` are the ledger's, oldest first, `causes` what is wrong with the session."""
    yield from _who(row)
    yield from _when(row, policy, now)
    yield from _made(row.entry)
    yield from _happened(events)
    yield from _ahead(row, now, causes)


def _line(name: str, text: str) -> str:
    return f"{name:<{_WIDTH}}{text}"


def _who(row: StatusRow) -> Iterator[str]:
    session = row.session
    yield _line("session", word(session.id))
    yield _line("phase", f"{row.phase} (status {clean(session.status) or 'none'})")
    for person in session.people:
        link = f"Discord id {person.id}" if person.id else "no Discord account linked"
        yield _line(person.kind, f"{clean(person.name)}, {link}" if person.name else link)
    yield _line("guild", session.guild_id)
    if session.flaw is not None:
        yield _line("row is invalid", clean(session.flaw.message))


def _when(row: StatusRow, policy: Policy, now: Millis) -> Iterator[str]:
    session = row.session
    if not session.start:
        return
    moments = (
        ("setup opens", window_opens(session, policy)),
        ("setup late from", session.start - policy.setup_by),
        ("starts", session.start),
        ("ends", session.end),
        ("cleanup from", cleanup_at(session.end, policy)),
    )
    for name, moment in moments:
        yield _line(name, f"{iso(moment)}  {local(moment)}, {relative(moment, now)}")


def _made(entry: Entry | None) -> Iterator[str]:
    if entry is None:
        yield _line("made so far", "nothing")
        return
    yield _line("access", f"{entry.access}, {entry.state}{f' ({entry.closed_by})' if entry.closed_by else ''}")
    for thing in entry.resources:
        identity = f" {thing.snowflake}" if thing.snowflake else ""
        fate = _fate(thing.state, ("made", thing.made_at), ("deleted", thing.deleted_at))
        yield _line(thing.kind, f"{clean(thing.name)}{identity}: {fate}")
    for grant in entry.grants:
        fate = _fate(grant.state, ("granted", grant.granted_at), ("revoked", grant.revoked_at))
        yield _line("access of", f"{grant.user_id}: {fate}")


def _fate(state: str, begun: tuple[str, Millis | None], ended: tuple[str, Millis | None]) -> str:
    """Return "made 2026-…, deleted 2026-…"; the state alone if no time is known."""
    moments = [f"{what} {iso(when)}" for what, when in (begun, ended) if when is not None]
    known = any(moment.startswith(state) for moment in moments)
    return ", ".join(moments if known else [state, *moments])


def _happened(events: Sequence[Event]) -> Iterator[str]:
    yield ""
    yield "what happened" if events else "nothing has happened yet"
    for event in events:
        failure = event.failure
        told = event.detail if failure is None else f"{failure.code}: {failure.message}"
        detail = f": {clean(told)}" if told else ""
        yield f"  {iso(event.at)}  {clean(event.what)} {clean(event.outcome)}{detail}"


def _ahead(row: StatusRow, now: Millis, causes: Sequence[Cause]) -> Iterator[str]:
    yield ""
    for cause in causes:
        yield _line("wrong", f"{clean(cause.message)} ({cause.code})")
        yield _line("since", f"{iso(cause.since)}, {relative(cause.since, now)} ({cause.urgency})")
        if cause.hint:
            yield _line("remedy", clean(cause.hint))
    if row.blocked is not None and row.blocked.hint not in {cause.hint for cause in causes}:
        yield _line("blocked by", f"{clean(row.blocked.message)} ({row.blocked.code})")
        yield _line("remedy", clean(row.blocked.hint) or "none is known")
    if row.next_action is None or row.next_at is None:
        yield _line("next", "nothing: no run will do anything for this session as it stands")
    elif row.next_at <= now:
        yield _line("next", f"{row.next_action}, by the next run")
    else:
        yield _line("next", f"{row.next_action} at {iso(row.next_at)}, {relative(row.next_at, now)}")
