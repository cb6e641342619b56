"""The stage on which trust is tested."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from coachsync import waits
from tests.kit.home import JSON, SQLITE, URLS, Home
from tests.kit.scene import Scene, Stage


@pytest.fixture(autouse=True)
def _impatient() -> Iterator[None]:
    """Wait briefly for a stand-in that does not lag, and for stores that nobody is writing."""
    with waits.hurried(again=(0.02, 0.05), settle=0.02, malformed=0.1):
        yield


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return what sets up a scene; its keywords are the scene's."""
    numbers = count()
    with ExitStack() as stack:

        def build(**given: Any) -> Scene:
            folder = tmp_path / f"scene{next(numbers)}"
            folder.mkdir()
            scene = Scene(folder, **given)
            stack.enter_context(scene.standin)
            return scene

        yield build


# Every promise is kept on a PostgreSQL, too: COACHSYNC_TEST_STORES=postgresql asks for that, as it takes its time
STORES = os.environ.get("COACHSYNC_TEST_STORES", "sqlite,json").split(",")


@pytest.fixture(params=STORES)
def scene(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """Return a scene on each kind of store."""
    return stage(store=url_of(request))


def url_of(request: pytest.FixtureRequest) -> str:
    """Return the address of a new store of the kind that a parameter names."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_server").fresh())
    return URLS[request.param]


@pytest.fixture(params=["role", "member"])
def any_access(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """Return a scene with each kind of access."""
    return stage(access=request.param)


@pytest.fixture
def bare(tmp_path: Path) -> Home:
    """Return a home with nothing in it."""
    return Home(tmp_path)


@pytest.fixture(params=[SQLITE, JSON], ids=["sqlite", "json"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Return a home with a configuration and an empty store of each kind."""
    return Home(tmp_path).settle(request.param)
