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
    """A bot and its token; its id is the bot user's id too."""

    id: str
    token: str
    name: str
    owner_id: str
    mfa_enabled: bool = True
    members_intent: bool = False


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
    """A channel or category; `overwrites` by whom they are for."""

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

    @property
    def voice(self) -> bool:
        """Whether people connect to it."""
        return self.type in (VOICE, STAGE)


@dataclass(slots=True)
class Member:
    """A user in a guild; `role_changes` counts those made by HTTP."""

    user_id: str
    joined_at: Millis
    roles: set[str] = field(default_factory=set)
    pending: bool = False
    timed_out_until: Millis | None = None
    role_changes: int = 0


@dataclass(slots=True)
class Guild:
    """One guild; `voice` tells the channel each connected user is in."""

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    voice: dict[str, str] = field(default_factory=dict)
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
