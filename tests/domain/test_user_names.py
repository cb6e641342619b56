"""User names that stand in place of ids: what one means, when it is looked up, whose it is."""

from __future__ import annotations

import pytest

from coachsync.domain.model import HOUR, MINUTE, Millis, Person, Session
from coachsync.domain.user_names import (
    MOST_AHEAD,
    MOST_DUE,
    Lookup,
    LookupResult,
    Wanted,
    is_legacy,
    judged,
    plain_name,
    to_look_up,
    unlinked,
    with_lookups,
)
from tests.domain.build import COACH, GUILD, OPENS, POLICY, SOMEBODY, START, a_session

ANNA = Person(None, "student", "Anna", discord_name="@Anna ")
LONG_BEFORE: Millis = OPENS - 48 * HOUR


def named(session_id: str = "abc12345", name: str = "anna", start: Millis = START) -> Session:
    """Return a booking whose student goes by a user name."""
    people = (ANNA._replace(discord_name=name), Person(COACH, "coach"))
    return a_session(session_id, start=start)._replace(people=people)


def known(session: Session, result: LookupResult, at: Millis, user_id: str | None = None) -> Session:
    """Return the booking with what was found of its student's name."""
    name = plain_name(session.people[0].discord_name)
    return with_lookups(session, [Lookup(session.id, GUILD, name, result, user_id, at)])


def searched(*sessions: Session, now: Millis) -> list[str]:
    """Return the names that are to be searched for."""
    return [wanted.name for wanted in to_look_up(sessions, POLICY, now).wanted]


@pytest.mark.parametrize("text", ["anna.b", " @Anna.B", "@ anna.b\n", "\ufeff@ANNA.B\u200b", "\u00a0anna.b"])
def test_at_sign_white_space_and_case_do_not_matter(text: str) -> None:
    assert plain_name(text) == "anna.b"


@pytest.mark.parametrize(("one", "other"), [("anna", "annab"), ("anna b", "annab"), ("straße", "strasse")])
def test_other_names_stay_other_names(one: str, other: str) -> None:
    assert plain_name(one) != plain_name(other)


@pytest.mark.parametrize(
    ("name", "legacy"), [("anna#1234", True), ("anna #0001", True), ("anna#12", False), ("#1234", False)]
)
def test_legacy_name_is_known_by_its_four_digits(name: str, legacy: bool) -> None:
    assert is_legacy(name) is legacy


@pytest.mark.parametrize("name", ["anna#1234", "@", "a" * 33])
def test_what_can_be_no_user_name_is_not_searched_for(name: str) -> None:
    assert searched(named(name=name), now=START - HOUR) == []


def test_what_is_over_cancelled_or_broken_is_not_searched_for() -> None:
    cancelled = named()._replace(status="CANCELLED")
    assert searched(named(), now=START + HOUR) == searched(cancelled, now=LONG_BEFORE) == []


@pytest.mark.parametrize(("age", "again"), [(15 * MINUTE, []), (58 * MINUTE, []), (60 * MINUTE, ["anna"])])
def test_name_that_found_nobody_is_searched_for_again_after_an_hour(age: Millis, again: list[str]) -> None:
    assert searched(known(named(), "nobody", LONG_BEFORE - age), now=LONG_BEFORE) == again


@pytest.mark.parametrize("result", ["nobody", "several", "too_many", "failed"])
def test_every_run_searches_while_the_window_is_open(result: LookupResult) -> None:
    assert searched(known(named(), result, OPENS), now=OPENS) == ["anna"]


def test_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    assert searched(known(named(), "nobody", LONG_BEFORE + HOUR), now=LONG_BEFORE) == ["anna"]


def test_who_was_found_an_hour_ago_is_found_for_another_booking_without_a_search() -> None:
    first = known(named("first001"), "found", LONG_BEFORE, SOMEBODY)
    found = to_look_up([first, named("other001")], POLICY, LONG_BEFORE + 5 * MINUTE)
    assert (found.wanted, [(k.session_id, k.user_id) for k in found.known]) == ((), [("other001", SOMEBODY)])


def test_names_of_open_windows_come_first_then_new_ones_then_the_nearest() -> None:
    far = [named(f"far{n:05}", f"far{n}", START + n * HOUR) for n in (30, 20)]
    asked = known(named("asked001", "asked", START + 10 * HOUR), "nobody", START - 10 * HOUR)
    due = named("due00001", "due")
    assert searched(*far, asked, due, now=OPENS) == ["due", "far20", "far30", "asked"]


def test_one_run_searches_for_so_many_names_at_most() -> None:
    due = [named(f"due{n:05}", f"due{n}") for n in range(MOST_DUE + 5)]
    far = [named(f"far{n:05}", f"far{n}", START + 9 * HOUR) for n in range(MOST_AHEAD + 5)]
    assert len(searched(*due, *far, now=OPENS)) == MOST_DUE + MOST_AHEAD


WANTED = Wanted(GUILD, "anna", ("abc12345",), due=True)


@pytest.mark.parametrize(
    ("members", "shown", "result", "user_id"),
    [
        ([(SOMEBODY, "anna")], 1, "found", SOMEBODY),
        ([(SOMEBODY, "Anna"), (COACH, "anna.b")], 2, "found", SOMEBODY),
        ([(SOMEBODY, "anna")], 1000, "found", SOMEBODY),
        ([(SOMEBODY, "anna"), (SOMEBODY, "anna")], 2, "found", SOMEBODY),
        ([(SOMEBODY, "anna"), (COACH, "anna")], 2, "several", None),
        ([(SOMEBODY, "annab")], 1, "nobody", None),
        ([], 0, "nobody", None),
        ([(SOMEBODY, "annab")], 1000, "too_many", None),
    ],
)
def test_only_one_member_of_that_very_name_is_found(
    members: list[tuple[str, str]], shown: int, result: str, user_id: str | None
) -> None:
    (found,) = judged(WANTED, members, shown, START)
    assert (found.result, found.user_id) == (result, user_id)


def test_similar_names_are_told_and_not_all_of_them() -> None:
    (found,) = judged(WANTED, [(f"13000000000000000{n:02}", f"anna{n}") for n in range(9)], 9, START)
    assert found.shown == "anna0, anna1, anna2 and 6 more"


def test_id_goes_before_a_name_that_was_found() -> None:
    both = named()._replace(people=(ANNA._replace(id=COACH), Person(COACH, "coach")))
    assert known(both, "found", START, SOMEBODY).ids == (COACH,)


def test_name_of_another_guild_or_another_name_says_nothing() -> None:
    others = [
        Lookup("abc12345", "1200000000000000000", "anna", "found", SOMEBODY, START),
        Lookup("abc12345", GUILD, "ben", "found", SOMEBODY, START),
    ]
    assert with_lookups(named(), others).ids == (COACH,)


def test_observer_who_is_the_coach_is_the_coach() -> None:
    people = (Person(COACH, "coach"), Person(None, "observer", discord_name="sarah"))
    lookup = Lookup("abc12345", GUILD, "sarah", "found", COACH, START)
    assert with_lookups(a_session()._replace(people=people), [lookup]).people == (Person(COACH, "coach"),)


@pytest.mark.parametrize("result", ["nobody", "several", "too_many", "failed"])
def test_what_was_found_is_said_with_the_name_and_a_remedy(result: LookupResult) -> None:
    session = known(named(), result, START)
    failure = unlinked(session.people[0], session)
    assert (failure.code, "'anna'" in failure.message, bool(failure.hint)) == ("unlinked", True, True)


def test_name_is_shown_in_one_short_line() -> None:
    session = named(name="x\n\x1b[31m'" * 30)
    assert "\n" not in (told := unlinked(session.people[0], session).message)
    assert "\x1b" not in told
