"""`[sources.NAME]`: where bookings are pulled from. Loaded only if the configuration has such a section.

The keys are listed in `definition`; here is what they may be together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from coachsync.config.definition import SOURCE_KEYS, SOURCE_TYPES, Key
from coachsync.config.settings import SourceSettings
from coachsync.config.values import UnfitError, shown

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_LONGEST_NAME = 40
_SECRET = frozenset({"url", "command", "token_file"})  # an address may be as good as a password
_DATABASES = ("mysql://", "postgresql://", "sqlite:///")
_ONLY_OF = {"query": "sql", "time": "sql", "table": "convex"}


def check_sources(found: object, cancelled: Collection[str], problems: list[str]) -> tuple[SourceSettings, ...]:
    """Return the sources of a parsed `sources` table; what is wrong is added to `problems`, one line each."""
    if not isinstance(found, Mapping):
        return ()  # what stands there instead is said already
    sources = [_source(str(name), content, cancelled, problems) for name, content in found.items()]
    return tuple(source for source in sources if source is not None)


def _source(name: str, content: object, cancelled: Collection[str], problems: list[str]) -> SourceSettings | None:
    path = f"sources.{_plain(name)}"
    if not name or len(name) > _LONGEST_NAME or not _LETTERS.issuperset(name):
        problems.append(f"{path}: expected a name of letters, digits, - and _, at most {_LONGEST_NAME} of them")
    if not isinstance(content, Mapping):
        problems.append(f"{path}: found {shown(content)}, expected a section [sources.NAME]")
        return None
    known = [key.name for key in SOURCE_KEYS]
    own = [_unknown(path, one, known) for one in content if one not in known]
    values = {key.name: _value(key, path, content, own) for key in SOURCE_KEYS}
    if not own:
        own += [f"{path}.{problem}" for problem in _together(values, content)]
    if values["complete"] and not cancelled:
        own.append(f"{path}.complete: found true, but [statuses] cancelled names no status that could be written")
    problems += own
    return None if own else SourceSettings(name=name, **values)


def _unknown(path: str, name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    meant = get_close_matches(name, known, 1, cutoff=0.5)
    advice = f"did you mean {path}.{meant[0]}?" if meant else "expected one of " + ", ".join(known)
    return f"{path}.{_plain(name)}: unknown key, {advice}"


def _value(key: Key, path: str, content: Mapping[str, Any], problems: list[str]) -> Any:
    if key.name not in content:
        if key.required:
            problems.append(f"{path}.{key.name}: not set, expected one of {', '.join(SOURCE_TYPES)}")
        return None if key.default is None else key.parse(key.default)
    value = content[key.name]
    try:
        return key.parse(value)
    except UnfitError as unfit:
        what = "something that is not shown" if key.name in _SECRET else shown(value)
        problems.append(f"{path}.{key.name}: found {what}, expected {unfit}")
        return None


def _together(values: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what does not go together, as "key: what is wrong"."""
    form = values["type"]
    for name, only in _ONLY_OF.items():
        if name in content and form != only:
            yield f'{name}: only a source of type "{only}" has one'
    ways = [name for name in ("url", "path", "command") if values[name]]
    database = bool(values["url"]) and values["url"].startswith(_DATABASES)
    if form == "sql":
        if ways != ["url"] or not database:
            yield "url: expected the database alone, as mysql://…, postgresql://… or sqlite:///…"
        if not values["query"]:
            yield 'query: not set, expected "SELECT …", its columns named as fields'
        return
    if form == "calcom":
        if [way for way in ways if way != "url"] or database:
            yield "url: expected the address of Cal.com's API, or none at all"
        if not values["token_file"]:
            yield "token_file: not set, expected the file of an API key of Cal.com"
        return
    if len(ways) != 1:
        what = "not set" if not ways else f"{' and '.join(ways)} are set"
        yield f"{(ways or ['url'])[-1]}: {what}, expected one of url, path or command"
    elif database:
        yield 'url: a database is a source of type "sql"'
    if values["token_file"] and ways and ways != ["url"]:
        yield f"token_file: a {ways[0]} is sent no token, expected it with a url alone"


def _plain(name: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)[:120]
