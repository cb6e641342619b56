"""Where a session's room stands, as far as the ledger tells: what may be shown as fine, and what may not. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coachsync.domain.case import Case
from coachsync.domain.causes import Cause
from coachsync.domain.drift import is_gone
from coachsync.domain.model import MINUTE, Entry, Millis, Person, PersonKind
from coachsync.domain.states import Room
from coachsync.domain.windows import cleanup_at

MAX_SILENCE: Millis = 45 * MINUTE
"""`[schedule] max_silence`, if nothing else is configured."""

_SOON: Millis = 15 * MINUTE
_LINK = "https://discord.com/channels"


class Standing(NamedTuple):
    """A session's room, who it waits for, whether a promise is broken, since when something is wrong, and the link.

    `waiting_for` is the kind of each person of the booking who is waited for. `since` is None if nothing is wrong.
    """

    room: Room
    waiting_for: tuple[PersonKind, ...] = ()
    late: bool = False
    since: Millis | None = None
    url: str | None = None


def standing(case: Case, causes: Sequence[Cause] = (), max_silence: Millis = MAX_SILENCE) -> Standing:
    """Return where a session's room stands. `causes` are those that name it."""
    room = _room(case)
    waiting_for = _waiting_for(case) if room == "waiting" else ()
    late_from = _late_from(case, room, max_silence)
    late = late_from is not None or any(cause.urgency == "late" for cause in causes)
    begun = [cause.since for cause in causes] or ([late_from] if late_from is not None else [])
    return Standing(room, waiting_for, late, min(begun, default=None), _url(case, room))


def _room(case: Case) -> Room:
    entry = case.live
    if entry is None:
        return _claimed(case)
    wanted = case.bookable and case.now < case.session.end and entry.state != "closing"
    if not _is_there(entry):
        return "gone" if wanted and (entry.state == "open" or _had_one(entry)) else "none"
    return "waiting" if wanted and _waiting_for(case) else "open"


def _claimed(case: Case) -> Room:
    """Return where the room of a session stands that the store alone knows: another system's, or a lost ledger's."""
    session, life = case.session, case.life
    if not life.open or case.another_times or not (session.set_up or session.channel_id):
        return "none"
    return "open" if life.complete or not case.bookable or case.now >= session.end else "waiting"


def _is_there(entry: Entry) -> bool:
    """Return whether people may sit in a room: a removal that was cut short may have left the one it began with."""
    if entry.state == "closing" and any(r.kind == "channel" for r in entry.spares()):
        return True
    return entry.current("channel") is not None and not is_gone(entry.repairs, "channel")


def _had_one(entry: Entry) -> bool:
    """Return whether a room of this life was made and vanished, or had to go."""
    rooms = [r for r in entry.resources if r.kind == "channel" and r.state == "deleted"]
    return any((r.deleted_at or 0) >= entry.opened_at > 0 for r in rooms)


def _waiting_for(case: Case) -> tuple[PersonKind, ...]:
    """Return whose access is not proven; everybody if that of the whole room is not."""
    entry = case.live
    out = [p.kind for p in case.session.people if entry is None or not _is_in(entry, p)]
    unproven = entry is None or entry.state == "opening" or _lacks_role(entry)
    everybody = [p.kind for p in case.session.people] if unproven and not out else out
    return tuple(everybody)


def _is_in(entry: Entry, person: Person) -> bool:
    if person.id is None:
        return False
    grant = entry.grant_of(person.id)
    inside = grant is not None and grant.state == "granted" and grant.observer == person.observes
    return inside and not is_gone(entry.repairs, "grant", person.id)


def _lacks_role(entry: Entry) -> bool:
    return entry.access == "role" and (entry.current("role") is None or is_gone(entry.repairs, "role"))


def _late_from(case: Case, room: Room, max_silence: Millis) -> Millis | None:
    """Return since when a promise to the session's people is broken, None if none is (OPERATOR "Causes")."""
    session, policy, phase = case.session, case.policy, case.phase
    if not session.start:
        return None
    over = cleanup_at(session.end, policy)
    if phase == "cleanup_due" and case.now - over > max_silence:
        return over
    promised = session.start - max(policy.setup_by, _SOON)
    if phase == "missed":
        return promised
    awaited = session.status in policy.bookable or phase == "unknown"
    if awaited and phase in _AWAITED and room != "open" and promised < case.now < session.end:
        return promised
    return None


_AWAITED = frozenset({"booked", "setup_due", "active", "invalid", "unknown"})


def _url(case: Case, room: Room) -> str | None:
    """Return the channel's link. Source: a channel's "Copy Link" in Discord."""
    if room not in ("open", "waiting"):
        return None
    entry, session = case.live, case.session
    if entry is None:
        return f"{_LINK}/{session.guild_id}/{session.channel_id}" if session.channel_id else None
    channel = entry.current("channel")
    return f"{_LINK}/{entry.guild_id}/{channel.snowflake}" if channel is not None and channel.snowflake else None
