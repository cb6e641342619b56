"""What an operator says of one session holds: closed by hand, opened by hand, a cancellation taken back."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import subprocess
import sys

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from tests.kit.home import Result
from tests.kit.scene import CHANNEL, ID, QUARTER, Scene, Stage
from tests.kit.town import TOKEN

OVER = 5 * HOUR


def typed(scene: Scene, answer: str, *arguments: str) -> Result:
    """Run a command at a terminal at which somebody types an answer; its stdout is piped."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        done = subprocess.run(
            [sys.executable, "-m", "coachsync", *scene.arguments(*arguments)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            cwd=scene.folder,
            env=scene.home.environ({"COACHSYNC_TOKEN": TOKEN}),
            timeout=60,
            check=False,
        )
        said = os.read(ours, 65_536) if select.select([ours], [], [], 0)[0] else b""
        return Result(done.returncode, done.stdout, said.decode())
    finally:
        os.close(ours)
        os.close(theirs)


def follow(scene: Scene, text: str) -> list[Result]:
    """Do what a hint says, to the letter: every command in it, in order; return what each said."""
    commands = [shlex.split(command)[1:] for command in re.findall(r"`(coachsync [^`]*)`", text)]
    assert commands
    return [scene.program(*command) for command in commands]


# cleanup by hand


@pytest.mark.parametrize("later", [QUARTER, OVER], ids=["before its end", "after its end"])
def test_session_closed_by_hand_before_its_end_keeps_its_status(scene: Scene, later: Millis) -> None:
    scene.book()
    scene.tick()
    scene.tick(QUARTER, "cleanup", ID)
    assert (scene.done, scene.things(), scene.row()["status"]) == ([("cleanup", "done")], {}, "SCHEDULED")
    scene.tick(later)
    assert (scene.done, scene.things(), scene.row()["status"]) == ([], {}, "SCHEDULED")


def test_session_whose_closing_by_hand_was_cut_short_is_not_completed_later(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.standin.faults.add("forbidden", ("DELETE", CHANNEL), count=1, code=50013)
    scene.tick(QUARTER, "cleanup", ID)
    scene.tick(OVER)
    assert (scene.done, scene.things(), scene.row()["status"]) == ([("cleanup", "done")], {}, "SCHEDULED")


def test_session_closed_by_hand_after_its_end_is_completed(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick(4 * HOUR, "cleanup", ID)
    assert scene.row()["status"] == "COMPLETED"


def test_abandoning_a_session_before_its_end_keeps_its_status_and_says_why(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick(0, "cleanup", ID, abandon=True)
    scene.tick(OVER)
    assert (scene.row()["status"], scene.entry().closed_by) == ("SCHEDULED", "abandoned")


def test_setup_by_name_opens_what_cleanup_by_name_closed(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick(QUARTER, "cleanup", ID)
    scene.tick(QUARTER, "setup", ID)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    scene.tick(QUARTER)
    assert (scene.done, scene.report.exit_code) == ([], 0)
    scene.tick(OVER)
    assert scene.row()["status"] == "COMPLETED"


def test_session_cancelled_and_booked_again_starts_its_life_anew(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    scene.change(status="SCHEDULED")
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.student, scene.coach}


# the question


def test_cleanup_at_a_terminal_asks_before_it_takes_a_room_too_early(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    things = scene.things()
    said = typed(scene, "n\n", "cleanup", ID)
    assert (said.code, said.out, scene.things(), ID in said.err) == (1, "", things, True)
    assert typed(scene, "y\n", "cleanup", ID).code == 0
    assert scene.things() == {}


@pytest.mark.parametrize("more", [["--yes"], ["--dry-run"]])
def test_cleanup_at_a_terminal_does_not_ask_what_is_said_already(stage: Stage, more: list[str]) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    assert typed(scene, "", "cleanup", ID, *more).code == 0


def test_cleanup_at_a_terminal_does_not_ask_about_what_is_over(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.clock.advance(4 * HOUR)
    assert (typed(scene, "", "cleanup", ID).code, scene.things()) == (0, {})


def test_cleanup_acts_when_nobody_can_be_asked(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    assert (scene.program("cleanup", ID).code, scene.things()) == (0, {})


# setup by hand


def test_setup_ahead_of_time_is_not_taken_back_by_the_next_run(scene: Scene) -> None:
    scene.book(start=scene.now() + 3 * DAY)
    scene.tick(0, "setup", ID)
    for _ in range(3):
        scene.tick(QUARTER)
        assert (scene.done, len(scene.things())) == ([], 2)


def test_setup_of_a_session_that_was_moved_out_is_not_taken_back(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.change(scheduledDate=scene.now() + 3 * DAY)
    scene.tick(0, "setup", ID)
    things = scene.things()
    for _ in range(2):
        scene.tick(QUARTER)
        assert (scene.done, scene.things()) == ([], things)


# restore


@pytest.mark.parametrize("status", ["SCHEDULED", "CONFIRMED"])
def test_restore_writes_the_status_that_was_there_before_the_cancellation(scene: Scene, status: str) -> None:
    scene.book(status=status)
    scene.tick()
    assert scene.program("sessions", "cancel", ID).code == 0
    scene.tick(QUARTER)
    assert scene.things() == {}
    said = scene.program("sessions", "restore", ID, "--now", str(scene.now()))
    assert (said.code, scene.row()["status"], "next: setup" in said.out) == (0, status, True)
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_restore_of_a_booking_that_another_program_cancelled_writes_the_first_bookable_status(scene: Scene) -> None:
    scene.book(status="CANCELLED")
    scene.program("sessions", "restore", ID, "--now", str(scene.now()))
    assert scene.row()["status"] == "SCHEDULED"


def test_restore_writes_the_status_that_is_asked_for(scene: Scene) -> None:
    scene.book(status="CANCELLED")
    scene.program("sessions", "restore", ID, "--status", "CONFIRMED", "--now", str(scene.now()))
    assert scene.row()["status"] == "CONFIRMED"


def test_restore_takes_back_that_an_operator_closed_the_room(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick(0, "cleanup", ID)
    said = scene.program("sessions", "restore", ID, "--now", str(scene.now()))
    assert (said.code, "next: setup by the next run" in said.out) == (0, True)
    scene.tick(QUARTER)
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], {scene.student, scene.coach})


def test_restore_of_what_is_not_cancelled_changes_nothing(scene: Scene) -> None:
    scene.book()
    said = scene.program("sessions", "restore", ID, "--now", str(scene.now()))
    assert (said.code, said.out.startswith(f"{ID} is SCHEDULED already")) == (0, True)


def test_restore_of_a_session_that_is_over_is_refused_with_a_way_on(scene: Scene) -> None:
    scene.book(status="CANCELLED", start=scene.now() - 3 * HOUR)
    said = scene.program("sessions", "restore", ID, "--now", str(scene.now()))
    assert (said.code, said.complaint, scene.row()["status"]) == (1, ["error", "hint"], "CANCELLED")
    assert f"coachsync sessions reschedule {ID} --start WHEN" in said.err


def test_restore_refuses_a_status_that_gets_no_room(scene: Scene) -> None:
    scene.book(status="CANCELLED")
    assert scene.program("sessions", "restore", ID, "--status", "LOST").code == 2


# hints lead out


@pytest.mark.parametrize("status", ["CANCELLED", "NO_SHOW", "COMPLETED", "scheduled", " CONFIRMED"])
def test_hint_of_a_session_that_is_not_bookable_leads_to_its_room(scene: Scene, status: str) -> None:
    scene.book(status=status, start=scene.now() + 400 * DAY)
    scene.tick(0, "setup", ID)
    assert scene.codes == ["not_bookable"]
    assert [said.code for said in follow(scene, scene.hint)] == [0]
    scene.tick(0, "setup", ID)
    assert scene.done == [("setup", "done")]


@pytest.mark.parametrize(
    ("status", "meant"), [("scheduled", "SCHEDULED"), ("In Progress", None), (" cancelled ", "CANCELLED")]
)
def test_status_that_differs_by_case_or_white_space_is_told_what_was_meant(
    scene: Scene, status: str, meant: str | None
) -> None:
    scene.book(status=status)
    scene.tick()
    assert (scene.codes, f"did you mean {meant}?" in scene.hint) == (["unknown_status"], meant is not None)


def test_hint_of_a_missed_session_leads_to_what_can_be_done(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    scene.clock.advance(2 * HOUR)
    scene.book(start=scene.now() - 90 * MINUTE)
    scene.tick()
    assert scene.codes == ["missed"]
    (said,) = follow(scene, scene.hint)
    assert (said.code, f"coachsync sessions reschedule {ID} --start WHEN" in said.out) == (0, True)


def test_cleanup_of_what_is_cleaned_up_says_that_the_room_is_gone(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.tick(0, "cleanup", ID)
    assert scene.tick(0, "cleanup", ID).notes == (f"{ID}: its room is gone already",)


def test_unknown_name_brings_up_which_session_may_be_meant(stage: Stage) -> None:
    scene = stage(real_time=True)
    scene.book(studentName="Nadja")
    scene.tick(0, "setup", "nadja")
    assert scene.hint.startswith(f"did you mean {ID} (Nadja, 2")
