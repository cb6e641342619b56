"""Discord user names that somebody typed into a booking: when they are looked up, and whose they are. Pure.

A name finds somebody only by a search of their guild's members that shows exactly one with that very user name. Whom it
found is remembered for that booking, so that it stays them when they rename themselves.

Source: https://docs.discord.com/developers/resources/guild#search-guild-members (by the beginning of user names and
nicknames, 1 to 1000 results) and, for names of another form, …/resources/user#usernames-and-nicknames
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from coachsync.domain.failure import Failure
from coachsync.domain.model import HOUR, MINUTE, Millis, Person, Session
from coachsync.domain.windows import Policy, is_bookable, window_opens
from coachsync.domain.words import a_few, the

LookupResult = Literal["found", "nobody", "several", "too_many", "failed"]
"""One member; none; more than one; none on a page that was full, so that there may be more; Discord did not say."""

PAGE = 1000
"""How many members one search may show: Discord's most."""

MOST_DUE = 50
MOST_AHEAD = 10
"""How many names one run looks up in a guild at most: of bookings whose window is open, and of others. Discord takes
ten searches in ten seconds, so the latter wait for nothing."""

_AGAIN: Millis = HOUR - MINUTE  # runs do not start to the second
_LONGEST = 32
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # what copying from a chat brings along
_SIMILAR = 3
_SHOWN = 40


class Lookup(NamedTuple):
    """What a look at a guild's members said of a name in one booking, at `at`.

    `name` is a plain name. `user_id` is whose it is, None unless it was found. `shown`: user names that begin like it,
    the ids of several, or why Discord did not say.
    """

    session_id: str
    guild_id: str
    name: str
    result: LookupResult
    user_id: str | None
    at: Millis
    shown: str = ""


class Wanted(NamedTuple):
    """A name to be looked up in a guild, and the bookings that name it, the earliest first. `due`: one has its window
    open."""

    guild_id: str
    name: str
    session_ids: tuple[str, ...]
    due: bool


class NamesToLookUp(NamedTuple):
    """What is to be done about names: searches, nearest start first, and what an earlier one says of other bookings."""

    wanted: tuple[Wanted, ...]
    known: tuple[Lookup, ...]


def plain_name(text: str) -> str:
    """Return a user name as Discord has it: without white space around it, a leading @, or capitals."""
    bare = text.strip().strip(_UNSEEN).strip()
    bare = bare.removeprefix("@").strip().strip(_UNSEEN).strip()
    return " ".join(bare.lower().split())


def is_legacy(name: str) -> bool:
    """Return whether a plain name is of the form that Discord gave up in 2023: name#1234."""
    before, mark, number = name.rpartition("#")
    return bool(before.strip() and mark) and len(number) == 4 and number.isascii() and number.isdigit()


def _askable(name: str) -> bool:
    return 0 < len(name) <= _LONGEST and not is_legacy(name)


def names_of(session: Session) -> tuple[str, ...]:
    """Return the plain names of those who go by nothing else, each once."""
    named = (p for p in session.people if p.id is None and p.discord_name and not p.unread)
    return tuple(dict.fromkeys(plain_name(person.discord_name) for person in named))


def with_lookups(session: Session, lookups: Iterable[Lookup]) -> Session:
    """Return a booking with the ids that its user names were found to be, and with what was learned of the others."""
    own = {each.name: each for each in lookups if (each.session_id, each.guild_id) == (session.id, session.guild_id)}
    if not own:
        return session
    people = tuple(_resolved(person, own) for person in session.people)
    return session._replace(people=_each_once(people), lookups=tuple(own.values()))


def _resolved(person: Person, own: Mapping[str, Lookup]) -> Person:
    if person.id is not None or not person.discord_name or person.unread:
        return person
    found = own.get(plain_name(person.discord_name))
    return person if found is None or found.user_id is None else person._replace(id=found.user_id)


def _each_once(people: tuple[Person, ...]) -> tuple[Person, ...]:
    """Return nobody twice in one kind, and nobody as an observer who may do more: as if their ids had been written."""
    kept: list[Person] = []
    for person in people:
        others = {other.kind for other in people if other.id == person.id}
        twice = any((other.id, other.kind) == (person.id, person.kind) for other in kept)
        if person.id is None or not (twice or (person.kind == "observer" and len(others) > 1)):
            kept.append(person)
    return tuple(kept)


def to_look_up(
    sessions: Iterable[Session], policy: Policy, now: Millis, named: Collection[str] | None = None
) -> NamesToLookUp:
    """Return what to search for now, and what need not be.

    A name is looked up by the first run that sees its booking, then by one an hour, and by every run while the window
    is open; what was found stays. `named`: only these bookings, and whatever the hour.
    """
    coming = [s for s in sessions if is_bookable(s, policy) and now < s.end and (named is None or s.id in named)]
    bookings: dict[tuple[str, str], list[Session]] = {}
    for session in sorted({s.id: s for s in coming}.values(), key=lambda s: (s.start, s.id)):
        for name in names_of(session):
            if _askable(name):
                bookings.setdefault((session.guild_id, name), []).append(session)
    fresh = _fresh(coming, now)
    wanted, known = [], []
    for (guild_id, name), waiting in bookings.items():
        latest = fresh.get((guild_id, name))
        if latest is not None and latest.result == "found":
            known += [latest._replace(session_id=session.id) for session in waiting]
            continue
        due = any(now >= window_opens(session, policy) for session in waiting)
        if due or named is not None or latest is None:
            wanted.append(Wanted(guild_id, name, tuple(s.id for s in waiting), due or named is not None))
        else:
            others = [s for s in waiting if _of(s, name) is None]
            known += [latest._replace(session_id=session.id) for session in others]
    return NamesToLookUp(_bounded(wanted, bookings), tuple(known))


def _fresh(sessions: Iterable[Session], now: Millis) -> dict[tuple[str, str], Lookup]:
    """Return the latest lookup of each name in each guild, if it is of the last hour; a clock set back makes none."""
    found: dict[tuple[str, str], Lookup] = {}
    for lookup in (each for session in sessions for each in session.lookups):
        key = (lookup.guild_id, lookup.name)
        if 0 <= now - lookup.at < _AGAIN and (key not in found or found[key].at < lookup.at):
            found[key] = lookup
    return found


def _bounded(wanted: Iterable[Wanted], bookings: Mapping[tuple[str, str], list[Session]]) -> tuple[Wanted, ...]:
    """Return at most so many searches a guild; names never asked for come first: those that nobody bears wait."""

    def order(one: Wanted) -> tuple[bool, bool, Millis]:
        waiting = bookings[one.guild_id, one.name]
        return not one.due, all(_of(s, one.name) is not None for s in waiting), waiting[0].start

    left: dict[tuple[str, bool], int] = {}
    kept = []
    for one in sorted(wanted, key=order):
        used = left.get((one.guild_id, one.due), 0)
        if used < (MOST_DUE if one.due else MOST_AHEAD):
            left[one.guild_id, one.due] = used + 1
            kept.append(one)
    return tuple(kept)


def lookup_of(person: Person, session: Session) -> Lookup | None:
    """Return what is known of the user name by which a booking names somebody; None if it names them otherwise."""
    return _of(session, plain_name(person.discord_name)) if person.discord_name else None


def _of(session: Session, name: str) -> Lookup | None:
    return next((lookup for lookup in session.lookups if lookup.name == name), None)


def judged(wanted: Wanted, members: Iterable[tuple[str, str]], page: int, now: Millis) -> tuple[Lookup, ...]:
    """Return what a search says, for each booking.

    Args:
        wanted: what was searched for.
        members: (id, user name) of those shown.
        page: how many were shown, those that could not be read among them.
        now: when.
    """
    names = dict(members)
    bearers = [user_id for user_id, shown in names.items() if plain_name(shown) == wanted.name]
    if len(bearers) == 1:
        return _for_each(wanted, "found", bearers[0], now, "")
    if bearers:
        return _for_each(wanted, "several", None, now, ", ".join(sorted(bearers)))
    similar = sorted({_harmless(n) for n in names.values() if plain_name(n).startswith(wanted.name)})
    more = f" and {len(similar) - _SIMILAR} more" if len(similar) > _SIMILAR else ""
    told = ", ".join(similar[:_SIMILAR]) + more
    return _for_each(wanted, "too_many" if page >= PAGE else "nobody", None, now, told)


def unsaid(wanted: Wanted, why: str, now: Millis) -> tuple[Lookup, ...]:
    """Return that Discord did not say whose a name is, for each booking."""
    return _for_each(wanted, "failed", None, now, why)


def _for_each(wanted: Wanted, result: LookupResult, user_id: str | None, now: Millis, shown: str) -> tuple[Lookup, ...]:
    return tuple(Lookup(i, wanted.guild_id, wanted.name, result, user_id, now, shown) for i in wanted.session_ids)


def unlinked(person: Person, session: Session) -> Failure:
    """Return what is wrong with somebody of a booking who has no id: with what was looked for, and what was found."""
    who = the(person, session.people)
    if not person.discord_name:
        hint = f"once {who} links an account the next run lets them in"
        return Failure("unlinked", f"{who} has no Discord account in the booking", hint)
    name = plain_name(person.discord_name)
    message, hint = _told(name, _of(session, name), session.guild_id)
    return Failure("unlinked", f"{who} has no Discord id in the booking, and {message}", hint)


def unlinked_people(session: Session) -> list[Failure]:
    """Return what is wrong with those of a booking who have no id; those of whom nothing is known in one."""
    missing = [person for person in session.people if person.id is None]
    named = [unlinked(person, session) for person in missing if person.discord_name]
    nameless = [person for person in missing if not person.discord_name]
    if len(nameless) < 2:
        return [*named, *(unlinked(person, session) for person in nameless)]
    who = a_few([the(person, session.people) for person in nameless])
    hint = "once they link their accounts the next run lets them in"
    return [*named, Failure("unlinked", f"{who} have no Discord account in the booking", hint)]


_WRITE_ID = "write their Discord id into the booking (in Discord: right-click the person → Copy User ID)"


def in_words(lookup: Lookup) -> str:
    """Return what a name was found to be, for people."""
    whose = {
        "found": "one member",
        "nobody": "nobody",
        "several": "more than one member",
        "too_many": f"nobody among the first {PAGE}",
        "failed": "not answered",
    }
    kind = {"several": ": ", "failed": ": "}.get(lookup.result, "; similar: ")
    return whose[lookup.result] + (f"{kind}{lookup.shown}" if lookup.shown else "")


def _told(name: str, lookup: Lookup | None, guild_id: str) -> tuple[str, str]:
    """Return what is known of a name, and what to do."""
    called = f"the Discord user name {_quoted(name)}"
    if is_legacy(name):
        return f"{called} is a legacy one", f"ask them for their user name of today, without #, or {_WRITE_ID}"
    if not _askable(name):
        hint = f"a user name has 2 to 32 letters, digits, dots and underscores; correct it, or {_WRITE_ID}"
        return f"{called} can be nobody's", hint
    if lookup is None:
        return f"{called} was not looked up yet", "the next run looks it up"
    if lookup.result == "failed":
        return f"{called} could not be looked up: {lookup.shown}", f"the next runs try again; or {_WRITE_ID}"
    if lookup.result == "several":
        return (
            f"{called} is that of more than one member (several: {lookup.shown})",
            f"it is never guessed who is meant: {_WRITE_ID}",
        )
    similar = f" (similar: {lookup.shown})" if lookup.shown else ""
    if lookup.result == "too_many":
        told = f"{called} is not among the first {PAGE} members whose names begin so{similar}"
        return told, f"more than these Discord does not show: {_WRITE_ID}"
    hint = "correct the name in the booking (their user name, not the name that is shown in chats), or invite them"
    return f"nobody in guild {guild_id} goes by {called}{similar}", f"{hint}; the next runs look again"


def _quoted(name: str) -> str:
    return f"'{_harmless(name)}'"


def _harmless(name: str) -> str:
    """Return a name that stands between quotes, in one line, shortened."""
    plain = "".join(c if c.isprintable() and c not in "'()," else "?" for c in name)
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1] + "…"
