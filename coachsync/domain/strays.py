"""Rooms and roles of a guild that the ledger does not know: which booking each may belong to, and what becomes of it.

A name alone proves little: two live bookings may bear the same. So the store's marks come first, then what the ledger
says of names, then a name that one booking alone may bear; if several may, the people whom a room lets in by name
decide, or nobody gets it. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from typing import NamedTuple

from coachsync.domain.case import Case
from coachsync.domain.decide import decide
from coachsync.domain.guild_objects import VOICE, Channel, Role
from coachsync.domain.model import ACTION_KINDS, ResourceKind
from coachsync.domain.naming import Templates, bare, goes_by, possible_names, same_name, same_old_name
from coachsync.domain.ownership import has_bot_overwrite
from coachsync.domain.permissions import MEMBER, ROLE
from coachsync.domain.planned import Due, Scope
from coachsync.domain.windows import cleanup_at, is_bookable

NOBODY = ""


class NameParts(NamedTuple):
    """What a name says of its session: the short name and the id in it, "" for what it does not say."""

    short: str = ""
    id: str = ""

    def fits(self, session_id: str) -> bool:
        """Return whether a session of this id may bear the name."""
        by_id = not self.id or self.id == session_id or goes_by(session_id, self.id.lower())
        return by_id and (not self.short or goes_by(session_id, self.short))


class Stray(NamedTuple):
    """A room or role that the ledger does not know. `people` are those whom a room lets in by name, `roles` all roles
    that its overwrites name."""

    kind: ResourceKind
    id: str
    name: str
    readings: tuple[NameParts, ...]
    people: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    @property
    def shorts(self) -> set[str]:
        """Return all that its session may go by."""
        return {s for reading in self.readings for s in (reading.short, reading.id, reading.id.lower()) if s}

    def short_for(self, session_id: str) -> str | None:
        """Return the short name that a session goes by if this is its room or role."""
        named = (s for r in self.readings if r.fits(session_id) for s in (r.short, r.id.lower()))
        return next((s for s in named if goes_by(session_id, s)), None)


def stray_rooms(channels: Iterable[Channel], bot_id: str, templates: Templates) -> list[Stray]:
    """Return the voice channels that bear the bot's own overwrite, oldest first."""
    found = [c for c in channels if c.type == VOICE and has_bot_overwrite(c, bot_id)]
    return [
        Stray(
            "channel",
            c.id,
            c.name,
            readings(c.name, (templates.channel, bare("{short}").channel)),
            frozenset(i for kind, i in c.overwrites if kind == MEMBER and i != bot_id),
            frozenset(i for kind, i in c.overwrites if kind == ROLE),
        )
        for c in sorted(found, key=lambda c: int(c.id))
    ]


def stray_roles(roles: Iterable[Role], templates: Templates) -> list[Stray]:
    """Return the roles that look as we make them and bear a name that the templates can make, oldest first."""
    plain = sorted((r for r in roles if not r.managed and not r.permissions), key=lambda r: int(r.id))
    found = ((r, readings(r.name, (templates.role, bare("{short}").role))) for r in plain)
    return [Stray("role", r.id, r.name, read) for r, read in found if read]


def readings(name: str, templates: Iterable[str]) -> tuple[NameParts, ...]:
    """Return what a name says of its session if one of the templates can make it."""
    plain = _plain(name)
    found = [re.fullmatch(_pattern(t), plain, re.IGNORECASE) for t in dict.fromkeys(templates)]
    groups = [match.groupdict("") for match in found if match is not None]
    return tuple(NameParts(g.get("short", "").lower(), g.get("id", "")) for g in groups)


@cache
def _pattern(template: str) -> str:
    """Return the regular expression of the names that a template can make, as `_plain` shows them."""
    pattern = re.escape(_plain(template))
    for place, letters in (("short", "[a-z0-9]+"), ("id", "[a-z0-9_-]+")):
        first = re.escape("{" + place + "}")
        pattern = pattern.replace(first, f"(?P<{place}>{letters})", 1).replace(first, f"(?P={place})")
    return pattern.replace(re.escape("{student}"), ".*").replace(re.escape("{coach}"), ".*")


def _plain(name: str) -> str:
    """Return a name as `naming.fold` compares it, but with its letters as they are: ids tell large from small."""
    kept = "".join(
        c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf" and c not in "\ufe0e\ufe0f"
    )
    return " ".join(kept.split())


def owner(stray: Stray, cases: Collection[Case]) -> str:
    """Return the id of the session that a room or role belongs to, `NOBODY` if that is not certain.

    `cases` are the guild's: every booking that may bear the name, and every entry of the ledger.
    """
    claiming = [c for c in cases if stray.id in (c.session.channel_id, c.session.role_id)]
    if claiming:
        fitting = [c for c in claiming if _fits(stray, c) or _bore(stray, c)]
        return fitting[0].session.id if len(fitting) == 1 else NOBODY
    remembered = [c for c in cases if _remembers(c, stray)]
    if remembered:
        return remembered[0].session.id if len(remembered) == 1 else NOBODY
    return _by_name(stray, [c for c in cases if _fits(stray, c) and c.live is None])


def _by_name(stray: Stray, fitting: list[Case]) -> str:
    """Return whose it is by its name alone: nobody's if several live bookings could bear it."""
    live = [c for c in fitting if not _over(c)]
    pool = live or fitting
    pool = [c for c in pool if not _has_another(c, stray)] or pool
    if len(pool) > 1:
        # by name a room lets in all of its people, or only its observers
        named = [c for c in pool if stray.people and stray.people in (set(c.session.ids), set(c.session.observers))]
        if len(named) != 1 and live:
            return NOBODY
        pool = named or sorted(pool, key=lambda c: (c.session.end, c.session.id))  # it goes, whosever it is
    return pool[0].session.id if pool else NOBODY


def _fits(stray: Stray, case: Case) -> bool:
    return any(reading.fits(case.session.id) for reading in stray.readings)


def _bore(stray: Stray, case: Case) -> bool:
    """Return whether a room that the store names bears its session's name but for symbols, as earlier ones did."""
    names = possible_names(case.session, case.facts.templates)
    return any(same_old_name(stray.name, n.channel if stray.kind == "channel" else n.role) for n in names)


def _remembers(case: Case, stray: Stray) -> bool:
    """Return whether the ledger says that a session goes by this name, or asked for it and got no answer."""
    entry = case.entry
    if entry is None:
        return False
    own = [entry.channel_name if stray.kind == "channel" else entry.role_name] if entry.live else []
    asked = [r.name for r in entry.open_attempts() if r.kind == stray.kind]
    return any(same_name(stray.name, name) for name in (*own, *asked))


def _over(case: Case) -> bool:
    """Return whether a booking needs no room any more."""
    return case.cancelled or bool(case.session.end and case.cleanup_due)


def _has_another(case: Case, stray: Stray) -> bool:
    named = case.session.channel_id if stray.kind == "channel" else case.session.role_id
    return named is not None and named != stray.id


def becomes(stray: Stray, case: Case) -> Due | None:
    """Return why a room that was found goes; None if it stays and its session takes it over."""
    session, entry = case.session, case.entry
    if case.cancelled:
        return Due("cleanup", f"status {session.status}", "cancelled")
    claimed = session._replace(channel_id=stray.id, set_up=True, cleaned_up=False)
    found = Case(claimed, None, case.facts._replace(first_run_at=0))
    due = decide(found, Scope(frozenset(ACTION_KINDS)))
    if isinstance(due, Due) and due.kind in ("cleanup", "revoke"):
        return due
    if case.closed_by_operator and entry is not None:
        return Due("cleanup", "found open after it was closed", entry.closed_by)
    if is_bookable(session, case.policy) and case.now < case.opens:
        return Due("revoke", "found open ahead of its window", "revoked")
    if session.flaw is None and case.now >= cleanup_at(session.end, case.policy):
        return Due("cleanup", "found open after its end", "end")
    return None
