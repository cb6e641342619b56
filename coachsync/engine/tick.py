"""One tick: candidates → plan → (dry run ends here) → Discord → report.

The idle path stays small: what only a working tick needs (the event loop, requests) is imported when there is work.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from typing import NamedTuple

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
    Session,
    Span,
    Warn,
)
from coachsync.domain.plan import make_plan
from coachsync.domain.planned import Plan, Scope
from coachsync.domain.remembered import follow
from coachsync.domain.windows import LEFT_ALONE
from coachsync.domain.words import nothing_to_do
from coachsync.engine.marks import living_marks
from coachsync.engine.outcomes import failure_event, key_of, refusals, shown, unknown_session, untried
from coachsync.engine.request import KINDS, TickRequest, host_time
from coachsync.errors import INTERRUPTED, OK, SOME_FAILED, TERMINATED, UNUSABLE, RowRefusedError, StoreError
from coachsync.standing.find import find_each
from coachsync.standing.past import brought_over
from coachsync.store.base import Store, Transaction
from coachsync.store.lock import Lock
from coachsync.store.open import open_store

_RECENT_RUNS = 50
_OFTEN, _USUAL, _SELDOM = 5 * MINUTE, 15 * MINUTE, 60 * MINUTE


class StoreReading(NamedTuple):
    """What the store and the ledger say, read before anything is decided."""

    sessions: list[Session]
    entries: dict[str, Entry]
    facts: Facts
    named: frozenset[str] | None
    unknown: tuple[str, ...]


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
    store = open_store(settings.store.url, settings.base_dir, defaults, writable=writable)
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
    unmade = [s for s in sessions if s.id not in entries and s.status in request.settings.policy.bookable]
    facts = Facts(
        now,
        request.settings.policy,
        first,
        request.settings.naming,
        empty,
        _interval(store, now),
        brought_over(store, unmade, now),
    )
    return StoreReading(sessions, entries, facts, named, found.unknown)


def _interval(store: Store, now: Millis) -> Millis:
    """Return how long after this run the next one is to be expected: as long as the last one is past."""
    last = store.ledger.last_runs(1)
    return min(max(now - last[0].started_at, _OFTEN), _SELDOM) if last else _USUAL


def _span(store: Store, now: Millis, first: Millis, setup_opens: Millis) -> Span:
    """Return which starts matter: back to what the last run saw (sessions last a day at most), on to the window."""
    oldest = first - LEFT_ALONE - DAY
    seen = _seen_until(store)
    since = oldest if seen is None else max(oldest, min(now, seen) - DAY)
    return Span(since, now + setup_opens, oldest)


def _seen_until(store: Store) -> Millis | None:
    """Return up to when broken promises were looked for: by a whole run that ended, not by `setup ID` or a killed one.

    Where none of the recent runs was such, the earliest of them stands for it; None where there were none before.
    """
    for many in (1, _RECENT_RUNS):
        runs = store.ledger.last_runs(many)
        whole = [r.started_at for r in runs if r.command == "run" and r.finished_at is not None]
        if whole:
            return whole[0]
    return runs[-1].started_at if len(runs) == _RECENT_RUNS else None


def _decide(request: TickRequest, reading: StoreReading) -> Plan:
    scope = Scope(KINDS[request.command], reading.named, request.force, request.abandon)
    return make_plan(reading.sessions, reading.entries, reading.facts, scope)


def _hopeless(store: Store, request: TickRequest, plan: Plan, reading: StoreReading) -> list[Outcome]:
    """Return what fails without being tried: broken promises, refusals, names that nobody goes by."""
    keys = [key_of(r) for r in plan.refused if r.once]
    seen = store.ledger.was_reported(keys) if keys and reading.named is None else set()
    unknown = [unknown_session(name, request.command) for name in reading.unknown]
    return refusals(plan.refused, seen) + unknown


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
    outcomes = [untried(a, "planned", None, access(a.guild_id).access) for a in plan.actions]
    outcomes += _hopeless(store, request, plan, reading)
    blind = "repairs are only found by looking at Discord, so a dry run does not show them"
    notes = (*_needless(request, plan, reading), blind)
    return _report(request, now, outcomes, list(plan.warnings), notes=notes)


# doing


def _run(request: TickRequest, store: Store, lock: Lock) -> Report:
    now = request.now if request.now is not None else host_now()
    reading = read(request, store, now)
    plan = _decide(request, reading)
    hopeless = _hopeless(store, request, plan, reading)
    if request.abandon:
        return _abandon(request, store, plan, reading, hopeless)
    if not plan.guilds:
        notes = _needless(request, plan, reading)
        report = _report(request, now, hopeless, list(plan.warnings), notes=notes)
        _finish(store, request, reading, plan, report)
        return report
    return _work(request, store, plan, reading, hopeless, lock)


def _work(
    request: TickRequest, store: Store, plan: Plan, reading: StoreReading, hopeless: list[Outcome], lock: Lock
) -> Report:
    from coachsync.engine.loop import work

    now = reading.facts.now
    try:
        store.bookings.prove()
        with store.transaction() as transaction:
            number = transaction.ledger.run_started(now, request.command)
            _restore(transaction, plan)
    except StoreError as error:
        return _take_away(request, store, plan, reading, hopeless, error, lock)
    done = work(request, store, plan, reading.facts, reading.entries, number, lock.spent)
    lock.note(done.spent)
    warnings = [*plan.warnings, *done.warnings]
    notes = _needless(request, plan, reading)
    report = _report(request, now, [*hopeless, *done.outcomes], warnings, done.requests, notes)
    if done.exit_code is not None:
        report = report._replace(exit_code=done.exit_code, unusable=done.unusable)
    try:
        _finish(store, request, reading, plan, report, number)
    except StoreError as error:  # what was done is still to be reported
        failure = Failure("store_error", error.message, error.hint)
        report = report._replace(exit_code=UNUSABLE, unusable=failure)
    return report


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
    lock: Lock | None,
) -> Report:
    """Make nothing, for nothing of it could be remembered; what takes access away goes out all the same.

    A later run finds it gone and records it. Raises `unwritable` if there is nothing to take away.
    """
    from coachsync.engine.loop import work

    losing = plan.losing()
    if not losing.guilds:
        raise unwritable
    failure = Failure("store_error", unwritable.message, unwritable.hint)
    spent = lock.spent if lock is not None else ()
    done = work(request, store, losing, reading.facts, reading.entries, None, spent, failure)
    warnings = [*plan.warnings, *done.warnings]
    report = _report(request, reading.facts.now, [*hopeless, *done.outcomes], warnings, done.requests)
    stopped = done.exit_code if done.exit_code in (INTERRUPTED, TERMINATED) else None
    report = report._replace(exit_code=stopped or UNUSABLE, unusable=failure)
    if lock is not None:  # the ledger, at least, may be writable
        with suppress(StoreError):
            _finish(store, request, reading, plan._replace(restores=()), report)
    return report


def _finish(
    store: Store,
    request: TickRequest,
    reading: StoreReading,
    plan: Plan,
    report: Report,
    number: int | None = None,
) -> None:
    """Record the run and what it could only report, in one transaction."""
    with store.transaction() as transaction:
        if number is None:
            number = transaction.ledger.run_started(reading.facts.now, request.command)
            _restore(transaction, plan)
        if "cleanup" in KINDS[request.command] and reading.named is None:
            transaction.ledger.seen_missing(plan.missing, plan.found, reading.facts.now)
        for refused in plan.refused:
            if refused.once:
                transaction.ledger.reported(*key_of(refused))
        for outcome in report.outcomes:
            if outcome.error is not None and outcome.error.code != "unknown_session":
                transaction.ledger.event(failure_event(outcome, reading.facts.now))
        transaction.ledger.run_finished(number, host_time(request), report, report.exit_code)


def _restore(transaction: Transaction, plan: Plan) -> None:
    """Give the store back the marks that a booking system dropped or reset, and the ledger the latest times."""
    for session, entry in plan.restores:
        if entry.live:
            follow(entry, session)
            transaction.ledger.save(entry)
            marks = living_marks(entry)
        else:
            marks = Marks(session.id, cleaned_up=True)
        with suppress(RowRefusedError):  # a row that its booking system guards does not keep the others waiting
            transaction.mark(marks)


def _abandon(request: TickRequest, store: Store, plan: Plan, reading: StoreReading, hopeless: list[Outcome]) -> Report:
    from coachsync.engine.abandon import abandon

    outcomes, notes = abandon(store, plan, reading.facts)
    notes += _needless(request, plan, reading)
    report = _report(request, reading.facts.now, hopeless + outcomes, [], notes=notes)
    _finish(store, request, reading, plan, report)
    return report


def _report(
    request: TickRequest,
    now: Millis,
    outcomes: list[Outcome],
    warnings: list[Warn],
    requests: int = 0,
    notes: tuple[str, ...] = (),
) -> Report:
    failed = any(o.outcome in ("failed", "refused", "deferred") or o.error is not None for o in outcomes)  # a leak too
    ordered = tuple(sorted(outcomes, key=shown))
    code = SOME_FAILED if failed else OK
    told = (*request.settings.warnings, *warnings)
    return Report(request.command, now, request.dry_run, requests, ordered, told, code, notes)
