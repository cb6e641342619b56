"""What a guild lets the bot do, from what was read of it: the checks from `guild` to `limits`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from coachsync.discord.codes import NEEDS_2FA
from coachsync.discord.errors import DiscordError
from coachsync.discord.invite import invite_link
from coachsync.discord.verdict import meaning
from coachsync.doctor.business import Business
from coachsync.doctor.category import of_category
from coachsync.doctor.finding import failed, fault, fine, or_fine
from coachsync.doctor.limits import of_limits, room_left
from coachsync.doctor.look import Asked
from coachsync.doctor.permissions import maker, of_permissions, of_roles
from coachsync.domain.finding import Finding
from coachsync.domain.model import Entry
from coachsync.domain.words import abandon_command
from coachsync.guild.powers import held_back
from coachsync.secrets import Token


def of_guild(asked: Asked, business: Business, token: Token, needed: int) -> Iterator[Finding]:
    """Yield what was found of one guild. `needed`: the permissions for all that is switched on."""
    guild, failure = asked.guild, asked.guild.failure
    other = maker(asked, business)
    if other:
        yield _other_bot(asked, other)
    if failure is not None:
        if other and failure.code == "unknown_guild":
            return  # which follows from it
        yield _unread(asked, business, failure, invite_link(guild.id, token, needed))
        return
    if other:
        business = business.without_rooms
    called = asked.called
    back = held_back(guild.powers, guild.bot, guild.now()) if guild.powers is not None else None
    if back is not None:
        yield failed("guild", back, guild.id)
    else:
        yield fine("guild", f"the bot {asked.me.name} is in {called}", guild.id)
    found = list(of_permissions(asked, business, invite_link(guild.id, token, needed)))
    yield from or_fine("permissions", found, f"the bot holds what it needs in {called}", guild.id)
    yield from or_fine("role_position", of_roles(asked, business), "the bot stands above the session roles", guild.id)
    yield from _of_mfa(asked)
    yield from of_category(asked, business.section, called)
    yield from _of_staff(asked, business.section)
    yield from or_fine("limits", of_limits(asked, business), room_left(asked), guild.id)


def _unread(asked: Asked, business: Business, failure: DiscordError, link: str) -> Finding:
    guild_id = asked.guild.id
    if failure.code != "unknown_guild":
        return fault("guild", f"guild {guild_id}: {failure.message}", failure.hint, guild_id)
    who = f"the bot {asked.me.name} ({asked.me.id})"
    open_rooms = [entry for entry in business.live if entry.current("channel") is not None]
    if open_rooms:
        rooms = f"{len(open_rooms)} room{'s' if len(open_rooms) > 1 else ''}"
        what = f"{who} is not in guild {guild_id}, where {rooms} of ours should be open"
        hint = f"invite the bot again: {link} ; if the guild is gone for good: {_abandon(open_rooms)}"
        if not business.bot_id:  # else that is known to be the bot that made them
            hint = f"if the token was changed, put back that of the bot that made them; else {hint}"
        return fault("guild", what, hint, guild_id)
    hint = (
        "correct guild_id in the configuration or the booking, or the token if it is another bot's; or let somebody "
        f"who may manage the server open {link}"
    )
    return fault("guild", f"{who} is not in guild {guild_id}, or there is no such guild", hint, guild_id)


def _abandon(entries: Collection[Entry]) -> str:
    return f"`{abandon_command(next(iter(entries)).session_id)}`"


def _other_bot(asked: Asked, other: str) -> Finding:
    """Return that the token is another bot's than the one whose rooms are open: it can neither see nor remove them."""
    me = asked.me
    what = (
        f"the open rooms in {asked.called} were made by the bot {other}, and the token is that of {me.name} ({me.id})"
    )
    return fault("token", what, f"put back the token of the bot {other}", asked.guild.id)


def _of_mfa(asked: Asked) -> Iterator[Finding]:
    guild_id, facts = asked.guild.id, asked.facts
    if facts is None or not facts.two_factor:
        told = "the guild does not ask for two-factor authentication" if facts is not None else "could not be read"
        yield fine("mfa", told, guild_id)
    elif asked.me.two_factor is False and facts.owner_id != asked.me.id:
        yield failed("mfa", meaning(NEEDS_2FA), guild_id)
    else:
        yield fine("mfa", "the guild asks for two-factor authentication, and the bot's owner has it", guild_id)


def _of_staff(asked: Asked, section: str) -> Iterator[Finding]:
    guild = asked.guild
    gone = [i for i in guild.staff_role_ids if i not in guild.roles]
    for role_id in gone:
        what = f"staff role {role_id} is not in guild {guild.id}: rooms are made without it"
        yield fault("staff_roles", what, f"correct staff_role_ids in {section}", guild.id)
    if not gone:
        count = len(guild.staff_role_ids)
        yield fine("staff_roles", f"{count} configured, all there" if count else "none configured", guild.id)
