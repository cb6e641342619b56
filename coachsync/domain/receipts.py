"""What can be shown of a closed session: who had access from when to when, and that what was made is gone. Pure.

All of it is the ledger's: nothing that was said, and not who was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from coachsync.domain.forgotten import FORGOTTEN
from coachsync.domain.model import Entry, Event, Grant, Millis, PersonKind, Resource
from coachsync.domain.states import ClosedBy

Proof = Literal["deleted", "gone", "given up", "unknown"]
"""What says that a room or role is there no more: Discord answered its deletion; Discord said, or its whole list
showed, that it was gone; nothing, an operator gave it up; nothing."""


class Held(NamedTuple):
    """Somebody's access: `until` is None if it is not known to have ended. Who left the booking before is "former"."""

    user_id: str
    kind: PersonKind | Literal["former"]
    name: str
    since: Millis
    until: Millis | None


class Made(NamedTuple):
    """A room or role that was made for the session, and what says that it is gone."""

    thing: Resource
    proof: Proof

    @property
    def confirmed(self) -> bool:
        """Return whether Discord itself said that it is gone."""
        return self.proof in ("deleted", "gone")


class Receipt(NamedTuple):
    """What is remembered of a closed session. `closed_at` is when the last of it ended, None if that is not known."""

    entry: Entry
    held: tuple[Held, ...]
    made: tuple[Made, ...]
    closed_at: Millis | None

    @property
    def closed_by(self) -> ClosedBy:
        """Return why it was closed."""
        return self.entry.closed_by

    @property
    def settled(self) -> bool:
        """Return whether every access ended and every room and role is confirmed to be gone."""
        return all(h.until is not None for h in self.held) and all(m.confirmed for m in self.made)


def receipt_of(entry: Entry, events: Sequence[Event]) -> Receipt | None:
    """Return a closed session's receipt; None if nothing was ever made for it and nobody let in."""
    made = tuple(Made(r, _proof(r, events)) for r in entry.resources if r.snowflake is not None)
    proven = all(m.confirmed for m in made)
    held = tuple(_held(entry, grant, grant.granted_at, proven) for grant in entry.grants if grant.granted_at)
    if entry.live or not (held or made):
        return None
    ends = [*(h.until for h in held), *(m.thing.deleted_at for m in made)]
    return Receipt(entry, held, made, max((at for at in ends if at is not None), default=None))


def _held(entry: Entry, grant: Grant, since: Millis, proven: bool) -> Held:
    """Return one access. What ended with the session did not end if a room or role of it may still be there."""
    known = next((p for p in entry.people if p.id == grant.user_id), None)
    if grant.user_id == FORGOTTEN:  # what they were is known if nobody else was forgotten of this session
        nameless = [p for p in entry.people if not (p.id or p.name or p.discord_name)]
        known = nameless[0] if len(nameless) == 1 else None
    last = max((g.revoked_at or 0 for g in entry.grants), default=0)
    ended = grant.state == "revoked" and (proven or grant.revoked_at != last)
    until = grant.revoked_at if ended else None
    kind: PersonKind | Literal["former"] = "observer" if grant.observer else "former"
    if known is not None and known.observes == grant.observer:  # else they were something else before
        kind = known.kind
    return Held(grant.user_id, kind, known.name if known else "", since, until)


def _proof(thing: Resource, events: Sequence[Event]) -> Proof:
    if thing.state == "abandoned":
        return "given up"
    if thing.state != "deleted":
        return "unknown"
    by_us = any(e.what == f"{thing.kind} deleted" and e.detail.endswith(f"({thing.snowflake})") for e in events)
    return "deleted" if by_us else "gone"
