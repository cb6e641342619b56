"""What was wrong with a command line, and what to type instead.

Typer says what it could not read; what may have been meant is found here, from the commands and options there are.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from coachsync.cli.frame import LazyGroup

_CLOSE = 0.7
_NUMBER = re.compile(r"valid (number|integer|float)")
_EXTRA = re.compile(r"unexpected extra arguments?(?:\(s\))? \((.*)\)")


def mistake(problem: Any, arguments: Sequence[str]) -> tuple[str, str]:
    """Return what is wrong with a command line and what to do; `problem` is one of Typer's usage errors."""
    ctx = problem.ctx
    if ctx is not None and hasattr(problem, "possibilities"):
        return _unknown_option(ctx, problem.option_name, arguments)
    if ctx is not None and isinstance(ctx.command, LazyGroup):
        wrong = _wrong_command(ctx, arguments)
        if wrong is not None:
            return wrong
    if ctx is not None and hasattr(problem, "param_type"):
        return _missing(ctx, problem.param)
    if hasattr(problem, "option_name"):
        return _misused(problem)
    return _plainly(problem), _see(ctx)


def _misused(problem: Any) -> tuple[str, str]:
    """Say that an option lacks its value, or has one that it does not take."""
    name = problem.option_name
    if "does not take" in str(problem):
        return f"{name} takes no value", f"leave out what stands behind it: {name}"
    return f"{name} needs a value", f"put it behind {name}"


def _plainly(problem: Any) -> str:
    """Return Typer's words as ours: without the libraries' own terms."""
    message = " ".join(str(getattr(problem, "format_message", problem.__str__)()).split()).rstrip(".")
    param = getattr(problem, "param", None)
    if param is not None and param.param_type_name == "option":
        name, words = max(param.opts, key=len), problem.message
        return f"{name}: expected a number" if _NUMBER.search(words) else f"{name}: {words}"
    if (extra := _EXTRA.search(message)) is not None and problem.ctx is not None:
        return f"{problem.ctx.command_path} does not take {extra[1]}"
    return message[:1].lower() + message[1:]


def _see(ctx: Any) -> str:
    return f"`{'coachsync' if ctx is None else ctx.command_path} --help` shows what it takes"


def _unknown_option(ctx: Any, option: str, arguments: Sequence[str]) -> tuple[str, str]:
    typed = _typed(option, arguments)
    message = f"{ctx.command_path} takes no option {typed.partition('=')[0]}"
    meant = get_close_matches(typed.partition("=")[0], list(_options(ctx.command, ctx)), 1, _CLOSE)
    if meant and meant[0] != typed:
        return message, f"did you mean {meant[0]}?"
    owner = _owner(ctx, option, arguments)
    if owner is not None:
        return message, f"put it behind the command that takes it: `{owner}`"
    if any("SESSION" in (param.metavar or "") for param in ctx.command.params):
        there = f"{ctx.command_path} -- {shlex.quote(typed)}"
        return message, f"if {typed} is a session, put -- before it: `{there}`; else `{ctx.command_path} --help`"
    return message, _see(ctx)


def _typed(option: str, arguments: Sequence[str]) -> str:
    """Return the word in which an option was found: of "-abc" the parser names "-a" alone."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return next((word for word in before if word == option), None) or next(
        (word for word in before if word.startswith(option)), option
    )


def _options(command: Any, ctx: Any) -> Iterator[str]:
    for param in command.get_params(ctx):
        if param.param_type_name == "option":
            yield from (*param.opts, *param.secondary_opts)


def _owner(ctx: Any, option: str, arguments: Sequence[str]) -> str | None:
    """Return the command named further on that takes an option which was put before its name, and the option."""
    group, path = ctx.command, ctx.command_path
    for word in arguments[_index(arguments, option) + 1 :]:
        found = group.whole(word) if isinstance(group, LazyGroup) and word in group.commands else None
        if found is None:
            continue
        group, path = found, f"{path} {word}"
        taking = [p for p in found.params if p.param_type_name == "option" and option in (*p.opts, *p.secondary_opts)]
        if taking:
            value = "" if taking[0].is_flag else f" {taking[0].metavar or taking[0].name.upper()}"
            return f"{path} {option}{value}"
    return None


def _index(arguments: Sequence[str], option: str) -> int:
    return next((number for number, word in enumerate(arguments) if word.partition("=")[0] == option), len(arguments))


def _wrong_command(ctx: Any, arguments: Sequence[str]) -> tuple[str, str] | None:
    """Return what to say of a name that no command has, or of none; None if the group's name is not to blame."""
    typed = _named(ctx, arguments)
    if typed is None:
        return f"{ctx.command_path} needs a command", f"`{ctx.command_path} --help` lists them"
    if typed in ctx.command.commands:
        return None
    message = f"{ctx.command_path} has no command {_shown(typed)}"
    meant = get_close_matches(typed.lower(), list(ctx.command.commands), 1, _CLOSE)
    if meant:
        return message, f"did you mean `{ctx.command_path} {meant[0]}`?"
    elsewhere = _elsewhere(ctx, typed)
    if elsewhere is not None:
        return message, f"did you mean `{elsewhere}`?"
    return message, f"`{ctx.command_path} --help` lists the commands"


def _named(ctx: Any, arguments: Sequence[str]) -> str | None:
    """Return the word that stands where a group's command is named; None if there is none."""
    words = list(arguments)
    groups = ctx.command_path.split()[1:]
    command, rest = ctx.find_root().command, words
    for name in (*groups, None):
        rest = _after_options(command, ctx, rest)
        if name is None:
            return rest[0] if rest else None
        command, rest = command.whole(name), rest[1:]
    return None


def _after_options(command: Any, ctx: Any, words: Sequence[str]) -> list[str]:
    """Return what is left of words when a group's own options and their values are taken off the front."""
    takes_value = {
        name
        for param in command.get_params(ctx)
        if param.param_type_name == "option" and not param.is_flag
        for name in param.opts
    }
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] not in ("-", "--"):
        rest = rest[2:] if rest[0] in takes_value else rest[1:]
    return rest[1:] if rest[:1] == ["--"] else rest


def _elsewhere(ctx: Any, typed: str) -> str | None:
    """Return the command of that name in another group: `coachsync list` for `coachsync sessions list`."""
    root, path = ctx.find_root().command, ctx.find_root().command_path
    inner = [entry.name for entry in root.entries if entry.attribute == "app"]
    for where, group in [(path, root), *((f"{path} {name}", root.whole(name)) for name in inner)]:
        near = get_close_matches(typed.lower(), list(getattr(group, "commands", ())), 1, _CLOSE)
        if near and where != ctx.command_path:
            return f"{where} {near[0]}"
    return None


def _missing(ctx: Any, param: Any) -> tuple[str, str]:
    if param.param_type_name == "argument":
        what = (param.metavar or param.name.upper()).strip("[].")
        lists = "; `coachsync status --all` lists the sessions" if "SESSION" in what else ""
        return f"{ctx.command_path} needs {what}", f"type it behind: {ctx.command_path} {what}{lists}"
    names = max(param.opts, key=len)
    value = param.metavar or param.name.upper()
    return f"{ctx.command_path} needs {names}", f"add {names} {value}: {' '.join((param.help or '').split())}"


def _shown(text: str) -> str:
    return text if text.isprintable() and " " not in text and text else repr(text)
