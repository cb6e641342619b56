"""`explain` as an operator asks it: of a session by any of its names, of what a code means, of what nobody goes by."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from coachsync.domain.failure import ErrorCode
from coachsync.domain.meanings import CODES
from coachsync.domain.model import HOUR
from tests.kit.home import Home
from tests.kit.scene import ID, QUARTER, Scene, Stage

LONG = "0192d1f4-7c3b-7e30-b6a1-3a5b5cd6n9g5"


@pytest.fixture
def absent(stage: Stage) -> Scene:
    """A scene in which a student was absent from eight runs."""
    scene = stage()
    late = scene.person("late", member=False)
    scene.book(LONG, studentName="Nadja", coachName="Coach Mike", studentDiscordId=late)
    scene.tick()
    for _ in range(7):
        scene.tick(QUARTER)
    return scene


def test_story_is_the_same_by_each_of_a_sessions_names(absent: Scene) -> None:
    entry = absent.entry(LONG)
    channel, role = (entry.current(kind) for kind in ("channel", "role"))
    assert channel is not None and role is not None
    names = [LONG, "5cd6n9g5", str(channel.snowflake), str(role.snowflake), f"<#{channel.snowflake}>"]
    assert len({absent.program("explain", name).out for name in names}) == 1


def test_story_tells_once_what_failed_eight_times(absent: Scene) -> None:
    told = absent.program("explain", LONG).out
    assert told.count("setup failed: Nadja (the student) is not in the guild (unknown_member), 8 times, last 2") == 1
    assert "Coach Mike (the coach) was let in" in told
    assert "the next run tries again to let in the student" in told


def test_story_as_json_is_what_status_says_and_more(absent: Scene) -> None:
    document = absent.program("explain", LONG, "--json").json
    (row,) = absent.program("status", LONG, "--json").json["sessions"]
    assert (document["version"], document["session"]) == (1, row)
    assert document["next"] == "the next run tries again to let in the student"
    assert [cause["code"] for cause in document["attention"]] == ["unknown_member"]
    assert [(p["kind"], p["name"], p["access"]) for p in document["people"]] == [
        ("student", "Nadja", "revoked"),
        ("coach", "Coach Mike", "granted"),
    ]
    last = document["events"][-1]
    assert (last["times"], last["error"]["code"], last["text"].startswith("setup failed: Nadja")) == (
        8,
        "unknown_member",
        True,
    )


def test_story_outlives_its_booking(absent: Scene) -> None:
    absent.sql("DELETE FROM sessions WHERE id = ?", LONG)
    told = absent.program("explain", "5cd6n9g5")
    assert (told.code, told.out.startswith("session  Nadja with Coach Mike\n")) == (0, True)
    assert "the booking is gone from the store" in told.out
    absent.tick(4 * HOUR)
    assert "nothing: its booking is gone, and so is its room" in absent.program("explain", LONG).out


def test_story_of_a_doubled_id_says_what_the_rows_say(stage: Stage) -> None:
    scene = stage(store="json:///sessions.json")
    scene.book()
    row = json.loads(scene.file.read_text("utf-8"))[0]
    scene.file.write_text(json.dumps([row, row | {"status": "CANCELLED"}]), "utf-8")
    told = scene.program("explain", ID)
    assert (told.code, told.err) == (0, "")
    assert "invalid, status CANCELLED and SCHEDULED: no room" in told.out
    assert "occurs more than once" in told.out
    assert "give each booking its own id" in told.out


def test_story_of_a_row_that_makes_no_sense_tells_its_flaw(stage: Stage) -> None:
    scene = stage(store="json:///sessions.json")
    scene.file.write_text('[{"_id": "x", "status": "SCHEDULED", "scheduledDate": 4097206800}]', "utf-8")
    told = scene.program("explain", "x")
    assert (told.code, "it looks like seconds: multiply by 1000" in told.out) == (0, True)
    assert scene.program("explain", "x", "--json").json["windows"]["setup_opens"] is None


def test_cause_of_a_code_that_stands_is_told_with_its_meaning(absent: Scene) -> None:
    told = absent.program("explain", "unknown_member").out
    assert f"since {absent.program('status', '--json').json['attention'][0]['since']}" in told
    assert f"(1 session: {LONG})" in told


@pytest.mark.parametrize("code", ["unknown_member", "no_tick", "config"])
def test_code_is_explained_without_a_configuration(bare: Home, code: str) -> None:
    told = bare.start("explain", code)
    assert (told.code, told.err, told.out.startswith(f"code       {code}, ")) == (0, "", True)


def test_every_error_code_is_explained() -> None:
    assert set(get_args(ErrorCode)) <= set(CODES)


@pytest.mark.parametrize("written", ["(unknown_member)", "UNKNOWN_MEMBER", "`unknown_member`"])
def test_code_is_known_as_it_stands_in_a_message(home: Home, written: str) -> None:
    document = home.run("explain", written, "--json").json
    assert (document["version"], document["code"], document["kind"]) == (1, "unknown_member", "error")
    assert all(document[key] for key in ("message", "hint", "meanwhile", "reasons"))


def test_session_goes_before_the_code_of_its_name(home: Home) -> None:
    home.book("invalid")
    assert "id       invalid" in home.run("explain", "invalid").out


@pytest.mark.parametrize(
    ("name", "meant"), [("unknwon_member", "the code unknown_member"), ("nadja", LONG), ("0192d1f4", LONG)]
)
def test_name_of_neither_brings_up_what_may_be_meant(home: Home, name: str, meant: str) -> None:
    home.book(LONG, "--student-name", "Nadja", start="2026-10-15T13:00Z")
    told = home.run("explain", name, inject=f"import time; t = {1_792_000_000 * 10**9}; time.time_ns = lambda: t")
    assert (told.code, told.complaint) == (1, ["error", "hint"])
    assert f"error: neither a session nor a code goes by {name}\n" in told.err
    assert f"did you mean {meant}" in told.err


def test_short_name_of_several_is_refused_with_their_ids(home: Home) -> None:
    home.book("a/abc12345")
    home.book("b/abc12345")
    told = home.run("explain", "abc12345")
    assert (told.code, "several sessions go by abc12345: a/abc12345, b/abc12345" in told.err) == (1, True)


def test_story_at_another_time_is_told_as_of_then(home: Home) -> None:
    home.book(ID, start="2026-10-15T13:00Z")
    told = home.run("explain", ID, "--now", "2026-10-15T09:00Z").out
    assert "the first run from 2026-10-15T10:00:00Z, in 1 h 0 min, opens its room" in told
    assert "starts   2026-10-15T13:00:00Z, in 4 h 0 min; 60 min, until 2026-10-15T14:00:00Z" in told
