"""Homes for the program, and the scenes on which sessions live."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.program import Home
from tests.trust.conftest import any_access, scene, stage

__all__ = ["any_access", "bare", "home", "scene", "stage"]


@pytest.fixture
def bare(tmp_path: Path) -> Home:
    """Return a home with nothing in it."""
    return Home(tmp_path)


@pytest.fixture(params=["sqlite:///sessions.db", "json:///sessions.json"], ids=["sqlite", "json"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Return a home with a configuration and an empty store of each kind."""
    return Home(tmp_path).settle(request.param)
