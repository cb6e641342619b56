"""Ours or foreign: what may be adopted, changed or deleted in a guild (CONTRACT §6 "Ours"). Pure.

The strongest sign needs no memory: nobody gives this very bot a member overwrite on a voice channel by hand, and a
role named by such a channel's overwrites is that session's role.
"""

from __future__ import annotations

from collections.abc import Collection

from coachsync.domain.guild_objects import VOICE, Channel, Role
from coachsync.domain.model import MINUTE, Millis, Names, Resource
from coachsync.domain.naming import same_name, same_old_name
from coachsync.domain.permissions import ENTER, HANDED_ON, MANAGE_CHANNELS, MEMBER, ROLE, Overwrite

_EARLIER: Millis = 5_000  # Discord's Date header has whole seconds
_LATER: Millis = 1 * MINUTE  # Discord may act on a create well after the answer was given up
LATE: Millis = 10_000  # where hosts share a store, a create is sent this soon after its attempt, or not at all
_QUEUED: Millis = 5 * MINUTE  # so long a create may have waited for a limit, see engine.role.LONGEST_ROLE_WAIT_S


def in_flight(resource: Resource, created: Millis, timeout: Millis, late: Millis = 0) -> bool:
    """Return whether something made at `created` may come of this recorded attempt.

    `late`: so much later its create may still be sent if its end is not known: by a host that was frozen meanwhile.
    """
    until = over_at(resource, timeout) + (late if resource.attempt_until is None else 0)
    return resource.attempt_at - _EARLIER <= created <= until + _LATER


def over_at(resource: Resource, timeout: Millis) -> Millis:
    """Return when a create was in flight no more; of one that was cut short, when it was at the latest."""
    return resource.attempt_until or resource.attempt_at + _QUEUED + timeout


def has_bot_overwrite(channel: Channel, bot_id: str) -> bool:
    """Return whether the channel carries a member overwrite for this very bot."""
    return (MEMBER, bot_id) in channel.overwrites


def bears_our_overwrites(channel: Channel, bot_id: str, guild_id: str) -> bool:
    """Return whether a channel carries the set of overwrites that we give a room, and nothing else."""
    bot, everyone = channel.overwrites.get((MEMBER, bot_id)), channel.overwrites.get((ROLE, guild_id))
    if bot is None or everyone is None or channel.type != VOICE:
        return False
    others = [o for o in channel.overwrites.values() if o.target not in ((MEMBER, bot_id), (ROLE, guild_id))]
    ours = (bot.allow, bot.deny, everyone.allow, everyone.deny) == (ENTER | MANAGE_CHANNELS, 0, 0, ENTER)
    return ours and all(_lets_in(o) and not o.allow & ~(ENTER | HANDED_ON) for o in others)


def _lets_in(overwrite: Overwrite) -> bool:
    """Return whether an overwrite lets somebody in as we do it: with nothing denied, or as an observer's."""
    return overwrite.silences or (overwrite.lets_in and not overwrite.deny)


def is_private(channel: Channel, guild_id: str, bot_id: str, staff: Collection[str]) -> bool:
    """Return whether a channel bears exactly our overwrites: bot, @everyone's deny, staff, one role or members.

    Observers come in beside either.
    """
    bot, everyone = channel.overwrites.get((MEMBER, bot_id)), channel.overwrites.get((ROLE, guild_id))
    if bot is None or everyone is None or everyone.allow or everyone.deny & ENTER != ENTER:
        return False
    known = {(MEMBER, bot_id), (ROLE, guild_id), *((ROLE, i) for i in staff)}
    let_in = [o for target, o in channel.overwrites.items() if target not in known]
    speaking = [o for o in let_in if not o.silences]
    roles = sum(1 for o in speaking if o.type == ROLE)
    one_way = roles == 0 or len(speaking) == 1
    return one_way and all(_lets_in(o) for o in (bot, *let_in))


def is_our_channel(channel: Channel, names: Collection[Names], bot_id: str, claimed: bool) -> bool:
    """Return whether a channel that the ledger does not name is this session's room.

    `claimed`: the store names it; then a name without its symbols will do.
    """
    if channel.type != VOICE:
        return False
    if claimed and any(same_old_name(channel.name, n.channel) for n in names):
        return True
    return has_bot_overwrite(channel, bot_id) and any(same_name(channel.name, n.channel) for n in names)


def looks_like_our_role(role: Role, names: Collection[Names]) -> bool:
    """Return whether a role bears the session's exact name and is as we make them: no permissions, not managed."""
    return role.permissions == 0 and not role.managed and any(same_name(role.name, n.role) for n in names)


def may_be_our_room(channel: Channel, names: Collection[Names], bot_id: str) -> bool:
    """Return whether a channel that the ledger names can be what we made, whatever moderators did to it since.

    A row of the ledger alone proves nothing: others may write the database that it stands in.
    """
    named = any(same_old_name(channel.name, n.channel) for n in names)
    return channel.type == VOICE and (named or has_bot_overwrite(channel, bot_id))


def may_be_our_role(role: Role, names: Collection[Names], *, opens_our_room: bool) -> bool:
    """Return whether a role that the ledger names can be what we made, whatever moderators did to it since."""
    return not role.managed and (opens_our_room or any(same_name(role.name, n.role) for n in names))
