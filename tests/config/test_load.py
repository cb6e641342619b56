"""Finding and reading the configuration file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coachsync.config import find_config, load_settings
from coachsync.config.load import SYSTEM_PATH, search_path
from coachsync.errors import UNUSABLE, ConfigError
from coachsync.host.reading import read_regular

GOOD = '[discord]\nguild_id = "1100000000000000000"\n[store]\nurl = "sqlite:///s.db"\n'


def written(path: Path, text: str = GOOD) -> str:
    """Write a configuration file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return str(path)


def refused(path: Path) -> ConfigError:
    """Return why a file is not taken."""
    with pytest.raises(ConfigError) as caught:
        load_settings(str(path), {})
    assert caught.value.exit_code == UNUSABLE
    return caught.value


def test_command_line_comes_before_all_else(tmp_path: Path) -> None:
    named, other = written(tmp_path / "a.toml"), written(tmp_path / "b.toml")
    assert find_config(named, {"COACHSYNC_CONFIG": other}) == named


def test_variable_comes_before_the_users_place(tmp_path: Path) -> None:
    named = written(tmp_path / "a.toml")
    written(tmp_path / "coachsync" / "config.toml")
    assert find_config(None, {"COACHSYNC_CONFIG": named, "XDG_CONFIG_HOME": str(tmp_path)}) == named


def test_users_place_is_found_when_nothing_is_named(tmp_path: Path) -> None:
    place = written(tmp_path / "coachsync" / "config.toml")
    assert find_config(None, {"XDG_CONFIG_HOME": str(tmp_path)}) == place


def test_search_path_ends_in_the_system_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/sarah")
    assert search_path({}) == ("/home/sarah/.config/coachsync/config.toml", SYSTEM_PATH)


def test_every_place_is_named_when_no_file_is_found(tmp_path: Path) -> None:
    if Path(SYSTEM_PATH).exists():
        pytest.skip("this host has a configuration of its own")
    with pytest.raises(ConfigError) as caught:
        find_config(None, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert str(tmp_path) in caught.value.message
    assert SYSTEM_PATH in caught.value.message
    assert "coachsync init" in caught.value.hint


@pytest.mark.parametrize("by", ["--config", "$COACHSYNC_CONFIG"])
def test_named_file_must_exist(by: str) -> None:
    explicit = "/nowhere/c.toml" if by == "--config" else None
    with pytest.raises(ConfigError) as caught:
        load_settings(explicit, {"COACHSYNC_CONFIG": "/nowhere/c.toml"})
    assert by in caught.value.message


def test_syntax_error_tells_line_and_column(tmp_path: Path) -> None:
    written(tmp_path / "c.toml", "[discord]\nguild_id = = 5\n")
    assert "line 2, column" in refused(tmp_path / "c.toml").message


def test_folder_is_refused(tmp_path: Path) -> None:
    assert "directory" in refused(tmp_path).message


def test_dangling_link_is_refused_with_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "c.toml").symlink_to(tmp_path / "gone.toml")
    problem = refused(tmp_path / "c.toml")
    assert f"is a link to {tmp_path / 'gone.toml'}, which does not exist" in problem.message
    assert problem.hint == "mend the link"


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that nobody may enter, root neither."""
    folder = tmp_path / "closed"

    def refuse(path: str) -> None:
        if str(path).startswith(f"{folder}/"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    def lstat(path: str, real: Callable[[str], os.stat_result] = os.lstat) -> os.stat_result:
        refuse(path)
        return real(path)

    def read(path: str, most: int) -> tuple[bytes, os.stat_result]:
        refuse(path)
        return read_regular(path, most)

    monkeypatch.setattr("coachsync.config.load.os.lstat", lstat)
    monkeypatch.setattr("coachsync.config.load.read_regular", read)
    return folder


def test_file_in_a_folder_that_is_closed_to_us_is_not_said_to_be_missing(closed: Path) -> None:
    problem = refused(closed / "c.toml")
    assert "c.toml cannot be read: Permission denied" in problem.message
    assert problem.hint.startswith("run as the user that owns it")


def test_closed_folder_of_the_user_is_told_when_nothing_else_is_there(closed: Path) -> None:
    if Path(SYSTEM_PATH).exists():
        pytest.skip("this host has a configuration of its own")
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        load_settings(None, {"XDG_CONFIG_HOME": str(closed)})


def test_path_through_a_file_is_missing(tmp_path: Path) -> None:
    written(tmp_path / "file")
    assert "does not exist" in refused(tmp_path / "file" / "c.toml").message


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 2_000_000], ids=["binary", "huge"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.toml").write_bytes(content)
    assert "is no configuration file" in refused(tmp_path / "c.toml").message


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "c.toml", "x = " + "[" * 50_000)
    assert "not valid TOML" in refused(tmp_path / "c.toml").message


def test_byte_order_mark_and_windows_line_ends_are_taken(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_settings(str(tmp_path / "c.toml"), {}).discord.guild_id == "1100000000000000000"


def test_single_problem_stands_in_the_message_itself(tmp_path: Path) -> None:
    written(tmp_path / "c.toml", GOOD + "[windows]\nsetup_by = 5\n")
    assert "windows.setup_by: found 5" in refused(tmp_path / "c.toml").message
