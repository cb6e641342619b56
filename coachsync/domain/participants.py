"""The people of a booking, read from its row: the student's and the coach's own fields, and `participants`. Pure.

`participants` is an array of people, or its JSON text. With it an absent field is nobody; without it the student and
the coach are people whether they have linked an account or not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, get_args

from coachsync.domain.failure import Failure
from coachsync.domain.flaws import no_id, shown
from coachsync.domain.model import Person, PersonKind
from coachsync.domain.snowflake import bare_id, is_snowflake

MOST_PEOPLE = 40
"""How many people one booking may have, each counted once."""

_KINDS: tuple[PersonKind, ...] = get_args(PersonKind)
_MAY_DO: dict[PersonKind, int] = {"coach": 2, "student": 1, "observer": 0}
_HINT = 'write an array of objects: [{"discordId": "…", "name": "…", "kind": "student"}]'
_Get = Callable[[str], object]


def read_people(get: _Get, guilds: Collection[str], flaws: list[Failure]) -> tuple[Person, ...]:
    """Return everybody whom a row names: student, coach, then the participants in their order, each person once.

    Args:
        get: the row's fields by the contract's SQL names.
        guilds: ids that are guilds', so nobody's.
        flaws: where what cannot be understood is added to.
    """
    pair = (_person("student", get, guilds, flaws), _person("coach", get, guilds, flaws))
    given = get("participants")
    listed = _array(given, flaws)
    if listed is None:
        return pair
    fixed = [person for person in pair if person.id or person.discord_name or person.unread]
    if listed == "unread":
        return (*fixed, Person(None, "observer", unread=True))
    found = [_participant(f"participants[{at}]", entry, guilds, flaws) for at, entry in enumerate(listed)]
    people = (*_with_names(fixed, found), *_others(fixed, found))
    if not people:
        flaws.append(Failure("invalid", "participants names nobody", f"{_HINT}; or leave it out"))
    if len(people) > MOST_PEOPLE:
        message = f"participants names {len(people)} people, more than {MOST_PEOPLE}"
        flaws.append(Failure("invalid", message, f"leave {len(people) - MOST_PEOPLE} of them out"))
    return people


def each_once(people: Iterable[Person]) -> tuple[Person, ...]:
    """Return each person once, by id: as the kind that may do most, in the place where they are named first."""
    once: dict[object, Person] = {}
    for at, person in enumerate(people):
        key = person.id or at
        before = once.get(key)
        stronger = before is None or _MAY_DO[person.kind] > _MAY_DO[before.kind]
        kept, other = (person, before) if stronger else (before or person, person)
        once[key] = kept if kept.name or other is None else kept._replace(name=other.name)
    return tuple(once.values())


def _with_names(fixed: Iterable[Person], listed: Collection[Person]) -> list[Person]:
    """Return student and coach; one whom only the participants call by a name is called so."""
    names = {person.id: person.name for person in listed if person.id and person.name}
    return [person if person.name else person._replace(name=names.get(person.id or "", "")) for person in fixed]


def _others(fixed: Collection[Person], listed: Iterable[Person]) -> list[Person]:
    """Return the participants who are not student or coach by their own fields, which nobody may do more than."""
    known = {person.id for person in fixed if person.id}
    return [person for person in each_once(listed) if person.id not in known]


def _array(value: object, flaws: list[Failure]) -> list[object] | Literal["unread"] | None:
    """Return the entries of `participants`: None if it is left out, "unread" if it cannot be understood."""
    entries: object = value
    if isinstance(value, str):
        entries = _parsed(value)
    if entries is None:
        return None
    if isinstance(entries, list):
        return entries
    flaws.append(Failure("invalid", f"participants is {shown(value)}, not an array of people", _HINT))
    return "unread"


def _parsed(text: str) -> object:
    """Return what a JSON text says; the text itself if it is no JSON that can be read."""
    if not text.strip():
        return None
    from json import loads

    try:
        return loads(text)
    except (ValueError, RecursionError):
        return text


def _participant(where: str, entry: object, guilds: Collection[str], flaws: list[Failure]) -> Person:
    """Return one participant; of one who cannot be understood what can be, as the kind that may do least."""
    if not isinstance(entry, Mapping):
        flaws.append(Failure("invalid", f"{where} is {shown(entry)}, not an object", _HINT))
        return Person(None, "observer", unread=True)
    before = len(flaws)
    found = _user(f"{where}.discordId", entry.get("discordId"), guilds, flaws)
    kind = _kind(f"{where}.kind", entry.get("kind"), flaws)
    unread = len(flaws) > before
    name = _text(f"{where}.name", entry.get("name"), flaws)
    discord_name = _text(f"{where}.discordName", entry.get("discordName"), flaws)
    return Person(found, kind, name, unread, discord_name.strip())


def _kind(key: str, value: object, flaws: list[Failure]) -> PersonKind:
    known = next((kind for kind in _KINDS if kind == value), None)
    if known is None:
        what = "is missing" if value is None else f"is {shown(value)}"
        flaws.append(Failure("invalid", f"{key} {what}", 'write "student", "coach" or "observer"'))
    return known or "observer"


def _person(kind: PersonKind, get: _Get, guilds: Collection[str], flaws: list[Failure]) -> Person:
    """Return the student or the coach by their own fields."""
    before = len(flaws)
    found = _user(f"{kind}DiscordId", get(f"{kind}_discord_id"), guilds, flaws)
    unread = len(flaws) > before
    name = _text(f"{kind}Name", get(f"{kind}_name"), flaws)
    discord_name = _text(f"{kind}DiscordName", get(f"{kind}_discord_name"), flaws)
    return Person(found, kind, name, unread, discord_name.strip())


def _user(key: str, value: object, guilds: Collection[str], flaws: list[Failure]) -> str | None:
    """Return a person's id, None if there is none or it cannot be read."""
    hint = "write the id that Discord shows under Copy User ID: digits only, as text"
    if isinstance(value, str):
        bare = bare_id(value)
        if not bare:
            return None
        if bare in guilds:
            message = f"{key} is {shown(value)}, which is a guild's id and nobody's"
            flaws.append(Failure("invalid", message, hint))
            return None
        if is_snowflake(bare):
            return bare
        if bare.startswith("<@&"):
            hint = f"it is a role's mention: {hint}"
    no_id(key, value, hint, flaws)
    return None


def _text(key: str, value: object, flaws: list[Failure]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    flaws.append(Failure("invalid", f"{key} is {shown(value)}, not a text", "write the name as text, or leave it out"))
    return ""
