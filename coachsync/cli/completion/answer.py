"""The answer to a shell that completes a command line: `_COACHSYNC_COMPLETE` says in which form.

"bash", "zsh" and "fish" are what our own scripts say. They give the line up to the cursor; the first line of the answer
is "words", "nospace" or "files", each further one a word, for zsh and fish with a tab and what it is. "complete_bash"
and so on is what the scripts of earlier releases say, which were Typer's.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator, Mapping

from coachsync import waits
from coachsync.cli import output
from coachsync.cli.completion.offers import Offer, Offers, hush, offers
from coachsync.cli.completion.scripts import SHELLS, script
from coachsync.cli.completion.words import Cursor, cursor, split

_PATIENCE_S = 2.0  # for a store on a file system that hangs: then nothing is offered
_GIVEN_WAITS = {"reading": 1.0, "sqlite_lock": 0.1, "json_lock": 0.1, "malformed": 0.1, "migration": 0.1}
_SAFE = re.compile(r"[\w@%+=:,./-]+")
_WIDEST = 60  # columns of what is told of an offer
_MENU = ("37", "42")  # bash's COMP_TYPE where a word is put into the line at once


def answer(instruction: str, environ: Mapping[str, str]) -> int:
    """Print what a shell asked for and return the exit code. Nothing is ever printed but offers."""
    kind, _, shell = instruction.rpartition("_")
    if kind == "source" and shell in SHELLS:
        output.out(script(shell))
        return 0
    hush()
    if kind not in ("", "complete") or shell not in SHELLS:
        return 0
    text = ""
    with contextlib.suppress(Exception), waits.hurried(**_GIVEN_WAITS), _alarm():
        text = _text(kind, shell, environ)
    if text:
        output.out(text)
    old_fish = environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args"
    return 1 if old_fish and not text else 0


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """End the process, having said nothing, if the block lasts too long."""
    signal.signal(signal.SIGALRM, lambda _number, _frame: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _text(kind: str, shell: str, environ: Mapping[str, str]) -> str:
    from coachsync.cli.app import build

    root = build()
    words, typed, raw = _line(kind, shell, environ)
    here = cursor(root, words, typed)
    found: Offers = [] if here is None else offers(root, here, environ)
    if here is None:
        return ""
    if kind == "complete":
        return _FORMER[shell](found, here, raw)
    if found == "files":
        return "files"
    if not found:
        return ""
    space = "nospace" if len(found) == 1 and found[0].value.endswith("/") else "words"
    if shell == "bash":
        menu = environ.get("_COACHSYNC_TYPE") in _MENU
        lines = _bash(found, raw, environ.get("_COACHSYNC_BREAKS", ""), menu=menu)
    else:
        lines = [f"{here.joined}{offer.value}\t{_short(offer.told)}".rstrip("\t") for offer in found]
    return "\n".join([space, *lines])


def _line(kind: str, shell: str, environ: Mapping[str, str]) -> tuple[list[str], str, str]:
    """Return the whole words, the one under the cursor, and that one as it was typed, quotes and all."""
    if kind != "complete":
        line = environ.get("_COACHSYNC_LINE", "")
    elif shell == "bash":
        words, _ = split(environ.get("COMP_WORDS", "") + " ")
        at = int(environ.get("COMP_CWORD", "0")) - 1
        typed = words[at] if 0 <= at < len(words) else ""
        return words[: max(at, 0)], typed, typed
    else:
        line = environ.get("_TYPER_COMPLETE_ARGS", "")
    words, typed = split(line)
    return words, typed, _raw(line)


def _raw(line: str) -> str:
    """Return the last word of a line as it was typed."""
    quote, start, at = "", 0, 0
    while at < len(line):
        letter = line[at]
        if letter == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter.isspace():
            start = at + 1
        at += 1
    return line[start:]


def _bash(found: list[Offer], raw: str, breaks: str, *, menu: bool) -> list[str]:
    """Return offers as bash takes them: quoted, from the last character on at which bash breaks words.

    Bash knows no descriptions: they stand behind the words of a list, and are left out of what is put into the line.
    """
    quote = raw[0] if raw[:1] in ("'", '"') else ""
    cut = 0 if quote else max((m.end() for m in re.finditer(r"(?<!\\).", raw) if m[0] in breaks.strip()), default=0)
    joined = len(raw.partition("=")[0]) + 1 if raw.startswith("--") and "=" in raw else 0
    typed = raw[max(joined, 0) :]
    plain = len(split(f"x {typed[: max(cut - joined, 0)]}")[1]) if cut > joined else 0
    words = [_quoted(offer.value[plain:], quote) for offer in found]
    if menu or len(found) == 1:
        return words
    width = max(map(len, words))
    return [
        f"{word:<{width}}  ({_short(offer.told)})" if offer.told else word
        for word, offer in zip(words, found, strict=True)
    ]


def _quoted(value: str, quote: str) -> str:
    """Return a word as bash reads it, inside a quote that was opened or outside any."""
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == '"':
        return re.sub(r'([\\"$`])', r"\\\1", value)
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _former_bash(found: Offers, _here: Cursor, raw: str) -> str:
    return "" if found == "files" else "\n".join(_bash(found, raw, "", menu=False))


def _former_zsh(found: Offers, here: Cursor, _raw: str) -> str:
    """Return what zsh evaluates: so only words of harmless letters stand in it."""
    if found == "files":
        return "_files"
    safe = [offer for offer in found if _SAFE.fullmatch(offer.value)]
    listed = "\n".join(
        '"{}"{}'.format((here.joined + o.value).replace(":", "\\\\:"), f':"{_harmless(o.told)}"' if o.told else "")
        for o in safe
    )
    return f"_arguments '*: :(({listed}))'" if safe else ""


def _harmless(text: str) -> str:
    return re.sub(r"[^\w ,./-]", " ", _short(text))


def _former_fish(found: Offers, here: Cursor, _raw: str) -> str:
    if found == "files":
        return ""
    return "\n".join(f"{here.joined}{offer.value}\t{_short(offer.told)}".rstrip("\t") for offer in found)


_FORMER = {"bash": _former_bash, "zsh": _former_zsh, "fish": _former_fish}
