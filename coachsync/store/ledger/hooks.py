# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""What the operator's programs were told, and are still to be told, of each session's life.

A life is counted: how often the session was closed before. Each program hears of an event once in a life.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from coachsync.domain.failure import Failure
from coachsync.domain.model import Event, Millis
from coachsync.store.ledger.keys import clean, id_of, ledger_key
from coachsync.store.sql import Sql

HookState = Literal["owed", "begun", "done", "failed"]
"""To be run; being run, or its run ended before it; over; it failed and is run again."""

_SEEN = "hooks_seen"
_READ_AT_ONCE = 5000
_CLOSES = "(what IN ('cleanup', 'revoke') OR what = 'left behind') AND outcome = 'done'"  # each ends a life
_EVENT = "id, at, session_id, what, outcome, detail, code, message, hint"


class Heard(NamedTuple):
    """One event of a session's life that a program is told of; `action` is a JSON object."""

    session_id: str
    life: int
    event: str
    action: str
    event_id: int


class HookRows:
    """The hooks' part of the ledger, in one transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def unheard(self, since: Millis) -> list[tuple[int, Event]]:
        """Return the lines of all stories that no run has looked at, with their numbers, and count them as seen.

        The first time those before `since` count as seen already.
        """
        found = self._sql.one("SELECT value FROM coachsync_meta WHERE key = ?", (_SEEN,))
        if found is None:
            found = self._sql.one("SELECT coalesce(max(id), 0) FROM coachsync_events WHERE at < ?", (since,))
        seen = found[0] if found is not None else 0
        sql = f"SELECT {_EVENT} FROM coachsync_events WHERE id > ? ORDER BY id LIMIT ?"
        rows = self._sql.all(sql, (seen, _READ_AT_ONCE))
        sql = (
            "INSERT INTO coachsync_meta (key, value) VALUES (?, ?)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
        self._sql.run(sql, (_SEEN, rows[-1][0] if rows else seen))
        return [(row[0], _event(row[1:])) for row in rows]

    def life(self, session_id: str, event_id: int) -> int:
        """Return the number of the life that a line of a session's story belongs to."""
        sql = f"SELECT count(*) FROM coachsync_events WHERE session_id = ? AND id < ? AND {_CLOSES}"
        found = self._sql.one(sql, (ledger_key(session_id), event_id))
        return int(found[0]) if found is not None else 0

    def hear(self, heard: Heard, state: HookState, now: Millis) -> None:
        """Note an event of a life; nothing changes if it was noted before."""
        sql = (
            "INSERT INTO coachsync_hooks (session_id, life, event, state, action, event_id, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        )
        key = ledger_key(heard.session_id)
        self._sql.run(sql, (key, heard.life, heard.event, state, clean(heard.action), heard.event_id, now))

    def unmended(self) -> list[Heard]:
        """Return the failures that nobody was told the end of."""
        sql = (
            "SELECT session_id, life, event, action, event_id FROM coachsync_hooks AS f WHERE event = 'failed' AND"
            " NOT EXISTS (SELECT 1 FROM coachsync_hooks AS m WHERE m.event = 'mended'"
            " AND m.session_id = f.session_id AND m.life = f.life)"
        )
        return [Heard(id_of(row[0]), *row[1:]) for row in self._sql.all(sql)]

    def take(self, events: Collection[str], now: Millis, longest: Millis) -> tuple[list[Heard], list[Heard]]:
        """Return what is to be run, now counted as begun, and what began more than `longest` ago and never ended.

        Of the latter nobody knows how it ended: it counts as over. What no program is there for any more is over, too.
        """
        sql = "SELECT session_id, life, event, action, event_id, state, at FROM coachsync_hooks WHERE state <> 'done'"
        due, lost = [], []
        for key, *fields, state, at in self._sql.all(f"{sql} ORDER BY event_id, session_id"):
            heard = Heard(id_of(key), *fields)
            if state == "begun" and abs(now - at) <= longest:
                continue  # by a run that still waits for it
            known = heard.event in events
            if state == "begun":
                lost.append(heard)
            elif known:
                due.append(heard)
            self.became(heard, "begun" if known and state != "begun" else "done", now)
        return due, lost

    def became(self, heard: Heard, state: HookState, now: Millis) -> None:
        """Note that a program was begun, how it ended, or that it was not begun after all."""
        sql = "UPDATE coachsync_hooks SET state = ?, at = ? WHERE session_id = ? AND life = ? AND event = ?"
        self._sql.run(sql, (state, now, ledger_key(heard.session_id), heard.life, heard.event))


def _event(row: tuple[object, ...]) -> Event:
    at, key, what, outcome, detail, code, message, hint = row
    failure = None if code is None else Failure(code, message, hint)  # type: ignore[arg-type]  # as it was written
    return Event(at, id_of(key), what, outcome, detail, failure)  # type: ignore[arg-type]  # as it was written
