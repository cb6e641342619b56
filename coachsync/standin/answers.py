"""What the stand-in answers: a reply in bytes, and Discord's errors by their code.

Source of codes and statuses: https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

CODES: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10009: (404, "Unknown Overwrite"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10065: (404, "Unknown Voice State"),
    20026: (403, "Your bot has been flagged by our anti-spam system for abusive behavior."),
    20031: (400, "This channel or server name contains words that are not allowed"),
    30005: (400, "Maximum number of guild roles reached (250)"),
    30013: (400, "Maximum number of guild channels reached (500)"),
    40333: (403, "internal network error"),
    50001: (403, "Missing Access"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50028: (400, "Invalid Role"),
    50035: (400, "Invalid Form Body"),
    50074: (400, "Cannot delete a channel required for Community guilds"),
    50109: (400, "The request body contains invalid JSON."),
    60003: (403, "Two factor is required for this operation"),
}

REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}

JSON = "application/json"
HTML = "text/html; charset=UTF-8"


class ApiError(Exception):
    """A refusal by Discord: HTTP status, JSON code (None leaves it out), message, nested field errors."""

    def __init__(self, status: int, code: int | None, message: str, errors: dict[str, object] | None = None) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def reply(self) -> Reply:
        """The answer that tells it."""
        body: dict[str, object] = {"message": self.message}
        if self.code is not None:
            body["code"] = self.code
        if self.errors:
            body["errors"] = self.errors
        return Reply.of_json(self.status, body)


def refuse(code: int) -> ApiError:
    """The error of a code of `CODES`, with its usual status."""
    status, message = CODES[code]
    return ApiError(status, code, message)


def plain_error(status: int) -> ApiError:
    """An error that has no code of its own: code 0 and the status as its text."""
    return ApiError(status, 0, f"{status}: {REASONS.get(status, 'Error')}")


@dataclass(slots=True)
class Reply:
    """An answer on its way.

    `manner` is how it leaves: send, reset, cut (half the body) or drip. With `early_hints` a 103 goes before it.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "send"
    date_offset: float = 0.0
    interval: float = 0.0
    early_hints: bool = False

    @classmethod
    def of_json(cls, status: int, body: object, headers: dict[str, str] | None = None) -> Reply:
        """A JSON answer."""
        return cls(status, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": JSON, **(headers or {})})

    @classmethod
    def of_html(cls, status: int, text: str) -> Reply:
        """An HTML page, as proxies and Discord's edge send them."""
        return cls(status, text.encode(), {"Content-Type": HTML})

    @classmethod
    def reset(cls) -> Reply:
        """No answer at all: the connection breaks."""
        return cls(0, manner="reset")


def rate_limited(retry_after: float, scope: str, headers: dict[str, str] | None = None, bare: bool = False) -> Reply:
    """A 429 as Discord sends it; `scope` is user, global or shared; `bare` leaves `Retry-After` out."""
    body = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": scope == "global",
    }
    sent = {"X-RateLimit-Scope": scope, **(headers or {})}
    if scope == "global":
        sent["X-RateLimit-Global"] = "true"
    if not bare:
        sent["Retry-After"] = str(math.ceil(retry_after))
    return Reply.of_json(429, body, sent)
