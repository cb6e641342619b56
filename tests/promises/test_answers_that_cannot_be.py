"""Answers that Discord does not give, or should not: nothing is believed of them, and nothing else is spoilt."""

from __future__ import annotations

import pytest

from coachsync.domain.model import DAY, MINUTE
from coachsync.standin.log import Request
from tests.kit.scene import CHANNELS, MEMBER_ROLE, QUARTER, ROLES, Scene

CREATE_ROLE, CREATE_CHANNEL = ("POST", ROLES), ("POST", CHANNELS)
LONG = "9" * 5000
BOTH = [("setup", "done")]


def opens(scene: Scene) -> None:
    """Check that the session gets its room in this run."""
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == (BOTH, {scene.student, scene.coach})


# numbers


@pytest.mark.parametrize("template", [ROLES, CHANNELS])
@pytest.mark.parametrize("field", ["id", "position", "permissions", "type", "parent_id"])
@pytest.mark.parametrize("value", [LONG, None, [], 10**60, "-1"], ids=["long", "null", "list", "huge", "negative"])
def test_odd_foreign_object_spoils_nothing(any_access: Scene, template: str, field: str, value: object) -> None:
    scene = any_access
    if template == ROLES:
        foreign = scene.world.add_role(scene.guild, "Rank")
    else:
        foreign = scene.world.add_channel(scene.guild, "talk")
    scene.standin.faults.add("lie", ("GET", template), count=None, target=foreign, fields={field: value})
    scene.book()
    opens(scene)
    scene.tick(QUARTER)
    assert scene.done == []


@pytest.mark.parametrize("route", [CREATE_ROLE, CREATE_CHANNEL])
def test_id_of_thousands_of_digits_in_a_create_is_not_believed(scene: Scene, route: tuple[str, str]) -> None:
    scene.standin.faults.add("lie", route, fields={"id": LONG})
    scene.book()
    scene.tick()
    assert set(scene.codes) <= {"unexpected_answer"}
    scene.tick(MINUTE)
    assert (len(scene.rooms()), len(scene.roles()), scene.people_in_reach()) == (1, 1, {scene.student, scene.coach})


def test_number_of_thousands_of_digits_in_a_list_spoils_its_own_object_alone(scene: Scene) -> None:
    body = '[{"id": ' + LONG + ', "type": ' + LONG + "}]"
    scene.standin.faults.add("answer", ("GET", CHANNELS), status=200, body=body)
    scene.book()
    opens(scene)


def test_code_of_a_refusal_may_be_any_number(scene: Scene) -> None:
    body = '{"code": ' + "9" * 30 + ', "message": "no"}'
    scene.standin.faults.add("answer", CREATE_ROLE, count=None, status=403, body=body)
    scene.book()
    scene.tick()
    assert scene.done == [("setup", "failed")]


def test_own_room_with_a_parent_of_zero_is_still_its_sessions(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    lie = {"parent_id": 0}
    any_access.standin.faults.add("lie", ("GET", CHANNELS), count=None, target=any_access.room(), fields=lie)
    any_access.tick(QUARTER)
    assert (any_access.done, any_access.writes) == ([], [])


# bodies


@pytest.mark.parametrize("template", [ROLES, CHANNELS])
def test_thirty_megabytes_of_nothing_are_an_unexpected_answer(scene: Scene, template: str) -> None:
    body = b"[" + b"[]," * 10_000_000 + b"[]]"
    scene.standin.faults.add("answer", ("GET", template), count=None, status=200, body=body)
    scene.book()
    scene.tick()
    assert scene.codes == ["unexpected_answer"]


@pytest.mark.parametrize("body", ["{}", "", "null"])
def test_grant_answered_with_a_body_is_no_grant(any_access: Scene, body: str) -> None:
    scene = any_access
    late = scene.person("late", member=False)
    scene.book(studentDiscordId=late)
    scene.tick()
    scene.world.join(scene.guild, late)

    def of_the_student(request: Request) -> bool:
        return request.method == "PUT" and late in request.path

    scene.standin.faults.add("answer", of_the_student, status=200, body=body)
    scene.tick(MINUTE)
    assert (scene.codes, scene.report.exit_code) == (["unexpected_answer"], 1)
    scene.tick(MINUTE)
    assert (scene.codes, scene.people_in_reach()) == ([], {late, scene.coach})


def test_room_whose_overwrites_come_back_with_a_bit_more_is_fine(any_access: Scene) -> None:
    any_access.standin.faults.add("more_allowed", CREATE_CHANNEL, bits=1 << 48, target=any_access.bot)
    any_access.book()
    opens(any_access)
    assert len(any_access.rooms()) == 1


def test_early_hints_are_skipped(any_access: Scene) -> None:
    any_access.standin.faults.add("early_hints", count=None)
    any_access.book()
    opens(any_access)


# clocks


@pytest.mark.parametrize("nth", range(1, 9))
@pytest.mark.parametrize("off", [-DAY, DAY])
def test_one_date_a_day_off_moves_no_attempt(scene: Scene, nth: int, off: int) -> None:
    scene.standin.faults.add("date", nth=nth, offset=off / 1000)
    scene.book()
    opens(scene)
    for resource in scene.entry().resources:
        assert resource.attempt_until is not None
        assert resource.attempt_at <= resource.attempt_until
        assert abs(resource.attempt_at - scene.now()) < 3 * MINUTE
        assert abs(resource.attempt_until - scene.now()) < 3 * MINUTE


@pytest.mark.parametrize("off", [-DAY, DAY])
def test_lost_create_is_adopted_although_a_date_was_a_day_off(scene: Scene, off: int) -> None:
    scene.standin.faults.add("date", nth=1, offset=off / 1000)
    scene.standin.faults.add("reset_after", CREATE_ROLE)
    scene.book()
    scene.tick()
    scene.tick(MINUTE)
    assert (len(scene.roles()), scene.people_in_reach()) == (1, {scene.student, scene.coach})


# refusals without sense


@pytest.mark.parametrize("wait", [-5.0, 0.0, 1e300])
def test_refusal_with_a_senseless_wait_is_waited_for_a_second(scene: Scene, wait: float) -> None:
    body = '{"message": "You are being rate limited.", "retry_after": ' + repr(wait) + "}"
    scene.standin.faults.add("answer", ("PUT", MEMBER_ROLE), status=429, body=body)
    scene.book()
    opens(scene)


def test_refusal_without_a_wait_is_waited_for_a_second(scene: Scene) -> None:
    scene.standin.faults.add("rate_limited_unsaid", CREATE_ROLE)
    scene.book()
    opens(scene)
