"""A session's life through the real program, both stores and the stand-in, and how each run is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from coachsync.standin import Standin
from tests.kit.home import Home, Result
from tests.kit.town import TOKEN
from tests.promises.conftest import url_of

BEFORE, WINDOW, AFTER = "2026-10-14T08:00Z", "2026-10-14T11:00Z", "2026-10-14T15:00Z"


class House(NamedTuple):
    """A stand-in with one guild, and a home whose store holds one session for two of its members."""

    standin: Standin
    home: Home
    guild: str
    student: str
    stranger: str

    def run(self, *arguments: str) -> Result:
        """Run a command against the stand-in."""
        given = {
            "COACHSYNC_API_BASE": self.standin.base_url,
            "COACHSYNC_GUILD_ID": self.guild,
            "COACHSYNC_TOKEN": TOKEN,
        }
        return self.home.run(*arguments, **given)

    def book(self, session_id: str, student: str) -> None:
        """Add a booking."""
        people = ("--student", student, "--coach", self.student, "--student-name", "[red]John")
        result = self.run("sessions", "add", *people, "--start", "2026-10-14T13:00Z", "--id", session_id)
        assert result.code == 0, result.err


@pytest.fixture(params=["sqlite", "json", "postgresql"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    with Standin() as standin:
        world = standin.world
        student, stranger, owner = (world.add_user(name) for name in ("john", "eve", "owner"))
        guild = world.add_guild("Guild", owner, [world.add_bot(TOKEN, "coachsync")])
        world.join(guild, student)
        found = House(standin, Home(tmp_path).settle(url_of(request)), guild, student, stranger)
        found.book("abc12345", student)
        yield found


def test_session_gets_its_room_in_the_window_and_loses_it_an_hour_after_the_end(house: House) -> None:
    assert house.run("run", "--now", BEFORE).out == "nothing was due\n"
    opened = house.run("run", "--now", WINDOW)
    assert opened.out.startswith("done setup abc12345 start 2026-10-14T13:00:00Z for [red]John")
    assert house.standin.world.find_channels(house.guild, "🎤 coaching-abc12345")
    closed = house.run("run", "--now", AFTER)
    assert closed.out.startswith("done cleanup abc12345 ")
    assert house.standin.world.channel_names(house.guild) == {}


def test_dry_run_shows_what_the_run_then_does(house: House) -> None:
    planned = house.run("run", "--dry-run", "--json", "--now", WINDOW).json["actions"]
    done = house.run("run", "--json", "--now", WINDOW).json["actions"]
    assert [(a["session"], a["action"], a["reason"]) for a in planned] == [
        (a["session"], a["action"], a["reason"]) for a in done
    ]
    assert {a["outcome"] for a in planned} == {"planned"}


def test_quiet_run_says_nothing_when_all_is_well(house: House) -> None:
    assert house.run("run", "--quiet", "--now", WINDOW) == (0, "", "")


def test_quiet_run_says_what_failed(house: House) -> None:
    house.book("def67890", house.stranger)
    result = house.run("run", "--quiet", "--now", WINDOW)
    assert (result.code, result.out, result.complaint) == (1, "", ["failing", "hint"])
    assert "def67890" in result.err


def test_failed_session_is_told_beside_json(house: House) -> None:
    house.book("def67890", house.stranger)
    result = house.run("run", "--json", "--now", WINDOW)
    failed = [action for action in result.json["actions"] if action["outcome"] == "failed"]
    assert [(action["session"], action["error"]["code"]) for action in failed] == [("def67890", "unknown_member")]
    assert (result.code, result.complaint) == (1, ["error", "hint"])


def test_status_and_explain_tell_what_blocks(house: House) -> None:
    house.book("def67890", house.stranger)
    house.run("run", "--now", WINDOW)
    sessions = house.run("status", "--json", "--now", WINDOW).json["sessions"]
    assert [(s["session"], s["phase"], (s["last_error"] or {}).get("code")) for s in sessions] == [
        ("abc12345", "active", None),
        ("def67890", "setup_due", "unknown_member"),
    ]
    assert "not in the guild" in house.run("explain", "def67890", "--now", WINDOW).out


def test_reschedule_says_that_an_open_room_goes(house: House) -> None:
    house.run("run", "--now", WINDOW)
    moved = house.run("sessions", "reschedule", "abc12345", "--start", "2026-10-20T13:00Z", "--now", WINDOW)
    assert "taken away by the next run" in moved.out


def test_cancel_says_that_an_open_room_goes(house: House) -> None:
    house.run("run", "--now", WINDOW)
    assert "its room goes at the next run" in house.run("sessions", "cancel", "abc12345").out


def test_token_is_in_no_output(house: House) -> None:
    house.book("def67890", house.stranger)
    for command in (["run", "--now", WINDOW], ["run", "--json", "--now", WINDOW], ["explain", "def67890"]):
        result = house.run("--verbose", "--log-format", "json", *command)
        assert [part for part in TOKEN.split(".") if part in result.out + result.err] == []
