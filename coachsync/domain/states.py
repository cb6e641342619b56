"""The closed sets of states that sessions, their things and their people go through. Pure."""

from __future__ import annotations

from typing import Literal

EntryState = Literal["opening", "open", "closing", "closed"]
"""Of a session's life: setup begun and not complete, complete, removal begun and not complete, over."""

ResourceState = Literal[
    "attempted", "overtaken", "refused", "made", "spare", "deleted", "written_off", "abandoned", "orphan"
]
"""Of a role, room or category: a create was or may have been sent and its answer is not known; the same, and a later
attempt took its place, so that what it may have made is only still looked for; Discord said no, or the attempt was
never sent; the session's own; made too, and to be removed (what a lost create made late, or what a replacement left);
deleted by us, or seen to be gone; an attempt that nothing came of; given up by an operator; found in the guild, as we
make them, and no booking owns it (no session's then)."""

GrantState = Literal["asked", "granted", "losing", "outside", "revoked"]
"""Of a person's access: a request that lets them in was or may have been sent; answered; they left the booking and
must lose it; they lost it, and that they are not still inside is not proven; lost for good."""

ClosedBy = Literal["", "end", "cancelled", "vanished", "operator", "abandoned", "revoked"]
"""Why a session's life ended; "" while it lives."""

Phase = Literal[
    "booked",
    "setup_due",
    "active",
    "cleanup_due",
    "cleaned",
    "cancelled",
    "missed",
    "unknown",
    "closed",
    "past",
    "invalid",
]
"""CONTRACT §7's phases."""

Room = Literal["none", "open", "waiting", "gone"]
"""Of a session, as of the last run that looked: it has none; open, with everybody let in; open, but somebody is not
in yet; it should be there and is not."""
