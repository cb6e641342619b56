"""News of causes as lines for people: what began, became late, changed, lasts or ended; for whom, when, and the remedy.

A line of news is read elsewhere and later, in a mail or a journal: it names day and zone (OPERATOR "News").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from coachsync.domain.causes import OPEN, Cause
from coachsync.domain.model import Session
from coachsync.domain.news import News
from coachsync.domain.remembered import ghost
from coachsync.report.attention import whose
from coachsync.report.moments import Moments
from coachsync.report.text import clean, word
from coachsync.store.base import Store

QUIET_RUN = "run --quiet"
"""The channel of what cron mails."""

Level = Literal["error", "warning", "info"]

_NAMED = 10
_ENDS = ("mended", "over")


class Line(NamedTuple):
    """One line of news, and how much it matters; what stands below a line matters as much."""

    level: Level
    text: str


def news_lines(news: Iterable[News], sessions: Mapping[str, Session], moments: Moments) -> Iterator[Line]:
    """Yield the lines of each piece of news: what is wrong and for whom, what to do, and which sessions.

    `sessions`: those known, by id; the others go by their ids.
    """
    for one in news:
        yield from _lines(one, sessions, moments)


def head(news: News) -> str:
    """Return the word that a piece of news begins with."""
    if news.what in _ENDS:
        return news.what
    return "late" if news.cause.urgency == "late" else "failing"


def sessions_of(store: Store, causes: Iterable[Cause]) -> dict[str, Session]:
    """Return the sessions of causes by id; of a booking that is gone what the ledger remembers. Raises StoreError."""
    wanted = {session_id for cause in causes for session_id in cause.sessions}
    found = store.bookings.by_ids(wanted) if wanted else {}
    gone = wanted - found.keys()
    return found | {i: ghost(entry) for i, entry in (store.ledger.entries(gone) if gone else {}).items()}


def _lines(news: News, sessions: Mapping[str, Session], moments: Moments) -> Iterator[Line]:
    cause = news.cause
    since = f", since {moments.whole(cause.since)}" if news.what in ("lasts", "changes") else ""
    text = f"{head(news)}: {whose(cause, sessions, moments)}: {clean(cause.message)} ({cause.code}){since}"
    ended = news.what in _ENDS
    level: Level = "info" if ended else "warning" if cause.urgency == "note" else "error"
    yield Line(level, text)
    if ended and cause.code != OPEN:
        return
    only = f" (session {word(cause.sessions[0])})" if len(cause.sessions) == 1 else ""
    if cause.hint or only:
        yield Line(level, f"hint: {clean(cause.hint)}{only}" if cause.hint else f"session: {word(cause.sessions[0])}")
    if len(cause.sessions) > 1:
        yield Line(level, listed(cause.sessions, _NAMED))


def listed(session_ids: tuple[str, ...], most: int | None = None) -> str:
    """Return "sessions: abc12345, def67890 and 12 more"."""
    named = session_ids if most is None else session_ids[:most]
    more = len(session_ids) - len(named)
    return f"sessions: {', '.join(map(word, named))}" + (f" and {more} more" if more else "")
