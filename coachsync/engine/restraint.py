"""Which guilds and tokens this run does not ask, for they refused lately; and what it learns of such.

What is refused is on disk at once: a run that is killed has asked all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from coachsync.clock import iso
from coachsync.config import Tokens
from coachsync.domain.case import Facts
from coachsync.domain.failure import Failure
from coachsync.domain.model import Action
from coachsync.domain.planned import Plan
from coachsync.domain.refusals import Asked, Refusal, refused, setup_bys
from coachsync.errors import ConfigError
from coachsync.store.ledger.writer import LedgerWriter

if TYPE_CHECKING:
    from coachsync.guild.picture import Guild

Change = Callable[[LedgerWriter], None]
_REFUSED = (401, 403)


class Restraint:
    """What is not asked in one run.

    `unlooked` are the guilds that are not even looked at, and why; `unmade` those that are asked for nothing new.
    """

    def __init__(
        self, refusals: Collection[Refusal], plan: Plan, facts: Facts, tokens: Tokens, *, by_hand: bool
    ) -> None:
        self.unlooked: dict[str, Failure] = {}
        self.unmade: dict[str, Failure] = {}
        self._known = {refusal.key: refusal for refusal in refusals}
        self._plan = plan
        self._facts = facts
        self._tokens = tokens
        self._by_hand = by_hand
        self._noted: set[str] = set()
        self._keys: dict[str, str] = {}
        self._actions: defaultdict[str, list[Action]] = defaultdict(list)
        if self._known and not by_hand:
            for guild_id in plan.guilds:
                self._hold(guild_id)

    def refused_before(self, guild_id: str) -> bool:
        """Return whether a guild, or Discord for its token, refused when it was last asked."""
        return guild_id in self._known or self._token_key(guild_id) in self._known

    def held(self) -> dict[str, Failure]:
        """Return which sessions have to wait, and why: what is due for them is not begun."""
        whole = {a.session.id: self.unlooked[a.guild_id] for a in self._plan.actions if a.guild_id in self.unlooked}
        new = [a for a in self._plan.actions if a.guild_id in self.unmade and is_unmade(a)]
        return {a.session.id: self.unmade[a.guild_id] for a in new} | whole

    def only_waits(self, guild_id: str) -> bool:
        """Return whether all that is due in a guild are rooms yet to be made: it need not be looked at for them."""
        idle = guild_id not in self._plan.searched | self._plan.open_guilds
        return idle and all(map(is_unmade, self._due(guild_id)))

    def after_look(self, guild: Guild) -> Change | None:
        """Return how what was learned by looking at a guild is remembered; None if there is nothing to remember."""
        key = self._token_key(guild.id)
        if guild.failure is None:
            known = self._known.get(guild.id)
            return self._forget(*([guild.id] if known is not None and known.asked == "look" else []), key)
        error = guild.failure
        if error.http_status not in _REFUSED or error.code == "blocked":
            return None
        failure = Failure(error.code, error.message, error.hint)
        return (
            self._keep(key, "token", failure) if error.code == "unauthorized" else self._keep(guild.id, "look", failure)
        )

    def after_asking(self, guild: Guild) -> Change | None:
        """Return how what was learned by asking a guild for something new is remembered."""
        asking, known = guild.asking, self._known.get(guild.id)
        if asking.asked and asking.refused is not None:
            return self._keep(guild.id, asking.asked, asking.refused)
        return self._forget(guild.id) if known is not None and known.asked in asking.made else None

    def _hold(self, guild_id: str) -> None:
        key = self._token_key(guild_id)
        for refusal in (self._known.get(key), self._known.get(guild_id)):
            if refusal is None or not refusal.holds(self._facts.now, self._due(refusal.key), self._setup_by):
                continue
            held = self.unlooked if refusal.asked in ("token", "look") else self.unmade
            held.setdefault(guild_id, self._told(refusal))

    def _told(self, refusal: Refusal) -> Failure:
        again = iso(refusal.until(setup_bys(self._due(refusal.key), self._setup_by)))
        hint = f"{refusal.failure.hint}; Discord is asked again at {again}, or at once by `coachsync setup ID`"
        return refusal.failure._replace(hint=hint)

    def _due(self, key: str) -> list[Action]:
        """Return what is due in a guild, or in all guilds of a token."""
        if not self._actions:
            for action in self._plan.actions:
                self._actions[action.guild_id].append(action)
                self._actions[self._token_key(action.guild_id)].append(action)
        return self._actions[key]

    @property
    def _setup_by(self) -> int:
        return self._facts.policy.setup_by

    def _token_key(self, guild_id: str) -> str:
        """Return what a guild's token goes by; "" if there is none."""
        if guild_id not in self._keys:
            try:
                self._keys[guild_id] = f"token:{self._tokens.of(guild_id).token.mark}"
            except ConfigError:
                self._keys[guild_id] = ""
        return self._keys[guild_id]

    def _keep(self, key: str, asked: Asked, failure: Failure) -> Change | None:
        if key in self._noted:
            return None
        self._noted.add(key)
        before, now = self._known.get(key), self._facts.now
        refusal = refused(before, key, asked, failure, now, self._due(key), by_hand=self._by_hand)
        return lambda ledger: ledger.keep_refusal(refusal)

    def _forget(self, *keys: str) -> Change | None:
        gone = [key for key in keys if self._known.pop(key, None) is not None]
        if not gone:
            return None

        def change(ledger: LedgerWriter) -> None:
            for key in gone:
                ledger.forget_refusal(key)

        return change


def is_unmade(action: Action) -> bool:
    """Return whether an action is a setup that has yet to make its room."""
    entry = action.entry
    return action.kind == "setup" and (entry is None or not entry.live or entry.current("channel") is None)
