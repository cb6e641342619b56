"""When a guild that refused is asked again."""

from __future__ import annotations

import pytest

from coachsync.domain.failure import Failure
from coachsync.domain.model import DAY, HOUR, MINUTE, Action, ActionKind, Millis
from coachsync.domain.refusals import Asked, Refusal, refused
from tests.domain.build import START, a_session

WHY = Failure("missing_permission", "the bot lacks a permission", "give it")
SETUP_BY = 2 * HOUR
NOW = START - DAY


def due(kind: ActionKind = "setup", start: Millis = NOW + 9 * HOUR, session_id: str = "s1") -> Action:
    return Action(kind, a_session(session_id, start=start), None, "1", "")


def again(times: int, *, asked: Asked = "role", by_hand: bool = False) -> Refusal:
    """Return what is remembered after so many refusals in a row, the last of them now."""
    found = None
    for n in range(times):
        found = refused(found, "1", asked, WHY, NOW - (times - 1 - n) * HOUR, [], by_hand=by_hand)
    assert found is not None
    return found


@pytest.mark.parametrize(("times", "minutes"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (500, 60)])
def test_waits_double_up_to_an_hour(times: int, minutes: int) -> None:
    wait = again(times)
    assert wait.holds(NOW + minutes * MINUTE - 1, [due()], SETUP_BY)
    assert not wait.holds(NOW + minutes * MINUTE, [due()], SETUP_BY)


@pytest.mark.parametrize(("times", "minutes"), [(1, 0), (2, 5), (3, 10), (6, 60)])
def test_token_is_asked_once_more_before_it_waits(times: int, minutes: int) -> None:
    assert again(times, asked="token").wait == minutes * MINUTE


def test_wait_ends_at_setup_by_of_the_next_session() -> None:
    wait, session = again(9), due(start=NOW + SETUP_BY + 7 * MINUTE)
    assert wait.holds(NOW + 7 * MINUTE - 1, [due(), session], SETUP_BY)
    assert not wait.holds(NOW + 7 * MINUTE, [due(), session], SETUP_BY)
    assert not wait.holds(NOW + 30 * MINUTE, [due(), session], SETUP_BY)


def test_session_late_before_the_refusal_ends_no_wait() -> None:
    assert again(9).holds(NOW + 30 * MINUTE, [due(start=NOW + HOUR)], SETUP_BY)


def test_clock_set_back_ends_a_wait() -> None:
    assert not again(9).holds(NOW - 1, [due()], SETUP_BY)


def test_refusal_long_ago_makes_no_wait_longer() -> None:
    assert refused(again(9), "1", "role", WHY, NOW + DAY, [], by_hand=False).times == 1


def test_refusal_that_a_person_asked_for_makes_no_wait_longer() -> None:
    assert refused(again(3), "1", "role", WHY, NOW + MINUTE, [], by_hand=True).times == 3


@pytest.mark.parametrize("kind", ["cleanup", "revoke", "update"])
def test_new_removal_is_tried_although_the_guild_is_not_looked_at(kind: ActionKind) -> None:
    before = refused(None, "1", "look", WHY, NOW, [due("cleanup", session_id="s1")], by_hand=False)
    assert before.holds(NOW + MINUTE, [due("cleanup", session_id="s1")], SETUP_BY)
    assert not before.holds(NOW + MINUTE, [due(kind, session_id="s2")], SETUP_BY)
