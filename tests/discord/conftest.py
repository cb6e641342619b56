"""The stand-in's small guild, for tests that speak to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.standin.house import House, a_house


@pytest.fixture
def house() -> Iterator[House]:
    """A running stand-in with one guild; closed afterwards."""
    with a_house() as made:
        yield made
