"""The sentences in which planning gives its reasons: what is wrong and what to do, one line each. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from coachsync.domain.failure import Failure
from coachsync.domain.model import DAY, HOUR, MINUTE, Entry, Millis, Person, Session
from coachsync.domain.windows import Policy

MOST_NAMED = 3
"""How many people are named where not each of them has a line; of the others it is said how many they are."""

_MOST_HINTS = 5  # of many people without an account each has one


def a_few(names: Sequence[str]) -> str:
    """Return "Ada", "Ada and Ben", "Ada, Ben and Carl"; of more than three "Ada, Ben, Carl and 5 more"."""
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


class Wording(Protocol):
    """What says what is wrong and what to do."""

    @property
    def message(self) -> str: ...

    @property
    def hint(self) -> str: ...


def told_together(wrong: Collection[Wording]) -> tuple[str, str]:
    """Return message and hint of several things that are wrong alike: of more than three messages how many more."""
    messages, hints = dict.fromkeys(w.message for w in wrong), dict.fromkeys(w.hint for w in wrong if w.hint)
    more = len(messages) - MOST_NAMED
    told = [*list(messages)[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
    return "; ".join(told), "; ".join(list(hints)[:_MOST_HINTS])


def the(person: Person, people: Sequence[Person]) -> str:
    """Return "the student"; of several students "the student Ada", or "student 3 of 5" if they have no name."""
    alike = [p for p in people if p.kind == person.kind]
    if len(alike) < 2:
        return f"the {person.kind}"
    at = next((n for n, p in enumerate(alike, 1) if p is person), 1)
    return f"the {person.kind} {person.name}" if person.name else f"{person.kind} {at} of {len(alike)}"


def call(command: str, session_id: str, option: str = "") -> str:
    """Return a command to type, safe to paste into a shell: ids come from other systems."""
    named = quoted(session_id)
    words = [option, "--", named] if session_id.startswith("-") else [named, option]
    return " ".join(["coachsync", command, *(word for word in words if word)])


def quoted(word: str) -> str:
    """Return a word as a shell takes it."""
    from shlex import quote

    return quote(word)


def abandon_command(session_id: str) -> str:
    """Return the command that ends a session of which Discord will not let us remove what is left."""
    return call("cleanup", session_id, "--abandon")


def nothing_to_do(command: str, session: Session, *, open_: bool) -> str:
    """Say why a session that an operator named needs nothing done."""
    if command == "cleanup" and session.cleaned_up:
        told = "its room is gone already"
    elif command == "cleanup":
        told = f"has no room; `{call('sessions cancel', session.id)}` keeps it from getting one"
    elif open_:
        told = "has its room already"
    else:
        told = "its room in another guild goes first: the next run removes it, the one after makes the new one"
    return f"{session.id}: {told}"


def not_bookable(session: Session, policy: Policy) -> Failure:
    """Say that a status gets no room, and how it gets one."""
    if session.status in policy.cancelled:
        hint = f"take the cancellation back with `{call('sessions restore', session.id)}`"
    else:
        wanted = meant(session.status, policy.bookable) or min(policy.bookable)
        write = call("sessions restore", session.id, f"--status {quoted(wanted)}")
        hint = f"bookable are {', '.join(sorted(policy.bookable))}; write one with `{write}`"
        hint = f"did you mean {wanted}? {hint}" if meant(session.status, policy.bookable) else hint
    return Failure("not_bookable", f"status {session.status!r} gets no room", hint)


def meant(status: str, known: Collection[str]) -> str | None:
    """Return the status that another one is but for case and white space; None if it is none of them."""
    folded = "".join(status.split()).casefold()
    return next((k for k in sorted(known) if k != status and "".join(k.split()).casefold() == folded), None)


def ended(session: Session, now: Millis) -> Failure:
    """Say that it is too late for a session."""
    return Failure(
        "ended",
        f"the session ended {span(now - session.end)} ago",
        f"move it with `{call('sessions reschedule', session.id, '--start WHEN')}`",
    )


def missed(session: Session, now: Millis) -> Failure:
    """Say that a session did not get its room."""
    what = f"ended {span(now - session.end)} ago" if now >= session.end else "its setup window has passed"
    return Failure(
        "missed",
        f"never got its room: {what}",
        f"see `{call('explain', session.id)}`; make sure that a run starts every 15 minutes",
    )


def unknown_status(session: Session, policy: Policy) -> Failure:
    """Say that nobody told what a status means."""
    known = meant(session.status, {*policy.bookable, *policy.cancelled})
    hint = "correct the booking's status, or add it under [statuses] in the configuration"
    return Failure(
        "unknown_status",
        f"status {session.status!r} is neither bookable nor cancelled, so it gets no room",
        f"did you mean {known}? {hint}" if known else hint,
    )


def accident(gone: int, rooms: int, store_empty: bool) -> Failure:
    """Say that the missing bookings look like an accident."""
    what = (
        "the session store is empty" if store_empty else f"{gone} of the guild's {rooms} open rooms lost their booking"
    )
    return Failure(
        "booking_vanished",
        f"{what}: taken for an accident, the rooms are kept to their own end",
        "bring the bookings back; if they are really gone, `coachsync run --force` removes the rooms",
    )


def emptied(losing: int, rooms: int) -> Failure:
    """Say that so many fields that became empty or unreadable look like an accident."""
    return Failure(
        "booking_vanished",
        f"{losing} of the guild's {rooms} open rooms would lose somebody whose field is empty or unreadable: taken for "
        "an accident, everybody keeps their place",
        "write the ids back; if it is meant, `coachsync run --force` carries it out",
    )


def vanished_words(entry: Entry, now: Millis) -> str:
    """Say what becomes of a room whose booking is not in the store."""
    if now >= entry.start:
        return "its booking vanished from the store after the start: the room is kept to its own end"
    return "its booking vanished from the store: it counts as cancelled once two runs 10 minutes apart missed it"


def status_refused(status: str) -> str:
    """Say of a session that is cleaned up that its table did not take the status that says so."""
    return (
        f"it is cleaned up and its status stays {status!r}, for its table refuses the completed one: name one that it"
        ' takes in [statuses] completed, or write "" there'
    )


def starts(session: Session, now: Millis) -> str:
    """Return when a session starts, as the reason of its setup."""
    if now < session.start:
        return f"starts in {span(session.start - now)}"
    return f"started {span(now - session.start)} ago"


def span(length: Millis) -> str:
    """Return a length of time in its two largest units, without a sign: "2 h 0 min", "3 d 4 h", "12 min", "45 s"."""
    length = abs(length)
    if length >= DAY:
        return f"{length // DAY} d {length % DAY // HOUR} h"
    if length >= HOUR:
        return f"{length // HOUR} h {length % HOUR // MINUTE} min"
    return f"{length // MINUTE} min" if length >= MINUTE else f"{length // 1000} s"
