"""`status` never shows as fine what is not."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.clock import iso
from coachsync.domain.causes import Cause, Followed
from coachsync.domain.model import DAY, HOUR
from coachsync.domain.pauses import Pause
from tests.domain.build import a_session, closed_entry
from tests.kit.home import Home
from tests.kit.scene import ID, QUARTER, ROLE, Scene, Stage


def shown(scene: Scene, session_id: str = ID) -> dict[str, Any]:
    """Return what `status --json` says of a session."""
    (found,) = [s for s in scene.command("status", "--json").json["sessions"] if s["session"] == session_id]
    return dict(found)


def test_open_room_is_shown_with_its_link(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    found = shown(any_access)
    assert (found["phase"], found["room"], found["waiting_for"], found["late"]) == ("active", "open", [], False)
    assert found["url"] == f"https://discord.com/channels/{any_access.guild}/{any_access.room()}"


def test_room_waits_for_who_is_not_in_the_guild(any_access: Scene) -> None:
    any_access.world.leave(any_access.guild, any_access.student)
    any_access.book()
    any_access.tick()
    found = shown(any_access)
    assert (found["room"], found["waiting_for"]) == ("waiting", ["student"])


def test_room_waits_for_who_left_the_guild_while_it_was_open(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.leave(scene.guild, scene.coach)
    scene.tick(8 * QUARTER)
    assert (shown(scene)["room"], shown(scene)["waiting_for"]) == ("waiting", ["coach"])


def test_room_that_vanishes_twice_is_gone_and_not_fine(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    for _ in range(2):
        any_access.world.delete_channel(any_access.room())
        any_access.tick(QUARTER)
    found = shown(any_access)
    assert (found["phase"], found["room"], found["url"]) == ("active", "gone", None)
    assert found["since"] is not None


def test_room_that_vanished_while_its_repair_is_paused_is_gone(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.delete_channel(scene.room())
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.pause(Pause("", "", scene.now(), scene.now() + HOUR))
    scene.tick(QUARTER)
    assert (shown(scene)["phase"], shown(scene)["room"]) == ("active", "gone")
    scene.tick(HOUR)
    assert shown(scene)["room"] == "open"


def test_room_that_nobody_can_enter_for_want_of_its_role_waits_for_both(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    for _ in range(2):
        scene.world.delete_role(scene.guild, scene.role())
        scene.tick(QUARTER)
    assert scene.roles(ROLE) == []
    assert (shown(scene)["room"], shown(scene)["waiting_for"]) == ("waiting", ["student", "coach"])


def test_room_made_anew_by_hand_is_open_again(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    for _ in range(2):
        scene.world.delete_channel(scene.room())
        scene.tick(QUARTER)
    scene.tick(0, "cleanup", ID)
    scene.tick(0, "setup", ID)
    assert (shown(scene)["room"], shown(scene)["since"]) == ("open", None)


def test_time_at_which_something_is_due_does_not_depend_on_when_one_asks(stage: Stage) -> None:
    scene = stage()
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    scene.tick()
    first = shown(scene)["next_at"]
    scene.clock.advance(QUARTER)
    assert shown(scene)["next_at"] == first


# for monitors


def test_check_is_one_line_and_zero_while_all_is_well(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    found = scene.command("status", "--check")
    assert (found.code, found.out, found.err) == (
        0,
        "ok: 1 room open, next cleanup in 4 h 0 min, last tick now\n",
        "",
    )


def test_check_is_one_while_somebody_cannot_be_let_in(stage: Stage) -> None:
    scene = _waiting(stage)
    found = scene.command("status", "--check")
    assert (found.code, found.out.count("\n"), found.out.partition(":")[0]) == (1, 1, "failing")
    scene.clock.advance(QUARTER + QUARTER)
    scene.tick()
    scene.clock.advance(QUARTER)
    assert scene.command("status", "--check").out.startswith("late: ")


def test_check_of_another_session_is_well(stage: Stage) -> None:
    scene = _waiting(stage)
    scene.book("fine0001", studentDiscordId=scene.coach)
    scene.tick()
    assert scene.command("status", "--check", ID).code == 1
    assert scene.command("status", "--check", "fine0001").code == 0
    assert scene.command("status", "--check", "--failing").code == 1


def test_check_is_late_when_runs_stop_coming_whichever_session_it_is_about(stage: Stage) -> None:
    scene = stage()
    scene.book(start=scene.now() + 30 * HOUR)
    scene.tick()
    scene.clock.advance(HOUR)
    for names in ((), (ID,)):
        found = scene.command("status", "--check", *names)
        assert (found.code, found.out.partition(":")[0]) == (1, "late")
        assert "(no_tick)" in found.out


@pytest.mark.parametrize("what", ["configuration", "store"])
def test_check_of_what_is_broken_is_one_line_and_three(bare: Home, what: str) -> None:
    bare.settle()
    if what == "store":
        bare.file.unlink()
    else:
        bare.config.write_text("[discord]\nguild = 1\n", "utf-8")
    found = bare.run("status", "--check")
    assert (found.code, found.out.count("\n"), found.out.partition(":")[0]) == (3, 1, "failing")
    assert found.complaint[-1] == "hint"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--check", "--json"), "--check and --json"),
        (("--watch", "--json"), "--watch and --json"),
        (("--watch", "--check"), "--watch and --check"),
        (("--watch", "--now", "1790000000000"), "--watch and --now"),
        (("--watch", "1e9"), "--watch"),
        (("--watch=-1",), "--watch -1"),
        (("--watch",), "stdout is no terminal"),
        (("--tz", "Mars"), "--tz 'Mars'"),
        (("abc", "--all"), "--all and sessions by name"),
    ],
)
def test_options_that_do_not_go_together_are_refused(bare: Home, arguments: tuple[str, ...], named: str) -> None:
    found = bare.settle().run("status", *arguments)
    assert (found.code, found.out, found.complaint) == (2, "", ["error", "hint"])
    assert named in found.err


# what is shown


def test_failing_shows_what_has_a_cause_alone(stage: Stage) -> None:
    scene = _waiting(stage)
    scene.book("fine0001", studentDiscordId=scene.coach)
    scene.tick()
    shown = scene.command("status", "--failing", "--json").json
    assert [session["session"] for session in shown["sessions"]] == [ID]
    assert "1 room open" in scene.command("status", "--failing").out.splitlines()[0]


def test_last_tick_is_of_run_whatever_an_operator_typed_since(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    began = scene.now()
    scene.tick(QUARTER, "setup")
    shown = scene.command("status", "--json").json
    assert shown["last_run"]["command"] == "setup"
    assert shown["last_tick"]["started_at"] == iso(began)
    assert (shown["last_tick"]["exit_code"], shown["last_tick"]["age_s"], shown["last_tick"]["overdue"]) == (
        0,
        900,
        False,
    )


def test_session_of_a_cause_is_shown_although_it_ended_long_ago(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.save(closed_entry(a_session("old00001", start=scene.now() - 30 * DAY), "end"))
        wrong = Cause("orphan", scene.guild, "a room is left", "remove it", ("old00001",), 1, 1, "soon")
        transaction.ledger.keep_causes(Followed((wrong,)), scene.now())
    assert "old00001" in [s["session"] for s in scene.command("status", "--json").json["sessions"]]


def _waiting(stage: Stage) -> Scene:
    """Return a scene whose student is not in the guild, after a run."""
    scene = stage()
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    scene.tick()
    return scene
