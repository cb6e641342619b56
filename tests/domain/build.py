"""Bookings, ledger entries and facts for tests of the pure core: everything has a default, name what matters."""

from __future__ import annotations

from typing import Any

from coachsync.domain.case import Case, Facts
from coachsync.domain.failure import Failure
from coachsync.domain.model import (
    ACTION_KINDS,
    DAY,
    HOUR,
    MINUTE,
    ActionKind,
    Entry,
    Grant,
    Millis,
    Person,
    Resource,
    Session,
)
from coachsync.domain.naming import Templates, render, short_of
from coachsync.domain.pauses import Pause
from coachsync.domain.plan import make_plan
from coachsync.domain.planned import Plan, Scope
from coachsync.domain.windows import Policy

START: Millis = 1_792_069_200_000  # 2026-10-15T13:00:00Z
END: Millis = START + HOUR
OPENS: Millis = START - 3 * HOUR
LATE: Millis = START - 2 * HOUR
OVER: Millis = END + HOUR

GUILD, OTHER_GUILD = "1100000000000000000", "1200000000000000000"
STUDENT, COACH, SOMEBODY = "1300000000000000001", "1300000000000000002", "1300000000000000003"

POLICY = Policy(
    bookable=frozenset({"SCHEDULED", "CONFIRMED", "IN_PROGRESS"}),
    cancelled=frozenset({"CANCELLED"}),
    completed="COMPLETED",
    setup_opens=3 * HOUR,
    setup_by=2 * HOUR,
    cleanup_after=HOUR,
    catch_up=True,
)
PUNCTUAL = POLICY._replace(catch_up=False)
TEMPLATES = Templates("Session {short}", "🎤 coaching-{short}")
BROKEN = Failure("invalid", "studentDiscordId is the number 13", "write it as text")


def a_session(
    session_id: str = "abc12345",
    *,
    minutes: int = 60,
    student: str | None = STUDENT,
    coach: str | None = COACH,
    student_name: str = "John Doe",
    coach_name: str = "Coach Sarah",
    **changes: Any,
) -> Session:
    """Return a bookable session from 13:00 to 14:00 that nothing was done for; its end follows its start."""
    start = changes.get("start", START)
    plain = Session(
        id=session_id,
        status="SCHEDULED",
        start=start,
        end=start + minutes * MINUTE,
        guild_id=GUILD,
        people=(),
        set_up=False,
        cleaned_up=False,
        channel_id=None,
        role_id=None,
    )
    people = (Person(student, "student", student_name), Person(coach, "coach", coach_name))
    return plain._replace(people=people, **changes)


def marked(session: Session) -> Session:
    """Return the session as the store shows it once its room is open."""
    return session._replace(set_up=True, channel_id=f"15{session.start}", role_id=f"14{session.start}")


def an_entry(session: Session, **changes: Any) -> Entry:
    """Return the ledger's entry of a session whose room is open and whose people are in."""
    names = render(session, TEMPLATES, short_of(session.id))
    entry = Entry(
        session_id=session.id,
        guild_id=session.guild_id,
        access="role",
        short=names.short,
        role_name=names.role,
        channel_name=names.channel,
        start=session.start,
        end=session.end,
        setup_start=session.start,
        state="open",
        people=session.people,
        resources=[
            Resource("role", names.role, session.guild_id, "made", snowflake=f"14{session.start}"),
            Resource("channel", names.channel, session.guild_id, "made", snowflake=f"15{session.start}"),
        ],
        grants=[Grant(p, "granted", observer=p in session.observers) for p in session.ids],
    )
    for name, value in changes.items():
        setattr(entry, name, value)
    return entry


def closed_entry(session: Session, by: str, **changes: Any) -> Entry:
    """Return the ledger's entry of a session whose life is over."""
    entry = an_entry(session, state="closed", closed_by=by, closed_start=session.start)
    for resource in entry.resources:
        resource.state = "deleted"
    for grant in entry.grants:
        grant.state = "revoked"
    for name, value in changes.items():
        setattr(entry, name, value)
    return entry


def facts(
    now: Millis,
    *,
    policy: Policy = POLICY,
    first_run_at: Millis = 0,
    store_empty: bool = False,
    brought_over: frozenset[tuple[str, Millis]] = frozenset(),
    pauses: tuple[Pause, ...] = (),
) -> Facts:
    """Return what a plan depends on beside the sessions."""
    return Facts(now, policy, first_run_at, TEMPLATES, store_empty, brought_over=brought_over, pauses=pauses)


def a_pause(session_id: str = "", guild_id: str = "", **changes: Any) -> Pause:
    """Return a pause of everything, or of what is named, from days before the start to days after it."""
    return Pause(session_id, guild_id, START - 2 * DAY, START + 2 * DAY)._replace(**changes)


def scope(*kinds: ActionKind, named: set[str] | None = None, force: bool = False, abandon: bool = False) -> Scope:
    """Return what a call may do: everything, where no kind is named."""
    return Scope(frozenset(kinds or ACTION_KINDS), frozenset(named) if named is not None else None, force, abandon)


def case(session: Session, entry: Entry | None, policy: Policy, now: Millis) -> Case:
    """Return a session at one moment."""
    return Case.of(session, entry, Facts(now, policy, 0, TEMPLATES))


def plan_of(
    *sessions: Session, now: Millis, entries: tuple[Entry, ...] = (), may: Scope | None = None, **about: Any
) -> Plan:
    """Return the plan for these sessions and entries."""
    return make_plan(sessions, {e.session_id: e for e in entries}, facts(now, **about), may or scope())


def kinds_of(plan: Plan) -> list[str]:
    """Return the plan's action kinds in order."""
    return [a.kind for a in plan.actions]


def codes_of(plan: Plan) -> list[str]:
    """Return the codes of what the plan refuses."""
    return [r.failure.code for r in plan.refused]
