"""A dry run says what the run then does, sends nothing and writes nothing."""

from __future__ import annotations

from typing import Any

from coachsync.domain.model import DAY, HOUR
from tests.kit.home import Home, Result
from tests.kit.scene import QUARTER, Scene

COMPARED = ("session", "action", "guild_id", "reason")


def _prepare(scene: Scene) -> None:
    """Have one of each due: a setup, a cleanup, a revoke, an update, and a status that nobody configured."""
    for name in ("over0001", "moved001", "swapped1"):
        scene.book(name, start=scene.now() + QUARTER)
    scene.tick()
    assert scene.report.exit_code == 0
    scene.clock.advance(2 * HOUR + QUARTER)
    scene.change("moved001", scheduledDate=scene.now() + 2 * DAY)
    scene.change("swapped1", scheduledDate=scene.now() + HOUR, studentDiscordId=scene.person("new"))
    scene.book("coming01")
    scene.book("oddstate", status="PENCILLED_IN")


def _portrait(home: Home) -> dict[str, tuple[int, bytes]]:
    """Return everything on disk: each path with the time of its last change and what is in it."""
    paths = [home.folder, *home.folder.rglob("*")]
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else b"") for p in paths}


def _told(result: Result) -> list[dict[str, Any]]:
    return [
        {key: action[key] for key in COMPARED} | {"error": (action["error"] or {}).get("code")}
        for action in result.json["actions"]
    ]


def test_dry_run_twice_says_the_same_and_touches_nothing(scene: Scene) -> None:
    _prepare(scene)
    before = _portrait(scene.home)
    first = scene.command("run", "--dry-run")
    assert (first.code, scene.standin.requests) == (1, [])
    assert scene.command("run", "--dry-run") == first
    assert (_portrait(scene.home), scene.standin.requests) == (before, [])


def test_run_does_exactly_what_the_dry_run_showed(scene: Scene) -> None:
    _prepare(scene)
    shown = scene.command("run", "--dry-run", "--json")
    assert {action["action"] for action in shown.json["actions"]} == {"setup", "cleanup", "revoke", "update"}
    assert {action["outcome"] for action in shown.json["actions"]} == {"planned", "failed"}
    done = scene.command("run", "--json")
    assert _told(done) == _told(shown)
    assert {action["outcome"] for action in done.json["actions"]} == {"done", "failed"}
    assert done.code == shown.code == 1


def test_dry_run_needs_no_token(scene: Scene) -> None:
    scene.book()
    result = scene.command("run", "--dry-run", COACHSYNC_TOKEN="")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("planned setup abc12345 ")
