"""OPERATOR "News": what a channel is told of a cause, and when it is told nothing."""

from __future__ import annotations

import pytest

from coachsync.domain.causes import NEVER, Cause, Turns, Urgency
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.domain.news import Remembered, Told, What, digest, is_settled

NOW: Millis = 1_792_069_200_000
ME = "run --quiet"
SOON = Turns(0, NEVER)
LATE = Turns(0, NOW)


def a_cause(*sessions: str, code: str = "unknown_member", turns: Turns = SOON, message: str = "not here") -> Cause:
    return Cause(code, "1", message, "mend it", sessions, NOW - HOUR, NOW, "note", 1, (turns,) * len(sessions))


def told(
    ago: Millis, *sessions: str, urgency: Urgency = "soon", message: str = "not here", ended: bool = False
) -> Told:
    return Told(NOW - ago, urgency, message, sessions, ended)


def news(known: Remembered, repeat: Millis = DAY) -> list[What]:
    return [one.what for one in digest([known], ME, NOW, repeat).news]


def test_cause_that_nobody_was_told_of_begins() -> None:
    assert news(Remembered(a_cause("one"))) == ["begins"]


def test_what_another_channel_was_told_is_no_news_kept_from_this_one() -> None:
    assert news(Remembered(a_cause("one"), {"other": told(0, "one")})) == ["begins"]


@pytest.mark.parametrize(
    ("cause", "before", "what"),
    [
        (a_cause("one"), told(0, "one"), []),
        (a_cause("one"), told(DAY - 1, "one"), []),
        (a_cause("one"), told(DAY, "one"), ["lasts"]),
        (a_cause("one", turns=LATE), told(0, "one"), ["late"]),
        (a_cause("one", turns=LATE), told(0, "one", urgency="late"), []),
        (a_cause("one", turns=LATE), told(0, "one", urgency="note"), ["late"]),
        (a_cause("one", message="gone"), told(0, "one"), ["changes"]),
        (a_cause("one", message="1 h 5 min ahead"), told(0, "one", message="2 h 59 min ahead"), []),
        (a_cause("one", message="7 min ahead"), told(0, "one", message="12 min ahead"), []),
        (a_cause("one", message="id 12 is nobody"), told(0, "one", message="id 13 is nobody"), ["changes"]),
        (a_cause("one", "two"), told(HOUR - 1, "one"), []),
        (a_cause("one", "two"), told(HOUR, "one"), ["changes"]),
        (a_cause("one", "two", turns=LATE), told(0, "one", urgency="late"), ["changes"]),
        (a_cause("one"), told(HOUR, "one", "two"), []),
        (a_cause("one", code="room_open_to_others"), told(0, "one", urgency="late"), ["lasts"]),
    ],
)
def test_standing_cause_is_told_again_only_for_a_reason(cause: Cause, before: Told, what: list[What]) -> None:
    assert news(Remembered(cause, {ME: before})) == what


def test_without_repeat_every_run_tells_what_lasts() -> None:
    assert news(Remembered(a_cause("one"), {ME: told(0, "one")}), repeat=0) == ["lasts"]


@pytest.mark.parametrize("how", ["mended", "over"])
def test_end_is_told_to_who_knows_of_the_beginning_and_once(how: str) -> None:
    ended = Remembered(a_cause("one"), {ME: told(HOUR, "one")}, how, NOW)  # type: ignore[arg-type]
    assert news(ended) == [how]
    assert news(ended._replace(told={ME: told(0, "one", ended=True)})) == []
    assert news(ended._replace(told={})) == []


def test_broken_promise_is_told_once_also_after_its_only_run_and_its_end_never() -> None:
    missed = Remembered(a_cause("one", code="missed", turns=LATE), {}, "over", NOW - HOUR)
    assert news(missed) == ["begins"]
    assert news(missed._replace(told={ME: told(HOUR, "one")})) == []
    assert news(missed._replace(ended_at=NOW - 2 * DAY)) == []


def test_leak_that_was_mended_before_anybody_was_told_is_told_as_mended() -> None:
    mended = Remembered(a_cause("one", code="room_open_to_others"), {}, "mended", NOW)
    assert news(mended) == ["mended"]
    assert news(mended._replace(told={ME: told(0, "one", ended=True)})) == []


def test_cause_that_is_no_more_late_can_become_late_again() -> None:
    found = digest([Remembered(a_cause("one"), {ME: told(MINUTE, "one", urgency="late")})], ME, NOW, DAY)
    assert found.news == ()
    assert found.memory == {1: told(MINUTE, "one", urgency="soon")}


def test_late_comes_first_and_ends_come_last() -> None:
    known = [
        Remembered(a_cause("one")._replace(rowid=1), {ME: told(0, "one")}, "mended", NOW),
        Remembered(a_cause("two")._replace(rowid=2)),
        Remembered(a_cause("six", turns=LATE)._replace(rowid=3)),
    ]
    assert [one.cause.sessions[0] for one in digest(known, ME, NOW, DAY).news] == ["six", "two", "one"]


@pytest.mark.parametrize(
    ("known", "settled"),
    [
        (Remembered(a_cause("one")), False),
        (Remembered(a_cause("one"), {}, "mended", NOW), True),
        (Remembered(a_cause("one"), {ME: told(0, "one")}, "mended", NOW), False),
        (Remembered(a_cause("one"), {ME: told(0, "one", ended=True)}, "mended", NOW), True),
        (Remembered(a_cause("one"), {"gone": told(0, "one")}, "mended", NOW - 8 * DAY), True),
        (Remembered(a_cause("one", code="missed"), {}, "over", NOW), False),
        (Remembered(a_cause("one", code="missed"), {}, "over", NOW - 2 * DAY), True),
    ],
)
def test_ended_cause_is_kept_until_all_who_know_of_it_know_its_end(known: Remembered, settled: bool) -> None:
    assert is_settled(known, NOW) == settled
