"""What the bot may do in a guild and in its rooms, and whom it outranks: `permissions` and `role_position`.

What a refusal would say is foreseen here in the words of `guild.powers`, which runs use too.
"""

from __future__ import annotations

from collections.abc import Iterator

from coachsync.discord.errors import Forbidden, NotFound
from coachsync.doctor.business import Business
from coachsync.doctor.finding import doubt, failed, fault
from coachsync.doctor.look import Asked
from coachsync.domain import permissions as p
from coachsync.domain.finding import Finding
from coachsync.domain.guild_objects import CATEGORY, Channel, Role
from coachsync.domain.model import Entry
from coachsync.guild.powers import Powers, denied, lack, role_of_integration, too_high

_IN_ROOM = p.ENTER | p.MANAGE_CHANNELS  # what a bot that made a room allows itself there


def maker(asked: Asked, business: Business) -> str:
    """Return which other bot made the rooms that are open, "" if this one did or there are none.

    The ledger knows it; of a ledger that does not, the bot's own overwrite in a room that is listed says it.
    """
    if not business.live or business.bot_id == asked.me.id:
        return ""
    if business.bot_id:
        return business.bot_id
    made = (_maker(asked, entry) for entry in business.live)
    return next((bot for bot in made if bot), "")


def _maker(asked: Asked, entry: Entry) -> str:
    room = entry.current("channel")
    channel = asked.guild.channels.get(room.snowflake or "") if room is not None else None
    if channel is None or (p.MEMBER, asked.guild.bot_id) in channel.overwrites:
        return ""
    people = {person.id for person in entry.people}
    made = (o.id for o in channel.overwrites.values() if o.type == p.MEMBER and o.allow & _IN_ROOM == _IN_ROOM)
    return next((bot for bot in made if bot not in people), "")


def of_permissions(asked: Asked, business: Business, link: str) -> Iterator[Finding]:
    """Yield what the bot lacks in the guild, by its category and in its rooms. `link` invites it with all of it."""
    guild, powers = asked.guild, asked.guild.powers
    if powers is None:
        return
    lacking = powers.lacking()
    if lacking:
        found = lack(guild.id, lacking)
        yield fault("permissions", found.message, f"{found.hint}; or have the server's owner open {link}", guild.id)
    yield from _of_handed_on(guild.id, powers, "" if lacking else link)
    yield from _of_observers(guild.id, powers, business)
    category = asked.category
    if isinstance(category, Channel) and category.type == CATEGORY:
        taken = powers.denied_in(category)
        if taken and not taken & p.VIEW_CHANNEL:  # a hidden one is the check `category`'s
            failure = denied(category, guild.roles, powers, taken)
            yield fault("permissions", f"the category {failure.message}", failure.hint, guild.id)
    yield from _of_rooms(asked, business, powers)


def _of_handed_on(guild_id: str, powers: Powers, link: str) -> Iterator[Finding]:
    """Yield what the people of a room will not get: an overwrite may hand on only what the bot itself holds."""
    lacking = powers.lacking(p.HANDED_ON)
    if not lacking:
        return
    missing = ", ".join(p.names(lacking))
    what = (
        f"the bot lacks {missing} in guild {guild_id}, so its overwrites cannot ask for it and rooms are made without"
    )
    hint = f"in Server Settings → Roles, give the bot's role {missing}"
    if link:  # else it stands with what is worse already
        hint += f"; or have the server's owner open {link}"
    if lacking & p.SPEAK:
        yield fault("permissions", f"{what}: nobody can speak there", hint, guild_id)
    else:
        yield doubt("permissions", what, hint, guild_id)


def _of_observers(guild_id: str, powers: Powers, business: Business) -> Iterator[Finding]:
    """Yield what keeps observers out, if any are booked: an overwrite may deny only what the bot itself holds."""
    watched = [s for s in business.coming if s.guild_id == guild_id and s.observers]
    lacking = powers.lacking(p.SILENCE)
    if not watched or not lacking:
        return
    missing = ", ".join(p.names(lacking))
    many = f"{len(watched)} coming sessions have" if len(watched) > 1 else f"session {watched[0].id} has"
    what = f"{many} observers, and the bot lacks {missing} in guild {guild_id}: it cannot deny it to them"
    hint = f"in Server Settings → Roles, give the bot's role {missing}; until then observers are not let in"
    yield fault("permissions", what, hint, guild_id, watched[0].id)


def _of_rooms(asked: Asked, business: Business, powers: Powers) -> Iterator[Finding]:
    """Yield the open rooms that the bot cannot see, or not manage: it could neither mend nor remove them."""
    guild = asked.guild
    for entry in business.live:
        room = entry.current("channel")
        if room is None or room.snowflake is None:
            continue
        channel = guild.channels.get(room.snowflake)
        if channel is not None:
            taken = powers.denied_in(channel, _IN_ROOM)
            if taken:
                yield failed("permissions", denied(channel, guild.roles, powers, taken), guild.id, entry.session_id)
            continue
        error = asked.unlisted.get(room.snowflake)
        what = f"the room {room.name!r} ({room.snowflake}) of session {entry.session_id}"
        if isinstance(error, Forbidden):
            told = f"{what} is hidden from the bot: {error.message}"
            hint = f"{error.hint}; if the token was changed, put back that of the bot that made it"
            yield fault("permissions", told, hint, guild.id, entry.session_id)
        elif isinstance(error, NotFound):
            yield doubt("permissions", f"{what} is gone", "the next run makes a new one", guild.id, entry.session_id)


def of_roles(asked: Asked, business: Business) -> Iterator[Finding]:
    """Yield the session roles that the bot may not hand out: those there are, and the next one made."""
    guild = asked.guild
    if guild.powers is None or guild.powers.held is None:
        return
    told = False
    for session_id, role_id in _session_roles(business).items():
        role = guild.roles.get(role_id)
        if role is None or role_id == guild.id:
            continue
        if role.managed:
            yield failed("role_position", role_of_integration(role), guild.id, session_id)
        elif not guild.outranks(role):
            told = True
            yield failed("role_position", too_high(role), guild.id, session_id)
    # a new role stands at position 1, below all that are older
    new = Role(str((1 << 64) - 1), "of a new session", 1, 0, managed=False)
    if business.settings.access == "role" and not told and not guild.outranks(new):
        what = "the bot holds no role that stands above new roles, so it could hand out none that it makes"
        hint = (
            "in Server Settings → Roles, drag the bot's role above the session roles; if it has none, invite it again"
        )
        yield fault("role_position", what, hint, guild.id)


def _session_roles(business: Business) -> dict[str, str]:
    """Return session id → role, of the open sessions and of those to come whose booking names one."""
    found = {session.id: session.role_id for session in business.coming if session.role_id is not None}
    for entry in business.live:
        role = entry.current("role")
        if role is not None and role.snowflake is not None:
            found[entry.session_id] = role.snowflake
    return found
