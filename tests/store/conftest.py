"""Every claim about stores in general is made of each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coachsync.store.base import Store
from tests.store.backends import READABLE, Backend


@pytest.fixture(params=list(READABLE))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    made: Backend = READABLE[request.param](tmp_path)
    return made


@pytest.fixture
def store(backend: Backend) -> Iterator[Store]:
    """An empty store, open for writing."""
    opened = backend.open()
    yield opened
    opened.close()
