"""No statement asks for more than SQLite 3.26, which RHEL 8 has; an older SQLite is told at once (CONTRACT §4).

Statements are looked for in the program's own text. What SQLite itself of that version says, only a run on it shows.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from coachsync.errors import StoreError
from coachsync.store.sqlite.database import Database
from tests.kit.home import ROOT

LATER = {
    "3.31, generated columns": r"GENERATED ALWAYS|\bAS \(.*\) (STORED|VIRTUAL)",
    "3.32, iif": r"\biif ?\(",
    "3.33, UPDATE FROM": r"\bUPDATE \w+ SET [^;]* FROM (?!\w+\s*WHERE[^;]*\))(?<!\()",
    "3.35, RETURNING": r"\bRETURNING\b",
    "3.35, DROP COLUMN": r"\bDROP COLUMN\b",
    "3.35, MATERIALIZED": r"\bMATERIALIZED\b",
    "3.37, STRICT": r"\) ?STRICT\b|, ?STRICT\b",
    "3.37, table_list": r"table_list",
    "3.38, JSON by default": r"->|\bjson_\w+ ?\(",
    "3.38, unixepoch": r"\bunixepoch\b|'auto'",
    "3.38, format": r"\bformat ?\(",
    "3.39, IS DISTINCT FROM": r"\bIS (NOT )?DISTINCT\b",
    "3.39, joins": r"\b(RIGHT|FULL) (OUTER )?JOIN\b",
    "3.44, concat": r"\bconcat(_ws)? ?\(|\bstring_agg\b",
    "3.28, window frames": r"\bFILTER ?\(|\bEXCLUDE\b",
    "3.30, NULLS FIRST": r"\bNULLS (FIRST|LAST)\b",
}
SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|PRAGMA|WITH|BEGIN|SAVEPOINT|ATTACH)\b")


def texts(path: Path) -> Iterator[str]:
    """Yield every text of a module, those with values put in too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(p.value if isinstance(p, ast.Constant) else "x" for p in node.values)  # type: ignore[misc]


def test_no_statement_asks_for_a_later_sqlite() -> None:
    modules = sorted(p for p in (ROOT / "coachsync").rglob("*.py") if "postgres" not in p.parts)
    statements = [text for path in modules for text in texts(path) if SQL.match(text)]
    assert len(statements) > 60
    assert any("ON CONFLICT" in statement for statement in statements)
    later = [(name, s) for name, sign in LATER.items() for s in statements if re.search(sign, s, re.IGNORECASE)]
    assert later == []


def test_older_sqlite_is_told_with_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "s.db").close()
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 25, 3))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.25.3")
    with pytest.raises(StoreError, match=r"3\.25\.3: coachsync needs 3\.26"):
        Database(str(tmp_path / "s.db"), writable=False, corrupt_hint="")
