"""What stands on this host and not in the store: the configuration, the tokens, files and their modes, versions."""

from __future__ import annotations

import os
import platform
import stat
from collections.abc import Iterable, Iterator, Mapping

from coachsync import __version__
from coachsync.config import FoundToken, Settings, Tokens, load_settings
from coachsync.config.token import token_in_file
from coachsync.doctor.finding import doubt, fault, fine, or_fine
from coachsync.doctor.outlets import of_outlets
from coachsync.domain.finding import Finding
from coachsync.errors import CoachsyncError, ConfigError
from coachsync.host.owner import user_name
from coachsync.store.sqlite.database import VERSION as SQLITE


def read_config(explicit: str | None, environ: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """Return the settings, None if they are broken, and what is to be said: every problem by itself."""
    try:
        settings = load_settings(explicit, environ)
    except ConfigError as error:
        told = [f"{error.message.partition(' has ')[0]}: {p}" for p in error.several] or [error.message]
        return None, [fault("config", text, error.hint) for text in told]
    except CoachsyncError as error:
        return None, [fault("config", error.message, error.hint)]
    return settings, [fine("config", f"read from {settings.path}")]


# tokens


def of_tokens(settings: Settings, tokens: Tokens, guilds: Iterable[str]) -> Iterator[Finding]:
    """Yield which guilds have no token that can be used; one missing token is one finding, for all its guilds."""
    lacking: dict[tuple[str, str], list[str]] = {}
    for guild_id in guilds:
        try:
            tokens.of(guild_id)
        except CoachsyncError as error:
            lacking.setdefault((error.message, error.hint), []).append(guild_id)
    for (message, hint), concerned in lacking.items():
        yield fault("token", message, hint, concerned[0] if settings.guilds else None)


def of_two_bots(settings: Settings, tokens: Tokens, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield that $COACHSYNC_TOKEN is another bot's than the token file: cron and this shell would be two bots."""
    found = _found(tokens, settings.discord.guild_id)
    named = settings.discord.token_file
    if found is None or found.source != "$COACHSYNC_TOKEN" or not named or named.startswith("credential:"):
        return
    try:
        other = token_in_file(settings, named)
    except CoachsyncError:
        return
    if other.bot_id and found.token.bot_id and other.bot_id != found.token.bot_id:
        yield doubt(
            "token",
            f"$COACHSYNC_TOKEN is the token of another bot ({found.token.bot_id}) than {named} ({other.bot_id}), and "
            "goes before it",
            "unset $COACHSYNC_TOKEN, or put the right bot's token into both: a run that is started elsewhere may not "
            "see the variable",
        )


def _found(tokens: Tokens, guild_id: str) -> FoundToken | None:
    try:
        return tokens.of(guild_id)
    except CoachsyncError:
        return None


# files


def of_files(settings: Settings, tokens: Tokens, guilds: Iterable[str]) -> list[Finding]:
    """Return what is wrong with the modes of configuration and token files, and with what runs tell others by."""
    found = [doubt("files", *_halves(w.message)) for w in settings.warnings]
    found += _of_another(settings.path, "configuration")
    for guild_id in guilds:
        token = _found(tokens, guild_id)
        if token is not None:
            found += [doubt("files", *_halves(token.warning.message))] if token.warning is not None else []
            found += [*_writable_by_others(token.source, "token file"), *_of_another(token.source, "token file")]
    found += of_outlets(settings)
    return or_fine("files", dict.fromkeys(found), "modes and owners are as they should be")


def _halves(message: str) -> tuple[str, str]:
    """Return a warning of a file's mode as what is wrong and the command that mends it."""
    what, _, remedy = message.rpartition(": ")
    return what, remedy


def _writable_by_others(path: str, what: str) -> Iterator[Finding]:
    found = _stat(path) if os.path.isabs(path) else None
    if found is not None and stat.S_IMODE(found.st_mode) & 0o022:
        yield doubt("files", f"others can write the {what} {path}", f"chmod 600 {path}")


def _of_another(path: str, what: str) -> Iterator[Finding]:
    """Yield that a file is neither root's nor that of the user that looks: its owner may change it."""
    found = _stat(path) if os.path.isabs(path) else None
    if found is not None and os.geteuid() and found.st_uid not in (0, os.geteuid()):
        told = f"the {what} {path} belongs to {user_name(found.st_uid)}, who may change it"
        yield doubt("files", told, f"give it to the user that runs coachsync, or to root: chown root {path}")


def of_store_files(path: str) -> Iterator[Finding]:
    """Yield what is wrong with the store's file and what coachsync keeps beside it: bookings are personal data."""
    found = _stat(path)
    if found is None:
        return
    if stat.S_IMODE(found.st_mode) & 0o002:
        yield doubt("store", f"everybody on this host can write the session store {path}", f"chmod o-rwx {path}")
    elif stat.S_IMODE(found.st_mode) & 0o004:
        hint = f"chmod o-rwx {path}, and let the booking system into its group"
        yield doubt("store", f"everybody on this host can read the session store {path}", hint)
    for beside in (f"{path}.coachsync.db", f"{path}.coachsync.lock"):
        own = _stat(beside)
        if own is None:
            continue
        if stat.S_IMODE(own.st_mode) & 0o007:
            yield doubt("store", f"everybody on this host can open {beside}", f"chmod o-rwx {beside}")
        if own.st_uid != found.st_uid and own.st_gid != found.st_gid:
            yield doubt(
                "store",
                f"{beside} belongs to {user_name(own.st_uid)}, the store beside it to {user_name(found.st_uid)}",
                f"let one user run coachsync; give it back with `chown --reference={path} {beside}`",
            )


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


# versions


def of_version() -> list[Finding]:
    """Return what runs here."""
    told = f"coachsync {__version__}, Python {platform.python_version()}, SQLite {SQLITE}"
    return [fine("version", told)]
