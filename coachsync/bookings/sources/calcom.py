"""A source that is a Cal.com account: its bookings by API v2, a booking that moves staying one session.

Cal.com moves a booking by cancelling it and making a new one, which names the old one's uid. Here a booking goes by the
uid of the first of such a chain, with the times and people of the last.
Source: Cal.com's API reference, version 2024-08-13: https://cal.com/docs/api-reference/v2/bookings/get-all-bookings and
`BookingOutput_2024_08_13` in https://github.com/calcom/cal.com (packages/platform/types/bookings)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from coachsync.bookings.fields import Directory
from coachsync.bookings.sources.answer import LARGEST, PullError, SourceAnswer, too_large
from coachsync.config.settings import StatusSettings
from coachsync.domain.model import DAY, Millis

ADDRESS = "https://api.cal.com/v2/bookings"
HEADERS = {"cal-api-version": "2024-08-13"}
_PAGE = 100
_MOST_PAGES = 200
_MOST_LOOKUPS = 50
_BEHIND: Millis = 7 * DAY
_OVER = frozenset({"cancelled", "rejected"})
_WAITING = frozenset({"pending", "awaiting_host"})

Fetch = Callable[[str], bytes]
"""Returns what an address answers; raises PullError."""

Booking = dict[str, Any]


def ask(
    address: str | None,
    fetch: Fetch,
    statuses: StatusSettings,
    people: Directory | None,
    now: Millis,
    slugs: Collection[str] = (),
) -> SourceAnswer:
    """Return an account's bookings, one JSON object a line, with the answers to these questions. Raises PullError."""
    listed = _listed(address or ADDRESS, fetch, now)
    roots = _roots(listed, lambda uid: _looked_up(address or ADDRESS, fetch, uid))
    encode = msgspec.json.encode
    lines = [encode(_row(listed[last], root, statuses, people, slugs)) for root, last in sorted(roots.items())]
    return SourceAnswer(b"\n".join(lines) + b"\n" if lines else b"")


def _listed(address: str, fetch: Fetch, now: Millis) -> dict[str, Booking]:
    """Return all bookings that start from a week ago on, by uid."""
    found: dict[str, Booking] = {}
    size = 0
    since = datetime.fromtimestamp((now - _BEHIND) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for page in range(_MOST_PAGES):
        asked = {"afterStart": since, "sortStart": "asc", "take": str(_PAGE), "skip": str(page * _PAGE)}
        content = fetch(_with(address, asked))
        size += len(content)
        if size > LARGEST:
            raise too_large()
        bookings = _data(content)
        if not isinstance(bookings, list):
            raise _odd()
        found |= {b["uid"]: b for b in bookings if isinstance(b, dict) and isinstance(b.get("uid"), str) and b["uid"]}
        if len(bookings) < _PAGE:
            return found
    raise PullError(f"it has more than {_MOST_PAGES * _PAGE} bookings", "narrow it: ?eventTypeIds=… behind its url")


def _with(address: str, asked: Mapping[str, str]) -> str:
    """Return an address that asks this, too; what stands there already wins, but for the page."""
    parts = urlsplit(address)
    own = dict(parse_qsl(parts.query))
    pages = {name: asked[name] for name in ("take", "skip")}
    return urlunsplit(parts._replace(query=urlencode({**asked, **own, **pages})))


def _looked_up(address: str, fetch: Fetch, uid: str) -> Booking | None:
    parts = urlsplit(address)
    path = f"{parts.path.rstrip('/')}/{quote(uid, safe='')}"
    try:
        found = _data(fetch(urlunsplit(parts._replace(path=path, query=""))))
    except PullError as problem:
        if "answers 404" in problem.message or "answers 403" in problem.message:
            return None  # deleted since, or another account's: the chain begins behind it
        raise
    return found if isinstance(found, dict) else None


def _data(content: bytes) -> Any:
    """Return what an answer of the API holds. Raises PullError."""
    try:
        document = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _odd() from None
    if not isinstance(document, dict) or document.get("status") != "success":
        raise _odd()
    return document.get("data")


def _odd() -> PullError:
    return PullError("it does not answer as Cal.com's API v2 does", f"leave its url out, or name such as {ADDRESS}")


def _roots(listed: Mapping[str, Booking], look_up: Callable[[str], Booking | None]) -> dict[str, str]:
    """Return the first uid of each chain of bookings, and the last one that is listed."""
    known: dict[str, Booking | None] = dict(listed)
    lookups = 0

    def known_of(uid: str) -> Booking | None:
        nonlocal lookups
        if uid not in known:
            if lookups >= _MOST_LOOKUPS:
                raise PullError("too many of its bookings were moved from ones that it does not list", "widen its url")
            lookups += 1
            known[uid] = look_up(uid)
        return known[uid]

    def before(booking: Booking) -> str | None:
        """Return what a booking was moved from; None if that takes place as well, for others who have a seat."""
        uid = booking.get("rescheduledFromUid")
        if not isinstance(uid, str) or not uid:
            return None
        former = known_of(uid)
        return None if former is not None and former.get("status") not in _OVER else uid

    roots: dict[str, str] = {}
    depths: dict[str, int] = {}
    for uid in sorted(listed, key=lambda one: (str(listed[one].get("createdAt") or ""), one)):
        root, depth, seen = uid, 0, {uid}
        booking: Booking | None = listed[uid]
        while booking is not None and (former := before(booking)) is not None and former not in seen:
            root, depth = former, depth + 1
            seen.add(former)
            booking = known_of(former)
        if depth >= depths.get(root, -1):
            roots[root], depths[root] = uid, depth
    return roots


def _row(
    booking: Booking, root: str, statuses: StatusSettings, people: Directory | None, slugs: Collection[str]
) -> dict[str, Any]:
    """Return a booking as rows of sources are read: people as `attendee` and `host`, answers under their slugs."""
    answers = booking.get("bookingFieldsResponses")
    row = {slug: answers[slug] for slug in slugs if slug in answers} if isinstance(answers, dict) else {}
    row |= {"_id": root, "status": _status(booking.get("status"), statuses)}
    row |= {"start": booking.get("start"), "end": booking.get("end")}
    attendees, hosts = _people(booking.get("attendees")), _people(booking.get("hosts"))
    if len(attendees) > 1 or len(hosts) > 1:
        listed = [_participant(one, "student", people) for one in attendees]
        return row | {"participants": listed + [_participant(one, "coach", people) for one in hosts]}
    for names, column, field in ((attendees, "attendee", "studentName"), (hosts, "host", "coachName")):
        one = names[0] if names else {}
        row |= {column: one.get("email") or one.get("name"), field: one.get("name")}
    return row


def _people(listed: object) -> Sequence[dict[str, Any]]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _participant(one: Mapping[str, Any], kind: str, people: Directory | None) -> dict[str, Any]:
    keys = [one[name] for name in ("email", "name") if isinstance(one.get(name), str) and one[name]]
    found = next((user for key in keys if people is not None and (user := people.id_of(key))), None)
    return {"discordId": found, "name": one.get("name") or "", "kind": kind}


def _status(status: object, statuses: StatusSettings) -> object:
    if status == "accepted" and "ACCEPTED" not in statuses.bookable:
        return statuses.bookable[0]
    if status in _OVER:
        return statuses.cancelled[0] if statuses.cancelled else status
    return "PENDING" if status in _WAITING else status
