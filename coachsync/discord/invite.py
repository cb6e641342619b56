"""The link by which a bot is let into a guild."""

from __future__ import annotations

from coachsync.domain.permissions import NEEDED
from coachsync.secrets import Token

_UNKNOWN = "<APPLICATION_ID>"


def invite_link(guild_id: str, token: Token | None, permissions: int = NEEDED) -> str:
    """Return the invite link with these permissions; without a token, the bot's id is left open.

    Opened for a guild that the bot is in already, it gives the bot's role what it lacks of them.

    Source: https://docs.discord.com/developers/topics/oauth2#bot-authorization-flow
    """
    bot_id = token.bot_id if token is not None else None
    return (
        f"https://discord.com/oauth2/authorize?client_id={bot_id or _UNKNOWN}"
        f"&scope=bot&permissions={permissions}&guild_id={guild_id}&disable_guild_select=true"
    )
