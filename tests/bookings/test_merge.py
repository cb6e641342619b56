"""What an import or a source may change, over both stores."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachsync.bookings.incoming import Incoming, Unreadable
from coachsync.bookings.merge import Merged, merge, take_away
from coachsync.domain.model import HOUR
from coachsync.store.base import Store
from coachsync.store.open import open_store
from tests.bookings.reading import STATUSES, entries
from tests.store.backends import DEFAULTS, GUILD, NOW, STUDENT, FileBackend, a_row

LATER = NOW + HOUR
START_TEXT = str(LATER)


def take(store: Store, *rows: dict[str, Any], source: str = "", dry_run: bool = False) -> Merged:
    """Merge rows, each an entry of its own."""
    entries = [Incoming(row, f"line {number}", row["_id"]) for number, row in enumerate(rows, 1)]
    return merge(store, entries, source=source, statuses=STATUSES, now=NOW, dry_run=dry_run)


def status_of(store: Store, session_id: str = "abc12345") -> object:
    """Return the status of a booking."""
    return (store.bookings.raw(session_id) or {}).get("status")


def start_of(store: Store, session_id: str = "abc12345") -> object:
    """Return the start of a booking."""
    return (store.bookings.raw(session_id) or {}).get("scheduledDate")


def test_merging_twice_changes_nothing(backend: FileBackend, store: Store) -> None:
    rows = [a_row("one", studentName="É", duration=30), a_row("two")]
    first = take(store, *rows)
    before = {path: path.read_bytes() for path in backend.path.parent.iterdir() if path.is_file()}
    again = take(store, *rows)
    assert (first.added, again) == (["one", "two"], Merged([], [], ["one", "two"], []))
    assert {path: path.read_bytes() for path in backend.path.parent.iterdir() if path.is_file()} == before


def test_the_marks_of_a_booking_that_is_there_are_never_written(backend: FileBackend, store: Store) -> None:
    backend.fill([a_row(discordSetupComplete=True, discordRoleId="71")])
    take(store, a_row(discordSetupComplete=False, discordRoleId="99", discordCleanedUp=True))
    assert (bool(backend.rows()[0]["discordSetupComplete"]), backend.rows()[0]["discordRoleId"]) == (True, "71")


def test_a_source_has_no_marks_of_ours(store: Store) -> None:
    take(store, a_row("a", discordRoleId="71"), source="page")
    assert (store.bookings.raw("page:a") or {}).get("discordRoleId") is None


def test_what_is_not_named_stays(backend: FileBackend, store: Store) -> None:
    backend.fill([a_row(studentName="John", duration=90)])
    done = take(store, {"_id": "abc12345", "scheduledDate": LATER})
    assert (done.changed, backend.rows()) == (["abc12345"], [a_row(start=LATER, studentName="John", duration=90)])


@pytest.mark.parametrize("judged", ["COMPLETED", "NO_SHOW", "DISPUTED"])
def test_a_status_that_was_judged_is_never_taken_back(backend: FileBackend, store: Store, judged: str) -> None:
    backend.fill([a_row(status=judged)])
    take(store, a_row(status="CANCELLED"))
    take(store, a_row(start=LATER))
    assert (status_of(store), start_of(store)) == (judged, LATER)


def test_a_judged_status_that_was_itself_imported_stays_too(store: Store) -> None:
    take(store, a_row(status="NO_SHOW"))
    take(store, a_row())
    assert status_of(store) == "NO_SHOW"


def test_what_its_source_had_not_settled_it_may_confirm(store: Store) -> None:
    take(store, a_row(status="TENTATIVE"))
    take(store, a_row(status="CONFIRMED"))
    assert status_of(store) == "CONFIRMED"


def test_a_cancellation_by_hand_stands_until_the_entry_changes(store: Store) -> None:
    take(store, a_row())
    store.bookings.change("abc12345", {"status": "CANCELLED"})
    assert take(store, a_row()).unchanged == ["abc12345"]
    assert status_of(store) == "CANCELLED"
    take(store, a_row(start=LATER))
    assert (status_of(store), start_of(store)) == ("SCHEDULED", LATER)


def test_a_move_by_hand_stands_until_the_entry_changes(store: Store) -> None:
    take(store, a_row())
    store.bookings.change("abc12345", {"scheduledDate": LATER})
    take(store, a_row())
    assert start_of(store) == LATER
    take(store, a_row(start=LATER + HOUR))
    assert start_of(store) == LATER + HOUR


def test_a_field_that_is_named_and_empty_is_no_change_of_an_entry(store: Store) -> None:
    take(store, a_row())
    store.bookings.change("abc12345", {"status": "CANCELLED"})
    take(store, a_row(duration=None, guildId=None))
    assert status_of(store) == "CANCELLED"


def test_a_new_name_takes_back_nothing_that_was_done_by_hand(store: Store) -> None:
    take(store, a_row(studentName="John"))
    store.bookings.change("abc12345", {"status": "CANCELLED"})
    done = take(store, a_row(studentName="Johnny"))
    assert (done.changed, status_of(store)) == (["abc12345"], "CANCELLED")
    assert (store.bookings.raw("abc12345") or {})["studentName"] == "Johnny"


def test_what_a_source_cancelled_it_may_take_back(store: Store) -> None:
    for status in ("SCHEDULED", "CANCELLED", "SCHEDULED"):
        take(store, a_row(status=status))
        assert status_of(store) == status


def test_what_is_missing_is_taken_away_and_comes_back_with_its_source(store: Store) -> None:
    take(store, a_row("a"), source="page")
    assert take_away(store, ["page:a", "unheard"], STATUSES, NOW) == ["page:a"]
    assert status_of(store, "page:a") == "CANCELLED"
    assert take(store, a_row("a"), source="page").changed == ["page:a"]
    assert status_of(store, "page:a") == "SCHEDULED"


def test_two_sources_never_meet(store: Store) -> None:
    take(store, a_row("a"))
    take(store, a_row("a", LATER), source="page")
    take(store, a_row("a", LATER + HOUR), source="calendar")
    assert [start_of(store, i) for i in ("a", "page:a", "calendar:a")] == [NOW, LATER, LATER + HOUR]
    assert list(store.ledger.said_by("page")) == ["page:a"]


def test_a_plain_import_of_an_export_leaves_a_sources_memory_to_it(store: Store) -> None:
    take(store, a_row("a"), source="page")
    take(store, a_row("page:a", LATER))
    assert (start_of(store, "page:a"), list(store.ledger.said_by("page"))) == (LATER, ["page:a"])
    take(store, a_row("a"), source="page")
    assert start_of(store, "page:a") == LATER


def test_of_an_id_that_occurs_twice_neither_goes_in(backend: FileBackend, store: Store) -> None:
    done = take(store, a_row(), a_row("good"), a_row(start=LATER))
    assert (done.added, [(row.row, row.where) for row in done.refused]) == (["good"], [(1, "line 1"), (3, "line 3")])


def test_bad_entries_are_refused_alone_with_where_they_stand(backend: FileBackend, store: Store) -> None:
    entries: list[Incoming | Unreadable] = [
        Unreadable("line 1", "it is not JSON", "mend it"),
        Incoming(a_row(start=17), "line 2", "abc12345"),
        Incoming(a_row("good"), "line 3", "good"),
    ]
    done = merge(store, entries, source="", statuses=STATUSES, now=NOW)
    assert (done.added, [row[:3] for row in done.refused]) == (["good"], [(1, "line 1", ""), (2, "line 2", "abc12345")])
    assert backend.rows() == [a_row("good")]


def test_an_entry_may_matter_only_if_it_is_there(backend: FileBackend, store: Store) -> None:
    take(store, a_row())
    gone = [Incoming({"_id": i, "status": "CANCELLED"}, i, i, if_known=True) for i in ("abc12345", "unheard")]
    done = merge(store, gone, source="", statuses=STATUSES, now=NOW)
    assert (done.changed, done.added, [row["status"] for row in backend.rows()]) == (["abc12345"], [], ["CANCELLED"])


def test_a_dry_run_says_the_same_and_writes_nothing(backend: FileBackend, store: Store) -> None:
    backend.fill([a_row("same"), a_row("moves")])
    before = {path: path.read_bytes() for path in backend.path.parent.iterdir() if path.is_file()}
    rows = [a_row("same"), a_row("moves", LATER), a_row("new"), a_row("bad", 17)]
    dry = take(store, *rows, dry_run=True)
    assert {path: path.read_bytes() for path in backend.path.parent.iterdir() if path.is_file()} == before
    assert dry == take(store, *rows)


FOREIGN = """CREATE TABLE sessions (id TEXT PRIMARY KEY, status TEXT, scheduled_date INTEGER,
    student_discord_id TEXT, coach_discord_id TEXT)"""


def test_what_a_table_has_no_column_for_is_refused_if_it_says_when_or_whose(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as database:
        database.execute(FOREIGN)
    with closing(open_store("sqlite:///foreign.db", tmp_path, DEFAULTS, writable=True)) as foreign:
        rows = [
            a_row("a", studentName="J", duration=60, price=1),
            a_row("b", duration=90),
            a_row("c", guildId=GUILD),
            a_row("d", guildId="1200000000000000000"),
        ]
        done = take(foreign, *rows)
    assert (done.added, [row.message for row in done.refused]) == (
        ["a", "c"],
        ["the table has no column for duration", "the table has no column for guildId"],
    )


def test_values_that_no_database_knows_spoil_nothing(store: Store) -> None:
    odd = {"far": 10**30, "lone": "\ud800", "deep": [[{"x": 1}]], "big": float("inf")}
    assert take(store, a_row("a", studentName="\ud800"), a_row("b") | odd, a_row("c")).added == ["a", "b", "c"]
    done = take(store, a_row("a", studentName="\ud800x"), a_row("b", LATER) | odd)
    assert (done.changed, done.refused) == (["a", "b"], [])


PEOPLE = [{"discordId": STUDENT, "kind": "student"}]
ODD: list[Any] = [None, True, 60, 90.0, "x", "", "\ud800", 10**30, [], {}, PEOPLE]
LIKELY = [START_TEXT, "CANCELLED", "NO_SHOW", "2026-10-14T13:00Z", STUDENT]
SAID = st.sampled_from(ODD + LIKELY)
NAMED = st.sampled_from(
    [
        "id",
        "status",
        "start",
        "end",
        "duration",
        "studentDiscordId",
        "studentName",
        "participants",
        "guildId",
        "discordRoleId",
        "discord_cleaned_up",
        "price",
    ]
)
WHATEVER = st.lists(
    st.tuples(st.sampled_from("abc"), st.dictionaries(NAMED, SAID, max_size=2)).map(lambda one: a_row(one[0]) | one[1]),
    max_size=3,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WHATEVER, st.sampled_from(["", "page"]))
def test_whatever_is_merged_changes_nothing_the_second_time(store: Store, rows: list[Any], source: str) -> None:
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()

    def merged(dry_run: bool = False) -> Merged:
        found = entries(data, "jsonl", foreign=not source)
        return merge(store, found, source=source, statuses=STATUSES, now=NOW, dry_run=dry_run)

    foreseen, done, again = merged(dry_run=True), merged(), merged()
    assert (foreseen[:4], again.added + again.changed) == (done[:4], [])
