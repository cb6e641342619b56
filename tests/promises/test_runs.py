"""Past runs, as `runs` tells of them."""

from __future__ import annotations

import re

import pytest

from coachsync.domain.model import DAY, HOUR, MINUTE
from tests.kit.home import Home
from tests.kit.scene import Scene, Stage
from tests.kit.town import T0

NOW = str(T0 + DAY)


@pytest.fixture
def runs(stage: Stage) -> Scene:
    """A scene with a run that set a room up, one that failed for a guest, one by hand, and one that never ended."""
    scene = stage()
    scene.book()
    scene.tick()
    scene.book("def67890", studentDiscordId=scene.person("late", member=False))
    scene.tick(15 * MINUTE)
    scene.tick(MINUTE, "cleanup", "abc12345")
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.run_started(T0 + HOUR, "run")
    return scene


def test_runs_are_listed_newest_first_with_what_each_did(runs: Scene) -> None:
    told = runs.home.run("runs", "--now", NOW)
    assert (told.code, told.err) == (0, "")
    assert re.sub(r"\d+ requests", "N requests", told.out).splitlines() == [
        "2026-10-14T16:00:00Z run, never ended: it was killed, or the host went down",
        "2026-10-14T15:16:00Z cleanup, exit 0, took 0.0 s, N requests: 1 cleanup done",
        "2026-10-14T15:15:00Z run, exit 1, took 0.0 s, N requests: 1 setup failed",
        "2026-10-14T15:00:00Z run, exit 0, took 0.0 s, N requests: 1 setup done",
    ]


def test_runs_as_json_name_counts_requests_and_lengths(runs: Scene) -> None:
    document = runs.home.run("runs", "--json", "--limit", "2").json
    unfinished, cleanup = document["runs"]
    assert (document["version"], unfinished["finished_at"], unfinished["exit_code"]) == (1, None, None)
    assert (unfinished["duration_ms"], unfinished["requests"], unfinished["summary"]) == (None, None, {})
    assert (cleanup["command"], cleanup["exit_code"], cleanup["duration_ms"]) == ("cleanup", 0, 0)
    assert (cleanup["summary"], cleanup["requests"] > 0) == ({"cleanup": {"done": 1}}, True)


def test_run_within_its_budget_may_be_under_way(runs: Scene) -> None:
    told = runs.home.run("runs", "--limit", "1", "--now", str(T0 + HOUR + MINUTE)).out
    assert told.endswith("run, not ended: under way, or it was killed\n")


@pytest.mark.parametrize(
    ("since", "more", "found"),
    [
        ("24h", [], 4),
        ("23h45m", [], 3),
        ("2026-10-14T15:16Z", [], 2),
        ("2026-10-14 17:16", ["--tz", "Europe/Berlin"], 2),
        (str(T0 + 2 * HOUR), [], 0),
    ],
)
def test_since_leaves_out_what_was_before(runs: Scene, since: str, more: list[str], found: int) -> None:
    told = runs.home.run("runs", "--since", since, *more, "--now", NOW, "--json").json
    assert len(told["runs"]) == found


def test_no_run_yet_is_said(home: Home) -> None:
    assert (home.run("runs").out, home.run("runs", "--json").json["runs"]) == ("no run yet\n", [])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--limit", "0"], "--limit 0 is no number of runs"),
        (["--since", "yesterday"], "--since 'yesterday' is no moment"),
        (["--since", "2026-10-14 13:00"], "which zone's time is this?"),
        (["--since", "2099-01-01T00:00Z"], "is in the future"),
        (["--since", "12"], "no time in milliseconds"),
        (["--since", "2026-10-14", "--tz", "Berlin"], "did you mean Europe/Berlin?"),
    ],
)
def test_senseless_options_are_refused_with_a_hint(home: Home, options: list[str], told: str) -> None:
    result = home.run("runs", *options)
    assert (result.code, result.complaint, told in result.err) == (2, ["error", "hint"], True)


def test_ledger_of_a_former_release_lists_its_runs_without_requests(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    scene.sql("UPDATE coachsync_runs SET requests = NULL, uid = NULL")
    assert "requests" not in scene.home.run("runs").out


def test_run_without_an_end_that_a_later_run_outlived_is_not_said_to_be_under_way(runs: Scene) -> None:
    with runs.store() as store, store.transaction() as transaction:
        transaction.ledger.run_started(runs.now(), "run")
    assert "under way" in runs.home.run("runs", "--now", str(runs.now())).out
    runs.tick(MINUTE)
    told = runs.home.run("runs", "--limit", "2", "--now", str(runs.now())).out
    assert "15:16:00Z run, never ended: it was killed" in told
