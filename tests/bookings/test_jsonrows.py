"""JSON in the shapes that databases and programs write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.bookings.incoming import UnusableInputError
from tests.bookings.reading import SAMPLES, bad, entries, good
from tests.store.backends import STUDENT, a_row

START = 1_791_982_800_000  # 2026-10-14T13:00:00Z


def one(row: dict[str, Any], **way: Any) -> dict[str, Any]:
    """Return the fields of one row."""
    (entry,) = good(entries(json.dumps([row]).encode(), "json", **way))
    return entry.fields


@pytest.mark.parametrize(
    ("times", "duration"),
    [
        ({"scheduledDate": START}, None),
        ({"scheduledDate": float(START)}, None),
        ({"scheduled_date": str(START)}, None),
        ({"startTime": "2026-10-14T13:00:00Z", "endTime": "2026-10-14T14:30:00Z"}, 90),
        ({"start": "2026-10-14T15:00:00+02:00", "end": START + 90 * 60_000}, 90),
        ({"start_time": START, "duration": 90.0}, 90),
        ({"StartTime": START, "duration": "90"}, 90),
    ],
)
def test_times_are_read_by_each_name_they_go_by(times: dict[str, Any], duration: int | None) -> None:
    fields = one({"_id": "a", "status": "SCHEDULED", **times})
    assert (fields["scheduledDate"], fields.get("duration")) == (START, duration)


def test_snake_and_camel_case_are_one() -> None:
    snake = {
        "id": "a",
        "status": "SCHEDULED",
        "scheduled_date": START,
        "student_discord_id": STUDENT,
        "coach_name": "S",
    }
    assert one(snake) == {"_id": "a", "status": "SCHEDULED", "scheduledDate": START, "studentDiscordId": STUDENT,
                          "coachName": "S"}  # fmt: skip


def test_a_number_is_an_id_only_where_the_source_calls_it_its_own_way() -> None:
    assert one({"id": 17, "status": "SCHEDULED", "start": START})["_id"] == "17"
    (refused,) = bad(entries(json.dumps([{"_id": 17, "status": "x", "start": START}]).encode()))
    assert "not a non-empty text" in refused.reason
    assert "--map id=_id" in refused.hint
    (taken,) = good(entries(json.dumps([{"_id": 17, "status": "x", "start": START}]).encode(), mapped={"id": "_id"}))
    assert taken.key == "17"


def test_end_and_duration_that_differ_are_refused() -> None:
    row = {"_id": "a", "status": "SCHEDULED", "start": START, "end": START + 3_600_000, "duration": 30}
    (refused,) = bad(entries(json.dumps([row]).encode()))
    assert refused.reason == "duration is 30, but from start to end it is 60 minutes"


def test_a_local_time_is_refused_without_a_zone_and_read_with_one() -> None:
    row = {"_id": "a", "status": "SCHEDULED", "start": "2026-10-14T15:00"}
    (refused,) = bad(entries(json.dumps([row]).encode()))
    assert (refused.key, "has neither offset nor zone" in refused.reason) == ("a", True)
    assert one(row, zone="Europe/Berlin")["scheduledDate"] == START


def test_columns_are_named_by_map_and_their_times_by_its_format() -> None:
    row = {"nr": 7, "state": "confirmed", "begins": "14.10.2026 15:00", "who": f"<@{STUDENT}>", "mit": "Sarah"}
    mapped = {"id": "nr", "status": "state", "start": "begins:DD.MM.YYYY HH:mm", "student": "who", "coach": "mit"}
    assert one(row, zone="Europe/Berlin", mapped=mapped) == {
        "_id": "7", "status": "CONFIRMED", "scheduledDate": START, "studentDiscordId": STUDENT,
        "coachDiscordId": None, "coachName": "Sarah",
    }  # fmt: skip


def test_a_value_within_an_object_is_named_with_a_dot() -> None:
    row = {"_id": "a", "status": "SCHEDULED", "when": {"start": START}, "student": {"discord": {"id": STUDENT}}}
    fields = one(row, mapped={"start": "when.start", "studentDiscordId": "student.discord.id"})
    assert (fields["scheduledDate"], fields["studentDiscordId"]) == (START, STUDENT)


def test_a_row_may_name_its_own_zone() -> None:
    row = {"_id": "a", "status": "SCHEDULED", "start": "2026-10-14T15:00", "zone": "Europe/Berlin"}
    assert one(row, mapped={"timezone": "zone"})["scheduledDate"] == START
    (refused,) = bad(entries(json.dumps([row | {"zone": "Nowhere"}]).encode(), mapped={"timezone": "zone"}))
    assert refused.reason == "timezone is 'Nowhere', which is no time zone"


def test_another_spelling_of_a_field_is_no_foreign_column() -> None:
    assert one(a_row(id=[1], discord_role_id="9", DiscordRoleId="8"), foreign=True) == a_row(discordRoleId="9")


def test_what_the_contract_does_not_name_is_kept_only_if_asked_for() -> None:
    row = a_row(price=13)
    assert one(row, foreign=True) == row
    assert one(row) == a_row()


def test_the_lines_of_mongoexport_are_read() -> None:
    found = entries((SAMPLES / "mongoexport.jsonl").read_bytes(), name="bookings.jsonl")
    assert [entry.key for entry in good(found)] == ["665f1e2ab8d4c2a1f0e3b001", "665f1e2ab8d4c2a1f0e3b002"]
    assert [entry.fields["scheduledDate"] for entry in good(found)] == [START, START + 3_600_000]
    assert bad(found) == []


def test_one_bad_line_of_a_thousand_spoils_no_other() -> None:
    lines = [json.dumps(a_row(f"id{number}")) for number in range(1000)]
    lines[499] = '{"_id": "id499", "status":'
    found = entries("\n".join(lines).encode())
    assert (len(good(found)), [(entry.where, entry.reason[:15]) for entry in bad(found)]) == (
        999,
        [("line 500", "it is not JSON:")],
    )


def test_a_bad_row_of_an_array_is_named_by_its_line() -> None:
    rows = [a_row("a"), {"_id": "b", "start": "soon"}, 7, a_row("c")]
    found = entries(("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]").encode())
    assert ([e.where for e in bad(found)], [e.where for e in good(found)]) == (
        ["line 3", "line 4"],
        ["line 2", "line 5"],
    )


def test_odd_values_of_others_spoil_nothing() -> None:
    row = '{"_id": "a", "status": "SCHEDULED", "scheduledDate": 1791982800000, "x": NaN, "y": "\\ud800", "z": 1e999}'
    deep = '{"_id": "b", "x": ' + "[" * 5000 + "]" * 5000 + "}"
    found = entries(f"{row}\n{deep}\n{json.dumps(a_row('c'))}\n".encode(), "jsonl")
    assert [entry.key for entry in good(found)] == ["a", "b", "c"]


@pytest.mark.parametrize("data", [b"", b"{", b'{"x": 1}', b"5", b'{"sessions": {}}', b"\x80\x81"])
def test_what_holds_no_sessions_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(UnusableInputError):
        entries(data, "json")


KEYS = st.sampled_from(["_id", "id", "status", "start", "end", "scheduledDate", "duration", "participants", "$date"])
WRAPPERS = st.sampled_from(["$date", "$oid", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WRAPPERS, inner, max_size=2),
)
ROWS = st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=3).map(lambda rows: json.dumps(rows).encode())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60) | ROWS, st.sampled_from(["json", "jsonl", ""]))
def test_whatever_is_given_as_json_is_entries_or_a_reason(data: bytes, form: str) -> None:
    try:
        entries(data, form, zone="Europe/Berlin")
    except UnusableInputError as refused:
        assert refused.hint
