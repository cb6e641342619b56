"""A store of each kind that bookings may be written to, empty; the rules are the same over all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.backends import BACKENDS, FileBackend
from tests.store.conftest import store

__all__ = ["backend", "store"]


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> FileBackend:
    made: FileBackend = BACKENDS[request.param](tmp_path)
    return made
