"""`participants` is read as the contract has it: who they are, each once, and what of it cannot be understood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coachsync.domain.booking import Defaults, occurs_twice, read_booking
from coachsync.domain.model import MINUTE, Person, Session
from coachsync.domain.participants import MOST_PEOPLE

NOW = 1_790_000_000_000
GUILD = "1100000000000000000"
ANNA, BEN, CARL, SARAH, OLGA = (f"130000000000000000{n}" for n in range(1, 6))


def one(who: str | None, kind: object = "student", **more: object) -> dict[str, object]:
    return {"discordId": who, "kind": kind, **more}


def read(participants: object, **fields: object) -> Session:
    good: dict[str, Any] = {"id": "abc", "status": "SCHEDULED", "scheduled_date": NOW}
    return read_booking(good | fields | {"participants": participants}, Defaults(GUILD, 60 * MINUTE), 1)


def kinds(session: Session) -> list[tuple[str | None, str]]:
    return [(person.id, person.kind) for person in session.people]


def told(session: Session) -> str:
    return "" if session.flaw is None else f"{session.flaw.message} | {session.flaw.hint}"


THREE = [one(ANNA, name="Anna"), one(SARAH, "coach"), one(OLGA, "observer", discordName=" olga ", seat=3)]


@pytest.mark.parametrize("written", [THREE, json.dumps(THREE)], ids=["array", "text"])
def test_participants_are_the_people_when_there_are_no_others(written: object) -> None:
    session = read(written)
    people = (Person(ANNA, "student", "Anna"), Person(SARAH, "coach"), Person(OLGA, "observer", discord_name="olga"))
    assert (session.people, session.flaw) == (people, None)


def test_participants_stand_beside_the_student_and_the_coach() -> None:
    session = read([one(BEN), one(OLGA, "observer")], student_discord_id=ANNA, coach_discord_id=SARAH)
    assert kinds(session) == [(ANNA, "student"), (SARAH, "coach"), (BEN, "student"), (OLGA, "observer")]


@pytest.mark.parametrize("nothing", [None, "", "  ", "null"])
def test_student_and_coach_are_people_when_participants_are_left_out(nothing: object) -> None:
    assert kinds(read(nothing)) == [(None, "student"), (None, "coach")]


def test_a_field_that_is_absent_is_nobody_beside_participants() -> None:
    assert kinds(read([one(BEN)], coach_discord_id=SARAH, student_name="Anna")) == [(SARAH, "coach"), (BEN, "student")]


def test_a_participant_without_an_id_is_not_linked_yet() -> None:
    session = read([one(None), one("", "coach"), {"kind": "observer"}])
    assert (kinds(session), session.flaw) == ([(None, "student"), (None, "coach"), (None, "observer")], None)


@pytest.mark.parametrize("order", [["observer", "student", "coach"], ["coach", "student", "observer"]])
def test_a_person_is_in_a_booking_once_as_the_kind_that_may_do_most(order: list[str]) -> None:
    listed = [one(ANNA, kind) for kind in order]
    assert kinds(read([*listed, one(BEN)])) == [(ANNA, "coach"), (BEN, "student")]


def test_a_person_keeps_the_name_that_either_entry_gives() -> None:
    assert read([one(ANNA, "observer", name="Anna"), one(ANNA)]).people == (Person(ANNA, "student", "Anna"),)


def test_a_student_who_has_no_name_is_called_as_the_participants_call_them() -> None:
    nameless = read([one(ANNA, "observer", name="Anna")], student_discord_id=ANNA)
    named = read([one(ANNA, name="Anna")], student_discord_id=ANNA, student_name="Ms Anna")
    assert [[(p.kind, p.name) for p in s.people] for s in (nameless, named)] == [
        [("student", "Anna")],
        [("student", "Ms Anna")],
    ]


def test_a_student_who_is_an_observer_too_is_the_student() -> None:
    assert kinds(read([one(ANNA, "observer")], student_discord_id=ANNA)) == [(ANNA, "student")]


def many(number: int) -> list[dict[str, object]]:
    return [one(str(int(ANNA) + n)) for n in range(number)]


def test_forty_people_are_a_booking() -> None:
    assert told(read(many(MOST_PEOPLE))) == ""


def test_forty_people_may_be_named_more_than_once() -> None:
    assert told(read([*many(MOST_PEOPLE), *many(MOST_PEOPLE)])) == ""


def test_more_than_forty_people_are_told_with_how_many() -> None:
    session = read(many(MOST_PEOPLE - 1), student_discord_id=OLGA + "1", coach_discord_id=OLGA + "2")
    assert "41 people" in told(session)
    assert "leave 1" in told(session)


def test_a_booking_of_nobody_is_told() -> None:
    assert "nobody" in told(read([]))
    assert told(read([], student_discord_id=ANNA)) == ""


@pytest.mark.parametrize("value", [{}, 7, "Anna, Ben", "{}", "[", "[" * 100_000, "[" + "1" * 5000 + "]", b"[]", True])
def test_participants_that_are_no_array_are_a_flaw_and_an_unread_person(value: object) -> None:
    session = read(value, coach_discord_id=SARAH)
    assert "participants" in told(session)
    assert [p.unread for p in session.people][-1]
    assert len(told(session)) < 200


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        (7, "participants[1] is 7"),
        (one("anna"), "participants[1].discordId"),
        (one(GUILD), "guild's id"),
        ({"discordId": 1300000000000000001, "kind": "student"}, "JavaScript rounds"),
        (one(BEN, "teacher"), "participants[1].kind"),
        (one(BEN, None), "participants[1].kind is missing"),
        (one(BEN, ["student"]), "participants[1].kind"),
        (one(BEN, name=7), "participants[1].name"),
        (one(BEN, discordName=["ben"]), "participants[1].discordName"),
    ],
)
def test_an_entry_that_cannot_be_understood_is_told_by_its_place(entry: object, where: str) -> None:
    session = read([one(ANNA), entry])
    assert where in told(session)
    assert kinds(session)[0] == (ANNA, "student")


def test_somebody_of_an_unknown_kind_counts_as_who_may_do_least() -> None:
    assert [(p.kind, p.unread) for p in read([one(BEN, "teacher")]).people] == [("observer", True)]


def test_rows_of_one_id_that_name_more_and_less_people_leave_everybody_unread() -> None:
    people = occurs_twice([read([one(ANNA), one(BEN)]), read([one(ANNA)])]).people
    assert [(p.id, p.unread) for p in people] == [(None, True)]


def test_rows_of_one_id_that_differ_in_a_kind_leave_that_person_unread() -> None:
    people = occurs_twice([read([one(ANNA), one(BEN)]), read([one(ANNA), one(BEN, "observer")])]).people
    assert [p.unread for p in people] == [False, True]
