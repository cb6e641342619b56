"""The program as cron starts it, at the time of a scene."""

from __future__ import annotations

from typing import Any

from tests.kit.home import TOKEN, Result
from tests.kit.scene import Scene


def outside(scene: Scene, *arguments: str, **environ: str) -> Result:
    """Run a command in a fresh process, as cron does; the requests before are forgotten."""
    scene.standin.clear_requests()
    return scene.home.start(*scene.arguments(*arguments), **({"COACHSYNC_TOKEN": TOKEN} | environ))


def command(scene: Scene, *arguments: str) -> Result:
    """Run the same in a child of this process, which starts sooner."""
    scene.standin.clear_requests()
    return scene.program(*arguments)


def actions(result: Result) -> list[tuple[str, str, str]]:
    """Return session, action and outcome of each action of a JSON report."""
    return [(a["session"], a["action"], a["outcome"]) for a in result.json["actions"]]


def error_of(result: Result, session_id: str) -> dict[str, Any]:
    """Return the error of a session's only action in a JSON report."""
    (found,) = [a["error"] for a in result.json["actions"] if a["session"] == session_id]
    assert isinstance(found, dict)
    return found


def marks(scene: Scene, session_id: str = "abc12345") -> dict[str, Any]:
    """Return our four fields and the status as the store holds them; what is absent is None."""
    row = scene.row(session_id)
    keys = ("status", "discordSetupComplete", "discordCleanedUp", "discordRoleId", "discordChannelId")
    return {key: row.get(key) for key in keys}
