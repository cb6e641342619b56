"""The scripts that teach a shell to ask us, shown or put where the shell looks for them.

They lie where earlier releases put theirs, and so replace them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from coachsync.errors import EnvironmentalError, UsageError

SHELLS = ("bash", "zsh", "fish")


class _Place(NamedTuple):
    """Where a shell finds a script, below the home folder; the file it reads at its start, and lines that are needed
    there."""

    script: str
    start: str = ""
    lines: tuple[str, ...] = ()


_PLACES = {
    "bash": _Place(".bash_completions/coachsync.sh", ".bashrc", ("source '{script}'",)),
    "zsh": _Place(".zfunc/_coachsync", ".zshrc", ("fpath+=~/.zfunc", "autoload -Uz compinit && compinit -i")),
    "fish": _Place(".config/fish/completions/coachsync.fish"),
}


def script(shell: str) -> str:
    """Return the script for a shell."""
    return (files("coachsync.cli.completion") / f"coachsync.{shell}").read_text("utf-8").rstrip("\n")


def chosen(named: str | None, environ: Mapping[str, str], option: str) -> str:
    """Return the shell meant: the one named, else the one that runs us, else the person's own. Raises UsageError."""
    shell = named or _around() or os.path.basename(environ.get("SHELL", ""))
    if shell not in SHELLS:
        what = f"{shell} is no shell that is known here" if shell else "which shell this is cannot be told"
        raise UsageError(f"{option}: {what}", f"name it: coachsync {option} bash, zsh or fish")
    return shell


def _around() -> str | None:
    """Return the shell that this process was started from; None if it is none of ours."""
    try:
        import shellingham  # type: ignore[import-untyped]  # it ships no types

        name: str = shellingham.detect_shell()[0]
    except Exception:  # noqa: BLE001 - it fails in its own ways on every host
        return None
    return name if name in SHELLS else None


def install(shell: str, home: str | None) -> str:
    """Put the script where the shell looks for it and return its path. Raises EnvironmentalError."""
    if home is None:
        raise EnvironmentalError("there is no home folder to install into: $HOME is not set", "set $HOME")
    found = _PLACES[shell]
    path = os.path.join(home, found.script)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(script(shell) + "\n")
        if found.start:
            _add_lines(os.path.join(home, found.start), [line.format(script=path) for line in found.lines])
    except OSError as problem:
        hint = f"make room for it, or keep what `coachsync --show-completion {shell}` prints elsewhere"
        raise EnvironmentalError(f"{problem.filename or path} cannot be written: {problem.strerror}", hint) from None
    return path


def _add_lines(path: str, lines: list[str]) -> None:
    """Add to a shell's start file those lines that it does not have."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    there = {line.strip() for line in text.splitlines()}
    missing = [line for line in lines if line not in there]
    if missing:
        with open(path, "a", encoding="utf-8") as file:
            file.write(("" if text.endswith("\n") or not text else "\n") + "\n".join(missing) + "\n")
