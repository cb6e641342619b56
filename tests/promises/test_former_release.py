"""An installation of 0.1.0 with open rooms comes through the ledger's migration, and its rooms come to their end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import LOCKED, OK, SOME_FAILED, UNUSABLE
from coachsync.store.lock import run_lock
from tests.kit.installed import GONE, HALF, KINDS, OPEN, OVER, WAITING, installed
from tests.kit.scene import Scene

READING = (
    ("status",),
    ("status", "--all", "--json"),
    ("explain", WAITING),
    ("forecast",),
    ("sessions", "list"),
    ("sessions", "show", OPEN),
    ("sessions", "export"),
    ("run", "--dry-run"),
    ("cleanup", "--dry-run", OPEN),
)


@pytest.fixture(params=KINDS)
def old(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    scene = installed(tmp_path, request.param)
    with scene.standin:
        yield scene


def live(scene: Scene) -> dict[str, str]:
    """Return the live entries' states by session."""
    with scene.store(writable=False) as store:
        return {entry.session_id: entry.state for entry in store.ledger.live_entries() if entry.live}


def with_rooms(scene: Scene) -> list[str]:
    """Return the sessions that have a room, as its name says."""
    names = scene.world.channel_names(scene.guild).values()
    return sorted(name.rpartition("-")[2] for name in names if "coaching-" in name)


def test_former_ledger_is_read_without_a_change_and_reads_the_same_once_it_is_migrated(old: Scene) -> None:
    found = old.home.files()
    before = [old.program(*arguments) for arguments in READING]
    assert {done.code for done in before} <= {OK, SOME_FAILED}
    assert old.home.files() == found
    with old.store():
        pass
    assert [old.program(*arguments).out for arguments in READING] == [done.out for done in before]


def test_reason_of_a_failure_survives_the_migration(tmp_path: Path) -> None:
    old = installed(tmp_path, "sqlite-role")
    with old.standin:
        told = old.program("explain", WAITING).out
        (row,) = old.program("status", "--json", WAITING).json["sessions"]
    assert "setup failed: " in told
    assert "is not in the guild (unknown_member)" in told
    assert row["last_error"]["code"] == "unknown_member"
    assert "is not in the guild" in row["last_error"]["message"]
    assert row["last_error"]["hint"].startswith("invite them to the guild")


def test_rooms_of_a_former_release_are_finished_and_removed(old: Scene) -> None:
    late = next(user.id for user in old.world.users.values() if user.name == "late")
    before = old.things()
    old.tick(10 * MINUTE)
    assert with_rooms(old) == sorted([OPEN, WAITING, HALF])
    assert live(old)[HALF] == live(old)[OPEN] == "open"
    assert old.things().keys() <= before.keys(), "nothing was made twice"
    assert old.marks(GONE)["discordCleanedUp"] is True

    old.world.join(old.guild, late)
    old.tick(10 * MINUTE)
    assert set(live(old).values()) == {"open"}
    (room,) = old.rooms(f"🎤 coaching-{WAITING}")
    assert late in old.world.who_can_enter(room)

    old.tick(10 * HOUR)
    assert (old.things(), live(old)) == ({}, {})
    ends = {name: old.marks(name) for name in (OVER, OPEN, WAITING, HALF, GONE)}
    assert {(end["status"], end["discordCleanedUp"]) for end in ends.values()} == {("COMPLETED", True)}


def test_people_of_a_former_entry_keep_their_names_and_parts(old: Scene) -> None:
    people = old.entry(OPEN).people
    assert [(person.kind, person.name) for person in people] == [("student", "Olga"), ("coach", "Ömer")]
    assert old.entry(GONE).people[0].name == "Gus"


def test_writing_is_refused_while_a_run_of_the_former_release_is_under_way(old: Scene) -> None:
    """Such a run still writes the ledger as it was; what only reads goes on."""
    before = old.home.files()
    impatient = "from coachsync import waits; waits.hurry(migration=0.1)"
    with run_lock(str(old.file), 0, "run since 11:00"):
        beside = old.program("sessions", "cancel", OPEN, inject=impatient)
        assert old.program("status").code == OK
    assert (beside.code, "another run holds the lock" in beside.err) == (LOCKED, True)
    assert {path: old.home.files()[path] for path in before} == before
    assert old.program("sessions", "cancel", OPEN).code == OK


def test_ledger_of_a_later_release_is_refused_and_not_touched(old: Scene) -> None:
    old.tick()
    ledger = old.file if old.file.suffix == ".db" else Path(f"{old.file}.coachsync.db")
    made_newer(ledger)
    before = ledger.read_bytes()
    for arguments in (("run",), ("status",), ("run", "--dry-run"), ("sessions", "list")):
        told = old.program(*arguments)
        assert (told.code, "version 99" in told.err, "or a later one" in told.err) == (UNUSABLE, True, True)
    assert ledger.read_bytes() == before


def made_newer(ledger: Path) -> None:
    """Have a ledger say that a later release wrote it."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("UPDATE coachsync_meta SET value = 99 WHERE key = 'version'")
        connection.commit()
