"""The guide's arithmetic of what binds first is that of the limits that the program goes by."""

from __future__ import annotations

import pytest

from coachsync.config.definition import KEYS
from coachsync.config.values import parse_duration
from coachsync.domain.limits import (
    CHANNELS_IN_CATEGORY,
    GRANT_WINDOW,
    LOOK_WINDOW,
    MOST_CHANNELS,
    MOST_GRANTS,
    MOST_LOOKS,
    MOST_ROLE_CREATIONS,
    MOST_ROLES,
    REQUESTS_PER_SECOND,
    ROLE_WINDOW,
)
from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.domain.refusals import MOST_REFUSED
from tests.documents.pages import rows, section

SECOND = 1000
A_SESSION, A_LOOK, RUNS = 6, 4, 96
BUDGET = parse_duration(next(key.default for key in KEYS if (key.section, key.name) == ("discord", "run_budget")))
TABLE = {
    row[0]: " ".join(row[1:])
    for row in rows(section("How far one goes"), "limit", "how much", "enough for", "what to add")
}

SAID = {
    "requests of one bot": [
        f"{REQUESTS_PER_SECOND} a second",
        f"{REQUESTS_PER_SECOND * BUDGET // SECOND:,} in a run of {BUDGET // MINUTE} minutes",
        f"a session costs {A_SESSION} in all",
    ],
    "roles given in one guild": [
        f"{MOST_GRANTS} in {GRANT_WINDOW // SECOND} seconds",
        f"{MOST_GRANTS // 2} sessions of two people",
        f"{MOST_GRANTS // 2 * BUDGET // GRANT_WINDOW} in one run",
    ],
    'looks at people of one guild (`access = "member"`)': [
        f"{MOST_LOOKS} a {'second' if LOOK_WINDOW == SECOND else '?'}",
        f"{MOST_LOOKS * BUDGET // LOOK_WINDOW // 2:,} in one run",
    ],
    "roles of one guild": [f"{MOST_ROLES}, its own included"],
    "new roles in one guild": [
        f"{MOST_ROLE_CREATIONS} in {ROLE_WINDOW // HOUR} hours",
        f"{MOST_ROLE_CREATIONS * DAY // ROLE_WINDOW} sessions a day",
    ],
    "channels of one guild": [f"{MOST_CHANNELS}, {CHANNELS_IN_CATEGORY} in a category"],
    "refused answers of one address": ["10,000 in 10 minutes", f"a run stops at {MOST_REFUSED:,}"],
    "length of a run": [f"{BUDGET // MINUTE} minutes"],
}


@pytest.mark.parametrize("limit", SAID)
def test_guide_reckons_with_the_limits_of_the_program(limit: str) -> None:
    assert [said for said in SAID[limit] if said not in TABLE[limit]] == []


def test_example_adds_up() -> None:
    text = " ".join(section("How far one goes").split())
    sessions, guilds = 1_000_000, 10_000
    requests, most = sessions * A_SESSION + guilds * A_LOOK * RUNS, REQUESTS_PER_SECOND * DAY // SECOND
    assert f"sessions a day × {A_SESSION}, and guilds with an open room × {A_LOOK} × {RUNS} runs" in text
    assert f"a bot sends {most:,} at most" in text
    assert f"{sessions:,} sessions in {guilds:,} guilds are {requests:,} requests a day" in text
    assert f"{-(-requests // most)} bots could send them, {2 * -(-requests // most)} have room" in text
