"""The JSON Schemas of what `--json` prints: files of the package, one for each document.

`shared.json` holds what several of them are made of; each schema that is given out holds the parts that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

_SHARED = "shared"
_PART = "#/$defs/"


def schemas() -> dict[str, dict[str, Any]]:
    """Return every document's schema by its name; each stands for itself (JSON Schema 2020-12).

    "x-commands" lists the commands that print the document.
    """
    folder = files("coachsync") / "guide" / "schemas"
    found = {
        file.name.removesuffix(".json"): json.loads(file.read_text("utf-8"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    }
    parts = found.pop(_SHARED)["$defs"]
    return {name: _whole(schema, parts) for name, schema in found.items()}


def _whole(schema: dict[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    needed: dict[str, Any] = {}
    open_: list[Any] = [schema]
    while open_:
        for name in _parts_in(open_.pop()):
            if name not in needed:
                needed[name] = parts[name]
                open_.append(parts[name])
    return {**schema, "$defs": needed} if needed else schema


def _parts_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        named = value.get("$ref")
        if isinstance(named, str):
            yield named.removeprefix(_PART)
        for inner in value.values():
            yield from _parts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts_in(inner)
