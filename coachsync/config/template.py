"""The commented configuration file that `coachsync init` writes, made from the definition that checks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coachsync.config.definition import SECTIONS, Key, keys_of

_HEAD = """\
# coachsync: opens and closes the private Discord voice room of each booked coaching session.
# What is commented out is optional. `coachsync help configuration` tells of each key, `coachsync doctor` checks them.
"""
_COLUMNS = "store.columns"
_COLUMNS_EXAMPLE = """\
# [store.columns]
# id = "uuid"
# status = "state"
"""
_GUILD_EXAMPLE = """\
# [guilds.1200000000000000000]
# category_id = "1200000000000000001"
# token_file = "/etc/coachsync/token-b"
"""
_SOURCE_EXAMPLE = """\
# [sources.calendar]
# type = "ics"
# url = "https://calendar.example/basic.ics"
# people = "people.toml"
# map = {student = "attendee", coach = "organizer"}
"""
_EXAMPLES = {"guilds": _GUILD_EXAMPLE, "sources": _SOURCE_EXAMPLE}


def render_config(given: Mapping[str, Any]) -> str:
    """Return the text of a configuration file.

    `given` holds values as TOML takes them by key path ("discord.guild_id"); all other keys stand at their
    defaults, or commented out with an example if they have none.
    """
    return _HEAD + "".join(_section(name, section.doc, given) for name, section in SECTIONS.items())


def _section(section: str, doc: str, given: Mapping[str, Any]) -> str:
    if section == _COLUMNS:
        columns = [(key, given[key.path]) for key in keys_of(section) if key.path in given]
        if not columns:
            return f"\n# {doc}\n{_COLUMNS_EXAMPLE}"
        return f"\n# {doc}\n[{section}]\n" + "".join(_line(key, column) for key, column in columns)
    if section in _EXAMPLES:
        return f"\n# {doc}\n{_EXAMPLES[section]}"
    lines = [_line(key, given.get(key.path)) for key in keys_of(section)]
    return f"\n# {doc}\n[{section}]\n" + "".join(lines)


def _line(key: Key, value: Any) -> str:
    shown = value if value is not None else key.default
    unset = shown is None or (value is None and (key.later or key.default == key.example))
    text = _toml(key.name, key.example if unset and not key.later else shown)
    return f"{'# ' if unset else ''}{text}  # {key.doc}\n"


def _toml(name: str, value: Any) -> str:
    """Return `name = value` on one line."""
    import tomli_w

    if isinstance(value, list):
        items = [tomli_w.dumps({"x": item}).partition("= ")[2].strip() for item in value]
        return f"{name} = [{', '.join(items)}]"
    return tomli_w.dumps({name: value}).strip()
