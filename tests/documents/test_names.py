"""One word, one thing: no two public classes of one name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.documents.test_imports import MODULES, room_of
from tests.situations import SITUATIONS


def test_no_two_public_classes_share_a_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for module, path in MODULES.items():
        if room_of(module) == "standin":  # which models Discord's side of the same things
            continue
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


def test_files_that_play_situations_are_there() -> None:
    places = [place for each in SITUATIONS.values() for place in each]
    assert [place for place in places if not (Path(__file__).parents[1] / place).exists()] == []
