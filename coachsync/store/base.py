"""What the engine and the commands ask of a store, whatever is behind it.

A `Store` is the bookings of one platform plus coachsync's ledger of what it made for them. The bookings belong to
the booking system: we read them and write our own four marks, and the status by compare-and-set. The ledger is
ours alone. `transaction()` changes both at once.

Threads: an open store is used from one thread at a time; the engine hands all its writes to one writer thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from coachsync.domain.model import Entry, Event, Millis, Report, Resource, RunRecord, Session


class Defaults(NamedTuple):
    """What a row may leave out: the guild (id) and the duration (milliseconds)."""

    guild_id: str
    duration: Millis


class Span(NamedTuple):
    """Which bookings a tick must see beside those that are open: start between `since` and `until`, inclusive.

    `open_since` bounds how old an open booking (marks set, not cleaned up) may be and still be looked at.
    """

    since: Millis
    until: Millis
    open_since: Millis


class Completion(NamedTuple):
    """The status becomes `status` only where it is one of `statuses` and the booking starts at `start`, as it did when
    it was read (None: whenever it starts)."""

    statuses: frozenset[str]
    start: Millis | None
    status: str


class Marks(NamedTuple):
    """Our marks on one booking. A field that is None is left as it is; "" clears an id."""

    session_id: str
    set_up: bool | None = None
    cleaned_up: bool | None = None
    role_id: str | None = None
    channel_id: str | None = None
    completion: Completion | None = None


class BadRow(NamedTuple):
    """A row that an import did not take: its position from 1, its id or "", what is wrong and what to do."""

    row: int
    session: str
    message: str
    hint: str


class Imported(NamedTuple):
    """What an import did, by session id."""

    added: list[str]
    changed: list[str]
    unchanged: list[str]
    bad: list[BadRow]


class Transaction(Protocol):
    """Changes that become true together when the transaction ends without an exception."""

    def mark(self, marks: Marks) -> bool:
        """Write marks; return False where the booking is gone (nothing is written then)."""

    def save(self, entry: Entry) -> None:
        """Write an entry with its resources and grants; new ones get their `rowid`."""

    def save_category(self, resource: Resource) -> None:
        """Write a category of ours, which belongs to a guild and to no session; it gets its `rowid`."""

    def event(self, event: Event) -> None:
        """Append a line to a session's story."""

    def seen_missing(self, session_ids: Collection[str], found_ids: Collection[str], now: Millis) -> None:
        """Note which live entries a finished run missed in the store (first and last time), and forget the rest."""

    def reported(self, session_id: str, code: str, start: Millis) -> None:
        """Remember that this broken promise was counted as failed."""

    def run_started(self, started_at: Millis, command: str) -> int:
        """Record that a run began; return its number. The first ever sets `first_run_at`."""

    def run_finished(self, number: int, finished_at: Millis, report: Report | None, exit_code: int) -> None:
        """Record how a run ended (report None: its watchdog or a signal ended it); drop what is over 90 days old."""

    def set_roles_exhausted(self, guild_id: str, until: Millis) -> None:
        """Remember that Discord makes no more roles in this guild before `until` (Discord's clock)."""


class Store(Protocol):
    """See the module's text. Every method raises `StoreError` where the store cannot be read or written."""

    path: str  # the file that locks and neighbours are named after, symbolic links resolved
    url: str

    # bookings
    def candidates(self, span: Span) -> list[Session]:
        """Return, by index, the bookings a tick must decide about: in the span, open, or with senseless times."""

    def by_ids(self, ids: Collection[str]) -> dict[str, Session]:
        """Return those of the named bookings that exist, by id."""

    def matching(self, name: str) -> list[Session]:
        """Return the bookings whose id or short name is `name`: the exact id wins alone."""

    def everything(self) -> Iterator[Session]:
        """Yield every booking, by start."""

    def is_empty(self) -> bool:
        """Return whether the store holds no booking at all."""

    def raw(self, session_id: str) -> dict[str, Any] | None:
        """Return one booking's fields by JSON key, as stored, or None."""

    def export(self) -> Iterator[dict[str, Any]]:
        """Yield every booking's fields by JSON key (CONTRACT §4 names; a SQL store's other columns under their own)."""

    def add(self, fields: Mapping[str, Any]) -> None:
        """Add a booking (JSON keys). Raises SessionError("invalid"…) where the id is taken."""

    def change(self, session_id: str, fields: Mapping[str, Any], status_from: str | None = None) -> bool:
        """Change fields (JSON keys, never our four marks) of one booking; return False where it is gone
        or its status is not `status_from` any more."""

    def import_rows(self, rows: Iterable[Any]) -> Imported:
        """Add or change bookings; our own four fields are never overwritten, importing twice changes nothing."""

    # the ledger
    def live_entries(self) -> list[Entry]:
        """Return the entries that are not closed, and closed ones with an attempt whose end is not known."""

    def entries(self, session_ids: Collection[str]) -> dict[str, Entry]:
        """Return the entries of these sessions, closed ones too, by session id."""

    def entries_named(self, name: str) -> list[Entry]:
        """Return the entries whose session id or short name is `name`."""

    def categories(self, guild_id: str) -> list[Resource]:
        """Return our own categories of a guild that are made and not deleted, or attempted."""

    def given_up(self, guild_id: str) -> dict[str, str]:
        """Return what operators gave up in a guild and may still be there: snowflake → session id."""

    def first_run_at(self) -> Millis | None:
        """Return when coachsync first ran on this store, or None."""

    def last_runs(self, limit: int) -> list[RunRecord]:
        """Return the latest runs, newest first."""

    def was_reported(self, keys: Collection[tuple[str, str, Millis]]) -> set[tuple[str, str, Millis]]:
        """Return those of the (session id, code, start) that were counted as failed before."""

    def events(self, session_id: str, limit: int = 1000) -> list[Event]:
        """Return a session's story, oldest first."""

    def last_errors(self, session_ids: Collection[str]) -> dict[str, Event]:
        """Return for each session its latest action event if that one failed."""

    def roles_exhausted_until(self, guild_id: str) -> Millis | None:
        """Return until when Discord makes no more roles in this guild, as last heard."""

    def roles_made_since(self, guild_id: str, since: Millis) -> int:
        """Return how many roles we created in this guild since then (Discord's clock)."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction over marks and ledger. Not nested. Creates the ledger where there is none."""

    def close(self) -> None:
        """Release everything."""
