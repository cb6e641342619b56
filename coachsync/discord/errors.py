"""What can go wrong with Discord, by meaning.

Every exception of this package is a `DiscordError`: one of CONTRACT §7's codes, one line that says what is wrong,
one that an operator can act on, Discord's own code and the HTTP status if there were any. `settled` says
whether Discord surely did not do what was asked: only then may a create count as never made.
"""

# ruff: noqa: N818 - named as Discord names them: NotFound, Forbidden

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from coachsync.domain.failure import ErrorCode, Failure
from coachsync.errors import SOME_FAILED, CoachsyncError
from coachsync.secrets import redact

FieldErrors = Mapping[str, tuple[str, ...]]
"""Dotted path in the request body ("" for the body itself) → Discord's codes for what is wrong there."""


class DiscordError(CoachsyncError):
    """Something Discord, or the way to it, did not do. The subclasses say what."""

    exit_code = SOME_FAILED
    default_code: ClassVar[ErrorCode] = "discord_error"
    settled: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        hint: str,
        *,
        code: ErrorCode | None = None,
        discord_code: int | None = None,
        http_status: int | None = None,
    ) -> None:
        # the words may be Discord's, or of whoever answers in its place
        super().__init__(redact(message, foreign=True), redact(hint, foreign=True))
        self.code: ErrorCode = code or self.default_code
        self.discord_code = discord_code
        self.http_status = http_status


class Unauthorized(DiscordError):
    """The token is refused (401)."""

    default_code = "unauthorized"


class Forbidden(DiscordError):
    """Discord does not let the bot do this: a permission, access to the channel, or the owner's 2FA is missing."""

    default_code = "missing_permission"


class NotFound(DiscordError):
    """What was asked for is gone or never was; `discord_code` says what kind of thing."""


class BadRequest(DiscordError):
    """Discord refuses the request as it stands; `field_errors` says which field."""

    def __init__(
        self,
        message: str,
        hint: str,
        *,
        code: ErrorCode | None = None,
        discord_code: int | None = None,
        http_status: int | None = None,
        field_errors: FieldErrors | None = None,
    ) -> None:
        super().__init__(message, hint, code=code, discord_code=discord_code, http_status=http_status)
        self.field_errors: FieldErrors = field_errors or {}

    def names(self, field: str, code: str | None = None) -> bool:
        """Return whether `field` (or one below it) is complained about, with Discord's `code` if one is given."""
        return any(
            (path == field or path.startswith(f"{field}.")) and (code is None or code in codes)
            for path, codes in self.field_errors.items()
        )

    @property
    def category_full(self) -> bool:
        """Return whether the parent category is full."""
        return self.names("parent_id", "CHANNEL_PARENT_MAX_CHANNELS")

    @property
    def bad_parent(self) -> bool:
        """Return whether the parent is refused for another reason: gone, or no category."""
        return self.names("parent_id") and not self.category_full


class RateLimited(DiscordError):
    """A limit's wait is longer than this request may take.

    `retry_after_s` counts from when it was raised; `scope` is "user", "shared", "global" or "bucket" (known
    beforehand, no 429 was met); `sent` is False if this very request never left the host. `too_late`: the wait is not
    too long, but it was to be sent earlier or not at all.
    """

    default_code = "rate_limited"

    def __init__(
        self,
        message: str,
        hint: str,
        *,
        retry_after_s: float,
        scope: str,
        route: str,
        sent: bool,
        too_late: bool = False,
    ) -> None:
        super().__init__(message, hint, http_status=429 if sent else None)
        self.too_late = too_late
        self.retry_after_s = retry_after_s
        self.scope = scope
        self.route = route
        self.sent = sent


class Blocked(DiscordError):
    """Discord's edge turns this host away; every further request makes it last longer."""

    default_code = "blocked"


class Unreachable(DiscordError):
    """No connection came about: the request was never sent."""

    default_code = "unreachable"


class ServerError(DiscordError):
    """Discord answered 5xx, also when asked again."""

    settled = False


class AnswerLost(DiscordError):
    """The request was sent, or may have been, and no usable answer came: Discord may have done it."""

    default_code = "unreachable"
    settled = False


class UnexpectedAnswer(DiscordError):
    """An answer that Discord does not give: a redirect, no JSON, JSON of another shape."""

    default_code = "unexpected_answer"
    settled = False


TOO_MANY_REFUSED = "this host has been refused too often within ten minutes"
LEASE_LOST = "this host's lease on the bot could not be renewed, so another host may use the bot now"
_AFTER_A_STOP = {
    TOO_MANY_REFUSED: "Discord bans an address that goes on like that: mend what `coachsync status` says is refused; a "
    "run ten minutes from now goes on"
}


class Stopped(DiscordError):
    """The client was stopped before this request was sent; `cause` is what stopped it, None for our own doing."""

    def __init__(self, reason: str, cause: DiscordError | None = None) -> None:
        super().__init__(
            cause.message if cause else f"the run stopped before this was sent: {reason}",
            cause.hint if cause else _AFTER_A_STOP.get(reason, "the next run goes on from here"),
            code=cause.code if cause else "rate_limited" if reason == TOO_MANY_REFUSED else "interrupted",
            discord_code=cause.discord_code if cause else None,
            http_status=cause.http_status if cause else None,
        )
        self.reason = reason
        self.cause = cause


def failure_of(error: DiscordError) -> Failure:
    """Return `error` as the data that an outcome carries."""
    return Failure(error.code, error.message, error.hint, error.discord_code, error.http_status)
