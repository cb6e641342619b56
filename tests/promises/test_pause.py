"""What an operator pauses stays as it is: nobody is let in, and what takes access away goes on unless they say so."""

from __future__ import annotations

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.domain.pauses import Pause
from coachsync.domain.permissions import ENTER, MEMBER
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene


def pause(scene: Scene, session_id: str = "", guild_id: str = "", *, removals: bool = False, hours: int = 24) -> None:
    """Pause something from now on, as the command does, on the scene's clock."""
    now = scene.now()
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.pause(Pause(session_id, guild_id, now, now + hours * HOUR, "maintenance", removals))


def resume(scene: Scene) -> None:
    """End every pause."""
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.end_pauses(store.ledger.pauses(0))


# runs


def test_paused_setup_sends_nothing_and_is_no_failure_until_it_is_late(scene: Scene) -> None:
    scene.tick()
    scene.book()
    pause(scene)
    assert scene.tick().exit_code == 0
    assert (scene.done, scene.codes, scene.standin.requests) == ([("setup", "deferred")], ["paused"], [])
    assert scene.tick(HOUR).exit_code == 1
    assert (scene.done, scene.codes, scene.writes) == ([("setup", "failed")], ["paused"], [])


def test_setup_follows_when_the_pause_ends_by_itself(scene: Scene) -> None:
    scene.book()
    pause(scene, hours=1)
    scene.tick()
    assert scene.tick(HOUR).exit_code == 0
    assert scene.done == [("setup", "done")]


def test_dry_run_shows_what_waits_as_the_run_does(scene: Scene) -> None:
    scene.book()
    pause(scene)
    scene.tick(dry_run=True)
    assert (scene.done, scene.report.exit_code) == ([("setup", "deferred")], 0)


def test_quiet_run_is_silent_while_a_setup_only_waits(scene: Scene) -> None:
    scene.tick()
    scene.book()
    pause(scene)
    done = scene.program("run", "--quiet")
    assert (done.code, done.out) == (0, "")
    assert "setup" not in done.err


def test_run_writes_no_line_of_the_story_for_each_time_it_waits(scene: Scene) -> None:
    scene.book()
    pause(scene)
    for _ in range(3):
        scene.tick()
    with scene.store(writable=False) as store:
        assert store.ledger.events(ID) == []


def test_cleanup_of_a_paused_session_goes_on(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene)
    scene.tick(5 * HOUR)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_pause_with_removals_leaves_room_and_people_as_they_are(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene, removals=True)
    scene.change(studentDiscordId=scene.stranger)
    assert scene.tick().exit_code == 0
    assert (scene.writes, scene.people_in_reach()) == ([], {scene.student, scene.coach})
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    assert (scene.writes, scene.people_in_reach()) == ([], {scene.student, scene.coach})
    resume(scene)
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_leaver_goes_and_newcomer_waits_until_the_pause_ends(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick()
    assert scene.people_in_reach() == {scene.coach}
    assert scene.tick(QUARTER).exit_code == 0
    assert scene.people_in_reach() == {scene.coach}
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.coach, scene.stranger}


def test_leaver_who_sits_inside_is_out_and_nobody_new_is_in(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.connect_voice(scene.guild, scene.student, scene.room())
    pause(scene)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick()
    assert scene.world.who_is_in(scene.room()) == set()
    assert scene.people_in_reach() <= {scene.coach}


def test_stranger_is_sent_away_from_the_room_of_a_paused_session(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene)
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, allow=ENTER)
    assert scene.tick(QUARTER).exit_code == 1
    assert (scene.codes, scene.people_in_reach()) == (["room_open_to_others"], {scene.student, scene.coach})


def test_stranger_in_a_room_whose_removals_are_paused_is_told_of_in_every_run(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene, removals=True)
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, allow=ENTER)
    for _ in range(2):
        assert scene.tick(MINUTE).exit_code == 1
        assert (scene.codes, scene.writes) == (["room_open_to_others"], [])
        assert "`coachsync resume`" in scene.hint


def test_room_that_vanished_while_paused_is_told_of_and_made_again_afterwards(scene: Scene) -> None:
    scene.book()
    scene.tick()
    pause(scene)
    scene.world.delete_channel(scene.room())
    assert scene.tick().exit_code == 0
    assert (scene.done, scene.writes) == ([("repair", "deferred")], [])
    assert "its room vanished" in scene.report.outcomes[0].error.message  # type: ignore[union-attr]
    assert scene.tick(HOUR).exit_code == 1
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_setup_begun_by_force_while_paused_is_kept(scene: Scene) -> None:
    scene.book()
    pause(scene)
    scene.tick(0, "setup", ID)
    assert (scene.done, scene.codes, scene.report.exit_code) == ([("setup", "refused")], ["paused"], 1)
    scene.tick(0, "setup", ID, force=True)
    assert scene.done == [("setup", "done")]
    assert scene.tick(QUARTER).exit_code == 0
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_cleanup_by_hand_needs_force_while_paused(scene: Scene) -> None:
    scene.book()
    scene.tick()
    pause(scene, ID)
    scene.tick(0, "cleanup", ID)
    assert (scene.done, scene.codes, scene.writes) == ([("cleanup", "refused")], ["paused"], [])
    scene.tick(0, "cleanup", ID, abandon=True)
    assert scene.codes == ["paused"]
    scene.tick(0, "cleanup", ID, force=True)
    assert scene.done == [("cleanup", "done")]


def test_session_found_open_by_a_new_ledger_is_taken_over_and_nobody_let_in(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.take_role(scene.guild, scene.student, scene.role())
    scene.forget()
    pause(scene)
    scene.tick()
    assert scene.people_in_reach() == {scene.coach}
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize("route", [ROLES, CHANNELS], ids=["while the role is made", "while the room is made"])
def test_run_under_way_lets_nobody_in_once_it_is_paused(scene: Scene, route: str) -> None:
    scene.book()

    def at(request: Request, reply: Reply) -> None:
        if (request.method, request.template) == ("POST", route):
            pause(scene)

    scene.standin.after_request(at)
    assert scene.tick().exit_code == 0
    assert (scene.done, scene.codes) == ([("setup", "deferred")], ["paused"])
    assert not any("/members/" in line for line in scene.writes)
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)


def test_pause_that_is_over_is_forgotten_by_the_run_after_it(scene: Scene) -> None:
    pause(scene, hours=1)
    scene.tick(DAY)
    with scene.store(writable=False) as store:
        assert store.ledger.pauses(0) == ()
