"""What ended long ago, and one person, erased: all of what was meant, and nothing that lives."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from coachsync.clock import host_now
from coachsync.domain.model import DAY, HOUR, Event
from coachsync.errors import LOCKED, OK, SOME_FAILED, UNUSABLE, USAGE
from coachsync.report.schemas import schemas
from coachsync.store.erasing import prune
from coachsync.store.ledger.eraser import Eraser
from coachsync.store.lock import run_lock
from tests.kit.home import JSON, SQLITE
from tests.kit.installed import KINDS, OPEN, installed
from tests.kit.scene import ID, Scene

NADJA, MIKE = "Nadja Köhler", "Coach Mike"


@pytest.fixture
def over(scene: Scene) -> Scene:
    """Return a scene with one session that was open and is over."""
    scene.book(studentName=NADJA, coachName=MIKE)
    scene.tick()
    scene.tick(6 * HOUR)
    assert scene.entry().state == "closed"
    return scene


@pytest.fixture
def past(over: Scene) -> Scene:
    """Return a scene with one session that was open and was over long before the host's time."""
    return dated_back(over)


def ledger_text(scene: Scene) -> str:
    """Return all that the ledger's tables hold."""
    tables = "SELECT name FROM sqlite_master WHERE name LIKE 'coachsync%' AND type = 'table'"
    if scene.url.startswith("postgresql:"):
        tables = "SELECT relname FROM pg_class WHERE relname LIKE 'coachsync%' AND relkind = 'r'"
        tables += " AND pg_table_is_visible(oid)"
    return "\n".join(repr(row) for (t,) in scene.ledger_sql(tables) for row in scene.ledger_sql(f"SELECT * FROM {t}"))


def counts(document: Any) -> dict[str, int]:
    return {one["table"]: one["rows"] for one in document["erased"]}


def receipts(scene: Scene) -> list[Any]:
    found: list[Any] = scene.program("sessions", "receipts", "--json").json["receipts"]
    return found


def prune_command(scene: Scene, *more: str) -> Any:
    done = scene.program("sessions", "prune", "--older-than", "1d", *more)
    assert done.code == OK, done.err
    return done


def dated_back(scene: Scene, by: int = 400 * DAY) -> Scene:
    """Let all that was, have been long ago, by the host's clock."""
    shift = host_now() - scene.now() - by
    scene.ledger_sql("UPDATE coachsync_entries SET starts_at = starts_at + ?, ends_at = ends_at + ?", shift, shift)
    scene.ledger_sql("UPDATE coachsync_events SET at = at + ?", shift)
    for row in json.loads(scene.program("sessions", "export").out):
        scene.change(row["_id"], scheduledDate=row["scheduledDate"] + shift)
    return scene


def test_prune_shows_and_changes_no_byte_without_yes(past: Scene) -> None:
    before = past.home.files()
    shown = prune_command(past)
    assert "would erase" in shown.out and "--yes does it" in shown.out
    assert past.home.files() == before


def test_prune_erases_what_it_showed_and_keeps_receipts(past: Scene) -> None:
    shown = counts(prune_command(past, "--json").json)
    assert shown["bookings"] == 1 and shown["coachsync_events"] > 0
    kept = receipts(past)
    assert counts(prune_command(past, "--json", "--yes").json) == shown
    assert past.program("sessions", "export").json == []
    assert receipts(past) == kept and kept[0]["settled"]


def test_prune_erases_receipts_if_asked_to(past: Scene) -> None:
    prune_command(past, "--receipts", "--yes")
    assert receipts(past) == []
    assert NADJA not in ledger_text(past) and past.student not in ledger_text(past)


def test_prune_twice_finds_nothing_more(past: Scene) -> None:
    prune_command(past, "--yes")
    assert counts(prune_command(past, "--yes", "--json").json) == {}


def test_prune_leaves_what_ended_lately(over: Scene) -> None:
    dated_back(over, by=4 * HOUR)
    assert counts(prune_command(over, "--json", "--yes").json) == {}
    assert over.row()["studentName"] == NADJA


def test_prune_leaves_a_session_whose_room_is_still_there(scene: Scene) -> None:
    scene.book()
    scene.tick()
    dated_back(scene)
    done = prune_command(scene, "--json", "--yes", "--receipts").json
    assert (done["erased"], done["left"]) == ([], [ID])
    assert scene.row()["discordSetupComplete"] and scene.entry().live


def test_prune_leaves_a_room_that_only_the_marks_know_of(scene: Scene) -> None:
    scene.book()
    scene.tick()
    dated_back(scene)
    scene.forget()
    done = prune_command(scene, "--json", "--yes", "--receipts").json
    assert (done["erased"], done["left"]) == ([], [ID])


def test_prune_leaves_what_an_operator_gave_up_and_may_still_be_there(past: Scene) -> None:
    past.ledger_sql("UPDATE coachsync_resources SET state = 'abandoned' WHERE kind = 'channel'")
    assert prune_command(past, "--json", "--yes", "--receipts").json["left"] == [ID]


def test_prune_leaves_a_session_that_was_moved_to_the_future(past: Scene) -> None:
    past.change(scheduledDate=host_now() + DAY)
    done = prune_command(past, "--json", "--yes", "--receipts").json
    assert (done["erased"], done["sessions"]) == ([], [])


def foreign_table(scene: Scene) -> None:
    if scene.url == JSON:
        rows = json.loads(scene.file.read_text())
        scene.file.write_text(json.dumps([row | {"invoice": 7} for row in rows]))
    else:
        scene.sql("ALTER TABLE sessions ADD COLUMN invoice")


def test_prune_leaves_bookings_that_another_program_keeps(past: Scene) -> None:
    foreign_table(past)
    done = prune_command(past, "--json", "--yes", "--receipts").json
    assert "invoice" in done["foreign"]
    assert "bookings" not in counts(done) and "coachsync_entries" in counts(done)
    assert past.row()["studentName"] == NADJA


@pytest.mark.parametrize(
    "objects",
    [
        "CREATE TABLE invoices (id)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER DELETE ON sessions BEGIN SELECT 1; END",
    ],
)
def test_store_with_something_of_another_program_in_it_is_that_programs(
    stage: Callable[..., Scene], objects: str
) -> None:
    scene = stage(store=SQLITE)
    scene.sql(objects)
    with scene.store(writable=False) as store:
        assert "another program" in store.bookings.why_foreign()


def test_store_that_init_made_is_coachsyncs_own(scene: Scene) -> None:
    scene.book()
    with scene.store(writable=False) as store:
        assert store.bookings.why_foreign() == ""


@pytest.mark.parametrize("length", ["365", "0d", "soon", "-1d", ""])
def test_prune_refuses_what_is_no_length_of_time(scene: Scene, length: str) -> None:
    done = scene.program("sessions", "prune", f"--older-than={length}")
    assert (done.code, done.complaint) == (USAGE, ["error", "hint"])


def test_neither_works_beside_a_run(past: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coachsync.cli.commands.sessions.prune.LOCK_WAIT_S", 0.0)
    monkeypatch.setattr("coachsync.cli.commands.sessions.forget.LOCK_WAIT_S", 0.0)
    before = past.home.files()
    with run_lock(str(past.file), 0, "a run"):
        assert past.program("sessions", "prune", "--older-than", "1d", "--yes").code == LOCKED
        assert past.program("sessions", "forget", past.student, "--yes").code == LOCKED
    assert {k: v for k, v in past.home.files().items() if "lock" not in k} == {
        k: v for k, v in before.items() if "lock" not in k
    }


def test_crash_in_the_middle_of_prune_leaves_what_the_next_one_ends(
    past: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ledger_text(past)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, past.store() as store, suppress(KeyboardInterrupt):
        broken.setattr(Eraser, "drop_events", crash)
        prune(store, host_now(), receipts=True, dry_run=False)
    assert ledger_text(past) == before and past.row()["studentName"] == NADJA
    prune_command(past, "--yes", "--receipts")
    assert NADJA not in ledger_text(past)


def test_json_rows_that_are_gone_before_a_crash_do_not_keep_the_ledger_from_being_pruned(
    stage: Callable[..., Scene],
) -> None:
    scene = stage(store=JSON)
    scene.book(studentName=NADJA)
    scene.tick()
    scene.tick(6 * HOUR)
    dated_back(scene)
    scene.file.write_text("[]\n")
    assert "coachsync_entries" in counts(prune_command(scene, "--yes", "--receipts", "--json").json)


def test_rows_that_stay_in_a_json_file_stay_to_the_letter(stage: Callable[..., Scene]) -> None:
    scene = stage(store=JSON)
    old, new = host_now() - 90 * DAY, host_now() + 90 * DAY
    rows = [
        f'{{"_id":"a{at}",  "status": "SCHEDULED","scheduledDate":{start}}}'
        for at, start in enumerate((old, new, old, new, old))
    ]
    scene.file.write_text("[\n" + ",\n\n".join(rows) + "\n]\n")
    prune_command(scene, "--yes")
    assert scene.file.read_text() == f"[\n{rows[1]},\n\n{rows[3]}\n]\n"


def test_many_old_sessions_are_pruned_in_one_go(scene: Scene) -> None:
    old = host_now() - 90 * DAY
    scene.book_each(scene.booking(f"old{at:05}", start=old + at) for at in range(1500))
    assert counts(prune_command(scene, "--yes", "--json").json) == {"bookings": 1500}
    assert scene.program("sessions", "export").json == []


@pytest.mark.parametrize("kind", KINDS)
def test_prune_reads_and_erases_what_a_former_release_left(tmp_path: Path, kind: str) -> None:
    scene = installed(tmp_path, kind)
    with scene.standin:
        before = scene.home.files()
        shown = prune_command(scene, "--receipts", "--json").json
        assert scene.home.files() == before
        done = prune_command(scene, "--receipts", "--json", "--yes").json
        assert counts(done) == counts(shown)
        assert OPEN not in done["sessions"]


# one person


def forget(scene: Scene, *arguments: str) -> Any:
    return scene.program("sessions", "forget", *arguments, "--yes")


def test_who_is_forgotten_is_in_no_row_of_the_ledger(past: Scene) -> None:
    with past.store() as store, store.transaction() as transaction:
        for text in (f"{NADJA} ({past.student}) asked", f"<@{past.student}>"):
            transaction.ledger.event(Event(past.now(), ID, "note", "done", text))
        transaction.ledger.event(Event(past.now(), "another1", "note", "done", f"let in {past.student}"))
    assert NADJA in ledger_text(past)
    done = forget(past, past.student)
    assert done.code == OK, done.err
    assert NADJA not in ledger_text(past) and past.student not in ledger_text(past)
    assert MIKE in ledger_text(past) and past.coach in ledger_text(past)


def test_forgetting_says_what_discord_keeps(past: Scene) -> None:
    assert "audit log" in forget(past, past.student).out


def test_receipts_of_who_is_forgotten_remain_and_name_nobody(past: Scene) -> None:
    forget(past, past.student)
    (receipt,) = receipts(past)
    assert [(a["kind"], a["id"], a["name"]) for a in receipt["access"]] == [
        ("student", "forgotten", None),
        ("coach", past.coach, MIKE),
    ]
    assert receipt["settled"]


def test_bookings_name_who_is_forgotten_until_in_store_is_said(past: Scene) -> None:
    assert "--in-store takes them out" in forget(past, past.student).out
    assert past.row()["studentDiscordId"] == past.student
    assert forget(past, past.student, "--in-store").code == OK
    row = past.row()
    assert not {"studentDiscordId", "studentName"} & row.keys()
    assert row["coachName"] == MIKE


def test_participant_who_is_forgotten_leaves_what_they_were(scene: Scene) -> None:
    people = [
        {"discordId": scene.student, "name": NADJA, "kind": "observer"},
        {"discordId": scene.coach, "kind": "coach"},
    ]
    scene.book(start=host_now() - 9 * DAY, studentDiscordId=None, coachDiscordId=None, participants=people)
    assert forget(scene, scene.student, "--in-store").code == OK
    assert scene.row()["participants"] == [{"kind": "observer"}, people[1]]


def test_files_of_a_store_hold_no_trace_of_who_is_forgotten(past: Scene) -> None:
    forget(past, past.student, "--in-store")
    assert [name for name, data in past.home.files().items() if past.student.encode() in data] == []
    assert [name for name, data in past.home.files().items() if NADJA.encode() in data] == []


def test_live_session_is_left_as_it_is_and_said(scene: Scene) -> None:
    scene.book(studentName=NADJA)
    scene.tick()
    before = ledger_text(scene)
    done = forget(scene, scene.student, "--in-store")
    assert (done.code, done.complaint) == (SOME_FAILED, ["error", "hint"])
    assert ID in done.err
    assert ledger_text(scene) == before and scene.row()["studentName"] == NADJA


def test_booking_to_come_is_left_and_one_that_is_cancelled_is_not(scene: Scene) -> None:
    scene.book("coming01", start=host_now() + DAY)
    scene.book("cancel01", start=host_now() + DAY, status="CANCELLED")
    done = scene.program("sessions", "forget", scene.student, "--in-store", "--yes", "--json")
    assert (done.code, done.json["left"], counts(done.json)) == (SOME_FAILED, ["coming01"], {"bookings": 1})


def test_name_alone_finds_the_person_and_their_id(past: Scene) -> None:
    assert forget(past, "--name", NADJA.upper()).code == OK
    assert NADJA not in ledger_text(past) and past.student not in ledger_text(past)


def test_name_that_two_people_bear_is_refused(past: Scene) -> None:
    past.book("second01", start=host_now() - DAY, studentDiscordId=past.stranger, studentName=NADJA)
    done = forget(past, "--name", NADJA)
    assert (done.code, done.complaint) == (USAGE, ["error", "hint"])
    assert past.student in done.err and past.stranger in done.err


def test_name_without_an_id_is_forgotten(scene: Scene) -> None:
    scene.book(start=host_now() - 9 * DAY, studentDiscordId=None, studentDiscordName="@nadja.k")
    assert forget(scene, "--name", "nadja.k", "--in-store").code == OK
    assert "studentDiscordName" not in scene.row()


def test_forgetting_in_a_store_of_another_programs_is_refused(past: Scene) -> None:
    foreign_table(past)
    done = forget(past, past.student, "--in-store")
    assert (done.code, done.complaint) == (UNUSABLE, ["error", "hint"])
    assert past.student in ledger_text(past)


def test_forget_needs_yes_without_a_terminal(past: Scene) -> None:
    before = past.home.files()
    done = past.program("sessions", "forget", past.student)
    assert (done.code, "--yes" in done.err) == (USAGE, True)
    assert past.home.files() == before


def test_dry_run_counts_what_is_then_erased(past: Scene) -> None:
    before = past.home.files()
    shown = past.program("sessions", "forget", past.student, "--in-store", "--dry-run", "--json").json
    assert past.home.files() == before
    assert counts(past.program("sessions", "forget", past.student, "--in-store", "--yes", "--json").json) == counts(
        shown
    )


def test_who_is_forgotten_already_is_no_failure(past: Scene) -> None:
    forget(past, past.student, "--in-store")
    done = forget(past, past.student, "--in-store")
    assert (done.code, "nothing" in done.out) == (OK, True)


def imported(scene: Scene, row: dict[str, Any], *more: str) -> dict[str, Any]:
    """Return what an import of one booking as one of a source's changes, by its document."""
    done = scene.program("sessions", "import", "-", "--source", "page", "--json", *more, stdin=json.dumps([row]))
    found: dict[str, Any] = done.json
    return found


@pytest.fixture
def listed(scene: Scene) -> dict[str, Any]:
    """Return a booking that a source lists and that is over."""
    people = {"studentDiscordId": scene.student, "studentName": NADJA, "coachDiscordId": scene.coach}
    return {"_id": "one", "status": "SCHEDULED", "scheduledDate": host_now() - 2 * DAY, "duration": 60, **people}


def test_nothing_that_can_be_guessed_back_is_kept_of_whose_a_booking_was(scene: Scene, listed: dict[str, Any]) -> None:
    def said() -> Any:
        return scene.ledger_sql("SELECT booking, rest FROM coachsync_said")

    imported(scene, listed)
    one = said()
    forget(scene, scene.student, "--in-store")
    forgotten = said()
    imported(scene, listed)
    assert (one != forgotten, said()) == (True, forgotten)
    other = {**listed, "_id": "two", "studentDiscordId": scene.stranger, "studentName": "Zoe", "coachDiscordId": None}
    imported(scene, other)
    forget(scene, scene.stranger, "--in-store")
    assert said() == forgotten * 2  # nobody can tell whose it was


def test_source_that_still_lists_who_is_forgotten_brings_nothing_of_them_back(
    scene: Scene, listed: dict[str, Any]
) -> None:
    imported(scene, listed)
    forget(scene, scene.student, "--in-store")
    for row in (listed, {**listed, "studentName": "N. Köhler"}, {**listed, "status": "CANCELLED"}):
        imported(scene, row)
        assert not {"studentDiscordId", "studentName"} & scene.row("page:one").keys()
    assert scene.row("page:one")["status"] == "CANCELLED"
    again = imported(scene, {**listed, "status": "CANCELLED"})
    assert (again["added"], again["changed"]) == ([], [])


def test_what_was_pruned_stays_away_though_its_source_still_lists_it(scene: Scene, listed: dict[str, Any]) -> None:
    imported(scene, listed)
    prune_command(scene, "--yes")
    assert scene.student not in ledger_text(scene)
    again = imported(scene, {**listed, "studentName": "N. Köhler"})
    assert (again["added"], again["changed"], prune_command(scene).out.count("coachsync_said")) == ([], [], 0)
    forget(scene, scene.student, "--in-store")
    assert imported(scene, listed)["added"] == []
    assert imported(scene, {**listed, "scheduledDate": host_now() + DAY})["added"] == ["page:one"]


def test_what_was_pruned_comes_back_if_somebody_imports_its_file_again(scene: Scene, listed: dict[str, Any]) -> None:
    def import_plain() -> Any:
        return scene.program("sessions", "import", "-", "--json", stdin=json.dumps([listed])).json["added"]

    import_plain()
    prune_command(scene, "--yes")
    assert import_plain() == ["one"]


def test_booking_of_who_is_forgotten_that_is_to_take_place_again_is_theirs(
    scene: Scene, listed: dict[str, Any]
) -> None:
    imported(scene, listed)
    forget(scene, scene.student, "--in-store")
    imported(scene, {**listed, "scheduledDate": host_now() + DAY})
    assert scene.row("page:one")["studentDiscordId"] == scene.student


def test_cancellation_by_hand_stands_though_a_person_of_it_is_forgotten(scene: Scene, listed: dict[str, Any]) -> None:
    coming = {**listed, "scheduledDate": host_now() + DAY}
    imported(scene, coming)
    scene.program("sessions", "cancel", "page:one")
    forget(scene, scene.student, "--in-store")
    imported(scene, coming)
    row = scene.row("page:one")
    assert (row["status"], "studentDiscordId" in row) == ("CANCELLED", False)


@pytest.mark.parametrize("wrong", [(), ("123",), ("Nadja",), ("--name", " "), ("1300000000000000001", "--name", "x")])
def test_forget_refuses_what_names_nobody(scene: Scene, wrong: tuple[str, ...]) -> None:
    done = forget(scene, *wrong)
    assert (done.code, done.complaint) == (USAGE, ["error", "hint"])


def test_longer_number_that_holds_an_id_is_another(past: Scene) -> None:
    longer = f"9{past.student}"
    with past.store() as store, store.transaction() as transaction:
        transaction.ledger.event(Event(past.now(), ID, "note", "done", longer))
    forget(past, past.student)
    assert longer in ledger_text(past)


@pytest.mark.parametrize("arguments", [("prune", "--older-than", "1d"), ("forget", "1300000000000000001", "--dry-run")])
def test_documents_are_what_their_schemas_say(past: Scene, arguments: tuple[str, ...]) -> None:
    document = past.program("sessions", *arguments, "--json").json
    Draft202012Validator(schemas()[f"sessions-{arguments[0]}"]).validate(document)


def test_write_ahead_log_holds_no_trace_of_who_is_forgotten(stage: Callable[..., Scene]) -> None:
    scene = stage(store=SQLITE)
    scene.sql("PRAGMA journal_mode = WAL")
    scene.book(start=host_now() - 9 * DAY, studentName=NADJA)
    with closing(sqlite3.connect(scene.file)) as other:  # keeps the log from being taken away
        other.execute("SELECT count(*) FROM sessions").fetchall()
        forget(scene, scene.student, "--in-store")
        assert [name for name, data in scene.home.files().items() if scene.student.encode() in data] == []


def test_free_pages_of_former_deletions_are_told_of(past: Scene) -> None:
    with closing(sqlite3.connect(past.home.ledger)) as connection:
        connection.executescript("CREATE TABLE x (y); INSERT INTO x VALUES (hex(zeroblob(9999))); DROP TABLE x")
    assert "VACUUM" in forget(past, past.student).err
