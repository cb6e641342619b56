"""The operator's programs: what they hear, when, how often, and that they fail nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coachsync.domain.model import HOUR
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.kit.town import TOKEN

FAILING = "#!/bin/sh\necho it is broken >&2\nexit 3\n"


class Hooks:
    """A scene whose four hooks write down what they hear."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.heard = scene.folder / "heard"
        self.heard.mkdir()
        self.program = scene.folder / "hook"
        name = f'"{self.heard}/$(printf %03d $(ls {self.heard} | wc -l))-$COACHSYNC_EVENT"'
        self.write(f"#!/bin/sh\n{{ cat; env; }} > {name}\n")
        lines = [f'{event} = ["{self.program}"]' for event in ("opened", "closed", "failed", "mended")]
        scene.configure(rest="\n".join(["[hooks]", *lines]))

    def write(self, text: str) -> None:
        self.program.write_text(text, "utf-8")
        self.program.chmod(0o755)

    @property
    def events(self) -> list[str]:
        return [path.name.partition("-")[2] for path in sorted(self.heard.iterdir())]

    def document(self, number: int = 0) -> Any:
        text = sorted(self.heard.iterdir())[number].read_text("utf-8")
        return json.loads(text.splitlines()[0])


@pytest.fixture
def hooks(stage: Stage) -> Hooks:
    return Hooks(stage())


def test_hooks_hear_of_a_room_that_opens_and_closes_once(scene: Scene) -> None:
    hooks = Hooks(scene)
    scene.book()
    for later in (0, QUARTER, 5 * HOUR, QUARTER):
        scene.clock.advance(later)
        assert scene.program("run").code == 0
    assert hooks.events == ["opened", "closed"]


def test_hook_hears_the_action_the_session_and_the_causes(hooks: Hooks) -> None:
    scene = hooks.scene
    scene.world.leave(scene.guild, scene.student)
    scene.book(studentName="Emma")
    scene.program("run")
    heard = hooks.document()
    assert (heard["version"], heard["event"]) == (1, "failed")
    assert (heard["action"]["action"], heard["action"]["error"]["code"]) == ("setup", "unknown_member")
    assert (heard["session"]["session"], heard["session"]["student_name"]) == (ID, "Emma")
    assert [cause["code"] for cause in heard["causes"]] == ["unknown_member"]


def test_failure_is_heard_once_and_its_end_once(hooks: Hooks) -> None:
    scene = hooks.scene
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    for _ in range(3):
        scene.program("run")
        scene.clock.advance(QUARTER)
    scene.world.join(scene.guild, scene.student)
    for _ in range(2):
        scene.program("run")
    assert sorted(hooks.events) == ["failed", "mended", "opened"]


def test_failure_that_ends_with_its_session_is_not_mended(hooks: Hooks) -> None:
    scene = hooks.scene
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    for later in (0, 3 * HOUR + 2 * QUARTER, QUARTER, HOUR, QUARTER):
        scene.clock.advance(later)
        scene.program("run")
    assert hooks.events == ["failed", "closed"]


def test_hook_that_failed_is_started_again_until_it_does_well(hooks: Hooks) -> None:
    scene = hooks.scene
    good = hooks.program.read_text("utf-8")
    hooks.write(FAILING)
    scene.book()
    first = scene.program("run", "--json")
    assert first.code == 0
    (warning,) = first.json["warnings"]
    assert (warning["code"], warning["session"]) == ("hook_failed", ID)
    assert warning["message"].endswith("it ended with 3: it is broken")
    hooks.write(good)
    for _ in range(2):
        scene.program("run")
    assert hooks.events == ["opened"]


def test_failing_hook_is_a_cause_until_it_does_well(hooks: Hooks) -> None:
    scene = hooks.scene
    good = hooks.program.read_text("utf-8")
    hooks.write(FAILING)
    scene.book()
    told = [scene.program("run", "--quiet").err for _ in range(2)]
    assert "it ended with 3: it is broken" in told[0]
    assert told[1] == ""
    hooks.write(good)
    assert scene.program("run", "--quiet").err.startswith("mended: ")


def test_hook_gets_no_token(hooks: Hooks) -> None:
    hooks.scene.book()
    hooks.scene.program("run", ANOTHER=f"Bot {TOKEN}", CREDENTIALS_DIRECTORY="/run/credentials/x")
    (path,) = hooks.heard.iterdir()
    text = path.read_text("utf-8")
    assert TOKEN not in text
    assert "CREDENTIALS_DIRECTORY" not in text
    assert f"COACHSYNC_SESSION={ID}" in text


def test_hooks_of_a_run_that_was_killed_before_them_are_started_by_the_next(hooks: Hooks) -> None:
    scene = hooks.scene
    scene.book()
    scene.program("run", inject="import coachsync.notify.hooks as h, os; h.run_hooks = lambda after: os._exit(9)")
    assert hooks.events == []
    scene.program("run")
    assert hooks.events == ["opened"]


def test_hook_whose_run_was_killed_is_not_started_a_second_time(hooks: Hooks) -> None:
    scene = hooks.scene
    scene.book()
    scene.program("run", inject="import coachsync.notify.hooks as h, os; h.run_each = lambda *a: os._exit(9)")
    scene.sql("UPDATE coachsync_hooks SET at = at - 3600000")
    later = scene.program("run", "--json")
    assert hooks.events == []
    assert "it is not started again" in later.json["warnings"][0]["message"]


def test_dry_run_starts_no_hook(hooks: Hooks) -> None:
    hooks.scene.book()
    hooks.scene.program("run", "--dry-run")
    assert hooks.events == []


def test_setup_by_name_has_its_hook(hooks: Hooks) -> None:
    hooks.scene.book()
    hooks.scene.program("setup", ID)
    assert hooks.events == ["opened"]


def test_hook_that_hangs_ends_with_its_time(stage: Stage) -> None:
    scene = stage()
    scene.configure(rest='[hooks]\nopened = ["/bin/sleep", "60"]\ntimeout = "1s"')
    scene.book()
    found = scene.program("run")
    assert found.code == 0
    assert "hook_failed" in found.err
    assert "it did not end in its time" in found.err


def test_new_life_has_its_own_hooks(hooks: Hooks) -> None:
    scene = hooks.scene
    scene.book()
    scene.program("run")
    scene.change(scheduledDate=scene.now() + 30 * HOUR)
    scene.program("run")
    scene.clock.advance(28 * HOUR)
    scene.program("run")
    assert hooks.events == ["opened", "closed", "opened"]


def test_hooks_hear_nothing_of_what_was_before_them(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.program("run")
    scene.clock.advance(QUARTER)
    hooks = Hooks(scene)
    scene.program("run")
    assert hooks.events == []


@pytest.mark.parametrize("value", ['"/bin/true"', '["true"]', '["bin/true"]', "[1]", '["/bin/a\\u0000b"]'])
def test_hook_that_is_no_program_by_its_whole_path_is_refused(stage: Stage, value: str) -> None:
    scene = stage()
    with scene.home.config.open("a", encoding="utf-8") as file:
        file.write(f"[hooks]\nopened = {value}\n")
    found = scene.program("run")
    assert found.code == 3
    assert "hooks.opened" in found.err


def test_failing_hook_is_told_once_in_a_run(hooks: Hooks) -> None:
    hooks.write(FAILING)
    hooks.scene.book()
    for _ in range(2):
        told = hooks.scene.program("run").err
        hooks.scene.clock.advance(QUARTER)
    assert told.count("it is broken") == 1
