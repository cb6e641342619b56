"""The operator's file of people: who has which Discord id, by mail address, name or any other key (TOML).

Its word goes before Discord's search of members. An entry that is no id, or two that contradict each other, are
warned of and answer nothing; the others count.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from coachsync.config.values import shown
from coachsync.domain.model import Warn
from coachsync.domain.snowflake import bare_id, is_snowflake
from coachsync.errors import ConfigError, EnvironmentalError
from coachsync.host.limits import NO_FILES, remedy, too_few_files
from coachsync.host.reading import NotRegularError, in_time, read_regular

if TYPE_CHECKING:
    from coachsync.bookings.fields import Directory

PEOPLE_FILE = "people_file"

_LARGEST = 4 << 20
_HINT = 'write one person a line: "anna@example.org" = "123456789012345678"'
_WHOSE = "the file of people"


class People:
    """The file at `path`, read once. `warnings`: what is wrong with single entries and with how the file is kept.

    Raises ConfigError: it cannot be read, or is no TOML.
    """

    def __init__(self, path: str) -> None:
        content, found = in_time(lambda: _read(path), _WHOSE)
        self.warnings: tuple[Warn, ...] = tuple(_exposed(path, found))
        self._ids: dict[str, str] = {}
        problems = _gather(_entries(_parsed(path, content)), self._ids)
        self.warnings += tuple(Warn(PEOPLE_FILE, None, f"{_WHOSE} {path}: {problem}") for problem in problems)

    def id_of(self, key: str) -> str | None:
        """Return the Discord id of whoever goes by a key; None if nobody does."""
        return self._ids.get(_plain(key))


def with_ids(fields: dict[str, Any], people: Directory) -> dict[str, Any]:
    """Return a booking's fields (by JSON key) with the ids of those whom the file knows; an id that is there stays.

    Somebody is looked for by their Discord user name, then by their name.
    """
    found = {
        f"{kind}DiscordId": user_id
        for kind in ("student", "coach")
        if not fields.get(f"{kind}DiscordId")
        and (user_id := _known(people, fields.get(f"{kind}DiscordName"), fields.get(f"{kind}Name")))
    }
    listed = fields.get("participants")
    if isinstance(listed, list):
        named = [_with_id(entry, people) for entry in listed]
        if named != listed:
            found["participants"] = named
    return fields | found if found else fields


def _with_id(entry: Any, people: Directory) -> Any:
    if not isinstance(entry, dict) or entry.get("discordId"):
        return entry
    user_id = _known(people, entry.get("discordName"), entry.get("name"))
    return entry | {"discordId": user_id} if user_id else entry


def _known(people: Directory, *keys: object) -> Any:
    return next((found for key in keys if isinstance(key, str) and key and (found := people.id_of(key))), None)


def _plain(key: str) -> str:
    """Return a key as two people may have written it: case, white space, `mailto:` and a leading @ do not matter."""
    plain = " ".join(key.casefold().split())
    return plain.removeprefix("mailto:").removeprefix("@").strip()


def _gather(entries: Iterator[tuple[str, object]], ids: dict[str, str]) -> list[str]:
    """Add the entries' ids by their plain keys; return what is wrong with others."""
    problems = []
    contradicted = set()
    for key, value in entries:
        found = bare_id(value) if isinstance(value, str) else str(value) if type(value) is int else ""
        plain = _plain(key)
        if not plain or not is_snowflake(found):
            problems.append(f"the entry {shown(key)} is {shown(value)}, not a Discord id of 15 to 20 digits")
        elif ids.setdefault(plain, found) != found:
            contradicted.add(plain)
            problems.append(f"the entry {shown(key)} occurs with two ids, so neither counts: remove the wrong one")
    for plain in contradicted:
        del ids[plain]
    return problems


def _entries(found: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield each key with its value. TOML reads `anna.smith = …` without quotes as a table: here it is the name."""
    for name, value in found.items():
        key = f"{before}.{name}" if before else name
        if isinstance(value, Mapping):
            yield from _entries(value, key)
        else:
            yield key, value


def _exposed(path: str, found: os.stat_result) -> Iterator[Warn]:
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o022:
        yield Warn(PEOPLE_FILE, None, f"others can write {_WHOSE} {path}, and so say who is let in: chmod 600 {path}")
    elif mode & 0o004:
        yield Warn(PEOPLE_FILE, None, f"others can read {_WHOSE} {path}, which is personal data: chmod 600 {path}")


def _read(path: str) -> tuple[bytes, os.stat_result]:
    try:
        content, found = read_regular(path, _LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"{_WHOSE} {path} is larger than 4 MiB", _HINT)
    return content, found


def _unreadable(path: str, error: OSError) -> ConfigError | EnvironmentalError:
    if error.errno in NO_FILES:
        return too_few_files()
    if isinstance(error, NotRegularError):
        return ConfigError(f"{_WHOSE} {path} cannot be read: {error.strerror}", "put it into a file, and name that")
    hint = remedy(error, "correct the path, or let the user that runs coachsync read it")
    return ConfigError(f"{_WHOSE} {path} cannot be read: {error.strerror}", hint)


def _parsed(path: str, content: bytes) -> Mapping[str, object]:
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        raise ConfigError(f"{_WHOSE} {path} is not UTF-8 text", _HINT) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{_WHOSE} {path} is not valid TOML: {error}", f"keys need quotes: {_HINT}") from None
    except RecursionError:
        raise ConfigError(f"{_WHOSE} {path} is not valid TOML: nested too deeply", _HINT) from None
