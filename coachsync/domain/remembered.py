"""A booking and what the ledger remembers of it, held against each other; what there is no booking of. Pure."""

from __future__ import annotations

from collections.abc import Callable

from coachsync.domain.model import Entry, Person, Session

_REHEARSAL = ("coachsync:", ":rehearse")


def rehearsal_id(guild_id: str) -> str:
    """Return the id under which the ledger keeps what `doctor --rehearse` makes in a guild.

    Its last eight characters are the short name, so that the role and the room say what they are.
    """
    return guild_id.join(_REHEARSAL)


def is_rehearsal(session_id: str) -> bool:
    """Return whether an entry of the ledger is a rehearsal's: there never was a booking, and nobody is let in."""
    return session_id.startswith(_REHEARSAL[0]) and session_id.endswith(_REHEARSAL[1])


def ghost(entry: Entry) -> Session:
    """Return what the ledger remembers of a booking that is not in the store any more."""
    return Session(
        id=entry.session_id,
        status="",
        start=entry.start,
        end=entry.end,
        guild_id=entry.guild_id,
        people=entry.people,
        set_up=entry.state == "open",
        cleaned_up=False,
        channel_id=None,
        role_id=None,
    )


def believed(session: Session, entry: Entry | None) -> Session:
    """Return a row that cannot be understood with what the ledger remembers in its place.

    That is its times, its guild, and whoever stood in a field that became unreadable: they keep their place.
    """
    if session.flaw is None or entry is None or not entry.live:
        return session
    people = with_former(session.people, entry.people, lambda person: person.unread)
    kinds = {person.id: person.kind for person in entry.people if person.id}
    people = tuple(
        p._replace(kind=kinds.get(p.id or "", p.kind)) for p in people
    )  # who they are changes nothing either
    return session._replace(start=entry.start, end=entry.end, guild_id=entry.guild_id, people=people)


def with_former(
    people: tuple[Person, ...], former: tuple[Person, ...], lost: Callable[[Person], bool]
) -> tuple[Person, ...]:
    """Return a booking's people, with whoever may have stood in their place before for those that are `lost`."""
    found: list[Person] = []
    for person, before in zip_places(people, former):
        found += before if lost(person) and before else [person]
    return tuple(p for at, p in enumerate(found) if p.id is None or p.id not in {q.id for q in found[:at]})


def zip_places(people: tuple[Person, ...], former: tuple[Person, ...]) -> list[tuple[Person, tuple[Person, ...]]]:
    """Return each person with whoever may have stood in their place before: themselves, else who stood there.

    If more or less people are named than before, or who stood there is named elsewhere now, that is all who are not
    named any more.
    """
    known = {person.id: person for person in former if person.id}
    named = {person.id for person in people if person.id}
    rest = tuple(person for person in former if person.id not in named)
    as_many = len(people) == len(former)
    pairs = []
    for at, person in enumerate(people):
        before: tuple[Person, ...] = rest
        if person.id in known:
            before = (known[person.id],)
        elif as_many and former[at].id not in named:
            before = (former[at],)
        elif not person.unread and _as_many_unlinked(people, former):
            before = ()
        pairs.append((person, before))
    return pairs


def _as_many_unlinked(people: tuple[Person, ...], former: tuple[Person, ...]) -> bool:
    """Return whether there were as many without an account before: nobody's id went away."""
    now = sum(person.id is None and not person.unread for person in people)
    return now <= sum(person.id is None for person in former)


def follow(entry: Entry, session: Session) -> None:
    """Take over the booking's latest times and people into the entry: they outlive the booking."""
    entry.start, entry.end = session.start, session.end
    entry.people = session.people
    entry.missing_first = entry.missing_last = None


def marks_of(entry: Entry) -> tuple[bool, bool, str | None, str | None]:
    """Return what the store should say of a live entry: set up, cleaned up, role id, channel id."""
    role, channel = entry.current("role"), entry.current("channel")
    return entry.state == "open", False, role.snowflake if role else None, channel.snowflake if channel else None


def _marks(session: Session) -> tuple[bool, bool, str | None, str | None]:
    return session.set_up, session.cleaned_up, session.role_id, session.channel_id


def _told(session: Session) -> tuple[object, ...]:
    return (session.start, session.end, session.people)


def _known(entry: Entry) -> tuple[object, ...]:
    return (entry.start, entry.end, entry.people)


def disagrees(session: Session, entry: Entry) -> bool:
    """Return whether store and ledger do not say the same of a live session: marks, times or people."""
    return _marks(session) != marks_of(entry) or _told(session) != _known(entry)
