"""Receipts of closed sessions."""

from __future__ import annotations

from coachsync.domain.model import HOUR, Entry, Event, Grant, Resource
from coachsync.domain.receipts import Receipt, receipt_of
from tests.domain.build import COACH, END, GUILD, START, STUDENT, a_session, an_entry

ROOM, ROLE = "1600000000000000001", "1600000000000000002"
CLOSED = END + HOUR


def closed(**changes: object) -> Entry:
    """Return the entry of a session whose room, role and access ended an hour after it."""
    entry = an_entry(a_session(), state="closed", closed_by="end")
    entry.resources = [
        Resource("role", "Session x", GUILD, "deleted", 1, 1, ROLE, START - HOUR, CLOSED),
        Resource("channel", "coaching-x", GUILD, "deleted", 1, 1, ROOM, START - HOUR, CLOSED),
    ]
    entry.grants = [Grant(STUDENT, "revoked", START - HOUR, CLOSED), Grant(COACH, "revoked", START - HOUR, CLOSED)]
    for name, value in changes.items():
        setattr(entry, name, value)
    return entry


BY_US = (Event(CLOSED, "abc12345", "channel deleted", "done", f"coaching-x ({ROOM})"),)


def given(entry: Entry) -> Receipt:
    found = receipt_of(entry, BY_US)
    assert found is not None
    return found


def test_receipt_says_who_had_access_from_when_to_when() -> None:
    assert [(h.user_id, h.kind, h.name, h.since, h.until) for h in given(closed()).held] == [
        (STUDENT, "student", "John Doe", START - HOUR, CLOSED),
        (COACH, "coach", "Coach Sarah", START - HOUR, CLOSED),
    ]


def test_deletion_is_confirmed_by_our_own_and_by_what_was_seen_to_be_gone() -> None:
    receipt = given(closed())
    assert [(m.thing.kind, m.proof, m.confirmed) for m in receipt.made] == [
        ("role", "gone", True),
        ("channel", "deleted", True),
    ]
    assert (receipt.settled, receipt.closed_at) == (True, CLOSED)


def test_what_an_operator_gave_up_proves_no_end_of_access() -> None:
    entry = closed(closed_by="abandoned")
    entry.resources[1].state, entry.resources[1].deleted_at = "abandoned", None
    receipt = given(entry)
    assert [m.proof for m in receipt.made] == ["gone", "given up"]
    assert ([h.until for h in receipt.held], receipt.settled) == ([None, None], False)


def test_access_that_ended_before_the_session_ended_whatever_is_left() -> None:
    entry = closed()
    entry.grants[0].revoked_at = START
    entry.resources[0].state, entry.resources[0].deleted_at = "spare", None
    assert [h.until for h in given(entry).held] == [START, None]


def test_each_access_of_one_person_is_told_by_itself() -> None:
    entry = closed()
    entry.grants.append(Grant(STUDENT, "revoked", START, CLOSED))
    assert [h.since for h in given(entry).held if h.user_id == STUDENT] == [START - HOUR, START]


def test_somebody_who_left_the_booking_is_told_as_former() -> None:
    entry = closed()
    entry.people = entry.people[:1]
    assert [(h.kind, h.name) for h in given(entry).held] == [("student", "John Doe"), ("former", "")]


def test_who_was_never_let_in_had_no_access() -> None:
    entry = closed()
    entry.grants[0].granted_at = None
    assert [h.user_id for h in given(entry).held] == [COACH]


def test_there_is_no_receipt_of_what_is_open_or_was_never_made() -> None:
    assert receipt_of(closed(state="open"), BY_US) is None
    assert receipt_of(closed(resources=[], grants=[]), ()) is None
