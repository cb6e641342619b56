"""The link by which a bot is let into a guild."""

from __future__ import annotations

from coachsync.domain.permissions import NEEDED
from coachsync.domain.snowflake import is_snowflake

_UNKNOWN = "<APPLICATION_ID>"


def invite_link(guild_id: str, token: str) -> str:
    """Return the invite link with the permissions coachsync needs.

    Source: https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow
    """
    return (
        f"https://discord.com/oauth2/authorize?client_id={application_id(token) or _UNKNOWN}"
        f"&scope=bot&permissions={NEEDED}&guild_id={guild_id}&disable_guild_select=true"
    )


def application_id(token: str) -> str:
    """Return the bot's public id, which a token's first part spells in base64; "" where it does not."""
    from base64 import urlsafe_b64decode

    first = token.partition(".")[0]
    try:
        spelt = urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except ValueError:
        return ""
    return spelt if is_snowflake(spelt) else ""
