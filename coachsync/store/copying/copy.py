"""A store copied into another one, whole: bookings and ledger, in small steps, and both compared at the end.

Every step writes, in its own transaction, how far the copy is; so a killed copy goes on where it was. Until both sides
are found to be the same nobody can use the target. Then the source says to where it was copied, and is not worked on
any more: two schedules, one on each, would open and close the same rooms.

The booking system, and where a PostgreSQL is copied runs of other hosts, may write to the source meanwhile. What
differs at the end is copied once more; the second time no run can write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any, NamedTuple

from coachsync.errors import RowRefusedError, StoreError
from coachsync.store.copying import sides
from coachsync.store.copying.digest import RowsDigest
from coachsync.store.copying.fitting import Fitting, UnheldError
from coachsync.store.copying.notes import (
    COPYING,
    MOVED,
    Copying,
    Moved,
    copied_already,
    copying_of,
    forget,
    moved_of,
    notes_in,
    save,
    unusable,
)
from coachsync.store.copying.rows import JsonBookings, SqlBookings, add_column
from coachsync.store.copying.sides import POSTGRES, Side
from coachsync.store.copying.survey import Survey, UncopiedRow, fit, refusal, survey
from coachsync.store.copying.tables import analyze, ledger_tables, set_numbers
from coachsync.store.ledger.migrations import ensure_ledger
from coachsync.store.open import Location
from coachsync.store.sql import Sql

BOOKINGS = "bookings"
_ROUNDS = 3
_EVERYTHING = Fitting(None)


class CopyRequest(NamedTuple):
    """What is copied to where. `at` is now, as ISO 8601; `wait_s`: how long to wait for a run, in seconds.

    `ledger`: what coachsync remembers alone. `keep`: the source stays in use. `leave_out`: also if the target cannot
    hold all of it.
    """

    source: Location
    target: Location
    at: str
    wait_s: float = 0.0
    ledger: bool = False
    keep: bool = False
    leave_out: bool = False
    dry_run: bool = False


class CopiedPart(NamedTuple):
    """What was copied: "bookings" or a table of the ledger, its rows, and what tells them from others."""

    name: str
    rows: int
    digest: str = ""


class CopyReport(NamedTuple):
    """What a copy did, by the addresses and the names of both stores.

    `resumed`: it went on with one that had not ended. `already`: there was nothing left to do. `moved`: the source is
    not worked on any more. `refused`: rows that the target itself did not take, too. `foreign`: what in the source is
    another program's, and so is not copied; "" if nothing is.
    """

    source: str
    target: str
    names: tuple[str, str]
    parts: tuple[CopiedPart, ...]
    survey: Survey
    refused: tuple[UncopiedRow, ...] = ()
    resumed: bool = False
    already: bool = False
    moved: bool = False
    foreign: str = ""


def copy_store(request: CopyRequest, tell: Callable[[str], None]) -> CopyReport:
    """Copy a store; `tell` is told how far that is.

    Raises:
        UsageError: both are one store.
        LockHeldError: a run is under way.
        StoreError: one cannot be used, the target is not empty or cannot hold all of it, or they kept on differing.
    """
    sides.require_two(request.source, request.target)
    with ExitStack() as stack:
        source = stack.enter_context(sides.opened(request.source, writable=False, ledger_only=request.ledger))
        if not request.dry_run:
            stack.enter_context(sides.at_rest(source, request.wait_s, f"store copy since {request.at}"))
        _require_usable(source, request)
        there = sides.is_there(request.target)
        target = _target(stack, request)
        names = (source.name, target.name)
        copying = _copying(request, source, target)
        if copying is None and _is_moved_to(source, target):
            done = CopyReport(source.url, target.url, names, _parts_of(target), Survey(_EVERYTHING))
            return done._replace(already=True)
        found = Survey(_EVERYTHING)
        if not request.ledger:
            found = survey(source, target if copying is None else target._replace(foreign=""), tell)
            if not (found.lossless or request.leave_out):
                raise refusal(found, target)
        if request.dry_run:
            parts = _parts_of(source, found.refused_rows)
            done = CopyReport(source.url, target.url, names, parts, found, resumed=copying is not None)
            return done._replace(foreign=source.foreign)
        if copying is None:
            sides.make(request.target, ledger_only=request.ledger)
        ready = stack.enter_context(sides.opened(request.target, writable=True, ledger_only=request.ledger))
        if not there:
            stack.enter_context(sides.at_rest(ready, request.wait_s, f"store copy since {request.at}"))
        own = ready.own_ledger
        if own is None:
            own = stack.enter_context(closing(sides.ledger_made(ready)))
        return _Copy(request, source, ready, own, found, tell).do(copying)


def _target(stack: ExitStack, request: CopyRequest) -> Side:
    """Return the target as it is now; one that is not there is empty."""
    if not sides.is_there(request.target):
        return Side(request.target, request.target.path, request.target.path)
    target = stack.enter_context(sides.opened(request.target, writable=False, ledger_only=request.ledger))
    if not request.dry_run:
        stack.enter_context(sides.at_rest(target, request.wait_s, f"store copy since {request.at}"))
    return target


def _require_usable(source: Side, request: CopyRequest) -> None:
    notes = notes_in(source.ledger) if source.ledger is not None else {}
    moved = moved_of(notes)
    if moved is not None:
        if moved.target != sides.url_of(request.target):
            raise copied_already(moved, source.name, source.url)
        notes.pop(MOVED)
    error = unusable(notes, source.name, source.url)
    if error is not None:
        raise error


def _is_moved_to(source: Side, target: Side) -> bool:
    moved = moved_of(notes_in(source.ledger)) if source.ledger is not None else None
    return moved is not None and moved.target == target.url and bool(target.holdings())


def _copying(request: CopyRequest, source: Side, target: Side) -> Copying | None:
    """Return how far an earlier copy from this source is, None if there was none. Raises StoreError."""
    notes = notes_in(target.ledger) if target.ledger is not None else {}
    copying = copying_of(notes)
    if copying is None:
        held = target.holdings()
        if held and not _is_moved_to(source, target):
            raise sides.not_empty(target, held)
        return None
    if (copying.source, copying.ledger) != (source.url, request.ledger):
        error = unusable(notes, target.name, target.url)
        assert error is not None
        raise error
    return copying


def _parts_of(side: Side, refused: int = 0) -> tuple[CopiedPart, ...]:
    return tuple(
        CopiedPart(name, rows - refused if name == BOOKINGS else rows) for name, rows in side.holdings().items()
    )


class _Copy:
    """One copy under way; `part` is "bookings" or a table of the ledger."""

    def __init__(
        self, request: CopyRequest, source: Side, target: Side, own: Sql, found: Survey, tell: Callable[[str], None]
    ) -> None:
        self._request = request
        self._source = source
        self._target = target
        self._survey = found
        self._fitting = found.fitting
        self._tell = tell
        self._refused: dict[int, UncopiedRow] = {}  # by the row's number: what the target itself did not take
        self._tables = {table.name: table for table in ledger_tables()}
        self._names = [*([] if request.ledger else [BOOKINGS]), *self._tables]
        self._sql = own

    def do(self, before: Copying | None) -> CopyReport:
        """Copy what is left, compare, and say so on both sides."""
        copying = before or Copying(self._source.url, self._request.at, self._request.ledger)
        self._prepare(copying)
        copying = self._copy_all(copying)
        moved = False
        if self._source.kind == POSTGRES and not self._request.keep:
            self._mark()  # from here on no run can write to it, which a lock cannot promise there
            moved = True
        try:
            parts = self._made_alike(copying)
        except BaseException:
            if moved:
                with suppress(StoreError):
                    self._unmark()
            raise
        if self._target.kind == POSTGRES:
            set_numbers(self._sql)
            with suppress(StoreError):  # the server does it by itself, later
                analyze(self._sql)
        if not (self._request.keep or moved):
            self._mark()
        with self._sql.immediate():
            forget(self._sql, COPYING)
            forget(self._sql, MOVED)
        refused = (*self._survey.refused, *self._refused.values())
        return CopyReport(
            self._source.url,
            self._target.url,
            (self._source.name, self._target.name),
            tuple(part for part in parts if part.rows),
            self._survey,
            refused,
            resumed=before is not None,
            moved=not self._request.keep,
            foreign=self._source.foreign,
        )

    def _prepare(self, copying: Copying) -> None:
        """Make what is missing in the target, and say there that it is not whole; all of it or nothing."""
        bookings = self._target.bookings
        with self._sql.immediate():
            ensure_ledger(self._sql)
            save(self._sql, copying)
            if isinstance(bookings, SqlBookings):
                there = bookings.columns()
                for key, holds in self._survey.added:
                    if key not in there:
                        add_column(self._sql, self._target.kind, key, holds)

    def _copy_all(self, copying: Copying) -> Copying:
        for name in self._names:
            if name not in copying.done:
                copying = self._copy_part(name, copying)
        return copying

    def _copy_part(self, name: str, copying: Copying) -> Copying:
        """Copy one part, from where it was left; return how far all is now."""
        if name == BOOKINGS and isinstance(self._target.bookings, JsonBookings):
            self._put_array(self._target.bookings)
            return self._done(name, copying)
        after = copying.after if copying.part == name else None
        if after is None:
            self._clear(name)
            if name == BOOKINGS:
                self._refused.clear()
        copied = 0
        for last, rows in self._pages(name, after):
            copied += len(rows)
            with self._sql.immediate():
                self._write(name, rows, copied - len(rows))
                copying = copying._replace(part=name, after=last)
                save(self._sql, copying)
            self._tell(f"copied {copied} {'rows of ' if name != BOOKINGS else ''}{name}")
        return self._done(name, copying)

    def _done(self, name: str, copying: Copying) -> Copying:
        copying = copying._replace(done=(*copying.done, name), part="", after=None)
        with self._sql.immediate():
            save(self._sql, copying)
        return copying

    def _put_array(self, target: JsonBookings) -> None:
        source = self._source.bookings
        if isinstance(source, JsonBookings):
            target.put_text(source.text)
        else:
            target.put(row for _, rows in self._pages(BOOKINGS) for row in self._fitting_rows(rows))

    def _pages(self, name: str, after: Any = None) -> Iterator[tuple[Any, list[Any]]]:
        """Yield what a part of the source holds behind a key."""
        if name == BOOKINGS:
            assert self._source.bookings is not None
            yield from self._source.bookings.pages(after)
        elif self._source.ledger is not None:
            yield from self._tables[name].pages(self._source.ledger, after)

    def _write(self, name: str, rows: list[Any], before: int) -> None:
        if name != BOOKINGS:
            self._tables[name].write(self._sql, rows)
            return
        bookings = self._sql_bookings
        fitting = list(self._fitting_rows(rows))
        try:
            with self._sql.singly():
                bookings.write(fitting)
        except RowRefusedError:
            if not self._request.leave_out:
                raise
            self._write_each(rows, before)

    def _write_each(self, rows: list[Any], before: int) -> None:
        """Write one row after another, and note which the target does not take."""
        for number, row in enumerate(rows, before + 1):
            try:
                fitted = fit(self._fitting, row)
            except UnheldError:
                continue
            try:
                with self._sql.singly():
                    self._sql_bookings.write([fitted])
            except RowRefusedError as error:
                self._refused[number] = UncopiedRow(number, str(fitted.get("_id", "")), error.message)

    def _fitting_rows(self, rows: list[Any]) -> Iterator[dict[str, Any]]:
        for row in rows:
            try:
                yield fit(self._fitting, row)
            except UnheldError:
                continue

    @property
    def _sql_bookings(self) -> SqlBookings:
        assert isinstance(self._target.bookings, SqlBookings)
        return self._target.bookings

    def _clear(self, name: str) -> None:
        """Take away what an earlier try left of a part."""
        while True:
            with self._sql.immediate():
                gone = self._sql_bookings.clear() if name == BOOKINGS else self._tables[name].clear(self._sql)
            if not gone:
                return

    # both sides compared

    def _made_alike(self, copying: Copying) -> list[CopiedPart]:
        """Return what both sides hold, once they hold the same; what changed meanwhile is copied once more."""
        for left in reversed(range(_ROUNDS)):
            parts, differing = self._compared()
            if not differing:
                return parts
            if not left:
                break
            copying = copying._replace(done=tuple(name for name in copying.done if name not in differing))
            copying = self._copy_all(copying._replace(part="", after=None))
        told = f"{self._source.name} changes while it is copied: {', '.join(differing)} differ"
        hint = "stop the booking system and all commands on it, then start the same copy again: it goes on from there"
        raise StoreError(told, hint)

    def _compared(self) -> tuple[list[CopiedPart], list[str]]:
        parts, differing = [], []
        for name in self._names:
            self._tell(f"comparing {name}")
            one, other = self._digest_of_source(name), self._digest_of_target(name)
            parts.append(CopiedPart(name, one.rows, one.hex))
            if one != other:
                differing.append(name)
        return parts, differing

    def _digest_of_source(self, name: str) -> RowsDigest:
        made = RowsDigest()
        if name != BOOKINGS:
            table = self._tables[name]
            return table.digest(self._source.ledger) if self._source.ledger is not None else made
        if self._survey.verbatim:
            assert isinstance(self._source.bookings, JsonBookings)
            return self._source.bookings.digest()
        number = 0
        for _, rows in self._pages(name):
            for row in rows:
                number += 1
                with suppress(UnheldError):
                    fitted = fit(self._fitting, row)
                    if number not in self._refused:
                        made.add_fields(fitted)
        return made

    def _digest_of_target(self, name: str) -> RowsDigest:
        if name != BOOKINGS:
            return self._tables[name].digest(self._sql)
        assert self._target.bookings is not None
        return self._target.bookings.digest()

    # the source

    def _mark(self) -> None:
        """Let the source say to where it was copied. Raises LockHeldError if a run goes on there."""
        with ExitStack() as stack:
            if self._source.kind == POSTGRES:  # another run may have begun
                stack.enter_context(sides.at_rest(self._source, self._request.wait_s, ""))
            sql = stack.enter_context(sides.writable_ledger(self._source))
            stack.enter_context(sql.immediate())
            held = sides.working(self._source, sql)
            if held is not None:
                raise held
            notes = notes_in(sql)
            if (moved := moved_of(notes)) is not None and moved.target != self._target.url:  # by a copy beside this one
                raise copied_already(moved, self._source.name, self._source.url)
            save(sql, Moved(self._target.url, self._request.at))

    def _unmark(self) -> None:
        with sides.writable_ledger(self._source) as sql, sql.immediate():
            forget(sql, MOVED)
