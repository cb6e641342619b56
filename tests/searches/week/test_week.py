"""A few hours of a platform on two hosts; all of its week: `python -m tests.searches.week`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.searches.week.week import Size, play

_DAYS = float(os.environ.get("COACHSYNC_WEEK", "0.35"))
_SEED = int(os.environ.get("COACHSYNC_SEED", "20261126"))


@pytest.mark.long
def test_hosts_that_are_killed_frozen_and_cut_off_keep_every_promise(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    size = Size(days=_DAYS, guilds=3, sessions=round(40 * _DAYS), seed=_SEED)
    figures, broken = play(tmp_path, size)
    record_property("told", f"{_DAYS} days of a platform on two hosts, seed {_SEED}: {'; '.join(figures.told())}")
    assert not broken, broken
    assert figures.on_time > 0
    assert figures.faults
