"""Where a token comes from, and that it is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from coachsync.config import Settings, Tokens, find_token, parse_settings
from coachsync.errors import ConfigError
from coachsync.secrets import redact

GUILD, OTHER = "1100000000000000000", "1200000000000000000"


def settings(folder: Path, discord: str = "", guild: str = "") -> Settings:
    """Return settings with these lines in [discord] and in another guild's section."""
    text = f'[discord]\nguild_id = "{GUILD}"\n{discord}\n[guilds.{OTHER}]\n{guild}\n[store]\nurl = "sqlite:///s.db"\n'
    return parse_settings(text, str(folder / "config.toml"), {})


def kept(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a token file."""
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def found_in(found: Settings, guild_id: str, environ: dict[str, str]) -> str:
    """Return the token that is found."""
    return find_token(found, guild_id, environ).token.reveal()


def refused(found: Settings, **environ: str) -> ConfigError:
    """Return why there is no token."""
    with pytest.raises(ConfigError) as caught:
        find_token(found, GUILD, environ)
    return caught.value


def test_environment_comes_before_the_file(tmp_path: Path) -> None:
    kept(tmp_path / "token", "from-the-file")
    found = settings(tmp_path, 'token_file = "token"')
    assert found_in(found, GUILD, {"COACHSYNC_TOKEN": "from-the-environment\n"}) == "from-the-environment"


def test_file_is_relative_to_the_configuration(tmp_path: Path) -> None:
    kept(tmp_path / "token", "from-the-file\n")
    assert found_in(settings(tmp_path, 'token_file = "token"'), GUILD, {}) == "from-the-file"


def test_guilds_own_file_comes_before_the_environment(tmp_path: Path) -> None:
    kept(tmp_path / "b", "of-the-other-guild")
    found = settings(tmp_path, guild='token_file = "b"')
    assert found_in(found, OTHER, {"COACHSYNC_TOKEN": "of-discord"}) == "of-the-other-guild"


def test_guild_without_own_file_takes_the_environment(tmp_path: Path) -> None:
    assert found_in(settings(tmp_path), OTHER, {"COACHSYNC_TOKEN": "of-discord"}) == "of-discord"


def test_credential_is_read_from_its_directory(tmp_path: Path) -> None:
    kept(tmp_path / "bot", "from-the-credential")
    found = settings(tmp_path, 'token_file = "credential:bot"')
    assert found_in(found, GUILD, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "from-the-credential"


def test_default_credential_is_taken_when_nothing_is_set(tmp_path: Path) -> None:
    kept(tmp_path / "discord-token", "from-the-default", 0o644)
    token = find_token(settings(tmp_path), GUILD, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (token.token.reveal(), token.warning) == ("from-the-default", None)


def test_nothing_set_is_refused_with_both_remedies(tmp_path: Path) -> None:
    found = refused(settings(tmp_path))
    assert "token_file" in found.hint
    assert "$COACHSYNC_TOKEN" in found.hint


def test_credential_without_service_manager_is_refused(tmp_path: Path) -> None:
    assert "LoadCredential=bot" in refused(settings(tmp_path, 'token_file = "credential:bot"')).hint


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    assert str(tmp_path / "token") in refused(settings(tmp_path, 'token_file = "token"')).message


@pytest.mark.parametrize("content", ["", "  \n", "two words-of-secret", "secret\x07bell", "x" * 5000])
def test_file_without_token_is_refused_and_not_shown(tmp_path: Path, content: str) -> None:
    kept(tmp_path / "token", content)
    found = refused(settings(tmp_path, 'token_file = "token"'))
    assert not content.strip() or content.strip() not in found.message + found.hint


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_file_is_warned_about_when_others_can_read_it(tmp_path: Path, mode: int, warned: bool) -> None:
    kept(tmp_path / "token", "from-the-file", mode)
    assert (find_token(settings(tmp_path, 'token_file = "token"'), GUILD, {}).warning is not None) == warned


def test_redact_removes_the_token_and_each_of_its_parts(tmp_path: Path) -> None:
    token = "AbCdEfGhIjKl.MnOpQr.StUvWxYz0123456789"
    find_token(settings(tmp_path), GUILD, {"COACHSYNC_TOKEN": token})
    shown = redact(f"a {token} b MnOpQr c StUvWxYz0123456789")
    assert [part for part in token.split(".") if part in shown] == []


def test_found_token_does_not_show_itself(tmp_path: Path) -> None:
    found = find_token(settings(tmp_path), GUILD, {"COACHSYNC_TOKEN": "not-to-be-seen"})
    assert "not-to-be-seen" not in repr(found) + str(found)


def test_token_file_is_read_once_in_a_run(tmp_path: Path) -> None:
    file = kept(tmp_path / "token", "from-the-file")
    tokens = Tokens(settings(tmp_path, 'token_file = "token"'), {})
    tokens.check()
    file.unlink()
    assert tokens.of(GUILD).token.reveal() == "from-the-file"


def test_token_that_was_not_found_stays_so_for_the_run(tmp_path: Path) -> None:
    tokens = Tokens(settings(tmp_path, 'token_file = "token"'), {})
    with pytest.raises(ConfigError):
        tokens.check()
    kept(tmp_path / "token", "too-late-for-it")
    with pytest.raises(ConfigError, match="cannot be read"):
        tokens.of(GUILD)
