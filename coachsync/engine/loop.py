"""A tick that has something to do: the event loop, the ways to Discord, signals and the watchdog around `apply`.

Imported only then, for it loads asyncio and requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from coachsync import waits
from coachsync.domain.booking import Defaults
from coachsync.domain.budget import GuildSight, RoleWord
from coachsync.domain.case import Facts
from coachsync.domain.causes import OF_GUILDS
from coachsync.domain.failure import Failure
from coachsync.domain.model import Entry, Outcome, Session, Warn
from coachsync.domain.planned import Plan
from coachsync.engine.apply import Applied, Apply
from coachsync.engine.journal import Journal, Unrecorded
from coachsync.engine.refused import Counts
from coachsync.engine.request import TickRequest, host_time
from coachsync.engine.restraint import Restraint
from coachsync.engine.search import Sources
from coachsync.engine.watchdog import Watchdog, bugs_end_the_run
from coachsync.errors import INTERRUPTED, SOME_FAILED, TERMINATED, UNUSABLE, EnvironmentalError
from coachsync.guild.access import GuildAccess, Ways, guild_access
from coachsync.host.limits import environmental, fitting
from coachsync.store.base import Store
from coachsync.store.leases import RunLock, Spent
from coachsync.store.open import open_store


class Done(NamedTuple):
    """What a working tick brought. `exit_code` is None if the outcomes decide it; for the rest see `Applied`."""

    outcomes: tuple[Outcome, ...]
    warnings: tuple[Warn, ...]
    requests: int
    rate_limited: int
    exit_code: int | None
    unusable: Failure | None
    spent: Spent
    blind: Mapping[str, Failure]
    looked: frozenset[str]
    sound: frozenset[tuple[str, str]]
    notes: tuple[Warn, ...] = ()
    sights: Mapping[str, GuildSight] = {}
    role_words: Mapping[str, RoleWord] = {}
    clock_off: bool | None = None


class _Signals:
    """The signal that asked the run to stop, if one did."""

    def __init__(self) -> None:
        self.exit_code: int | None = None


def work(
    request: TickRequest,
    store: Store,
    plan: Plan,
    facts: Facts,
    entries: Mapping[str, Entry],
    sessions: Collection[Session],
    restraint: Restraint,
    number: int | None,
    lock: RunLock | None,
    unwritable: Failure | None = None,
) -> Done:
    """Carry out a plan within the run's budget.

    Args:
        request: what was asked for.
        store: read by this thread before anything is sent; written if `unwritable` is None.
        plan: what to do.
        facts: clock and policy.
        entries: the ledger's.
        sessions: the bookings that were read.
        restraint: what refused lately, and is not asked.
        number: the run's in the ledger, None if it could not be recorded.
        lock: what the run holds; None if the store cannot be locked.
        unwritable: why the store cannot be written. Then nothing is made and nobody let in.
    """
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    try:
        return _watched(request, store, plan, facts, entries, sessions, restraint, number, lock, unwritable)
    except (EnvironmentalError, OSError, RuntimeError, MemoryError) as problem:
        withheld = problem if isinstance(problem, EnvironmentalError) else environmental(problem)
        if withheld is None:
            raise
        failure = Failure("environment", withheld.message, withheld.hint)
        return Done(
            (),
            (),
            0,
            0,
            UNUSABLE,
            failure,
            lock.spent if lock is not None else (),
            dict.fromkeys(plan.guilds, failure),
            frozenset(),
            frozenset(),
        )


def _watched(
    request: TickRequest,
    store: Store,
    plan: Plan,
    facts: Facts,
    entries: Mapping[str, Entry],
    sessions: Collection[Session],
    restraint: Restraint,
    number: int | None,
    lock: RunLock | None,
    unwritable: Failure | None,
) -> Done:
    settings = request.settings
    concurrency = fitting(settings.discord.concurrency)
    settings = settings._replace(discord=settings.discord._replace(concurrency=concurrency))
    budget_s = settings.discord.run_budget / 1000
    limit_s = budget_s + settings.discord.timeout / 1000 + waits.current().grace
    with Watchdog(limit_s, lambda: _record_hang(request, number), _say), handlers_kept():
        counts = Counts(store.ledger, facts.now)
        ways = Ways(settings, request.tokens, time.monotonic() + budget_s, lock, counts.of)
        return asyncio.run(_work(request, store, plan, facts, entries, sessions, restraint, counts, ways, unwritable))


@contextlib.contextmanager
def handlers_kept() -> Iterator[None]:
    """Give SIGINT and SIGTERM back to whoever had them: the event loop leaves them to their defaults."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # not in the main thread
            for number, handler in before.items():
                signal.signal(number, handler)


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _record_hang(request: TickRequest, number: int | None) -> None:
    """Record a hung run over a connection of its own: the other one may be what hangs."""
    if number is None:
        return
    settings = request.settings
    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
    store = open_store(settings.store.url, settings.base_dir, defaults, writable=True, mapping=settings.store.mapping)
    with store.transaction() as transaction:
        transaction.ledger.run_finished(number, host_time(request), None, SOME_FAILED)


async def _work(
    request: TickRequest,
    store: Store,
    plan: Plan,
    facts: Facts,
    entries: Mapping[str, Entry],
    sessions: Collection[Session],
    restraint: Restraint,
    counts: Counts,
    ways: Ways,
    unwritable: Failure | None,
) -> Done:
    accesses = {guild: _access(ways, store, guild, restraint) for guild in sorted(plan.guilds)}
    troubled = {c.guild_id for c in store.ledger.causes() if c.code in OF_GUILDS}
    signals = _watch_signals(ways)
    pauses = facts.pauses
    journal = Journal(store, facts.now, pauses) if unwritable is None else Unrecorded(pauses)
    sources = Sources(sessions, store.bookings.bearing, store.ledger.made_before, store.ledger.entries)
    try:
        job = Apply(
            plan,
            facts,
            entries,
            accesses,
            journal,
            sources,
            restraint,
            counts,
            troubled,
            check_clock=request.now is None,
            progress=request.progress,
            unwritable=unwritable,
            alone=ways.alone,
        )
        with bugs_end_the_run():
            applied = await job.carry_out()
    finally:
        await journal.close()
        ways.close()
    return _done(plan, applied, ways, counts.rate_limited, signals)


def _access(ways: Ways, store: Store, guild_id: str, restraint: Restraint) -> GuildAccess:
    """Return the way to one guild; there is none to one that is not to be looked at."""
    access = guild_access(ways, store, guild_id)
    unlooked = restraint.unlooked.get(guild_id)
    if unlooked is not None and access.failure is None:
        return access._replace(discord=None, failure=unlooked)
    return access._replace(refused=restraint.unmade.get(guild_id))


def _done(plan: Plan, applied: Applied, ways: Ways, rate_limited: int, signals: _Signals) -> Done:
    """Return what a run came to: its own verdict, unless a signal ended it."""
    exit_code, unusable = _verdict(plan.needed, applied.failures)
    if signals.exit_code is not None:
        exit_code, unusable = signals.exit_code, None
    sound = applied.sound if ways.warnings else applied.sound | {("token_readable", "")}
    return Done(
        applied.outcomes,
        (*ways.warnings, *applied.warnings),
        ways.requests_sent,
        rate_limited,
        exit_code,
        unusable,
        ways.spent,
        applied.failures,
        applied.looked,
        sound,
        applied.notes,
        applied.sights,
        applied.role_words,
        applied.clock_off,
    )


def _watch_signals(ways: Ways) -> _Signals:
    """Stop sending on SIGINT and SIGTERM; what is in flight is still answered and recorded."""
    heard = _Signals()
    loop = asyncio.get_running_loop()

    def stop(exit_code: int) -> None:
        heard.exit_code = heard.exit_code or exit_code
        ways.stop("the run was interrupted")

    with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread
        loop.add_signal_handler(signal.SIGINT, stop, INTERRUPTED)
        loop.add_signal_handler(signal.SIGTERM, stop, TERMINATED)
    return heard


def _verdict(needed: Collection[str], failures: Mapping[str, Failure]) -> tuple[int | None, Failure | None]:
    """Return exit code 3 if every token that was needed is missing or refused: nothing can work."""
    refused = [f for i, f in failures.items() if f.code == "unauthorized" and i in needed]
    if not refused or len(refused) < len(needed):
        return None, None
    hint = "correct the token, then run again: nothing was done for these guilds"
    return UNUSABLE, refused[0]._replace(hint=hint)
