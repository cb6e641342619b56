"""The JSON objects of Discord's API, made of the stand-in's world. Snowflakes and permission sets are strings.

Source of the fields: Discord's OpenAPI document, which requires more of them than the prose documentation shows.
"""

from __future__ import annotations

from datetime import UTC, datetime

from coachsync.domain.permissions import Overwrite
from coachsync.standin.audit import Entry
from coachsync.standin.clock import Millis
from coachsync.standin.model import CATEGORY, Application, Channel, Guild, Member, Role, User

Shape = dict[str, object]


def iso(ms: Millis) -> str:
    """A time as Discord writes it: ISO 8601 with microseconds and offset."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="microseconds")


def user(who: User) -> Shape:
    """A user object."""
    shape: Shape = {
        "id": who.id,
        "username": who.name,
        "avatar": None,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": None if who.bot else who.name,
        "primary_guild": None,
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
        "collectibles": None,
    }
    return {**shape, "bot": True} if who.bot else shape


def own_user(who: User, app: Application) -> Shape:
    """The bot's own user object, with what only itself is told."""
    return {
        **user(who),
        "mfa_enabled": app.mfa_enabled,
        "locale": "en-US",
        "email": None,
        "verified": True,
    }


def application(app: Application, bot: User, owner: User, guilds: int) -> Shape:
    """The application object of a bot; its flags tell whether the members intent is on."""
    flags = 1 << 15 if app.members_intent else 0
    return {
        "id": app.id,
        "name": app.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(owner),
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["bot"],
    }


def role(one: Role) -> Shape:
    """A role object."""
    shape: Shape = {
        "id": one.id,
        "name": one.name,
        "permissions": str(one.permissions),
        "position": one.position,
        "color": one.color,
        "colors": {"primary_color": one.color, "secondary_color": None, "tertiary_color": None},
        "hoist": one.hoist,
        "managed": one.managed,
        "mentionable": one.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    return {**shape, "tags": {"bot_id": one.bot_id}} if one.bot_id else shape


def overwrite(one: Overwrite) -> Shape:
    """A permission overwrite object."""
    return {"id": one.id, "type": one.type, "allow": str(one.allow), "deny": str(one.deny)}


def channel(one: Channel) -> Shape:
    """A channel object with the fields of its type."""
    shape: Shape = {
        "id": one.id,
        "type": one.type,
        "flags": 0,
        "guild_id": one.guild_id,
        "name": one.name,
        "position": one.position,
        "parent_id": one.parent_id,
        "permission_overwrites": [overwrite(o) for o in one.overwrites.values()],
    }
    if one.type == CATEGORY:
        return shape
    shape |= {
        "nsfw": one.nsfw,
        "rate_limit_per_user": one.rate_limit_per_user,
        "last_message_id": one.last_message_id,
    }
    return shape | (_voice_fields(one) if one.voice else {"topic": one.topic})


def _voice_fields(one: Channel) -> Shape:
    return {
        "bitrate": one.bitrate,
        "user_limit": one.user_limit,
        "rtc_region": one.rtc_region,
        "video_quality_mode": one.video_quality_mode,
    }


def member(one: Member, who: User) -> Shape:
    """A member object, the user inside."""
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": iso(one.timed_out_until) if one.timed_out_until else None,
        "flags": one.flags,
        "joined_at": None if one.joined_at is None else iso(one.joined_at),
        "nick": one.nick,
        "pending": one.pending,
        "premium_since": None,
        "roles": sorted(one.roles, key=int),
        "user": user(who),
        "mute": False,
        "deaf": False,
    }


def guild(one: Guild, roles: list[Role], counts: bool) -> Shape:
    """A guild object with the given roles; `counts` adds how many members there are."""
    fixed: Shape = dict.fromkeys(_ABSENT)
    shape: Shape = fixed | {
        "id": one.id,
        "name": one.name,
        "owner_id": one.owner_id,
        "features": one.features,
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": one.verification_level,
        "roles": [role(r) for r in roles],
        "default_message_notifications": 1,
        "mfa_level": one.mfa_level,
        "explicit_content_filter": 2,
        "max_presences": None,
        "max_members": 25_000_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
    }
    if counts:
        shape |= {"approximate_member_count": len(one.members), "approximate_presence_count": 1}
    return shape


_ABSENT = (
    *("icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id"),
    *("afk_channel_id", "system_channel_id", "widget_channel_id", "vanity_url_code", "rules_channel_id"),
    *("safety_alerts_channel_id", "public_updates_channel_id", "incidents_data"),
)


def audit_log(entries: list[Entry], actors: list[User]) -> Shape:
    """An audit log with the given entries and the users who made them."""
    lists = ("application_commands", "auto_moderation_rules", "guild_scheduled_events")
    shape: Shape = {name: [] for name in (*lists, "integrations", "threads", "webhooks")}
    return {**shape, "audit_log_entries": [_entry(e) for e in entries], "users": [user(who) for who in actors]}


def _entry(one: Entry) -> Shape:
    shape: Shape = {"id": one.id, "action_type": one.kind, "user_id": one.actor, "target_id": one.target}
    return shape if one.reason is None else {**shape, "reason": one.reason}


def voice_state(guild_id: str, who: str, channel_id: str, shown: Shape | None) -> Shape:
    """The voice state of a connected user; `shown` is their member object."""
    state: Shape = {
        "channel_id": channel_id,
        "guild_id": guild_id,
        "user_id": who,
        "session_id": f"voice{who}",
        "deaf": False,
        "mute": False,
        "self_deaf": False,
        "self_mute": False,
        "self_stream": False,
        "self_video": False,
        "suppress": False,
        "request_to_speak_timestamp": None,
    }
    return {**state, "member": shown} if shown else state
