"""Order and names: who comes first, and who has the first choice of a short name."""

from __future__ import annotations

from coachsync.domain.model import HOUR, Entry, Session
from coachsync.domain.planned import Plan
from tests.domain.build import OTHER_GUILD, START, a_session, an_entry, closed_entry, marked, plan_of

BOOKED = a_session()


def begun(session: Session = BOOKED) -> Entry:
    return an_entry(session, state="opening")


def test_setups_come_by_start_then_id() -> None:
    sessions = [a_session("b"), a_session("a"), a_session("c", start=START - HOUR)]
    assert [a.session.id for a in plan_of(*sessions, now=START - HOUR).actions] == ["c", "a", "b"]


def test_session_that_occurs_twice_gets_one_action() -> None:
    assert len(plan_of(BOOKED, a_session(minutes=90), now=START).actions) == 1


def _shorts(plan: Plan) -> dict[str, str]:
    return {a.session.id: a.names.short for a in plan.actions if a.names}


def test_earlier_start_then_lesser_id_chooses_its_short_name_first() -> None:
    late, first, second = a_session("a-12345678", start=START + 1), a_session("c-12345678"), a_session("d-12345678")
    shorts = _shorts(plan_of(late, second, first, now=START))
    assert (shorts["c-12345678"], len(set(shorts.values()))) == ("12345678", 3)


def test_short_name_is_the_hash_when_a_live_session_has_the_plain_one() -> None:
    live, fresh = a_session("a-12345678"), a_session("b-12345678")
    assert _shorts(plan_of(live, fresh, now=START, entries=(an_entry(live),))) == {"b-12345678": "gmk2mnrd"}


def test_short_name_is_the_hash_when_an_open_room_unknown_to_the_ledger_has_the_plain_one() -> None:
    fresh = a_session("b-12345678")
    assert _shorts(plan_of(marked(a_session("a-12345678")), fresh, now=START)) == {"b-12345678": "gmk2mnrd"}


def test_short_name_is_free_again_when_its_session_is_closed() -> None:
    over, fresh = a_session("a-12345678"), a_session("b-12345678")
    plan = plan_of(over, fresh, now=START, entries=(closed_entry(over, "operator"),))
    assert _shorts(plan) == {"b-12345678": "12345678"}


def test_short_name_is_shared_when_the_guilds_differ() -> None:
    here, there = a_session("a-12345678"), a_session("b-12345678", guild_id=OTHER_GUILD)
    assert set(_shorts(plan_of(here, there, now=START)).values()) == {"12345678"}


def test_setup_that_goes_on_keeps_its_name() -> None:
    assert plan_of(BOOKED, now=START, entries=(begun(),)).actions[0].names is None
