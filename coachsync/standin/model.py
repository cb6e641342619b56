"""The things of the stand-in's world: users, guilds, roles, channels, who is where. Data without behaviour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from coachsync.domain import permissions as p
from coachsync.domain.permissions import Overwrite
from coachsync.standin.clock import Millis

TEXT = 0
VOICE = 2
CATEGORY = 4
STAGE = 13
QUARANTINED_NAME = 1 << 7
QUARANTINED_GUILD_TAG = 1 << 10
QUARANTINE = QUARANTINED_NAME | QUARANTINED_GUILD_TAG
"""Flags of a member whom AutoMod holds back for their name or their guild tag.

Source: https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-flags
"""

CHANNEL_TYPES = (TEXT, VOICE, CATEGORY, 5, STAGE, 14, 15)

EVERYONE_DEFAULT = sum(
    p.BITS[name]
    for name in (  # noqa: SIM905
        "CREATE_INSTANT_INVITE ADD_REACTIONS STREAM VIEW_CHANNEL SEND_MESSAGES SEND_TTS_MESSAGES EMBED_LINKS "
        "ATTACH_FILES READ_MESSAGE_HISTORY MENTION_EVERYONE USE_EXTERNAL_EMOJIS CONNECT SPEAK USE_VAD "
        "CHANGE_NICKNAME USE_APPLICATION_COMMANDS REQUEST_TO_SPEAK CREATE_PUBLIC_THREADS "
        "CREATE_PRIVATE_THREADS USE_EXTERNAL_STICKERS SEND_MESSAGES_IN_THREADS USE_EMBEDDED_ACTIVITIES "
        "USE_SOUNDBOARD USE_EXTERNAL_SOUNDS SEND_VOICE_MESSAGES SEND_POLLS USE_EXTERNAL_APPS"
    ).split()
)
"""What @everyone holds in a guild nobody has changed."""


class Birth(NamedTuple):
    """When a thing was made, for lists that lag: requests served by then, and monotonic seconds."""

    requests: int
    seconds: float


@dataclass(slots=True)
class User:
    """An account."""

    id: str
    name: str
    bot: bool = False


@dataclass(slots=True)
class Application:
    """A bot and its token; its id is the bot user's id too. One that is `flagged` may read and not write."""

    id: str
    token: str
    name: str
    owner_id: str
    mfa_enabled: bool = True
    members_intent: bool = False
    flagged: bool = False


@dataclass(slots=True)
class Role:
    """A role; `bot_id` names the bot it manages."""

    id: str
    name: str
    permissions: int
    position: int
    birth: Birth
    managed: bool = False
    mentionable: bool = False
    hoist: bool = False
    color: int = 0
    bot_id: str | None = None

    def rank(self) -> tuple[int, int]:
        """Height in the hierarchy: of two at one position the older is the higher."""
        return self.position, -int(self.id)


@dataclass(slots=True)
class Channel:
    """A channel or category.

    Attributes:
        overwrites: by whom they are for. Discord keeps one for an id, whatever its type.
        in_vain: ids of those of type member whose person was not in the guild when they were put. They are
            shown like any other and count for nothing, also once the person has joined.
        last_message_id: of the newest message, or None while nothing was ever written.
    """

    id: str
    guild_id: str
    type: int
    name: str
    birth: Birth
    parent_id: str | None = None
    position: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    user_limit: int = 0
    bitrate: int = 64_000
    nsfw: bool = False
    rtc_region: str | None = None
    video_quality_mode: int = 1
    rate_limit_per_user: int = 0
    topic: str | None = None
    in_vain: set[str] = field(default_factory=set)
    last_message_id: str | None = None

    @property
    def voice(self) -> bool:
        """Whether people connect to it."""
        return self.type in (VOICE, STAGE)

    @property
    def in_force(self) -> list[Overwrite]:
        """The overwrites that count."""
        return [overwrite for overwrite in self.overwrites.values() if overwrite.id not in self.in_vain]


@dataclass(slots=True)
class Member:
    """A user in a guild.

    Attributes:
        joined_at: None for a guest by voice invite.
        pending: whether they still have to pass the guild's screening; it takes no permission away here.
        flags: Discord's bits, of which those of `QUARANTINE` act like a time-out without end.
        role_changes: how many were made by HTTP.
        nick: what they are called in this guild, None for nothing of their own.
    """

    user_id: str
    joined_at: Millis | None
    roles: set[str] = field(default_factory=set)
    pending: bool = False
    timed_out_until: Millis | None = None
    flags: int = 0
    role_changes: int = 0
    nick: str | None = None

    def held_back(self, now: Millis) -> bool:
        """Whether a time-out or a quarantine keeps them from all but reading."""
        return (self.timed_out_until or 0) > now or bool(self.flags & QUARANTINE)


@dataclass(slots=True)
class Guild:
    """One guild; `voice` holds the channel each connected user is in, `bans` who may not come back."""

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    voice: dict[str, str] = field(default_factory=dict)
    bans: set[str] = field(default_factory=set)
    mfa_level: int = 0
    verification_level: int = 1
    features: list[str] = field(default_factory=list)
    blocked_words: list[str] = field(default_factory=list)
    community_channels: set[str] = field(default_factory=set)
    max_roles: int = 250
    max_channels: int = 500
    max_children: int = 50

    @property
    def everyone(self) -> Role:
        """The role everybody has; its id is the guild's."""
        return self.roles[self.id]

    def children(self, category_id: str) -> list[Channel]:
        """The channels under a category."""
        return [c for c in self.channels.values() if c.parent_id == category_id]


def by_target(overwrites: Iterable[Overwrite]) -> dict[str, Overwrite]:
    """Index overwrites by whom they are for; of two for one target the later stays."""
    return {overwrite.id: overwrite for overwrite in overwrites}
