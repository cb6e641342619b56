"""Looking up the Discord user names that bookings have in place of ids, before anything is planned.

A step of its own, for whose they are decides what is due. It is short: what it does not come to, later runs do. A
guild that does not answer one search is asked for no other in this run.

Imported only if there is a name to look up: it loads asyncio and requests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import NamedTuple

from coachsync.discord.api import Discord, How
from coachsync.discord.errors import BadRequest, DiscordError, Stopped, UnexpectedAnswer
from coachsync.domain.model import Millis, Session
from coachsync.domain.user_names import PAGE, Lookup, NamesToLookUp, Wanted, judged, unsaid
from coachsync.engine.refused import Counts
from coachsync.engine.request import TickRequest
from coachsync.errors import ConfigError, EnvironmentalError, StoreError
from coachsync.guild.access import Ways
from coachsync.host.limits import environmental
from coachsync.store.base import Store
from coachsync.store.leases import RunLock

_LONGEST_S = 75.0  # for `MOST_DUE` searches at Discord's pace
_HOW = How(priority=(9,), max_wait=15.0)

Found = tuple[Lookup, ...]


class LookedUp(NamedTuple):
    """What was learned of names, what it cost, and how many answers were a 429."""

    lookups: Found = ()
    requests: int = 0
    rate_limited: int = 0


def look_up(
    request: TickRequest,
    store: Store,
    sessions: Mapping[str, Session],
    names: NamesToLookUp,
    now: Millis,
    lock: RunLock,
) -> LookedUp:
    """Look names up and remember what was found. `sessions`: the bookings that name them, by id.

    Nothing that goes wrong here ends the run: the work itself tells of it. What cannot be remembered counts for this
    run alone.
    """
    counts = Counts(store.ledger, now)
    wanted = _allowed(request, store, names.wanted, now)
    found = LookedUp()
    if wanted:
        try:
            found = asyncio.run(_search(request, wanted, now, counts, lock))
        except (EnvironmentalError, OSError, RuntimeError, MemoryError) as problem:
            if not isinstance(problem, EnvironmentalError) and environmental(problem) is None:
                raise
    found = found._replace(lookups=(*names.known, *found.lookups), rate_limited=counts.rate_limited)
    if found.lookups or counts.fresh:
        with suppress(StoreError), store.transaction() as transaction:
            transaction.ledger.keep_lookups(found.lookups, sessions)
            counts.save(transaction.ledger)
    return found


def _allowed(request: TickRequest, store: Store, wanted: Collection[Wanted], now: Millis) -> list[Wanted]:
    """Return what may be asked for: nothing in a guild that refused lately, or under a token that was refused.

    What a person asks for by a session's name is asked for at once.
    """
    refusals = store.ledger.refusals() if not request.names else ()
    held = {r.key for r in refusals if r.asked in ("token", "look") and r.holds(now, (), 0)}
    if not held:
        return list(wanted)
    return [one for one in wanted if held.isdisjoint((one.guild_id, _token_key(request, one.guild_id)))]


def _token_key(request: TickRequest, guild_id: str) -> str:
    try:
        return f"token:{request.tokens.of(guild_id).token.mark}"
    except ConfigError:
        return ""


async def _search(
    request: TickRequest, wanted: Collection[Wanted], now: Millis, counts: Counts, lock: RunLock
) -> LookedUp:
    budget_s = min(_LONGEST_S, request.settings.discord.run_budget / 2000)
    ways = Ways(request.settings, request.tokens, time.monotonic() + budget_s, lock, counts.of)
    by_guild: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_guild.setdefault(one.guild_id, []).append(one)
    tell = request.progress or (lambda _: None)
    tell(f"looking up {len(wanted)} Discord user name{'s' if len(wanted) > 1 else ''} …")
    try:
        looked = await asyncio.gather(*(_in_guild(ways, guild_id, names, now) for guild_id, names in by_guild.items()))
    finally:
        lock.spent = ways.spent or lock.spent
        lock.note(lock.spent)
        ways.close()
    return LookedUp(tuple(lookup for found in looked for lookup in found), ways.requests_sent)


async def _in_guild(ways: Ways, guild_id: str, wanted: list[Wanted], now: Millis) -> list[Lookup]:
    """Return what one guild's searches say; one after another, for the first that fails is the last."""
    try:
        discord = ways.to(ways.settings.guild(guild_id))
    except ConfigError as error:  # no token: the work itself says so, if there is any
        return _all_unsaid(wanted, error.message, now)
    found: list[Lookup] = []
    for at, one in enumerate(wanted):
        try:
            found += await _of_one(discord, one, now)
        except (BadRequest, UnexpectedAnswer) as error:  # says nothing of other names
            found += unsaid(one, error.message, now)
        except Stopped as error:
            return found if error.cause is None else found + _all_unsaid(wanted[at:], error.message, now)
        except DiscordError as error:
            return found + _all_unsaid(wanted[at:], error.message, now)
    return found


async def _of_one(discord: Discord, wanted: Wanted, now: Millis) -> Found:
    answer = await discord.search_members(wanted.guild_id, wanted.name, PAGE, _HOW)
    return judged(wanted, answer.members, answer.shown, now)


def _all_unsaid(wanted: Collection[Wanted], why: str, now: Millis) -> list[Lookup]:
    return [lookup for one in wanted for lookup in unsaid(one, why, now)]
