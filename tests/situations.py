"""Plays every situation of answers, stores and hosts, and says how many of each were played and that all held.

`python -m tests.situations`; what else is given goes to pytest (`-n 4`). Exit 0 if all held.
"""

from __future__ import annotations

import sys
from collections import Counter

import pytest

SITUATIONS = {
    "answers": (
        "discord/test_http.py", "discord/test_one_request.py", "discord/test_reading.py", "discord/test_refusals.py",
        "discord/test_retries.py", "discord/test_verdict.py", "discord/test_limit_headers.py",
        "discord/test_discord_clock.py", "promises/test_answers_that_cannot_be.py", "promises/test_late_lists.py",
        "promises/test_what_keeps_the_bot.py", "promises/test_discord_limits.py", "promises/test_way_out.py",
        "promises/test_address_at_risk.py",
    ),
    "stores": (
        "store", "promises/test_broken_input.py", "promises/test_unreadable_rows.py",
        "promises/test_unwritable_store.py", "promises/test_foreign_writers.py",
        "promises/test_vanished_bookings.py", "promises/test_changed_bookings.py",
    ),
    "hosts": (
        "promises/test_hosts.py", "promises/test_other_user.py", "promises/test_streams.py",
        "promises/test_two_at_once.py", "promises/test_clock.py", "config/test_token.py", "config/test_load.py",
        "config/test_zones.py",
    ),
}  # fmt: skip
"""Which files of the tests play them, by kind."""


class _Count:
    """Counts what was played by kind and outcome."""

    def __init__(self) -> None:
        self.played: Counter[tuple[str, str]] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
            path = report.nodeid.partition("::")[0].removeprefix("tests/")
            for kind, places in SITUATIONS.items():
                if path.startswith(places):
                    self.played[kind, report.outcome] += 1


def main(arguments: list[str]) -> int:
    """Play them and print the counts."""
    count = _Count()
    places = [f"tests/{place}" for each in SITUATIONS.values() for place in each]
    code = pytest.main([*places, "-q", *arguments], plugins=[count])
    for kind in SITUATIONS:
        held, failed, skipped = (count.played[kind, outcome] for outcome in ("passed", "failed", "skipped"))
        without = f", {skipped} not to be played here" if skipped else ""
        print(f"{kind}: {held + failed} situations played, {held} held{without}")
    print("all held" if code == 0 else "not all held")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
