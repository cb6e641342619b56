"""Rows that lose somebody by what they do not say any more, many at once: taken for an accident (CONTRACT §4). Pure.

A column that was emptied, or renamed, by a mistake looks like many people who left. What many bookings vanished
means is `vanished`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from coachsync.domain.case import Case
from coachsync.domain.failure import Failure
from coachsync.domain.model import Entry
from coachsync.domain.planned import Refused
from coachsync.domain.remembered import with_former, zip_places
from coachsync.domain.vanished import is_accident, rooms_of
from coachsync.domain.words import emptied


def braked(cases: Collection[Case], entries: Mapping[str, Entry]) -> dict[str, Failure]:
    """Return the guilds in which too many open rooms would lose somebody at once, with the words to say so."""
    found = {}
    losing = [case.live.guild_id for case in cases if case.live is not None and loses(case)]
    for guild in set(losing):
        rooms = rooms_of(guild, entries)
        if is_accident(losing.count(guild), rooms):
            found[guild] = emptied(losing.count(guild), rooms)
    return found


def loses(case: Case) -> bool:
    """Return whether somebody would lose an open room only by what its row does not say any more.

    That is every loss by a row that cannot be understood and, of other rows, that of a person whose field was emptied:
    not that of somebody who was replaced, nor of a booking that was cancelled or moved.
    """
    entry = case.live
    if entry is None or entry.state == "closing" or case.cleanup_due:
        return False
    if case.session.flaw is not None:
        return case.cancelled or bool(case.leavers)
    if case.cancelled or case.moved_away or case.moved_out:
        return False
    places = zip_places(case.session.people, entry.people)
    blanked = {p.id for person, before in places if person.id is None for p in before if p.id}
    return not blanked.isdisjoint(case.leavers)


def kept(case: Case) -> Case:
    """Return the case as if its row still said what it does not say any more."""
    entry, session = case.live, case.session
    if entry is None:
        return case
    if session.flaw is not None:
        return case._replace(session=session._replace(people=entry.people, status="", statuses=()))
    return case._replace(
        session=session._replace(people=with_former(session.people, entry.people, lambda person: person.id is None))
    )


def refusal_of(case: Case, accident: Failure) -> Refused:
    """Return the refusal to let somebody lose a room by accident; a row's own flaw is told first."""
    flaw = case.session.flaw
    if flaw is not None:
        accident = flaw._replace(message=f"{flaw.message}; {accident.message}", hint=f"{flaw.hint}; {accident.hint}")
    return Refused(case.session, "update", "refused", accident)
