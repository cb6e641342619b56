"""Discord's JSON error codes that coachsync distinguishes.

Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json-json-error-codes
"""

from __future__ import annotations

UNKNOWN_CHANNEL = 10003
UNKNOWN_GUILD = 10004
UNKNOWN_MEMBER = 10007
UNKNOWN_OVERWRITE = 10009
UNKNOWN_ROLE = 10011
UNKNOWN_USER = 10013
UNKNOWN_VOICE_STATE = 10065
BOT_FLAGGED = 20026
NAME_REFUSED = 20031
TOO_MANY_ROLES = 30005
TOO_MANY_CHANNELS = 30013
EDGE_BLOCK = 40333
MISSING_ACCESS = 50001
MISSING_PERMISSIONS = 50013
NEEDS_2FA = 60003

NOT_HERE = frozenset({UNKNOWN_MEMBER, UNKNOWN_USER})
"""Somebody is not in the guild, or is nobody."""
