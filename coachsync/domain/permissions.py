"""Permission bits and the algorithm by which Discord turns them into what someone may do.

Owns the names of the bits, the two sets coachsync asks for, and the computation of effective permissions of a
guild and of a channel. Pure and free of imports beyond `typing`: a permission set is a plain int.

Source: https://docs.discord.com/developers/topics/permissions
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

CREATE_INSTANT_INVITE = 1 << 0
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_AUDIT_LOG = 1 << 7
STREAM = 1 << 9
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
SEND_TTS_MESSAGES = 1 << 12
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
CONNECT = 1 << 20
SPEAK = 1 << 21
MOVE_MEMBERS = 1 << 24
USE_VAD = 1 << 25
MANAGE_ROLES = 1 << 28

# A list of 53 lines would be harder to check against Discord's table.
_NAMES_BY_POSITION = (  # noqa: SIM905
    "CREATE_INSTANT_INVITE KICK_MEMBERS BAN_MEMBERS ADMINISTRATOR MANAGE_CHANNELS MANAGE_GUILD ADD_REACTIONS "
    "VIEW_AUDIT_LOG PRIORITY_SPEAKER STREAM VIEW_CHANNEL SEND_MESSAGES SEND_TTS_MESSAGES MANAGE_MESSAGES "
    "EMBED_LINKS ATTACH_FILES READ_MESSAGE_HISTORY MENTION_EVERYONE USE_EXTERNAL_EMOJIS VIEW_GUILD_INSIGHTS "
    "CONNECT SPEAK MUTE_MEMBERS DEAFEN_MEMBERS MOVE_MEMBERS USE_VAD CHANGE_NICKNAME MANAGE_NICKNAMES "
    "MANAGE_ROLES MANAGE_WEBHOOKS MANAGE_GUILD_EXPRESSIONS USE_APPLICATION_COMMANDS REQUEST_TO_SPEAK "
    "MANAGE_EVENTS MANAGE_THREADS CREATE_PUBLIC_THREADS CREATE_PRIVATE_THREADS USE_EXTERNAL_STICKERS "
    "SEND_MESSAGES_IN_THREADS USE_EMBEDDED_ACTIVITIES MODERATE_MEMBERS VIEW_CREATOR_MONETIZATION_ANALYTICS "
    "USE_SOUNDBOARD CREATE_GUILD_EXPRESSIONS CREATE_EVENTS USE_EXTERNAL_SOUNDS SEND_VOICE_MESSAGES - "
    "SET_VOICE_CHANNEL_STATUS SEND_POLLS USE_EXTERNAL_APPS PIN_MESSAGES BYPASS_SLOWMODE"
).split()

BITS: dict[str, int] = {name: 1 << n for n, name in enumerate(_NAMES_BY_POSITION) if name != "-"}
"""Every named permission, in the order of its bit."""

ALL = sum(BITS.values())
"""What the owner and an administrator hold."""

ENTER = VIEW_CHANNEL | CONNECT
"""Without these nobody is in a voice room; the pair that a private room denies to @everyone."""

HANDED_ON = SPEAK | STREAM | USE_VAD | SEND_MESSAGES | READ_MESSAGE_HISTORY | EMBED_LINKS | ATTACH_FILES
"""What the people of a room get beside `ENTER`, as far as the bot itself holds it."""

SILENCE = SPEAK | STREAM | SEND_MESSAGES
"""What an observer must be denied to be let in: they would be heard, seen or read."""

_SPEAKING = (  # noqa: SIM905
    "PRIORITY_SPEAKER ADD_REACTIONS SEND_TTS_MESSAGES EMBED_LINKS ATTACH_FILES MENTION_EVERYONE "
    "USE_APPLICATION_COMMANDS USE_EXTERNAL_APPS CREATE_PUBLIC_THREADS CREATE_PRIVATE_THREADS "
    "SEND_MESSAGES_IN_THREADS USE_EMBEDDED_ACTIVITIES USE_SOUNDBOARD USE_EXTERNAL_SOUNDS SEND_VOICE_MESSAGES "
    "SET_VOICE_CHANNEL_STATUS SEND_POLLS PIN_MESSAGES"
).split()

SPEAKING = SILENCE | sum(BITS[name] for name in _SPEAKING)
"""All by which somebody is heard, seen or read in a voice room: denied to an observer as far as the bot holds it."""

NEEDED = VIEW_CHANNEL | MANAGE_CHANNELS | MANAGE_ROLES | CONNECT | HANDED_ON
"""What the bot asks for when it is invited: 305253904."""

MFA_GATED = (
    ADMINISTRATOR
    | MANAGE_CHANNELS
    | MANAGE_GUILD
    | MANAGE_ROLES
    | BITS["KICK_MEMBERS"]
    | BITS["BAN_MEMBERS"]
    | BITS["MANAGE_MESSAGES"]
    | BITS["MANAGE_WEBHOOKS"]
    | BITS["MANAGE_GUILD_EXPRESSIONS"]
    | BITS["MANAGE_THREADS"]
    | BITS["VIEW_CREATOR_MONETIZATION_ANALYTICS"]
)
"""Void in a guild of `mfa_level` 1 for a bot whose owner has no two-factor authentication."""

_TIMED_OUT_KEEPS = VIEW_CHANNEL | READ_MESSAGE_HISTORY
_NEEDS_SEND_MESSAGES = MENTION_EVERYONE | SEND_TTS_MESSAGES | ATTACH_FILES | EMBED_LINKS

ROLE = 0
MEMBER = 1


Target = tuple[int, str]
"""Whom an overwrite is for: its type and the id. A bare id may be a role's in one place and a person's in another."""


class Overwrite(NamedTuple):
    """One permission overwrite of a channel: `type` is `ROLE` or `MEMBER`, `id` the snowflake it is for."""

    id: str
    type: int
    allow: int
    deny: int

    @property
    def target(self) -> Target:
        """Return whom this is for."""
        return self.type, self.id

    @property
    def lets_in(self) -> bool:
        """Return whether by this somebody can see and enter a room."""
        return self.allow & ENTER == ENTER

    @property
    def silences(self) -> bool:
        """Return whether this is an observer's: one person enters by it, and is neither heard, seen nor read."""
        silent = self.deny & SILENCE == SILENCE and not self.allow & SPEAKING and not self.deny & ~SPEAKING
        return self.type == MEMBER and self.lets_in and silent

    def covers(self, wanted: Overwrite) -> bool:
        """Return whether this allows and denies all that `wanted` does, and takes none of it back."""
        lacks = (wanted.allow & ~self.allow) | (wanted.deny & ~self.deny)
        return not (lacks or wanted.allow & self.deny or wanted.deny & self.allow)


def names(bits: int) -> list[str]:
    """Name the set bits, lowest first; a bit without a name is left out."""
    return [name for name, bit in BITS.items() if bits & bit]


def guild_permissions(everyone: int, roles: Iterable[int] = (), *, owner: bool = False) -> int:
    """Compute what a member holds in the guild itself.

    Args:
        everyone: permissions of the @everyone role.
        roles: permissions of each role the member holds.
        owner: whether the member owns the guild.
    """
    if owner:
        return ALL
    held = everyone
    for role in roles:
        held |= role
    return ALL if held & ADMINISTRATOR else held


def channel_permissions(
    base: int,
    overwrites: Iterable[Overwrite],
    *,
    guild_id: str,
    member_id: str,
    role_ids: Collection[str],
    voice: bool = True,
    timed_out: bool = False,
) -> int:
    """Compute what a member may do in a channel.

    Args:
        base: the member's `guild_permissions`.
        overwrites: all overwrites of the channel, in any order.
        guild_id: the guild's snowflake, which is the id of its @everyone role too.
        member_id: the member's user id.
        role_ids: the roles the member holds, without @everyone.
        voice: whether it is a voice channel, where nothing works without CONNECT but seeing it.
        timed_out: whether the member's time-out is running.
    """
    if base & ADMINISTRATOR:
        return ALL
    held = _overwritten(base, overwrites, guild_id, member_id, role_ids)
    if timed_out:
        held &= _TIMED_OUT_KEEPS
    return _implied(held, voice)


def _overwritten(
    base: int, overwrites: Iterable[Overwrite], guild_id: str, member_id: str, role_ids: Collection[str]
) -> int:
    everyone_allow = everyone_deny = role_allow = role_deny = own_allow = own_deny = 0
    for overwrite in overwrites:
        if overwrite.type == MEMBER:
            if overwrite.id == member_id:
                own_allow, own_deny = overwrite.allow, overwrite.deny
        elif overwrite.id == guild_id:
            everyone_allow, everyone_deny = overwrite.allow, overwrite.deny
        elif overwrite.id in role_ids:
            role_allow |= overwrite.allow
            role_deny |= overwrite.deny
    held = base & ~everyone_deny | everyone_allow
    held = held & ~role_deny | role_allow
    return held & ~own_deny | own_allow


def _implied(held: int, voice: bool) -> int:
    if not held & VIEW_CHANNEL:
        return 0
    if voice and not held & CONNECT:
        return VIEW_CHANNEL
    if not held & SEND_MESSAGES:
        held &= ~_NEEDS_SEND_MESSAGES
    return held
