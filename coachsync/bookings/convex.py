"""Bookings exported from Convex: the ZIP of `npx convex export`, or the `documents.jsonl` of one table.

A document of the table may name its people by the ids of Convex's own documents: then they are looked up in the ZIP's
`discordIntegrations` and `users`. Documents are read one by one; of the other tables only ids and names are held.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

from coachsync.bookings.fields import Way
from coachsync.bookings.incoming import Incoming, Unreadable, UnusableInputError
from coachsync.bookings.jsonrows import objects_of, read_lines

_ZIP = b"PK\x03\x04"
_MEMBER = "documents.jsonl"
_LARGEST = 1 << 30  # bytes of one table, unpacked
_LINKS = "discordIntegrations"
_USERS = "users"
_USER_KEYS = ("userId", "user", "user_id", "_id")
_ID_KEYS = ("discordUserId", "discordId", "discord_user_id", "discord_id", "providerUserId")
_NAME_KEYS = ("discordUsername", "discordName", "username")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


class _Known(NamedTuple):
    """What the other tables say of people, by the id of their document in `users`."""

    discord_ids: dict[str, object]
    discord_names: dict[str, str]
    names: dict[str, str]


def read_convex(file: BinaryIO, way: Way) -> Iterator[Incoming | Unreadable]:
    """Yield what each document of a table holds. Raises UnusableInputError, also on the way if the ZIP is broken."""
    head = file.read(len(_ZIP))
    if head != _ZIP:
        rest = io.BytesIO(head + file.read())
        yield from read_lines(rest, way, _Joining(_Known({}, {}, {})).joined)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(head + file.read())) as archive:
            yield from _from_archive(archive, way)
    except _BROKEN as problem:
        raise UnusableInputError(f"the ZIP is broken: {problem}", "export it again: `npx convex export`") from None


def _from_archive(archive: zipfile.ZipFile, way: Way) -> Iterator[Incoming | Unreadable]:
    tables = {name.rstrip("/").split("/")[-2]: name for name in archive.namelist() if _is_documents(name)}
    if way.table not in tables:
        shown = [table for table in sorted(tables) if not table.startswith("_")]
        there = f"its tables are {', '.join(shown[:20])}" if shown else "it has none"
        raise UnusableInputError(f"the export has no table {way.table}: {there}", "name the one with --table")
    known = _Known({}, {}, {})
    for row in _documents(archive, tables.get(_LINKS)):
        _learn_link(known, row)
    for row in _documents(archive, tables.get(_USERS)):
        key, name = row.get("_id"), row.get("name") or row.get("displayName")
        if isinstance(key, str) and isinstance(name, str):
            known.names[key] = name
        if isinstance(key, str) and key not in known.discord_ids:
            _learn_link(known, {**row, "userId": key})
    with archive.open(_fitting(archive, tables[way.table])) as table:
        yield from read_lines(table, way, _Joining(known).joined)  # type: ignore[arg-type]


def _is_documents(name: str) -> bool:
    parts = name.split("/")
    return len(parts) > 1 and parts[-1] == _MEMBER


def _fitting(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    info = archive.getinfo(name)
    if info.file_size > _LARGEST:
        raise UnusableInputError(f"{name} unpacks to more than 1 GiB", "export the one table, and import that")
    return info


def _documents(archive: zipfile.ZipFile, name: str | None) -> Iterator[dict[str, Any]]:
    if name is not None:
        with archive.open(_fitting(archive, name)) as table:
            yield from objects_of(table)  # type: ignore[arg-type]


def _learn_link(known: _Known, row: Mapping[str, Any]) -> None:
    user = _first(row, _USER_KEYS)
    if user is None:
        return
    found = _first(row, _ID_KEYS) or next((row[key] for key in _ID_KEYS if row.get(key)), None)
    if found is not None:  # one that is no text is told of with its booking, not left out
        known.discord_ids.setdefault(user, found)
    if (name := _first(row, _NAME_KEYS)) is not None:
        known.discord_names.setdefault(user, name)


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((value for key in keys if isinstance(value := row.get(key), str) and value), None)


class _Joining:
    """Gives a document the people that it names by other documents' ids."""

    def __init__(self, known: _Known) -> None:
        self._known = known

    def joined(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a document with its people's Discord ids and names, where it does not say them itself."""
        for kind in ("student", "coach"):
            user = row.pop(f"{kind}Id", None)
            if not isinstance(user, str):
                continue
            for key, table in (
                (f"{kind}DiscordId", self._known.discord_ids),
                (f"{kind}DiscordName", self._known.discord_names),
                (f"{kind}Name", self._known.names),
            ):
                if user in table and not row.get(key):
                    row[key] = table[user]
        row.pop("_creationTime", None)
        return row
