"""Which sessions may be meant by a name that nobody goes by: a slip of the finger, a part of an id, a person's name."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from coachsync.clock import host_now, iso
from coachsync.domain.model import DAY, Millis, Session, Span
from coachsync.domain.naming import short_of
from coachsync.domain.remembered import ghost, is_rehearsal
from coachsync.domain.words import a_few

if TYPE_CHECKING:
    from coachsync.store.base import Store

_MOST = 3
_CLOSE = 0.75
_SHORTEST_PART = 3
_BACK, _AHEAD = 8 * DAY, 31 * DAY
_LOOKED_AT = 5000


def near(store: Store, name: str) -> list[Session]:
    """Return the sessions of these weeks that come nearest to a name, at most three."""
    wanted = name.strip().casefold()
    known = _of_these_weeks(store, host_now())
    found = {session.id: session for ways in (_by_id, _by_person, _by_slip) for session in ways(known, wanted)}
    return list(found.values())[:_MOST]


def hint_for(store: Store, name: str) -> str:
    """Return what to do about a name that nobody goes by: which sessions may be meant, and where all are listed."""
    listed = "`coachsync status --all` lists every session"
    may_be = [_told(session) for session in near(store, name)]
    return f"did you mean {' or '.join(may_be)}? {listed}" if may_be else listed


def _told(session: Session) -> str:
    who = a_few([person.name for person in session.people if person.name])
    about = ", ".join(filter(None, (who, iso(session.start) if session.start else "")))
    return f"{session.id} ({about})" if about else session.id


def _of_these_weeks(store: Store, now: Millis) -> list[Session]:
    found = {s.id: s for s in store.bookings.candidates(Span(now - _BACK, now + _AHEAD, now - _BACK))}
    gone = (e for e in store.ledger.live_entries() if e.session_id not in found and not is_rehearsal(e.session_id))
    found |= {e.session_id: ghost(e) for e in gone}
    return sorted(found.values(), key=lambda s: abs(s.start - now))[:_LOOKED_AT]


def _by_id(known: list[Session], wanted: str) -> Iterator[Session]:
    """Yield those whose id is the name but for case, or has it as a part."""
    for session in known:
        its = session.id.casefold()
        if wanted == its or (len(wanted) >= _SHORTEST_PART and (wanted in its or short_of(session.id) == wanted)):
            yield session


def _by_person(known: list[Session], wanted: str) -> Iterator[Session]:
    """Yield those of a person of that name, or of that Discord id."""
    for session in known:
        for person in session.people:
            words = person.name.casefold().split()
            if wanted in words or wanted == " ".join(words) or (person.id is not None and wanted == person.id):
                yield session


def _by_slip(known: list[Session], wanted: str) -> Iterator[Session]:
    """Yield those whose id, short name or a person's name is nearly the name."""
    names: dict[str, Session] = {}
    for session in known:
        people = [word for person in session.people for word in person.name.casefold().split()]
        for its in (session.id.casefold(), short_of(session.id), *people):
            names.setdefault(its, session)
    yield from (names[its] for its in get_close_matches(wanted, names, _MOST, _CLOSE))
