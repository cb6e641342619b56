"""Which bots a run may use, where several hosts share a store. Loaded only there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from coachsync.clock import iso
from coachsync.config import Tokens
from coachsync.domain.hosts import HostRuns, silence_of
from coachsync.domain.model import Elsewhere, Millis, Warn
from coachsync.errors import ConfigError, LockHeldError
from coachsync.standing.hosts import hosts_of
from coachsync.store.base import Store
from coachsync.store.leases import LeaseHolder, RunLock
from coachsync.store.ledger.keys import node_name


def bot_of(tokens: Tokens, guild_id: str) -> str:
    """Return what names a guild's bot; a guild without a token has one of its own, which nobody can use."""
    try:
        return tokens.of(guild_id).token.bot
    except ConfigError:
        return f"guild:{guild_id}"


def lease(
    tokens: Tokens, store: Store, lock: RunLock, guild_ids: Collection[str], wait_s: float
) -> dict[str, LeaseHolder]:
    """Take the leases on the bots of some guilds, as far as they are free within `wait_s`.

    From then on the ledger is written under them. Returns the guilds whose bots others work with, and who.
    """
    bots = {guild_id: bot_of(tokens, guild_id) for guild_id in guild_ids}
    holders = {holder.bot: holder for holder in lock.take(frozenset(bots.values()), wait_s)}
    held = lock.leases
    if held is not None:
        store.ledger.lease_of = lambda guild_id: held.get(bot_of(tokens, guild_id))
    return {guild_id: holders[bot] for guild_id, bot in bots.items() if bot in holders}


def demand(tokens: Tokens, store: Store, lock: RunLock, guild_ids: Collection[str], wait_s: float) -> None:
    """Take the leases on the bots of some guilds. Raises LockHeldError if another host works with one of them."""
    if not lock.alone:
        others = lease(tokens, store, lock, guild_ids, wait_s)
        if others:
            raise held_by(others)


def held_by(others: Mapping[str, LeaseHolder]) -> LockHeldError:
    """Return the error for what cannot be done because another host works with a bot."""
    guild_id, holder = min(others.items())
    return LockHeldError(
        f"host {holder.host} works with bot {holder.bot}, and so in guild {guild_id}, since {iso(holder.since)}",
        "its run ends by itself within its run_budget, and a minute after that host fails; use --wait SECONDS to wait",
        holder.since,
    )


def elsewhere(others: Mapping[str, LeaseHolder]) -> tuple[Elsewhere, ...]:
    """Return what a run leaves to other hosts, by bot."""
    holders = {holder.bot: holder for holder in others.values()}
    return tuple(
        Elsewhere(bot, holder.host, holder.since, tuple(sorted(g for g, h in others.items() if h.bot == bot)))
        for bot, holder in sorted(holders.items())
    )


def silent_hosts(store: Store, max_silence: Millis, now: Millis) -> tuple[Warn, ...]:
    """Return a warning for each other host that runs no more, while others do. Raises StoreError."""
    hosts = hosts_of(store, max_silence, now)
    silent = [run for run in hosts.runs if run.host in hosts.silent and run.host != node_name()]
    return tuple(Warn("host_silent", None, *_told(run)) for run in silent)


def _told(run: HostRuns) -> tuple[str, str, str, str]:
    message, hint = silence_of(run)
    return message, "", hint, run.host
