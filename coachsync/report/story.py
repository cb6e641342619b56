"""One session's whole story: who, when, what is wrong, what was done when, what comes next. Names go before ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from coachsync.clock import iso
from coachsync.domain.case import Case
from coachsync.domain.causes import Cause
from coachsync.domain.happenings import Happening, fold
from coachsync.domain.model import MINUTE, Entry, Event, Grant, Millis, Person, Resource, Session
from coachsync.domain.remembered import is_rehearsal
from coachsync.domain.states import Room
from coachsync.domain.user_names import Lookup, in_words, lookup_of
from coachsync.domain.windows import cleanup_at
from coachsync.report.ahead import ahead
from coachsync.report.document import VERSION, cause_document, session_document
from coachsync.report.lines import together
from coachsync.report.moments import Moments
from coachsync.report.text import clean, word
from coachsync.standing.row import StatusRow

if TYPE_CHECKING:
    from coachsync.store.leases import LeaseHolder

_ROOMS: dict[Room, str] = {
    "none": "no room",
    "open": "its room is open",
    "waiting": "its room is open, not everybody is let in",
    "gone": "its room is gone",
}
_GRANTS = {
    "asked": "asked for, the answer is not known",
    "granted": "let in",
    "losing": "to lose access",
    "outside": "lost access; may still be inside",
    "revoked": "lost access",
}


class SessionStory(NamedTuple):
    """What is known of a session.

    `booked`: its booking is in the store. `events` are the ledger's, oldest first. `silent` is what keeps every run
    from doing anything. `hosts`: several hosts share the store, so that it is told which did what. `holder` is the one
    that works now with the bot of its guild.
    """

    row: StatusRow
    case: Case
    events: tuple[Event, ...]
    booked: bool = True
    silent: tuple[Cause, ...] = ()
    hosts: bool = False
    holder: LeaseHolder | None = None


class Labelled(NamedTuple):
    """One line of a story: what stands at its head, and the text."""

    head: str
    text: str


class Part(NamedTuple):
    """Lines under a title; "" for what needs none. `wrong`: it tells what is wrong."""

    title: str
    lines: tuple[Labelled, ...]
    wrong: bool = False


def sections(story: SessionStory, moments: Moments) -> list[Part]:
    """Return the story's parts that have something to say, in the order in which they are read."""
    parts = [
        Part("", tuple(_who(story, moments))),
        *(Part("", tuple(_wrong(told, story, moments)), wrong=True) for told in _wrongs(story)),
        Part("next", (Labelled("", _ahead(story, moments)), *_under_way(story, moments))),
        Part("people", tuple(_people(story, moments))),
        Part("in Discord", tuple(_things(story, moments))),
        Part("windows", tuple(_windows(story, moments))),
        Part("what happened", tuple(_happened(story, moments))),
    ]
    return [part for part in parts if part.lines]


def _who(story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    session, entry = story.row.session, story.row.entry
    rehearsal = is_rehearsal(session.id)
    nobody = "none: `coachsync doctor --rehearse` made this, and let nobody in" if rehearsal else "nobody is named"
    yield Labelled("session", together(session.people) or nobody)
    if session.start and not rehearsal:
        length = f"{(session.end - session.start) // MINUTE} min"
        yield Labelled("starts", f"{moments.full(session.start)}; {length}, until {moments.clock(session.end)}")
    short = f", short name {word(entry.short)}" if entry is not None and entry.short != session.id else ""
    yield Labelled("id", f"{word(session.id)}{short}")
    statuses = " and ".join(word(s) for s in session.statuses or (session.status,) if s)
    booked = story.booked or rehearsal
    gone = "" if booked else "; the booking is gone from the store, this is what the ledger remembers"
    status = f", status {statuses}" if statuses else ""
    yield Labelled("phase", f"{story.row.phase}{status}: {_ROOMS[story.row.standing.room]}{gone}")
    if story.row.standing.url:
        yield Labelled("", story.row.standing.url)


class _Wrong(NamedTuple):
    code: str
    message: str
    hint: str
    cause: Cause | None = None


def _wrongs(story: SessionStory) -> Iterator[_Wrong]:
    """Yield what is wrong: the causes, and what blocks it if no cause says that."""
    row = story.row
    for cause in (*story.silent, *row.causes):
        here = cause.code == "missed" and row.blocked is not None  # the cause's own hint sends people here
        yield _Wrong(cause.code, cause.message, row.blocked.hint if here and row.blocked else cause.hint, cause)
    if row.blocked is not None and row.blocked.code not in {cause.code for cause in row.causes}:
        yield _Wrong(row.blocked.code, row.blocked.message, row.blocked.hint)


def _wrong(told: _Wrong, story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    head = "blocked by" if told.cause is None else told.cause.urgency
    yield Labelled(head, f"{_by_name(told.message, _people_of(story))} ({told.code})")
    if told.cause is not None:
        others = len(told.cause.sessions) - 1
        shared = f"; {others} more sessions wait for it" if others > 0 else ""
        yield Labelled("since", f"{moments.full(told.cause.since)}{shared}")
    yield Labelled("remedy", clean(told.hint) or f"`coachsync explain {told.code}` tells what is known of it")


def _ahead(story: SessionStory, moments: Moments) -> str:
    if not story.booked and story.case.live is None:
        rehearsal = is_rehearsal(story.case.session.id)
        return "nothing: its rehearsal is over" if rehearsal else "nothing: its booking is gone, and so is its room"
    return ahead(story.case, moments, story.row.standing.waiting_for)


def _under_way(story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    if story.holder is not None:
        since = moments.clock(story.holder.since)
        yield Labelled("", f"host {clean(story.holder.host)} works with the bot of its guild, since {since}")


def _people(story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    session, entry = story.row.session, story.row.entry
    for person in session.people:
        unread = "its field cannot be understood" if person.unread else _link(person, session, moments)
        grant = _grant(entry, person.id)
        what = _access(grant, moments) if grant is not None else "not let in"
        named = f"{clean(person.name)}: " if person.name else ""
        yield Labelled(person.kind, f"{named}{what} ({unread})")
    names = {person.id: _called(person) for person in _people_of(story)}
    for grant in entry.grants if entry is not None else ():
        if grant.user_id not in session.ids and grant.state != "revoked":
            yield Labelled("former", f"{names.get(grant.user_id, grant.user_id)}: {_access(grant, moments)}")


def _link(person: Person, session: Session, moments: Moments) -> str:
    """Return by what somebody is known: an id, with the user name that it was found by; or what was looked for."""
    lookup = lookup_of(person, session)
    if lookup is not None and lookup.user_id == person.id and person.id is not None:
        return f"Discord id {person.id}, looked up {moments.when(lookup.at)} by the user name {clean(lookup.name)}"
    if person.id is not None:
        return f"Discord id {person.id}"
    if lookup is not None:
        found = clean(in_words(lookup))
        return f"no Discord id; the user name {clean(lookup.name)} was looked up {moments.when(lookup.at)}: {found}"
    if person.discord_name:
        return f"no Discord id; the user name {clean(person.discord_name)} was not looked up"
    return "no Discord account linked"


def _grant(entry: Entry | None, person: str | None) -> Grant | None:
    if entry is None or person is None:
        return None
    of_them = [grant for grant in entry.grants if grant.user_id == person]
    return entry.grant_of(person) or (of_them[-1] if of_them else None)


def _access(grant: Grant, moments: Moments) -> str:
    if grant.granted_at is None:
        return "not let in" if grant.state == "revoked" else _GRANTS[grant.state]
    begun = f"let in {moments.when(grant.granted_at)}"
    if grant.state == "granted":
        return begun
    ended = _GRANTS[grant.state] + (f" {moments.when(grant.revoked_at)}" if grant.revoked_at is not None else "")
    return f"{begun}, {ended}"


def _things(story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    entry = story.row.entry
    if entry is None:
        return
    for thing in _shown(entry):
        identity = f" ({thing.snowflake})" if thing.snowflake else ""
        kind = "room" if thing.kind == "channel" else thing.kind
        yield Labelled(kind, f"{clean(thing.name)}{identity}: {_fate(thing, moments)}")
    if entry.access == "member":
        yield Labelled("access", "by the room itself, without a role")
    elsewhere = "" if story.case.session.guild_id == entry.guild_id else f"; booked in {story.case.session.guild_id}"
    yield Labelled("guild", f"{entry.guild_id}{elsewhere}")


def _shown(entry: Entry) -> list[Resource]:
    """Return what is there, or may be; of what is gone only the last of each kind."""
    gone = ("deleted", "refused", "written_off")
    last = {thing.kind: thing for thing in entry.resources if thing.state == "deleted"}
    here = [thing for thing in entry.resources if thing.state not in gone]
    kinds = {thing.kind for thing in here}
    return [*here, *(thing for kind, thing in last.items() if kind not in kinds)]


def _fate(thing: Resource, moments: Moments) -> str:
    made = f"made {moments.when(thing.made_at)}" if thing.made_at is not None else ""
    deleted = f"deleted {moments.when(thing.deleted_at)}" if thing.deleted_at is not None else ""
    states = {
        "attempted": f"asked for {moments.when(thing.attempt_at)}, the answer is not known",
        "overtaken": f"asked for {moments.when(thing.attempt_at)}, no answer came; it was asked for again",
        "spare": "to be removed",
        "abandoned": "given up by an operator: may still be there",
        "orphan": "no booking owns it",
    }
    return ", ".join(filter(None, (made, deleted, states.get(thing.state, "")))) or thing.state


def _windows(story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    session, policy = story.case.session, story.case.policy
    if not session.start or is_rehearsal(session.id):
        return
    late = session.start - policy.setup_by
    yield Labelled("opens", f"{moments.full(story.case.opens)}; late from {moments.clock(late)} on")
    yield Labelled("closes", moments.full(cleanup_at(session.end, policy)))


def _happened(story: SessionStory, moments: Moments) -> Iterator[Labelled]:
    people = _people_of(story)
    for happening in fold(story.events):
        text = f"{told(happening.event, people)}{_on(happening, story)}{_again(happening, moments)}"
        yield Labelled(moments.when(happening.event.at), text)


def _on(happening: Happening, story: SessionStory) -> str:
    """Return on which hosts it happened, if there are several."""
    return f", on {' and '.join(map(clean, happening.hosts))}" if story.hosts and happening.hosts else ""


def _again(happening: Happening, moments: Moments) -> str:
    return f", {happening.times} times, last {moments.clock(happening.last)}" if happening.times > 1 else ""


def _by_name(text: str, people: Sequence[Person]) -> str:
    """Return a message with the names of those whom it calls "the student (1100000000000000010)"."""
    for person in people:
        if person.name and person.id:
            text = text.replace(f"the {person.kind} ({person.id})", f"{person.name} (the {person.kind})")
    return clean(text)


def _people_of(story: SessionStory) -> tuple[Person, ...]:
    """Return the people of the booking, and before them those of the ledger, who may have left it."""
    entry = story.row.entry
    return (*(entry.people if entry is not None else ()), *story.row.session.people)


def _called(person: Person) -> str:
    return f"{clean(person.name)} (the {person.kind})" if person.name else f"the {person.kind}"


def told(event: Event, people: Sequence[Person]) -> str:
    """Return one event in words, with people by name where they are known."""
    if event.failure is not None:
        message = _by_name(event.failure.message, people)
        return f"{clean(event.what)} {clean(event.outcome)}: {message} ({event.failure.code})"
    names = {person.id: _called(person) for person in people if person.id}
    who = names.get(event.detail, f"somebody ({event.detail})" if event.detail else "somebody")
    if event.what == "let in":
        return f"{who} was let in" if event.outcome == "done" else f"{who} is not in the guild"
    if event.what == "sent away":
        return f"{who} lost access"
    kind, _, how = event.what.partition(" ")
    if kind in ("role", "channel") and (event.outcome, how) in _THINGS:
        name = clean(event.detail.rpartition(" (")[0] if event.detail.endswith(")") else event.detail)
        return _THINGS[event.outcome, how].format(kind="room" if kind == "channel" else kind, name=name)
    detail = f": {clean(event.detail)}" if event.detail else ""
    if event.what == "setup" and event.outcome == "done":
        return "setup done: the room is open"
    if event.what == "cancelled by hand, was":
        return f"cancelled by hand{f', was {clean(event.detail)}' if event.detail else ''}"
    shown = "" if event.outcome == "done" and " " in event.what else f" {clean(event.outcome)}"
    return f"{clean(event.what)}{shown}{detail}"


_THINGS = {
    ("done", "made"): "the {kind} {name} was made",
    ("done", "adopted"): "the {kind} {name} was found and taken over",
    ("done", "found twice"): "a second {kind} {name} was found: it goes",
    ("done", "deleted"): "the {kind} {name} was deleted",
    ("done", "gone"): "the {kind} {name} was found to be gone",
    ("done", "given up"): "the {kind} {name} was given up for a new one",
    ("done", "renamed"): "the {kind} was renamed: {name}",
    ("refused", "asked for"): "Discord refused the {kind} {name}",
    ("lost", "asked for"): "the answer to the request for the {kind} {name} was lost",
    ("nothing came of it", "asked for"): "nothing came of the request for the {kind} {name}",
}


def plain_lines(parts: Sequence[Part]) -> Iterator[str]:
    """Yield sections as plain lines, for a pipe."""
    for at, part in enumerate(parts):
        if at:
            yield ""
        if part.title:
            yield part.title
        width = max(len(line.head) for line in part.lines)
        indent = "  " if part.title else ""
        for line in part.lines:
            yield f"{indent}{line.head:<{width}}  {line.text}" if width else f"{indent}{line.text}"


def story_document(story: SessionStory, now: Millis) -> dict[str, Any]:
    """Return what `explain SESSION --json` prints."""
    row, entry, session = story.row, story.row.entry, story.case.session
    known = bool(session.start)
    return {
        "version": VERSION,
        "now": iso(now),
        "session": session_document(row),
        "booked": story.booked,
        "status": row.session.status or None,
        "short": entry.short if entry is not None else None,
        "guild_id": session.guild_id or None,
        "access": entry.access if entry is not None else None,
        "next": _ahead(story, Moments(now)),
        "attention": [cause_document(cause) for cause in (*story.silent, *row.causes)],
        "windows": {
            "setup_opens": iso(story.case.opens) if known else None,
            "setup_by": iso(session.start - story.case.policy.setup_by) if known else None,
            "cleanup_from": iso(cleanup_at(session.end, story.case.policy)) if known else None,
        },
        "people": [_person_document(person, row.session, _grant(entry, person.id)) for person in row.session.people],
        "resources": [_resource_document(thing) for thing in (entry.resources if entry is not None else ())],
        "events": [_event_document(happening, _people_of(story)) for happening in fold(story.events)],
    }


def _person_document(person: Person, session: Session, grant: Grant | None) -> dict[str, Any]:
    lookup = lookup_of(person, session)
    return {
        "kind": person.kind,
        "id": person.id,
        "name": person.name or None,
        "access": None if grant is None else grant.state,
        "granted_at": _moment(None if grant is None else grant.granted_at),
        "revoked_at": _moment(None if grant is None else grant.revoked_at),
        "discord_name": person.discord_name or None,
        "looked_up": None if lookup is None else _lookup_document(lookup),
    }


def _lookup_document(lookup: Lookup) -> dict[str, Any]:
    return {"at": iso(lookup.at), "result": lookup.result, "id": lookup.user_id, "found": lookup.shown or None}


def _resource_document(thing: Resource) -> dict[str, Any]:
    return {
        "kind": thing.kind,
        "id": thing.snowflake,
        "name": thing.name,
        "guild_id": thing.guild_id,
        "state": thing.state,
        "made_at": _moment(thing.made_at),
        "deleted_at": _moment(thing.deleted_at),
    }


def _event_document(happening: Happening, people: Sequence[Person]) -> dict[str, Any]:
    event, failure = happening.event, happening.event.failure
    return {
        "at": iso(event.at),
        "last_at": iso(happening.last),
        "times": happening.times,
        "what": event.what,
        "outcome": event.outcome,
        "detail": event.detail or None,
        "text": told(event, people),
        "hosts": list(happening.hosts),
        "error": None if failure is None else {"code": failure.code, "message": failure.message, "hint": failure.hint},
    }


def _moment(moment: Millis | None) -> str | None:
    return None if moment is None else iso(moment)
