"""Finding and reading the configuration file (CONTRACT §3)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from coachsync.config.check import check
from coachsync.config.lines import line_of
from coachsync.config.settings import Settings
from coachsync.config.values import UnfitError, store_url
from coachsync.domain.model import Warn
from coachsync.errors import CoachsyncError, ConfigError, EnvironmentalError
from coachsync.host.limits import NO_FILES, absolute, expanded, home, remedy, too_few_files
from coachsync.host.reading import NotRegularError, in_time, read_regular

SYSTEM_PATH = "/etc/coachsync/config.toml"
_LARGEST = 1 << 20
_MISSING = (FileNotFoundError, NotADirectoryError)
_INIT = "`coachsync init` writes a commented file to start from"


def load_settings(explicit: str | None, environ: Mapping[str, str]) -> Settings:
    """Return the settings of the first configuration file found.

    `explicit` is the path given on the command line. Raises ConfigError: no file, an unreadable one, or one with
    problems, which are then all reported at once.
    """
    return in_time(lambda: _load(explicit, environ), "the configuration file")


def _load(explicit: str | None, environ: Mapping[str, str]) -> Settings:
    path = find_config(explicit, environ)
    text, found = _read(path)
    settings = parse_settings(text, path, environ)
    return settings._replace(warnings=_warnings(path, found))


def _warnings(path: str, found: os.stat_result) -> tuple[Warn, ...]:
    if not stat.S_IMODE(found.st_mode) & 0o022:
        return ()
    return (Warn("config_writable", None, f"others can write the configuration file {path}: chmod go-w {path}"),)


def find_config(explicit: str | None, environ: Mapping[str, str]) -> str:
    """Return the path of the configuration file to use. Raises ConfigError if there is none."""
    if explicit is not None:
        return _named(explicit, "--config")
    if environ.get("COACHSYNC_CONFIG"):
        return _named(environ["COACHSYNC_CONFIG"], "$COACHSYNC_CONFIG")
    places = search_path(environ)
    for place in places:
        if _why_not(place) is None:
            return place
    for place in places:
        if not isinstance(_why_not(place), _MISSING):
            return place  # it may be there: reading it shows what is wrong
    if len(places) == 1:
        hint = "give --config PATH, or set $HOME"
        raise EnvironmentalError(f"no configuration file: {places[0]} does not exist, and $HOME is not set", hint)
    raise ConfigError(f"no configuration file: none of {', '.join(places)} exists", f"{_INIT}; or give --config PATH")


def search_path(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the paths that are tried if none is named: the user's, if anything names a home, then the system's."""
    folder = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(folder):
        own = home()
        if own is None:
            return (SYSTEM_PATH,)
        folder = os.path.join(own, ".config")
    return os.path.join(folder, "coachsync", "config.toml"), SYSTEM_PATH


def _named(path: str, by: str) -> str:
    path = path if "\0" in path else absolute(expanded(path))
    if "\0" in path or isinstance(_why_not(path), _MISSING):
        shown = path.replace("\0", "\\x00")
        raise ConfigError(f"the configuration file {shown!r} named by {by} does not exist", f"correct {by}, or {_INIT}")
    return path


def _why_not(path: str) -> OSError | None:
    """Return why nothing is seen at this path; None if something is there, even a link that leads nowhere."""
    try:
        os.lstat(path)
    except OSError as error:
        return error
    return None


def parse_settings(text: str, path: str, environ: Mapping[str, str]) -> Settings:
    """Return the settings of a configuration text; `path` is the file's. Raises ConfigError."""
    document = _parse_toml(text, path)
    base_dir = os.path.dirname(absolute(path))
    settings, problems = check(document, environ, path, base_dir)
    if settings is None:
        raise _broken(path, problems, text)
    return settings


def find_store(explicit: str | None, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what a faulty configuration says of what we write: `[store] ledger` or `url`, and its folder.

    None if it cannot be known. A file that is no valid TOML is read in its `[store]` section alone, line by line.
    """
    try:
        path = find_config(explicit, environ)
        text, _ = _read(path)
    except CoachsyncError:
        return None
    url = _said(text, "ledger") or environ.get("COACHSYNC_STORE") or _said(text, "url")
    try:
        return (store_url(url), os.path.dirname(absolute(path))) if url else None
    except UnfitError:
        return None


def _said(text: str, key: str) -> object:
    """Return what a text says under a key of `[store]`."""
    import tomllib

    with suppress(tomllib.TOMLDecodeError, RecursionError):
        section = tomllib.loads(text).get("store")
        return section.get(key) if isinstance(section, dict) else None
    for line in _section_lines(text, "store"):
        with suppress(tomllib.TOMLDecodeError, RecursionError):
            found = tomllib.loads(line)
            if key in found:
                return found[key]
    return None


def _section_lines(text: str, name: str) -> Iterator[str]:
    """Yield the lines of one section, without its heading."""
    inside = False
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            inside = line.split("#")[0].strip() == f"[{name}]"
        elif inside:
            yield line


def _broken(path: str, problems: tuple[str, ...], text: str) -> ConfigError:
    hint = "correct the file; `coachsync help configuration` lists every key"
    lines = tuple(line_of(text, problem.partition(":")[0]) for problem in problems)
    if len(problems) == 1:
        place = path if lines[0] is None else f"{path}, line {lines[0]}"
        return ConfigError(f"{place}: {problems[0]}", hint, problems, lines)
    return ConfigError(f"{path} has {len(problems)} problems", hint, problems, lines)


def _parse_toml(text: str, path: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", "correct the line; texts need quotes") from None
    except RecursionError:
        raise ConfigError(f"{path} is not valid TOML: nested too deeply", _INIT) from None


def _read(path: str) -> tuple[str, os.stat_result]:
    try:
        content, found = read_regular(path, _LARGEST + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"{path} is no configuration file: it is larger than 1 MiB", _INIT)
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n"), found
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no configuration file: it is not UTF-8 text", _INIT) from None


def _unreadable(path: str, error: OSError) -> ConfigError | EnvironmentalError:
    if error.errno in NO_FILES:
        return too_few_files()
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        target = os.path.realpath(path)
        return ConfigError(
            f"the configuration file {path} is a link to {target}, which does not exist", "mend the link"
        )
    hint = remedy(error, "correct the path")
    if isinstance(error, NotRegularError):
        hint = "put the configuration into a file, and name that"
    elif isinstance(error, PermissionError):
        hint = "run as the user that owns it, or correct its permissions and those of its folder"
    elif os.path.isdir(path):
        hint = "name the file itself, such as " + os.path.join(path, "config.toml")
    return ConfigError(f"{path} cannot be read: {error.strerror}", hint)
