"""What is new about causes for one who was told before: beginnings, ends and changes. Pure (OPERATOR "News").

Every channel (the output of `run --quiet`, each address of a notification) has a memory of its own of each cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from coachsync.domain.causes import MISSED, OPEN, Cause, Ending, Urgency, as_of, late_sessions
from coachsync.domain.model import DAY, HOUR, Millis

What = Literal["begins", "late", "changes", "lasts", "mended", "over"]
"""What is told of a cause: that it begins, becomes late, changes, lasts, or how it ended."""

_ONCE = frozenset({MISSED, OPEN})
"""What is told even if it has ended before anybody was told: a broken promise, and who could enter a room."""

_ONCE_WITHIN: Millis = DAY
_FORGOTTEN_AFTER: Millis = 7 * DAY  # a channel that is configured no more asks for no end
_SOME_MORE: Millis = HOUR
_LENGTH = re.compile(r"\b\d+(\.\d+)? (d|h|min|s|ms|days?|hours?|minutes?|seconds?)\b")


class Told(NamedTuple):
    """What a channel was told of a cause last, and when. `ended`: it was told the end."""

    at: Millis
    urgency: Urgency
    message: str
    sessions: tuple[str, ...] = ()
    ended: bool = False


class Remembered(NamedTuple):
    """A cause as the ledger keeps it: `told` by channel; `ended` is None while it stands."""

    cause: Cause
    told: Mapping[str, Told] = {}
    ended: Ending | None = None
    ended_at: Millis | None = None


class News(NamedTuple):
    """One thing to tell of a cause."""

    what: What
    cause: Cause


class Digest(NamedTuple):
    """What to tell a channel, and what it is to remember if that was told: by the causes' numbers."""

    news: tuple[News, ...]
    memory: dict[int, Told]


def digest(known: Iterable[Remembered], channel: str, now: Millis, repeat: Millis) -> Digest:
    """Return what is new for a channel, the most urgent first and what ended last."""
    news: list[News] = []
    memory: dict[int, Told] = {}
    for one in known:
        cause, told = as_of(one.cause, now), one.told.get(channel)
        what = _of_ended(one, told, now) if one.ended is not None else _of_standing(cause, told, now, repeat)
        if what is not None:
            news.append(News(what, cause))
            memory[cause.rowid] = Told(now, cause.urgency, cause.message, cause.sessions, one.ended is not None)
        elif one.ended is None and told is not None and told.urgency != cause.urgency:
            memory[cause.rowid] = told._replace(urgency=cause.urgency)  # so that it can become late again
    return Digest(tuple(sorted(news, key=_shown)), memory)


def is_settled(one: Remembered, now: Millis) -> bool:
    """Return whether a cause may be forgotten: it ended, and who was told of it knows, or it is long ago."""
    if one.ended is None or one.ended_at is None:
        return False
    age = now - one.ended_at
    if age > _FORGOTTEN_AFTER:
        return True
    wait = one.cause.code in _ONCE and age <= _ONCE_WITHIN
    return not wait and all(told.ended for told in one.told.values())


def _of_standing(cause: Cause, told: Told | None, now: Millis, repeat: Millis) -> What | None:
    if told is None:
        return "begins"
    if cause.urgency == "late" and told.urgency != "late":
        return "late"
    if _lasting(told.message) != _lasting(cause.message) or _grew(cause, told, now):
        return "changes"
    return "lasts" if cause.code == OPEN or now - told.at >= repeat else None


def _lasting(message: str) -> str:
    """Return a message without lengths of time: that a wait is a minute shorter is no news."""
    return _LENGTH.sub("", message)


def _grew(cause: Cause, told: Told, now: Millis) -> bool:
    """Return whether more sessions wait, told at most hourly but for one that is late."""
    more = frozenset(cause.sessions) - frozenset(told.sessions)
    return bool(more) and (now - told.at >= _SOME_MORE or bool(more & late_sessions(cause, now)))


def _of_ended(one: Remembered, told: Told | None, now: Millis) -> What | None:
    """Return how a cause ended, for one who knows that it began; some are told to everybody once."""
    if told is None:
        fresh = one.ended_at is not None and now - one.ended_at <= _ONCE_WITHIN
        if not fresh or one.cause.code not in _ONCE:
            return None
        return "begins" if one.cause.code == MISSED else one.ended
    return None if told.ended or one.cause.code == MISSED else one.ended


def _shown(news: News) -> tuple[bool, int, Millis]:
    urgencies: tuple[Urgency, ...] = ("late", "soon", "note")
    return news.what in ("mended", "over"), urgencies.index(news.cause.urgency), news.cause.since
