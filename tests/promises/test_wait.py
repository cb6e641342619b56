"""`wait` returns when a session is as asked for, by its booking as it then is; it looks at store and ledger alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.cli.context import open_configured
from coachsync.clock import host_now, iso
from coachsync.config import load_settings
from coachsync.domain.awaited import Goal
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.errors import StoreError
from coachsync.standing.awaiting import Clock, Glance, Watcher, wait_for
from tests.kit.home import Home
from tests.kit.scene import ID, Scene


class Watch:
    """Somebody who waits on a scene's clock. `steps` are what happens between two looks, one after another."""

    def __init__(self, scene: Scene, *steps: Callable[[], object]) -> None:
        self.scene = scene
        self.steps = list(steps)
        self.reasons: list[str] = []
        self.began = scene.now()

    def sleep(self, seconds: float) -> None:
        """Let something happen, or the time pass."""
        if self.steps:
            self.steps.pop(0)()
        else:
            self.scene.clock.advance(int(seconds * 1000))

    def run(self, goal: Goal, timeout: Millis = 10 * MINUTE) -> Glance:
        """Wait for the scene's session."""
        settings = load_settings(str(self.scene.home.config), {})
        watcher = Watcher(lambda: closing(open_configured(settings, writable=False)), ID, goal, settings.policy)
        clock = Clock(self.scene.now, lambda: (self.scene.now() - self.began) / 1000, self.sleep)
        return wait_for(watcher, timeout, 60.0, clock, lambda seen, _left: self.reasons.append(seen.verdict.reason))


def test_wait_for_open_ends_when_a_run_has_let_everybody_in(scene: Scene) -> None:
    scene.book()
    watch = Watch(scene, scene.tick)
    assert (watch.run("open").verdict.hope, len(watch.reasons)) == ("reached", 1)


def test_wait_for_closed_ends_when_the_room_is_gone(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.clock.advance(5 * HOUR)
    assert Watch(scene, scene.tick).run("closed").verdict.hope == "reached"


def test_booking_moved_while_waiting_is_waited_for_as_it_is_then(scene: Scene) -> None:
    scene.book()
    soon = scene.now() + 2 * HOUR

    def move() -> None:
        scene.change(scheduledDate=scene.now() + 3 * DAY)

    def move_back() -> None:
        scene.change(scheduledDate=soon)

    watch = Watch(scene, move, scene.tick, move_back, scene.tick)
    assert watch.run("open").verdict.hope == "reached"
    assert [reason.startswith("its setup begins in 2 d") for reason in watch.reasons] == [False, True, True, False]


def test_somebody_who_is_not_in_the_guild_keeps_it_from_being_open(scene: Scene) -> None:
    scene.book(studentDiscordId=scene.person("late", member=False))
    scene.tick()
    seen = Watch(scene).run("open")
    assert seen.verdict.hope == "waiting"
    assert seen.verdict.failure is not None
    assert seen.verdict.failure.code == "unknown_member"


@pytest.mark.parametrize("change", ["cancel", "delete"])
def test_booking_that_is_cancelled_or_deleted_ends_the_wait_at_once(scene: Scene, change: str) -> None:
    scene.book()

    def end() -> None:
        if change == "cancel":
            scene.change(status="CANCELLED")
        else:
            scene.sql("DELETE FROM sessions") if scene.url.startswith("sqlite") else scene.file.write_text("[]\n")

    watch = Watch(scene, end)
    assert watch.run("open").verdict.hope == "never"
    assert scene.now() == watch.began


def test_session_ends_while_somebody_waits_for_it(scene: Scene) -> None:
    scene.book(start=scene.now() - 55 * MINUTE)
    watch = Watch(scene)
    seen = watch.run("open")
    assert (seen.verdict.hope, scene.now() - watch.began) == ("never", 5 * MINUTE)


def test_wait_lasts_as_long_as_it_was_told_to_and_no_longer(scene: Scene) -> None:
    scene.book()
    watch = Watch(scene)
    assert watch.run("open", timeout=90_000).verdict.hope == "waiting"
    assert scene.now() - watch.began == 90_000


def test_store_that_cannot_be_read_for_a_moment_is_looked_at_again(scene: Scene) -> None:
    scene.book()
    kept = scene.file.read_bytes()

    def away() -> None:
        scene.file.unlink()

    def back() -> None:
        scene.file.write_bytes(kept)

    assert Watch(scene, away, back, scene.tick).run("open").verdict.hope == "reached"


def test_store_that_stays_away_is_said_at_the_end(scene: Scene) -> None:
    scene.book()
    with pytest.raises(StoreError):
        Watch(scene, scene.file.unlink).run("open")


def test_wait_reads_a_store_again_only_if_it_was_written(scene: Scene) -> None:
    scene.book()
    for path in scene.folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    settings = load_settings(str(scene.home.config), {})
    reads = []

    def opened() -> object:
        reads.append(1)
        return closing(open_configured(settings, writable=False))

    watcher = Watcher(opened, ID, "open", settings.policy)  # type: ignore[arg-type]
    for _ in range(5):
        watcher.look(scene.now(), scene.now())
    assert len(reads) == 1
    scene.change(status="CANCELLED")
    assert watcher.look(scene.now(), scene.now()).verdict.hope == "never"


# the command, which goes by the host's clock


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a session in an hour."""
    found = Home(tmp_path).settle()
    found.book("soon0001", start=iso(host_now() // 1000 * 1000 + HOUR))
    return found


def test_wait_of_no_time_says_how_it_is_and_what_helps(home: Home) -> None:
    done = home.run("wait", "soon0001", "--for", "open", "--timeout", "0s")
    assert (done.code, done.out, done.complaint) == (1, "", ["error", "hint"])
    assert "soon0001 is not open after 0 s: its setup is due: the next run does it" in done.err


def test_wait_says_at_once_what_can_no_longer_be(home: Home) -> None:
    home.run("sessions", "cancel", "soon0001")
    done = home.run("wait", "soon0001", "--for", "open")
    assert done.code == 1
    assert "soon0001 cannot be open" in done.err
    assert "(not_bookable)" in done.err
    closed = home.run("wait", "soon0001", "--for", "closed")
    assert (closed.code, closed.out) == (0, "soon0001 is closed: nothing of it is left\n")


def test_wait_as_json_says_what_stands_in_the_way(home: Home) -> None:
    home.run("pause")
    done = home.run("wait", "soon0001", "--for", "open", "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert (found["reached"], found["timed_out"], found["error"]["code"]) == (False, False, "paused")


@pytest.mark.parametrize(
    "arguments",
    [
        ["soon0001"],
        ["soon0001", "--for", "lunch"],
        ["soon0001", "--for", "open", "--timeout", "10"],
        ["soon0001", "--for", "open", "--timeout", "later"],
        ["--for", "open"],
    ],
)
def test_wait_that_makes_no_sense_is_refused(home: Home, arguments: list[str]) -> None:
    done = home.run("wait", *arguments)
    assert (done.code, done.complaint) == (2, ["error", "hint"])


def test_wait_for_an_unknown_session_says_so(home: Home) -> None:
    assert home.run("wait", "nobody", "--for", "open").code == 1


def test_wait_on_an_open_session_names_its_room(scene: Scene) -> None:
    scene.book(start=host_now() + HOUR)
    scene.real_time = True
    scene.clock.set(host_now())
    scene.tick()
    done = scene.program("wait", ID, "--for", "open")
    assert done.out == f"{ID} is open: everybody is in; https://discord.com/channels/{scene.guild}/{scene.room()}\n"


def test_wait_that_is_interrupted_ends_with_130(home: Home) -> None:
    inject = """
import time
def sleep(seconds):
    raise KeyboardInterrupt
time.sleep = sleep
"""
    done = home.run("wait", "soon0001", "--for", "open", inject=inject)
    assert (done.code, done.err.splitlines()[0]) == (130, "error: interrupted: soon0001 is not open yet")
