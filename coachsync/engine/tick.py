"""One tick: candidates → plan → (dry run ends here) → Discord → report.

The idle path stays small: what only a working tick needs (the event loop, requests) is imported when there is work.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple

from coachsync.clock import host_now, iso
from coachsync.config import Settings
from coachsync.domain.booking import Defaults
from coachsync.domain.case import Facts
from coachsync.domain.failure import Failure
from coachsync.domain.marks import Marks
from coachsync.domain.model import (
    DAY,
    MINUTE,
    Entry,
    Millis,
    Outcome,
    Report,
    Resource,
    Session,
    Span,
    Warn,
)
from coachsync.domain.plan import make_plan
from coachsync.domain.planned import Plan, Scope
from coachsync.domain.remembered import follow
from coachsync.domain.windows import LEFT_ALONE
from coachsync.domain.words import nothing_to_do, status_refused
from coachsync.engine.marks import living_marks
from coachsync.engine.outcomes import failure_event, key_of, refusals, shown, unknown_session, untried
from coachsync.engine.request import KINDS, Pulled, TickRequest, host_time
from coachsync.errors import (
    INTERRUPTED,
    OK,
    SOME_FAILED,
    TERMINATED,
    UNUSABLE,
    RowRefusedError,
    StoreError,
)
from coachsync.standing.find import find_each
from coachsync.standing.past import brought_over
from coachsync.store.base import Store, Transaction
from coachsync.store.ledger.history import Past
from coachsync.store.open import open_store

if TYPE_CHECKING:
    from coachsync.domain.looking import Calm
    from coachsync.domain.user_names import Lookup, NamesToLookUp
    from coachsync.engine.causes import Seen
    from coachsync.engine.loop import Done
    from coachsync.engine.restraint import Restraint
    from coachsync.store.leases import LeaseHolder, RunLock

_RECENT_RUNS = 50
_OFTEN, _USUAL, _SELDOM = 5 * MINUTE, 15 * MINUTE, 60 * MINUTE
_TOGETHER = _OFTEN // 2  # what began no longer ago began with this run


class SearchCost(NamedTuple):
    """What looking up user names cost a run: requests, how many were a 429, and the time, with that of the sources."""

    requests: int = 0
    rate_limited: int = 0
    took: Millis = 0


class StoreReading(NamedTuple):
    """What the store and the ledger say, read before anything is decided.

    `owed`: which guilds a ledger that is new, or silent for long, is still to look through, and from when on.
    `pulled`: what came of the sources before. `others`: the guilds that are left to other hosts, which work with their
    bots. `past`: whether the ledger's newest lines may be missing. `silent`: what is
    to be said of hosts that run no more. `calm`: where rooms are open and all is well.
    """

    sessions: list[Session]
    entries: dict[str, Entry]
    facts: Facts
    named: frozenset[str] | None
    unknown: tuple[str, ...]
    owed: dict[str, Millis]
    orphans: tuple[Resource, ...]
    pulled: Pulled = Pulled()
    others: Mapping[str, LeaseHolder] = {}
    past: Past = Past(0, 0, None)
    silent: tuple[Warn, ...] = ()
    calm: Calm | None = None


def tick(request: TickRequest) -> Report:
    """Run one tick.

    Raises:
        ConfigError: no token can be found for any guild (never in a dry run).
        StoreError: the store or the ledger cannot be read, or cannot be written and there is nothing to take away.
        LockHeldError: another run works on this store.
        Interrupted: a signal ended the run; what was begun is recorded.
    """
    settings = request.settings
    if request.dry_run:
        with ExitStack() as stack:
            store = _open(stack, settings, writable=False)
            return _preview(request, store)
    if not request.abandon:
        request.tokens.check()
    with ExitStack() as stack:
        try:
            store = _open(stack, settings, writable=True)
            lock = stack.enter_context(store.run_lock(request.wait, f"{request.command} since {iso(host_now())}"))
        except StoreError as error:
            unwritable = error
        else:
            return _run(request, store, lock)
    return _without_record(request, unwritable)


def _open(stack: ExitStack, settings: Settings, *, writable: bool) -> Store:
    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
    store = open_store(
        settings.store.url, settings.base_dir, defaults, writable=writable, mapping=settings.store.mapping
    )
    stack.callback(store.close)
    return store


# deciding


def read(request: TickRequest, store: Store, now: Millis) -> StoreReading:
    """Read every booking and entry that this tick must decide about."""
    first = store.ledger.first_run_at()
    first = now if first is None else min(first, now)  # the first run's clock may have been ahead
    found = find_each(store, request.names)
    named = frozenset(found.sessions) if request.names else None
    sessions = store.bookings.candidates(_span(store, now, first, request.settings.policy.setup_opens))
    live = {e.session_id: e for e in store.ledger.live_entries()}
    missing = (set(live) | (named or set())) - {s.id for s in sessions}
    if missing:
        sessions += store.bookings.by_ids(missing).values()
    ids = {s.id for s in sessions} | (named or set())
    entries = (store.ledger.entries(ids) if ids else {}) | live
    empty = bool(live) and not sessions and store.bookings.is_empty()
    silence = _silence(store, now, request.settings.schedule.max_silence)
    past = store.ledger.past()
    owed = _owed(request, store, now, silence, past)
    unmade = [s for s in sessions if s.id not in entries and s.status in request.settings.policy.bookable]
    facts = Facts(
        now,
        request.settings.policy,
        first,
        request.settings.naming,
        empty,
        _until_next(store, now),
        brought_over(store, unmade, now),
        store.ledger.pauses(now),
        request.settings.schedule.max_silence,
        _lost_since(store, past) if owed else None,
    )
    orphans = tuple(store.ledger.orphans())
    calm = _calm(request, store, live.values()) if live and named is None else None
    return StoreReading(sessions, entries, facts, named, found.unknown, owed, orphans, past=past, calm=calm)


def _calm(request: TickRequest, store: Store, live: Collection[Entry]) -> Calm:
    """Return which guilds with open rooms need no look in this run if no room there calls for it."""
    from coachsync.domain.looking import RESTS, calm

    looks = store.ledger.last_looks({entry.guild_id for entry in live})
    runs = store.ledger.run_numbers("run", RESTS)
    return calm(looks, runs, store.ledger.causes(), lambda guild_id: _looked_by(request.settings, guild_id))


def _looked_by(settings: Settings, guild_id: str) -> str:
    """Return what of the configuration holds at once for rooms that are open."""
    privacy, staff = settings.privacy, settings.guild(guild_id).staff_role_ids
    return " ".join((privacy.strangers, ",".join(sorted(privacy.also)), ",".join(sorted(staff))))


def _lost_since(store: Store, past: Past) -> Millis | None:
    """Return from when on the ledger's lines may be missing: the begin of the last run that it knows."""
    if not past.cut_short:
        return past.lost_since
    last = store.ledger.last_runs(1)
    return last[0].started_at - MINUTE if last else 0


def _silence(store: Store, now: Millis, too_long: Millis) -> Millis | None:
    """Return how long ago the last run was that could work; None if there was none.

    If that is too long, the latest of the recent runs counts: the last one may be of a host whose clock is behind.
    """
    for many in (1, _RECENT_RUNS):
        began = _began(store, many)
        if began and (many > 1 or now - began[0] <= too_long):
            return now - max((at for at in began if at <= now), default=began[0])
    return None


def _until_next(store: Store, now: Millis) -> Millis:
    """Return how far the next run is: as far as the last one, but for those that other hosts begin together with us."""
    for many in (1, _RECENT_RUNS):
        before = [at for at in _began(store, many) if at <= now - _TOGETHER]
        if before:
            return min(max(now - max(before), _OFTEN), _SELDOM)
    return _USUAL


def _began(store: Store, many: int) -> list[Millis]:
    """Return when so many of the last runs began, the last one first, but for those that could not work."""
    return [run.started_at for run in store.ledger.last_runs(many) if run.exit_code != UNUSABLE]


def _owed(request: TickRequest, store: Store, now: Millis, silence: Millis | None, past: Past) -> dict[str, Millis]:
    """Return the guilds to look through: those left from before, or all if the ledger is new or may be restored."""
    owed = store.ledger.owed_looks()
    if past.cut_short or silence is None or silence > request.settings.schedule.max_silence:
        named = {request.settings.discord.guild_id, *request.settings.guilds, *store.bookings.guild_ids()}
        owed |= dict.fromkeys(named, now)
    return owed


def _span(store: Store, now: Millis, first: Millis, setup_opens: Millis) -> Span:
    """Return which starts matter: back to what the last run saw (sessions last a day at most), on to the window."""
    oldest = first - LEFT_ALONE - DAY
    seen = _seen_until(store)
    since = oldest if seen is None else max(oldest, min(now, seen) - DAY)
    return Span(since, now + setup_opens, oldest)


def _seen_until(store: Store) -> Millis | None:
    """Return up to when broken promises were looked for: by a whole run that ended, not by `setup ID` or a killed one.

    If none of the recent runs was such, the earliest of them stands for it; None if there were none before.
    """
    for many in (1, _RECENT_RUNS):
        runs = store.ledger.last_runs(many)
        ended = [r for r in runs if r.finished_at is not None and r.exit_code != UNUSABLE]
        whole = [r.started_at for r in ended if r.command == "run"]
        if whole:
            return whole[0]
    return runs[-1].started_at if len(runs) == _RECENT_RUNS else None


def _decide(request: TickRequest, reading: StoreReading) -> Plan:
    scope = Scope(KINDS[request.command], reading.named, request.force, request.abandon)
    plan = make_plan(reading.sessions, reading.entries, reading.facts, scope)
    warnings = (*plan.warnings, *reading.pulled.warnings, *reading.silent)
    plan = plan._replace(reviewed=request.reviewed is not None, warnings=warnings)
    if request.command == "run":
        searched = frozenset(guild for guild, since in reading.owed.items() if since <= reading.facts.now)
        plan = plan._replace(searched=searched, orphans=reading.orphans)
    if reading.calm is not None and reading.calm.guilds:
        from coachsync.domain.looking import at_rest

        plan = at_rest(plan, reading.facts, reading.calm)
    return plan.without(reading.others) if reading.others else plan


def _under_leases(request: TickRequest, store: Store, reading: StoreReading, lock: RunLock) -> StoreReading:
    """Take the leases on the bots that there is work for; return what store and ledger say under them.

    What others wrote before they were ours is read again: who works on what was read earlier is fenced. Raises
    LockHeldError if another host works with the bot of a session that was named, or of one in a plan that was reviewed.
    """
    from coachsync.engine.leasing import held_by, lease

    others: dict[str, LeaseHolder] = {}
    leased: set[str] = set()
    until = time.monotonic() + request.wait
    if reading.named is None and store.ledger.clock_was_off() and _guilds_with_work(request, store, reading):
        lock.give_way()  # what is due by a clock that is right comes first
    while wanted := _guilds_with_work(request, store, reading) - leased:
        others |= lease(request.tokens, store, lock, wanted, max(0.0, until - time.monotonic()))
        leased |= wanted
        if others and (reading.named is not None or _is_reviewed_elsewhere(request, reading, others)):
            raise held_by(others)
        reading = read(request, store, reading.facts.now)._replace(pulled=reading.pulled, others=others)
    return reading


def _is_reviewed_elsewhere(request: TickRequest, reading: StoreReading, others: Collection[str]) -> bool:
    """Return whether a plan was reviewed, and something is due in a guild that is left to another host."""
    if request.reviewed is None:
        return False
    return any(action.guild_id in others for action in _decide(request, reading._replace(others={})).actions)


def _silent(request: TickRequest, store: Store, now: Millis) -> tuple[Warn, ...]:
    from coachsync.engine.leasing import silent_hosts

    return silent_hosts(store, request.settings.schedule.max_silence, now)


def _guilds_with_work(request: TickRequest, store: Store, reading: StoreReading) -> set[str]:
    """Return the guilds in which a run means to do, to look at or to look up something."""
    plan = _decide(request, reading)
    _, names = _unnamed(request, store, reading)
    looked_up = {wanted.guild_id for wanted in names.wanted} if names is not None else set()
    return set(plan.guilds) | {entry.guild_id for _, entry in plan.restores} | looked_up


def _hopeless(store: Store, request: TickRequest, plan: Plan, reading: StoreReading) -> list[Outcome]:
    """Return what fails without being tried: broken promises, refusals, names that nobody goes by."""
    keys = [key_of(r) for r in plan.refused if r.once]
    seen = store.ledger.was_reported(keys) if keys and reading.named is None else set()
    unknown = [unknown_session(name, request.command, _may_be(store, name)) for name in reading.unknown]
    return refusals(plan.refused, seen) + unknown


def _may_be(store: Store, name: str) -> str:
    from coachsync.standing.near import hint_for

    return hint_for(store, name)


def _needless(request: TickRequest, plan: Plan, reading: StoreReading) -> tuple[str, ...]:
    """Say of the sessions a person named why nothing is done for them."""
    busy = {a.session.id for a in plan.actions} | {r.session.id for r in plan.refused}
    return tuple(
        nothing_to_do(request.command, s, open_=s.set_up)
        for s in sorted(reading.sessions, key=lambda s: (s.start, s.id))
        if s.id in (reading.named or ()) and s.id not in busy
    )


def _preview(request: TickRequest, store: Store) -> Report:
    now = request.now if request.now is not None else host_now()
    reading = read(request, store, now)
    plan = _decide(request, reading)
    access = request.settings.guild
    held = _restraint(request, store, plan, reading).held() if plan.actions else {}
    failures = [(a, held.get(a.session.id)) for a in plan.actions]
    outcomes = [untried(a, "failed" if f else "planned", f, access(a.guild_id).access) for a, f in failures]
    outcomes += _hopeless(store, request, plan, reading)
    changed = _changed(request, plan)
    if changed is not None:
        return _unsent(request, now, changed)
    blind = "repairs are only found by looking at Discord, so a dry run does not show them"
    notes = (*_needless(request, plan, reading), *_unpulled(request), blind)
    report = _report(request, now, outcomes, list(plan.warnings), notes=notes)
    return _with_causes(request, reading, plan, report)


def _unpulled(request: TickRequest) -> tuple[str, ...]:
    """Say which sources a dry run did not pull."""
    if request.command != "run" or not request.settings.sources:
        return ()
    names = ", ".join(source.name for source in request.settings.sources)
    return (f"a dry run pulls no source, so what is new in them is not shown: {names}",)


def _restraint(request: TickRequest, store: Store, plan: Plan, reading: StoreReading) -> Restraint:
    """Return which guilds are not asked, for they refused lately; a session named by hand is asked for at once."""
    from coachsync.engine.restraint import Restraint

    by_hand = reading.named is not None
    return Restraint(store.ledger.refusals(), plan, reading.facts, request.tokens, by_hand=by_hand)


def _changed(request: TickRequest, plan: Plan) -> Failure | None:
    """Return how what is due differs from the plan that was reviewed; None if it does not, or there is none."""
    if request.reviewed is None:
        return None
    from coachsync.domain.reviewed import changed, differences, step_of

    found = differences(request.reviewed, map(step_of, plan.actions))
    return changed(found) if found else None


def _unsent(request: TickRequest, now: Millis, failure: Failure) -> Report:
    """Return the report of a run that did nothing at all: it is no run that the ledger keeps."""
    return _report(request, now, [], [])._replace(exit_code=SOME_FAILED, unusable=failure)


# doing


def _pulled(request: TickRequest, store: Store, now: Millis) -> Pulled:
    """Pull the sources; nothing is pulled while another host does so for long."""
    if request.pull is None:
        return Pulled()
    with store.pulling() as ours:
        return request.pull(store, now) if ours else Pulled()


def _run(request: TickRequest, store: Store, lock: RunLock) -> Report:
    now = request.now if request.now is not None else host_now()
    begun = time.monotonic()
    pulled = _pulled(request, store, now)
    pulling = int((time.monotonic() - begun) * 1000)
    reading = read(request, store, now)._replace(pulled=pulled)
    if not lock.alone:
        reading = _under_leases(request, store, reading, lock)
        if request.command == "run":
            reading = reading._replace(silent=_silent(request, store, now))
    reading, looked = _with_names(request, store, reading, lock)
    looked = looked._replace(took=looked.took + pulling)
    plan = _decide(request, reading)
    changed = _changed(request, plan)
    if changed is not None:
        return _unsent(request, now, changed)
    hopeless = _hopeless(store, request, plan, reading)
    if request.abandon:
        return _abandon(request, store, plan, reading, hopeless)
    if not plan.guilds:
        notes = _needless(request, plan, reading)
        report = _report(request, now, hopeless, list(plan.warnings), looked.requests, notes)
        report = report._replace(rate_limited=looked.rate_limited)
        report = _with_causes(request, reading, plan, report, store)
        return _finish(store, request, reading, plan, report)
    return _work(request, store, plan, reading, hopeless, lock, looked)


def _with_names(
    request: TickRequest, store: Store, reading: StoreReading, lock: RunLock
) -> tuple[StoreReading, SearchCost]:
    """Return the reading with those whom bookings name by a Discord user name alone, as far as they can be found.

    Names are looked up here, before anything is planned: also those of bookings that are far ahead, so that somebody
    can still correct them.
    """
    named, names = _unnamed(request, store, reading)
    if names is None or not (names.wanted or names.known):
        return reading, SearchCost()
    from coachsync.domain.user_names import with_lookups
    from coachsync.engine.lookups import look_up

    now = reading.facts.now
    begun = time.monotonic()
    looked = look_up(request, store, {s.id: s for s in named}, names, now, lock)
    new: dict[str, list[Lookup]] = {}
    for lookup in looked.lookups:
        new.setdefault(lookup.session_id, []).append(lookup)
    sessions = [with_lookups(s, [*s.lookups, *new[s.id]]) if s.id in new else s for s in reading.sessions]
    took = int((time.monotonic() - begun) * 1000)
    return reading._replace(sessions=sessions), SearchCost(looked.requests, looked.rate_limited, took)


def _unnamed(request: TickRequest, store: Store, reading: StoreReading) -> tuple[list[Session], NamesToLookUp | None]:
    """Return the bookings that name somebody by a Discord user name alone, and which of those are to be looked up."""
    if "setup" not in KINDS[request.command] or request.abandon or request.reviewed is not None:
        return [], None
    policy, now = request.settings.policy, reading.facts.now
    named = [s for s in reading.sessions if any(p.id is None and p.discord_name for p in s.people)]
    if request.command == "run":
        named += store.bookings.by_user_name(now + policy.setup_opens)
    named = [s for s in named if s.guild_id not in reading.others]
    if not named:
        return [], None
    from coachsync.domain.user_names import to_look_up

    return named, to_look_up(named, policy, now, reading.named)


def _work(
    request: TickRequest,
    store: Store,
    plan: Plan,
    reading: StoreReading,
    hopeless: list[Outcome],
    lock: RunLock,
    looked: SearchCost,
) -> Report:
    from coachsync.engine.causes import Seen
    from coachsync.engine.loop import work

    now = reading.facts.now
    try:
        store.bookings.prove()
        with store.transaction() as transaction:
            number = _begin(transaction, request, reading, plan)
            transaction.ledger.keep_looks(plan.guilds)  # if this run is killed, the next one looks
    except StoreError as error:
        return _take_away(request, store, plan, reading, hopeless, error, lock)
    restraint = _restraint(request, store, plan, reading)
    left = _within_budget(request, looked.took)
    done = work(left, store, plan, reading.facts, reading.entries, reading.sessions, restraint, number, lock)
    seen = Seen(done.blind, done.looked, done.sound, done.notes)
    lock.note(done.spent)
    warnings = [*plan.warnings, *done.warnings, *_status_warnings(store)]
    notes = _needless(request, plan, reading)
    hopeless = _still_hopeless(hopeless, done.outcomes)
    report = _report(request, now, [*hopeless, *done.outcomes], warnings, done.requests + looked.requests, notes)
    report = report._replace(rate_limited=done.rate_limited + looked.rate_limited)
    if done.exit_code is not None:
        report = report._replace(exit_code=done.exit_code, unusable=done.unusable)
    report = _with_causes(request, reading, plan, report, store, seen)
    try:
        report = _finish(store, request, reading, plan, report, number, done)
    except StoreError as error:  # what was done is still to be reported
        failure = Failure("store_error", error.message, error.hint)
        report = report._replace(exit_code=UNUSABLE, unusable=failure)
    return report


def _within_budget(request: TickRequest, spent: Millis) -> TickRequest:
    """Return a request whose run may take what is left of its budget."""
    if not spent:
        return request
    discord = request.settings.discord
    left = discord._replace(run_budget=max(MINUTE // 60, discord.run_budget - spent))
    return request._replace(settings=request.settings._replace(discord=left))


def _without_record(request: TickRequest, unwritable: StoreError) -> Report:
    """Take away what is due on a store that can at best be read. Raises `unwritable` if nothing is."""
    if request.abandon:
        raise unwritable
    now = request.now if request.now is not None else host_now()
    with ExitStack() as stack:
        try:
            store = _open(stack, request.settings, writable=False)
            reading = read(request, store, now)
        except StoreError:
            raise unwritable from None
        plan = _decide(request, reading)
        return _take_away(request, store, plan, reading, _hopeless(store, request, plan, reading), unwritable, None)


def _take_away(
    request: TickRequest,
    store: Store,
    plan: Plan,
    reading: StoreReading,
    hopeless: list[Outcome],
    unwritable: StoreError,
    lock: RunLock | None,
) -> Report:
    """Make nothing, for nothing of it could be remembered; what takes access away goes out all the same.

    A later run finds it gone and records it. Raises `unwritable` if there is nothing to take away.
    """
    from coachsync.engine.loop import work

    losing = plan.losing()
    if not losing.guilds:
        raise unwritable
    failure = Failure("store_error", unwritable.message, unwritable.hint)
    restraint = _restraint(request, store, losing, reading)
    done = work(
        request, store, losing, reading.facts, reading.entries, reading.sessions, restraint, None, lock, failure
    )
    warnings = [*plan.warnings, *done.warnings]
    report = _report(request, reading.facts.now, [*hopeless, *done.outcomes], warnings, done.requests)
    stopped = done.exit_code if done.exit_code in (INTERRUPTED, TERMINATED) else None
    report = report._replace(exit_code=stopped or UNUSABLE, unusable=failure)
    with suppress(StoreError):
        report = _with_causes(request, reading, plan, report, store)
    if lock is not None:  # the ledger, at least, may be writable
        with suppress(StoreError):
            report = _finish(store, request, reading, plan._replace(restores=()), report)
    return report


def _still_hopeless(hopeless: list[Outcome], done: Collection[Outcome]) -> list[Outcome]:
    """Return what failed without being tried, but for a session said to have had no room whose room was found."""
    found = {o.action.session.id for o in done}
    return [o for o in hopeless if o.action.session.id not in found or o.error is None or o.error.code != "missed"]


def _finish(
    store: Store,
    request: TickRequest,
    reading: StoreReading,
    plan: Plan,
    report: Report,
    number: int | None = None,
    done: Done | None = None,
) -> Report:
    """Record the run and what is to be remembered of it, in one transaction."""
    if reading.others:
        from coachsync.engine.leasing import elsewhere

        report = report._replace(elsewhere=elsewhere(reading.others))
    with store.transaction() as transaction:
        if number is None:
            number = _begin(transaction, request, reading, plan)
        if transaction.ledger.holds_all(plan.guilds):
            _remember(transaction, store, request, reading, plan, report, number, done)
        more = transaction.ledger.run_finished(number, host_time(request), report, report.exit_code)
    if more:
        with suppress(StoreError):  # the run is recorded: what is old may wait for the next one
            store.ledger.prune(host_time(request))
    return report._replace(recorded=True)


def _remember(
    transaction: Transaction,
    store: Store,
    request: TickRequest,
    reading: StoreReading,
    plan: Plan,
    report: Report,
    number: int,
    done: Done | None,
) -> None:
    """Record what a run saw, what it could only report and what is wrong after it.

    Nothing of it counts once a lease was taken over that the run worked under: who has it now saw later than it did.
    """
    if "cleanup" in KINDS[request.command] and reading.named is None:
        transaction.ledger.seen_missing(plan.missing, plan.found, reading.facts.now)
    for refused in plan.refused:
        if refused.once:
            transaction.ledger.reported(*key_of(refused))
    for outcome in report.outcomes:
        if outcome.error is not None and outcome.error.code != "unknown_session" and not outcome.only_paused:
            transaction.ledger.event(failure_event(outcome, reading.facts.now))
    if report.followed is not None:
        transaction.ledger.keep_causes(report.followed, reading.facts.now)
    if done is not None and (done.sights or done.role_words):
        transaction.ledger.keep_sights(done.sights, done.role_words)
    if done is not None and request.command == "run" and reading.named is None:
        looks = _looked_well(request.settings, plan, report, done)
        transaction.ledger.keep_looks(looks, number)
    if done is not None and done.clock_off is not None and store.shared:
        transaction.ledger.clock_is(off=done.clock_off)


def _looked_well(settings: Settings, plan: Plan, report: Report, done: Done) -> dict[str, str]:
    """Return the guilds all of whose rooms were looked at, and by what settings.

    Where something is left to be done, or was mended, the next run looks again.
    """
    if done.exit_code is not None:  # the run was ended before its end
        return {}
    well = [o.outcome == "done" and o.error is None and o.action.kind != "repair" for o in report.outcomes]
    amiss = {o.action.guild_id for o, good in zip(report.outcomes, well, strict=True) if not good}
    amiss |= {entry.guild_id for session, entry in plan.looks if session.id not in done.looked}
    return {guild: _looked_by(settings, guild) for guild in done.sights if guild not in amiss}


def _with_causes(
    request: TickRequest,
    reading: StoreReading,
    plan: Plan,
    report: Report,
    store: Store | None = None,
    seen: Seen | None = None,
) -> Report:
    """Return a report with what became of the causes, if anything is wrong or was; `store`: who remembers that."""
    known = store is not None and store.ledger.has_causes()
    amiss = known or report.warnings or report.unusable or plan.refused or (seen is not None and seen.notes)
    if not amiss and all(o.error is None for o in report.outcomes):
        return report
    from coachsync.engine.causes import Seen, causes_after

    old = store.ledger.causes() if store is not None else ()
    seen = seen or Seen()
    if reading.others:  # of what is left to other hosts, this run says nothing
        plan, seen = _decide(request, reading._replace(others={})), seen._replace(left=frozenset(reading.others))
    seen = seen._replace(sound=seen.sound | reading.pulled.sound)
    followed = causes_after(old, plan, report, reading.facts, seen, request.settings)
    return report._replace(followed=followed)


def _begin(transaction: Transaction, request: TickRequest, reading: StoreReading, plan: Plan) -> int:
    """Record that the run began, and what it and later ones are to look through; return its number."""
    number = transaction.ledger.run_started(reading.facts.now, request.command)
    transaction.ledger.owe_looks(reading.owed)
    if reading.past.written != reading.past.present:
        transaction.ledger.in_history(reading.past.present, reading.facts.lost_since)
    _restore(transaction, plan)
    return number


def _restore(transaction: Transaction, plan: Plan) -> None:
    """Give the store back the marks that a booking system dropped or reset, and the ledger the latest times."""
    for session, entry in plan.restores:
        if entry.live:
            follow(entry, session)
            transaction.ledger.save(entry)
            marks = living_marks(entry)
        else:
            transaction.ledger.hold(entry.guild_id)
            marks = Marks(session.id, cleaned_up=True)
        with suppress(RowRefusedError):  # a row that its booking system guards does not keep the others waiting
            transaction.mark(marks)


def _abandon(request: TickRequest, store: Store, plan: Plan, reading: StoreReading, hopeless: list[Outcome]) -> Report:
    from coachsync.engine.abandon import abandon

    outcomes, notes = abandon(store, plan, reading.facts)
    notes += _needless(request, plan, reading)
    report = _report(request, reading.facts.now, hopeless + outcomes, _status_warnings(store), notes=notes)
    _finish(store, request, reading, plan, report)
    return report


def _status_warnings(store: Store) -> list[Warn]:
    """Return what to warn of bookings that are cleaned up and whose table did not take the completed status."""
    refused = sorted(store.bookings.refused_statuses.items())
    return [Warn("status_refused", session_id, status_refused(status)) for session_id, status in refused]


def _report(
    request: TickRequest,
    now: Millis,
    outcomes: list[Outcome],
    warnings: list[Warn],
    requests: int = 0,
    notes: tuple[str, ...] = (),
) -> Report:
    failed = any(o.failed for o in outcomes)
    failed = failed or any(w.code == "orphan" for w in warnings)
    ordered = tuple(sorted(outcomes, key=shown))
    code = SOME_FAILED if failed else OK
    told = (*request.settings.warnings, *warnings)
    return Report(request.command, now, request.dry_run, requests, ordered, told, code, notes)
