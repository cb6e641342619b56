"""Figures for Prometheus, read back by its own parser."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from coachsync.domain.model import HOUR
from coachsync.standin.limits import Bucket, Limits
from tests.kit.scene import ROLES, Scene, Stage

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def scene(stage: Stage) -> Scene:
    found = stage()
    found.configure(rest='[metrics]\ntextfile = "coachsync.prom"')
    return found


def file_of(scene: Scene) -> Path:
    return scene.folder / "coachsync.prom"


def figures(scene: Scene) -> Figures:
    families = text_string_to_metric_families(file_of(scene).read_text("utf-8"))
    return {
        (sample.name.removeprefix("coachsync_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_figures_say_how_the_run_ended_and_what_it_did(scene: Scene) -> None:
    scene.book()
    scene.program("run")
    found = figures(scene)
    assert found["last_exit_code", ()] == 0
    assert found["rooms_open", (("guild", scene.guild),)] == 1
    assert found["actions_total", (("action", "setup"), ("outcome", "done"))] == 1
    assert found["requests_total", ()] == len(scene.standin.requests)
    assert found["rate_limited_total", ()] == 0
    assert found["last_run_timestamp_seconds", ()] > 1_700_000_000
    assert found["run_duration_seconds", ()] > 0
    assert ("last_success_timestamp_seconds", ()) in found


def test_counts_only_grow(scene: Scene) -> None:
    scene.book("one")
    scene.program("run")
    before = figures(scene)
    scene.book("two")
    scene.program("run")
    after = figures(scene)
    grown = {key for key, value in before.items() if key[0].endswith("_total") and after[key] < value}
    assert grown == set()
    assert after["actions_total", (("action", "setup"), ("outcome", "done"))] == 2


def test_causes_are_counted_by_urgency(scene: Scene) -> None:
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    scene.program("run")
    found = figures(scene)
    assert [found["causes", (("urgency", u),)] for u in ("late", "soon", "note")] == [0, 1, 0]
    assert found["last_exit_code", ()] == 1


def test_run_that_could_not_work_has_figures_too(scene: Scene) -> None:
    scene.program("run")
    scene.file.rename(scene.folder / "away.db")
    assert scene.program("run").code == 3
    assert figures(scene)["last_exit_code", ()] == 3


def test_file_is_readable_by_others_and_whole(scene: Scene) -> None:
    scene.program("run")
    assert stat.S_IMODE(file_of(scene).stat().st_mode) == 0o644
    assert [path.name for path in scene.folder.glob("coachsync.prom*")] == ["coachsync.prom"]


def test_figures_that_cannot_be_written_fail_no_run(stage: Stage) -> None:
    scene = stage()
    scene.configure(rest='[metrics]\ntextfile = "/nowhere/coachsync.prom"')
    found = scene.program("run", "--json")
    assert found.code == 0
    assert [w["code"] for w in found.json["warnings"]] == ["metrics_failed"]


@pytest.mark.parametrize("arguments", [("run", "--dry-run"), ("setup",), ("status",)])
def test_only_runs_write_figures(scene: Scene, arguments: tuple[str, ...]) -> None:
    scene.program(*arguments)
    assert not file_of(scene).exists()


@pytest.mark.parametrize(
    ("section", "library", "code"),
    [
        ('[metrics]\ntextfile = "x.prom"', "prometheus_client", "metrics_failed"),
        ('[notify]\nfile = "notify.urls"', "apprise", "notify_failed"),
    ],
)
def test_library_that_is_not_installed_is_named_and_fails_no_run(
    stage: Stage, section: str, library: str, code: str
) -> None:
    scene = stage()
    (scene.folder / "notify.urls").write_text("json://127.0.0.1:9/\n", "utf-8")
    (scene.folder / "notify.urls").chmod(0o600)
    scene.configure(rest=section)
    scene.book(studentDiscordId="")
    missing = f"import sys; sys.modules.pop('coachsync.notify.metrics', None); sys.modules[{library!r}] = None"
    found = scene.program("run", "--json", inject=missing)
    assert found.code == 1
    (warning,) = [w for w in found.json["warnings"] if w["code"] == code]
    assert f"pip install 'coachsync[{section.partition(']')[0][1:]}]'" in warning["message"]


def _budget(scene: Scene) -> float:
    return figures(scene)["role_budget_remaining", (("guild", scene.guild),)]


def test_budget_of_roles_is_counted_from_the_ledger_if_discord_says_nothing(scene: Scene) -> None:
    scene.program("run")
    assert _budget(scene) == 250
    scene.book()
    scene.program("run")
    assert _budget(scene) == 249


def test_budget_of_roles_is_discords_own_word_if_that_was_heard(scene: Scene) -> None:
    scene.standin.limits = Limits({("POST", ROLES): (Bucket("create role", 100, 172_800.0, "guild_id"),)})
    scene.book()
    scene.program("run")
    assert _budget(scene) == 99
    scene.clock.advance(49 * HOUR)
    scene.program("run")
    assert _budget(scene) == 100
