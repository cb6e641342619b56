"""Bookings brought in from other systems' files, and given out to other programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bookings.reading import SAMPLES
from tests.kit.home import COACH, STUDENT, Home

START = 4_097_206_800_000  # 2099-11-01T17:00:00Z
NOW = ["--now", "2026-09-21T14:00:00Z"]


def a_row(session_id: str, **fields: Any) -> dict[str, Any]:
    """Return a booking that nothing is wrong with."""
    row = {"_id": session_id, "status": "SCHEDULED", "scheduledDate": START, "studentDiscordId": STUDENT}
    return row | {"coachDiscordId": COACH} | fields


def lines(*rows: dict[str, Any]) -> str:
    """Return rows, one a line."""
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def booked(home: Home) -> dict[str, dict[str, Any]]:
    """Return every booking by its id."""
    return {row["_id"]: row for row in home.run("sessions", "export").json}


def test_one_bad_row_of_a_thousand_is_named_and_the_others_are_in(bare: Home) -> None:
    home = bare.settle()
    rows = [a_row(f"id{n:04}") for n in range(1000)]
    rows[499]["scheduledDate"] = "soon"
    said = home.run("sessions", "import", "-", stdin=lines(*rows))
    assert (said.code, said.out) == (1, "999 new, 0 changed, 0 unchanged, 1 refused\n")
    assert said.err.startswith("error: line 500 (id0499): start: 'soon' is no time\nhint: ")
    assert len(booked(home)) == 999


def test_importing_twice_changes_nothing(home: Home) -> None:
    text = lines(a_row("a", studentName="Zoë"), a_row("b", duration=45.0))
    home.run("sessions", "import", "-", stdin=text)
    before = home.files()
    said = home.run("sessions", "import", "-", stdin=text)
    assert (said.code, said.out, home.files() == before) == (0, "0 new, 0 changed, 2 unchanged, 0 refused\n", True)


def test_a_dry_run_says_what_is_understood_and_writes_nothing(home: Home) -> None:
    home.book("old00001")
    before = home.files()
    table = f"nr;Beginn;who\n7;14.10.2026 15:00;{STUDENT}\n8;25.10.2026 02:30;{STUDENT}\n"
    said = home.run("sessions", "import", "-", "--map", "id=nr", "--map", "start=Beginn", "--map", "student=who",
                    "--tz", "Europe/Berlin", "--dry-run", stdin=table)  # fmt: skip
    assert said.out.splitlines() == [
        f"would be new: 7, {STUDENT}, Wed 14 Oct 2026 15:00 CEST (2026-10-14T13:00:00Z), 60 min",
        "1 new, 0 changed, 0 unchanged, 1 refused; nothing was written",
    ]
    assert (said.code, "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00" in said.err) == (1, True)
    assert home.files() == before


def test_what_was_cancelled_by_hand_stands_until_the_row_changes(bare: Home) -> None:
    home = bare.settle()
    home.run("sessions", "import", "-", stdin=lines(a_row("abc12345")))
    home.run("sessions", "cancel", "abc12345")
    home.run("sessions", "import", "-", stdin=lines(a_row("abc12345")))
    assert booked(home)["abc12345"]["status"] == "CANCELLED"
    home.run("sessions", "import", "-", stdin=lines(a_row("abc12345", scheduledDate=START + 60_000)))
    assert booked(home)["abc12345"]["status"] == "SCHEDULED"


def test_a_move_by_hand_stands_until_the_row_changes(bare: Home) -> None:
    home = bare.settle()
    home.run("sessions", "import", "-", stdin=lines(a_row("abc12345")))
    home.run("sessions", "reschedule", "abc12345", "--start", "2099-12-01T09:00Z")
    home.run("sessions", "import", "-", stdin=lines(a_row("abc12345")))
    moved = int(datetime(2099, 12, 1, 9, tzinfo=UTC).timestamp()) * 1000
    assert booked(home)["abc12345"]["scheduledDate"] == moved
    home.run("sessions", "import", "-", stdin=lines(a_row("abc12345", duration=30)))
    assert booked(home)["abc12345"]["scheduledDate"] == START


def test_what_was_over_when_it_was_brought_in_is_past(bare: Home) -> None:
    home = bare.settle()
    home.run("run")
    home.run("sessions", "import", "-", stdin=lines(a_row("old00001", scheduledDate=1_790_000_000_000)))
    (row,) = home.run("status", "--all", "--json").json["sessions"]
    assert row["phase"] == "past"


def test_two_calendars_never_meet(bare: Home) -> None:
    home = bare.settle()
    for name in ("one", "two"):
        home.run("sessions", "import", str(SAMPLES / "outlook.ics"), "--source", name, *NOW)
    assert sorted(booked(home)) == sorted(
        f"{name}:{uid}" for name in ("one", "two") for uid in ("040000008200E00074C5B7101A82E00800000000", "custom")
    )


def test_a_calendar_is_known_by_its_content_and_its_people_by_a_file(bare: Home) -> None:
    home = bare.settle()
    (home.folder / "people.toml").write_text(f'"anna@example.org" = "{STUDENT}"\n"sarah@example.org" = "{COACH}"\n')
    (home.folder / "people.toml").chmod(0o600)
    calendar = (SAMPLES / "google.ics").read_text()
    said = home.run("sessions", "import", "-", "--people", str(home.folder / "people.toml"), *NOW, stdin=calendar)
    assert (said.code, said.out) == (1, "5 new, 0 changed, 0 unchanged, 1 refused\n")
    assert "error: UID allday@google.com (allday@google.com): it is an all-day event" in said.err
    single = booked(home)["single@google.com"]
    assert (single["studentDiscordId"], single["coachDiscordId"]) == (STUDENT, COACH)
    again = home.run("sessions", "import", "-", "--people", str(home.folder / "people.toml"), *NOW, stdin=calendar)
    assert again.out == "0 new, 0 changed, 5 unchanged, 1 refused\n"


def test_an_export_of_convex_is_brought_in(bare: Home) -> None:
    home = bare.settle()
    said = home.run("sessions", "import", str(SAMPLES / "convex-export.zip"))
    assert (said.code, said.out) == (0, "3 new, 0 changed, 0 unchanged, 0 refused\n")
    assert booked(home)["jd7a"]["studentName"] == "John"


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_what_is_exported_comes_back_as_it_was(bare: Home, form: str) -> None:
    home = bare.settle()
    rows = [a_row("a", studentName="=1+1", coachName='Zoë, "Z"', duration=45), a_row("-b", status="NO_SHOW")]
    rows += [a_row("c", participants=[{"discordId": "1300000000000000033", "name": "O", "kind": "observer"}])]
    home.run("sessions", "import", "-", stdin=json.dumps(rows))
    before = booked(home)
    exported = home.run("sessions", "export", "--format", form)
    back = home.run("sessions", "import", "-", "--format", form, "--source", "copy", stdin=exported.out)
    assert (back.code, back.out) == (0, "3 new, 0 changed, 0 unchanged, 0 refused\n")
    copies = {i.removeprefix("copy:"): row for i, row in booked(home).items() if i.startswith("copy:")}
    assert {i: row | {"_id": i} for i, row in copies.items()} == before


def test_a_calendar_that_is_exported_names_nobody_unless_asked(bare: Home) -> None:
    home = bare.settle()
    home.book("abc12345", "--student-name", "John", "--coach-name", "Sarah")
    plain, named = (home.run("sessions", "export", "--format", "ics", *more).out for more in ([], ["--names"]))
    assert [word in plain for word in ("John", "Sarah", STUDENT, COACH)] == [False] * 4
    assert ("SUMMARY:Coaching: John with Sarah" in named, STUDENT in named) == (True, False)
    assert "UID:abc12345\r\n" in plain.replace("\n", "\r\n").replace("\r\r\n", "\r\n")


def test_a_calendar_that_is_exported_is_one_that_is_imported(bare: Home) -> None:
    home = bare.settle()
    soon = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 86_400, UTC).strftime("%Y-%m-%dT%H:00Z")
    home.book("abc12345", "--duration", "90m", start=soon)
    exported = home.run("sessions", "export", "--format", "ics")
    home.run("sessions", "import", "-", "--source", "copy", stdin=exported.out)
    rows = booked(home)
    assert [rows[i][key] for i in ("abc12345", "copy:abc12345") for key in ("scheduledDate", "duration")] == [
        rows["abc12345"]["scheduledDate"], 90] * 2  # fmt: skip


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--format", "xml"], '--format: found "xml"'),
        (["--map", "start"], '--map "start" has no ='),
        (["--map", "colour=x"], "'colour' is no field of a booking"),
        (["--map", "start=x:%H:%M"], "it has no year and no day"),
        (["--map", "student=/Discord: ((x)/"], "is no regular expression: missing )"),
        (["--map", "student=Whoo", "--map", "id=x", "--format", "csv"], "has no column 'Whoo'"),
        (["--tz", "Berlin"], "did you mean Europe/Berlin?"),
        (["--source", "a b"], '--source: found "a b"'),
        (["--format", "csv"], "no column is the booking's id"),
        (["--format", "ics"], "is no calendar"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(bare: Home, options: list[str], told: str) -> None:
    home = bare.settle()
    before = home.files()
    said = home.run("sessions", "import", "-", *options, stdin="start,x\n1,2\n")
    assert (said.code, said.complaint, told in said.err) == (2, ["error", "hint"], True)
    assert home.files() == before


def test_without_the_extra_a_calendar_says_what_to_install(bare: Home) -> None:
    home = bare.settle()
    missing = "import sys; sys.modules['icalendar'] = None"
    read = home.run("sessions", "import", str(SAMPLES / "google.ics"), inject=missing)
    written = home.run("sessions", "export", "--format", "ics", inject=missing)
    assert [said.err.count("pip install 'coachsync[ics]'") for said in (read, written)] == [1, 1]
