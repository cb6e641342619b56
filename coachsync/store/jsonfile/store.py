"""Bookings in a JSON file, with the ledger in an SQLite file beside it.

The file belongs to the booking system: our marks are spliced into the text of their rows, under the lock that it
takes too, and everything else stays to the letter. Marks are written before the ledger commits: what the ledger does
not know of is found again at Discord, what the store does not know of is restored from the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from coachsync import waits
from coachsync.domain.booking import COLUMN_OF, not_a_row, occurs_twice, read_booking
from coachsync.domain.model import Session
from coachsync.domain.naming import short_of
from coachsync.errors import SessionError, StoreError
from coachsync.store.base import Defaults, Imported, Marks, Span
from coachsync.store.importing import own_fields, read_json_row, sift, to_write
from coachsync.store.jsonfile.document import Document
from coachsync.store.jsonfile.read import MalformedError, ShapeError
from coachsync.store.jsonfile.swap import Stamp, locked_as, read, replace, unchanged
from coachsync.store.jsonfile.text import ABSENT, spliced, value_of
from coachsync.store.ledger.beside import make_ledger, open_ledger
from coachsync.store.ledger.reader import LedgerReader
from coachsync.store.ledger.writer import LedgerWriter, ensure_ledger
from coachsync.store.sqlite.database import Database

_MALFORMED_PAUSE = 0.1
_REDONE = 50

Edit = Callable[[Document], Document | None]


class JsonStore(LedgerReader):
    """See `store.base.Store`. `path` must be an existing file, resolved; `named` is how the configuration calls it."""

    def __init__(self, path: str, url: str, defaults: Defaults, *, writable: bool, named: str = "") -> None:
        self.path = path
        self._named = named or path
        self.url = url
        self._defaults = defaults
        self._writable = writable
        self._document, self._stamp = _load(path)
        super().__init__(open_ledger(path, writable=writable))

    def candidates(self, span: Span) -> list[Session]:
        """Return the bookings a tick must decide about."""
        document = self._fresh()
        return [self._session(document, position) for position in document.due(span)]

    def by_ids(self, ids: Collection[str]) -> dict[str, Session]:
        """Return those of the named bookings that exist, by id."""
        document = self._fresh()
        found = {session_id: document.positions(session_id) for session_id in ids}
        return {name: self._session(document, positions[0]) for name, positions in found.items() if positions}

    def matching(self, name: str) -> list[Session]:
        """Return the bookings whose id or short name is `name`: the exact id wins alone."""
        exact = self.by_ids([name])
        named = [name] if exact else [i for i in self._fresh().index() if i and short_of(i) == name]
        return list((exact or self.by_ids(named)).values())

    def everything(self) -> Iterator[Session]:
        """Yield every booking, by start."""
        document = self._fresh()
        sessions = (self._session(document, position) for position in range(len(document.rows)))
        yield from sorted(sessions, key=lambda session: (session.start, session.id))

    def is_empty(self) -> bool:
        """Return whether the store holds no booking at all."""
        return not self._fresh().rows

    def raw(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""
        document = self._fresh()
        positions = document.positions(session_id)
        fields: dict[str, Any] | None = value_of(document.text(positions[0])) if positions else None
        return fields

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key, in the file's order; what is no object is left out."""
        document = self._fresh()
        for position, row in enumerate(document.rows):
            if row is not None:
                yield value_of(document.text(position))

    def add(self, fields: Mapping[str, Any]) -> None:
        """Add a booking (JSON keys). Raises SessionError("invalid") where the id is taken or a field is wrong."""
        session = read_json_row(fields, self._defaults)
        if session.flaw is not None:
            raise SessionError("invalid", session.flaw.message, session.flaw.hint)

        def edit(document: Document) -> Document:
            if document.positions(session.id):
                raise SessionError("invalid", f"there is a booking {session.id!r} already", "choose another id")
            return document.edited({}, [{key: value for key, value in fields.items() if value is not None}])

        self._edit(edit)

    def change(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields of one booking; return False where it is gone or its status is not `status_from`."""
        own_fields(fields)
        changes = {key: ABSENT if value is None else value for key, value in fields.items()}
        changed = False

        def edit(document: Document) -> Document | None:
            nonlocal changed
            positions = [
                position
                for position in document.positions(session_id)
                if status_from is None or _status(document, position) == status_from
            ]
            changed = bool(positions and changes)
            texts = {position: spliced(document.text(position), changes) for position in positions}
            return document.edited(texts) if changed else None

        self._edit(edit)
        return changed

    def import_rows(self, rows: Iterable[Any]) -> Imported:
        """Add or change bookings in one replacement of the file; every key goes in."""
        good, account = sift(rows, self._defaults)

        def edit(document: Document) -> Document | None:
            for listed in (account.added, account.changed, account.unchanged):
                listed.clear()
            return _imported(document, good, account)

        self._edit(edit)
        return account

    @contextmanager
    def transaction(self) -> Iterator[JsonTransaction]:
        """Open a transaction over marks and ledger. Creates the ledger where there is none."""
        database = self._made_ledger()
        transaction = JsonTransaction(database, self)
        try:
            with database.immediate():
                ensure_ledger(database)
                yield transaction
                self._write_marks(transaction.marks)
        except BaseException:
            transaction.forget_numbers()
            raise

    def close(self) -> None:
        """Release the ledger."""
        if self._ledger is not None:
            self._ledger.close()

    def has(self, session_id: str) -> bool:
        """Return whether the file holds this booking now."""
        return bool(self._fresh().positions(session_id))

    def _write_marks(self, listed: list[Marks]) -> None:
        if listed:
            self._edit(lambda document: document.marked(listed))

    def _edit(self, edit: Edit) -> None:
        """Replace the file by what `edit` makes of its latest content (None: it stays), under the lock.

        Somebody who does not take the lock may write meanwhile: then it is done again with what they wrote.
        """
        with locked_as(self.path, self._named):
            for _ in range(_REDONE):
                document = self._fresh()
                edited = edit(document)
                if edited is None or edited.data == document.data:
                    return
                stamp = replace(self.path, edited.data, document.data, self._stamp)
                if stamp is not None:
                    self._document, self._stamp = edited, stamp
                    return
        hint = f"let the booking system take the lock {self.path}.lock while it writes"
        raise StoreError(f"{self.path} changes faster than it can be replaced", hint)

    def _fresh(self) -> Document:
        """Return the file's content, read again only where it changed."""
        if not unchanged(self.path, self._document.data, self._stamp):
            self._document, self._stamp = _load(self.path)
        return self._document

    def _session(self, document: Document, position: int) -> Session:
        row = document.rows[position]
        if row is None:
            return not_a_row(value_of(document.text(position)), position + 1, self._defaults)
        session = read_booking(msgspec.structs.asdict(row), self._defaults, position + 1)
        return occurs_twice(session) if len(document.positions(session.id)) > 1 else session

    def _made_ledger(self) -> Database:
        """Return the ledger's database; make it where there is none."""
        if self._ledger is None:
            self._ledger = make_ledger(self.path)
        return self._ledger


class JsonTransaction(LedgerWriter):
    """See `store.base.Transaction`. The marks are collected and written together when it ends."""

    def __init__(self, database: Database, store: JsonStore) -> None:
        super().__init__(database)
        self.marks: list[Marks] = []
        self._store = store

    def mark(self, marks: Marks) -> bool:
        """Write marks; return False where the booking is gone."""
        found = self._store.has(marks.session_id)
        if found:
            self.marks.append(marks)
        return found


def _load(path: str) -> tuple[Document, Stamp]:
    """Read the file; one that does not parse is read again for 2 seconds. Raises StoreError."""
    give_up = time.monotonic() + waits.current().malformed
    while True:
        data, stamp = read(path)
        try:
            return Document.of(data), stamp
        except MalformedError as error:
            if time.monotonic() > give_up:
                hint = "mend the file, or restore it from a backup; nothing was changed"
                raise StoreError(f"the session store {path} is not JSON: {error}", hint) from error
        except ShapeError:
            hint = 'write it as [{…}, …] or {"sessions": [{…}, …]}'
            raise StoreError(f"the session store {path} holds no array of sessions", hint) from None
        time.sleep(_MALFORMED_PAUSE)


def _status(document: Document, position: int) -> object:
    row = document.rows[position]
    return None if row is None else row.status


def _imported(document: Document, good: Mapping[str, dict[str, Any]], account: Imported) -> Document | None:
    """Return the document with the rows of an import, and note in its account what became of each."""
    texts: dict[int, str] = {}
    added = []
    for session_id, row in good.items():
        positions = document.positions(session_id)
        if not positions:
            added.append(to_write(None, row))
            account.added.append(session_id)
            continue
        written = to_write(value_of(document.text(positions[0])), row)
        changes = {key: ABSENT if value is None and key in COLUMN_OF else value for key, value in written.items()}
        (account.changed if changes else account.unchanged).append(session_id)
        if changes:
            texts |= {position: spliced(document.text(position), changes) for position in positions}
    return document.edited(texts, added) if texts or added else None
