"""Routes about channels and their permission overwrites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, Overwrite
from coachsync.standin import audit, rules, shapes
from coachsync.standin.answers import Reply, refuse
from coachsync.standin.call import ROUTER, Call
from coachsync.standin.forms import Form, invalid
from coachsync.standin.model import CATEGORY, CHANNEL_TYPES, STAGE, TEXT, VOICE, Channel, Guild


@ROUTER.add("GET", "/guilds/{guild_id}/channels")
def channels(call: Call) -> Reply:
    """The channels the bot can view, but those that lag."""
    home = call.guild()
    me = home.members[call.app.id]
    grown = call.lag.grown(home.channels.values(), call.world)
    return Reply.of_json(200, [shapes.channel(c) for c in grown if rules.visible(home, c, me, call.now)])


@ROUTER.add("GET", "/channels/{channel_id}")
def channel(call: Call) -> Reply:
    """One channel; 50001 where it is hidden from the bot."""
    home, found = call.channel()
    if not rules.visible(home, found, home.members[call.app.id], call.now):
        raise refuse(50001)
    return Reply.of_json(200, shapes.channel(found))


@ROUTER.add("POST", "/guilds/{guild_id}/channels")
def create_channel(call: Call) -> Reply:
    """A new channel with exactly the overwrites asked for, or its category's."""
    home = call.guild()
    held = rules.require_guild(home, call.app, p.MANAGE_CHANNELS, call.now)
    form = call.form()
    form.name("name", required=True)
    kind = form.choice("type", CHANNEL_TYPES)
    made = Channel(call.world.snowflake(), home.id, kind or TEXT, "", call.world.birth())
    overwrites = _fill(call, form, home, made)
    _check_overwrites(call, home, overwrites or (), held, {})
    if len(home.channels) >= home.max_channels:
        raise refuse(30013)
    if "create" in call.world.hidden_category_refuses:
        rules.require_seen_parent(home, made.parent_id, call.app, call.now)
    parent = home.channels.get(made.parent_id or "")
    call.world.put_channel(home, made)
    if overwrites is None and parent:
        call.world.copy_overwrites(home, made, parent)
    else:
        call.world.put_overwrites(home, made, overwrites or ())
    call.note(home, audit.CHANNEL_CREATE, made.id)
    return Reply.of_json(201, shapes.channel(made))


@ROUTER.add("PATCH", "/channels/{channel_id}")
def edit_channel(call: Call) -> Reply:
    """Change a channel the bot may manage and enter; overwrites replace the old ones."""
    home, found = call.channel()
    rules.require_channel(home, found, call.app, p.MANAGE_CHANNELS, call.now)
    form = call.form()
    if form.has("permission_overwrites"):
        _require_overwrites(call, home, found)
        _check_overwrites(
            call,
            home,
            form.overwrites("permission_overwrites") or (),
            rules.writable_bits(home, found, call.app, call.now),
            found.overwrites,
        )
    overwrites = _fill(call, form, home, found)
    if overwrites is not None:
        call.world.put_overwrites(home, found, overwrites)
    call.note(home, audit.CHANNEL_UPDATE, found.id)
    return Reply.of_json(200, shapes.channel(found))


def _fill(call: Call, form: Form, home: Guild, channel: Channel) -> list[Overwrite] | None:
    """Read a form into a channel, all or nothing, and tell the overwrites it asks for."""
    overwrites = form.overwrites("permission_overwrites")
    name, parent = form.name("name"), form.snowflake("parent_id")
    limit, nsfw = form.integer("user_limit", 0, 99), form.flag("nsfw")
    bitrate, position = form.integer("bitrate", 8000, 96_000), form.integer("position", 0, 1 << 31)
    slow = form.integer("rate_limit_per_user", 0, 21_600)
    _check_parent(form, home, channel, parent)
    form.done()
    if name is not None:
        channel.name = _channel_name(call, home, channel, name)
    if "parent_id" in form.body:
        channel.parent_id = parent
    channel.user_limit = channel.user_limit if limit is None else limit
    channel.nsfw = channel.nsfw if nsfw is None else nsfw
    channel.bitrate = channel.bitrate if bitrate is None else bitrate
    channel.position = channel.position if position is None else position
    channel.rate_limit_per_user = channel.rate_limit_per_user if slow is None else slow
    return overwrites


def _check_parent(form: Form, home: Guild, channel: Channel, parent: str | None) -> None:
    if parent is None or parent == channel.parent_id:
        return
    found = home.channels.get(parent)
    if found is None:
        form.blame("parent_id", "CHANNEL_PARENT_INVALID", "Category does not exist")
    elif found.type != CATEGORY or channel.type == CATEGORY:
        form.blame("parent_id", "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
    elif len(home.children(parent)) >= home.max_children:
        message = f"Maximum number of channels in category reached ({home.max_children})"
        form.blame("parent_id", "CHANNEL_PARENT_MAX_CHANNELS", message)


def _channel_name(call: Call, home: Guild, channel: Channel, name: str) -> str:
    if any(word.casefold() in name.casefold() for word in home.blocked_words):
        if "COMMUNITY" in home.features:
            # Source: https://github.com/modmail-dev/Modmail/issues/2934
            raise invalid("name", "INVALID_COMMUNITY_PROPERTY_NAME", "Contains words that are not allowed.")
        raise refuse(20031)
    if channel.type in (VOICE, STAGE, CATEGORY):
        return call.world.name_filter(name)
    return re.sub(r"\s+", "-", name.lower())


def _check_overwrites(
    call: Call, home: Guild, asked: Iterable[Overwrite], held: int, known: Mapping[str, Overwrite]
) -> None:
    changed = [overwrite for overwrite in asked if known.get(overwrite.id) != overwrite]
    for overwrite in changed:
        if overwrite.id not in known:
            _check_target(call, home, overwrite)
    rules.require_handable(changed, held)


def _check_target(call: Call, home: Guild, overwrite: Overwrite) -> None:
    if overwrite.type == MEMBER:
        there = overwrite.id in home.members or call.world.unknown_overwrites == "accept"
    else:
        there = overwrite.id in home.roles
    if not there:
        raise refuse(10009)


@ROUTER.add("DELETE", "/channels/{channel_id}")
def delete_channel(call: Call) -> Reply:
    """Delete a channel the bot may manage and enter, and answer it."""
    home, found = call.channel()
    rules.require_channel(home, found, call.app, p.MANAGE_CHANNELS, call.now)
    if found.id in home.community_channels:
        raise refuse(50074)
    shape = shapes.channel(found)
    call.world.drop_channel(home, found)
    call.note(home, audit.CHANNEL_DELETE, found.id)
    return Reply.of_json(200, shape)


@ROUTER.add("PUT", "/channels/{channel_id}/permissions/{overwrite_id}")
def put_overwrite(call: Call) -> Reply:
    """Set one overwrite, in place of any for the same id, of whatever type."""
    home, found = call.channel()
    _require_overwrites(call, home, found)
    form, target = call.form(), call.param("overwrite_id")
    kind = form.choice("type", (0, 1))
    allow, deny = form.permissions("allow"), form.permissions("deny")
    form.done()
    overwrite = Overwrite(target, kind or 0, allow or 0, deny or 0)
    _check_overwrites(call, home, (overwrite,), rules.writable_bits(home, found, call.app, call.now), found.overwrites)
    known = target in found.overwrites
    call.world.put_overwrite(home, found, overwrite)
    call.note(home, audit.OVERWRITE_UPDATE if known else audit.OVERWRITE_CREATE, found.id)
    return Reply(204)


@ROUTER.add("DELETE", "/channels/{channel_id}/permissions/{overwrite_id}")
def delete_overwrite(call: Call) -> Reply:
    """Remove one overwrite."""
    home, found = call.channel()
    _require_overwrites(call, home, found)
    target = call.param("overwrite_id")
    if target not in found.overwrites:
        raise refuse(10009)
    call.world.drop_overwrite(home, found, target)
    call.note(home, audit.OVERWRITE_DELETE, found.id)
    return Reply(204)


def _require_overwrites(call: Call, home: Guild, channel: Channel) -> None:
    rules.require_channel(home, channel, call.app, p.MANAGE_ROLES, call.now)
    if "overwrite" in call.world.hidden_category_refuses:
        rules.require_seen_parent(home, channel.parent_id, call.app, call.now)
