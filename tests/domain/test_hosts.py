"""Which of several hosts runs no more, as its runs and those of others show."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain.hosts import REGULAR, HostRuns, silence_of
from coachsync.domain.model import HOUR, MINUTE

NOW = 1_790_000_000_000
MAX_SILENCE = 45 * MINUTE


def ran(ago: int, **changes: Any) -> HostRuns:
    """Return a host that ran every quarter of an hour until so long ago; another one ran four times since."""
    at = NOW - ago
    host = HostRuns("beta", "0.1.0", at - MINUTE, at, 0, worked=True, since=at, lately=12, others=4)
    return host._replace(**changes)


@pytest.mark.parametrize(
    ("host", "silent"),
    [
        (ran(46 * MINUTE), True),
        (ran(45 * MINUTE), False),
        (ran(2 * HOUR, others=2), False),  # the others do not go on either, or its clock is not ours
        (ran(2 * HOUR, lately=REGULAR - 1), False),  # somebody once ran it by hand
        (ran(0, since=NOW - HOUR, exit_code=3), True),
        (ran(0, since=NOW - HOUR, worked=False), True),
    ],
)
def test_host_is_silent_if_it_was_called_regularly_and_others_go_on_without_it(host: HostRuns, silent: bool) -> None:
    assert host.is_silent(NOW, MAX_SILENCE) is silent


def test_words_do_not_change_from_run_to_run() -> None:
    assert silence_of(ran(HOUR)) == silence_of(ran(2 * HOUR))


def test_runs_that_cannot_work_are_told_from_none() -> None:
    message, hint = silence_of(ran(0, since=NOW - HOUR, exit_code=3))
    assert message == "no run works any more on host beta, while others go on"
    assert "run `coachsync run` on beta by hand" in hint
