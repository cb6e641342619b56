"""A rehearsal: in each guild the bot makes, sees, fills and deletes a role and a room as a session's.

By the steps of a run, on an entry of the ledger like a session's, so that the next run removes what a kill left. Nobody
is let in but the bot itself.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, suppress
from typing import NamedTuple

from coachsync.clock import host_now, iso
from coachsync.config import Settings, Tokens
from coachsync.discord.errors import failure_of
from coachsync.doctor.act import Act, called
from coachsync.doctor.finding import doubt, failed, fine
from coachsync.domain.booking import Defaults
from coachsync.domain.failure import Failure
from coachsync.domain.finding import Finding
from coachsync.domain.limits import MOST_ROLE_CREATIONS
from coachsync.domain.model import Entry
from coachsync.domain.remembered import rehearsal_id
from coachsync.engine.journal import Journal
from coachsync.engine.leasing import demand
from coachsync.engine.loop import handlers_kept
from coachsync.engine.refused import Counts
from coachsync.errors import INTERRUPTED, TERMINATED, StoreError
from coachsync.guild.access import GuildAccess, Ways, guild_access
from coachsync.guild.look import look_at_guilds
from coachsync.guild.picture import Guild
from coachsync.store.base import Store
from coachsync.store.open import open_store

_AGAIN = "`coachsync doctor --rehearse`"
_NOT_REHEARSED = (
    "what no rehearsal shows: that people get in (only the bot was let in), that they are in the guild (`people` above "
    "is about that), what somebody changes later"
)


class RehearsalRequest(NamedTuple):
    """What is rehearsed: which guilds, and how many seconds a run under way is waited for.

    `known`: what other checks found amiss, by check and guild, and is not told again. `told` is called with what is
    done, for whoever waits.
    """

    settings: Settings
    tokens: Tokens
    guilds: tuple[str, ...]
    wait: float
    known: Collection[tuple[str, str | None]]
    told: Callable[[str], None]


def rehearse(request: RehearsalRequest) -> list[Finding]:
    """Rehearse in every guild, one after another, and return what came of it.

    Raises:
        LockHeldError: a run is under way.
        StoreError: the store cannot be read, or not be written as a run writes it.
        KeyboardInterrupt, SystemExit: a signal asked to stop; what was made is removed, or in the ledger.
    """
    settings = request.settings
    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
    with (
        closing(
            open_store(settings.store.url, settings.base_dir, defaults, writable=True, mapping=settings.store.mapping)
        ) as store,
        store.run_lock(request.wait, f"doctor --rehearse since {iso(host_now())}") as lock,
    ):
        demand(request.tokens, store, lock, request.guilds, request.wait)
        store.bookings.prove()
        with store.transaction():  # nothing yet: that it can be written is known before anything is sent
            pass
        counts = Counts(store.ledger, host_now())
        deadline = time.monotonic() + settings.discord.run_budget / 1000
        ways = Ways(settings, request.tokens, deadline, lock, counts.of)
        try:
            with handlers_kept():
                return asyncio.run(_rehearse(request, store, ways, counts))
        finally:
            lock.note(ways.spent)
            ways.close()


def of_leftovers(left: Collection[Entry]) -> Iterator[Finding]:
    """Yield what a rehearsal that was killed left in the guilds."""
    for entry in left:
        things = " and ".join(called(r) for r in entry.resources if r.is_there) or "perhaps something"
        what = f"a rehearsal was cut short and left {things} in guild {entry.guild_id}"
        yield doubt("rehearse", what, f"the next run removes it; so does {_AGAIN}", entry.guild_id)


def put_off(guild_id: str) -> Finding:
    """Return that a guild was not rehearsed in because of what other checks found."""
    what = f"not rehearsed in guild {guild_id}: what failed above would spoil it"
    return doubt("rehearse", what, f"mend that, then ask {_AGAIN} again", guild_id)


async def _rehearse(request: RehearsalRequest, store: Store, ways: Ways, counts: Counts) -> list[Finding]:
    accesses = {guild_id: guild_access(ways, store, guild_id) for guild_id in request.guilds}
    known = {e.session_id: e for e in store.ledger.live_entries()}
    known |= store.ledger.entries([rehearsal_id(i) for i in request.guilds])
    taken = store.bookings.by_ids([rehearsal_id(i) for i in request.guilds])
    guilds = await look_at_guilds(accesses, known.values())
    for guild_id, guild in guilds.items():
        _know_limits(guild, accesses[guild_id])
    journal = Journal(store)
    stop = _Stop(ways, request.told)
    found: list[Finding] = []
    begun, roles = 0, 0
    try:
        for guild_id in request.guilds:
            failure = _obstacle(accesses[guild_id], guilds.get(guild_id), booked=rehearsal_id(guild_id) in taken)
            if failure is not None:
                found.append(failed("rehearse", _not_begun(guild_id, failure), guild_id))
            elif not stop.asked:
                begun += 1
                request.told(f"rehearsing in guild {guild_id} …")
                former = known.get(rehearsal_id(guild_id))
                act = Act(request.settings, guilds[guild_id], accesses[guild_id], journal, former)
                found += await act.play(lambda: stop.asked)
                found += act.warned(request.known)
                roles += act.made_a_role
    finally:
        if counts.fresh:
            with suppress(StoreError):  # then the next run counts them less
                await journal.write(lambda t: counts.save(t.ledger))
        await journal.close()
    stop.end()
    return [*found, *_summed_up(begun, roles)]


def _obstacle(access: GuildAccess, guild: Guild | None, *, booked: bool) -> Failure | None:
    """Return why nothing is begun in a guild."""
    if booked:
        return Failure("invalid", "the store holds a booking under the rehearsal's own id", "give that booking another")
    if guild is None or access.failure is not None:
        return access.failure
    return failure_of(guild.failure) if guild.failure is not None else guild.hindrance


def _not_begun(guild_id: str, failure: Failure) -> Failure:
    return failure._replace(message=f"nothing was begun in guild {guild_id}: {failure.message}")


def _know_limits(guild: Guild, access: GuildAccess) -> None:
    now = guild.now()
    guild.roles_exhausted = access.roles_exhausted_until > now or access.roles_made(now) >= MOST_ROLE_CREATIONS


def _summed_up(begun: int, roles: int) -> Iterator[Finding]:
    if not begun:
        return
    told = f"rehearsed in {begun} guild{'s' if begun != 1 else ''}"
    if roles:
        each = "it took" if begun == 1 else "in each it took"
        told += f"; {each} 1 of the {MOST_ROLE_CREATIONS} roles that Discord lets the bot make there in 48 h"
    yield fine("rehearse", told)._replace(hint=_NOT_REHEARSED)


class _Stop:
    """The signal that asked to stop, if one did: the first one has what was made removed, a second one ends at once."""

    def __init__(self, ways: Ways, told: Callable[[str], None]) -> None:
        self.exit_code: int | None = None
        self._ways = ways
        self._told = told
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, ValueError, RuntimeError):  # not in the main thread
            loop.add_signal_handler(signal.SIGINT, self._heard, INTERRUPTED)
            loop.add_signal_handler(signal.SIGTERM, self._heard, TERMINATED)

    @property
    def asked(self) -> bool:
        """Return whether a signal asked to stop."""
        return self.exit_code is not None

    def _heard(self, exit_code: int) -> None:
        if self.asked:
            self._ways.stop("the rehearsal was interrupted")
            return
        self.exit_code = exit_code
        self._told("removing what was made …")

    def end(self) -> None:
        """Raise what the signal means, if there was one."""
        if self.exit_code == INTERRUPTED:
            raise KeyboardInterrupt
        if self.exit_code is not None:
            raise SystemExit(self.exit_code)
