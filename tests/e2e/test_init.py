"""The first command of a newcomer."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pexpect
import pytest

from tests.e2e.program import GUILD, TOKEN, Home

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
