"""Broken configurations, stores and arguments: two lines, the right exit status, nothing changed on disk."""

from __future__ import annotations

import pytest

from tests.kit.home import GUILD, Home
from tests.kit.town import TOKEN

GOOD = f'[discord]\nguild_id = "{GUILD}"\n[store]\nurl = "sqlite:///gone.db"\n'

CONFIGS = {
    "empty": b"",
    "syntax": b"[discord\n",
    "no quotes": b"[discord]\nguild_id = abc\n",
    "binary": b"\xff\xfe\x00\x01",
    "bare number": b"42",
    "unknown section": GOOD.encode() + b"[colours]\n",
    "unknown key": GOOD.encode() + b'[windows]\nsetup_byy = "2h"\n',
    "wrong type": GOOD.encode() + b"[windows]\nsetup_by = 2\n",
    "later value": GOOD.encode() + b'[schedule]\nmax_silence = "5m"\n',
    "crossed windows": GOOD.encode() + b'[windows]\nsetup_by = "5h"\n',
    "same name for all": GOOD.encode() + b'[naming]\nrole = "Session"\n',
    "clear http": GOOD.replace("[store]", 'api_base = "http://discord.com"\n[store]').encode(),
    "duplicate key": GOOD.encode() + b'[naming]\nrole = "{id}"\nrole = "{id}"\n',
    "deep nesting": b"x = " + b"[" * 20_000,
    "postgresql": GOOD.replace("sqlite:///gone.db", "postgresql://u:p@h/d").encode(),
    "store without scheme": GOOD.replace("sqlite:///gone.db", "sessions.db").encode(),
    "token in the file": GOOD.replace("[store]", f'token_file = "{TOKEN}"\n[store]').encode(),
}

STORES = {
    "sqlite missing": ("sqlite:///gone.db", None),
    "json missing": ("json:///gone.json", None),
    "json empty": ("json:///s", b""),
    "json truncated": ("json:///s", b'[{"_id": "a"'),
    "json other": ("json:///s", b'{"rows": []}'),
    "json binary": ("json:///s", b"\x00\xff" * 99),
    "sqlite text": ("sqlite:///s", b"hello, this is no database" * 50),
    "sqlite cut off": ("sqlite:///s", b"SQLite format 3\x00" + b"\x00" * 50),
    "sqlite folder": ("sqlite:///.", None),
}

ARGUMENTS = [
    [],
    ["--nonsense"],
    ["rnu"],
    ["--log-format", "xml", "status"],
    ["--config"],
    ["run", "abc12345"],
    ["run", "--now", "yesterday"],
    ["run", "--now", "2026-10-14T13:00"],
    ["run", "--wait", "-1"],
    ["run", "--wait", "soon"],
    ["run", "--wait", "nan"],
    ["run", "--config"],
    ["cleanup", "--abandon"],
    ["setup", ""],
    ["status", "--all", "abc12345"],
    ["explain"],
    ["sessions", "--verbose"],
    ["sessions", "add"],
    ["sessions", "add", "--student", "1", "--coach", "2", "--start", "2099-01-01T00:00Z"],
    ["sessions", "import", "nowhere.json"],
    ["sessions", "reschedule", "abc12345", "--start", "2026-03-08 02:30", "--tz", "America/New_York"],
]


def told_in_two_lines(home: Home, code: int, *arguments: str, **environ: str) -> None:
    """Run a command that must be refused, and check how."""
    before = home.files()
    result = home.run(*arguments, **environ)
    assert (result.code, result.out) == (code, ""), result.err
    assert result.complaint == ["error", "hint"], result.err
    assert [part for part in TOKEN.split(".") if part in result.err] == []
    assert home.files() == before


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("command", ["run", "status"])
def test_broken_configuration_is_refused(bare: Home, kind: str, command: str) -> None:
    bare.config.write_bytes(CONFIGS[kind])
    told_in_two_lines(bare, 3, command, COACHSYNC_TOKEN=TOKEN)


def test_configuration_with_several_problems_tells_each(bare: Home) -> None:
    bare.config.write_bytes(CONFIGS["empty"])
    error, _hint = bare.run("status").err.splitlines()
    assert "discord.guild_id" in error
    assert "store.url" in error


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("command", ["run", "status"])
def test_broken_store_is_refused(bare: Home, kind: str, command: str) -> None:
    url, content = STORES[kind]
    bare.config.write_text(GOOD.replace("sqlite:///gone.db", url), "utf-8")
    if content is not None:
        (bare.folder / "s").write_bytes(content)
    told_in_two_lines(bare, 3, command, COACHSYNC_TOKEN=TOKEN)


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_senseless_arguments_are_refused(bare: Home, arguments: list[str]) -> None:
    bare.settle()
    told_in_two_lines(bare, 2, *arguments, COACHSYNC_TOKEN=TOKEN)


def test_pretended_time_is_refused_when_discord_is_elsewhere(bare: Home) -> None:
    bare.settle()
    environ = {"COACHSYNC_API_BASE": "https://discord.invalid/api", "COACHSYNC_TOKEN": TOKEN}
    told_in_two_lines(bare, 2, "run", "--now", "2026-10-14T13:00Z", **environ)


def test_missing_token_is_refused(bare: Home) -> None:
    bare.settle()
    before, bookings = set(bare.files()), bare.run("sessions", "export").out
    result = bare.run("run")
    assert (result.code, result.out, result.complaint) == (3, "", ["error", "hint"])
    assert set(bare.files()) == before  # that it could not start is kept in the ledger, and nothing else
    assert bare.run("sessions", "export").out == bookings


def test_pretended_time_is_taken_when_nothing_is_sent(bare: Home) -> None:
    bare.settle()
    assert bare.run("run", "--now", "2026-10-14T13:00Z", "--dry-run").code == 0


def test_pretended_time_is_taken_when_discord_is_on_this_host(bare: Home) -> None:
    bare.settle()
    environ = {"COACHSYNC_API_BASE": "http://127.0.0.1:9/api", "COACHSYNC_TOKEN": TOKEN}
    assert bare.run("run", "--now", "2026-10-14T13:00Z", **environ).code == 0
