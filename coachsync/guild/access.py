"""The way to Discord for a guild: its settings, its token, and the client that both lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from coachsync.config import DiscordSettings, FoundToken, Settings, Tokens
from coachsync.discord.api import Discord
from coachsync.discord.gateway import Gateway
from coachsync.discord.pace.dispatch import Ceiling
from coachsync.discord.refused import RefusedAnswers
from coachsync.domain.audience import Privacy
from coachsync.domain.failure import Failure
from coachsync.domain.limits import ROLE_WINDOW
from coachsync.domain.model import Access, Millis, Resource, Warn
from coachsync.errors import ConfigError
from coachsync.secrets import Token
from coachsync.store.base import Store
from coachsync.store.leases import RunLock


class GuildAccess(NamedTuple):
    """What apply must know of a guild before it looks: settings, a client or why there is none, the ledger's word.

    `refused` is why the guild is not asked for anything new in this run.
    """

    discord: Discord | None
    failure: Failure | None
    category_id: str | None
    staff_role_ids: tuple[str, ...]
    access: Access
    timeout: Millis
    roles_exhausted_until: Millis
    roles_made: Callable[[Millis], int]
    categories: list[Resource]
    given_up: Mapping[str, str]
    privacy: Privacy
    refused: Failure | None = None


class Ways:
    """The ways to Discord: one gateway for each API base and pace, one client for each token.

    `lock` is what the run holds: what was used of Discord's limit before, and which tokens may be used; None for a look
    beside any run. `refused` returns what counts the refused answers of a host.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        deadline: float,
        lock: RunLock | None,
        refused: Callable[[str], RefusedAnswers] | None = None,
    ) -> None:
        self.settings = settings
        self._tokens = tokens
        self.warnings: list[Warn] = []
        self._deadline = deadline
        self._lock = lock
        self._refused = refused
        self._ceiling = Ceiling(settings.discord.concurrency)
        self._gateways: dict[tuple[str, Millis, int], Gateway] = {}

    @property
    def requests_sent(self) -> int:
        """Return how many requests left this host."""
        return sum(g.requests_sent for g in self._gateways.values())

    @property
    def spent(self) -> tuple[float, ...]:
        """Return when the last second's requests were answered, under whatever token."""
        lately = sorted(at for g in self._gateways.values() for at in g.lately)
        return tuple(lately[-self.settings.discord.max_requests_per_second :])

    def to(self, settings: DiscordSettings) -> Discord:
        """Return the client for a guild. Raises ConfigError if it has no token."""
        found = self._tokens.of(settings.guild_id)
        self._warn(found)
        key = (settings.api_base, settings.timeout, settings.max_requests_per_second)
        if key not in self._gateways:
            self._gateways[key] = self._gateway(settings)
        return self._gateways[key].discord(found.token, partial(self._may_use, found.token))

    @property
    def alone(self) -> bool:
        """Return whether no other run can be under way, as far as that can be told."""
        return self._lock is None or self._lock.alone

    def _may_use(self, token: Token) -> bool:
        return self._lock is None or self.alone or self._lock.holds(token.bot)

    def _warn(self, found: FoundToken) -> None:
        if found.warning is not None and found.warning not in self.warnings:
            self.warnings.append(found.warning)

    def _gateway(self, settings: DiscordSettings) -> Gateway:
        return Gateway(
            settings.api_base,
            timeout=settings.timeout / 1000,
            per_second=settings.max_requests_per_second,
            ceiling=self._ceiling,
            deadline=self._deadline,
            spent=() if self._lock is None else self._lock.spent,
            refused=None if self._refused is None else self._refused(host_of(settings.api_base)),
        )

    def stop(self, reason: str) -> None:
        """Send nothing more."""
        for gateway in self._gateways.values():
            gateway.stop(reason)

    def close(self) -> None:
        """Let go of threads and connections."""
        for gateway in self._gateways.values():
            gateway.close()


def host_of(api_base: str) -> str:
    """Return the host, and the port if one is named, that an API base leads to."""
    return urlsplit(api_base).netloc.lower()


def guild_access(ways: Ways, store: Store, guild_id: str) -> GuildAccess:
    """Return the way to one guild; if it has no token, `failure` says so."""
    settings = ways.settings.guild(guild_id)
    discord, failure = None, None
    try:
        discord = ways.to(settings)
    except ConfigError as error:
        failure = Failure("unauthorized", error.message, error.hint)
    until = store.ledger.roles_exhausted_until(guild_id)
    return GuildAccess(
        discord=discord,
        failure=failure,
        category_id=settings.category_id,
        staff_role_ids=settings.staff_role_ids,
        access=settings.access,
        timeout=settings.timeout,
        roles_exhausted_until=until or 0,
        roles_made=lambda now: store.ledger.roles_made_since(guild_id, now - ROLE_WINDOW),
        categories=store.ledger.categories(guild_id),
        privacy=Privacy(ways.settings.privacy.strangers == "remove", frozenset(ways.settings.privacy.also)),
        given_up=store.ledger.given_up(guild_id),
    )
