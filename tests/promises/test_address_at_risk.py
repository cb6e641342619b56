"""The address is never put at risk: a guild that refuses is asked ever more rarely, and all refusals are counted."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.standin.log import Request
from tests.kit.scene import CHANNEL, CHANNELS, ID, QUARTER, ROLES, Scene, Stage

MAKES = (("POST", ROLES), ("POST", CHANNELS))
MANY = 9


def refused(scene: Scene) -> list[Request]:
    return [r for r in scene.standin.requests if r.status in (401, 403)]


def asks(scene: Scene) -> list[int]:
    """Play five hours of ticks; return in which minutes something was refused."""
    began, found = scene.now(), []
    for n in range(21):
        scene.tick(QUARTER if n else 0)
        found += [(scene.now() - began) // MINUTE] if refused(scene) else []
    return found


def makes(*guilds: str) -> Callable[[Request], bool]:
    """Match what asks these guilds (all without any) for something new."""
    return lambda r: r.route in MAKES and (not guilds or r.params["guild_id"] in guilds)


def refuse(scene: Scene, *guilds: str, code: int = 50013) -> Callable[[], None]:
    """Let guilds refuse all creates, without their lists showing why; return what mends it."""
    fault = scene.standin.faults.add("forbidden", match=makes(*guilds), count=None, code=code)
    return lambda: scene.standin.faults.remove(fault)


def far_off(scene: Scene, session_id: str = ID, **fields: str) -> None:
    """Book a session whose window is open for longer than a day, on a configuration that allows it."""
    scene.book(session_id, start=scene.now() + 2 * DAY + 2 * HOUR, **fields)


@pytest.fixture
def scene(stage: Stage) -> Scene:
    made = stage()
    made.configure(rest='[windows]\nsetup_opens = "3d"\n')
    made.tick()
    made.standin.clear_requests()
    return made


@pytest.mark.parametrize("access", ["role", "member"])
def test_guild_that_refuses_is_asked_ever_more_rarely(stage: Stage, access: str) -> None:
    scene = stage(access=access)
    scene.configure(rest='[windows]\nsetup_opens = "3d"\n')
    far_off(scene)
    refuse(scene)
    assert asks(scene) == [0, 15, 30, 60, 105, 165, 225, 285]


def test_guild_that_cannot_be_looked_at_is_asked_as_rarely(scene: Scene) -> None:
    far_off(scene)
    scene.standin.faults.add("forbidden", ("GET", ROLES), count=None, code=50001)
    assert asks(scene) == [0, 15, 30, 60, 105, 165, 225, 285]
    assert len(refused(scene)) <= 1


def test_token_that_is_refused_is_asked_as_rarely_once_it_was_tried_again(scene: Scene) -> None:
    far_off(scene)
    scene.standin.faults.add("unauthorized", count=None)
    assert asks(scene)[:6] == [0, 15, 30, 45, 75, 120]
    assert scene.report.exit_code == 3


def test_guild_is_asked_once_a_run_however_many_sessions_wait(scene: Scene) -> None:
    for n in range(MANY):
        far_off(scene, f"s{n}")
    refuse(scene)
    scene.tick()
    assert (len(refused(scene)), scene.codes) == (1, ["missing_permission"] * MANY)


def test_category_that_refuses_is_asked_once_a_run(stage: Stage) -> None:
    scene = stage(access="member")
    category = scene.world.add_category(scene.guild, "Rooms")
    scene.configure(f'category_id = "{category}"')
    for n in range(MANY):
        scene.book(f"session{n:02}")

    def under_it(request: Request) -> bool:
        return request.route == ("POST", CHANNELS) and "parent_id" in str(request.body)

    scene.standin.faults.add("forbidden", match=under_it, count=None)
    scene.tick()
    assert (len(refused(scene)), scene.done) == (1, [("setup", "done")] * MANY)


def test_guild_that_is_not_asked_is_told_as_what_it_is(scene: Scene) -> None:
    far_off(scene)
    refuse(scene)
    for _ in range(3):
        scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert scene.standin.requests == []
    assert (scene.done, scene.codes, scene.report.exit_code) == ([("setup", "failed")], ["missing_permission"], 1)
    assert "asked again at 2026-10-14T" in scene.hint
    assert "coachsync setup" in scene.hint
    status = json.loads(scene.command("status", "--json").out)
    assert [c["code"] for c in status["attention"]] == ["missing_permission"]


def test_cause_is_one_and_the_same_while_its_guild_is_not_asked(scene: Scene) -> None:
    far_off(scene)
    refuse(scene, code=50999)
    told = []
    for _ in range(6):
        scene.tick(QUARTER)
        with scene.store(writable=False) as store:
            told.append([(c.code, c.message, c.since) for c in store.ledger.causes()])
    assert told == [told[0]] * 6


def test_dry_run_says_that_a_guild_is_not_asked(scene: Scene) -> None:
    far_off(scene)
    refuse(scene)
    scene.tick()
    shown = scene.tick(MINUTE, dry_run=True).outcomes
    assert [(o.outcome, o.error and o.error.code) for o in shown] == [("failed", "missing_permission")]


def test_session_named_by_hand_asks_at_once(scene: Scene) -> None:
    far_off(scene)
    mend = refuse(scene)
    for _ in range(6):
        scene.tick(QUARTER)
    mend()
    scene.tick(MINUTE, "setup", ID)
    assert scene.done == [("setup", "done")]


def test_guild_that_works_again_is_asked_at_once(scene: Scene) -> None:
    far_off(scene)
    mend = refuse(scene)
    for _ in range(3):
        scene.tick(QUARTER)
    mend()
    scene.tick(MINUTE, "setup", ID)
    far_off(scene, "other")
    scene.tick(MINUTE)
    assert scene.done == [("setup", "done")]


def test_wait_ends_at_setup_by_of_the_next_session(scene: Scene) -> None:
    far_off(scene)
    refuse(scene)
    for _ in range(7):
        scene.tick(QUARTER)
    scene.book("soon", start=scene.now() + 2 * HOUR + 10 * MINUTE)
    scene.tick(10 * MINUTE - 1000)
    assert refused(scene) == []
    scene.tick(1000)
    assert len(refused(scene)) == 1


def test_clock_set_back_makes_nothing_wait(scene: Scene) -> None:
    far_off(scene)
    refuse(scene)
    for _ in range(7):
        scene.tick(QUARTER)
    scene.clock.set(scene.now() - DAY)
    scene.tick()
    assert len(refused(scene)) == 1


def test_killed_run_has_asked_all_the_same(scene: Scene) -> None:
    far_off(scene)
    refuse(scene)
    dies = "from coachsync.engine import tick\ntick._finish = lambda *_: __import__('os')._exit(9)"
    assert scene.program("run", inject=dies).code == 9
    scene.tick(MINUTE)
    assert scene.standin.requests == []


@pytest.mark.parametrize(
    "change", ["removals = '{'", "removals = '[[]]'", "at = 'soon'", "times = 'x'", "asked = 'you'"]
)
def test_row_of_somebody_elses_makes_nobody_wait(scene: Scene, change: str) -> None:
    far_off(scene)
    mend = refuse(scene)
    scene.tick()
    mend()
    scene.sql(f"UPDATE coachsync_refusals SET {change}")
    scene.tick(MINUTE)
    assert scene.done == [("setup", "done")]


@pytest.mark.parametrize("template", [CHANNELS, "/guilds/{guild_id}/members/{user_id}"])
def test_half_a_look_that_is_refused_makes_the_guild_wait(scene: Scene, template: str) -> None:
    far_off(scene)
    scene.standin.faults.add("forbidden", ("GET", template), count=None, code=50001)
    scene.tick()
    scene.tick(MINUTE)
    assert (scene.standin.requests, scene.codes, scene.report.exit_code) == ([], ["unknown_guild"], 1)


# what is one session's alone


def test_person_who_is_refused_makes_nobody_else_wait(scene: Scene) -> None:
    far_off(scene)
    scene.standin.faults.add("forbidden", match=lambda r: scene.student in r.path and r.write, count=None)
    for _ in range(4):
        scene.tick(QUARTER)
    far_off(scene, "other", studentDiscordId=scene.stranger)
    scene.tick(QUARTER)
    assert ("setup", "done") in scene.done


def test_room_hidden_from_the_bot_makes_nothing_wait(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.standin.faults.add("forbidden", ("DELETE", CHANNEL), count=None, code=50001)
    for _ in range(4):
        scene.tick(5 * HOUR)
    scene.book("other")
    scene.tick(MINUTE)
    assert ("setup", "done") in scene.done


# what takes access away


@pytest.mark.parametrize("how", ["cancelled", "over"])
def test_guild_that_refuses_creates_holds_up_no_removal(scene: Scene, how: str) -> None:
    scene.book()
    scene.tick()
    refuse(scene)
    for n in range(4):
        scene.book(f"more{n}")
        scene.tick(QUARTER)
    later: Millis = MINUTE
    if how == "cancelled":
        scene.change(status="CANCELLED")
    else:
        later = 5 * HOUR
    scene.tick(later)
    assert (scene.rooms(), scene.roles()) == ([], [])


def test_new_cancellation_is_tried_at_once_where_the_guild_was_not_to_be_looked_at(scene: Scene) -> None:
    scene.book()
    scene.tick()
    mend = scene.standin.faults.add("forbidden", ("GET", ROLES), count=None, code=50001)
    for _ in range(5):
        scene.tick(QUARTER)
    scene.standin.faults.remove(mend)
    scene.change(status="CANCELLED")
    scene.tick(MINUTE)
    assert (scene.rooms(), scene.done) == ([], [("cleanup", "done")])


def test_open_rooms_are_looked_at_while_creates_wait(scene: Scene) -> None:
    scene.book()
    scene.tick()
    refuse(scene)
    for n in range(4):
        scene.book(f"more{n}")
        scene.tick(MINUTE)
    room = scene.room()
    scene.world.set_overwrite(room, scene.stranger, 1, allow=p.ENTER)
    scene.tick(MINUTE)
    assert "room_open_to_others" in scene.codes


def test_flagged_bot_is_refused_once_a_run_whatever_is_to_be_removed(scene: Scene) -> None:
    for n in range(MANY):
        scene.book(f"s{n}")
    scene.tick()
    scene.world.flag_bot(scene.bot)
    scene.tick(5 * HOUR)
    scene.tick(QUARTER)
    assert (len(refused(scene)), scene.codes) == (1, ["bot_flagged"] * MANY)


# many guilds, many refusals


def test_healthy_guild_is_served_first_and_in_full(scene: Scene) -> None:
    bad = [scene.town.found(f"Bad {n}") for n in range(MANY)]
    for guild in bad:
        far_off(scene, f"s{guild}", guildId=guild)
    refuse(scene, *bad)
    scene.tick()
    scene.tick(QUARTER)
    scene.book()
    scene.tick(2 * HOUR)
    ready = next(n for n, r in enumerate(scene.standin.requests) if r.route == ("POST", CHANNELS) and r.status == 201)
    before = {r.params["guild_id"] for r in scene.standin.requests[:ready] if r.params.get("guild_id") in bad}
    assert (len(before) <= 8, len(refused(scene)), scene.people_in_reach()) == (
        True,
        MANY,
        {scene.student, scene.coach},
    )


def test_at_two_thousand_refusals_in_ten_minutes_the_rest_is_deferred(scene: Scene) -> None:
    scene.sql("INSERT INTO coachsync_refused SELECT ?, ?, 1999", *_host_and_minute(scene))
    bad = [scene.town.found(f"Bad {n}") for n in range(3)]
    for guild in bad:
        far_off(scene, f"s{guild}", guildId=guild)
    refuse(scene, *bad)
    scene.tick()
    assert len(refused(scene)) < len(bad)
    scene.book()
    scene.tick(MINUTE)
    assert (scene.standin.requests, scene.report.exit_code) == ([], 1)
    outcome = next(o for o in scene.report.outcomes if o.action.session.id == ID)
    assert (outcome.outcome, outcome.error and outcome.error.code) == ("deferred", "rate_limited")
    scene.tick(11 * MINUTE)
    assert ("setup", "done") in scene.done


def test_refused_answers_are_counted_across_runs(scene: Scene) -> None:
    scene.standin.faults.add("rate_limited", ("POST", ROLES), retry_after=0.01)
    scene.standin.faults.add("forbidden", ("POST", ROLES), nth=2)
    scene.book()
    scene.tick()
    scene.tick(6 * MINUTE)
    assert scene.sql("SELECT sum(answers) FROM coachsync_refused") == [(2,)]


def _host_and_minute(scene: Scene) -> tuple[str, Millis]:
    return f"127.0.0.1:{scene.standin.port}", scene.now() - scene.now() % MINUTE


def test_quiet_day_keeps_nothing_of_it(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick(QUARTER)
    assert scene.sql("SELECT count(*) FROM coachsync_refused, coachsync_refusals") == [(0,)]
