"""Receipts of closed sessions, from the ledger alone."""

from __future__ import annotations

import csv

import pytest

from coachsync.domain.model import DAY, HOUR
from tests.kit.home import Home
from tests.kit.scene import ID, Scene, Stage

OPEN = "def67890"


@pytest.fixture
def closed(stage: Stage) -> Scene:
    """A scene with a session that is over and one that is open."""
    scene = stage()
    scene.book(studentName="=cmd()", coachName="Coach Mike")
    scene.tick()
    scene.tick(5 * HOUR)
    scene.book(OPEN)
    scene.tick()
    return scene


def test_receipt_says_who_had_access_and_that_the_room_is_gone(closed: Scene) -> None:
    told = closed.home.run("sessions", "receipts")
    assert (told.code, told.err) == (0, "")
    lines = {line.partition("  ")[0]: line for line in told.out.splitlines()}
    assert lines["session"] == f"session  {ID}, =cmd() with Coach Mike"
    assert f"Coach Mike ({closed.coach}): had access from 2026-" in lines["coach"]
    assert lines["room"].endswith("; deleted, Discord confirmed it")
    assert lines["closed"].endswith(", it ended")
    assert OPEN not in told.out


def test_receipts_ask_nobody_and_outlive_the_booking(closed: Scene) -> None:
    closed.sql("DELETE FROM sessions WHERE id = ?", ID)
    closed.standin.clear_requests()
    (receipt,) = closed.home.run("sessions", "receipts", ID, "--json").json["receipts"]
    assert (receipt["session"], receipt["settled"], receipt["closed_by"]) == (ID, True, "end")
    assert [(a["kind"], a["id"]) for a in receipt["access"]] == [("student", closed.student), ("coach", closed.coach)]
    assert [(r["kind"], r["proof"], r["confirmed"]) for r in receipt["resources"]] == [
        ("role", "deleted", True),
        ("channel", "deleted", True),
    ]
    assert closed.standin.requests == []


def test_room_that_a_moderator_deleted_is_found_to_be_gone(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.world.delete_channel(scene.room())
    scene.tick(5 * HOUR)
    (receipt,) = scene.home.run("sessions", "receipts", "--json").json["receipts"]
    assert [r["proof"] for r in receipt["resources"] if r["kind"] == "channel"] == ["gone"]


def test_receipts_as_a_table_hold_no_formula(closed: Scene) -> None:
    rows = list(csv.DictReader(closed.home.run("sessions", "receipts", "--csv").out.splitlines()))
    assert [(row["kind"], row["name"][:7], row["confirmed"]) for row in rows] == [
        ("student", "'=cmd()", "yes"),
        ("coach", "Coach M", "yes"),
        ("role", "Session", "yes"),
        ("room", "🎤 coach", "yes"),
    ]


def test_since_leaves_out_what_was_closed_before(closed: Scene) -> None:
    def found(since: str) -> int:
        now = ["--now", str(closed.now() + DAY)]
        return len(closed.home.run("sessions", "receipts", "--since", since, "--json", *now).json["receipts"])

    assert (found("25h"), found("23h")) == (1, 0)


def test_session_that_is_not_closed_has_no_receipt_yet(closed: Scene) -> None:
    said = closed.home.run("sessions", "receipts", OPEN, ID)
    assert (said.code, said.complaint, f"session  {ID}" in said.out) == (1, ["error", "hint"], True)
    assert f"{OPEN} is not closed" in said.err


def test_no_receipts_are_an_empty_list(home: Home) -> None:
    assert home.run("sessions", "receipts", "--json").json["receipts"] == []
    assert home.run("sessions", "receipts").out == "no closed session that had a room\n"


def test_table_and_json_at_once_are_refused(home: Home) -> None:
    assert home.run("sessions", "receipts", "--json", "--csv").code == 2
