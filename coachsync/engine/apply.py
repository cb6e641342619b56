"""Carrying out a plan: guilds looked at once, then every action side by side, each failing alone.

All decisions that depend on Discord's answers are made in one thread, by one event loop; HTTP exchanges and
commits run in threads of their own (`coachsync.discord`, `coachsync.engine.journal`).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from coachsync.discord.api import Discord, How
from coachsync.discord.client import metered
from coachsync.discord.errors import failure_of
from coachsync.discord.objects import Me
from coachsync.discord.pace.dispatch import Priority
from coachsync.domain.budget import GuildSight, RoleWord
from coachsync.domain.case import Facts
from coachsync.domain.failure import Failure
from coachsync.domain.limits import MOST_ROLE_CREATIONS
from coachsync.domain.model import (
    MINUTE,
    Access,
    Action,
    Entry,
    Event,
    Millis,
    Names,
    Outcome,
    OutcomeKind,
    Session,
    Warn,
)
from coachsync.domain.naming import possible_names
from coachsync.domain.ownership import LATE
from coachsync.domain.planned import RANK, Plan, Refused
from coachsync.domain.remembered import ghost
from coachsync.engine.journal import Journal
from coachsync.engine.marks import revoked_marks
from coachsync.engine.outcomes import refusal, untried
from coachsync.engine.progress import ProgressTeller
from coachsync.engine.refused import Counts
from coachsync.engine.restraint import Change, Restraint, is_unmade
from coachsync.engine.search import Search, Sources
from coachsync.engine.slots import Slots
from coachsync.engine.steps import category, counting, observe
from coachsync.engine.steps.actions import (
    Ended,
    attempt,
    audit_reason,
    new_entry,
    only_looking,
    outcome_of,
    put_off,
    with_way_out,
)
from coachsync.engine.steps.job import Job
from coachsync.engine.steps.leftover import LeftJob, clear, removal_of
from coachsync.errors import FencedError, StoreError
from coachsync.guild.access import GuildAccess
from coachsync.guild.look import look_at_guilds
from coachsync.guild.picture import Guild
from coachsync.store.base import Transaction

if TYPE_CHECKING:
    from coachsync.domain.pauses import Hold

SKEW: Millis = 5 * MINUTE
_AT_A_TIME = 8  # guilds that may refuse, three requests each: others have the half of Discord's limit at least
_PACE_S = 1.0
_FIRST, _LAST = How(), How((9,))  # looks go before all that is done, or after it
_OUT_OF_REACH = frozenset({"unknown_guild", "missing_access", "unauthorized"})


_UNDER_WAY = Failure(
    "interrupted",
    "another host asked Discord for its role or room moments ago, and the answer is not known yet",
    "nothing is to be done: the next run looks for what was made and goes on from there",
)


class Applied(NamedTuple):
    """What came of a plan.

    `failures` says of the guilds that could not be looked at why. `looked` are the sessions that were looked at or
    worked on, `sound` the standing conditions (code, guild) that were seen not to be there. `notes` are worth
    knowing, and no run is warned of them. `clock_off`: whether this host's clock is; None if that was not asked.
    `sights` is what was seen in each guild, `role_words` what Discord said of
    its limit on roles there.
    """

    outcomes: tuple[Outcome, ...]
    warnings: tuple[Warn, ...]
    failures: dict[str, Failure]
    looked: frozenset[str]
    sound: frozenset[tuple[str, str]]
    notes: tuple[Warn, ...] = ()
    sights: Mapping[str, GuildSight] = {}
    role_words: Mapping[str, RoleWord] = {}
    clock_off: bool | None = None


class Apply:
    """One plan on its way to Discord.

    `unwritable`: why nothing can be recorded; then access is only taken away. `alone`: no other run is under way, so
    that a create without an answer is dead; else one that is young may be another host's.
    """

    def __init__(
        self,
        plan: Plan,
        facts: Facts,
        entries: Mapping[str, Entry],
        accesses: Mapping[str, GuildAccess],
        journal: Journal,
        sources: Sources,
        restraint: Restraint,
        counts: Counts,
        troubled: Collection[str],
        *,
        check_clock: bool,
        progress: Callable[[str], None] | None,
        unwritable: Failure | None = None,
        alone: bool = True,
    ) -> None:
        self.plan = plan
        self.facts = facts
        self.entries = entries
        self.accesses = accesses
        self.journal = journal
        self.restraint = restraint
        self.counts = counts
        self.troubled = troubled
        self.unasked = {i: f for i, f in restraint.unmade.items() if restraint.only_waits(i)}
        self.bots: dict[Discord, asyncio.Future[Me]] = {}
        self.search = Search(plan, facts, entries, sources, journal)
        self.check_clock = check_clock
        self.unwritable = unwritable
        self.alone = alone
        self.open_before = frozenset() if alone else frozenset(_open_attempts(entries.values()))
        self.teller = ProgressTeller(progress, [p.discord for p in accesses.values() if p.discord is not None])
        self.guilds: dict[str, Guild] = {}
        self.slots: dict[str, Slots] = {}
        self.shelves: dict[str, category.Shelf] = {}
        self.outcomes: list[Outcome] = []
        self.jobs: list[Job] = []
        self.looked: set[str] = set()
        self.skewed: Failure | None = None

    async def carry_out(self) -> Applied:
        """Look, act, look again."""
        with self.teller:
            await self._carry_out()
            for guild in self.guilds.values():
                await self.search.conclude(guild)
        looked = frozenset(self.looked)
        seen = [guild for guild in self.guilds.values() if guild.failure is None]
        notes = tuple(note for guild in seen for note in guild.notes())
        sights = {guild.id: self._sight(guild) for guild in seen}
        words = {guild.id: word for guild in seen if (word := guild.discord.role_word(guild.id)) is not None}
        return Applied(
            tuple(self.outcomes),
            self._warnings(),
            self.failures(),
            looked,
            self._sound(),
            notes,
            sights,
            words,
            self.skewed is not None if self.check_clock else None,
        )

    def _sight(self, guild: Guild) -> GuildSight:
        """Return what is in a guild after the run and is no session's."""
        entries = (*self.entries.values(), *(job.entry for job in self.jobs))
        ours = {r.snowflake for entry in entries for r in entry.resources if r.is_there and r.snowflake}
        return GuildSight(
            guild.now(),
            len(guild.roles.keys() - ours),
            len(guild.channels.keys() - ours),
            category.filled(self.shelves[guild.id], ours),
        )

    async def _carry_out(self) -> None:
        doubtful = [i for i in self._by_urgency() if self._is_doubtful(i)]
        first = self.plan.guilds - set(doubtful)
        await self._look(first)
        working = asyncio.ensure_future(self._work_on(first))
        for bug in await asyncio.gather(working, self._work_on_doubtful(doubtful, working), return_exceptions=True):
            if isinstance(bug, BaseException):
                raise bug
        await self._clear_left()

    def _by_urgency(self) -> list[str]:
        """Return the guilds, that of the earliest session first."""
        soonest: dict[str, Millis] = {}
        for action in self.plan.actions:
            soonest[action.guild_id] = min(action.session.start, soonest.get(action.guild_id, action.session.start))
        return sorted(self.plan.guilds, key=lambda i: (i not in soonest, soonest.get(i, 0), i))

    def _is_doubtful(self, guild_id: str) -> bool:
        """Return whether a guild may well refuse, or keep the bot from its work, as it did when it was last asked."""
        asked = guild_id not in self.unasked and self.accesses[guild_id].failure is None
        return asked and (guild_id in self.troubled or self.restraint.refused_before(guild_id))

    async def _work_on_doubtful(self, guild_ids: Sequence[str], others: asyncio.Future[None]) -> None:
        """Work on these guilds, a few at a time and slowly while others are worked on: those are not to be held up."""
        tasks = []
        for several in (guild_ids[n : n + _AT_A_TIME] for n in range(0, len(guild_ids), _AT_A_TIME)):
            await self._look(several, _LAST)
            tasks.append(asyncio.ensure_future(self._work_on(several)))
            await asyncio.wait([others], timeout=_PACE_S)
        await asyncio.gather(*tasks)

    async def _work_on(self, guild_ids: Collection[str]) -> None:
        """Observe and act in guilds that were looked at."""
        actions = [self.search.named(a) for a in self.plan.actions if a.guild_id in guild_ids]
        actions += [a for a in self.search.actions if a.guild_id in guild_ids]
        for found in await self._observe(guild_ids):
            if isinstance(found, Refused):
                self.outcomes.append(refusal(found, self._access(found.session.guild_id)))
            else:
                actions.append(found)
        await self._act(actions)
        if self.unwritable is None:
            await self._look_again(guild_ids)

    # looking

    async def _look(self, guild_ids: Collection[str], how: How = _FIRST) -> None:
        accesses = {i: self.accesses[i] for i in guild_ids if i not in self.unasked}
        guilds = await look_at_guilds(accesses, self.entries.values(), how, self.bots)
        self.guilds |= guilds
        for guild_id, guild in guilds.items():
            self.slots[guild_id] = Slots()
            guild.discord.client.when_stopped(self.slots[guild_id].close)
            self.shelves[guild_id] = category.Shelf(guild, self.accesses[guild_id].categories, shared=not self.alone)
            self._know_limits(guild, self.accesses[guild_id])
            guild.asking.sure = not self._is_doubtful(guild_id)
            if guild.failure is None:
                self.search.settle(guild)
        for session, entry in self.plan.looks:
            room, place = entry.current("channel"), guilds.get(entry.guild_id)
            if room is not None and place is not None and place.failure is None:
                place.warn_if_outside(session.id, room.snowflake)
        if self.check_clock and self.skewed is None:
            self.skewed = self._skew()
        await self._remember(*(self.restraint.after_look(guild) for guild in guilds.values()))

    async def _remember(self, *learned: Change | None) -> None:
        """Write at once what was learned of who refuses, and how often we were refused."""
        changes = [change for change in learned if change is not None]
        if self.counts.fresh:
            changes.append(self.counts.save)
        if not changes:
            return

        def write(transaction: Transaction) -> None:
            for change in changes:
                change(transaction.ledger)

        with suppress(StoreError):  # then the next run learns it anew
            await self.journal.write(write)

    def _know_limits(self, guild: Guild, access: GuildAccess) -> None:
        now = guild.now()
        made = access.roles_made(now)
        guild.roles_exhausted = access.roles_exhausted_until > now or made >= MOST_ROLE_CREATIONS
        guild.roles_made = made if access.access == "role" else 0

    def _skew(self) -> Failure | None:
        for guild in self.guilds.values():
            skew = guild.discord.skew()
            if skew is not None and abs(skew) > SKEW:
                return Failure(
                    "clock_skew",
                    f"this host's clock is {abs(skew) // MINUTE} min {'behind' if skew > 0 else 'ahead of'} Discord's: "
                    "nothing is removed",
                    "set the clock (timedatectl set-ntp true); the next run goes on",
                )
        return None

    async def _observe(self, guild_ids: Collection[str]) -> list[Action | Refused]:
        """Take over what the ledger does not know, then find the drift of all that is open and has no action."""
        own = [(s, possible_names(s, self.facts.templates)[0]) for s in self.plan.adopts]
        own = [(s, self.search.named_as(s) or names) for s, names in own] + self.search.adopts
        named = [(s, names) for s, names in own if s.guild_id in guild_ids]
        adopted = self._jobs(self._adoption(s, names) for s, names in named)
        taken = await asyncio.gather(*(self._looking(job, observe.take_over) for job in adopted))
        looks = [(s, e) for s, e in self.plan.looks if e.guild_id in guild_ids]
        open_now = [only_looking(s, e) for s, e in looks]
        unsettled = self._jobs(only_looking(ghost(e), e) for e in self.plan.unsettled if e.guild_id in guild_ids)
        there = [*self._jobs(open_now), *unsettled]
        self.looked.update(job.session.id for job in there)
        found = await asyncio.gather(*(self._looking(job, observe.look_at) for job in there))
        self.jobs += [j for j, f in zip(there, found, strict=True) if f is None and j.entry.live and not j.fenced]
        for job in unsettled:
            if not job.entry.spares():
                await self._looking(job, counting.write_off)
        return [*(f for f in [*taken, *found] if f is not None), *self._hindered(looks, there, found)]

    async def _looking(
        self, job: Job, look: Callable[[Job], Awaitable[Action | Refused | None]]
    ) -> Action | Refused | None:
        """Return what a look brought; None if another run works on the session, to whom it is left."""
        try:
            return await look(job)
        except FencedError:
            self.looked.discard(job.session.id)
            job.fenced = True
            return None
        except StoreError as error:  # what was done elsewhere is still reported
            failure = Failure("store_error", error.message, error.hint)
            return Refused(job.session, "repair", "failed", failure, entry=job.entry)

    def _hindered(
        self, looks: Sequence[tuple[Session, Entry]], looked: list[Job], found: list[Action | Refused | None]
    ) -> list[Refused]:
        """Return the open rooms that the bot has lost, or could not mend, although nothing is due: said at once."""
        blind = self.failures()
        lost = [(s, e, blind[e.guild_id]) for s, e in looks if e.guild_id in blind and e.state == "open"]
        amiss = [(s, e, f) for s, e, f in lost if f.code in ("unknown_guild", "unauthorized")]
        for job, what in zip(looked, found, strict=True):
            hindrance = job.guild.hindrance
            if hindrance is not None and what is None and job.entry.state == "open":
                amiss.append((job.session, job.entry, hindrance))
        return [Refused(session, "repair", "failed", failure, entry=entry) for session, entry, failure in amiss]

    def _jobs(self, actions: Iterable[Action]) -> list[Job]:
        """Return the jobs of those actions whose guild could be looked at, and that no other host is at."""
        jobs = (job for action in actions if (job := self._job(action)) is not None)
        return [job for job in jobs if not self._under_way(job)]

    def _under_way(self, job: Job) -> bool:
        """Return whether another host's create for a session was perhaps on its way when the guild was listed."""
        open_ = [r for r in job.entry.open_attempts() if id(r) in self.open_before]
        return any(r.attempt_at > job.guild.listed_at.get(r.kind, 0) - job.timeout - LATE for r in open_)

    def _adoption(self, session: Session, names: Names) -> Action:
        former = self.search.entry_of(session.id)
        entry = new_entry(session, names, self._access(session.guild_id), former)
        return only_looking(session, entry)

    # acting

    async def _act(self, found: list[Action]) -> None:
        actions = [action for action in found if self.plan.allows(action)]
        self.teller.total += len(actions)
        tasks = []
        for priority, action in in_order(actions):
            task = asyncio.ensure_future(self._perform(action, priority))
            slots = self.slots.get(action.guild_id)
            if slots is not None and action.kind in ("cleanup", "revoke"):
                slots.cleanups.add(task)
            elif slots is not None and action.kind == "setup":
                slots.want(priority)
            task.add_done_callback(self.teller.one_done)
            tasks.append(task)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        self.outcomes += [o for o in ended if isinstance(o, Outcome)]
        for bug in ended:
            if isinstance(bug, BaseException):
                raise bug

    async def _perform(self, action: Action, priority: Priority) -> Outcome:
        hold = self._hold(action)
        if hold is not None and not hold.lets(action):
            return self._put_off(action, priority, hold)
        failure = self._obstacle(action)
        if failure is not None:
            guild = self.guilds.get(action.guild_id)
            kind: OutcomeKind = "deferred" if guild is not None and put_off(guild.failure) else "failed"
            outcome = untried(action, kind, failure, self._access(action.guild_id))
            await self._leave_behind(action, failure)
            return outcome
        job = self._job(action._replace(entry=self._entry(action)), priority)
        assert job is not None
        if self._under_way(job):
            job.slots.served(priority)
            return untried(action, "deferred", _UNDER_WAY, job.entry.access)
        self.jobs.append(job)
        self.looked.add(job.session.id)
        started = time.monotonic()
        with metered() as meter:
            try:
                ended = await attempt(job)
            finally:
                job.slots.served(priority)
        await self._remember(self.restraint.after_asking(job.guild))
        return outcome_of(job, ended, meter.requests, int((time.monotonic() - started) * 1000))

    def _hold(self, action: Action) -> Hold | None:
        """Return what an operator's pause holds back of an action, as of now: a pause may be said while a run goes on.

        What was planned is held back already; this is also for what was only found by looking.
        """
        pauses = self.journal.pauses
        if not pauses or action.session.id in self.plan.insisted:
            return None
        from coachsync.domain.pauses import hold_on

        return hold_on(self.facts._replace(pauses=pauses), action.session.id, action.guild_id)

    def _put_off(self, action: Action, priority: Priority, hold: Hold) -> Outcome:
        if action.guild_id in self.slots:
            self.slots[action.guild_id].served(priority)
        told = hold.told(action.session, action.kind)
        return untried(action, told.outcome, told.failure, self._access(action.guild_id))

    def _paused_by_now(self, action: Action) -> Refused | None:
        hold = self._hold(action)
        return hold.told(action.session, action.kind) if hold is not None else None

    def _obstacle(self, action: Action) -> Failure | None:
        """Return why an action cannot even begin."""
        access = self.accesses[action.guild_id]
        if access.failure is not None:
            return with_way_out(access.failure, action)
        if action.guild_id in self.unasked:
            return self.unasked[action.guild_id]
        guild = self.guilds[action.guild_id]
        if guild.failure is not None:
            return with_way_out(failure_of(guild.failure), action)
        hindrance = guild.hindrance
        if guild.asking.refused is not None and is_unmade(action):
            return hindrance or guild.asking.refused
        if hindrance is not None and (action.kind == "setup" or hindrance.code == "bot_timed_out"):
            return hindrance  # of the others, what is possible is done
        return self.skewed if action.kind in ("cleanup", "revoke") else None

    async def _leave_behind(self, action: Action, failure: Failure) -> None:
        """Free a session that moved away from a guild that is out of reach: the next run sets it up where it is now."""
        entry, session = action.entry, action.session
        moved = entry is not None and entry.live and session.guild_id != entry.guild_id
        if entry is None or not moved or action.kind != "revoke" or failure.code not in _OUT_OF_REACH:
            return
        entry.leave_behind(session.start, self.facts.now)

        def change(transaction: Transaction) -> None:
            transaction.mark(revoked_marks(session))
            transaction.ledger.save(entry)
            transaction.ledger.event(
                Event(self.facts.now, session.id, "left behind", "done", f"guild {entry.guild_id}")
            )

        with suppress(StoreError):  # then the next run does it
            await self.journal.write(change)

    async def _clear_left(self) -> None:
        """Remove what sessions left behind in guilds that can be looked at again; say of the others that it is there.

        Their lives elsewhere are worked on in the same entries, so this begins when that is through.
        """
        latest = {j.session.id: j.entry for j in self.jobs}
        for known in self.plan.left:
            entry = latest.get(known.session_id, known)
            for guild_id in sorted({r.guild_id for r in entry.left_behind()}):
                outcome = await self._clear(entry, removal_of(entry, guild_id))
                self.outcomes += [outcome] if outcome is not None else []

    async def _clear(self, entry: Entry, action: Action) -> Outcome | None:
        hold = self._hold(action)
        if hold is not None and hold.removals:
            return None
        failure = self._obstacle(action)
        if failure is not None:
            return untried(action, "failed", failure, entry.access)
        job = self._job(action, (RANK["cleanup"],), LeftJob)
        assert isinstance(job, LeftJob)
        job.whole = entry
        started = time.monotonic()
        with metered() as meter:
            try:
                failure = await clear(job)
            except FencedError:
                return None
            except StoreError as error:
                failure = Failure("store_error", error.message, error.hint)
        if failure is None and any(r.guild_id == action.guild_id for r in entry.left_behind()):
            return None  # a create whose answer was lost may still come to light: a later run looks again
        kind: OutcomeKind = "done" if failure is None else "failed"
        ended = Ended(kind, failure, () if failure is None else (failure,))
        return outcome_of(job, ended, meter.requests, int((time.monotonic() - started) * 1000))

    def _entry(self, action: Action) -> Entry:
        """Return the entry the action works on: the ledger's, begun anew if this is a new life."""
        entry, session = action.entry, action.session
        if entry is not None and (entry.live or action.kind == "repair"):
            return entry
        names = action.names or possible_names(session, self.facts.templates)[0]
        fresh = new_entry(session, names, self._access(action.guild_id), entry)
        fresh.guild_id = action.guild_id
        return fresh

    def _access(self, guild_id: str) -> Access:
        return self.accesses[guild_id].access

    def _job(self, action: Action, priority: Priority = (RANK["repair"],), make: type[Job] = Job) -> Job | None:
        guild = self.guilds.get(action.guild_id)
        if guild is None or guild.failure is not None or action.entry is None:
            return None
        return make(
            action,
            action.entry,
            guild,
            self.slots[guild.id],
            self.shelves[guild.id],
            self.journal,
            now=self.facts.now,
            policy=self.facts.policy,
            privacy=self.accesses[guild.id].privacy,
            interval=self.facts.interval,
            templates=self.facts.templates,
            timeout=self.accesses[guild.id].timeout,
            how=How(priority, audit_reason(action)),
            unwritable=self.unwritable,
            hold=self._hold(action),
            paused_by_now=partial(self._paused_by_now, action),
            lost_since=self.facts.lost_since,
            others_may_send=not self.alone,
        )

    # looking again

    async def _look_again(self, guild_ids: Collection[str]) -> None:
        """Count who holds the session roles."""
        guilds = [g for i in guild_ids if (g := self.guilds.get(i)) is not None and g.failure is None]
        await asyncio.gather(*map(self._look_again_at, guilds))

    async def _look_again_at(self, guild: Guild) -> None:
        jobs = [j for j in self.jobs if j.guild is guild and not j.fenced]
        for late in await counting.count(guild, jobs):
            if isinstance(late, Refused):
                self.outcomes.append(refusal(late, self._access(late.session.guild_id)))
            else:
                self.outcomes.append(await self._perform(late, (RANK[late.kind],)))

    def _warnings(self) -> tuple[Warn, ...]:
        failed = {i: f for i, f in self.failures().items() if i in self.plan.needed}
        blind = [Warn(f.code, None, f"guild {i} cannot be looked at: {f.message}", i) for i, f in failed.items()]
        unseen = self.search.unseen(self.accesses.keys() - self.guilds.keys())
        return (*blind, *unseen, *(w for g in self.guilds.values() for w in g.warnings))

    def _sound(self) -> frozenset[tuple[str, str]]:
        found = {(code, g.id) for g in self.guilds.values() if g.failure is None for code in g.sound()}
        return frozenset(found)

    def failures(self) -> dict[str, Failure]:
        """Return the guilds that could not be looked at, and why."""
        found = {i: p.failure for i, p in self.accesses.items() if p.failure is not None}
        found |= {i: failure_of(g.failure) for i, g in self.guilds.items() if g.failure is not None}
        return found


def _open_attempts(entries: Iterable[Entry]) -> Iterator[int]:
    """Yield which creates were without an answer when the ledger was read."""
    return (id(r) for entry in entries for r in entry.resources if r.state == "attempted")


def in_order(actions: Iterable[Action]) -> list[tuple[Priority, Action]]:
    """Return the actions with the priority of their requests, which no two share; the least goes first."""
    turns: Counter[tuple[str, str, Millis]] = Counter()
    ordered: list[tuple[Priority, Action]] = []
    for action in sorted(actions, key=lambda a: (RANK[a.kind], a.session.start, a.session.id)):
        turn = (action.kind, action.guild_id, action.session.start)
        ordered.append(((RANK[action.kind], action.session.start, turns[turn], len(ordered)), action))
        turns[turn] += 1
    return sorted(ordered, key=lambda pair: pair[0])
