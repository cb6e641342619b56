"""What it means that a complete source lacks bookings."""

from __future__ import annotations

import pytest

from coachsync.bookings.sources.absence import absences
from coachsync.domain.model import MINUTE
from coachsync.store.ledger.said import LastSaid

NOW = 1_791_975_600_000


def known(many: int, first: int | None = None) -> dict[str, LastSaid]:
    ids = [f"page:{n}" for n in range(many)]
    return {i: LastSaid(i, "page", "SCHEDULED", "", "", 0, first, first) for i in ids}


def due(many: int, lost: int, first: int | None, *, force: bool = False) -> tuple[list[str], bool]:
    said = known(many, first)
    found = absences(said, list(said), list(said)[lost:], NOW, force=force)
    return found.due, found.accident


@pytest.mark.parametrize(
    ("first", "counts"), [(None, 0), (NOW, 0), (NOW - 10 * MINUTE + 1, 0), (NOW - 10 * MINUTE, 2), (NOW + 1, 0)]
)
def test_two_pulls_ten_minutes_apart_must_lack_it(first: int | None, counts: int) -> None:
    assert len(due(9, 2, first)[0]) == counts


@pytest.mark.parametrize(("many", "lost", "accident"), [(9, 4, False), (8, 4, True), (3, 3, True), (2, 2, False)])
def test_three_that_are_half_of_all_are_an_accident(many: int, lost: int, accident: bool) -> None:
    found, is_accident = due(many, lost, NOW - 10 * MINUTE)
    assert (is_accident, len(found)) == (accident, 0 if accident else lost)


def test_force_carries_an_accident_out_at_once() -> None:
    assert len(due(4, 4, None, force=True)[0]) == 4


def test_force_takes_nothing_that_is_lacked_for_the_first_time() -> None:
    assert due(9, 1, None, force=True)[0] == []


def test_what_has_begun_or_is_cancelled_is_not_concerned() -> None:
    assert absences(known(2, NOW - 20 * MINUTE), [], [], NOW, force=False).marked == []
