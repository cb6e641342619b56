"""How near a guild is to what Discord lets it hold, and the bot make."""

from __future__ import annotations

from collections.abc import Iterator

from coachsync.doctor.business import Business
from coachsync.doctor.finding import doubt, fault
from coachsync.doctor.look import Asked
from coachsync.domain import limits
from coachsync.domain.finding import Finding
from coachsync.domain.model import Millis
from coachsync.domain.words import span

_NEAR = 10  # roles, channels: so few left are worth a word


def of_limits(asked: Asked, business: Business) -> Iterator[Finding]:
    """Yield what there is little left of, for the sessions that are coming."""
    guild, wanted = asked.guild, len(business.coming)
    by_role = business.settings.access == "role"
    near = [*_of_channels(guild.id, limits.MOST_CHANNELS - len(guild.channels), wanted)]
    near += _of_roles(guild.id, limits.MOST_ROLES - len(guild.roles), wanted) if by_role else ()
    yield from near or (doubt("limits", note.message, note.hint, guild.id) for note in guild.notes())
    yield from _of_creations(guild.id, guild.now(), business) if by_role else ()


def _of_channels(guild_id: str, left: int, wanted: int) -> Iterator[Finding]:
    hint = "delete channels that are not needed"
    if left <= 0:
        told = f"guild {guild_id} has its {limits.MOST_CHANNELS} channels: no room can be made"
        yield fault("limits", told, hint, guild_id)
    elif left <= max(_NEAR, wanted):
        told = f"guild {guild_id} has room for {left} more channels, and {wanted} sessions are coming"
        yield doubt("limits", told, hint, guild_id)


def _of_roles(guild_id: str, left: int, wanted: int) -> Iterator[Finding]:
    hint = 'delete roles that are not needed; access = "member" in the configuration needs none'
    if left <= 0:
        told = f"guild {guild_id} has its {limits.MOST_ROLES} roles: sessions get access by overwrites instead"
        yield doubt("limits", told, hint, guild_id)
    elif left <= max(_NEAR, wanted):
        told = f"guild {guild_id} has room for {left} more roles, and {wanted} sessions are coming"
        yield doubt("limits", told, hint, guild_id)


def _of_creations(guild_id: str, now: Millis, business: Business) -> Iterator[Finding]:
    hint = 'access = "member" in the configuration makes no roles, for rooms made from then on'
    budget = business.budget
    if budget.none_until > now:
        wait = span(budget.none_until - now)
        told = f"Discord makes no more roles in guild {guild_id} for {wait}: sessions get access by overwrites instead"
        yield doubt("limits", told, hint, guild_id)
    elif budget.left(now) <= max(_NEAR, len(business.coming)):
        told = (
            f"{budget.used(now)} roles were made in guild {guild_id} within 48 h; Discord makes {budget.most} for a bot"
        )
        yield doubt("limits", told, hint, guild_id)


def room_left(asked: Asked) -> str:
    """Return how much more the guild can hold."""
    roles, channels = limits.MOST_ROLES - len(asked.guild.roles), limits.MOST_CHANNELS - len(asked.guild.channels)
    return f"room for {roles} roles and {channels} channels"
