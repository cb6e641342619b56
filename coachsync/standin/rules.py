"""Who may do what: the checks Discord makes before it acts, as refusals that carry Discord's code.

Source: https://docs.discord.com/developers/topics/permissions
"""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain import permissions as p
from coachsync.domain.permissions import Overwrite
from coachsync.standin.answers import refuse
from coachsync.standin.clock import Millis
from coachsync.standin.model import CATEGORY, Application, Channel, Guild, Member, Role

KEPT_WHEN_HELD_BACK = p.VIEW_CHANNEL | p.BITS["READ_MESSAGE_HISTORY"]


def guild_bits(guild: Guild, member: Member, now: Millis) -> int:
    """What a member may do in the guild itself, at the time `now`."""
    held = _base_bits(guild, member)
    return held & KEPT_WHEN_HELD_BACK if member.held_back(now) and not held & p.ADMINISTRATOR else held


def _base_bits(guild: Guild, member: Member) -> int:
    held = (guild.roles[role].permissions for role in member.roles if role in guild.roles)
    return p.guild_permissions(guild.everyone.permissions, held, owner=member.user_id == guild.owner_id)


def channel_bits(guild: Guild, channel: Channel, member: Member, now: Millis) -> int:
    """What a member may do in a channel, at the time `now`."""
    return p.channel_permissions(
        _base_bits(guild, member),
        channel.in_force,
        guild_id=guild.id,
        member_id=member.user_id,
        role_ids=member.roles,
        voice=channel.voice,
        timed_out=member.held_back(now),
    )


def visible(guild: Guild, channel: Channel, member: Member, now: Millis) -> bool:
    """Whether a channel is in the member's list: a category is, when anything under it is."""
    if channel_bits(guild, channel, member, now) & p.VIEW_CHANNEL:
        return True
    if channel.type != CATEGORY:
        return False
    return any(channel_bits(guild, child, member, now) & p.VIEW_CHANNEL for child in guild.children(channel.id))


def top_rank(guild: Guild, member: Member) -> tuple[int, int]:
    """Height of the member's highest role; the owner stands above all."""
    if member.user_id == guild.owner_id:
        return 1 << 62, 0
    held = [guild.roles[role].rank() for role in member.roles if role in guild.roles]
    return max(held, default=guild.everyone.rank())


def require_guild(guild: Guild, app: Application, bits: int, now: Millis) -> int:
    """Demand permissions of the guild itself, and tell all that are held."""
    held = guild_bits(guild, guild.members[app.id], now)
    _demand(guild, app, held, bits)
    return held


def require_channel(guild: Guild, channel: Channel, app: Application, bits: int, now: Millis) -> int:
    """Demand permissions in a channel, which must be seen and, for voice, entered; tell all that are held."""
    held = channel_bits(guild, channel, guild.members[app.id], now)
    if not held & p.VIEW_CHANNEL or (channel.voice and not held & p.CONNECT):
        raise refuse(50001)
    _demand(guild, app, held, bits)
    return held


def _demand(guild: Guild, app: Application, held: int, bits: int) -> None:
    if bits & ~held:
        raise refuse(50013)
    if guild.mfa_level and not app.mfa_enabled and bits & p.MFA_GATED and app.id != guild.owner_id:
        raise refuse(60003)


def require_below(guild: Guild, role: Role, app: Application) -> None:
    """Demand that a role stands below the bot's highest; ADMINISTRATOR does not lift this."""
    if role.rank() >= top_rank(guild, guild.members[app.id]):
        raise refuse(50013)


def require_handable(overwrites: Iterable[Overwrite], held: int) -> None:
    """Demand that every bit an overwrite allows or denies is held, MANAGE_ROLES by administrators alone."""
    for overwrite in overwrites:
        bits = overwrite.allow | overwrite.deny
        if bits & ~held or (bits & p.MANAGE_ROLES and not held & p.ADMINISTRATOR):
            raise refuse(50013)


def writable_bits(guild: Guild, channel: Channel, app: Application, now: Millis) -> int:
    """Bits the bot may put into overwrites of an existing channel.

    Those it holds in the guild or in the parent category; any, where the channel gives it MANAGE_ROLES.
    """
    member = guild.members[app.id]
    mine = {app.id, *member.roles}
    if any(o.allow & p.MANAGE_ROLES for o in channel.in_force if o.id in mine):
        return p.ALL
    held = guild_bits(guild, member, now)
    parent = guild.channels.get(channel.parent_id or "")
    return held | channel_bits(guild, parent, member, now) if parent else held


def require_seen_parent(guild: Guild, parent_id: str | None, app: Application, now: Millis) -> None:
    """Demand that the category, if there is one, is not hidden from the bot."""
    parent = guild.channels.get(parent_id or "")
    if parent is not None and not channel_bits(guild, parent, guild.members[app.id], now) & p.VIEW_CHANNEL:
        raise refuse(50001)
