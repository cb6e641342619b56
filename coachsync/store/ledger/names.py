"""Whose the Discord user names of bookings are: the ledger's rows, read and written.

Loaded only if a booking names somebody by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from coachsync.domain.model import Session
from coachsync.domain.user_names import Lookup, plain_name
from coachsync.store.ledger.keys import clean, id_of, ledger_key
from coachsync.store.sql import Sql

_FIELDS = "session_id, guild_id, name, result, user_id, at, shown"
OF_SESSIONS = f"SELECT {_FIELDS} FROM coachsync_names WHERE session_id IN ({{}})"  # noqa: S608 - names of ours alone
_FORMER = "DELETE FROM coachsync_names WHERE session_id = ? AND guild_id = ? AND name = ?"
_SAVE = (
    "INSERT INTO coachsync_names (session_id, guild_id, name, result, user_id, at, shown, ends_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, guild_id, name) DO UPDATE SET result = excluded.result,"
    " user_id = excluded.user_id, at = excluded.at, shown = excluded.shown, ends_at = excluded.ends_at"
)


def lookup_of(row: tuple[Any, ...]) -> Lookup:
    """Return what a row of `OF_SESSIONS` says."""
    return Lookup(id_of(row[0]), *row[1:])


def keep(sql: Sql, lookups: Iterable[Lookup], sessions: Mapping[str, Session]) -> None:
    """Remember what was looked up for these bookings; what they named before is forgotten."""
    touched: dict[str, Session] = {}
    for lookup in lookups:
        session = touched[lookup.session_id] = sessions[lookup.session_id]
        key = (ledger_key(lookup.session_id), lookup.guild_id, clean(lookup.name))
        sql.run(_SAVE, (*key, lookup.result, lookup.user_id, lookup.at, clean(lookup.shown), session.end))
    for session in touched.values():
        named = {plain_name(person.discord_name) for person in session.people}
        for former in session.lookups:
            if former.name not in named:
                sql.run(_FORMER, (ledger_key(session.id), former.guild_id, clean(former.name)))
