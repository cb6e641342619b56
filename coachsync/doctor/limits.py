"""How near a guild is to what Discord lets it hold, and the bot make: the forecast of the days that were asked for."""

from __future__ import annotations

from collections.abc import Iterator

from coachsync.clock import relative
from coachsync.doctor.business import Business
from coachsync.doctor.finding import doubt, fault
from coachsync.doctor.look import Asked
from coachsync.domain import limits
from coachsync.domain.budget import GuildSight
from coachsync.domain.course import Ground, LimitName, Rhythm
from coachsync.domain.finding import Finding
from coachsync.domain.forecast import Squeeze, forecast
from coachsync.domain.guild_objects import CATEGORY
from coachsync.domain.model import MINUTE, Millis
from coachsync.domain.tight import hint_of, message_of
from coachsync.domain.words import span
from coachsync.standing.outlook import stays_ahead

_INTERVAL = 15 * MINUTE
_NEEDED: frozenset[LimitName] = frozenset({"channels", "time"})  # a role is done without


def of_limits(asked: Asked, business: Business) -> Iterator[Finding]:
    """Yield what there is little left of for the sessions that are coming."""
    now = asked.guild.now()
    ground = _ground(asked, business, now)
    until = ground.budget.none_until
    if now < until and ground.access == "role":
        told = f"Discord makes no more roles in guild {asked.guild.id} for {span(until - now)}"
        hint = 'access = "member" in the configuration makes no roles, for rooms made from then on'
        yield doubt("limits", f"{told}: rooms let their people in by themselves instead", hint, asked.guild.id)
    own = business.settings
    per_second = min(own.max_requests_per_second, limits.REQUESTS_PER_SECOND)
    rhythm = Rhythm(now, now, _INTERVAL, own.run_budget, per_second)
    (ahead,) = forecast([ground], business.policy, rhythm, [now, now + business.ahead]).guilds
    for squeeze in ahead.squeezes:
        if squeeze.limit != "role_creations" or now >= until:
            yield _finding(squeeze, now)


def _finding(squeeze: Squeeze, now: Millis) -> Finding:
    peak = squeeze.day.peak(squeeze.limit)
    say = fault if squeeze.limit in _NEEDED and peak.used >= peak.most else doubt
    return say("limits", message_of(squeeze, lambda moment: relative(moment, now)), hint_of(squeeze), squeeze.guild_id)


def _ground(asked: Asked, business: Business, now: Millis) -> Ground:
    """Return the guild as it was just listed."""
    guild, own = asked.guild, business.settings
    ours = {r.snowflake for entry in business.live for r in entry.resources if r.is_there}
    others = {i: channel for i, channel in guild.channels.items() if i not in ours}
    base = guild.channels.get(own.category_id or "")
    filled = (sum(channel.parent_id == base.id for channel in others.values()),) if base is not None else ()
    stays = stays_ahead(business.coming, business.live, business.policy, now)
    return Ground(
        guild.id,
        business.section.partition(" of ")[0],
        own.access,
        categorised=base is not None and base.type == CATEGORY,
        bot="",
        stays=tuple(stay for guild_id, stay in stays if guild_id == guild.id),
        sight=GuildSight(now, len(guild.roles.keys() - ours), len(others), filled),
        budget=business.budget,
    )


def room_left(asked: Asked) -> str:
    """Return how much more the guild can hold."""
    roles, channels = limits.MOST_ROLES - len(asked.guild.roles), limits.MOST_CHANNELS - len(asked.guild.channels)
    return f"room for {roles} roles and {channels} channels"
