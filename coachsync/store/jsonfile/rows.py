"""Bookings in a JSON file: the rows, as `store.bookings` asks for them.

The file belongs to the booking system: our marks are spliced into the text of their rows, under the lock that it
takes too, and everything else stays to the letter. Marks are written before the ledger commits: what the ledger does
not know of is found again at Discord, what the store does not know of is restored from the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from coachsync import waits
from coachsync.domain.marks import Marks
from coachsync.domain.model import Millis, Span
from coachsync.errors import StoreError
from coachsync.store.bookings import Edit, Found, View
from coachsync.store.files import lost_hint
from coachsync.store.jsonfile.document import Document, Draft
from coachsync.store.jsonfile.read import MalformedError, NotAStoreError
from coachsync.store.jsonfile.swap import Stamp, checksum, holds, locked_as, read, rehearse, replace, unchanged
from coachsync.store.jsonfile.text import decoded, value_of

if TYPE_CHECKING:
    from coachsync.store.ledger.writer import LedgerWriter

_MALFORMED_PAUSE = 0.1
_REDONE = 50


class JsonRows:
    """See `store.bookings.Rows`. `path` must be an existing file, resolved; `named` is the configuration's name for
    it."""

    def __init__(self, path: str, named: str = "") -> None:
        self._path = path
        self._named = named or path
        self._document, self._stamp = _load(path)
        self._written: int | None = None  # the checksum of what was written, until it is read back
        self.refused_statuses: dict[str, str] = {}

    def due(self, span: Span) -> Iterable[Found]:
        """Return the rows a tick must look at."""
        document = self._fresh()
        return [_found(document, position) for position in document.due(span)]

    def named(self, ids: Collection[str]) -> Iterable[Found]:
        """Return the rows of these ids; of an id that occurs again the first."""
        document = self._fresh()
        places = (document.positions(session_id) for session_id in ids)
        return [_found(document, positions[0]) for positions in places if positions]

    def all(self) -> Iterable[Found]:
        """Return every row, by start, then by id."""
        document = self._fresh()
        return (_found(document, position) for position in document.by_start())

    def alike(self, session_id: str) -> Iterable[Found]:
        """Return every row that bears this id."""
        document = self._fresh()
        return [_found(document, position) for position in document.positions(session_id)]

    def ids(self, endings: Collection[str] | None = None) -> Iterable[str]:
        """Return every id, or those whose last 8 characters are among `endings`."""
        return [i for i in self._fresh().index() if i and (endings is None or i[-8:] in endings)]

    def near(self, moment: Millis, limit: int, beginning: str) -> Iterable[Found]:
        """Return what starts next after a moment, then what started last before it."""
        document = self._fresh()
        return [_found(document, position) for position in document.near(moment, limit, beginning)]

    def by_user_name(self, moment: Millis) -> Iterable[Found]:
        """Return the rows that start after a moment and name somebody by a Discord user name, by start."""
        document = self._fresh()
        return [_found(document, position) for position in document.by_user_name(moment)]

    def guild_ids(self) -> Iterable[object]:
        """Return what the rows name as their guild, each once."""
        named = (row.guild_id for row in self._fresh().outlines if row is not None)
        return dict.fromkeys(guild_id for guild_id in named if isinstance(guild_id, str))

    def is_empty(self) -> bool:
        """Return whether there is no row at all."""
        return not len(self._fresh())

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""
        return Draft(self._fresh()).row(session_id)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key, in the file's order; what is no object is left out."""
        document = self._fresh()
        for position in range(len(document)):
            raw = document.raw(position)
            if raw.startswith(b"{"):
                yield value_of(decoded(raw))

    def view(self) -> View:
        """Return the rows as they are now."""
        return Draft(self._fresh().slim())

    def edit(self, change: Callable[[Edit], None]) -> None:
        """Make one change in one replacement of the file."""

        def edited(document: Document) -> Document:
            draft = Draft(document.slim())
            change(draft)
            return draft.document()

        self._replace(edited)

    def edit_within(self, change: Callable[[Edit], None]) -> None:
        """Make one change; the file is replaced before the ledger's transaction ends."""
        self.edit(change)

    def document(self) -> Document:
        """Return the file's content as it is now."""
        return self._fresh()

    def put(self, data: bytes) -> None:
        """Let the file hold this, and nothing else."""
        self._replace(lambda _: Document.of(data))

    def why_foreign(self) -> str:
        """Return what in the file is no booking's field; "" if it is an array of bookings, as `init` begins one."""
        return self._fresh().why_foreign()

    @contextmanager
    def marking(self, _ledger: LedgerWriter) -> Iterator[Callable[[Marks], bool]]:
        """Yield what collects marks; they are written together when the block ends well."""
        listed: list[Marks] = []

        def mark(marks: Marks) -> bool:
            found = bool(self._fresh().positions(marks.session_id))
            if found:
                listed.append(marks)
            return found

        yield mark
        if listed:
            self._replace(lambda document: document.marked(listed))

    def prove(self) -> None:
        """Take the lock and do all of a replacement but the last step. Raises StoreError if that cannot be done."""
        with locked_as(self._path, self._named):
            rehearse(self._path, self._fresh().data)

    def close(self) -> None:
        """Release nothing: the file is open only while it is read or written."""

    def _replace(self, edit: Callable[[Document], Document]) -> None:
        """Replace the file by what `edit` makes of its latest content, under the lock.

        Somebody who does not take the lock may write meanwhile: then it is done again with what they wrote.
        """
        with locked_as(self._path, self._named):
            for _ in range(_REDONE):
                document = self._fresh()
                edited = edit(document)
                if edited is document or holds(document.data, edited.pieces):
                    return
                stamp = replace(self._path, edited.pieces, document.data, self._stamp)
                if stamp is not None:
                    self._document, self._stamp, self._written = edited, stamp, checksum(edited.pieces)
                    edited.settle(b"")  # or the former content, of which it is made, would be held beside it
                    return
        hint = f"let the booking system take the lock {self._path}.lock while it writes"
        raise StoreError(f"{self._path} changes faster than it can be replaced", hint)

    def _fresh(self) -> Document:
        """Return the file's content, taken apart again only if it changed."""
        if self._written is not None:
            self._read_back(self._written)
        elif not unchanged(self._path, self._document.data, self._stamp):
            self._document, self._stamp = _load(self._path)
        return self._document

    def _read_back(self, written: int) -> None:
        """Read what was written: where its rows are is known, unless somebody wrote since."""
        data, stamp = read(self._path)
        if stamp == self._stamp and checksum([data]) == written:
            self._document.settle(data)
        else:
            self._document, self._stamp = _load(self._path)
        self._written = None


def _found(document: Document, position: int) -> Found:
    row = document.row(position)
    if row is None:
        return Found(position + 1, None, value=value_of(document.text(position)))
    doubled = isinstance(row.id, str) and len(document.positions(row.id)) > 1
    return Found(position + 1, msgspec.structs.asdict(row), doubled)


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
                if not bytes(data).strip():
                    raise StoreError(f"the session store {path} is empty", lost_hint(path)) from error
                raise StoreError(f"the session store {path} is not JSON: {error}", hint) from error
        except NotAStoreError:
            hint = 'write it as [{…}, …] or {"sessions": [{…}, …]}'
            raise StoreError(f"the session store {path} holds no array of sessions", hint) from None
        time.sleep(_MALFORMED_PAUSE)
