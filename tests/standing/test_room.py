"""Where a session's room stands: never shown as fine if it is not."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain.case import Case
from coachsync.domain.causes import Cause, Urgency
from coachsync.domain.failure import Failure
from coachsync.domain.model import HOUR, MINUTE, Entry, Grant, Millis, Person, Resource, Session
from coachsync.standing.room import Standing, standing
from coachsync.standing.row import Known, row_of
from tests.domain.build import (
    BROKEN,
    COACH,
    END,
    GUILD,
    LATE,
    OPENS,
    OVER,
    POLICY,
    PUNCTUAL,
    SOMEBODY,
    START,
    STUDENT,
    a_session,
    an_entry,
    case,
    closed_entry,
    marked,
)

S = a_session()
ROLE, CHANNEL = (Resource(kind, "name", GUILD, "made", snowflake=f"1{i}") for i, kind in enumerate(("role", "channel")))  # type: ignore[arg-type]
UNLINKED = a_session(student=None)
IN = [Grant(STUDENT, "granted"), Grant(COACH, "granted")]
ASKED = [Grant(STUDENT, "asked"), Grant(COACH, "granted")]


def a_cause(urgency: Urgency = "soon", since: Millis = OPENS) -> Cause:
    """Return a cause that names the session."""
    return Cause("unknown_member", GUILD, "the student is away", "invite them", (S.id,), since, since, urgency)


def stands(session: Session, entry: Entry | None, now: Millis = LATE, *causes: Cause) -> Standing:
    """Return where a session's room stands."""
    return standing(case(session, entry, POLICY, now), causes)


def opened(**changes: Any) -> Entry:
    """Return the entry of a session whose room is open."""
    return an_entry(S, **changes)


@pytest.mark.parametrize(
    ("session", "entry", "room", "waiting_for"),
    [
        pytest.param(S, None, "none", (), id="nothing was made"),
        pytest.param(S, opened(), "open", (), id="everybody is in"),
        pytest.param(S, opened(state="opening", resources=[ROLE]), "none", (), id="the room is still to be made"),
        pytest.param(S, opened(state="opening", grants=ASKED), "waiting", ("student",), id="the student is not in"),
        pytest.param(S, opened(state="opening", grants=[]), "waiting", ("student", "coach"), id="nobody is in"),
        pytest.param(S, opened(state="opening"), "waiting", ("student", "coach"), id="access is not proven"),
        pytest.param(S, opened(grants=IN[:1]), "waiting", ("coach",), id="the coach is new in the booking"),
        pytest.param(UNLINKED, opened(state="opening", grants=IN[1:]), "waiting", ("student",), id="unlinked"),
        pytest.param(S, opened(resources=[CHANNEL]), "waiting", ("student", "coach"), id="the role is gone"),
        pytest.param(
            S, opened(repairs={"gone:role": 1}), "waiting", ("student", "coach"), id="the role is known to be gone"
        ),
        pytest.param(
            S,
            opened(repairs={f"gone:grant:{STUDENT}": 1}),
            "waiting",
            ("student",),
            id="the access is known to be gone",
        ),
        pytest.param(S, opened(resources=[CHANNEL], access="member"), "open", (), id="no role is needed"),
        pytest.param(S, opened(resources=[ROLE]), "gone", (), id="the room is gone"),
        pytest.param(S, opened(repairs={"gone:channel": 1}), "gone", (), id="the room is known to be gone"),
        pytest.param(S, opened(state="closing"), "open", (), id="a removal was cut short"),
        pytest.param(S, opened(state="closing", resources=[ROLE]), "none", (), id="the room was removed"),
        pytest.param(S, closed_entry(S, "operator"), "none", (), id="closed by hand"),
        pytest.param(S._replace(status="CANCELLED"), opened(resources=[ROLE]), "none", (), id="cancelled, room gone"),
        pytest.param(S._replace(status="CANCELLED"), opened(), "open", (), id="cancelled, room still there"),
        pytest.param(S._replace(status="COMPLETED"), opened(grants=ASKED), "open", (), id="nobody more is let in"),
        pytest.param(marked(S), None, "open", (), id="another system's room"),
        pytest.param(marked(S)._replace(set_up=False), None, "waiting", ("student", "coach"), id="another's, begun"),
        pytest.param(S._replace(role_id="14"), None, "none", (), id="another's role alone"),
        pytest.param(S._replace(flaw=BROKEN), opened(), "open", (), id="a row that cannot be read"),
    ],
)
def test_room_is_shown_as_it_is(session: Session, entry: Entry | None, room: str, waiting_for: tuple[str, ...]) -> None:
    found = stands(session, entry)
    assert (found.room, found.waiting_for) == (room, waiting_for)


def test_room_that_vanished_while_it_waited_is_gone() -> None:
    former = Resource("channel", "name", GUILD, "deleted", snowflake="1", made_at=5, deleted_at=9)
    assert stands(S, opened(state="opening", opened_at=5, resources=[ROLE, former])).room == "gone"
    assert stands(S, opened(state="opening", opened_at=10, resources=[ROLE, former])).room == "none"


@pytest.mark.parametrize(("now", "room"), [(END - 1, "waiting"), (END, "open"), (OVER, "open")])
def test_nobody_is_waited_for_after_the_end(now: Millis, room: str) -> None:
    assert stands(S, opened(state="opening", grants=ASKED), now).room == room


@pytest.mark.parametrize(("now", "room"), [(END - 1, "gone"), (END, "none")])
def test_room_is_missed_until_the_end(now: Millis, room: str) -> None:
    assert stands(S, opened(resources=[ROLE]), now).room == room


def test_each_person_who_is_not_in_is_waited_for() -> None:
    session = S._replace(people=(*S.people, Person(SOMEBODY, "observer"), Person(None, "observer")))
    assert stands(session, opened()).waiting_for == ("observer", "observer")


def test_student_who_was_let_in_to_observe_is_waited_for() -> None:
    entry = opened(state="opening")
    entry.grants[0].observer = True
    assert stands(S, entry).waiting_for == ("student",)


NOTHING, WAITING, GONE = None, opened(state="opening", grants=ASKED), opened(resources=[ROLE])


@pytest.mark.parametrize("entry", [NOTHING, WAITING, GONE])
@pytest.mark.parametrize(("now", "late"), [(LATE, False), (LATE + 1, True), (END - 1, True)])
def test_session_is_late_from_setup_by_on(entry: Entry | None, now: Millis, late: bool) -> None:
    found = stands(S, entry, now)
    assert (found.late, found.since) == (late, LATE if late else None)


@pytest.mark.parametrize(("now", "late"), [(START - 15 * MINUTE, False), (START - 15 * MINUTE + 1, True)])
def test_session_is_late_a_quarter_of_an_hour_before_it_begins_whatever_is_configured(now: Millis, late: bool) -> None:
    policy = POLICY._replace(setup_by=0)
    assert standing(case(S, None, policy, now)).late is late


@pytest.mark.parametrize("now", [OPENS, START, END - 1])
def test_open_room_is_never_late(now: Millis) -> None:
    assert not stands(S, opened(), now).late


@pytest.mark.parametrize(
    ("session", "late"),
    [
        (S._replace(status="WHATEVER"), True),
        (S._replace(flaw=BROKEN), True),
        (S._replace(flaw=BROKEN, start=0, end=0), False),
        (S._replace(status="CANCELLED"), False),
        (S._replace(status="CANCELLED", flaw=BROKEN), False),
    ],
)
def test_row_that_gets_no_room_by_mistake_is_late(session: Session, late: bool) -> None:
    assert stands(session, None, START).late is late


def test_session_closed_by_hand_is_not_late() -> None:
    assert not stands(S, closed_entry(S, "operator"), START).late


def test_missed_session_is_late_for_good() -> None:
    assert standing(case(S, None, POLICY, END)).late
    assert standing(case(S, None, PUNCTUAL, LATE + 1)).late


@pytest.mark.parametrize(("silence", "late"), [(45 * MINUTE, False), (45 * MINUTE + 1, True)])
def test_cleanup_is_late_when_overdue_for_longer_than_runs_may_be_silent(silence: Millis, late: bool) -> None:
    found = stands(S, opened(), OVER + silence)
    assert (found.late, found.since) == (late, OVER if late else None)


def test_session_of_a_late_cause_is_late_and_wrong_since_the_oldest_cause() -> None:
    found = stands(S, opened(), START, a_cause("late", OPENS + 5), a_cause("soon", OPENS + 1))
    assert (found.late, found.since) == (True, OPENS + 1)


def test_session_of_a_cause_that_is_not_late_is_not() -> None:
    assert not stands(S, opened(), START, a_cause("soon")).late


@pytest.mark.parametrize(
    ("entry", "session", "url"),
    [
        (opened(), S, f"https://discord.com/channels/{GUILD}/15{START}"),
        (None, marked(S), f"https://discord.com/channels/{GUILD}/15{START}"),
        (opened(resources=[ROLE]), S, None),
        (opened(repairs={"gone:channel": 1}), S, None),
        (None, S, None),
        (closed_entry(S, "end"), S, None),
    ],
)
def test_link_leads_to_a_room_that_is_there(entry: Entry | None, session: Session, url: str | None) -> None:
    assert stands(session, entry).url == url


# when the next step is due


def due(session: Session, entry: Entry | None, now: Millis, seen: Known = Known()) -> tuple[str | None, Millis | None]:  # noqa: B008 - never changes
    """Return the next action and when it is due."""
    row = row_of(case(session, entry, POLICY, now), seen)
    return row.next_action, row.next_at


@pytest.mark.parametrize("now", [OPENS, OPENS + 1, LATE, START, END - 1])
def test_setup_is_due_from_its_window_on_whenever_one_asks(now: Millis) -> None:
    assert due(S, None, now) == ("setup", OPENS)
    assert due(S, WAITING, now) == ("setup", OPENS)


def test_setup_that_was_asked_for_ahead_of_its_window_is_due_since_it_began() -> None:
    ahead = opened(state="opening", grants=ASKED, opened_at=OPENS - 5 * HOUR)
    assert due(S, ahead, OPENS - HOUR) == ("setup", OPENS - 5 * HOUR)


@pytest.mark.parametrize("now", [START, OVER, OVER + HOUR])
def test_cleanup_is_due_at_its_time_whenever_one_asks(now: Millis) -> None:
    assert due(S, opened(), now) == ("cleanup", OVER)


@pytest.mark.parametrize(
    ("seen", "moment"),
    [
        (Known(), LATE),
        (Known(last_run=LATE - 5), LATE - 5),
        (Known(last_run=LATE + 5), LATE),
        (Known(last_run=LATE - 5, causes=(a_cause(since=LATE - 9),)), LATE - 9),
    ],
)
def test_what_a_cancellation_asks_for_is_due_since_the_last_run_that_did_not_do_it(seen: Known, moment: Millis) -> None:
    assert due(S._replace(status="CANCELLED"), opened(), LATE, seen) == ("cleanup", moment)


def test_failure_of_an_open_room_is_not_shown_after_its_cause_is_gone() -> None:
    from coachsync.domain.model import Event

    error = Event(OPENS, S.id, "repair", "failed", "", Failure("missing_access", "hidden", "show it"))
    open_now: Case = case(S, opened(), POLICY, LATE)
    assert row_of(open_now, Known(error)).blocked is None
    assert row_of(open_now, Known(error, (a_cause(),))).blocked == error.failure
