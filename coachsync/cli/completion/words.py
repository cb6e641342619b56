"""Where the cursor is: the words of a command line that is still being typed, read as the parser will read them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from coachsync.cli.frame import LazyGroup

_CURSOR = "\x01"  # no word holds it


class Cursor(NamedTuple):
    """What may come at the cursor.

    `command` is the one named so far. `param` is the option whose value is typed, or the argument; None where a
    command's or an option's name is. `text` is what is typed of it, and `joined` what stands before it in the same word
    ("--config="). `config` is the configuration file that the line names. `only_words`: behind `--` no option comes.
    """

    command: Any
    path: tuple[str, ...]
    param: Any
    text: str
    joined: str = ""
    config: str | None = None
    only_words: bool = False


def split(line: str) -> tuple[list[str], str]:
    """Return a line's whole words, without the program, and the one under the cursor, which ends the line."""
    lexer = shlex.shlex(line + _CURSOR, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # a quote is still open
        words.append(lexer.token)
    last = words.pop().partition(_CURSOR)[0] if words else ""
    program = next((n for n, word in enumerate(words) if word.rpartition("/")[2] == "coachsync"), 0)
    return words[program + 1 :], last


def cursor(root: Any, words: Iterable[str], text: str) -> Cursor | None:
    """Return what may come behind these words; None if they name no command."""
    walk = _Walk(root)
    if not all(walk.step(word) for word in words):
        return None
    return walk.place(text)


class _Walk:
    """The way down from the root, word by word."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._command = root
        self._path: list[str] = []
        self._pending: Any = None
        self._arguments = 0
        self._config: str | None = None
        self._only_words = False

    def step(self, word: str) -> bool:
        """Take one word; return whether it leads anywhere."""
        if self._pending is not None:
            self._note(self._pending, word)
            self._pending = None
            return True
        if not self._only_words and word == "--":
            self._only_words = True
            return True
        if not self._only_words and word.startswith("-") and word != "-":
            self._take_option(word)
            return True
        return self._take_word(word)

    def place(self, text: str) -> Cursor:
        """Return what may come at the cursor."""
        here = Cursor(
            self._command, tuple(self._path), self._pending, text, config=self._config, only_words=self._only_words
        )
        if self._pending is not None or isinstance(self._command, LazyGroup):
            return self._behind_equals(here) if self._pending is None else here
        arguments = [param for param in self._command.params if param.param_type_name == "argument"]
        if not self._only_words and text.startswith("-"):
            return self._behind_equals(here)
        if self._arguments < len(arguments):
            return here._replace(param=arguments[self._arguments])
        return here._replace(param=arguments[-1]) if arguments and arguments[-1].nargs == -1 else here

    def _behind_equals(self, here: Cursor) -> Cursor:
        name, equals, value = here.text.partition("=")
        option = self._option(name) if equals and not self._only_words else None
        return here if option is None else here._replace(param=option, text=value, joined=f"{name}=")

    def _take_option(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self._option(name)
        if option is None or option.is_flag or (option.metavar or "").startswith("["):  # or it may do without a value
            return
        if equals:
            self._note(option, value)
        else:
            self._pending = option

    def _take_word(self, word: str) -> bool:
        if isinstance(self._command, LazyGroup):
            found = self._command.whole(word)
            if found is None:
                return False
            self._command = found
            self._path.append(word)
        else:
            self._arguments += 1
        return True

    def _note(self, option: Any, value: str) -> None:
        if option.name == "config":
            self._config = value

    def _option(self, name: str) -> Any:
        return next((param for param in options(self._command, self._root) if name in param.opts), None)


def options(command: Any, root: Any) -> Sequence[Any]:
    """Return a command's options, those for every command among them."""
    own = [param for param in command.params if param.param_type_name == "option"]
    return own if command is root else [*own, *root.everywhere]
