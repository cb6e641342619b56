"""What a copy will do, found out before anything is written: how rows fit, which do not, what gets a new column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from coachsync.errors import StoreError
from coachsync.store.copying.fitting import Fitting, Holds, UnheldError, joined, kind_of, unfit_name
from coachsync.store.copying.rows import JsonBookings, SqlBookings, new_column
from coachsync.store.copying.sides import Side

_KEPT = 1000  # refused rows by name
_MOST_COLUMNS = 500
_SHOWN = 5


class UncopiedRow(NamedTuple):
    """A booking that the target cannot hold: its place from 1, its id or "", and why."""

    row: int
    session: str
    why: str


class UnfitKey(NamedTuple):
    """A key or column that the target cannot hold, and why."""

    key: str
    why: str


class Survey(NamedTuple):
    """What was found. `refused` names the first rows that do not fit, `refused_rows` counts all of them.

    `added`: columns that the target gets, and what they hold. `verbatim`: the bookings are copied to the letter.
    """

    fitting: Fitting
    rows: int = 0
    refused: tuple[UncopiedRow, ...] = ()
    refused_rows: int = 0
    unfit: tuple[UnfitKey, ...] = ()
    added: tuple[tuple[str, Holds], ...] = ()
    verbatim: bool = False

    @property
    def lossless(self) -> bool:
        """Return whether everything has its place."""
        return not (self.refused_rows or self.unfit)


def survey(source: Side, target: Side, tell: Callable[[str], None]) -> Survey:
    """Look through all bookings of a source for what a target cannot hold."""
    assert source.bookings is not None
    from_json = isinstance(source.bookings, JsonBookings)
    columns = target.columns()
    if columns is None:
        fitting = Fitting(None, (), from_json)
        return Survey(fitting, source.bookings.count(), verbatim=True) if from_json else _looked(source, fitting, tell)
    unique = not isinstance(target.bookings, SqlBookings) or target.bookings.table.unique_id
    fitting = Fitting(columns, source.bookings.twice() if unique else (), from_json, _comes_back(target.kind))
    found = _looked(source, fitting, tell)
    beside = source.bookings.beside() if isinstance(source.bookings, JsonBookings) else []
    unfit = [UnfitKey(key, "it stands beside the array of bookings") for key in beside]
    added: dict[str, Holds] = {}
    for key, holds in found.added:
        why = unfit_name(key, [*columns, *added])
        if target.foreign:
            why = why or "the target's table, which another program made, has no such column"
        elif len(added) >= _MOST_COLUMNS:
            why = why or "there are too many columns"
        if why:
            unfit.append(UnfitKey(key, why))
        else:
            added[key] = holds
    whole = {**columns, **{key: new_column(target.kind, holds) for key, holds in added.items()}}
    return found._replace(fitting=fitting._replace(columns=whole), unfit=tuple(unfit), added=tuple(added.items()))


def refusal(found: Survey, target: Side) -> StoreError:
    """Return the error for a copy that would lose something."""
    parts = []
    if found.unfit:
        parts.append("; ".join(f"{unfit.key!r}: {unfit.why}" for unfit in found.unfit[:_SHOWN]))
    if found.refused_rows:
        shown = "; ".join(named(row) for row in found.refused[:_SHOWN])
        more = found.refused_rows - min(_SHOWN, len(found.refused))
        parts.append(shown + (f"; and {more} more" if more > 0 else ""))
    hint = "mend it where the bookings are kept, or say --leave-out to copy the rest, with --dry-run to see all of it"
    return StoreError(f"{target.name} cannot hold all of it, and nothing was written: {'; '.join(parts)}", hint)


def named(row: UncopiedRow) -> str:
    """Return a refused row as a message has it."""
    return f"row {row.row}, {row.session!r}: {row.why}" if row.session else f"row {row.row}: {row.why}"


def _looked(source: Side, fitting: Fitting, tell: Callable[[str], None]) -> Survey:
    assert source.bookings is not None
    refused: list[UncopiedRow] = []
    kinds: dict[str, set[Holds]] = {}
    rows = refused_rows = 0
    for _, page in source.bookings.pages():
        for row in page:
            rows += 1
            try:
                fit(fitting, row)
            except UnheldError as error:
                refused_rows += 1
                if len(refused) < _KEPT:
                    refused.append(UncopiedRow(rows, _id_of(row), str(error)))
                continue
            for key in fitting.without(row):
                kinds.setdefault(key, set()).add(kind_of(row[key]))
        tell(f"looked at {rows} bookings")
    added = tuple((key, joined(found)) for key, found in kinds.items())
    return Survey(fitting, rows, tuple(refused), refused_rows, added=added)


def fit(fitting: Fitting, row: Any) -> dict[str, Any]:
    """Return a row as the target holds it. Raises UnheldError."""
    if not isinstance(row, dict):
        raise UnheldError("it is no object")
    return fitting.fitted(row)


def _id_of(row: Any) -> str:
    found = row.get("_id") if isinstance(row, dict) else None
    return found if isinstance(found, str) else "" if found is None else str(found)


def _comes_back(kind: str) -> Callable[[str], str]:
    """Return as what a database gives text back that is no ASCII."""
    if kind != "sqlite":
        return str
    from coachsync.store.sqlite.database import text_key, tolerant_text

    def comes_back(text: str) -> str:
        key = text_key(text)
        return tolerant_text(key) if isinstance(key, bytes) else key

    return comes_back
