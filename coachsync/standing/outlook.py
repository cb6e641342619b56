"""What is ahead of each guild: its rooms, what runs saw of it, and how runs come. Read from a store and its ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from coachsync.domain.case import Case, Facts
from coachsync.domain.course import Ground, Rhythm, Stay
from coachsync.domain.limits import REQUESTS_PER_SECOND
from coachsync.domain.model import DAY, MINUTE, Entry, Millis, Session
from coachsync.domain.remembered import ghost
from coachsync.domain.windows import cleanup_at, is_bookable, window_opens
from coachsync.standing.row import Known, StatusRow, row_of
from coachsync.standing.rows import rows_between

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.windows import Policy
    from coachsync.store.base import Store

_OFTEN, _USUAL, _SELDOM = 5 * MINUTE, 15 * MINUTE, 60 * MINUTE
_RUN = "run"


def grounds_of(store: Store, settings: Settings, now: Millis, until: Millis) -> list[Ground]:
    """Return every guild that the configuration, a booking or an open room names, the default one first."""
    policy = settings.policy
    # A wider window would bring in those that start a while after the last day, too.
    rows = rows_between(store, policy, now, (now, until + 2 * policy.setup_opens + DAY))
    stays: dict[str, list[Stay]] = {settings.discord.guild_id: []}
    stays |= {guild_id: [] for guild_id in sorted(settings.guild_ids)}
    for row in rows:
        for guild_id, stay in stays_of(row, policy, now):
            stays.setdefault(guild_id, []).append(stay)
    shown = {row.session.id for row in rows}
    for entry in store.ledger.live_entries():
        if entry.live and entry.session_id not in shown:  # long overdue, or moved far away: the next run removes it
            stays.setdefault(entry.guild_id, []).append(_overdue(entry, now))
    return [ground_of(store, settings, guild_id, found, now) for guild_id, found in stays.items()]


def ground_of(store: Store, settings: Settings, guild_id: str, stays: Iterable[Stay], now: Millis) -> Ground:
    """Return one guild with what the ledger knows of it."""
    own = settings.guild(guild_id)
    unnamed = guild_id not in settings.guilds and guild_id == settings.discord.guild_id
    return Ground(
        guild_id=guild_id,
        section="[discord]" if unnamed else f"[guilds.{guild_id}]",
        access=own.access,
        categorised=own.category_id is not None,
        bot=f"{own.api_base} {own.token_file if own.own_token else ''}",
        stays=tuple(stays),
        sight=store.ledger.sight(guild_id),
        budget=store.ledger.role_budget(guild_id, now),
    )


def stays_ahead(
    sessions: Iterable[Session], entries: Iterable[Entry], policy: Policy, now: Millis
) -> Iterator[tuple[str, Stay]]:
    """Yield what these sessions have, and will have, by what is open for them, with the guild it is in."""
    live = {entry.session_id: entry for entry in entries}
    known = {session.id: session for session in sessions}
    known |= {i: ghost(entry) for i, entry in live.items() if i not in known}
    facts = Facts(now, policy)
    for session_id, session in known.items():
        row = row_of(Case.of(session, live.get(session_id), facts), Known())
        yield from stays_of(row, policy, now)


def stays_of(row: StatusRow, policy: Policy, now: Millis) -> Iterator[tuple[str, Stay]]:
    """Yield what a session has, and will have, with the guild it is in; a booking that moved has both."""
    session, entry = row.session, row.entry
    if entry is not None and entry.live:
        yield entry.guild_id, _held(row, entry, policy, now)
        if row.next_action != "revoke" or not is_bookable(session, policy) or session.end <= now:
            return
    elif row.next_action != "setup":
        return
    opens = window_opens(session, policy)
    after = row.next_at if row.next_action == "setup" and row.next_at is not None and row.next_at > opens else 0
    yield (
        session.guild_id,
        Stay(session.id, session.start, session.end, len(session.ids), after, observers=len(session.observers)),
    )


def _held(row: StatusRow, entry: Entry, policy: Policy, now: Millis) -> Stay:
    """Return what is there of a session, and when it goes."""
    session, action, at = row.session, row.next_action, row.next_at
    start, end = (session.start, session.end) if session.end else (entry.start, entry.end)
    leaves = action in ("cleanup", "revoke") and at is not None and at != cleanup_at(end, policy)
    return Stay(
        session_id=session.id,
        start=start,
        end=end,
        people=len(session.ids),
        observers=len(session.observers),
        after=at if action == "setup" and at is not None and at > now else 0,
        closes=max(now, at or now) if leaves else None,
        access=entry.access,
        role=entry.current("role") is not None,
        room=entry.current("channel") is not None,
    )


def _overdue(entry: Entry, now: Millis) -> Stay:
    role, room = entry.current("role") is not None, entry.current("channel") is not None
    return Stay(
        entry.session_id, entry.start, entry.end, len(entry.people), 0, now, access=entry.access, role=role, room=room
    )


def rhythm_of(store: Store, settings: Settings, now: Millis) -> Rhythm:
    """Return how runs come: as far apart as the last two, the next one after the last; without any, now."""
    started = [run.started_at for run in store.ledger.last_runs(2, _RUN) if run.started_at <= now]
    apart = started[0] - started[1] if len(started) == 2 else _USUAL
    interval = min(max(apart, _OFTEN), _SELDOM)
    first = now if not started else started[0] - (started[0] - now) // interval * interval
    if started and first <= started[0]:
        first += interval
    own = settings.discord
    return Rhythm(now, first, interval, own.run_budget, min(own.max_requests_per_second, REQUESTS_PER_SECOND))
