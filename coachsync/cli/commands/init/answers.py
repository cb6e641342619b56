"""The answers that `init` needs: from options, or asked at a terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import typer

from coachsync.cli import output
from coachsync.config.definition import KEYS, Key
from coachsync.config.values import UnfitError, shown
from coachsync.errors import UsageError
from coachsync.host.limits import expanded
from coachsync.secrets import Token

_DEFAULT_STORE = "sqlite:///sessions.db"
_BY_PATH = {key.path: key for key in KEYS}


class Answers(NamedTuple):
    """Values by key path as TOML takes them; the token if one was typed in, and the file it goes to."""

    values: Mapping[str, Any]
    token: Token | None = None
    token_path: str = ""


def take(options: Mapping[str, str | None]) -> Answers:
    """Return the answers that the options give. Raises UsageError."""
    if not options["discord.guild_id"]:
        raise UsageError("--yes needs --guild-id", "give the id of the Discord server: --guild-id 1100000000000000000")
    given = {path: value for path, value in options.items() if value is not None}
    given.setdefault("store.url", _DEFAULT_STORE)
    for path, value in given.items():
        problem = _unfit(_BY_PATH[path], value)
        if problem:
            raise UsageError(f"{_option(path)}: found {shown(value)}, expected {problem}", "correct the option")
    return Answers({path: value for path, value in given.items() if value != ""})


def ask(options: Mapping[str, str | None], folder: str) -> Answers:
    """Ask for what the options leave open, again if an answer makes no sense."""
    values: dict[str, Any] = {
        "discord.guild_id": _asked(options, "discord.guild_id", "Discord server id", None),
        "discord.category_id": _asked(options, "discord.category_id", "Category id for the rooms (empty: none)", ""),
        "store.url": _asked(options, "store.url", "Store", _DEFAULT_STORE),
        "discord.access": options["discord.access"] or "role",
        "discord.token_file": _asked(options, "discord.token_file", "Token file", os.path.join(folder, "token")),
    }
    path = os.path.join(folder, expanded(values["discord.token_file"]))
    token = None
    if not values["discord.token_file"].startswith("credential:") and not os.path.lexists(path):
        token = _typed_token(path)
    return Answers({key: value for key, value in values.items() if value != ""}, token, path)


def _asked(options: Mapping[str, str | None], path: str, question: str, default: str | None) -> str:
    answer = options[path]
    while True:
        if answer is None:
            answer = str(typer.prompt(question, default=default)).strip()
        problem = _unfit(_BY_PATH[path], answer)
        if not problem:
            return answer
        output.error(f"found {shown(answer)}, expected {problem}")
        answer = None


def _typed_token(path: str) -> Token | None:
    typed = str(typer.prompt(f"Bot token, to be kept in {path} (empty: later)", default="", hide_input=True,
                             show_default=False)).strip()  # fmt: skip
    try:
        return Token(typed) if typed else None
    except ValueError:
        output.error("that is no token: it holds white space or odd characters", "copy it again")
        return _typed_token(path)


def _unfit(key: Key, value: str) -> str:
    """Return what was expected instead of this value, "" if it fits."""
    try:
        key.parse(value)
    except UnfitError as problem:
        return str(problem)
    return ""


def _option(path: str) -> str:
    return "--store" if path == "store.url" else "--" + path.partition(".")[2].replace("_", "-")
