"""What a source answers, and how it fails."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.errors import CoachsyncError

LARGEST = 32 << 20
"""Bytes of an answer, unpacked: what is larger is refused."""


class Validators(NamedTuple):
    """What a source gave at its last answer to ask by whether anything is new; "" for nothing."""

    etag: str = ""
    modified: str = ""


class SourceAnswer(NamedTuple):
    """A source's document, and what it gives to ask by the next time.

    `unchanged`: it has nothing new, and no content.
    """

    content: bytes
    etag: str = ""
    modified: str = ""
    unchanged: bool = False


class PullError(CoachsyncError):
    """A source could not be pulled. `wait_s`: for how many seconds it asked not to be asked again."""

    code = "source_failed"

    def __init__(self, message: str, hint: str, wait_s: float = 0.0) -> None:
        super().__init__(message, hint)
        self.wait_s = wait_s


def too_large() -> PullError:
    """Return that an answer is larger than what is taken."""
    return PullError(f"it is larger than {LARGEST >> 20} MiB", "let it hold the coming bookings alone")


def too_slow(timeout_s: float) -> PullError:
    """Return that an answer did not come in its time."""
    return PullError(f"no whole answer within {timeout_s:g} s", "raise its `timeout` if it is always so slow")
