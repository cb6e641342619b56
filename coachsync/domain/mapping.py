"""How another system's table holds bookings: which table, which rows of it, which column is which field. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from coachsync.domain.clocktimes import TimeForm

_WRITTEN = ("discord_setup_complete", "discord_cleaned_up", "discord_channel_id", "discord_role_id", "status")


class TableMapping(NamedTuple):
    """`[store]` and `[store.columns]`, if the bookings are in a table of another system.

    `columns`: field → column, as far as it is given; a field is named as in CONTRACT §4's tables, "end" is a field
    too. `where` is SQL, "" for every row. `timezone` is the zone of times that carry none, None if none is named.
    `ledger` is the url of the database that coachsync's own tables are in, None for the one of the bookings.
    `writes_status`: a completed session's status is written.
    """

    table: str
    where: str
    time: TimeForm
    timezone: str | None
    columns: Mapping[str, str]
    ledger: str | None
    writes_status: bool

    def writes(self, field: str) -> bool:
        """Return whether coachsync may write a field: one that is mapped for that, and no other."""
        return field in _WRITTEN and field in self.columns and (field != "status" or self.writes_status)

    @property
    def writes_any(self) -> bool:
        """Return whether anything is written to the table at all."""
        return any(map(self.writes, _WRITTEN))
