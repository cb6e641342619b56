"""What a session's role and room are called, and when two names count as the same. Pure.

`{short}` is the last 8 characters of the session's id if they are plain; else, and if another live session of
the guild already goes by that name, the start of a hash of the whole id (CONTRACT §3).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import NamedTuple

from coachsync.domain.limits import LONGEST_NAME
from coachsync.domain.model import Entry, Names, PersonKind, Session

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_ID_LETTERS = _PLAIN | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_-")
_SHORT = 8
LONGEST_HASH = 52  # base32 of 32 bytes, without what fills it up
_LONGEST_ID = 60
_LONGEST_PERSON = 20


class Templates(NamedTuple):
    """The two `[naming]` templates."""

    role: str
    channel: str


DEFAULT = Templates("Session {short}", "🎤 coaching-{short}")


def short_of(session_id: str) -> str:
    """Return the name a session goes by if nobody else does: the id's last 8 characters, or its hash."""
    tail = session_id[-_SHORT:]
    return tail if tail and _PLAIN.issuperset(tail) else hash_of(session_id)


def hash_of(session_id: str, length: int = _SHORT) -> str:
    """Return the first characters of the lower-case base32 of the SHA-256 of the id in UTF-8, at most 52."""
    from base64 import b32encode
    from hashlib import sha256

    digest = sha256(session_id.encode("utf-8", "surrogatepass")).digest()
    return b32encode(digest)[:length].decode("ascii").lower()


def free_hash(session_id: str, taken: Collection[str]) -> str:
    """Return the shortest hash of an id, of 8 characters or more, that is not taken; all of it if every one is."""
    lengths = range(_SHORT, LONGEST_HASH)
    return next((h for n in lengths if (h := hash_of(session_id, n)) not in taken), hash_of(session_id, LONGEST_HASH))


def goes_by(session_id: str, short: str) -> bool:
    """Return whether a session of this id may go by a short name."""
    if short == short_of(session_id):
        return True
    return _SHORT <= len(short) <= LONGEST_HASH and short == hash_of(session_id, len(short))


def names_for(session: Session, templates: Templates, taken: Collection[str]) -> Names:
    """Return the names a new life of this session gets; `taken` are the shorts of the guild's live sessions."""
    short = short_of(session.id)
    return render(session, templates, free_hash(session.id, taken) if short in taken else short)


def render(session: Session, templates: Templates, short: str) -> Names:
    """Return both names for a given short name."""
    plain_id = session.id if len(session.id) <= _LONGEST_ID and _ID_LETTERS.issuperset(session.id) else short
    role = _fill(templates.role, short=short, id=plain_id)
    channel = _fill(
        templates.channel,
        short=short,
        id=plain_id,
        student=_person(session.one("student").name, "student"),
        coach=_person(session.one("coach").name, "coach"),
    )
    return Names(short, role, channel)


def bare(short: str) -> Names:
    """Return the names that a session gets if Discord refuses those of the templates: the hash, and nobody's name."""
    return Names(short, f"Session {short}", f"coaching-{short}")


def names_somebody_else(entry: Entry, session: Session, templates: Templates) -> bool:
    """Return whether the room's name may hold the name of somebody who has left the booking since.

    Of several students, or coaches, it holds the first one's, who may have been another when it was made.
    """
    kinds: tuple[PersonKind, ...] = ("student", "coach")
    held = [kind for kind in kinds if "{" + kind + "}" in templates.channel]
    if not held or entry.channel_name == bare(entry.short).channel:
        return False
    return any(p.kind in held and p.id is not None and p.id not in session.ids for p in entry.people)


def possible_names(session: Session, templates: Templates) -> tuple[Names, ...]:
    """Return every pair of names this session may go by: the plain short one and the hash."""
    shorts = dict.fromkeys((short_of(session.id), hash_of(session.id)))
    return tuple(render(session, templates, short) for short in shorts)


def same_name(one: str, other: str) -> bool:
    """Return whether Discord may show one name for the other: NFKC, format characters, white space, case."""
    return fold(one) == fold(other)


def same_old_name(one: str, other: str) -> bool:
    """Like `same_name`, but symbols (🎤) do not count: rooms of an earlier system may lack them."""
    return _without_symbols(fold(one)) == _without_symbols(fold(other))


def fold(name: str) -> str:
    """Return the form in which two names are compared.

    Source: Discord has altered white space and dropped U+FE0F in names (discord/FACTS §4).
    """
    kept = "".join(
        c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf" and c not in "\ufe0e\ufe0f"
    )
    return " ".join(kept.split()).casefold()


def could_name(template: str, name: str) -> bool:
    """Return whether a template can make this name, for whatever session."""
    from re import escape, fullmatch

    pattern = escape(fold(template))
    for key, made in (("short", "[a-z0-9]+"), ("id", "[a-z0-9_-]+"), ("student", ".+"), ("coach", ".+")):
        pattern = pattern.replace(escape("{" + key + "}"), made)
    return fullmatch(pattern, fold(name)) is not None


def _without_symbols(name: str) -> str:
    return "".join(c for c in name if not unicodedata.category(c).startswith("S")).strip()


def _fill(template: str, **values: str) -> str:
    name = template
    for key, value in values.items():
        name = name.replace("{" + key + "}", value)
    return " ".join(name.split())[:LONGEST_NAME]


def _person(name: str, otherwise: str) -> str:
    """Return a person's name fit for a channel name: no control or format characters, no braces, 20 characters."""
    printable = "".join(c if c.isprintable() and c not in "{}@#:`" else " " for c in name)
    return " ".join(printable.split())[:_LONGEST_PERSON].strip() or otherwise
