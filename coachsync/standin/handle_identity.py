"""Routes about the bot itself, the guild and its people."""

from __future__ import annotations

from collections.abc import Iterable

from coachsync.domain import permissions as p
from coachsync.standin import rules, shapes
from coachsync.standin.answers import Reply, refuse
from coachsync.standin.call import ROUTER, Call
from coachsync.standin.forms import invalid
from coachsync.standin.model import Guild


@ROUTER.add("GET", "/users/@me")
def own_user(call: Call) -> Reply:
    """The bot's own account."""
    return Reply.of_json(200, shapes.own_user(call.world.users[call.app.id], call.app))


@ROUTER.add("GET", "/applications/@me")
@ROUTER.add("GET", "/oauth2/applications/@me")
def own_application(call: Call) -> Reply:
    """The bot's application, which shares its id."""
    users = call.world.users
    guilds = sum(call.app.id in guild.members for guild in call.world.guilds.values())
    shape = shapes.application(call.app, users[call.app.id], users[call.app.owner_id], guilds)
    return Reply.of_json(200, shape)


@ROUTER.add("GET", "/guilds/{guild_id}")
def guild(call: Call) -> Reply:
    """The guild; with counts only when asked for."""
    found = call.guild()
    counts = call.request.query.get("with_counts", "") in ("true", "True", "1")
    return Reply.of_json(200, shapes.guild(found, call.lag.grown(found.roles.values(), call.world), counts))


@ROUTER.add("GET", "/guilds/{guild_id}/members/search")
def search_members(call: Call) -> Reply:
    """Members whose user name or nickname begins with the text given, by id; no intent needed."""
    home, text = call.guild(), call.request.query.get("query", "").casefold()
    if not text:
        raise invalid("query", "BASE_TYPE_REQUIRED", "This field is required")
    users = call.world.users
    names = ((i, (users[i].name, member.nick or "")) for i, member in home.members.items())
    found = [user for user, called in names if any(name.casefold().startswith(text) for name in called)]
    return _listed(call, home, found, _limit(call))


@ROUTER.add("GET", "/guilds/{guild_id}/members/{user_id}")
def member(call: Call) -> Reply:
    """One member; no intent needed."""
    found = call.member(call.guild())
    return Reply.of_json(200, shapes.member(found, call.world.users[found.user_id]))


@ROUTER.add("GET", "/guilds/{guild_id}/members")
def members(call: Call) -> Reply:
    """Members by id; needs the privileged intent."""
    home = call.guild()
    if not call.app.members_intent:
        raise refuse(50001)
    limit, after = _limit(call), call.number("after", 0)
    return _listed(call, home, (user for user in home.members if int(user) > after), limit)


def _limit(call: Call) -> int:
    return call.number("limit", 1, low=1, high=1000)


def _listed(call: Call, home: Guild, users: Iterable[str], limit: int) -> Reply:
    ids = sorted(users, key=int)[:limit]
    return Reply.of_json(200, [shapes.member(home.members[u], call.world.users[u]) for u in ids])


@ROUTER.add("GET", "/guilds/{guild_id}/voice-states/@me")
def own_voice_state(call: Call) -> Reply:
    """Where the bot is connected."""
    return _voice_state(call, call.guild(), call.app.id)


@ROUTER.add("GET", "/guilds/{guild_id}/voice-states/{user_id}")
def voice_state(call: Call) -> Reply:
    """Where a user is connected; 50001 where the bot could not join them."""
    return _voice_state(call, call.guild(), call.param("user_id"))


def _voice_state(call: Call, home: Guild, user: str) -> Reply:
    room = home.channels.get(home.voice.get(user, ""))
    if room is None:
        raise refuse(10065)
    if not rules.channel_bits(home, room, home.members[call.app.id], call.now) & p.CONNECT:
        raise refuse(50001)
    shown = shapes.member(home.members[user], call.world.users[user]) if user in home.members else None
    return Reply.of_json(200, shapes.voice_state(home.id, user, room.id, shown))
