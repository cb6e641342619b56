"""Days of a platform in the time of a breath.

All fourteen with 300 sessions:
COACHSYNC_DAYS=14 COACHSYNC_SESSIONS=300 pytest tests/searches/property/test_fortnight.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coachsync import waits
from tests.searches.property.fortnight import Fortnight
from tests.searches.property.world import a_playground

DAYS = int(os.environ.get("COACHSYNC_DAYS", "1"))
SESSIONS = int(os.environ.get("COACHSYNC_SESSIONS", "30"))
SEED = int(os.environ.get("COACHSYNC_SEED", "20261124"))


@pytest.mark.long
def test_platform_loses_nothing_when_requests_fail_runs_die_and_discord_is_down(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with waits.hurried(), a_playground(people=40) as town:
        tally = Fortnight(town, tmp_path, DAYS, SESSIONS, SEED).run()
    record_property("told", f"{DAYS} days of a platform with {SESSIONS} sessions, seed {SEED}: {tally}")
    assert (tally.duplicates, tally.orphans, tally.leaks) == (0, 0, 0)
    assert tally.late == ()
    assert tally.had_access > SESSIONS // 3
    assert tally.killed == DAYS
