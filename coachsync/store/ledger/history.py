"""Whether the ledger's newest lines may be missing: after a failover to a replica that lagged, or from a backup."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.model import Millis


class Past(NamedTuple):
    """The history that the ledger was last written in, and the database's present one; 0: not known.

    `lost_since` is from when on lines were missing when the history last changed, None if it never did.
    """

    written: int
    present: int
    lost_since: Millis | None

    @property
    def cut_short(self) -> bool:
        """Return whether the newest lines may be missing, and no run has looked for what they told of."""
        return 0 not in (self.written, self.present) and self.written != self.present
