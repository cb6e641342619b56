"""What store and ledger hold, as far as they can be read: the checks `store`, `ledger` and `bookings`.

Nothing is changed, and no lock is held that a run would notice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import NamedTuple

from coachsync.clock import relative
from coachsync.config import Settings
from coachsync.doctor.finding import doubt, failed, fault, fine, or_fine
from coachsync.doctor.host import of_store_files
from coachsync.domain.booking import Defaults
from coachsync.domain.budget import RoleBudget
from coachsync.domain.causes import Cause
from coachsync.domain.finding import Finding
from coachsync.domain.mapping import TableMapping
from coachsync.domain.model import DAY, Entry, Millis, Person, Session, Span
from coachsync.domain.remembered import is_rehearsal
from coachsync.domain.windows import Policy
from coachsync.domain.words import accident, unknown_status
from coachsync.errors import CoachsyncError
from coachsync.standing.health import LastTick, attention, last_tick
from coachsync.standing.hosts import Hosts, hosts_of
from coachsync.standing.paused import paused_causes
from coachsync.store.base import Store
from coachsync.store.bookings import Bookings
from coachsync.store.ledger.ledger import Ledger
from coachsync.store.parts import Parts, open_parts
from coachsync.store.proof import prove_ledger, prove_writable

_APART = 'keep what coachsync remembers elsewhere: [store] ledger = "sqlite:////var/lib/coachsync/ledger.db"'
_MOST = 20  # findings of one kind; the rest is counted


class Kept(NamedTuple):
    """What store and ledger hold that other checks go by.

    `path` is the store's file, links resolved, "" if there is none. `coming`: the bookings that are to have a room
    within the days asked for, or have one now. `live`: what the ledger knows to be open for sessions, `left` what a
    rehearsal left. `last` is the last `run`, if
    there was one and the ledger is `readable`. `causes` are all that stand now, pauses among them,
    `bots` which bot last worked in each guild, `hosts` those that share the store, if several may.
    """

    path: str = ""
    coming: tuple[Session, ...] = ()
    live: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    readable: bool = False
    last: LastTick | None = None
    causes: tuple[Cause, ...] = ()
    bots: Mapping[str, str] = {}
    budgets: Mapping[str, RoleBudget] = {}
    hosts: Hosts = Hosts()


def read_store(settings: Settings, now: Millis, days: int) -> tuple[Kept, list[Finding]]:
    """Return what can be read of the store, and what is wrong with it."""
    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
    try:
        parts = open_parts(settings.store.url, settings.base_dir, defaults, settings.store.mapping)
    except CoachsyncError as error:
        return Kept(), [fault("store", error.message, error.hint)]
    with closing(parts):
        kept, findings = _ledger(parts, Kept(_written(parts)), settings, now)
        sessions, broken = _bookings(parts, now, days)
        findings += broken or _of_store(parts, kept, sessions, settings.store.mapping)
        findings += _hosts(parts, kept, now)
        if not broken:
            policy = settings.policy
            kept = kept._replace(coming=tuple(s for s in sessions if _is_coming(s, policy, now, days)))
            found = [*of_pauses(kept.causes), *of_bookings(sessions, policy, now, days)]
            findings += or_fine("bookings", found, _told(kept.coming, days))
    return kept, findings


def _told(coming: Sequence[Session], days: int) -> str:
    span = "a day" if days == 1 else f"{days} days"
    return f"{len(coming)} sessions within {span}" if len(coming) != 1 else f"1 session within {span}"


def _bookings(parts: Parts, now: Millis, days: int) -> tuple[list[Session], list[Finding]]:
    """Return the bookings that the checks go by, or why they cannot be read."""
    error: CoachsyncError | None = parts.bookings_error
    if parts.bookings is not None:
        try:
            return parts.bookings.candidates(Span(now - DAY, now + days * DAY, now - 7 * DAY)), []
        except CoachsyncError as problem:
            error = problem
    return [], [fault("store", error.message, error.hint)] if error is not None else []


# the store


def _of_store(parts: Parts, kept: Kept, sessions: Sequence[Session], mapping: TableMapping | None) -> list[Finding]:
    found = []
    try:
        _prove(parts, mapping, ledger=kept.readable)
    except CoachsyncError as error:
        apart = f"{error.hint}; or {_APART}" if parts.mapped and not parts.writes and not parts.apart else error.hint
        found.append(fault("store", error.message, apart))
    rooms = sum(entry.current("channel") is not None for entry in kept.live)
    if not sessions and rooms and parts.bookings is not None and parts.bookings.is_empty():
        found.append(failed("store", accident(rooms, rooms, store_empty=True)))
    found += of_store_files(parts.own) if parts.location.is_file else []
    if parts.slow:
        told = "no index finds sessions by their start, so every tick reads all rows"
        found.append(doubt("store", told, parts.remedy))
    told = f"{parts.name} can be read, and written as a run writes it"
    if parts.apart:
        told = f"{parts.name} can be read, and {parts.own} written as a run writes it"
    if parts.unmarked:
        told += f"; the first run adds {', '.join(parts.unmarked)}"
    return or_fine("store", found, told)


def _prove(parts: Parts, mapping: TableMapping | None, *, ledger: bool) -> None:
    """Return if a run could write what it writes. Raises StoreError."""
    if parts.apart:
        prove_ledger(parts.own)
    if parts.writes or not parts.apart:
        prove_writable(parts.location, parts.path, ledger=ledger, mapping=mapping, apart=parts.apart)


def _written(parts: Parts) -> str:
    """Return the file that every run must be able to write, "" for one that is still to be made, or if it is none."""
    if not parts.location.is_file and not parts.apart:
        return ""
    return parts.own if not parts.apart or os.path.exists(parts.own) else ""


# the ledger


def _ledger(parts: Parts, kept: Kept, settings: Settings, now: Millis) -> tuple[Kept, list[Finding]]:
    error: CoachsyncError | None = parts.ledger_error
    if error is not None and parts.bookings_error is not None and error.message == parts.bookings_error.message:
        return kept, []  # one file, one thing that is wrong with it
    if parts.ledger is not None:
        try:
            kept = _remembered(parts, parts.ledger, kept, settings, now)
        except CoachsyncError as problem:
            error = problem
    if error is not None:
        return kept, [fault("ledger", error.message, error.hint)]
    rooms = sum(entry.current("channel") is not None for entry in kept.live)
    when = f"the last run was {relative(kept.last.started_at, now)}" if kept.last is not None else "no run yet"
    return kept, [fine("ledger", f"{when}; {rooms} room{'s' if rooms != 1 else ''} open")]


def _is_shared(parts: Parts) -> bool:
    """Return whether several hosts may use the store: its ledger is no file."""
    return not parts.location.is_file and not parts.apart


def _hosts(parts: Parts, kept: Kept, now: Millis) -> list[Finding]:
    """Return what is to be said of the hosts that share a PostgreSQL; nothing if its ledger cannot be read."""
    if not _is_shared(parts) or not kept.readable or parts.ledger is None:
        return []
    from coachsync.doctor.hosts import of_hosts
    from coachsync.store.postgres.server import server_at

    try:
        return of_hosts(server_at(parts.path), kept.hosts, parts.ledger.past(), now)
    except CoachsyncError as error:
        return [fault("hosts", error.message, error.hint)]


def _store(parts: Parts, bookings: Bookings, ledger: Ledger) -> Store:
    store = Store(parts.name if parts.own == parts.path else parts.own, bookings, ledger)
    store.shared = _is_shared(parts)
    return store


def _remembered(parts: Parts, ledger: Ledger, kept: Kept, settings: Settings, now: Millis) -> Kept:
    known = [entry for entry in ledger.live_entries() if entry.live]
    live = tuple(entry for entry in known if not is_rehearsal(entry.session_id))
    guilds = {*settings.guild_ids, *(entry.guild_id for entry in live)}
    causes, last, hosts = ledger.causes(), None, Hosts()
    if parts.bookings is not None:
        store = _store(parts, parts.bookings, ledger)
        last = last_tick(store, settings, now)
        hosts = hosts_of(store, settings.schedule.max_silence, now) if store.shared else hosts
        causes = (*attention(store, settings, now), *paused_causes(store, settings, now))
    return kept._replace(
        readable=True,
        live=live,
        left=tuple(entry for entry in known if is_rehearsal(entry.session_id)),
        bots=ledger.bots(),
        last=last,
        hosts=hosts,
        causes=tuple(dict.fromkeys(causes)),
        budgets={guild: ledger.role_budget(guild, now) for guild in guilds},
    )


# bookings


def _is_coming(session: Session, policy: Policy, now: Millis, days: int) -> bool:
    wanted = session.flaw is None and session.status in policy.bookable
    return wanted and session.end > now and session.start <= now + days * DAY


def of_bookings(sessions: Iterable[Session], policy: Policy, now: Millis, days: int) -> Iterator[Finding]:
    """Yield what is wrong with bookings that are not over: rows, statuses, coaches in two places."""
    ahead = [s for s in sessions if not s.end or s.end > now]
    invalid = [s for s in ahead if s.flaw is not None and not s.cleaned_up]
    yield from _some(
        (failed("bookings", s.flaw, session=s.id) for s in invalid if s.flaw), len(invalid), "invalid rows"
    )
    yield from _of_statuses([s for s in ahead if s.flaw is None and s.start <= now + days * DAY], policy)
    twice = list(overlaps([s for s in ahead if _is_coming(s, policy, now, days)]))
    yield from _some((_twice(*overlap, now) for overlap in twice), len(twice), "overlaps")


def of_pauses(causes: Iterable[Cause]) -> Iterator[Finding]:
    """Yield what an operator paused: a failure if somebody is late by it."""
    for cause in causes:
        if cause.code == "paused":
            session = cause.sessions[0] if cause.sessions else None
            say = fault if cause.urgency == "late" else doubt
            yield say("bookings", cause.message, cause.hint, cause.guild_id or None, session)


def _some(findings: Iterable[Finding], count: int, what: str) -> Iterator[Finding]:
    yield from islice(findings, _MOST)
    if count > _MOST:
        yield doubt("bookings", f"and {count - _MOST} more {what}", "mend the first ones, then look again")


def _of_statuses(sessions: Iterable[Session], policy: Policy) -> Iterator[Finding]:
    """Yield the statuses that mean nothing, each once, however many bookings have it."""
    known = {*policy.bookable, *policy.cancelled, policy.completed}
    of_status: dict[str, list[Session]] = {}
    for session in sessions:
        if session.status not in known and not session.cleaned_up:
            of_status.setdefault(session.status, []).append(session)
    for those in of_status.values():
        told = unknown_status(those[0], policy)
        more = f" ({len(those)} bookings, the first is {those[0].id})" if len(those) > 1 else ""
        yield fault("bookings", f"{told.message}{more}", told.hint, session=those[0].id)


def overlaps(sessions: Iterable[Session]) -> Iterator[tuple[Session, Session, Person]]:
    """Yield the pairs of sessions, earlier start first, that one coach would have to be in at once, and the coach."""
    latest: dict[str, Session] = {}
    for session in sorted(sessions, key=lambda s: (s.start, s.id)):
        for coach in {p.id: p for p in session.people if p.kind == "coach" and p.id}.values():
            before = latest.get(coach.id or "")
            if before is not None and session.start < before.end:
                yield before, session, coach
            if before is None or session.end > before.end:
                latest[coach.id or ""] = session


def _twice(first: Session, second: Session, coach: Person, now: Millis) -> Finding:
    return doubt(
        "bookings",
        f"{coach.called} is booked twice at once: {first.id}, which starts "
        f"{relative(first.start, now)}, and {second.id}, {relative(second.start, now)}",
        "move or cancel one of them in the booking system",
        session=second.id,
    )
