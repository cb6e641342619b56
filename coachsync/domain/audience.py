"""Who can see and enter a room, and who should: the one question of privacy (CONTRACT §5 "privacy"). Pure.

Answered from what a run reads anyway: the guild's roles, the room's overwrites, the ledger. It is asked after every
setup, adoption, repair and update and in every look; the difference is what is mended, reported and audited.

What Discord does not show is not guessed: the members of a role are known by count alone, the owner and who is an
administrator can enter every room and are nobody's stranger.

Source: https://docs.discord.com/developers/topics/permissions#permission-overwrites
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from coachsync.domain.guild_objects import Role
from coachsync.domain.permissions import (
    ADMINISTRATOR,
    ENTER,
    MEMBER,
    ROLE,
    SILENCE,
    SPEAK,
    SPEAKING,
    VIEW_CHANNEL,
    Overwrite,
    Target,
    channel_permissions,
    guild_permissions,
)

NEEDED = ENTER | SPEAK
"""What somebody must hold in the room to have been let in."""

FaultKind = Literal["bot", "everyone", "former", "role", "stranger", "observer", "staff", "admitted"]
"""What may be wrong with a room, in the order in which it is mended: the bot keeps its access first, then what is
open is closed, then what is lacking is given."""


CLOSING: frozenset[FaultKind] = frozenset({"everyone", "former", "role", "stranger", "observer"})
"""The faults by which somebody has too much."""


class House(NamedTuple):
    """The guild as far as entering a room depends on it.

    `own_roles` are the roles that only the bot holds.
    """

    guild_id: str
    bot_id: str
    roles: Mapping[str, Role]
    own_roles: frozenset[str] = frozenset()

    @property
    def everyone(self) -> int:
        """Return what @everyone holds; its role bears the guild's own id."""
        role = self.roles.get(self.guild_id)
        return role.permissions if role is not None else 0


class Guests(NamedTuple):
    """Who should be able to enter a room.

    `wanted` are the overwrites that it must carry, the bot's first, then @everyone's. `role` is the session's role.
    `people` are the booked people, `observers` those of them who may only observe, `also` whom the configuration lets a
    moderator admit by hand, `former` the roles that the room was made for and that are not to enter any more: staff's,
    or a session role that was replaced.
    """

    wanted: tuple[Overwrite, ...]
    role: str | None = None
    people: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()
    observers: frozenset[str] = frozenset()


class Privacy(NamedTuple):
    """`[privacy]`: whether a stranger's overwrite is removed or only reported, and who may be let in by hand."""

    remove: bool = True
    also: frozenset[str] = frozenset()


class Fault(NamedTuple):
    """One thing that is wrong with a room.

    `put` is the overwrite that mends it; None if one is to be deleted, or if the role itself is to be mended. `open`:
    by this somebody who should not could see the room or, an observer, speak in it.
    """

    kind: FaultKind
    target: Target
    put: Overwrite | None
    open: bool


def faults(house: House, overwrites: Mapping[Target, Overwrite], guests: Guests) -> tuple[Fault, ...]:
    """Return what is wrong with a room, in the order in which it is to be mended."""
    found = [*_lacking(house, overwrites, guests), *_too_much(house, overwrites, guests)]
    return tuple(sorted(found, key=lambda fault: _ORDER[fault.kind]))


_ORDER: dict[FaultKind, int] = {
    "bot": 0, "everyone": 1, "former": 2, "role": 3, "stranger": 4, "observer": 5, "staff": 6, "admitted": 7,
}  # fmt: skip


def _lacking(house: House, overwrites: Mapping[Target, Overwrite], guests: Guests) -> list[Fault]:
    """Return the wanted overwrites that are missing or changed; a person's is that person's grant, not told here."""
    found = []
    for wanted in guests.wanted:
        there = overwrites.get(wanted.target)
        kind = _kind(house, guests, wanted)
        if kind is not None and (there is None or not there.covers(wanted)):
            found.append(Fault(kind, wanted.target, wanted, kind == "everyone" and is_open(house, overwrites)))
    return found


def _kind(house: House, guests: Guests, wanted: Overwrite) -> FaultKind | None:
    if wanted.type == MEMBER:
        return "bot" if wanted.id == house.bot_id else None
    if wanted.id == house.guild_id:
        return "everyone"
    return "admitted" if wanted.id == guests.role else "staff"


def _too_much(house: House, overwrites: Mapping[Target, Overwrite], guests: Guests) -> list[Fault]:
    found = []
    for target in overwrites:
        if target == (ROLE, target[1]) and target[1] in guests.former:
            found.append(Fault("former", target, None, open=False))
        elif is_stranger(house, overwrites[target], guests):
            found.append(Fault("stranger", target, None, open=True))
        elif target[0] == MEMBER and target[1] in guests.observers - guests.also:
            found += _of_observer(overwrites[target], guests)
    role = house.roles.get(guests.role or "")
    if role is not None and not role.plain:
        found.append(Fault("role", (ROLE, role.id), None, open=False))
    return found


def _of_observer(overwrite: Overwrite, guests: Guests) -> list[Fault]:
    """Return what is wrong with an observer's overwrite: it lets them in, and does not silence them as it should.

    One whom the bot cannot silence is not let in.
    """
    wanted = next((w for w in guests.wanted if w.target == overwrite.target), None)
    if not overwrite.allow & VIEW_CHANNEL or (wanted is not None and overwrite.covers(wanted)):
        return []
    heard = bool(SILENCE & ~overwrite.deny or SPEAKING & overwrite.allow)
    if heard or (wanted is not None and wanted.deny & ~overwrite.deny):
        return [Fault("observer", overwrite.target, wanted, open=heard)]
    return []


def is_stranger(house: House, overwrite: Overwrite, guests: Guests) -> bool:
    """Return whether an overwrite lets somebody see the room who should not."""
    if not overwrite.allow & VIEW_CHANNEL or overwrite.target in {w.target for w in guests.wanted}:
        return False
    if overwrite.id in guests.also:
        return False
    if overwrite.type == MEMBER:
        return overwrite.id not in guests.people and overwrite.id != house.bot_id
    role = house.roles.get(overwrite.id)
    powerful = role is not None and bool(role.permissions & ADMINISTRATOR)  # sees every room anyway
    return not powerful and overwrite.id not in house.own_roles and overwrite.id != house.guild_id


def is_open(house: House, overwrites: Mapping[Target, Overwrite]) -> bool:
    """Return whether @everyone, or a role that the room does not name, can see it."""
    named = {i for kind, i in overwrites if kind == ROLE}
    others = [r for i, r in house.roles.items() if i not in named and not r.permissions & ADMINISTRATOR]
    bases = [house.everyone, *(house.everyone | role.permissions for role in others)]
    return any(_held(house, overwrites, base) & VIEW_CHANNEL for base in bases if not base & ADMINISTRATOR)


def lets_in(house: House, overwrites: Mapping[Target, Overwrite], target: Target) -> int:
    """Return which of the `NEEDED` permissions somebody lacks whom the room admits as `target`: 0 if none."""
    kind, whom = target
    base = house.everyone
    if kind == MEMBER:
        return NEEDED & ~_held(house, overwrites, base, member=whom)
    role = house.roles.get(whom)
    base = guild_permissions(base, [role.permissions] if role is not None else [])
    return NEEDED & ~_held(house, overwrites, base, role=whom)


def _held(house: House, overwrites: Mapping[Target, Overwrite], base: int, *, member: str = "", role: str = "") -> int:
    return channel_permissions(
        base,
        overwrites.values(),
        guild_id=house.guild_id,
        member_id=member,
        role_ids=(role,) if role else (),
    )
