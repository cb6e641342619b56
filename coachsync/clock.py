"""The host's clock, and moments as text.

Two clocks are never mixed: when sessions are due is asked of this one (or of `--now`), when something was made is
asked of Discord.
"""

from __future__ import annotations

import time

from coachsync.domain.model import Millis


def host_now() -> Millis:
    """Return the time by the host's clock."""
    return time.time_ns() // 1_000_000


def iso(moment: Millis) -> str:
    """Return a moment as ISO 8601 in UTC, milliseconds only where there are any."""
    from datetime import UTC, datetime

    stamp = datetime.fromtimestamp(moment // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{moment % 1000:03d}Z" if moment % 1000 else f"{stamp}Z"
