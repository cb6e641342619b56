"""Who is to be forgotten, where they stand in a booking, and how a text is told without them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any

from coachsync.domain.model import Person
from coachsync.domain.snowflake import bare_id
from coachsync.domain.user_names import plain_name

FORGOTTEN = "forgotten"
"""What stands in place of somebody's id or name."""

_FIXED = ("student", "coach")


class Somebody:
    """One person: their Discord ids (one, or none) and what bookings call them.

    `by_name`: who has no id in a booking is this person if called by one of the names. Else a name alone is nobody's,
    for two people may bear it.
    """

    def __init__(self, ids: Iterable[str], names: Iterable[str], *, by_name: bool) -> None:
        self.ids = frozenset(ids)
        self.names = frozenset(name for name in names if name.strip())
        self.by_name = by_name
        self._plain = frozenset(map(plain_name, self.names))

    def is_called(self, *names: object) -> bool:
        """Return whether one of these texts is a name of theirs; capitals and a leading @ do not matter."""
        return any(isinstance(name, str) and name.strip() and plain_name(name) in self._plain for name in names)

    def is_person(self, user_id: str | None, *names: object) -> bool:
        """Return whether whoever has this id, or without one these names, is this person."""
        return user_id in self.ids if user_id else self.by_name and self.is_called(*names)

    def is_among(self, people: Iterable[Person]) -> bool:
        """Return whether a booking is theirs."""
        return any(self.is_person(person.id, person.name, person.discord_name) for person in people)

    def without_ids(self, text: str) -> str:
        """Return a text without this person's id."""
        return self._ids.sub(FORGOTTEN, text) if self._ids is not None else text

    def without(self, text: str) -> str:
        """Return a text of one of this person's bookings without id and names."""
        bare = self.without_ids(text)
        return self._names.sub(FORGOTTEN, bare) if self._names is not None else bare

    @cached_property
    def _ids(self) -> re.Pattern[str] | None:
        return re.compile(rf"(?<!\d)(?:{'|'.join(map(re.escape, self.ids))})(?!\d)") if self.ids else None

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        longest_first = sorted(self.names | self._plain, key=len, reverse=True)
        if not longest_first:
            return None
        # a room's name may have joined the words of a name
        spelled = (r"[\s_-]+".join(map(re.escape, name.split())) for name in longest_first)
        return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", re.IGNORECASE)


def cleared(row: Mapping[str, Any], somebody: Somebody, looked_up: Collection[str]) -> dict[str, Any]:
    """Return what is to change in a row, by JSON key, so that it does not name somebody any more.

    `looked_up`: the Discord user names in this row that were found to be theirs. A participant keeps what they were.
    """

    def is_theirs(user_id: object, name: object, discord_name: object) -> bool:
        known = bare_id(user_id) if isinstance(user_id, str) else str(user_id) if isinstance(user_id, int) else ""
        by_user_name = not known and isinstance(discord_name, str) and plain_name(discord_name) in looked_up
        return by_user_name or somebody.is_person(known or None, name, discord_name)

    changes: dict[str, Any] = {}
    for kind in _FIXED:
        keys = (f"{kind}DiscordId", f"{kind}Name", f"{kind}DiscordName")
        if is_theirs(*map(row.get, keys)):
            changes |= {key: None for key in keys if row.get(key) is not None}
    listed = _listed(row.get("participants"))
    kept = [_bare(entry) if isinstance(entry, Mapping) and is_theirs(*_named(entry)) else entry for entry in listed]
    if kept != listed:
        changes["participants"] = kept
    return changes


def _listed(value: object) -> list[Any]:
    if isinstance(value, str):
        from json import loads

        try:
            value = loads(value)
        except (ValueError, RecursionError):
            return []
    return value if isinstance(value, list) else []


def _named(entry: Mapping[str, Any]) -> tuple[object, object, object]:
    return entry.get("discordId"), entry.get("name"), entry.get("discordName")


def _bare(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": entry["kind"]} if "kind" in entry else {}
