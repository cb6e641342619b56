"""What an answer means: the decoded body, or the error that says it in an operator's words.

Owns what the error codes mean, and the hints. Pure: an answer in, a value or an exception out. Discord says its list of
codes is never complete, so whatever is not named here is judged by its HTTP status.

Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from coachsync.discord import routes
from coachsync.discord.codes import (
    BOT_FLAGGED,
    EDGE_BLOCK,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    NAME_REFUSED,
    NEEDS_2FA,
    TOO_MANY_CHANNELS,
    TOO_MANY_ROLES,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_OVERWRITE,
    UNKNOWN_ROLE,
    UNKNOWN_USER,
    UNKNOWN_VOICE_STATE,
)
from coachsync.discord.errors import (
    BadRequest,
    Blocked,
    DiscordError,
    FieldErrors,
    Forbidden,
    NotFound,
    Unauthorized,
    UnexpectedAnswer,
)
from coachsync.discord.exchange import Answer
from coachsync.discord.routes import Call
from coachsync.domain.failure import Failure
from coachsync.domain.limits import CHANNELS_IN_CATEGORY, MOST_CHANNELS, MOST_ROLES

UNREADABLE = object()
"""What `decode` returns for a body that is no JSON."""

_DEPTH = 20
_MOST_VALUES = 500_000  # 500 channels with 200 overwrites each
_MOST_DIGITS = 40
_MOST_CODE = 10**9  # whatever answers may put any number there


_GRANT = "give the bot's role View Channels, Manage Channels, Manage Roles and Connect, above the session roles"
_ROOM = "in Discord: Edit Channel → Permissions → add the bot with View Channel and Connect"
_FREE = "delete what is not needed any more; the next run tries again"

_MEANINGS: dict[int, Failure] = {
    UNKNOWN_CHANNEL: Failure("discord_error", "the channel does not exist", "the next run looks again"),
    UNKNOWN_GUILD: Failure(
        "unknown_guild",
        "the guild does not exist, or the bot is not in it",
        "invite the bot again or mend guild_id; if the guild is gone for good: coachsync cleanup ID --abandon",
    ),
    UNKNOWN_MEMBER: Failure(
        "unknown_member",
        "the person is not in the guild",
        "invite them to the guild; access is given at the next run after they join",
    ),
    UNKNOWN_OVERWRITE: Failure("discord_error", "the permission overwrite does not exist", "the next run looks again"),
    UNKNOWN_ROLE: Failure("discord_error", "the role does not exist", "the next run looks again"),
    UNKNOWN_USER: Failure(
        "unknown_user", "Discord knows no such user", "correct the Discord id in the booking; the next run tries again"
    ),
    UNKNOWN_VOICE_STATE: Failure("discord_error", "the person is in no voice channel", "nothing to do"),
    BOT_FLAGGED: Failure(
        "bot_flagged",
        "Discord's anti-spam system has flagged the bot: whatever it would change is refused",
        "look for a notice of Discord's in the developer portal and the owner's mail, and appeal there; more "
        "permissions do not help",
    ),
    NAME_REFUSED: Failure("name_refused", "Discord refuses the name", "choose another [naming] template"),
    TOO_MANY_ROLES: Failure("limit_reached", f"the guild has its {MOST_ROLES} roles", _FREE),
    TOO_MANY_CHANNELS: Failure("limit_reached", f"the guild has its {MOST_CHANNELS} channels", _FREE),
    30060: Failure("limit_reached", "the channel has all the overwrites it may have", _FREE),
    30061: Failure("limit_reached", "the guild's channels hold all the data they may", _FREE),
    MISSING_ACCESS: Failure("missing_access", "the bot cannot see or enter the channel", _ROOM),
    MISSING_PERMISSIONS: Failure("missing_permission", "the bot lacks a permission", _GRANT),
    NEEDS_2FA: Failure(
        "needs_2fa",
        "the guild asks for two-factor authentication",
        "the owner of the bot's application switches on two-factor authentication for their account",
    ),
    40002: Failure("unauthorized", "Discord wants the bot's account verified", "open the developer portal"),
}

_OF_GUILDS = frozenset(
    {
        routes.GET_GUILD,
        routes.GET_ROLES,
        routes.GET_CHANNELS,
        routes.GET_MEMBER,
        routes.CREATE_ROLE,
        routes.CREATE_CHANNEL,
    }
)
"""The routes that Discord closes (50001) to a bot that is not in the guild.

Source: https://github.com/discord/discord-api-docs/issues/5840
"""

_UNKNOWN_HINT = "see Discord's documentation of this code; the next run tries again"
_LONGEST_WORDS = 200

_EDGE_HINT = (
    "wait for the next run; if it lasts, ask whoever else uses this host's address, or lower max_requests_per_second"
)


def decode(answer: Answer) -> object:
    """Return the decoded JSON body, None for an empty one, `UNREADABLE` for anything else.

    A body of more values than a guild's lists can hold is not decoded: each value costs far more than its text.
    """
    if not answer.body:
        return None
    if sum(map(answer.body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        return UNREADABLE
    try:
        return json.loads(answer.body, parse_int=_number)
    except (ValueError, RecursionError):
        return UNREADABLE


def _number(digits: str) -> int | None:
    """Read a whole number; one longer than any of Discord's spoils its own field alone."""
    return int(digits) if len(digits) <= _MOST_DIGITS else None


def discord_code(body: object) -> int | None:
    """Return the error code in a decoded body, None if there is none (0 counts as none)."""
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) and 0 < code < _MOST_CODE else None


def blocked(answer: Answer, body: object) -> Blocked | None:
    """Return the error for a request that Discord's edge, not its API, turned away; None if that is not so."""
    edge = body is UNREADABLE or body is None
    text = str(body.get("message", "")).lower() if isinstance(body, dict) else ""
    turned_away = answer.status in (403, 429) and (edge or "blocked from accessing" in text)
    if not turned_away and discord_code(body) != EDGE_BLOCK:
        return None
    return Blocked(
        f"Discord's edge turns this host away (HTTP {answer.status})",
        _EDGE_HINT,
        discord_code=discord_code(body),
        http_status=answer.status,
    )


def error_of(call: Call, answer: Answer, body: object) -> DiscordError:
    """Return what an answer of 3xx or 4xx (429 aside) means."""
    edge = blocked(answer, body)
    if edge is not None:
        return edge
    if answer.status == 401:
        return _unauthorized(body)
    if not isinstance(body, dict) or not 400 <= answer.status < 500:
        return unexpected(call, answer, "no error of Discord's")
    return _refusal(call, answer, body)


def _unauthorized(body: object) -> Unauthorized:
    return Unauthorized(
        "Discord refuses the bot token",
        "put a fresh token (developer portal → Bot → Reset Token) where the configuration looks for it",
        discord_code=discord_code(body),
        http_status=401,
    )


def not_granted(call: Call, answer: Answer) -> UnexpectedAnswer | None:
    """Return the error of a grant that was answered as Discord answers none: 204 alone proves it."""
    if call.route not in (routes.PUT_MEMBER_ROLE, routes.PUT_OVERWRITE) or answer.status == 204:
        return None
    return unexpected(call, answer, "a body, not with 204")


def unexpected(call: Call, answer: Answer, what: str) -> UnexpectedAnswer:
    """Return the error for an answer that Discord would not give."""
    return UnexpectedAnswer(
        f"{call.route} was answered HTTP {answer.status} with {what}",
        "check api_base and what stands between this host and Discord; the next run tries again",
        http_status=answer.status,
    )


def _refusal(call: Call, answer: Answer, body: dict[str, object]) -> DiscordError:
    code = discord_code(body)
    if answer.status == 404:
        return _not_found(call, answer, code)
    if answer.status == 403:
        return _forbidden(call, code, body)
    return _bad_request(call, answer.status, code, body)


def _not_found(call: Call, answer: Answer, code: int | None) -> DiscordError:
    if code is None:
        return unexpected(call, answer, "no code that says what is missing")
    meaning = _MEANINGS.get(code) or Failure("discord_error", f"not found (code {code})", "the next run looks again")
    return NotFound(meaning.message, meaning.hint, code=meaning.code, discord_code=code, http_status=404)


def _forbidden(call: Call, code: int | None, body: dict[str, object]) -> Forbidden:
    of_guild = code == MISSING_ACCESS and call.route in _OF_GUILDS
    meaning = _MEANINGS.get(UNKNOWN_GUILD if of_guild else code or MISSING_PERMISSIONS)
    if meaning is None:  # not for us to guess what it is: it need not be a permission
        said = words_of(body)
        meaning = Failure(
            "discord_error", f"Discord forbids it (code {code}){f': {said}' if said else ''}", _UNKNOWN_HINT
        )
    return Forbidden(meaning.message, meaning.hint, code=meaning.code, discord_code=code, http_status=403)


def meaning(code: int) -> Failure:
    """Return what one of Discord's codes means, for who foresees its refusal. Raises KeyError for an unknown one."""
    return _MEANINGS[code]


def not_in_guild(error: NotFound) -> NotFound:
    """Return what it means that Discord does not know the bot's own member."""
    meaning = _MEANINGS[UNKNOWN_GUILD]
    return NotFound(meaning.message, meaning.hint, code=meaning.code, discord_code=error.discord_code, http_status=404)


def words_of(body: dict[str, object]) -> str:
    """Return Discord's own words in one line, "" if there are none."""
    message = body.get("message")
    text = message[: 4 * _LONGEST_WORDS] if isinstance(message, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_WORDS]


def _bad_request(call: Call, status: int, code: int | None, body: dict[str, object]) -> BadRequest:
    fields: FieldErrors = dict(_field_errors(body.get("errors"), "", 0))
    meaning = _MEANINGS.get(code or 0) or _field_meaning(fields)
    if meaning is None:
        where = ", ".join(f"{path or 'body'}: {' '.join(codes)}" for path, codes in fields.items())
        what = f"{call.route} is refused (HTTP {status}, code {code or 0}{f'; {where}' if where else ''})"
        meaning = Failure("discord_error", what, "run again with --verbose and compare with Discord's documentation")
    return BadRequest(
        meaning.message,
        meaning.hint,
        code=meaning.code,
        discord_code=code,
        http_status=status,
        field_errors=fields,
    )


def _field_meaning(fields: FieldErrors) -> Failure | None:
    if "CHANNEL_PARENT_MAX_CHANNELS" in fields.get("parent_id", ()):
        return Failure("limit_reached", f"the category has its {CHANNELS_IN_CATEGORY} channels", _FREE)
    if "name" in fields:
        return _MEANINGS[NAME_REFUSED]
    return None


def _field_errors(tree: object, path: str, depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Flatten Discord's nested `errors`: leaves are `{"_errors": [{"code", "message"}]}` at any depth."""
    if not isinstance(tree, dict) or depth > _DEPTH:
        return
    for key, below in tree.items():
        if key == "_errors" and isinstance(below, list):
            yield path, tuple(str(item.get("code", "")) for item in below if isinstance(item, dict))
        else:
            yield from _field_errors(below, f"{path}.{key}" if path else str(key), depth + 1)
