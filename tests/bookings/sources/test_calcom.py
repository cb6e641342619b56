"""A source that is a Cal.com account: the shapes are those of its API reference, version 2024-08-13."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coachsync.bookings.sources.answer import PullError
from coachsync.bookings.sources.calcom import ask
from coachsync.config.settings import StatusSettings

STATUSES = StatusSettings(("SCHEDULED",), ("CANCELLED",), "COMPLETED")
NOW = 1_791_975_600_000
FIRST, SECOND = "2026-10-20T10:00:00.000Z", "2026-10-21T10:00:00.000Z"


def booking(uid: str, status: str = "accepted", start: str = FIRST, **more: Any) -> dict[str, Any]:
    own = {"id": 1, "uid": uid, "status": status, "start": start, "end": start.replace(":00:00", ":45:00"),
           "duration": 45, "createdAt": start, "hosts": [{"id": 7, "name": "Sarah", "email": "sarah@example.org"}],
           "attendees": [{"name": "John", "email": "john@example.org", "timeZone": "Europe/Rome", "absent": False}],
           "bookingFieldsResponses": {"discord": "@john", "notes": "private"}}  # fmt: skip
    return own | more


class Account:
    """The API of an account with these bookings; `hidden` are not listed and can be looked up."""

    def __init__(self, *listed: dict[str, Any], hidden: tuple[dict[str, Any], ...] = ()) -> None:
        self.listed, self.asked = list(listed), list[str]()
        self.single = {one["uid"]: one for one in (*listed, *hidden)}

    def fetch(self, address: str) -> bytes:
        self.asked.append(address)
        parts = urlsplit(address)
        if parts.path != "/v2/bookings":
            found = self.single.get(parts.path.rpartition("/")[2])
            if found is None:
                raise PullError("api.cal.com answers 404: nothing is there", "")
            return json.dumps({"status": "success", "data": found}).encode()
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        skip, take = int(query["skip"]), int(query["take"])
        return json.dumps({"status": "success", "data": self.listed[skip : skip + take]}).encode()

    def rows(self, slugs: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        answer = ask(None, self.fetch, STATUSES, None, NOW, slugs)
        return [json.loads(line) for line in answer.content.splitlines()]


def test_booking_is_a_row_with_its_people_and_the_answers_that_are_asked_for() -> None:
    assert Account(booking("a")).rows(("discord",)) == [
        {
            "_id": "a", "status": "SCHEDULED", "start": FIRST, "end": "2026-10-20T10:45:00.000Z", "discord": "@john",
            "attendee": "john@example.org", "studentName": "John", "host": "sarah@example.org", "coachName": "Sarah",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "told"), [("cancelled", "CANCELLED"), ("rejected", "CANCELLED"), ("pending", "PENDING")]
)
def test_status_is_told_in_ours(status: str, told: str) -> None:
    assert Account(booking("a", status)).rows()[0]["status"] == told


def test_booking_that_was_moved_twice_is_one_session_at_its_last_time() -> None:
    account = Account(
        booking("a", "cancelled", rescheduledToUid="b"),
        booking("b", "cancelled", rescheduledFromUid="a", rescheduledToUid="c"),
        booking("c", start=SECOND, rescheduledFromUid="b"),
    )
    assert [(row["_id"], row["status"], row["start"]) for row in account.rows()] == [("a", "SCHEDULED", SECOND)]


def test_what_it_was_moved_from_is_looked_up_if_it_is_not_listed() -> None:
    account = Account(
        booking("c", start=SECOND, rescheduledFromUid="b"),
        hidden=(booking("b", "cancelled", rescheduledFromUid="a"),),
    )
    assert [row["_id"] for row in account.rows()] == ["a"]
    assert [urlsplit(one).path for one in account.asked[1:]] == ["/v2/bookings/b", "/v2/bookings/a"]


def test_booking_that_was_moved_and_then_cancelled_is_cancelled() -> None:
    account = Account(booking("a", "cancelled"), booking("b", "cancelled", rescheduledFromUid="a"))
    assert [(row["_id"], row["status"]) for row in account.rows()] == [("a", "CANCELLED")]


def test_seat_that_was_moved_leaves_the_booking_of_the_others() -> None:
    account = Account(booking("a"), booking("b", start=SECOND, rescheduledFromUid="a"))
    assert sorted(row["_id"] for row in account.rows()) == ["a", "b"]


def test_several_people_are_participants() -> None:
    attendees = [{"name": "John", "email": "john@example.org"}, {"name": "Zoe", "email": "zoe@example.org"}]
    (row,) = Account(booking("a", attendees=attendees)).rows()
    assert [(one["name"], one["kind"]) for one in row["participants"]] == [
        ("John", "student"), ("Zoe", "student"), ("Sarah", "coach"),
    ]  # fmt: skip


def test_all_pages_are_asked_for() -> None:
    account = Account(*(booking(f"b{n:03}") for n in range(250)))
    assert (len(account.rows()), len(account.asked)) == (250, 3)


def test_circle_of_bookings_ends() -> None:
    account = Account(
        booking("a", "cancelled", rescheduledFromUid="b"), booking("b", "cancelled", rescheduledFromUid="a")
    )
    assert len(account.rows()) in (1, 2)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"status": "error"}', b'{"status": "success", "data": {}}'])
def test_answer_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(PullError, match=r"API v2"):
        ask(None, lambda _: content, STATUSES, None, NOW)
