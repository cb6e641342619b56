"""The bookings of a store: the rules, whatever the rows are kept in.

The bookings belong to the booking system: we read them and write our own four marks, and the status by
compare-and-set. What people book by hand goes through `add`, `change` and `import_rows`. A backend gives `Rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from coachsync.domain.booking import Defaults, not_a_row, occurs_twice, read_booking
from coachsync.domain.marks import Marks
from coachsync.domain.model import Millis, Session, Span
from coachsync.domain.naming import hash_of, short_of
from coachsync.domain.snowflake import is_snowflake
from coachsync.errors import CoachsyncError, SessionError
from coachsync.store.importing import Imported, own_fields, read_json_row, sift, to_write

if TYPE_CHECKING:
    from coachsync.domain.user_names import Lookup
    from coachsync.store.ledger.writer import LedgerWriter

_BATCH = 500
_HASH_LENGTH = 8
_BASE32 = frozenset("abcdefghijklmnopqrstuvwxyz234567")


class Found(NamedTuple):
    """One row: its number from 1, its fields as stored, whether its id occurs again.

    `fields` is None for what is no object; `value` is what it is instead.
    """

    position: int
    fields: Mapping[str, object] | None
    doubled: bool = False
    value: object = None


class Edit(Protocol):
    """The rows while they are changed. Fields go by JSON key; None takes a field of ours away."""

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields as stored, or None."""

    def insert(self, fields: Mapping[str, Any]) -> None:
        """Add a row; its id is not taken."""

    def update(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields of a row; return False if it is gone or its status is not `status_from`."""

    def remove(self, session_id: str) -> int:
        """Take the rows of this id away; return how many there were."""

    def storable(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return those fields of an imported row that there is a place for, as that place can hold them."""


class View(Protocol):
    """The rows for a look: what of `Edit` changes nothing."""

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields as stored, or None."""

    def storable(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return those fields that there is a place for, as that place can hold them."""


class Rows(Protocol):
    """What a backend gives. Every method raises StoreError if the store cannot be read or written.

    `refused_statuses` are the bookings whose completed status their table did not take: id → the status that stays.
    """

    refused_statuses: dict[str, str]

    def due(self, span: Span) -> Iterable[Found]:
        """Return the rows a tick must look at: in the span, open, no object, or with a start that makes no sense."""

    def named(self, ids: Collection[str]) -> Iterable[Found]:
        """Return the rows of these ids."""

    def all(self) -> Iterable[Found]:
        """Return every row, by start, then by id."""

    def alike(self, session_id: str) -> Iterable[Found]:
        """Return every row that bears this id."""

    def ids(self, endings: Collection[str] | None = None) -> Iterable[str]:
        """Return every id, or those whose last 8 characters are among `endings`."""

    def near(self, moment: Millis, limit: int, beginning: str) -> Iterable[Found]:
        """Return at most `limit` rows: what starts next after a moment, then what started last before it.

        Only those whose id, or its last 8 characters, begin so.
        """

    def by_user_name(self, moment: Millis) -> Iterable[Found]:
        """Return the rows that start after a moment and name somebody by a Discord user name, by start."""

    def guild_ids(self) -> Iterable[object]:
        """Return what the rows name as their guild, each once."""

    def is_empty(self) -> bool:
        """Return whether there is no row at all."""

    def row(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key; other columns of a SQL store under their own names."""

    def view(self) -> View:
        """Return the rows as they are now, for a look."""

    def edit(self, change: Callable[[Edit], None]) -> None:
        """Make one change, all of it or nothing. `change` is called again if somebody else wrote meanwhile."""

    def edit_within(self, change: Callable[[Edit], None]) -> None:
        """Make one change inside the ledger's transaction; see `edit`."""

    def why_foreign(self) -> str:
        """Return by what another program has its hand in these rows; "" if they are coachsync's own alone."""

    def marking(self, ledger: LedgerWriter) -> AbstractContextManager[Callable[[Marks], bool]]:
        """Open the rows for marks, inside the ledger's transaction; yield what writes them (see `Transaction.mark`)."""

    def prove(self) -> None:
        """Raise StoreError if marks could not be written now, unless the ledger's next transaction shows it."""

    def close(self) -> None:
        """Release everything."""


class Bookings:
    """See the module's text. `defaults` is what a row may leave out.

    `lookups` returns what is known of the Discord user names in some bookings; whom they name has an id then.
    """

    def __init__(self, rows: Rows, defaults: Defaults, refusal: CoachsyncError | None = None) -> None:
        self.lookups: Callable[[Collection[str]], Iterable[Lookup]] = lambda _: ()
        self._rows = rows
        self._defaults = defaults
        self._refusal = refusal

    def require_ours(self) -> None:
        """Raise ConfigError if the bookings are another system's, which are only read."""
        if self._refusal is not None:
            raise self._refusal

    def candidates(self, span: Span) -> list[Session]:
        """Return, by index, the bookings a tick must decide about: in the span, open, or with senseless times."""
        return list(self._sessions(self._rows.due(span)))

    def by_ids(self, ids: Collection[str]) -> dict[str, Session]:
        """Return those of the named bookings that exist, by id."""
        return {session.id: session for session in self._sessions(self._rows.named(ids))}

    def matching(self, name: str) -> list[Session]:
        """Return the bookings whose id or short name is `name`: the exact id wins alone."""
        exact = self.by_ids([name])
        if exact:
            return list(exact.values())
        named = [session_id for session_id in self._rows.ids([name]) if short_of(session_id) == name]
        if not named and len(name) == _HASH_LENGTH:
            named = [session_id for session_id in self._rows.ids() if short_of(session_id) == name]
        return list(self.by_ids(named).values())

    def bearing(self, shorts: Collection[str], thorough: bool = False) -> list[Session]:
        """Return the bookings whose id, or a short name that they may go by, is among these.

        `thorough`: by the hash too if nobody goes by it otherwise, for which every id is read.
        """
        found = set(shorts) | {i for i in self._rows.ids(shorts) if short_of(i) in shorts}
        known = {short_of(i) for i in found} | found
        hashes = {s for s in shorts if s not in known and len(s) >= _HASH_LENGTH and _BASE32.issuperset(s)}
        if thorough and hashes:
            lengths = {len(s) for s in hashes}
            found |= {i for i in self._rows.ids() if any(hash_of(i, n) in hashes for n in lengths)}
        return list(self.by_ids(found).values())

    def near(self, moment: Millis, limit: int, beginning: str = "") -> list[Session]:
        """Return at most `limit` bookings: what starts next after a moment, then what started last before it.

        `beginning`: only those whose id, or its last 8 characters, begin so.
        """
        return list(self._sessions(self._rows.near(moment, limit, beginning)))

    def by_user_name(self, moment: Millis) -> list[Session]:
        """Return the bookings that start after a moment and name somebody by a Discord user name, by start."""
        return list(self._sessions(self._rows.by_user_name(moment)))

    def guild_ids(self) -> set[str]:
        """Return the guilds that rows name."""
        return {guild_id for guild_id in self._rows.guild_ids() if isinstance(guild_id, str) and is_snowflake(guild_id)}

    def everything(self) -> Iterator[Session]:
        """Yield every booking, by start."""
        return self._sessions(self._rows.all())

    def is_empty(self) -> bool:
        """Return whether the store holds no booking at all."""
        return self._rows.is_empty()

    def raw(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""
        return self._rows.row(session_id)

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key (CONTRACT §4 names; a SQL store's other columns under their own)."""
        return self._rows.rows()

    def add(self, fields: Mapping[str, Any]) -> None:
        """Add a booking (JSON keys). Raises SessionError("invalid") if the id is taken or a field is wrong."""
        session = read_json_row(fields, self._defaults)
        if session.flaw is not None:
            raise SessionError("invalid", session.flaw.message, session.flaw.hint)

        def insert(rows: Edit) -> None:
            if rows.row(session.id) is not None:
                raise SessionError("invalid", f"there is a booking {session.id!r} already", "choose another id")
            rows.insert({key: value for key, value in fields.items() if value is not None})

        self._rows.edit(insert)

    def change(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields (JSON keys, never our four marks) of one booking.

        Returns False if it is gone or its status is not `status_from` any more.
        """
        own_fields(fields)
        changed = False

        def update(rows: Edit) -> None:
            nonlocal changed
            changed = rows.update(session_id, fields, status_from)

        self._rows.edit(update)
        return changed

    def understood(self, fields: Mapping[str, Any]) -> Session:
        """Return the booking that these fields by JSON key would be."""
        return read_json_row(fields, self._defaults)

    def view(self) -> View:
        """Return the rows as they are now, for a look."""
        return self._rows.view()

    def edit(self, change: Callable[[Edit], None]) -> None:
        """Make one change, all of it or nothing. `change` is called again if somebody else wrote meanwhile."""
        self._rows.edit(change)

    def edit_within(self, change: Callable[[Edit], None]) -> None:
        """Make one change, see `edit`, inside a transaction of the ledger's."""
        self._rows.edit_within(change)

    def why_foreign(self) -> str:
        """Return by what another program has its hand in the bookings; "" if they are coachsync's own alone."""
        return self._rows.why_foreign()

    def import_rows(self, rows: Iterable[Any]) -> Imported:
        """Add or change bookings; our own four fields are never overwritten, importing twice changes nothing."""
        good, account = sift(rows, self._defaults)

        def take(rows: Edit) -> None:
            for listed in (account.added, account.changed, account.unchanged):
                listed.clear()
            for session_id, row in good.items():
                _take(rows, session_id, row, account)

        self._rows.edit(take)
        return account

    def marking(self, ledger: LedgerWriter) -> AbstractContextManager[Callable[[Marks], bool]]:
        """Open the bookings for marks, inside the ledger's transaction."""
        return self._rows.marking(ledger)

    @property
    def refused_statuses(self) -> Mapping[str, str]:
        """Return the bookings whose completed status their table did not take: id → the status that stays."""
        return self._rows.refused_statuses

    def prove(self) -> None:
        """Raise StoreError if marks could not be written now, unless the ledger's next transaction shows it."""
        self._rows.prove()

    def close(self) -> None:
        """Release everything."""
        self._rows.close()

    def _sessions(self, rows: Iterable[Found]) -> Iterator[Session]:
        """Yield the bookings of rows, with the ids of those whom they name by a user name that was looked up."""
        read = self._read(rows)
        while batch := list(islice(read, _BATCH)):
            named = [s.id for s in batch if any(p.id is None and p.discord_name for p in s.people)]
            yield from self._looked_up(batch, named) if named else batch

    def _looked_up(self, sessions: list[Session], named: list[str]) -> Iterator[Session]:
        from coachsync.domain.user_names import with_lookups

        known: dict[str, list[Lookup]] = {}
        for lookup in self.lookups(named):
            known.setdefault(lookup.session_id, []).append(lookup)
        return (with_lookups(session, known.get(session.id, ())) for session in sessions)

    def _read(self, rows: Iterable[Found]) -> Iterator[Session]:
        """Yield the bookings of rows; those that bear one id between them are one booking, which is invalid."""
        doubled: dict[str, Session] = {}
        for found in rows:
            session = self._session(found)
            if found.doubled and session.id not in doubled:
                doubled[session.id] = occurs_twice([self._session(other) for other in self._rows.alike(session.id)])
            yield doubled.get(session.id, session)

    def _session(self, found: Found) -> Session:
        if found.fields is None:
            return self._named_apart(not_a_row(found.value, found.position, self._defaults))
        session = read_booking(found.fields, self._defaults, found.position)
        return session if session.id == found.fields.get("id") else self._named_apart(session)

    def _named_apart(self, session: Session) -> Session:
        """Let a row that has no id go by a name that no booking bears: it would be taken for that one."""
        name = session.id
        while any(True for _ in self._rows.named([name])):
            name += " (without id)"
        return session._replace(id=name)


def _take(rows: Edit, session_id: str, row: Mapping[str, Any], account: Imported) -> None:
    """Add one row of an import or change what is there, and note in the account what became of it."""
    existing = rows.row(session_id)
    written = to_write(existing, rows.storable(row))
    if existing is None:
        rows.insert(written)
        account.added.append(session_id)
    elif written:
        rows.update(session_id, written)
        account.changed.append(session_id)
    else:
        account.unchanged.append(session_id)
