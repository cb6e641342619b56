"""What planning is given and what it returns: scope, refusals and the plan. Pure data."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from coachsync.domain.drift import CLOSING
from coachsync.domain.failure import Failure
from coachsync.domain.model import Action, ActionKind, Entry, Resource, Session, Warn
from coachsync.domain.states import ClosedBy

RANK: dict[ActionKind, int] = {"setup": 0, "update": 1, "revoke": 2, "repair": 3, "cleanup": 4}
"""The order in which actions are shown and begun."""


class Scope(NamedTuple):
    """What this call may do: the action kinds, and, if sessions were named, which (due or not)."""

    kinds: frozenset[ActionKind]
    named: frozenset[str] | None = None
    force: bool = False
    abandon: bool = False


class Refused(NamedTuple):
    """A session that cannot get what is due or was asked for. `once`: it counts as failed in one run only.

    "deferred" is what waits for a pause alone: that is no failure.
    """

    session: Session
    kind: ActionKind
    outcome: Literal["failed", "refused", "deferred"]
    failure: Failure
    once: bool = False
    entry: Entry | None = None


class Plan(NamedTuple):
    """All that a tick decided before it looked at Discord.

    `actions` and `refused` are in the order in which they are shown and begun. `looks` are the live entries whose
    rooms are looked at for drift, `adopts` sessions with an open room that the ledger does not know, `restores`
    sessions of which store and ledger do not say the same (marks, times, people), `unsettled` entries whose life is
    over but a create of which may still come to light, `left` entries of which something was left behind in a guild
    that was out of reach when they moved. `searched` are the guilds that a new ledger looks through once, `orphans`
    what was found there and is nobody's. `missing` are the live entries whose booking is not in the store, accidents
    left out: those runs do not count against a booking. `insisted` are the sessions whose pause an operator overrules.
    `reviewed`: of what is only found by looking, nothing is done but what keeps strangers out.
    """

    actions: tuple[Action, ...]
    refused: tuple[Refused, ...]
    warnings: tuple[Warn, ...]
    restores: tuple[tuple[Session, Entry], ...]
    found: tuple[str, ...]
    missing: tuple[str, ...]
    looks: tuple[tuple[Session, Entry], ...] = ()
    adopts: tuple[Session, ...] = ()
    unsettled: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    searched: frozenset[str] = frozenset()
    orphans: tuple[Resource, ...] = ()
    insisted: frozenset[str] = frozenset()
    reviewed: bool = False

    def allows(self, action: Action) -> bool:
        """Return whether an action may begin: of a reviewed plan nothing else does, but what keeps strangers out."""
        if not self.reviewed or any(a.session.id == action.session.id and a.kind == action.kind for a in self.actions):
            return True
        return action.kind == "repair" and all(drift.kind in CLOSING for drift in action.why)

    @property
    def open_guilds(self) -> frozenset[str]:
        """Return the guilds in which something is, or may be, there."""
        ids = [e.guild_id for _, e in self.looks] + [s.guild_id for s in self.adopts]
        ids += [e.guild_id for e in self.unsettled] + [r.guild_id for e in self.left for r in e.left_behind()]
        return frozenset(ids + [r.guild_id for r in self.orphans])

    @property
    def needed(self) -> frozenset[str]:
        """Return the guilds in which something is due or open."""
        return self.open_guilds | {a.guild_id for a in self.actions}

    @property
    def guilds(self) -> frozenset[str]:
        """Return the guilds that Discord must be asked about."""
        return self.needed | self.searched

    def without(self, guild_ids: Collection[str]) -> Plan:
        """Return the plan without what is to be done, looked at or said in these guilds."""
        return self._replace(
            actions=tuple(a for a in self.actions if a.guild_id not in guild_ids),
            refused=tuple(r for r in self.refused if r.session.guild_id not in guild_ids),
            restores=tuple((s, e) for s, e in self.restores if e.guild_id not in guild_ids),
            looks=tuple((s, e) for s, e in self.looks if e.guild_id not in guild_ids),
            adopts=tuple(s for s in self.adopts if s.guild_id not in guild_ids),
            unsettled=tuple(e for e in self.unsettled if e.guild_id not in guild_ids),
            left=tuple(e for e in self.left if not any(r.guild_id in guild_ids for r in e.left_behind())),
            searched=self.searched - frozenset(guild_ids),
            orphans=tuple(r for r in self.orphans if r.guild_id not in guild_ids),
        )

    def losing(self) -> Plan:
        """Return what of the plan takes access away."""
        kept = tuple(a for a in self.actions if a.kind in ("cleanup", "revoke", "update"))
        nothing: frozenset[str] = frozenset()
        return self._replace(actions=kept, adopts=(), unsettled=(), restores=(), searched=nothing, orphans=())


class Due(NamedTuple):
    """What the decision table says of one session: the action, its reason for people, why it closes the session."""

    kind: ActionKind
    reason: str
    closed_by: ClosedBy = ""
