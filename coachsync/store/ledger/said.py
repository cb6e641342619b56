# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What imports and sources said of each booking last, as rows: no names and no ids of people, only digests.

A digest of whose a booking is can be found by trying ids. So it stands behind that of when it is, and is taken off when
one of its people is forgotten: then the entry is still known by the rest.

Loaded only by what brings bookings in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from coachsync.domain.model import Millis
from coachsync.store.ledger.keys import clean, id_of, ledger_key
from coachsync.store.sql import Row, Sql

_COLUMNS = "source, status, booking, rest, at, missing_first, missing_last"
_SAVE = (
    f"INSERT INTO coachsync_said (session_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id)"
    f" DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in _COLUMNS.split(', '))}"
)
AMONG = f"SELECT session_id, {_COLUMNS} FROM coachsync_said WHERE session_id IN ({{}})"
OF_SOURCE = f"SELECT session_id, {_COLUMNS} FROM coachsync_said WHERE source = ? ORDER BY session_id"


WHOSE = "."
"""What stands in `booking` before the digest of whose it is."""


class LastSaid(NamedTuple):
    """What a source ("": imports without one) said of a booking last.

    `status` is as it was written, "" if it said none; `booking` and `rest` are digests of when and whose it is, joined
    by a dot, and of all else; see `without_people`. `missing_first` and `missing_last`: when it was first and last not
    among what the source has, if it is missing.
    """

    session_id: str
    source: str
    status: str
    booking: str
    rest: str
    at: Millis
    missing_first: Millis | None = None
    missing_last: Millis | None = None

    @property
    def when(self) -> str:
        """Return the digest of when and in which state the booking is."""
        return self.booking.partition(WHOSE)[0]

    @property
    def is_forgotten(self) -> bool:
        """Return whether one of the booking's people was forgotten: then it is not known whose it is."""
        return self.booking.endswith(WHOSE)

    def without_people(self) -> LastSaid:
        """Return what remains if it is not to be known whose the booking is."""
        return self._replace(booking=f"{self.when}{WHOSE}", rest="")


def said_of(row: Row) -> LastSaid:
    """Return what a row holds."""
    return LastSaid(id_of(row[0]), *row[1:])


def keep(sql: Sql, listed: Iterable[LastSaid]) -> None:
    """Write what was said."""
    for said in listed:
        fields = (ledger_key(said.session_id), clean(said.source), clean(said.status), *said[3:])
        sql.run(_SAVE, fields)


def forget_people(sql: Sql, keys: Collection[str | bytes]) -> int:
    """Forget whose these bookings are, by their keys; return of how many that was known."""
    lost = [said for said in map(said_of, sql.among(AMONG, keys)) if said != said.without_people()]
    for said in lost:
        _keep_bare(sql, said)
    for source in sorted({said.source for said in lost}):  # all that it said has a digest, too: it is read anew
        sql.run(
            "UPDATE coachsync_sources SET fingerprint = '', etag = '', modified = '', digest = '', taken_at = NULL"
            " WHERE name = ?",
            (source,),
        )
    return len(lost)


def forget_removed(sql: Sql, keys: Collection[str | bytes]) -> int:
    """Forget what is known of bookings that were removed; return of how many that was.

    A source may still list them: of these it stays known that they were there and when, or each pull would bring them
    back.
    """
    known = [said for said in map(said_of, sql.among(AMONG, keys)) if not (said.source and said.is_forgotten)]
    for said in known:
        if said.source:
            _keep_bare(sql, said)
        else:
            sql.run("DELETE FROM coachsync_said WHERE session_id = ?", (ledger_key(said.session_id),))
    return len(known)


def _keep_bare(sql: Sql, said: LastSaid) -> None:
    bare, key = said.without_people(), ledger_key(said.session_id)
    sql.run("UPDATE coachsync_said SET booking = ?, rest = ? WHERE session_id = ?", (bare.booking, bare.rest, key))


def forget(sql: Sql, session_ids: Collection[str]) -> None:
    """Forget what was said of these bookings."""
    for session_id in session_ids:
        sql.run("DELETE FROM coachsync_said WHERE session_id = ?", (ledger_key(session_id),))
