"""Discord's own document, where the environment names it."""

from __future__ import annotations

import pytest

from tests.contract.schema import VARIABLE, Schema


@pytest.fixture(scope="session")
def schema() -> Schema:
    """Discord's OpenAPI document; the test is skipped where there is none."""
    found = Schema.from_environment()
    if found is None:
        pytest.skip(f"{VARIABLE} is unset: it names Discord's OpenAPI document, which is not kept here")
    return found
