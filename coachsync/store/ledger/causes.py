# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""The ledger's causes as rows: read, kept from run to run, and what each channel was told of them.

Loaded only if something is wrong, or was: most ticks find no cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from json import dumps, loads
from typing import Any

from coachsync.domain.causes import NEVER, SHARED, Cause, Followed, Turns
from coachsync.domain.model import Millis
from coachsync.domain.news import Remembered, Told, is_settled
from coachsync.store.ledger.keys import clean
from coachsync.store.sql import Sql

_FIELDS = "code, guild_id, message, hint, sessions, since, last_seen, urgency, turns, about"
_ENDING = "ended, ended_at"
_ADD = f"INSERT INTO coachsync_causes ({_FIELDS}, told, {_ENDING}) VALUES ({', '.join('?' * 13)})"
_SAVE = f"UPDATE coachsync_causes SET {_FIELDS.replace(',', ' = ?,')} = ?, ended = ?, ended_at = ? WHERE id = ?"
_ALL = f"SELECT {_FIELDS}, id, told, {_ENDING} FROM coachsync_causes ORDER BY id"
_SAME = "SELECT id, sessions FROM coachsync_causes WHERE code = ? AND guild_id = ? AND about = ? AND ended = ''"


def cause_of(row: tuple[Any, ...]) -> Cause:
    """Return the cause of a row of `ledger.CAUSE`."""
    code, guild_id, message, hint, sessions, since, last_seen, urgency, turns, about, rowid = row
    pairs = tuple(Turns(*(NEVER if moment is None else moment for moment in pair)) for pair in loads(turns))
    return Cause(code, guild_id, message, hint, tuple(loads(sessions)), since, last_seen, urgency, rowid, pairs, about)


def remembered(row: tuple[Any, ...]) -> Remembered:
    """Return a cause with what was told of it and how it ended, if it did."""
    told, ended, ended_at = row[-3:]
    return Remembered(cause_of(row[:-3]), {c: _told(t) for c, t in loads(told).items()}, ended or None, ended_at)


def keep(sql: Sql, followed: Followed, now: Millis) -> None:
    """Write the causes that stand and those that ended, and forget what everybody knows."""
    for cause in followed.standing:
        _write(sql, cause, "", None)
    for cause, how in followed.ended:
        _write(sql, cause, how, now)
    for known in map(remembered, sql.all(_ALL)):
        if is_settled(known, now):
            sql.run("DELETE FROM coachsync_causes WHERE id = ?", (known.cause.rowid,))


def mark(sql: Sql, channel: str, told: Mapping[int, Told]) -> None:
    """Remember what a channel was told; a cause that is gone meanwhile is left out."""
    for rowid, said in told.items():
        found = sql.one("SELECT told FROM coachsync_causes WHERE id = ?", (rowid,))
        if found is not None:
            memory = loads(found[0]) | {channel: said._asdict()}
            sql.run("UPDATE coachsync_causes SET told = ? WHERE id = ?", (dumps(memory), rowid))


def _write(sql: Sql, cause: Cause, how: str, ended_at: Millis | None) -> None:
    turns = [[None if moment == NEVER else moment for moment in turn] for turn in cause.turns]
    words = (cause.code, cause.guild_id, clean(cause.message), clean(cause.hint), dumps(cause.sessions))
    fields = (*words, cause.since, cause.last_seen, cause.urgency, dumps(turns), clean(cause.about))
    number = cause.rowid or _written_meanwhile(sql, cause)
    if number:
        sql.run(_SAVE, (*fields, how, ended_at, number))
    else:
        sql.insert(_ADD, (*fields, "{}", how, ended_at))


def _written_meanwhile(sql: Sql, cause: Cause) -> int:
    """Return the number under which another host wrote the same cause since it was looked for, 0 if none did."""
    rows = sql.all(_SAME, (cause.code, cause.guild_id, clean(cause.about)))
    shared = cause.code in SHARED or len(cause.sessions) != 1
    same = (number for number, sessions in rows if shared or loads(sessions) == list(cause.sessions))
    return next(same, 0)


def _told(found: dict[str, Any]) -> Told:
    known = {name: value for name, value in found.items() if name in Told._fields}
    return Told(**known | {"sessions": tuple(known.get("sessions", ()))})
