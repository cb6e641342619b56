"""Every claim about stores in general is made of each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coachsync.store.base import Store
from tests.store import backends
from tests.store.backends import READABLE, Backend


@pytest.fixture(params=READABLE)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    return backends.made(request.param, tmp_path, request)


@pytest.fixture
def store(backend: Backend) -> Iterator[Store]:
    """An empty store, open for writing."""
    opened = backend.open()
    yield opened
    opened.close()
