"""The news for one who is not at the terminal: a text, and what is to be remembered once it has arrived.

Without names nobody is named: sessions go by their short names, and Discord ids of people are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from coachsync.domain.causes import Cause
from coachsync.domain.model import Millis, Person, Session
from coachsync.domain.naming import short_of
from coachsync.domain.news import News, Told, digest
from coachsync.notify.news import news_lines, sessions_of
from coachsync.report.moments import Moments
from coachsync.store.base import Store

_PERSON = re.compile(r" \((?:similar|several): [^)]*\)|(?<=user name) '[^']*'| ?\(?\b\d{15,20}\b\)?")


class Bulletin(NamedTuple):
    """What to send, "" for nothing new; `memory` is for `mark_told`, by the causes' numbers."""

    text: str
    memory: Mapping[int, Told]


def bulletin(store: Store, channel: str, moments: Moments, repeat: Millis, *, names: bool) -> Bulletin:
    """Return what is new for a channel. Raises StoreError."""
    found = digest(store.ledger.remembered_causes(), channel, moments.now, repeat)
    causes = [news.cause for news in found.news]
    sessions = sessions_of(store, causes) if causes else {}
    return Bulletin(text_of(found.news, sessions, moments, names=names), found.memory)


def text_of(news: Iterable[News], sessions: Mapping[str, Session], moments: Moments, *, names: bool) -> str:
    """Return news as a text of lines."""
    if not names:
        news = [one._replace(cause=_without_people(one.cause, sessions)) for one in news]
        sessions = {short_of(i): s._replace(id=short_of(i), people=()) for i, s in sessions.items()}
    return "".join(f"{line.text}\n" for line in news_lines(news, sessions, moments))


def _without_people(cause: Cause, sessions: Mapping[str, Session]) -> Cause:
    """Return a cause that names sessions by their short names and nobody else; its guild stays."""
    people = [person for i in cause.sessions if i in sessions for person in sessions[i].people if person.name]
    return cause._replace(
        message=_unnamed(cause.message, people),
        hint=_unnamed(cause.hint, people),
        sessions=tuple(map(short_of, cause.sessions)),
    )


def _unnamed(text: str, people: Iterable[Person]) -> str:
    """Return what is wrong with people, who are called "the student Ada" in it, without their names and ids."""
    for person in sorted(people, key=lambda person: -len(person.name)):  # a name may begin with another's
        text = text.replace(f"the {person.kind} {person.name}", f"the {person.kind}")
    return _PERSON.sub("", text)
