"""What `status` may have to show: the situations that the snapshots draw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from coachsync.domain.case import Case, Facts
from coachsync.domain.causes import Cause, Urgency, in_order
from coachsync.domain.failure import Failure
from coachsync.domain.hosts import HostRuns
from coachsync.domain.model import HOUR, MINUTE, Entry, Event, Grant, Millis, Person, Session
from coachsync.report.moments import Moments
from coachsync.report.status import StatusView
from coachsync.standing.health import LastTick
from coachsync.standing.hosts import Hosts
from coachsync.standing.row import Known, row_of
from coachsync.store.leases import LeaseHolder
from tests.domain.build import POLICY, a_session, an_entry

ZONE = ZoneInfo("Europe/Berlin")
NOW: Millis = int(datetime(2026, 11, 26, 7, 55, tzinfo=ZONE).timestamp() * 1000)
TICK = LastTick(NOW - 5 * MINUTE, NOW - 4 * MINUTE, 1, 4 * MINUTE, False)
UUIDS = (
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "de305d54-75b4-431b-adb2-eb6b9e546014",
)


def at(hour: int, minute: int = 0, day: int = 26, month: int = 11, year: int = 2026) -> Millis:
    """Return a moment by the clock of these tests' zone."""
    return int(datetime(year, month, day, hour, minute, tzinfo=ZONE).timestamp() * 1000)


def booked(session_id: str, start: Millis, student: str, coach: str, **changes: Any) -> Session:
    """Return a booking."""
    return a_session(session_id, start=start, student_name=student, coach_name=coach)._replace(**changes)


def unlinked_student(session: Session) -> Session:
    """Return a booking whose student has linked no account."""
    student, *others = session.people
    return session._replace(people=(student._replace(id=None), *others))


def waiting(session: Session) -> Entry:
    """Return the entry of a session whose student is not in."""
    grants = [Grant(i, "asked" if n == 0 else "granted") for n, i in enumerate(session.ids)]
    return an_entry(session, state="opening", grants=grants)


def cause(
    code: str, message: str, hint: str, *sessions: Session, urgency: Urgency = "soon", since: Millis = NOW - MINUTE
) -> Cause:
    """Return something that is wrong."""
    ids = tuple(session.id for session in sessions)
    return Cause(code, "1100000000000000000" if ids else "", message, hint, ids, since, NOW - 4 * MINUTE, urgency)


def view(
    sessions: Sequence[tuple[Session, Entry | None]],
    causes: Sequence[Cause] = (),
    tick: LastTick | None = TICK,
    errors: dict[str, Failure] | None = None,
    when: Moments | None = None,
) -> StatusView:
    """Return what `status` shows of these sessions."""
    facts = Facts(NOW, POLICY, NOW - 90 * 24 * HOUR)
    rows = []
    for session, entry in sessions:
        failure = (errors or {}).get(session.id)
        error = None if failure is None else Event(NOW, session.id, "setup", "failed", "", failure)
        named = tuple(c for c in causes if session.id in c.sessions)
        rows.append(row_of(Case.of(session, entry, facts), Known(error, named, NOW - 4 * MINUTE)))
    known = {session.id: session for session, _ in sessions}
    return StatusView(rows, in_order(causes), known, tick, when or Moments(NOW, ZONE))


def _no_user(session: Session) -> Cause:
    return cause(
        "unknown_user",
        "the student is no Discord user (1575419315937607999)",
        "correct the Discord id in the booking; the next run lets them in",
        session,
    )


def morning() -> StatusView:
    """One student who cannot be let in, one open room, one session to come."""
    held = booked("d6n9g503", at(10, 3), "Bartholomäus von Hohenstein", "Coach Sarah")
    john = booked("abc12345", at(10, 23), "John", "Coach Sarah")
    emma = booked("xyz54321", at(9, day=27), "Emma", "Coach Mike")
    return view([(john, an_entry(john)), (emma, None), (held, waiting(held))], [_no_user(held)])


def all_well() -> StatusView:
    """Nothing needs anybody."""
    john = booked("abc12345", at(7, 30), "John", "Coach Sarah")
    emma = booked("xyz54321", at(18), "Emma", "Coach Mike")
    return view([(john, an_entry(john)), (emma, None)])


def empty() -> StatusView:
    """No session and no run yet."""
    return view([], tick=None)


def uuids() -> StatusView:
    """Ids of a booking system that makes UUIDs."""
    first, second, third = (
        booked(i, at(10 + n), name, "Coach Sarah")
        for n, (i, name) in enumerate(zip(UUIDS, ("Nadja", "John", "Emma"), strict=True))
    )
    return view([(first, waiting(first)), (second, an_entry(second)), (third, None)], [_no_user(first)])


def long_names() -> StatusView:
    """Names and ids that no terminal was made for."""
    long = booked(
        "booking/2026-11-26T09:00:00Z/" + "0123456789abcdef" * 4,
        at(10),
        "Maria del Carmen Rodríguez y García de la Concepción",
        "Professor Dr. Wolfeschlegelsteinhausenbergerdorff",
    )
    word = booked(
        "u2", at(11), "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "Al"
    )
    gone = cause(
        "access_unproven",
        "its room vanished again after it was repaired once: left so",
        f"see Discord's audit log for who changes it; `coachsync cleanup {long.id}`, then"
        f" `coachsync setup {long.id}` makes it anew",
        long,
        urgency="late",
        since=at(22, 10, day=25),
    )
    return view([(long, an_entry(long, resources=[])), (word, an_entry(word))], [gone])


def wide_letters() -> StatusView:
    """Letters of two columns, emoji, and letters that combine."""
    chinese = booked("sess-001", at(9, 30), "李小龍", "山田 太郎先生")
    korean = booked("sess-002", at(10), "김민수", "👩🏽‍🏫 Coach Ana")
    combined = booked("sess-003", at(11), "Ze\u0301 Antônio", "สมชาย ใจดี")
    return view([(chinese, an_entry(chinese)), (korean, waiting(korean)), (combined, None)], [_no_user(korean)])


def outage() -> StatusView:
    """A refused token: one thing that is wrong, five sessions that wait for it; and no run for hours."""
    people = (
        ("Nadja", "Mike"),
        ("John", "Coach Sarah"),
        ("Emma", "Coach Mike"),
        ("Li Wei", "Coach Ana"),
        ("Sam", "Al"),
    )
    sessions = [booked(f"sess{n}aaa", at(8 + n // 4, 15 * (n % 4)), *names) for n, names in enumerate(people)]
    refused = cause(
        "unauthorized",
        "Discord refused the bot token",
        "copy a new one from the developer portal into the token file",
        *sessions,
        urgency="late",
        since=at(5, 15),
    )
    silent = cause(
        "no_tick",
        "no run finished for 2 h 40 min",
        "see whether cron or the timer is alive and calls `coachsync run`; then run it once by hand",
        urgency="late",
        since=at(6),
    )
    tick = LastTick(at(5, 15), at(5, 15), 3, NOW - at(5, 15), True)
    return view([(s, None) for s in sessions], [refused, silent], tick)


def odds() -> StatusView:
    """What is blocked without being a cause, what is over, another year, and a note."""
    unlinked = unlinked_student(booked("unl00001", at(12), "Nadja", "Mike"))
    nameless = booked("nam00001", at(9, day=4, month=12), "", "")
    unnamed = unlinked_student(booked("nob00001", at(9, day=5, month=12), "", "Coach Sarah"))
    missed = booked("mis00001", at(15, day=25), "John", "Coach Sarah")
    next_year = booked("new00001", at(9, day=26, year=2027), "Emma", "Coach Mike")
    cancelled = booked("can00001", at(16), "Li Wei", "Coach Ana", status="CANCELLED")
    unknown = booked("pen00001", at(17), "Sam", "Al", status="PENCILLED_IN")
    broken = booked("bad00001", 0, "Otto", "Al")._replace(
        end=0, flaw=Failure("invalid", "scheduledDate is missing", "write it in milliseconds")
    )
    category = cause(
        "category_gone",
        "the category is gone: rooms are made without one",
        "set [discord] category_id",
        urgency="note",
        since=at(9, day=3),
    )
    return view(
        [(s, None) for s in (unlinked, nameless, unnamed, missed, next_year, cancelled, unknown, broken)], [category]
    )


def crowd() -> StatusView:
    """People beside student and coach, a removal that is overdue, and a person without a name."""
    group = booked("grp00001", at(9), "Nadja", "Mike")
    group = group._replace(people=(*group.people, Person("1300000000000000007", "observer", "Olga")))
    over = booked("ovr00001", at(3), "John", "Coach Sarah")
    left = cause(
        "missing_permission",
        "the bot may not delete the room",
        "give the bot Manage Channels",
        over,
        urgency="late",
        since=at(5),
    )
    many = booked("cls00001", at(11), "Ada Lovelace", "Bartholomäus von Hohenstein")
    others = (Person(f"130000000000000001{n}", "student", f"Student {n}") for n in range(6))
    many = many._replace(people=(*many.people, *others))
    return view([(group, an_entry(group)), (over, an_entry(over)), (many, an_entry(many))], [left])


def hosts() -> StatusView:
    """Three hosts that share a store: one works, one waits, one runs no more."""
    john = booked("abc12345", at(7, 30), "John", "Coach Sarah")
    silent = cause(
        "host_silent", "host coaching-c runs no more, while others go on", "see whether it is up", urgency="note"
    )._replace(about="coaching-c")
    runs = (
        HostRuns("coaching-a", "0.2.0", NOW - MINUTE, None, None, True, NOW - 16 * MINUTE, 12, 0),
        HostRuns("coaching-b", "0.2.0", NOW - 5 * MINUTE, NOW - 4 * MINUTE, 3, True, NOW - 19 * MINUTE, 12, 1),
        HostRuns("coaching-c", "0.1.9", at(3, 15), at(3, 15), 0, True, at(3, 15), 12, 18),
    )
    leases = (LeaseHolder("1100000000000000009", "coaching-a", NOW - MINUTE, NOW + MINUTE, 5000),)
    found = view([(john, an_entry(john))], [silent], TICK._replace(host="coaching-b"))
    return found._replace(hosts=Hosts(runs, leases, frozenset({"coaching-c"})))


SITUATIONS = {
    f.__name__: f for f in (morning, all_well, empty, uuids, long_names, wide_letters, outage, odds, crowd, hosts)
}
