"""Who is invited to a calendar's event, and as what: from ATTENDEE, ORGANIZER and `X-DISCORD-…`.

An invitation is addressed by mail: a Discord id stands in a property or a parameter of its own, or in the operator's
file of people. Without --map the organizer is the coach, and who else is invited is a student.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from coachsync.bookings.fields import Directory, person_of, plain
from coachsync.store.columns import FIELD_OF

_NOBODY = frozenset(("ROOM", "RESOURCE", "GROUP"))
_KINDS = ("student", "coach", "observer")


class Guest(NamedTuple):
    """One person of an invitation; each part is "" if it is not known. `mail` is in lower case."""

    mail: str
    name: str
    discord_id: str
    discord_name: str = ""


_NOBODY_AT_ALL = Guest("", "", "")


class Invited(NamedTuple):
    """Who is invited. `told`: what `X-DISCORD-…` properties say, by field or by kind of person."""

    organizer: Guest | None
    attendees: list[Guest]
    told: dict[str, str]


def invited(event: Any, people: Directory | None) -> Invited:
    """Return who an event invites: nobody who declined, no room, and the organizer once."""
    organizer = event.get("ORGANIZER")
    if isinstance(organizer, list):
        organizer = organizer[0] if organizer else None
    host = None if organizer is None else _guest(organizer, people)
    listed = event.get("ATTENDEE", [])
    guests = []
    for one in listed if isinstance(listed, list) else [listed]:
        params = getattr(one, "params", {})
        if str(params.get("CUTYPE", "")).upper() in _NOBODY or str(params.get("PARTSTAT", "")).upper() == "DECLINED":
            continue
        guest = _guest(one, people)
        if (host is None or guest.mail != host.mail) and guest not in guests:
            guests.append(guest)
    told = {plain(str(name)[10:]): str(value).strip() for name, value in event.items() if _is_ours(str(name))}
    return Invited(host, guests, told)


def as_fields(found: Invited, kinds: Mapping[str, str], taken: Collection[str]) -> dict[str, Any]:
    """Return people by field.

    `kinds`: "student" or "coach" → "attendee" or "organizer"; `taken` are those whom --map names otherwise.
    """
    sides = {"student": "attendee", "coach": "organizer"} | dict(kinds)
    guests = list(found.attendees)
    host = [found.organizer] if found.organizer is not None else []
    if not guests and not host and not found.told:
        return {}  # a calendar that names nobody leaves people as they are
    fields: dict[str, Any] = {}
    for kind in ("student", "coach"):
        if kind in taken:
            continue
        side = guests if sides[kind] == "attendee" else host
        guest = _told(found.told, kind) or (side.pop(0) if side else _NOBODY_AT_ALL)
        fields |= _fixed(kind, guest)
    more = [_listed(guest, "student") for guest in guests if guest.discord_id or guest.name]
    observer = _told(found.told, "observer")
    if observer is not None:
        more.append(_listed(observer, "observer"))
    if "participants" not in taken:
        fields["participants"] = more or None  # who is no longer invited is no longer in
    if "guild" in found.told or "guildid" in found.told:
        fields["guildId"] = found.told.get("guildid") or found.told.get("guild")
    return fields


def _fixed(kind: str, guest: Guest) -> dict[str, Any]:
    """Return a person's three fields; what is not known is named too, so that nothing of another person stays."""
    parts = {"DiscordId": guest.discord_id, "DiscordName": guest.discord_name, "Name": guest.name}
    return {f"{kind}{part}": value or None for part, value in parts.items() if f"{kind}{part}" in FIELD_OF}


def _listed(guest: Guest, kind: str) -> dict[str, str]:
    parts = {"discordId": guest.discord_id, "discordName": guest.discord_name, "name": guest.name}
    return {key: value for key, value in parts.items() if value} | {"kind": kind}


def _told(told: Mapping[str, str], kind: str) -> Guest | None:
    """Return the person that the event's own properties say: X-DISCORD-STUDENT, X-DISCORD-STUDENT-ID or -NAME."""
    value = told.get(f"{kind}id") or told.get(f"{kind}discordid") or told.get(kind) or ""
    user_name = told.get(f"{kind}discordname") or told.get(f"{kind}username") or told.get(f"{kind}name") or ""
    if not value and not user_name:
        return None
    found = person_of(value, None) or ""
    return Guest("", "", found or (value if value.isdigit() else ""), user_name or ("" if found else value))


def _guest(one: Any, people: Directory | None) -> Guest:
    params = getattr(one, "params", {})
    mail = str(one).strip()
    mail = mail[7:] if mail[:7].lower() == "mailto:" else mail
    name = str(params.get("CN", "")).strip().strip('"')
    own = str(params.get("X-DISCORD-ID", "")).strip()
    found = person_of(own, people) or person_of(mail, people) or (person_of(name, people) if name else None) or ""
    if "@" in name or not name:
        name = mail.partition("@")[0]  # an address in a room's name would be seen by everybody there
    return Guest(mail.lower(), name, found, str(params.get("X-DISCORD-NAME", "")).strip())


def _is_ours(name: str) -> bool:
    return name.upper().startswith("X-DISCORD-")
