"""Finding a guild's bot token, late and apart from all other settings, and keeping it out of sight.

Order for `[discord]`: $COACHSYNC_TOKEN, then `token_file`, then the credential `discord-token` of the service
manager. A `token_file` in a guild's own section is used for that guild whatever the environment says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from coachsync.config.settings import GuildSettings, Settings
from coachsync.domain.model import Warn
from coachsync.errors import ConfigError

_CREDENTIAL = "credential:"
_DEFAULT_CREDENTIAL = "credential:discord-token"
_LARGEST = 4096
_SHORTEST_PART = 6  # a token is three parts with dots between; none of them is ever shown
_secrets: dict[str, None] = {}


class FoundToken:
    """A token, where it came from, and what is wrong with how it is kept. Never shows its value."""

    __slots__ = ("source", "value", "warning")

    def __init__(self, value: str, source: str, warning: Warn | None) -> None:
        self.value = value
        self.source = source
        self.warning = warning


def resolve_token(settings: Settings, guild_id: str, environ: Mapping[str, str]) -> str:
    """Return a guild's token. Raises ConfigError."""
    return find_token(settings, guild_id, environ).value


def find_token(settings: Settings, guild_id: str, environ: Mapping[str, str]) -> FoundToken:
    """Return a guild's token and a warning where others can read its file. Raises ConfigError."""
    found = _find(settings.guild(guild_id), settings.base_dir, environ)
    hide(found.value)
    return found


def _find(guild: GuildSettings, base_dir: str, environ: Mapping[str, str]) -> FoundToken:
    given = environ.get("COACHSYNC_TOKEN", "")
    if given.strip() and not guild.own_token:
        return FoundToken(_checked(given, "$COACHSYNC_TOKEN"), "$COACHSYNC_TOKEN", None)
    source = guild.token_file
    if not source and not environ.get("CREDENTIALS_DIRECTORY"):
        raise ConfigError(
            "no bot token: neither $COACHSYNC_TOKEN nor discord.token_file is set",
            "set discord.token_file to a file (mode 0600) that holds the token, or $COACHSYNC_TOKEN",
        )
    source = source or _DEFAULT_CREDENTIAL
    if source.startswith(_CREDENTIAL):
        return _from_credential(source, environ)
    return _from_file(os.path.join(base_dir, os.path.expanduser(source)))


def _from_credential(source: str, environ: Mapping[str, str]) -> FoundToken:
    name = source.removeprefix(_CREDENTIAL)
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise ConfigError(
            f"no bot token: the credential {name} is not here ($CREDENTIALS_DIRECTORY is unset)",
            f"start coachsync from a unit with LoadCredential={name}:FILE, or set $COACHSYNC_TOKEN",
        )
    return FoundToken(_read(os.path.join(folder, name), f"credential {name}"), source, None)


def _from_file(path: str) -> FoundToken:
    value = _read(path, f"token file {path}")
    return FoundToken(value, path, _warning(path))


def _warning(path: str) -> Warn | None:
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if not mode & 0o044:
        return None
    return Warn("token_readable", None, f"others can read the token file {path}: chmod 600 {path}")


def _read(path: str, what: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        hint = "write the bot's token into it (mode 0600), readable by the user that runs coachsync"
        raise ConfigError(f"the {what} cannot be read: {error.strerror}", hint) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"the {what} holds no token: it is too long", _HINT)
    return _checked(content.decode("utf-8", "replace"), what)


_HINT = "put the bot's token there and nothing else, as the developer portal shows it, without the word Bot"


def _checked(text: str, what: str) -> str:
    """Return the token without the white space around it. Raises ConfigError, never with the content."""
    value = text.strip()
    if not value:
        raise ConfigError(f"the {what} is empty", _HINT)
    if any(not "!" <= letter <= "~" for letter in value):
        hide(value)
        raise ConfigError(f"the {what} holds something that is no token", _HINT)
    return value


def hide(secret: str) -> None:
    """Remember a secret so that `redact` takes it, and each of its parts, out of any text."""
    for part in (secret, *secret.split(".")):
        if len(part) >= _SHORTEST_PART:
            _secrets[part] = None


def redact(text: str) -> str:
    """Return a text without any token seen in this process, whole or in part."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, "[token]")
    return text
