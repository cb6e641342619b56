"""OPERATOR "Causes": one thing that is wrong is one cause, with its age, until a run that looked sees it gone."""

from __future__ import annotations

import pytest

from coachsync.domain.causes import Cause, Sight, Times, Wrong, about, follow
from coachsync.domain.model import HOUR, MINUTE, ActionKind, Millis
from tests.domain.build import COACH, END, GUILD, LATE, OPENS, OTHER_GUILD, OVER, POLICY, START, a_session

ONE, TWO = a_session("one"), a_session("two")
BOTH = frozenset({"one", "two"})
WHOLE = Sight(whole=True, concerned=BOTH)


def at(now: Millis = OPENS) -> Times:
    return Times(now, POLICY, 45 * MINUTE)


def wrong(code: str, session: object = None, kind: ActionKind | None = "setup", guild: str = GUILD) -> Wrong:
    return Wrong(code, guild, f"{code} it is", "mend it", session, kind)  # type: ignore[arg-type]


def after(*wrongs: Wrong, old: tuple[Cause, ...] = (), sight: Sight = WHOLE, now: Millis = OPENS) -> tuple[Cause, ...]:
    return follow(old, wrongs, sight, at(now)).standing


@pytest.mark.parametrize("code", ["unauthorized", "unreachable", "blocked", "unknown_guild", "missing_permission"])
def test_what_a_guild_lacks_is_one_cause_for_all_sessions_that_wait(code: str) -> None:
    (cause,) = after(wrong(code, ONE), wrong(code, TWO))
    assert (cause.code, cause.guild_id, cause.sessions) == (code, GUILD, ("one", "two"))


def test_what_two_guilds_lack_are_two_causes() -> None:
    found = after(wrong("unreachable", ONE), wrong("unreachable", TWO, guild=OTHER_GUILD))
    assert {(c.guild_id, c.sessions) for c in found} == {(GUILD, ("one",)), (OTHER_GUILD, ("two",))}


@pytest.mark.parametrize("code", ["store_error", "clock_skew", "token_readable"])
def test_what_is_wrong_on_this_host_concerns_no_guild(code: str) -> None:
    (cause,) = after(wrong(code, ONE), wrong(code, TWO, guild=OTHER_GUILD))
    assert (cause.guild_id, cause.sessions) == ("", ("one", "two"))


def test_what_a_person_lacks_is_a_cause_of_each_session() -> None:
    found = after(wrong("unknown_member", ONE), wrong("unknown_member", TWO))
    assert [c.sessions for c in found] == [("one",), ("two",)]


def test_cause_of_a_session_says_all_that_is_wrong_alike_with_it() -> None:
    session = a_session("class001")
    whats = [f"the {name} is none" for name in ("first", "second", "third", "fourth", "fifth", "first")]
    [cause] = after(*(wrong("unlinked", session)._replace(message=what) for what in whats))
    assert cause.message == "the first is none; the second is none; the third is none; and 2 more"
    assert (cause.hint, cause.sessions) == ("mend it", (session.id,))


def test_cause_keeps_its_beginning_and_takes_the_latest_words() -> None:
    old = after(wrong("unknown_member", ONE))
    (cause,) = after(wrong("unknown_member", ONE)._replace(message="still"), old=old, now=OPENS + HOUR)
    assert (cause.since, cause.last_seen, cause.message) == (OPENS, OPENS + HOUR, "still")


def test_cause_that_a_run_would_have_seen_is_over() -> None:
    assert after(old=after(wrong("unknown_member", ONE), wrong("unreachable", TWO))) == ()


def test_guild_that_could_not_be_looked_at_keeps_its_causes() -> None:
    old = after(wrong("unknown_member", ONE))
    sight = WHOLE._replace(unseen=frozenset({"one"}), blind=frozenset({GUILD}))
    found = after(wrong("unreachable", ONE), old=old, sight=sight, now=OPENS + MINUTE)
    assert {(c.code, c.since) for c in found} == {("unknown_member", OPENS), ("unreachable", OPENS + MINUTE)}


def test_run_about_one_session_leaves_the_others_causes() -> None:
    old = after(wrong("unknown_member", ONE), wrong("unlinked", TWO))
    assert [c.code for c in after(old=old, sight=Sight(whole=False, concerned=frozenset({"one"})))] == ["unlinked"]


def test_run_about_one_session_takes_it_from_a_cause_of_several() -> None:
    old = after(wrong("missing_permission", ONE), wrong("missing_permission", TWO))
    (cause,) = after(old=old, sight=Sight(whole=False, concerned=frozenset({"one"})))
    assert cause.sessions == ("two",)
    (cause,) = after(wrong("missing_permission", ONE), old=old, sight=Sight(False, frozenset({"one"})))
    assert cause.sessions == ("one", "two")


def test_leak_stands_until_a_run_that_looked_finds_the_room_closed() -> None:
    old = after(wrong("room_open_to_others", ONE, "repair"))
    past = WHOLE._replace(unseen=frozenset({"one"}), over=frozenset({"one"}))
    assert after(old=old, sight=past, now=END + MINUTE) == old
    assert after(old=old) == ()


def test_cause_of_a_person_ends_with_the_session() -> None:
    old = after(wrong("unknown_member", ONE))
    past = WHOLE._replace(unseen=frozenset({"one"}), over=frozenset({"one"}))
    assert after(old=old, sight=past, now=END) == ()


def test_cause_whose_session_is_no_more_is_over() -> None:
    old = after(wrong("room_open_to_others", ONE))
    assert after(old=old, sight=Sight(whole=True)) == ()


def test_missed_session_is_told_by_one_run() -> None:
    old = after(wrong("missed", ONE), now=END)
    assert [c.urgency for c in old] == ["late"]
    assert after(old=old, sight=WHOLE._replace(unseen=BOTH)) == ()


@pytest.mark.parametrize("code", ["category_gone", "staff_role_gone", "token_readable"])
def test_condition_stands_until_it_is_seen_to_be_gone(code: str) -> None:
    old = after(wrong(code))
    assert after(old=old) == old
    guild = "" if code == "token_readable" else GUILD
    assert after(old=old, sight=WHOLE._replace(sound=frozenset({(code, guild)}))) == ()


def test_run_that_could_not_start_is_over_with_the_next_that_did() -> None:
    old = after(wrong("unauthorized", guild=""))
    assert after(old=old, sight=Sight(whole=False)) == old
    assert after(old=old, sight=Sight(whole=True)) == ()


@pytest.mark.parametrize(
    ("code", "kind", "now", "urgency"),
    [
        ("unknown_member", "setup", OPENS, "soon"),
        ("unknown_member", "setup", OPENS - MINUTE, "note"),
        ("unknown_member", "setup", LATE + 1, "late"),
        ("unknown_member", "setup", START + MINUTE, "late"),
        ("missing_permission", "cleanup", OVER, "note"),
        ("missing_permission", "cleanup", OVER + 46 * MINUTE, "late"),
        ("room_open_to_others", "repair", OPENS, "late"),
        ("orphan", None, OPENS, "soon"),
        ("held_back", None, START, "note"),
        ("booking_vanished", "cleanup", START, "note"),
    ],
)
def test_urgency_is_how_near_a_promise_is_to_being_broken(
    code: str, kind: ActionKind | None, now: Millis, urgency: str
) -> None:
    (cause,) = after(wrong(code, ONE, kind), now=now)
    assert cause.urgency == urgency


def test_removal_that_fails_becomes_late_by_its_age() -> None:
    old = after(wrong("missing_permission", ONE, "revoke"))
    (cause,) = after(wrong("missing_permission", ONE, "revoke"), old=old, now=OPENS + HOUR)
    assert (old[0].urgency, cause.urgency) == ("note", "late")


def test_most_urgent_and_then_oldest_come_first() -> None:
    later = a_session("later", coach=COACH, start=START + HOUR)
    found = after(wrong("unlinked", later), wrong("unlinked", ONE), wrong("held_back", TWO, None), now=LATE + 1)
    assert [(c.urgency, c.sessions) for c in found] == [("late", ("one",)), ("soon", ("later",)), ("note", ("two",))]


def test_causes_of_a_session_are_those_that_name_it() -> None:
    found = after(wrong("unreachable", ONE), wrong("unlinked", TWO))
    assert [c.code for c in about(found, ["one"])] == ["unreachable"]


def test_what_keeps_a_run_from_a_guild_is_one_cause_whatever_its_code() -> None:
    shared = [wrong("discord_error", session)._replace(shared=True) for session in (ONE, TWO)]
    old = after(*shared)
    assert [c.sessions for c in old] == [("one", "two")]
    (cause,) = after(*shared, old=old, now=OPENS + HOUR)
    assert cause.since == OPENS
