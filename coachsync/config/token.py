"""Finding a guild's bot token, late and apart from all other settings.

Order for `[discord]`: $COACHSYNC_TOKEN, then `token_file`, then the credential `discord-token` of the service
manager. A `token_file` in a guild's own section is used for that guild whatever the environment says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import NamedTuple

from coachsync.config.settings import DiscordSettings, Settings
from coachsync.domain.model import Warn
from coachsync.errors import ConfigError, TokenError
from coachsync.host.limits import NO_FILES, expanded, remedy, too_few_files
from coachsync.host.reading import NotRegularError, in_time, read_regular
from coachsync.secrets import Token

_CREDENTIAL = "credential:"
_DEFAULT_CREDENTIAL = "credential:discord-token"
_LARGEST = 4096
_QUOTES = "\"'`“”‘’„«»"


class FoundToken(NamedTuple):
    """A token, where it came from, and what is wrong with how it is kept."""

    token: Token
    source: str
    warning: Warn | None


class Tokens:
    """The tokens of one run: each guild's is looked for when it is first asked for, and once."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._found: dict[str, FoundToken | ConfigError] = {}

    def of(self, guild_id: str) -> FoundToken:
        """Return a guild's token and, if others can read its file, a warning. Raises ConfigError."""
        if guild_id not in self._found:
            try:
                self._found[guild_id] = find_token(self._settings, guild_id, self._environ)
            except ConfigError as error:
                self._found[guild_id] = error
        found = self._found[guild_id]
        if isinstance(found, ConfigError):
            raise found
        return found

    def check(self) -> None:
        """Raise the first guild's ConfigError if no guild of the configuration has a token."""
        first: ConfigError | None = None
        for guild_id in (self._settings.discord.guild_id, *self._settings.guilds):
            try:
                self.of(guild_id)
            except ConfigError as error:
                first = first or error
            else:
                return
        if first is not None:
            raise first


def find_token(settings: Settings, guild_id: str, environ: Mapping[str, str]) -> FoundToken:
    """Return a guild's token and, if others can read its file, a warning. Raises ConfigError."""
    return in_time(lambda: _find(settings.guild(guild_id), settings.base_dir, environ), "the bot token")


def token_in_file(settings: Settings, named: str) -> Token:
    """Return the token in a file that the configuration names, whatever else goes before it. Raises ConfigError."""
    path = os.path.join(settings.base_dir, expanded(named))
    return in_time(lambda: _from_file(path), "the bot token").token


def _find(guild: DiscordSettings, base_dir: str, environ: Mapping[str, str]) -> FoundToken:
    given = environ.get("COACHSYNC_TOKEN", "")
    if given.strip() and not guild.own_token:
        return FoundToken(_checked(given, "$COACHSYNC_TOKEN"), "$COACHSYNC_TOKEN", None)
    source = guild.token_file
    if not source and not environ.get("CREDENTIALS_DIRECTORY"):
        raise TokenError(
            "no bot token: neither $COACHSYNC_TOKEN nor discord.token_file is set",
            "set discord.token_file to a file (mode 0600) that holds the token, or $COACHSYNC_TOKEN",
        )
    source = source or _DEFAULT_CREDENTIAL
    if source.startswith(_CREDENTIAL):
        return _from_credential(source, environ)
    return _from_file(os.path.join(base_dir, expanded(source)))


def _from_credential(source: str, environ: Mapping[str, str]) -> FoundToken:
    name = source.removeprefix(_CREDENTIAL)
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        raise TokenError(
            f"no bot token: the credential {name} is not here ($CREDENTIALS_DIRECTORY is unset)",
            f"start coachsync from a unit with LoadCredential={name}:FILE, or set $COACHSYNC_TOKEN",
        )
    token, _ = _read(os.path.join(folder, name), f"credential {name}")
    return FoundToken(token, source, None)


def _from_file(path: str) -> FoundToken:
    token, found = _read(path, f"token file {path}")
    return FoundToken(token, path, _warning(path, found))


def _warning(path: str, found: os.stat_result) -> Warn | None:
    if not stat.S_IMODE(found.st_mode) & 0o044:
        return None
    return Warn("token_readable", None, f"others can read the token file {path}: chmod 600 {path}")


def _read(path: str, what: str) -> tuple[Token, os.stat_result]:
    try:
        content, found = read_regular(path, _LARGEST + 1)
    except NotRegularError as error:
        raise TokenError(f"the {what} cannot be read: {error.strerror}", "put the token into a file") from None
    except OSError as error:
        if error.errno in NO_FILES:
            raise too_few_files() from None
        hint = remedy(error, _OTHER_USER if isinstance(error, PermissionError) else _NONE_YET)
        raise TokenError(f"the {what} cannot be read: {error.strerror}", hint) from None
    if len(content) > _LARGEST:
        raise TokenError(f"the {what} holds no token: it is too long", _HINT)
    return _checked(content.decode("utf-8", "replace"), what), found


_NONE_YET = "write the bot's token into it (mode 0600), readable by the user that runs coachsync"
_OTHER_USER = "run coachsync as the user that owns it, or correct its owner and those of its folder"
_HINT = "put the bot's token there and nothing else, as the developer portal shows it, without the word Bot"


def _checked(text: str, what: str) -> Token:
    """Return the token without the white space around it. Raises ConfigError, never with the content."""
    value = text.strip()
    if not value:
        raise TokenError(f"the {what} is empty", _HINT)
    try:
        token = Token(value)
    except ValueError:
        token = None
    flaw = _flaw(value)
    if token is None or flaw:
        raise TokenError(f"the {what} holds {flaw or 'something that is no token'}", _HINT)
    return token


def _flaw(value: str) -> str:
    """Return what stands there beside or instead of a token, in words that show nothing of it; "" if nothing does."""
    if value.startswith("\ufeff"):
        return "an invisible mark before the token (a byte order mark, as some editors write)"
    if len(value.splitlines()) > 1:
        return "more than one line"
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return "quotes around the token"
    if "=" in value:
        return "NAME=value"
    return ""
