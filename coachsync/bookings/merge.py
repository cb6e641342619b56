"""What an import or a source may change in the store, and what it changes.

- New bookings go in. Of those that are there, what is named and differs is written; our own four fields never.
- A status that is neither bookable nor cancelled (COMPLETED, NO_SHOW) is never taken back.
- The ledger remembers what each source said of a booking last. While that stays as it was, what somebody changed in
  the store since (`sessions cancel`, `sessions reschedule`) stands; as soon as the entry changes, the source's word
  counts again. An entry is when, whose and in which state a booking is; a name or a note is not.
- Of a booking one of whose people was forgotten, or that was pruned, it is known when it was, and not whose: an entry
  that still says so brings nobody back. Only if it is to take place (again) its word counts in full.
- An entry that cannot be read, or whose booking would be invalid, is refused alone.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from coachsync.bookings.incoming import Incoming, Unreadable
from coachsync.domain.booking import occurs_twice
from coachsync.domain.model import Millis, Session
from coachsync.errors import RowRefusedError
from coachsync.standing.past import note_brought_in
from coachsync.store.base import Store
from coachsync.store.columns import FIELD_OF, IDS, KEY_OF, MARK_KEYS
from coachsync.store.importing import to_write
from coachsync.store.ledger.said import WHOSE, LastSaid

if TYPE_CHECKING:
    from coachsync.config.settings import StatusSettings
    from coachsync.store.bookings import Edit

_AT_ONCE = 10_000  # rows of one change of the store: a JSON file is written anew each time, SQLite's lock held
_NO_COLUMN = "add the column to the table, named as in `coachsync help bookings`, or leave the field out"
_MOST_SHOWN = 20
_SHOWN = {"added": "new", "changed": "changed"}
# which fields say when, whose and in which state a booking is
_OF_ENTRY = frozenset(FIELD_OF) - {"_id", "studentName", "coachName", *MARK_KEYS}
# whose a booking is, and what else may tell of a person: never written where somebody was forgotten
_WHOSE = frozenset(("studentDiscordId", "coachDiscordId", "studentDiscordName", "coachDiscordName", "participants"))
_ID_KEYS = tuple(KEY_OF[field] for field in IDS)
# what a booking is before somebody has agreed to it: its own source may go on from there
_NOT_YET = frozenset(("TENTATIVE", "PENDING", "REQUESTED", "UNCONFIRMED", "NEEDS-ACTION", "AWAITING_CONFIRMATION"))


class RefusedRow(NamedTuple):
    """An entry that did not go in: its number from 1, where it stands, its session's id or "", why, what to do."""

    row: int
    where: str
    session: str
    message: str
    hint: str


class Merged(NamedTuple):
    """What became of the entries, by session id. `shown`: the first that are new or changed, as they are now."""

    added: list[str]
    changed: list[str]
    unchanged: list[str]
    refused: list[RefusedRow]
    shown: Sequence[tuple[str, Session]] = ()


class _Change(NamedTuple):
    """What an entry changes: which list it belongs to, the fields to write, and what is remembered of it."""

    kind: str
    fields: Mapping[str, Any]
    said: LastSaid | None
    session: Session | None = None


def session_id_of(source: str, key: str) -> str:
    """Return the id of a source's booking: the source's name before it, so that two sources never meet."""
    return f"{source}:{key}" if source else key


def merge(
    store: Store,
    entries: Iterable[Incoming | Unreadable],
    *,
    source: str,
    statuses: StatusSettings,
    now: Millis,
    dry_run: bool = False,
) -> Merged:
    """Let entries change the store as far as they may; `source` is "" for an import without one.

    With `dry_run` nothing is written. Raises StoreError, and what reading the entries raises; then nothing is written.
    """
    merged = Merged([], [], [], [])
    store.bookings.view()  # lets a JSON store go what only a tick asks for, before the entries need its place
    kept, seen = _gathered(entries, source, merged)
    doubled = {i for i, times in seen.items() if times > 1}
    del seen
    work = _Work(store, source, statuses, now, merged, dry_run)
    for batch in _batches(kept, doubled):
        work.take(batch)
        del batch  # or two are held while the next is made
    merged.refused.sort()
    return merged._replace(shown=tuple(work.shown))


def take_away(store: Store, session_ids: Iterable[str], statuses: StatusSettings, now: Millis) -> list[str]:
    """Cancel bookings that their source no longer has; return those that were changed.

    Only a bookable one is: what is over, or was judged, stays. When the source has it again, its word counts.
    """
    changed = []
    for session_id in session_ids:
        said = store.ledger.said([session_id]).get(session_id)
        status = (store.bookings.raw(session_id) or {}).get("status")
        if said is None or status not in statuses.bookable or not statuses.cancelled:
            continue
        if store.bookings.change(session_id, {"status": statuses.cancelled[0]}, status):
            changed.append(session_id)
            with store.transaction() as transaction:
                transaction.ledger.keep_said([said._replace(status=statuses.cancelled[0], booking="", at=now)])
    return changed


_UNCHANGED = _Change("unchanged", {}, None)
_Kept = tuple[int, str, str, bool, dict[str, Any]]  # number, where, session id, if_known, fields


def _gathered(
    entries: Iterable[Incoming | Unreadable], source: str, merged: Merged
) -> tuple[list[bytes | list[_Kept]], Counter[str]]:
    """Return the readable entries in batches, packed: all are held until it is known which ids occur twice."""
    packed: list[bytes | list[_Kept]] = []
    batch: list[_Kept] = []
    seen: Counter[str] = Counter()
    for number, entry in enumerate(entries, 1):
        if isinstance(entry, Unreadable):
            session_id = session_id_of(source, entry.key) if entry.key else ""
            merged.refused.append(RefusedRow(number, entry.where, session_id, entry.reason, entry.hint))
            continue
        session_id = session_id_of(source, entry.key)
        seen[session_id] += 1
        batch.append((number, entry.where, session_id, entry.if_known, entry.fields))
        if len(batch) == _AT_ONCE:
            packed.append(_packed(batch))
            batch = []
    if batch:
        packed.append(_packed(batch))
    return packed, seen


def _packed(batch: list[_Kept]) -> bytes | list[_Kept]:
    try:
        return zlib.compress(msgspec.msgpack.encode(batch), 1)
    except (TypeError, ValueError, OverflowError, RecursionError):  # a foreign value beyond what msgpack knows
        return batch


def _batches(packed: list[bytes | list[_Kept]], doubled: set[str]) -> Iterator[list[tuple[_Kept, bool]]]:
    """Yield the entries, some at once, and whether each is doubled; `packed` is emptied meanwhile."""
    unpack: Callable[[bytes], list[_Kept]] = msgspec.msgpack.Decoder().decode
    packed.reverse()
    while packed:
        batch = packed.pop()
        yield [
            (one, one[2] in doubled) for one in (unpack(zlib.decompress(batch)) if isinstance(batch, bytes) else batch)
        ]


class _Writable(Protocol):
    """What one change of the store may do."""

    def row(self, session_id: str) -> dict[str, Any] | None: ...

    def storable(self, fields: Mapping[str, Any]) -> dict[str, Any]: ...

    def insert(self, fields: Mapping[str, Any]) -> None: ...

    def update(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool: ...


class _Trial:
    """The store as a dry run sees it: what is written goes nowhere."""

    def __init__(self, store: Store) -> None:
        view = store.bookings.view()
        self.row, self.storable = view.row, view.storable

    def insert(self, fields: Mapping[str, Any]) -> None:
        pass

    def update(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        return True


class _Work:
    """One merge, batch by batch."""

    def __init__(
        self, store: Store, source: str, statuses: StatusSettings, now: Millis, merged: Merged, dry_run: bool
    ) -> None:
        self._store = store
        self._source = source
        self._statuses = statuses
        self._now = now
        self._merged = merged
        self._dry_run = dry_run
        self.shown: list[tuple[str, Session]] = []

    def take(self, batch: list[tuple[_Kept, bool]]) -> None:
        """Take one batch in: all of it in one change of the store, then what is remembered of it."""
        known = self._store.ledger.said([one[2] for one, _ in batch])
        done: list[tuple[str, _Change]] = []
        refused: list[RefusedRow] = []

        def change(rows: Edit) -> None:
            done.clear()
            refused.clear()
            self._each(rows, batch, known, done, refused)

        if self._dry_run:
            self._each(_Trial(self._store), batch, known, done, refused)
        else:
            self._store.bookings.edit(change)
        added = [session_id for session_id, change in done if change.kind == "added"]
        lists = {"added": self._merged.added, "changed": self._merged.changed, "unchanged": self._merged.unchanged}
        for session_id, made in done:
            if made.kind in lists:
                lists[made.kind].append(session_id)
            if made.kind in _SHOWN and made.session is not None:
                self.shown.append((_SHOWN[made.kind], made.session))
        self._merged.refused.extend(refused)
        if not self._dry_run:
            self._remember([made.said for _, made in done if made.said is not None], known)
            note_brought_in(self._store, added, self._now)

    def _each(
        self,
        rows: _Writable,
        batch: list[tuple[_Kept, bool]],
        known: Mapping[str, LastSaid],
        done: list[tuple[str, _Change]],
        refused: list[RefusedRow],
    ) -> None:
        left = _MOST_SHOWN - len(self.shown)
        for (number, where, session_id, if_known, named), doubled in batch:
            fields = self._fields(session_id, named)
            existing, said, told = rows.row(session_id), known.get(session_id), self._said(fields)
            if existing is not None and not doubled and said is not None and _says_the_same(said, told):
                done.append((session_id, _UNCHANGED))  # as most are: it was judged when it was said first
                continue
            session = self._store.bookings.understood(fields if existing is None else {**_told(existing), **fields})
            forgotten = said is not None and self._stays_forgotten(said, told, session)
            if forgotten and existing is None and self._source and not doubled:  # `sessions prune` removed it
                done.append((session_id, _UNCHANGED))
                continue
            if forgotten and existing is not None:
                fields, told = {key: v for key, v in fields.items() if _says_when(key)}, told.without_people()
                session = self._store.bookings.understood({**_told(existing), **fields})
            if doubled:
                session = occurs_twice([session])
            if if_known and existing is None:
                continue
            if session.flaw is not None:
                refused.append(RefusedRow(number, where, session_id, session.flaw.message, session.flaw.hint))
                continue
            storable = rows.storable(fields)
            lost = self._lost(
                session, {**_told(existing or {}), **fields}, [key for key in fields if key not in storable]
            )
            if lost:
                refused.append(RefusedRow(number, where, session_id, f"the table has no column for {lost}", _NO_COLUMN))
                continue
            change = self._change(existing, storable, said, told)
            try:
                _write(rows, session_id, change)
            except RowRefusedError as problem:
                refused.append(RefusedRow(number, where, session_id, problem.message, problem.hint))
                continue
            if change.fields and left > 0:
                left -= 1
                after = fields if existing is None else {**_told(existing), **change.fields}
                change = change._replace(session=self._store.bookings.understood(after))
            done.append((session_id, change._replace(fields={})))  # they are written; all of a batch are too many

    def _stays_forgotten(self, said: LastSaid, told: LastSaid, session: Session) -> bool:
        """Return whether what an entry says of people is not to be heard: it says nothing new, or what is over."""
        over = session.status in self._statuses.cancelled or 0 < session.end <= self._now
        return said.is_forgotten and (said.when == told.when or over)

    def _fields(self, session_id: str, named: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry's fields under its session's id; a source has no marks of ours."""
        fields = {**named, "_id": session_id}
        return {key: value for key, value in fields.items() if key not in MARK_KEYS} if self._source else fields

    def _lost(self, session: Session, fields: Mapping[str, Any], homeless: Collection[str]) -> str:
        """Return which fields of when and whose a booking is would get lost: of those that the store has no place for.

        What is so anyway, by the configuration, is not lost.
        """
        lost = [key for key in homeless if key in _OF_ENTRY and fields[key] is not None]
        if not lost:
            return ""
        left = self._store.bookings.understood({key: value for key, value in fields.items() if key not in lost})
        said, kept = ((s.start, s.end, s.guild_id, s.people) for s in (session, left))
        return "" if kept == said else ", ".join(lost)

    def _change(
        self, existing: dict[str, Any] | None, fields: Mapping[str, Any], said: LastSaid | None, told: LastSaid
    ) -> _Change:
        """Return what an entry's fields, as the store can hold them, change of what is there."""
        if existing is None:
            return _Change("added", to_write(None, fields), told)
        mine = said is not None and said.source == self._source
        before = _told(existing)
        named = to_write(before, fields)
        if mine and said is not None and said.booking == told.booking:
            unheard = said.rest != told.rest
            named = {key: value for key, value in named.items() if unheard and key not in _OF_ENTRY}
        elif not self._may_say_status(before.get("status"), said if mine else None):
            named.pop("status", None)
        # a plain import of what a source brought in leaves what is remembered of it to that source
        remembered = told if mine or said is None or self._source else None
        return _Change("changed" if named else "unchanged", named, remembered)

    def _may_say_status(self, status: object, said: LastSaid | None) -> bool:
        """Return whether a status of the store may be replaced by what the entry says."""
        if not isinstance(status, str) or status in self._statuses.bookable or status in self._statuses.cancelled:
            return True
        return said is not None and said.status == status and status.upper() in _NOT_YET

    def _said(self, fields: Mapping[str, Any]) -> LastSaid:
        status = fields.get("status")
        when: list[tuple[str, Any]] = []
        whose: list[tuple[str, Any]] = []
        rest: list[tuple[str, Any]] = []
        for one in sorted(fields.items()):
            if one[1] is None:  # named and empty is as good as not named: other formats name other fields
                continue
            if one[0] != "_id":
                (when if _says_when(one[0]) else whose if one[0] in _WHOSE else rest).append(one)
        said = status if isinstance(status, str) else ""
        return LastSaid(
            fields["_id"], self._source, said, f"{_digest(when)}{WHOSE}{_digest(whose)}", _digest(rest), self._now
        )

    def _remember(self, told: list[LastSaid], known: Mapping[str, LastSaid]) -> None:
        """Write what is not remembered yet; importing twice writes nothing."""
        new = [said for said in told if not _says_the_same(known.get(said.session_id), said)]
        if new:
            with self._store.transaction() as transaction:
                transaction.ledger.keep_said(new)


def _says_when(key: str) -> bool:
    """Return whether a field says when, where or in which state a booking is."""
    return key in _OF_ENTRY and key not in _WHOSE


def _write(rows: _Writable, session_id: str, change: _Change) -> None:
    if change.kind == "added":
        rows.insert(change.fields)
    elif change.kind == "changed":
        rows.update(session_id, change.fields)


def _told(existing: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with ids as text, also if its table has integers for them, which round none."""
    told = dict(existing)
    for key in _ID_KEYS:
        if type(told.get(key)) is int:
            told[key] = str(told[key])
    return told


def _says_the_same(known: LastSaid | None, said: LastSaid) -> bool:
    """Return whether what is remembered says this already, and nothing is missing."""
    if known is None or known.missing_first is not None or known.source != said.source:
        return False
    if known.is_forgotten:
        return (known.when, known.status) == (said.when, said.status)
    return (known.booking, known.rest, known.status) == (said.booking, said.rest, said.status)


def _digest(value: object) -> str:
    from hashlib import blake2b

    try:
        text = msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = repr(value).encode("utf-8", "backslashreplace")
    return blake2b(text, digest_size=12).hexdigest()
