"""Bookings that vanished from the store while their room is open: cancelled, or an accident (CONTRACT §5). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from coachsync.domain.case import Case, Facts
from coachsync.domain.failure import Failure
from coachsync.domain.model import MINUTE, Entry, Millis, Warn
from coachsync.domain.planned import Due, Refused, Scope
from coachsync.domain.remembered import ghost, is_rehearsal
from coachsync.domain.windows import cleanup_at
from coachsync.domain.words import accident, span, vanished_words

TWICE_MISSED: Millis = 10 * MINUTE
ACCIDENT_AT_LEAST = 3


class Losses(NamedTuple):
    """What is decided about live entries whose booking is not in the store."""

    due: list[tuple[Case, Due]]
    refused: list[Refused]
    warnings: list[Warn]


def vanished(gone: Collection[Entry], accidents: Mapping[str, Failure], facts: Facts, scope: Scope) -> Losses:
    """Decide about live entries whose booking is not in the store (CONTRACT §5)."""
    due: list[tuple[Case, Due]] = []
    refused: list[Refused] = []
    warnings: list[Warn] = []
    for entry in sorted(gone, key=lambda e: (e.start, e.session_id)):
        if scope.named is not None and entry.session_id not in scope.named:
            continue
        verdict = _vanished_due(entry, entry.guild_id in accidents, facts, scope)
        if verdict is not None:
            due.append((Case(ghost(entry), entry, facts), verdict))
        elif entry.guild_id in accidents and "cleanup" in scope.kinds:
            refused.append(Refused(ghost(entry), "cleanup", "refused", accidents[entry.guild_id]))
        else:
            warnings.append(Warn("booking_vanished", entry.session_id, vanished_words(entry, facts.now)))
    return Losses(due, refused, warnings)


def _vanished_due(entry: Entry, accident: bool, facts: Facts, scope: Scope) -> Due | None:
    if scope.named is not None and "cleanup" in scope.kinds:
        return Due("cleanup", "asked for by an operator", "abandoned" if scope.abandon else "operator")
    if is_rehearsal(entry.session_id):
        return Due("cleanup", "left over from a rehearsal", "end")
    if entry.state == "closing" and entry.closed_by:
        by = "vanished" if entry.closed_by == "revoked" else entry.closed_by
        return Due("cleanup", "removal was cut short", by)
    if facts.now >= cleanup_at(entry.end, facts.policy):
        return Due("cleanup", f"ended {span(facts.now - entry.end)} ago", "end")
    if accident:
        return Due("cleanup", "booking vanished, --force", "vanished") if scope.force else None
    return Due("cleanup", "booking vanished", "vanished") if _missed_twice(entry, facts) else None


def _missed_twice(entry: Entry, facts: Facts) -> bool:
    """Return whether two finished runs at least 10 minutes apart missed the booking, and it has not begun.

    A run whose clock was ahead of this one's proves nothing.
    """
    if entry.missing_first is None or entry.missing_last is None or facts.now >= entry.start:
        return False
    return entry.missing_last <= facts.now and entry.missing_last - entry.missing_first >= TWICE_MISSED


def accidents_among(vanished: Collection[Entry], entries: Mapping[str, Entry], facts: Facts) -> dict[str, Failure]:
    """Return the guilds whose missing bookings look like an accident, with the words to say so."""
    found = {}
    booked = [e for e in vanished if not is_rehearsal(e.session_id)]
    for guild in {e.guild_id for e in booked}:
        gone = sum(1 for e in booked if e.guild_id == guild)
        rooms = rooms_of(guild, entries)
        if facts.store_empty or is_accident(gone, rooms):
            found[guild] = accident(gone, rooms, facts.store_empty)
    return found


def rooms_of(guild: str, entries: Mapping[str, Entry]) -> int:
    """Return how many sessions of a guild something was begun for that has not been removed."""
    return sum(1 for i, e in entries.items() if e.live and e.guild_id == guild and not is_rehearsal(i))


def is_accident(lost: int, rooms: int) -> bool:
    """Return whether so many of a guild's open rooms are lost at once that somebody made a mistake."""
    return lost >= ACCIDENT_AT_LEAST and 2 * lost >= rooms


def unbooked(known: Collection[str], entries: Mapping[str, Entry], scope: Scope) -> list[Refused]:
    """Refuse `setup ID` of a session that only the ledger remembers."""
    if scope.named is None or scope.kinds != {"setup"}:
        return []
    failure = Failure(
        "unknown_session",
        "the store holds no booking of this id any more: only the ledger remembers it",
        "bring the booking back; `coachsync explain` with its id says what became of it",
    )
    lost = sorted(i for i in scope.named if i in entries and i not in known)
    return [Refused(ghost(entries[i]), "setup", "refused", failure) for i in lost]
