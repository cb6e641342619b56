"""A command line as cron or systemd has it: whether it calls `coachsync run`, through whatever stands before it.

Pure. Words are taken apart as a shell does; what a shell would compute is not.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

PROGRAM = "coachsync"
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash"})
_OTHER_USER = frozenset({"sudo", "runuser", "su", "doas"})
_USER_OPTIONS = ("-u", "--user")
_TAKES_VALUE = frozenset({"--config", "--log-format", "--wait", "--now"})
_DEEPEST = 4


class RunCall(NamedTuple):
    """One call of `coachsync run`.

    `program` is the word that starts it, `args` what follows. `user` is whom a word before it names ("" for none),
    `looked_up` whether PATH of who calls decides what `program` is. `environ` is what is set for it in the line.
    """

    program: str
    args: tuple[str, ...]
    user: str
    looked_up: bool
    environ: Mapping[str, str]

    @property
    def config(self) -> str | None:
        """Return the configuration file that it names, None if it names none."""
        for n, word in enumerate(self.args):
            if word == "--config" and n + 1 < len(self.args):
                return self.args[n + 1]
            if word.startswith("--config="):
                return word.partition("=")[2]
        return self.environ.get("COACHSYNC_CONFIG") or None

    @property
    def dry(self) -> bool:
        """Return whether it only shows what it would do."""
        return "--dry-run" in self.args


def call_in(command: str, depth: int = 0) -> RunCall | None:
    """Return the first call of `coachsync run` in a command line, None if there is none."""
    return next((call for words in _simple(command) if (call := _call(words, depth)) is not None), None)


def paths_in(command: str) -> list[str]:
    """Return the absolute paths among the words of a command line: one may be a script that calls coachsync."""
    return [word for words in _simple(command) for word in words if word.startswith("/") and "=" not in word]


def _simple(command: str) -> Iterator[list[str]]:
    """Yield the words of each simple command of a line."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:  # a quote that is never closed
        tokens = command.split()
    words: list[str] = []
    for token in tokens:
        if token and set(token) <= set(";&|()"):
            yield words
            words = []
        else:
            words.append(token)
    yield words


def _call(words: list[str], depth: int) -> RunCall | None:
    environ: dict[str, str] = {}
    user = ""
    for n, word in enumerate(words):
        base = word.rpartition("/")[2]
        inner: RunCall | None = None
        if _assigns(word):
            environ[word.partition("=")[0]] = word.partition("=")[2]
        elif base in _OTHER_USER:
            user = _user_of(words[n + 1 :], base)
        elif base == PROGRAM and _command_of(words[n + 1 :]) == "run":  # not the user or folder of that name
            module = n > 1 and words[n - 1] == "-m"
            program = words[n - 2] if module else word
            return RunCall(program, tuple(words[n + 1 :]), user, not user and "/" not in program, environ)
        elif base in _SHELLS:
            inner = _inside(words[n + 1 :], depth)
        elif " " in word and PROGRAM in word and depth < _DEEPEST:  # su USER -c "…"
            inner = call_in(word, depth + 1)
        if inner is not None:
            return inner._replace(
                user=inner.user or user,
                looked_up=inner.looked_up and not user,
                environ={**environ, **inner.environ},
            )
    return None


def _assigns(word: str) -> bool:
    name, mark, _ = word.partition("=")
    return bool(mark) and name.isidentifier()


def _user_of(words: list[str], by: str) -> str:
    for n, word in enumerate(words):
        if word in _USER_OPTIONS and n + 1 < len(words):
            return words[n + 1]
        if word.startswith("--user="):
            return word.partition("=")[2]
        if word.startswith("-u") and len(word) > 2:
            return word[2:]
        if by == "su" and not word.startswith("-"):
            return word
    return "root"


def _inside(words: list[str], depth: int) -> RunCall | None:
    """Return the call in what a shell is given by -c."""
    if depth >= _DEEPEST:
        return None
    for n, word in enumerate(words):
        if word.startswith("-") and "c" in word and not word.startswith("--") and n + 1 < len(words):
            return call_in(words[n + 1], depth + 1)
    return None


def _command_of(args: list[str]) -> str:
    """Return the command among a program's arguments: the first that is neither an option nor an option's value."""
    skip = False
    for word in args:
        if skip:
            skip = False
        elif word in _TAKES_VALUE:
            skip = True
        elif not word.startswith("-"):
            return word
    return ""
