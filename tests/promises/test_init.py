"""The first command of a newcomer."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.kit.home import GUILD, Home
from tests.kit.town import TOKEN

YES = ("init", "--yes", "--guild-id", GUILD)


def test_init_writes_a_configuration_that_works(bare: Home) -> None:
    made = bare.run(*YES)
    assert made.code == 0
    assert bare.run("status").code == 0


def test_init_writes_for_its_owner_alone(bare: Home) -> None:
    bare.run(*YES)
    assert stat.S_IMODE(bare.config.stat().st_mode) == 0o600


def test_init_takes_every_option(bare: Home) -> None:
    options = (
        "--category-id",
        "1100000000000000001",
        "--store",
        "json:///b.json",
        "--token-file",
        "t",
        "--access",
        "member",
    )
    assert bare.run(*YES, *options).code == 0
    text = bare.config.read_text("utf-8")
    written = ('category_id = "1100000000000000001"', 'url = "json:///b.json"', 'token_file = "t"', 'access = "member"')
    assert [line for line in written if f"\n{line}" not in text] == []


def test_init_prints_the_invite_link_with_the_bots_own_id(bare: Home) -> None:
    result = bare.run(*YES, COACHSYNC_TOKEN=TOKEN)
    link = next(line for line in result.out.splitlines() if "https://" in line)
    for part in ("client_id=1100000000000000001", "permissions=305253904", f"guild_id={GUILD}", "scope=bot"):
        assert part in link
    assert "disable_guild_select=true" in link


def test_init_never_shows_the_token(bare: Home) -> None:
    result = bare.run(*YES, COACHSYNC_TOKEN=TOKEN)
    assert [part for part in TOKEN.split(".") if part in result.out + result.err] == []


def test_init_changes_nothing_when_a_configuration_exists(bare: Home) -> None:
    bare.run(*YES)
    before = bare.files()
    again = bare.run(*YES)
    assert (again.code, again.complaint, bare.files()) == (2, ["error", "hint"], before)


def test_init_replaces_the_configuration_but_keeps_the_store_when_forced(bare: Home) -> None:
    bare.run(*YES)
    bare.book("abc12345")
    assert bare.run(*YES, "--force", "--access", "member").code == 0
    assert bare.run("sessions", "show", "abc12345").code == 0
    assert 'access = "member"' in bare.config.read_text("utf-8")


def test_forced_init_keeps_the_former_configuration_beside_it(bare: Home) -> None:
    bare.run(*YES)
    bare.config.chmod(0o640)
    before = bare.config.read_bytes()
    said = bare.run(*YES, "--force", "--access", "member")
    kept = bare.folder / "config.toml.bak"
    assert (kept.read_bytes(), stat.S_IMODE(kept.stat().st_mode)) == (before, 0o640)
    assert str(kept) in said.out


BLANK = {
    "sqlite missing": ("sqlite:///s", None),
    "json missing": ("json:///s", None),
    "sqlite of 0 bytes": ("sqlite:///s", b""),
    "json of 0 bytes": ("json:///s", b""),
}


@pytest.mark.parametrize("case", BLANK)
def test_init_makes_the_store_alone_where_the_configuration_is_there(bare: Home, case: str) -> None:
    url, content = BLANK[case]
    bare.run(*YES, "--store", url)
    before = bare.config.read_bytes()
    (bare.folder / "s").unlink()
    if content is not None:
        (bare.folder / "s").write_bytes(content)
    refused, said = bare.run("status"), bare.run("init")
    assert (refused.code, said.code, said.err) == (3, 0, "")
    assert said.out == f"kept {bare.config}\nmade the empty store {bare.folder / 's'}\n"
    assert (bare.config.read_bytes(), bare.run("status").code) == (before, 0)


def test_init_makes_the_store_in_a_database_without_tables(bare: Home) -> None:
    bare.run(*YES)
    (bare.folder / "sessions.db").unlink()
    with contextlib.closing(sqlite3.connect(bare.folder / "sessions.db")) as database:
        database.execute("PRAGMA user_version = 7")
    assert bare.run("init").code == 0
    assert bare.run("status").code == 0


def test_init_fills_a_blank_store_together_with_a_new_configuration(bare: Home) -> None:
    (bare.folder / "sessions.db").touch()
    said = bare.run(*YES)
    assert (said.code, "made the empty store" in said.out, bare.run("status").code) == (0, True, 0)


@pytest.mark.parametrize("option", [("--store", "json:///b"), ("--access", "member"), ("--category-id", GUILD)])
def test_init_makes_no_store_where_the_options_contradict_the_configuration(
    bare: Home, option: tuple[str, str]
) -> None:
    bare.run(*YES)
    (bare.folder / "sessions.db").unlink()
    before = bare.files()
    again = bare.run(*YES, *option)
    assert (again.code, again.complaint, bare.files()) == (2, ["error", "hint"], before)


def test_init_makes_no_store_where_the_configuration_is_broken(bare: Home) -> None:
    bare.config.write_text("[store")
    before = bare.files()
    assert (bare.run(*YES).code, bare.files()) == (2, before)


def _foreign(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE sessions (sid TEXT, data TEXT)")


UNUSABLE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "random bytes": ("sqlite:///s", lambda path: path.write_bytes(bytes(range(256)) * 20)),
    "foreign table": ("sqlite:///s", _foreign),
    "other json": ("json:///s", lambda path: path.write_bytes(b'{"a":1}')),
    "dangling link": ("sqlite:///s", lambda path: path.symlink_to("gone")),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_init_writes_nothing_when_the_store_that_is_there_cannot_be_used(bare: Home, case: str) -> None:
    url, make = UNUSABLE[case]
    make(bare.folder / "s")
    before = bare.files()
    said = bare.run(*YES, "--store", url)
    assert (said.code, said.complaint, bare.files()) == (3, ["error", "hint"], before)


def test_init_writes_to_the_users_place_when_none_is_named(bare: Home) -> None:
    assert bare.start(*YES).code == 0
    assert (bare.folder / ".config" / "coachsync" / "config.toml").is_file()
    assert bare.start("status").code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--yes",),
        (),
        (*YES[1:3], "12"),
        (*YES[1:], "--store", "mysql:///x"),
        (*YES[1:], "--access", "both"),
        (*YES[1:], "--category-id", "x"),
        (*YES[1:], "--token-file", TOKEN),
    ],
)
def test_init_refuses_what_makes_no_sense_and_writes_nothing(bare: Home, options: tuple[str, ...]) -> None:
    result = bare.run("init", *options)
    assert (result.code, result.complaint, bare.files()) == (2, ["error", "hint"], {})
    assert TOKEN not in result.err


def test_init_leaves_no_store_behind_when_the_configuration_cannot_be_written(bare: Home) -> None:
    bare.config.mkdir()
    result = bare.run(*YES, "--force")
    assert (result.code, result.complaint, bare.files()) == (3, ["error", "hint"], {})


def test_init_asks_at_a_terminal_and_keeps_the_token_in_its_own_file(bare: Home) -> None:
    arguments = ["-m", "coachsync", "--config", str(bare.config), "init"]
    child = pexpect.spawn(
        sys.executable, arguments, env=bare.environ({}), cwd=str(bare.folder), timeout=30, encoding="utf-8"
    )
    for question, answer in (
        ("server id", "oops"),
        ("server id", GUILD),
        ("Category", ""),
        ("Store", ""),
        ("Token file", ""),
        ("Bot token", TOKEN),
    ):
        child.expect(question)
        child.sendline(answer)
    said = child.read()
    child.close()
    token = Path(bare.folder, "token")
    assert (child.exitstatus, token.read_text("utf-8").strip()) == (0, TOKEN)
    assert stat.S_IMODE(os.stat(token).st_mode) == 0o600
    assert TOKEN not in said + bare.config.read_text("utf-8")
