"""One audit: under the run lock, every guild with rooms of ours is read and held against bookings and ledger.

Reads only, unless it is asked to mend: then by the steps of a run's repair, and it looks again afterwards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from coachsync.audit import guild as guilds
from coachsync.audit.found import Observed, Step
from coachsync.audit.mend import Mender
from coachsync.audit.room import Planned, cannot_be_read, findings_of
from coachsync.clock import iso
from coachsync.config import Settings, Tokens
from coachsync.discord.api import How
from coachsync.discord.errors import failure_of
from coachsync.domain.audience import Privacy
from coachsync.domain.booking import Defaults
from coachsync.domain.drift import Drift
from coachsync.domain.finding import Finding
from coachsync.domain.model import ACTION_KINDS, Action, Entry, Millis, Session
from coachsync.domain.naming import fold, possible_names
from coachsync.domain.ownership import has_bot_overwrite
from coachsync.domain.permissions import ROLE
from coachsync.domain.plan import make_plan
from coachsync.domain.planned import Plan, Scope
from coachsync.domain.remembered import ghost
from coachsync.engine.journal import Journal
from coachsync.engine.request import TickRequest, host_time
from coachsync.engine.slots import Slots
from coachsync.engine.steps import category
from coachsync.engine.steps.actions import audit_reason, only_looking
from coachsync.engine.steps.job import Job
from coachsync.engine.tick import StoreReading, read
from coachsync.guild.access import GuildAccess, Ways, guild_access
from coachsync.guild.look import look_at_guilds
from coachsync.guild.picture import Guild
from coachsync.standing.find import find_by_name, unknown
from coachsync.store.base import Store
from coachsync.store.open import open_store

if TYPE_CHECKING:
    from coachsync.domain.pauses import Hold


class AuditRequest(NamedTuple):
    """What a person asked for: `names` are sessions, or ids of channels and roles; `wait` is in seconds."""

    settings: Settings
    tokens: Tokens
    names: tuple[str, ...] = ()
    wait: float = 0.0
    now: Millis | None = None


class Audited(NamedTuple):
    """What an audit found, what mending would do (key → words), and what was mended: words and what failed."""

    findings: tuple[Finding, ...]
    steps: dict[str, str]
    mended: tuple[tuple[str, str], ...] = ()


def audit(request: AuditRequest, agreed: Collection[str] = ()) -> Audited:
    """Look at every room; mend what was agreed to, if anything (keys of an earlier look's steps), and look again.

    Raises:
        ConfigError: no token can be found for any guild.
        StoreError: the store or the ledger cannot be read, or written if something is to be mended.
        LockHeldError: a run is under way.
        SessionError: nothing goes by a name.
    """
    request.tokens.check()
    settings = request.settings
    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration)
    store = open_store(
        settings.store.url, settings.base_dir, defaults, writable=bool(agreed), mapping=settings.store.mapping
    )
    try:
        with store.run_lock(request.wait, f"audit since {iso(time.time_ns() // 1_000_000)}") as lock:
            if not lock.alone:
                from coachsync.engine.leasing import demand

                demand(request.tokens, store, lock, settings.guild_ids, request.wait)
            ways = Ways(settings, request.tokens, time.monotonic() + settings.discord.run_budget / 1000, lock)
            try:
                return asyncio.run(_audit(request, store, ways, agreed))
            finally:
                lock.note(ways.spent)
                ways.close()
    finally:
        store.close()


async def _audit(request: AuditRequest, store: Store, ways: Ways, agreed: Collection[str]) -> Audited:
    journal = Journal(store)
    try:
        look = await _Look.at(request, store, ways, journal)
        if not agreed:
            return Audited(look.findings(), {step.key: step.words for step in look.steps()})
        mended = [(step.words, await step.act()) for step in look.steps() if step.key in agreed]
        await journal.write(lambda _: None)  # whatever was written is read below
        again = await _Look.at(request, store, ways, journal)
        return Audited(again.findings(), {}, tuple(mended))
    finally:
        await journal.close()


class _Look:
    """All guilds as one look shows them, and what was found."""

    def __init__(self, request: AuditRequest, store: Store, journal: Journal) -> None:
        self.request = request
        self.store = store
        self.journal = journal
        self.reading, self.plan = _known(request, store)
        self.live = {i: e for i, e in self.reading.entries.items() if e.live}
        self.due = {a.session.id: a for a in self.plan.actions}
        self.waits = {r.session.id: r for r in self.plan.refused if r.failure.code == "paused"}
        self.accesses: dict[str, GuildAccess] = {}
        self.guilds: dict[str, Guild] = {}
        self.counts: dict[str, Mapping[str, int] | None] = {}
        self.shelves: dict[str, category.Shelf] = {}
        self.by_session: dict[str, tuple[Job, list[Observed]]] = {}
        self.orphans: dict[str, list[guilds.Orphan]] = {}
        self.others: list[Observed] = []
        self.named = _Names.of(request.names, store, self.live)

    @classmethod
    async def at(cls, request: AuditRequest, store: Store, ways: Ways, journal: Journal) -> _Look:
        """Read every guild that matters and hold it against what is known."""
        look = cls(request, store, journal)
        wanted = look._guild_ids()
        look.accesses = {i: guild_access(ways, store, i) for i in sorted(wanted)}
        look.guilds = await look_at_guilds(look.accesses, look.reading.entries.values())
        for guild_id in sorted(wanted):
            await look._guild(guild_id)
        return look

    def _guild_ids(self) -> set[str]:
        settings = self.request.settings
        found = {e.guild_id for e in self.live.values() if self.named.session(e.session_id)}
        return found | ({settings.discord.guild_id, *settings.guilds} if self.named.things else found)

    async def _guild(self, guild_id: str) -> None:
        mine = [e for e in self.live.values() if e.guild_id == guild_id and self.named.session(e.session_id)]
        guild, access = self.guilds.get(guild_id), self.accesses[guild_id]
        failure = access.failure
        if guild is not None and guild.failure is not None:
            failure = failure_of(guild.failure)
        if failure is not None or guild is None:
            if mine and failure is not None:
                self.others.append(cannot_be_read(guild_id, len(mine), failure.message, failure.hint))
            return
        self.shelves[guild_id] = category.Shelf(guild, access.categories)
        self.counts[guild_id] = await guild.role_counts() if any(e.access == "role" for e in mine) else None
        jobs = [self._job(guild, self._session(entry), entry) for entry in mine]
        found = await asyncio.gather(*(self._room(job) for job in jobs))
        self.by_session |= {job.session.id: (job, one) for job, one in zip(jobs, found, strict=True)}
        if self.named.things:
            self._beside(guild)

    async def _room(self, job: Job) -> list[Observed]:
        planned = Planned(self.due.get(job.session.id), self.waits.get(job.session.id))
        return await findings_of(job, planned, self.counts[job.guild.id])

    def _hold(self, session_id: str, guild_id: str) -> Hold | None:
        """Return the pauses that hold something back; those of its guild and of everything if it is no session's."""
        if not self.reading.facts.pauses:
            return None
        from coachsync.domain.pauses import hold_on

        return hold_on(self.reading.facts, session_id, guild_id)

    def _kept(self, guild_id: str, session_id: str = "") -> str:
        """Return why nothing is removed either, and how that ends; "" if no pause says so."""
        hold = self._hold(session_id, guild_id)
        if hold is None or not hold.removals:
            return ""
        failure = hold.failure()
        return f"{failure.message}; {failure.hint}, then `coachsync audit --fix` removes it"

    def _session(self, entry: Entry) -> Session:
        booked = {s.id: s for s in self.reading.sessions}
        return booked.get(entry.session_id) or ghost(entry)

    def _job(self, guild: Guild, session: Session, entry: Entry, action: Action | None = None) -> Job:
        facts = self.reading.facts
        action = action or only_looking(session, entry)
        return Job(
            action,
            entry,
            guild,
            Slots(),
            self.shelves[guild.id],
            self.journal,
            now=facts.now,
            policy=facts.policy,
            # who mends by hand has seen who is sent away, whatever a run may do by itself
            privacy=Privacy(True, self.accesses[guild.id].privacy.also),
            templates=facts.templates,
            timeout=self.accesses[guild.id].timeout,
            interval=facts.interval,
            how=How((1,), audit_reason(action)),
            hold=self._hold(session.id, guild.id),
        )

    def _beside(self, guild: Guild) -> None:
        """Look at what stands beside the rooms of sessions."""
        templates = self.reading.facts.templates
        owned = self._owned(guild)
        orphans = guilds.orphans_of(guild, self.store.ledger.unowned(guild.id), owned, templates)
        named = [o for o in orphans if self.named.thing(o.id) or (o.by is not None and self.named.thing(o.by))]
        self.orphans[guild.id] = named
        self.others += guilds.of_orphans(guild, named, partial(self._kept, guild.id))
        if not self.request.names:
            ours = owned | {o.id for o in orphans}
            self.others += guilds.lookalikes(guild, ours, templates)
            held = [e for e in self.live.values() if e.guild_id == guild.id and e.access == "role"]
            self.others += guilds.told_by_roles(guild, len(held))
            self.others += guilds.of_empty_categories(
                guild, category.empty_ones(self.shelves[guild.id]), self._kept(guild.id)
            )

    def _owned(self, guild: Guild) -> set[str]:
        """Return what the sessions of a guild have, and what a run may take over for them by its name."""
        owned = {r.snowflake for e in self.live.values() for r in e.resources if r.is_there and r.snowflake}
        names = {fold(e.channel_name) for e in self.live.values()}
        for session in self.reading.sessions:
            if session.id not in self.live and not session.cleaned_up:
                owned |= {i for i in (session.channel_id, session.role_id) if i}
                names |= {fold(n.channel) for n in possible_names(session, self.reading.facts.templates)}
        for channel in guild.channels.values():
            if fold(channel.name) in names and has_bot_overwrite(channel, guild.bot_id):
                owned.add(channel.id)
        staff = set(guild.staff_role_ids)
        for channel_id in [i for i in owned if i in guild.channels]:
            owned |= {i for kind, i in guild.channels[channel_id].overwrites if kind == ROLE and i not in staff}
        return owned

    # what came of it

    def findings(self) -> tuple[Finding, ...]:
        """Return all that was found: by session in the order of their starts, then what stands beside them."""
        ordered = sorted(self.by_session.values(), key=lambda pair: (pair[0].session.start, pair[0].session.id))
        found = [one for _, sessions in ordered for one in sessions] + self.others
        return tuple(one.finding for one in found)

    def steps(self) -> list[Step]:
        """Return what mending would do: rooms first, then orphans, then empty categories."""
        mender = Mender(self.journal)
        steps: list[Step] = []
        for job, found in self.by_session.values():
            drifts = job.hold.mendable(_drifts(found)) if job.hold is not None else _drifts(found)
            due = self.due.get(job.session.id)
            if due is not None and due.kind in ("cleanup", "revoke"):
                opened = any(one.finding.kind == "stranger" for one in found)
                steps += [mender.removal(self._job(job.guild, job.session, job.entry, due))] if opened else []
            elif drifts:
                steps.append(mender.repair(job, drifts))
        for guild_id, orphans in self.orphans.items():
            for orphan in [o for o in orphans if not self._kept(guild_id, o.session or "")]:
                if orphan.remembered or self.named.said(orphan.id) or self.named.said(orphan.by or ""):
                    steps.append(mender.orphan(orphan, self._job_of(self.guilds[guild_id], orphan)))
        for guild_id, shelf in self.shelves.items() if not self.request.names else ():
            if category.empty_ones(shelf) and not self._kept(guild_id):
                steps.append(mender.categories(guild_id, shelf))
        return steps

    def _job_of(self, guild: Guild, orphan: guilds.Orphan) -> Job:
        """Return a job for something that no session has; a former session's entry is written, a stand-in is not."""
        known = self.store.ledger.entries([orphan.session]) if orphan.session is not None else {}
        entry = known.get(orphan.session or "") or _nobody(guild, orphan)
        return self._job(guild, ghost(entry), entry)


def _nobody(guild: Guild, orphan: guilds.Orphan) -> Entry:
    name = orphan.resource.name
    return Entry("", guild.id, "role", name, name, name, 0, 0, 0, state="closed", resources=[orphan.resource])


def _drifts(found: Iterable[Observed]) -> tuple[Drift, ...]:
    return tuple(dict.fromkeys(one.drift for one in found if one.drift is not None))


def _known(request: AuditRequest, store: Store) -> tuple[StoreReading, Plan]:
    """Return what store and ledger say, and what the next run does by that alone."""
    asked = TickRequest(request.settings, "run", request.tokens, now=request.now)
    reading = read(asked, store, host_time(asked))
    scope = Scope(frozenset(ACTION_KINDS))
    return reading, make_plan(reading.sessions, reading.entries, reading.facts, scope)


class _Names(NamedTuple):
    """Which sessions, and which roles and channels, were named; without any, all are meant."""

    all: bool
    sessions: frozenset[str]
    ids: frozenset[str]

    @classmethod
    def of(cls, names: tuple[str, ...], store: Store, live: Mapping[str, Entry]) -> _Names:
        """Read names: a session's id or short name, or the id of a channel or role. Raises SessionError."""
        sessions, ids = set(), set()
        owners = {r.snowflake: i for i, e in live.items() for r in e.resources if r.snowflake}
        for name in names:
            found = find_by_name(store, name)
            if found:
                sessions |= {session.id for session in found}
            elif name in owners:
                sessions.add(owners[name])
            elif name.isdecimal() and 15 <= len(name) <= 20:
                ids.add(name)
            else:
                raise unknown(store, name)
        return cls(not names, frozenset(sessions), frozenset(ids))

    @property
    def things(self) -> bool:
        """Return whether what stands beside the sessions' rooms is meant too."""
        return self.all or bool(self.ids)

    def session(self, session_id: str) -> bool:
        """Return whether a session is meant."""
        return self.all or session_id in self.sessions

    def thing(self, snowflake: str) -> bool:
        """Return whether a role or channel is meant."""
        return self.all or snowflake in self.ids

    def said(self, snowflake: str) -> bool:
        """Return whether a role or channel was named by its id."""
        return snowflake in self.ids
