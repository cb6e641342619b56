"""What of a room that should be there is not: the difference that a repair mends, once per session and kind. Pure.

A look is cheap (the guild's lists are read anyway); a channel missing from the list was asked for by itself before
it gets here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from coachsync.domain.model import Entry
from coachsync.domain.permissions import MEMBER, Overwrite

WORDS = {
    "role": "its role vanished",
    "channel": "its room vanished",
    "overwrite": "the room's permissions were changed",
    "grant": "somebody lost their access",
    "twin": "it has a second role or room",
}


class Seen(NamedTuple):
    """What Discord shows of one session: is the role there, is the channel, and with which overwrites."""

    role: bool
    channel: bool
    overwrites: Mapping[str, Overwrite]


def drift_of(entry: Entry, seen: Seen, wanted: Mapping[str, Overwrite], bot_id: str) -> tuple[str, ...]:
    """Return the kinds of drift of a complete session, in the order in which they are mended.

    Args:
        entry: the ledger's entry; its spares are twins.
        seen: what Discord shows.
        wanted: the overwrites the room should carry; more than those is nobody's drift but a moderator's wish.
        bot_id: the bot, whose own overwrite is no participant's grant.
    """
    found = []
    if entry.access == "role" and not seen.role:
        found.append("role")
    if not seen.channel:
        found.append("channel")
    elif not found:  # a role takes its overwrite along
        found += dict.fromkeys(_kind(o, bot_id) for i, o in wanted.items() if seen.overwrites.get(i) != o)
    if entry.spares():
        found.append("twin")
    return tuple(found)


def _kind(lacking: Overwrite, bot_id: str) -> str:
    personal = lacking.type == MEMBER and lacking.id != bot_id
    return f"grant:{lacking.id}" if personal else "overwrite"


def mendable(entry: Entry, drift: tuple[str, ...]) -> tuple[str, ...]:
    """Return the drift that was not repaired before; a twin is removed however often it shows up."""
    return tuple(d for d in drift if d == "twin" or not entry.repairs.get(d.partition(":")[0]))


def words(drift: tuple[str, ...]) -> str:
    """Return drift for people."""
    return "; ".join(dict.fromkeys(WORDS[d.partition(":")[0]] for d in drift))
