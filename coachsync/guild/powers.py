"""What the bot cannot do in a guild, as the guild's own lists show it: said at once, and not tried.

Every refused request counts against this host's address, so what is sure to be refused is never sent. Whatever the
lists leave open is left to Discord.

Source: https://docs.discord.com/developers/topics/permissions, .../topics/rate-limits (invalid requests)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from coachsync.clock import iso
from coachsync.domain import permissions as p
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import VOICE, Channel, Member, Role
from coachsync.domain.model import Millis

REQUIRED = p.VIEW_CHANNEL | p.MANAGE_CHANNELS | p.MANAGE_ROLES | p.CONNECT
"""What the bot must hold in the guild itself, for rooms to be made and mended."""


class Powers(NamedTuple):
    """What the bot holds in a guild: its permissions there, None if the list of roles does not show them whole."""

    guild_id: str
    bot_id: str
    role_ids: frozenset[str]
    held: int | None

    def lacking(self, bits: int = REQUIRED) -> int:
        """Return which of `bits` the bot surely lacks in the guild itself."""
        return 0 if self.held is None else bits & ~self.held

    def lacking_in(self, channel: Channel, parent: Channel | None, bit: int) -> bool:
        """Return whether the bot surely lacks `bit` in a channel: there, in its category and in the guild itself.

        One that stands under a category which is not listed may be open to it by that.
        """
        if not self.lacking(bit) or (channel.parent_id is not None and parent is None):
            return False
        return not any(self._in(c) & bit for c in (channel, parent) if c is not None)

    def _in(self, channel: Channel) -> int:
        return p.channel_permissions(
            self.held or 0,
            channel.overwrites.values(),
            guild_id=self.guild_id,
            member_id=self.bot_id,
            role_ids=self.role_ids,
            voice=channel.type == VOICE,
        )

    def denied_in(self, channel: Channel, bits: int = REQUIRED) -> int:
        """Return which of `bits` the bot holds in the guild, and overwrites of this channel surely take from it."""
        if self.held is None:
            return 0
        return bits & self.held & ~self._in(channel)


def powers(guild_id: str, bot: Member, roles: Mapping[str, Role]) -> Powers:
    """Return what the bot holds by these roles; a list that lacks one of them, or shows it oddly, proves nothing."""
    needed = {guild_id, *bot.roles}
    known = all(i in roles and roles[i].name for i in needed)
    held = p.guild_permissions(0, (roles[i].permissions for i in needed)) if known else None
    return Powers(guild_id, bot.id, bot.roles, held)


def hindrance(of: Powers, bot: Member | None, now: Millis) -> Failure | None:
    """Return what keeps the bot from its work in a guild, None if nothing does."""
    back = held_back(of, bot, now)
    if back is not None:
        return back
    lacking = of.lacking()
    return lack(of.guild_id, lacking) if lacking else None


def held_back(of: Powers, bot: Member | None, now: Millis) -> Failure | None:
    """Return that the bot is timed out or quarantined in a guild, None if it is not.

    A time-out holds a bot back like anybody, but for an administrator. Source: discord-api-docs #6847.
    """
    administrator = of.held == p.ALL
    if bot is not None and not administrator and bot.muted_until is not None and bot.muted_until > now:
        return _held_back(of, f"is timed out until {iso(bot.muted_until)}", "end the bot's time-out")
    if bot is not None and not administrator and bot.quarantined:
        return _held_back(of, "is held back by AutoMod (its name or tag)", "release the bot from quarantine")
    return None


def _held_back(of: Powers, why: str, remedy: str) -> Failure:
    return Failure(
        "bot_timed_out",
        f"the bot {why} in guild {of.guild_id}: Discord lets it change nothing there",
        f"in Discord, a moderator may {remedy}; the next run goes on",
    )


def lack(guild_id: str, bits: int) -> Failure:
    """Return the failure of a bot without these permissions."""
    missing = ", ".join(p.names(bits))
    return Failure(
        "missing_permission",
        f"the bot lacks {missing} in guild {guild_id}",
        f"in Server Settings → Roles, give the bot's role {missing}; the next run goes on",
    )


def denied(channel: Channel, roles: Mapping[str, Role], of: Powers, bits: int) -> Failure:
    """Return the failure of a bot from which the overwrites of a category or room take these permissions."""
    missing = ", ".join(p.names(bits))
    by = ", ".join(dict.fromkeys(_deniers(channel, roles, of, bits))) or "its overwrites"
    if bits & p.VIEW_CHANNEL:
        return hidden(f"{channel.name!r} ({channel.id})", f", by {by}")
    return Failure(
        "missing_permission",
        f"{channel.name!r} ({channel.id}) denies the bot {missing}, by {by}",
        f"in Discord, open the permissions of {channel.name!r} (Edit), add the bot and allow it {missing}",
    )


def hidden(what: str, by: str = "") -> Failure:
    """Return the failure of a bot that may not see a category or room. `by`: whose doing it is, as it ends a clause."""
    return Failure(
        "missing_access",
        f"{what} is hidden from the bot{by}",
        "in Discord, open its permissions (Edit Category or Edit Channel), add the bot and allow it View Channels",
    )


def _deniers(channel: Channel, roles: Mapping[str, Role], of: Powers, bits: int) -> Iterator[str]:
    """Yield whose overwrites deny some of these permissions to the bot."""
    for (kind, target), overwrite in channel.overwrites.items():
        if not overwrite.deny & bits:
            continue
        if kind == p.MEMBER and target == of.bot_id:
            yield "its own overwrite"
        elif kind == p.ROLE and target == of.guild_id:
            yield "what @everyone is denied"
        elif kind == p.ROLE and target in of.role_ids:
            name = roles[target].name if target in roles else target
            yield f"what the role {name!r} is denied"


def role_of_integration(role: Role) -> Failure:
    """Return the failure of a session whose role Discord manages itself: nobody can hand it out or delete it."""
    return Failure(
        "not_ours",
        f"the role {role.name!r} ({role.id}) belongs to a bot or an integration: nobody can hand it out",
        "take its id out of the booking (discordRoleId, discord_role_id); the next run makes a role of its own",
    )


def too_high(role: Role) -> Failure:
    """Return the failure of a bot whose own roles all stand below one that it should hand out, change or delete."""
    return Failure(
        "role_too_high",
        f"the role {role.name!r} stands above the bot's own highest role, so the bot cannot hand it out",
        "in Server Settings → Roles, drag the bot's role above the session roles",
    )
