"""The category that rooms are made under: there, a category, visible, with room left."""

from __future__ import annotations

from collections.abc import Iterator

from coachsync.discord.errors import DiscordError, Forbidden, NotFound
from coachsync.doctor.finding import doubt, fault, fine
from coachsync.doctor.look import Asked
from coachsync.domain import permissions as p
from coachsync.domain.failure import Failure
from coachsync.domain.finding import Finding
from coachsync.domain.guild_objects import CATEGORY, VOICE, Channel
from coachsync.domain.limits import CHANNELS_IN_CATEGORY
from coachsync.guild.powers import denied, hidden

_NEAR = 10  # so few channels left are worth a word
_KINDS = {0: "a text channel", VOICE: "a voice channel", 5: "an announcement channel", 13: "a stage", 15: "a forum"}


def of_category(asked: Asked, section: str, called: str) -> Iterator[Finding]:
    """Yield what was found of the category that a `section` of the configuration names. `called`: how the guild is."""
    guild, category, named = asked.guild, asked.category, asked.guild.category_id
    if category is None:
        yield fine("category", "none is configured: rooms stand by themselves", guild.id)
    elif isinstance(category, Forbidden):
        yield _forbidden(guild.id, hidden(str(named)))
    elif isinstance(category, NotFound):
        hint = f"copy the category's id (right click → Copy Channel ID), and correct category_id in {section}"
        yield fault("category", f"there is no category {named} in {called}: rooms are made without one", hint, guild.id)
    elif isinstance(category, DiscordError):
        yield doubt(
            "category", f"the category {named} could not be asked for: {category.message}", category.hint, guild.id
        )
    else:
        yield from _of_found_category(asked, category, section, called)


def _of_found_category(asked: Asked, category: Channel, section: str, called: str) -> Iterator[Finding]:
    guild = asked.guild
    name = f"the category {category.name!r} ({category.id})"
    if category.type != CATEGORY:
        kind = _KINDS.get(category.type, "no category")
        what = (
            f"category_id names {category.name!r} ({category.id}), which is {kind}: rooms are made without a category"
        )
        yield fault("category", what, f"correct category_id in {section}: right click a category → Copy ID", guild.id)
    elif category.guild_id and category.guild_id != guild.id:
        what = f"{name} is in guild {category.guild_id}, not in {called}: rooms are made without it"
        yield fault("category", what, f"correct category_id in {section}", guild.id)
    elif guild.powers is not None and guild.powers.denied_in(category, p.VIEW_CHANNEL):
        yield _forbidden(guild.id, denied(category, guild.roles, guild.powers, p.VIEW_CHANNEL))
    else:
        yield from _of_room_in(asked, category, name)


def _forbidden(guild_id: str, failure: Failure) -> Finding:
    told = f"the category {failure.message}: Discord lets it make no rooms there, so they are made without a category"
    return fault("category", told, failure.hint, guild_id)


def _of_room_in(asked: Asked, category: Channel, name: str) -> Iterator[Finding]:
    """Yield how much room a category has left; channels that the bot cannot see are not counted."""
    guild = asked.guild
    inside = sum(c.parent_id == category.id for c in guild.channels.values())
    left = CHANNELS_IN_CATEGORY - inside
    if left <= 0:
        what = f"{name} is full: it has its {CHANNELS_IN_CATEGORY} channels, so rooms go under a further category"
        yield doubt("category", what, "remove channels that are not needed, or name another category", guild.id)
    elif left <= min(_NEAR, CHANNELS_IN_CATEGORY):
        yield doubt(
            "category", f"{name} has room for {left} more channels", "remove some that are not needed", guild.id
        )
    else:
        yield fine("category", f"{name} has room for {left} more channels", guild.id)
