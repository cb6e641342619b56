"""A scene under the host's own clock, which `doctor` goes by, and what it finds there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from coachsync import waits
from coachsync.doctor.checks import DoctorRequest, examine
from coachsync.domain.finding import Finding
from tests.kit.scene import Scene
from tests.kit.town import TOKEN


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    with waits.hurried(again=(0.02, 0.05), settle=0.02, malformed=0.1, sqlite_lock=0.1):
        yield


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return a scene in real time."""
    with ExitStack() as stack:
        scene = Scene(tmp_path, real_time=True)
        stack.enter_context(scene.standin)
        yield scene


def examined(
    scene: Scene, *, token: str = TOKEN, days: int = 1, offline: bool = False, **environ: str
) -> list[Finding]:
    """Return what `doctor` finds amiss in a scene, its schedule aside: that is the host's, and not a scene's."""
    request = DoctorRequest(str(scene.home.config), {"COACHSYNC_TOKEN": token} | environ, offline, days)
    return [f for f in examine(request) if f.level != "ok" and f.check != "schedule"]
