"""A run's report as plain, stable lines: one for each action, a summary, and the errors of failed sessions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from coachsync.clock import iso
from coachsync.domain.failure import Failure
from coachsync.domain.model import Outcome, Person, PersonKind, Report, Session
from coachsync.domain.words import MOST_NAMED, a_few
from coachsync.report.document import summary
from coachsync.report.moments import Moments
from coachsync.report.text import clean, word


def action_lines(report: Report) -> Iterator[str]:
    """Yield one line for each action: outcome, kind, session, start, who, and why or what failed."""
    for outcome in report.outcomes:
        yield action_line(outcome)


def action_line(outcome: Outcome) -> str:
    """Return "done setup abc12345 start 2026-10-14T13:00:00Z for John Doe and Coach Sarah: starts in 2 h 0 min"."""
    session = outcome.action.session
    when = f" start {iso(session.start)}" if session.start else ""
    who = people(session)
    head = f"{outcome.outcome} {outcome.action.kind} {word(session.id)}{when}{' for ' + who if who else ''}"
    why = clean(note(outcome))
    return f"{head}: {why}" if why else head


def note(outcome: Outcome) -> str:
    """Return why an action was due, or what went wrong with it."""
    if outcome.error is not None:
        return f"{outcome.error.message} ({outcome.error.code})"
    by_member = " (the room admits its people by itself)" if outcome.access == "member" else ""
    return outcome.action.reason + (by_member if outcome.action.kind == "setup" else "")


def people(session: Session) -> str:
    """Return who a session is for: names, or the ids of those without; of more than three how many more."""
    return a_few([clean(person.called) for person in session.people if person.called])


def together(people: Iterable[Person]) -> str:
    """Return "Nadja with Coach Mike"; ids for those without a name, and of more than three how many more."""
    known = [person for person in people if person.called]
    students = [clean(p.called) for p in known if p.kind == "student"]
    others = [clean(p.called) for p in known if p.kind != "student"]
    if len(known) > MOST_NAMED:
        return a_few([*students, *others])
    return " with ".join(filter(None, (a_few(students), a_few(others))))


def kinds(people: Iterable[PersonKind]) -> str:
    """Return "student", "student and coach" or "3 students and coach": one kind for each of several people."""
    return a_few([kind if n == 1 else several(n, kind) for kind, n in Counter(people).items()])


def summary_line(report: Report) -> str:
    """Return "2 setups done, 1 setup failed; 9 requests", or that nothing was due; "here" if some is another host's."""
    done = counted(summary(report.outcomes))
    if not done and report.unusable is not None:
        return "nothing was done"
    if not done:
        due = "nothing is due" if report.dry_run else "nothing was due"
        return f"{due} here" if report.elsewhere else due
    return f"{done}; {'nothing was sent' if report.dry_run else several(report.requests, 'request')}"


def elsewhere_lines(report: Report, moments: Moments) -> Iterator[str]:
    """Yield "left to host beta: guild 11…; it works with the bot 11…, since 10:03 (2 min ago)", one for each bot."""
    for left in report.elsewhere:
        guilds = f"guild{'s' if len(left.guild_ids) > 1 else ''} {', '.join(left.guild_ids)}"
        since = f"{moments.clock(left.since)} ({moments.away(min(left.since, report.now))})"
        yield f"left to host {clean(left.host)}: {guilds}; it works with the bot {clean(left.bot)}, since {since}"


def counted(found: Mapping[str, Mapping[str, int]]) -> str:
    """Return "2 setups done, 1 setup failed" of counts by action and outcome; "" if there are none."""
    told = [f"{several(n, kind)} {outcome}" for kind, ends in found.items() for outcome, n in ends.items() if n]
    return ", ".join(told)


def several(count: int, noun: str) -> str:
    """Return "1 setup", "2 setups", "3 coaches"."""
    plural = "es" if noun.endswith("ch") else "s"
    return f"{count} {noun}{plural if count != 1 else ''}"


def failures(outcomes: Iterable[Outcome]) -> Iterator[Failure]:
    """Yield what each failed, refused or deferred action failed with; the message names action and session.

    What only waits for the end of a pause did not fail.
    """
    return (failure_of_outcome(o) for o in outcomes if o.error is not None and not o.only_paused)


def failure_of_outcome(outcome: Outcome) -> Failure:
    """Return what an action that has an error failed with; the message names action and session."""
    error = outcome.error
    assert error is not None
    who = f"{outcome.action.kind} of {word(outcome.action.session.id)} {outcome.outcome}"
    return error._replace(message=f"{who}: {error.message} ({error.code})")
