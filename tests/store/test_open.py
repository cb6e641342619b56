"""From a url to a store; what is none is told with what to do, and nothing is touched."""

from __future__ import annotations

import ast
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import coachsync
from coachsync import waits
from coachsync.errors import ConfigError, StoreError
from coachsync.store import files
from coachsync.store.open import create_store, open_store, parse_url
from tests.store.backends import BACKENDS, DEFAULTS, SPAN, UNTYPED, FileBackend, a_row, snapshot


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with waits.hurried(malformed=0.0):
        yield


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:///a.db", ("sqlite", "/base/a.db")),
        ("sqlite:////abs/a.db", ("sqlite", "/abs/a.db")),
        ("json:///dir/a.json", ("json", "/base/dir/a.json")),
        ("json:////abs/a b?c%20#.json", ("json", "/abs/a b?c%20#.json")),
    ],
)
def test_parse_url_reads_relative_and_absolute_paths(url: str, place: tuple[str, str]) -> None:
    assert parse_url(url, "/base") == place


@pytest.mark.parametrize(
    "url",
    ["", "a.db", "sqlite:a.db", "sqlite://a.db", "sqlite:///", "mysql:///a", "json:////", "sqlite:///a\0b", "/a.db"],
)
def test_parse_url_refuses_what_names_no_store(url: str) -> None:
    with pytest.raises(ConfigError):
        parse_url(url, "/base")


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:hunter2@host/db", "postgres://me@host/db?password=hunter2", "postgresql://me:h/nter2@host/db"],
)
def test_parse_url_takes_no_password_and_says_where_it_belongs(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_url(url, "/base")
    told = f"{raised.value.message} {raised.value.hint}"
    assert "pgpass" in told
    assert "nter2" not in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@host:5432/db",
        "postgres:///db?host=/run/postgresql",
        "postgresql://a:1,b:2/db",
        "postgresql:///?service=x",
    ],
)
def test_parse_url_takes_every_address_of_libpqs(url: str) -> None:
    assert parse_url(url, "/base") == ("postgresql", url)


def test_a_path_may_hold_what_means_something_in_urls(tmp_path: Path) -> None:
    url = "sqlite:///a?mode=ro#%41.db"
    create_store(url, tmp_path)
    store = open_store(url, tmp_path, DEFAULTS, writable=True)
    store.bookings.add(a_row())
    store.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a?mode=ro#%41.db"]


@pytest.mark.parametrize("url", ["sqlite:///s", "json:///s"])
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_create_store_touches_nothing_when_something_is_there(
    tmp_path: Path, url: str, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "s")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="exists already"):
        create_store(url, tmp_path)
    assert (sorted(tmp_path.rglob("*")), snapshot(tmp_path).get("s", b"")) == (before, b"")


def test_create_store_says_that_its_folder_is_missing_and_how_to_make_it(tmp_path: Path) -> None:
    folder = tmp_path / "no such" / "folder"
    with pytest.raises(StoreError) as raised:
        create_store(f"json:///{folder}/s.json", tmp_path)
    assert f"there is no folder {folder}" in raised.value.message
    assert f"mkdir -p '{folder}'" in raised.value.hint


def test_create_store_says_why_its_folder_takes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be made: File name too long"):
        create_store(f"json:///{'x' * 300}", tmp_path)


def _text(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _truncated(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE sessions (id, status, scheduled_date, student_discord_id, coach_discord_id)")
    connection.executemany("INSERT INTO sessions VALUES (?, 1, 2, 3, 4)", [("x" * 500,)] * 100)
    connection.commit()
    connection.close()
    path.write_bytes(path.read_bytes()[:5000])


def _database(sql: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.executescript(sql)
        connection.close()

    return make


UNUSABLE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "sqlite missing": ("sqlite", lambda path: None, "coachsync init"),
    "json missing": ("json", lambda path: None, "coachsync init"),
    "sqlite dangling link": ("sqlite", lambda path: path.symlink_to("nowhere"), "nowhere"),
    "json dangling link": ("json", lambda path: path.symlink_to("nowhere"), "nowhere"),
    "sqlite link to itself": ("sqlite", lambda path: path.symlink_to(path), "symbolic"),
    "sqlite directory": ("sqlite", Path.mkdir, "a directory"),
    "json directory": ("json", Path.mkdir, "a directory"),
    "json pipe": ("json", os.mkfifo, "no regular file"),
    "sqlite empty": ("sqlite", _text(b""), "coachsync init"),
    "sqlite text": ("sqlite", _text(b"hello " * 1000), "not a readable SQLite"),
    "sqlite binary": ("sqlite", _text(bytes(range(256)) * 40), "not a readable SQLite"),
    "sqlite truncated": ("sqlite", _truncated, "not a readable SQLite"),
    "sqlite other tables": ("sqlite", _database("CREATE TABLE bookings (id)"), "no table sessions"),
    "sqlite view": ("sqlite", _database("CREATE TABLE t (id); CREATE VIEW sessions AS SELECT * FROM t"), "a view"),
    "sqlite columns": ("sqlite", _database("CREATE TABLE sessions (id, status)"), "scheduled_date, student_discord_id"),
    "json empty": ("json", _text(b""), "is empty"),
    "json blank": ("json", _text(b"\n \n"), "is empty"),
    "json truncated": ("json", _text(b'[\n {"_id": "a"},\n {"_id"'), "line 3, column"),
    "json binary": ("json", _text(bytes(range(256))), "not JSON"),
    "json utf-16": ("json", _text('[{"_id": "a"}]'.encode("utf-16-le")), "not JSON"),
    "json trailing": ("json", _text(b"[] x"), "line 1, column 4"),
    "json number": ("json", _text(b"3"), "no array of sessions"),
    "json other object": ("json", _text(b'{"bookings": []}'), "no array of sessions"),
    "json sessions object": ("json", _text(b'{"sessions": {}}'), "no array of sessions"),
    "json too deep": ("json", _text(b"[" * 200_000), "nested too deeply, or not closed"),
}


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_store_is_told_and_not_touched(tmp_path: Path, case: str, writable: bool) -> None:
    kind, make, words = UNUSABLE[case]
    make(tmp_path / "store")
    before = (sorted(tmp_path.iterdir()), snapshot(tmp_path) if "link" not in case else None)
    with pytest.raises(StoreError) as raised:
        open_store(f"{kind}:///store", tmp_path, DEFAULTS, writable=writable)
    assert words in f"{raised.value.message} | {raised.value.hint}"
    assert "\n" not in raised.value.message
    assert (sorted(tmp_path.iterdir()), snapshot(tmp_path) if "link" not in case else None) == before


@pytest.mark.parametrize("backend", UNTYPED, indirect=True)
def test_root_does_not_write_the_store_of_another_user(
    backend: FileBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(files, "owner_of", lambda path: 54321)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(StoreError) as raised:
        backend.open()
    assert "sudo -u '#54321' coachsync" in raised.value.hint


@pytest.mark.parametrize("backend", UNTYPED, indirect=True)
def test_root_may_read_the_store_of_another_user(backend: FileBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "owner_of", lambda path: 54321)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    store = backend.open(writable=False)
    assert store.bookings.candidates(SPAN) == []
    store.close()


@pytest.mark.parametrize("backend", list(BACKENDS), indirect=True)
def test_the_path_is_the_file_behind_the_links(backend: FileBackend, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(backend.path.name)
    kind = backend.path.suffix.replace(".db", "sqlite").replace(".json", "json")
    store = open_store(f"{kind}:///link", tmp_path, DEFAULTS, writable=True)
    store.close()
    assert store.path == str(backend.path.resolve())


def test_every_opener_of_the_configured_store_heeds_its_mapping() -> None:
    """Without it another system's table would be taken for one to add our columns to."""
    trees = [ast.parse(path.read_text("utf-8")) for path in Path(coachsync.__file__).parent.rglob("*.py")]
    calls = [n for t in trees for n in ast.walk(t) if isinstance(n, ast.Call) and ast.unparse(n.func) == "open_store"]
    of_settings = [call for call in calls if "settings" in ast.unparse(call)]
    assert len(of_settings) >= 5
    assert [ast.unparse(call) for call in of_settings if "mapping" not in [k.arg for k in call.keywords]] == []


def test_opening_a_database_again_leaves_the_locks_of_the_first_connection_alone(tmp_path: Path) -> None:
    url = "sqlite:///a.db"
    path = create_store(url, tmp_path)
    store = open_store(url, tmp_path, DEFAULTS, writable=True)
    with store.transaction():
        open_store(url, tmp_path, DEFAULTS, writable=False).close()
        other = f"import sqlite3; sqlite3.connect({path!r}, timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
        result = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True)
    store.close()
    assert "database is locked" in result.stderr
