# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What is taken out of the ledger for good: old sessions, and one person's ids and names.

All of it happens inside one transaction of the ledger's; rows are read and changed in bounded steps. Every method
counts the rows that it deleted or changed, by table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from json import dumps, loads
from typing import Any

from coachsync.domain.forgotten import FORGOTTEN, Somebody
from coachsync.domain.model import Millis
from coachsync.store.ledger import said
from coachsync.store.ledger.keys import id_of, ledger_key
from coachsync.store.sql import Row, Sql

_STEP = 500
_HERE = "('made', 'spare', 'attempted', 'overtaken', 'abandoned')"  # states of a thing that may still be at Discord
_HELD = (
    "SELECT session_id FROM coachsync_entries WHERE state <> 'closed'"
    f" UNION SELECT session_id FROM coachsync_resources WHERE session_id IS NOT NULL AND state IN {_HERE}"
    " UNION SELECT session_id FROM coachsync_grants WHERE state <> 'revoked'"
    " UNION SELECT session_id FROM coachsync_hooks WHERE state <> 'done'"
)
# By these lines a receipt knows that we ourselves deleted a thing.
_PROOFS = "('channel deleted', 'role deleted')"
_OF_BOOKINGS = ("reported", "marks")  # what matters as long as the booking is there

Change = Callable[[str], str]


class Eraser:
    """See the module's text. `counts` is table → how many rows were deleted or changed."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self.counts: Counter[str] = Counter()

    def held(self) -> set[str]:
        """Return the sessions of which something may still be there: live ones, and what was not seen to be gone.

        Also those that a program is still to be told of.
        """
        return {id_of(key) for (key,) in self._sql.each(_HELD)}

    def ended(self, before: Millis | None = None) -> set[str]:
        """Return the sessions that the ledger remembers, or those of them that ended before a moment."""
        if before is None:
            return {id_of(key) for (key,) in self._sql.each("SELECT session_id FROM coachsync_entries")}
        sql = "SELECT session_id FROM coachsync_entries WHERE ends_at < ?"
        return {id_of(key) for (key,) in self._sql.each(sql, (before,))}

    def names_ended(self, before: Millis) -> set[str]:
        """Return the bookings that ended before a moment and whose people were looked up by name."""
        sql = "SELECT DISTINCT session_id FROM coachsync_names WHERE ends_at < ?"
        return {id_of(key) for (key,) in self._sql.each(sql, (before,))}

    def drop(self, session_ids: Collection[str], removed: Collection[str], *, receipts: bool) -> None:
        """Forget what is remembered of sessions; of those whose booking was removed, also what guards a booking.

        Unless `receipts` is said, what a receipt is made of stays: who had access, what was made, that it is gone.
        """
        of_receipts = ("grants", "resources", "people", "entries") if receipts else ()
        for table in (*of_receipts, "names", "hooks"):
            self._delete(table, session_ids)
        self._delete("events", session_ids, "" if receipts else f" AND what NOT IN {_PROOFS}")
        for table in _OF_BOOKINGS:
            self._delete(table, removed)
        self._count("said", said.forget_removed(self._sql, list(map(ledger_key, removed))))

    def drop_events(self, before: Millis) -> None:
        """Forget the lines of stories before a moment whose session the ledger does not remember."""
        sql = (
            "DELETE FROM coachsync_events WHERE at < ? AND session_id NOT IN (SELECT session_id FROM coachsync_entries)"
        )
        self._count("events", self._sql.run(sql, (before,)))

    def ids_called(self, somebody: Somebody) -> set[str]:
        """Return the ids of whoever is called so."""
        people = self._sql.each("SELECT DISTINCT user_id, name, discord_name FROM coachsync_people")
        found = {row[0] for row in people if row[0] and somebody.is_called(*row[1:])}
        looked_up = self._sql.each("SELECT DISTINCT user_id, name FROM coachsync_names WHERE user_id IS NOT NULL")
        return found | {row[0] for row in looked_up if somebody.is_called(row[1])}

    def names_of(self, user_id: str) -> set[str]:
        """Return what is remembered as a name of this person's."""
        people = self._sql.all("SELECT DISTINCT name, discord_name FROM coachsync_people WHERE user_id = ?", (user_id,))
        names = self._sql.all("SELECT DISTINCT name FROM coachsync_names WHERE user_id = ?", (user_id,))
        return {text for row in (*people, *names) for text in row if text}

    def sessions_of(self, somebody: Somebody) -> set[str]:
        """Return the sessions that somebody is, or was, one of the people of."""
        people = self._sql.each("SELECT session_id, user_id, name, discord_name FROM coachsync_people")
        found = {id_of(key) for key, *person in people if somebody.is_person(*person)}
        for user_id in somebody.ids:
            sql = (
                "SELECT session_id FROM coachsync_grants WHERE user_id = ?"
                " UNION SELECT session_id FROM coachsync_names WHERE user_id = ?"
            )
            found |= {id_of(key) for (key,) in self._sql.all(sql, (user_id, user_id))}
        return found | {id_of(row[0]) for row in self._lookups(somebody)}

    def forget(self, somebody: Somebody, theirs: Collection[str], left: Collection[str]) -> None:
        """Take somebody's ids and names out of all rows but those of the sessions that are `left`.

        `theirs` are their sessions: only in what belongs to these a name is theirs for sure.
        """
        keys = [ledger_key(session_id) for session_id in theirs]
        kept = {ledger_key(session_id) for session_id in left}
        self._forget_people(somebody, keys)
        self._forget_lookups(somebody, kept)
        mine = frozenset(keys)
        self._rewrite("entries", "session_id", ("role_name", "channel_name", "repairs"), somebody, mine, kept)
        self._rewrite("resources", "id", ("name",), somebody, mine, kept)
        self._rewrite("events", "id", ("detail", "message", "hint"), somebody, mine, kept)
        self._rewrite("hooks", "session_id, life, event", ("action",), somebody, mine, kept)
        self._rewrite("pauses", "session_id, guild_id", ("reason",), somebody, mine, kept)
        self._forget_in_causes(somebody, mine, kept)
        self._forget_in_refusals(somebody)
        self._count("said", said.forget_people(self._sql, keys))

    def _forget_people(self, somebody: Somebody, keys: list[str | bytes]) -> None:
        for part in _parts(keys):
            slots = ", ".join("?" * len(part))
            sql = (
                "SELECT session_id, position, user_id, name, discord_name FROM coachsync_people"
                f" WHERE session_id IN ({slots})"
            )
            for key, position, *person in self._sql.all(sql, part):
                if somebody.is_person(*person):
                    self._count(
                        "people",
                        self._sql.run(
                            "UPDATE coachsync_people SET user_id = NULL, name = '', discord_name = ''"
                            " WHERE session_id = ? AND position = ?",
                            (key, position),
                        ),
                    )
            for user_id in somebody.ids:
                sql = f"UPDATE coachsync_grants SET user_id = ? WHERE user_id = ? AND session_id IN ({slots})"
                self._count("grants", self._sql.run(sql, (FORGOTTEN, user_id, *part)))

    def _lookups(self, somebody: Somebody) -> Iterator[Row]:
        """Yield the looked up names that are somebody's."""
        sql = "SELECT session_id, guild_id, name, user_id FROM coachsync_names"
        for row in self._sql.each(sql):
            if row[3] in somebody.ids or (somebody.by_name and row[3] is None and somebody.is_called(row[2])):
                yield row

    def _forget_lookups(self, somebody: Somebody, kept: Collection[str | bytes]) -> None:
        for key, guild_id, name, _ in list(self._lookups(somebody)):
            if key not in kept:
                sql = "DELETE FROM coachsync_names WHERE session_id = ? AND guild_id = ? AND name = ?"
                self._count("names", self._sql.run(sql, (key, guild_id, name)))
        # what else was found on somebody's page of similar names
        every = frozenset(row[0] for row in self._sql.each("SELECT DISTINCT session_id FROM coachsync_names"))
        self._rewrite("names", "session_id, guild_id, name", ("shown",), somebody, every, kept)

    def _rewrite(
        self,
        table: str,
        key: str,
        columns: tuple[str, ...],
        somebody: Somebody,
        theirs: frozenset[str | bytes],
        kept: Collection[str | bytes],
    ) -> None:
        """Take somebody out of these columns; rows without a session are nobody's, but an id may stand in them."""
        keys = key.split(", ")
        settings = ", ".join(f"{column} = ?" for column in columns)
        where = " AND ".join(f"{column} = ?" for column in keys)
        update = f"UPDATE coachsync_{table} SET {settings} WHERE {where}"
        select = f"SELECT session_id, {key}, {', '.join(columns)} FROM coachsync_{table}"
        for row in self._changing(select):
            session, place, texts = row[0], row[1 : 1 + len(keys)], row[1 + len(keys) :]
            if session in kept:
                continue
            change = somebody.without if session in theirs else somebody.without_ids
            told = tuple(None if text is None else _changed(text, change) for text in texts)
            if told != texts:
                self._count(table, self._sql.run(update, (*told, *place)))

    def _changing(self, select: str) -> Iterator[Row]:
        """Yield the rows of a query that may be changed meanwhile."""
        # A row that is changed in the middle of a scan may be met again, which changes nothing: it is told already.
        yield from self._sql.each(select)

    def _forget_in_causes(
        self, somebody: Somebody, theirs: Collection[str | bytes], kept: Collection[str | bytes]
    ) -> None:
        columns = "message, hint, about, told"
        for number, sessions, *texts in self._sql.all(f"SELECT id, sessions, {columns} FROM coachsync_causes"):
            concerned = {ledger_key(session_id) for session_id in loads(sessions)}
            if not concerned.isdisjoint(kept):
                continue
            change = somebody.without if not concerned.isdisjoint(theirs) else somebody.without_ids
            told = [_changed(text, change) for text in texts]
            if told != texts:
                sql = f"UPDATE coachsync_causes SET {columns.replace(',', ' = ?,')} = ? WHERE id = ?"
                self._count("causes", self._sql.run(sql, (*told, number)))

    def _forget_in_refusals(self, somebody: Somebody) -> None:
        for key, *texts in self._sql.all("SELECT key, message, hint FROM coachsync_refusals"):
            told = list(map(somebody.without_ids, texts))
            if told != texts:
                sql = "UPDATE coachsync_refusals SET message = ?, hint = ? WHERE key = ?"
                self._count("refusals", self._sql.run(sql, (*told, key)))

    def _delete(self, table: str, session_ids: Iterable[str], more: str = "") -> None:
        for part in _parts(map(ledger_key, session_ids)):
            slots = ", ".join("?" * len(part))
            sql = f"DELETE FROM coachsync_{table} WHERE session_id IN ({slots}){more}"
            self._count(table, self._sql.run(sql, part))

    def _count(self, table: str, rows: int) -> None:
        if rows > 0:
            self.counts[f"coachsync_{table}"] += rows


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(values)
    while part := list(islice(left, _STEP)):
        yield part


def _changed(text: str, change: Change) -> str:
    """Return a text changed; of one that is JSON, which may write letters as numbers, each text in it."""
    if text[:1] not in ("{", "["):
        return change(text)
    try:
        value = loads(text)
    except (ValueError, RecursionError):
        return change(text)
    told = _changed_in(value, change)
    return text if told == value else dumps(told)


def _changed_in(value: Any, change: Change) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_changed_in(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _changed_in(item, change) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        told = change(str(value))
        return value if told == str(value) else told
    return value
