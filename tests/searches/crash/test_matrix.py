"""A rotating part of the matrix, or the whole of it (COACHSYNC_CRASH=all), must converge."""

from __future__ import annotations

import fcntl
import os
import pickle
import time
from collections.abc import Callable, Mapping

import pytest

from tests.searches.crash.__main__ import report
from tests.searches.crash.faults import AT_REQUESTS, STEPS
from tests.searches.crash.matrix import FRESH_CASES, cases
from tests.searches.crash.prepared import Key, Prepared
from tests.searches.crash.whole import DEFAULT_WORKERS, Share, prepare_all, run

_PARTS = 800
_DAY_S = 86_400


def share() -> Share:
    """Return which part to play: all of it, the one that is asked for, or today's."""
    if os.environ.get("COACHSYNC_CRASH") == "all":
        return Share(1, 1)
    asked = os.environ.get("COACHSYNC_CRASH_PART")
    return Share.parse(asked) if asked else Share(int(time.time()) // _DAY_S % _PARTS + 1, _PARTS)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Key, Prepared]:
    """Return every scenario prepared: by the worker that asks first, for all of them."""
    folder = tmp_path_factory.getbasetemp()
    kept = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "prepared"
    with open(f"{kept}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(prepare_all(DEFAULT_WORKERS)))
    found: Mapping[Key, Prepared] = pickle.loads(kept.read_bytes())
    return found


@pytest.mark.long
def test_every_case_converges_within_two_ticks_after_the_fault_has_passed(
    prepared: Mapping[Key, Prepared], record_property: Callable[[str, object], None]
) -> None:
    part = share()
    played = run(part, "", DEFAULT_WORKERS, prepared=prepared)
    failed = [one for one in played if one.problems]
    record_property("told", f"crash matrix, part {part.nth} of {part.of}: {len(played)} cases, {len(failed)} failed")
    assert len(played) > 40_000 // part.of
    assert not failed, report(played, verbose=False)


@pytest.mark.long
def test_every_pair_of_faults_in_one_tick_converges_within_two_ticks_after_they_have_passed(
    prepared: Mapping[Key, Prepared], record_property: Callable[[str, object], None]
) -> None:
    part = share()
    played = run(part, "", DEFAULT_WORKERS, twice=True, prepared=prepared)
    failed = [one for one in played if one.problems]
    record_property("told", f"pairs of faults, part {part.nth} of {part.of}: {len(played)} cases, {len(failed)} failed")
    assert len(played) > 2_000 // part.of
    assert not failed, report(played, verbose=False)


def test_matrix_strikes_every_request_and_step_of_every_scenario(prepared: Mapping[Key, Prepared]) -> None:
    every = cases(prepared.values())
    for key, one in prepared.items():
        struck = {(c.point, c.fault.name) for c in every if c.key == key}
        assert struck >= {(p, f.name) for p in one.points if p.is_request for f in AT_REQUESTS}
        assert struck >= {(p, name) for p in one.points for name in ("SIGKILL", "SIGTERM", "SIGINT") if p.name in STEPS}
        assert {p.name for p in one.points} >= {"begin", "commit", "committed"}
    assert sum(c.fresh for c in every) == FRESH_CASES
