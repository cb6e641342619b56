"""The model keeps its claims whatever goes wrong, and each planted fault breaks one."""

from __future__ import annotations

import os

import pytest

from tests.model.plan import Search, planted_searches, sound_searches
from tests.model.search import Searcher, missing_tools

pytestmark = [
    pytest.mark.tools,
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_tools()), reason="needs spin and gcc"),
]

_WHOLE = os.environ.get("COACHSYNC_MODEL") == "all"


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    return Searcher(tmp_path_factory.mktemp("model"))


def _wanted() -> list[Search]:
    """Return what is searched with every run of the tests: what takes a second or less each."""
    every = [*sound_searches(None if _WHOLE else 1), *planted_searches()]
    return every if _WHOLE else [s for s in every if s.quick]


def test_sound_model_breaks_no_claim_and_each_planted_fault_does(searcher: Searcher) -> None:
    amiss = []
    for search in _wanted():
        found = searcher.search("all" if _WHOLE else "some", search.mode, search.fault, search.budget)
        if bool(found.broken) == search.sound:
            amiss.append((search.mode.name, search.fault.name, found))
    assert not amiss
