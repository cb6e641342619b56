"""When a guild with open rooms is left alone for a run, and what never lets it rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coachsync.domain.causes import Cause
from coachsync.domain.looking import RESTS, Calm, LastLook, at_rest, calm
from coachsync.domain.model import HOUR, MINUTE, Entry, Grant, Millis, Resource, Session
from coachsync.domain.planned import Plan
from tests.domain.build import (
    BROKEN,
    END,
    GUILD,
    LATE,
    OPENS,
    OTHER_GUILD,
    OVER,
    POLICY,
    SOMEBODY,
    START,
    STUDENT,
    a_session,
    an_entry,
    facts,
    marked,
    plan_of,
)

QUIET = Calm(frozenset({GUILD}))
RUNS = [9, 8, 7]
BEFORE, AFTER = LATE - 1, END + 1


def looked(run: int = 7, settings: str = "as now") -> dict[str, LastLook]:
    return {GUILD: LastLook(run, settings)}


def rests(looks: dict[str, LastLook], *causes: Cause) -> bool:
    return GUILD in calm(looks, RUNS, causes, lambda _: "as now").guilds


def a_cause(code: str = "missing_access", guild_id: str = "", *sessions: str) -> Cause:
    return Cause(code, guild_id, "", "", sessions, 0, 0, "note")


class TestCalm:
    @pytest.mark.parametrize("run", RUNS)
    def test_guild_that_one_of_the_last_three_runs_looked_at_may_rest(self, run: int) -> None:
        assert len(RUNS) == RESTS
        assert rests(looked(run))

    @pytest.mark.parametrize("run", [6, 0, 10])
    def test_every_fourth_run_looks(self, run: int) -> None:
        assert not rests(looked(run))

    def test_guild_that_no_run_is_known_to_have_looked_at_never_rests(self) -> None:
        assert not rests({})

    def test_new_settings_are_followed_at_once(self) -> None:
        assert not rests(looked(settings="as they were"))

    @pytest.mark.parametrize(
        ("cause", "rest"),
        [
            (a_cause("missing_permission", GUILD), False),
            (a_cause("missing_permission", OTHER_GUILD), True),
            (a_cause("clock_skew"), False),
            (a_cause("source_failed"), True),
            (a_cause("heartbeat_failed"), True),
            (a_cause("unlinked", "", "another"), True),
        ],
        ids=lambda value: value.code + value.guild_id if isinstance(value, Cause) else str(value),
    )
    def test_what_stands_keeps_those_awake_whom_it_concerns(self, cause: Cause, rest: bool) -> None:
        assert rests(looked(), cause) is rest


def open_room(**changes: Any) -> tuple[Session, Entry]:
    session = marked(a_session())
    return session, an_entry(session, **changes)


def looks_at(session: Session, entry: Entry, now: Millis, quiet: Calm = QUIET) -> bool:
    plan = plan_of(session, entries=(entry,), now=now)
    return bool(at_rest(plan, facts(now), quiet).guilds)


class TestRooms:
    @pytest.mark.parametrize(
        ("now", "look"),
        [(OPENS, False), (BEFORE, False), (LATE, True), (START, True), (END, True), (AFTER, False), (OVER - 1, False)],
    )
    def test_room_is_looked_at_in_every_run_from_setup_by_to_its_end(self, now: Millis, look: bool) -> None:
        assert looks_at(*open_room(), now) is look

    def test_nothing_rests_unless_it_is_known_to_be_calm(self) -> None:
        assert looks_at(*open_room(), BEFORE, Calm())

    def test_session_with_a_cause_is_looked_at(self) -> None:
        assert looks_at(*open_room(), BEFORE, QUIET._replace(troubled=frozenset({"abc12345"})))

    @pytest.mark.parametrize(
        "unquiet",
        [
            lambda e: setattr(e, "state", "closing"),
            lambda e: setattr(e, "missing_first", 1),
            lambda e: e.repairs.update({"crowded": 1}),
            lambda e: e.repairs.update({"gone:channel": 1}),
            lambda e: e.resources.append(Resource("role", "r", GUILD, "attempted")),
            lambda e: e.resources.append(Resource("role", "r", GUILD, "overtaken")),
            lambda e: e.resources.append(Resource("channel", "c", GUILD, "spare", snowflake="7")),
            lambda e: e.grants.append(Grant(SOMEBODY, "revoked", 1, 2)),
            lambda e: setattr(e.grant_of(STUDENT), "state", "asked"),
        ],
        ids=["closing", "missed", "crowded", "gone", "attempted", "overtaken", "spare", "leaver", "asked"],
    )
    def test_what_is_not_settled_is_looked_at(self, unquiet: Callable[[Entry], None]) -> None:
        session, entry = open_room()
        unquiet(entry)
        assert looks_at(session, entry, BEFORE)

    def test_repair_that_was_made_lets_a_room_rest(self) -> None:
        assert not looks_at(*open_room(repairs={"role": 1}), BEFORE)

    def test_row_that_cannot_be_understood_is_looked_at(self) -> None:
        session, entry = open_room()
        assert looks_at(session._replace(flaw=BROKEN), entry, BEFORE)

    def test_booking_that_vanished_is_looked_at(self) -> None:
        _, entry = open_room()
        assert at_rest(plan_of(entries=(entry,), now=BEFORE), facts(BEFORE), QUIET).guilds == {GUILD}

    def test_the_last_run_before_the_start_looks_however_late_setup_may_be(self) -> None:
        policy = POLICY._replace(setup_by=0)
        session, entry = open_room()
        now = START - 15 * MINUTE
        plan = plan_of(session, entries=(entry,), now=now, policy=policy)
        assert at_rest(plan, facts(now, policy=policy), QUIET).guilds == {GUILD}


class TestPlans:
    def plan(self, now: Millis = BEFORE) -> Plan:
        session, entry = open_room()
        return plan_of(session, entries=(entry,), now=now)

    def test_what_is_due_in_a_guild_lets_all_its_rooms_be_looked_at(self) -> None:
        session, entry = open_room()
        due = a_session("due00001", start=BEFORE + 5 * HOUR // 2)
        plan = plan_of(session, due, entries=(entry,), now=BEFORE)
        assert [s.id for s, _ in at_rest(plan, facts(BEFORE), QUIET).looks] == ["abc12345"]

    def test_known_orphan_keeps_its_guild_awake(self) -> None:
        plan = self.plan()._replace(orphans=(Resource("channel", "c", GUILD, "orphan", snowflake="7"),))
        assert len(at_rest(plan, facts(BEFORE), QUIET).looks) == 1

    def test_guild_that_is_looked_through_has_its_rooms_looked_at(self) -> None:
        plan = self.plan()._replace(searched=frozenset({GUILD}))
        assert len(at_rest(plan, facts(BEFORE), QUIET).looks) == 1

    def test_other_guilds_rest_all_the_same(self) -> None:
        session, entry = open_room()
        elsewhere = marked(a_session("later001", guild_id=OTHER_GUILD, start=BEFORE + HOUR))
        plan = plan_of(session, elsewhere, entries=(entry, an_entry(elsewhere)), now=BEFORE)
        both = Calm(frozenset({GUILD, OTHER_GUILD}))
        assert at_rest(plan, facts(BEFORE), both).guilds == {OTHER_GUILD}
