"""Whether the people of the coming sessions can be let in: linked, in the guild, free to speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from coachsync.clock import iso, relative
from coachsync.discord.codes import UNKNOWN_MEMBER
from coachsync.discord.errors import DiscordError, NotFound
from coachsync.doctor.finding import doubt, fault, fine
from coachsync.doctor.look import Asked
from coachsync.domain.finding import Finding
from coachsync.domain.guild_objects import Member
from coachsync.domain.model import Millis, Person, Session
from coachsync.domain.user_names import unlinked as missing_link


class Place(NamedTuple):
    """Somebody's place in a session."""

    session: Session
    person: Person


def unlinked(coming: Iterable[Session], now: Millis) -> Iterator[Finding]:
    """Yield whose booking names no Discord user: that is known without asking."""
    for session in coming:
        for person in session.people:
            if person.id is None and not person.unread:
                hint = "write their Discord id into the booking, or have them link their account"
                what = f"{_who([Place(session, person)], now)} has no Discord account linked"
                if person.discord_name:
                    failure = missing_link(person, session)
                    what, hint = f"{_who([Place(session, person)], now)}: {failure.message}", failure.hint
                yield fault("people", what, hint, session.guild_id, session.id)


def of_people(asked: Asked, coming: Iterable[Session], now: Millis) -> Iterator[Finding]:
    """Yield who of one guild's coming sessions cannot be let in; one person is one finding."""
    guild = asked.guild
    if guild.failure is not None:
        return
    unasked: list[DiscordError] = []
    places = _places(s for s in coming if s.guild_id == guild.id)
    for user_id, held in places.items():
        if guild.is_nobody(user_id):
            what = f"{_who(held, now)}, is no person, but the bot, a role or the guild itself"
            yield fault("people", what, "correct the Discord id in the booking", guild.id, held[0].session.id)
            continue
        found = asked.members.get(user_id)
        if isinstance(found, NotFound):
            away = found.discord_code == UNKNOWN_MEMBER
            told = f", is not in {asked.called}" if away else f": {found.message}"
            what = f"{_who(held, now)}{told}"
            yield fault("people", what, found.hint, guild.id, held[0].session.id)
        elif isinstance(found, DiscordError):
            unasked.append(found)
        elif found is not None:
            yield from _of_member(found, held, guild.id, now)
            yield from _of_observer(found, held, asked, now)
    if unasked:
        what = f"{len(unasked)} of {len(places)} people could not be asked for: {unasked[0].message}"
        yield doubt("people", what, unasked[0].hint, guild.id)


def all_well(guilds: Mapping[str, Asked]) -> Finding:
    """Return that everybody who was asked for can be let in."""
    count = sum(isinstance(m, Member) for asked in guilds.values() for m in asked.members.values())
    return fine("people", f"{count} people of the coming sessions are there and free to speak")


def _places(sessions: Iterable[Session]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for session in sorted(sessions, key=lambda s: (s.start, s.id)):
        for person in session.people:
            if person.id:
                found.setdefault(person.id, []).append(Place(session, person))
    return found


def _of_member(member: Member, held: list[Place], guild_id: str, now: Millis) -> Iterator[Finding]:
    who, session = _who(held, now), held[0].session.id
    if member.pending:
        hint = "have them accept the server's rules in Discord: until then Discord lets them take part in nothing"
        yield doubt("people", f"{who} has not passed the guild's screening yet", hint, guild_id, session)
    if member.muted_until is not None and member.muted_until > now:
        what = f"{who} is timed out in the guild until {iso(member.muted_until)}: they can enter, and not speak"
        yield doubt("people", what, "in Discord, a moderator may end the time-out", guild_id, session)
    if member.quarantined:
        what = f"{who} is held back by AutoMod (their name or tag): they can enter, and not speak"
        yield doubt("people", what, "in Discord, a moderator may release them from quarantine", guild_id, session)


def _of_observer(member: Member, held: list[Place], asked: Asked, now: Millis) -> Iterator[Finding]:
    """Yield that somebody who only observes is an administrator: no room keeps them from speaking."""
    observed = [place for place in held if place.person.observes]
    owns = asked.facts is not None and asked.facts.owner_id == member.id
    if observed and (owns or asked.guild.is_administrator(member)):
        what = f"{_who(observed, now)} is {'the owner' if owns else 'an administrator'} of {asked.called}"
        hint = "Discord lets them speak and write in every room: book somebody else if they must not"
        yield doubt("people", f"{what}, whom no room can silence", hint, asked.guild.id, observed[0].session.id)


def _who(held: list[Place], now: Millis) -> str:
    """Return "Nadja, student of abc12345 in 2 h 10 min (and 2 more sessions)"."""
    session, person = held[0]
    when = relative(session.start, now)
    name = f"{person.name} ({person.id})" if person.name and person.id else person.called
    name = f"{name}, {person.kind}" if name else f"the {person.kind}"
    sessions = len({place.session.id for place in held})
    more = f" (and {sessions - 1} more sessions)" if sessions > 1 else ""
    return f"{name} of {session.id} {when}{more}"
