"""Receipts of closed sessions: as lines for people, as JSON, as rows of a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from coachsync.clock import iso
from coachsync.domain.model import Millis
from coachsync.domain.receipts import Held, Made, Proof, Receipt
from coachsync.domain.states import ClosedBy
from coachsync.report.document import VERSION
from coachsync.report.lines import together
from coachsync.report.moments import Moments
from coachsync.report.story import Labelled, Part
from coachsync.report.text import clean, word

CSV_HEADER = (
    "session", "start", "end", "guild_id", "closed_by", "closed_at", "kind", "id", "name", "from", "to", "confirmed",
    "proof",
)  # fmt: skip
_PROOFS: dict[Proof, str] = {
    "deleted": "deleted, Discord confirmed it",
    "gone": "found to be gone in Discord",
    "given up": "given up by an operator: nothing confirms that it is gone",
    "unknown": "nothing confirms that it is gone",
}
_CLOSED: dict[ClosedBy, str] = {
    "": "",
    "end": "it ended",
    "cancelled": "it was cancelled",
    "vanished": "its booking vanished",
    "operator": "closed by an operator",
    "abandoned": "given up by an operator",
    "revoked": "it was moved to another time or guild, or is to open again after it was closed by hand",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would carry out


def receipt_parts(receipts: Sequence[Receipt], moments: Moments) -> list[Part]:
    """Return a part for each receipt: whose, when, why it was closed, each access, each room and role."""
    return [Part("", tuple(_lines(receipt, moments))) for receipt in receipts]


def _lines(receipt: Receipt, moments: Moments) -> Iterator[Labelled]:
    entry = receipt.entry
    who = together(entry.people)
    yield Labelled("session", f"{word(entry.session_id)}{f', {who}' if who else ''}")
    if entry.start:
        yield Labelled("time", f"{moments.when(entry.start)} to {moments.clock(entry.end)}")
    closed = f"{moments.when(receipt.closed_at)}, " if receipt.closed_at is not None else ""
    yield Labelled("closed", f"{closed}{_CLOSED[receipt.closed_by]}")
    for held in receipt.held:
        named = f"{clean(held.name)} ({held.user_id})" if held.name else held.user_id
        until = f"to {moments.clock(held.until)}" if held.until is not None else "not known to have ended"
        yield Labelled(held.kind, f"{named}: had access from {moments.when(held.since)} {until}")
    for made in receipt.made:
        yield Labelled(_kind(made), f"{clean(made.thing.name)} ({made.thing.snowflake}): {_fate(made, moments)}")


def _kind(made: Made) -> str:
    return "room" if made.thing.kind == "channel" else made.thing.kind


def _fate(made: Made, moments: Moments) -> str:
    thing = made.thing
    begun = f"there from {moments.when(thing.made_at)}" if thing.made_at is not None else "there"
    ended = f" to {moments.clock(thing.deleted_at)}" if thing.deleted_at is not None else ""
    return f"{begun}{ended}; {_PROOFS[made.proof]}"


def receipts_document(receipts: Sequence[Receipt], now: Millis) -> dict[str, Any]:
    """Return what `sessions receipts --json` prints."""
    return {"version": VERSION, "now": iso(now), "receipts": [_document(receipt) for receipt in receipts]}


def _document(receipt: Receipt) -> dict[str, Any]:
    entry = receipt.entry
    return {
        "session": entry.session_id,
        "guild_id": entry.guild_id,
        "start": _moment(entry.start or None),
        "end": _moment(entry.end or None),
        "closed_by": receipt.closed_by or None,
        "closed_at": _moment(receipt.closed_at),
        "settled": receipt.settled,
        "access": [_access(held) for held in receipt.held],
        "resources": [_resource(made) for made in receipt.made],
    }


def _access(held: Held) -> dict[str, Any]:
    return {
        "kind": held.kind,
        "id": held.user_id,
        "name": held.name or None,
        "from": iso(held.since),
        "to": _moment(held.until),
    }


def _resource(made: Made) -> dict[str, Any]:
    return {
        "kind": made.thing.kind,
        "id": made.thing.snowflake,
        "name": made.thing.name,
        "guild_id": made.thing.guild_id,
        "made_at": _moment(made.thing.made_at),
        "deleted_at": _moment(made.thing.deleted_at),
        "confirmed": made.confirmed,
        "proof": made.proof,
    }


def csv_rows(receipts: Sequence[Receipt]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each access, room and role, under `CSV_HEADER`; nothing in it is a formula."""
    for receipt in receipts:
        entry = receipt.entry
        times = (_text(entry.start or None), _text(entry.end or None))
        head = (entry.session_id, *times, entry.guild_id, receipt.closed_by, _text(receipt.closed_at))
        for held in receipt.held:
            row: tuple[str, ...] = (held.kind, held.user_id, held.name, iso(held.since), _text(held.until))
            yield _safe(*head, *row, "yes" if held.until is not None else "no", "")
        for made in receipt.made:
            thing = made.thing
            row = (_kind(made), thing.snowflake or "", thing.name, _text(thing.made_at), _text(thing.deleted_at))
            yield _safe(*head, *row, "yes" if made.confirmed else "no", made.proof)


def _safe(*cells: str) -> tuple[str, ...]:
    return tuple(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)


def _moment(moment: Millis | None) -> str | None:
    return None if moment is None else iso(moment)


def _text(moment: Millis | None) -> str:
    return "" if moment is None else iso(moment)
