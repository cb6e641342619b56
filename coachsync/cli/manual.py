"""What `--help` shows: a command, read into its page, and the page as stdout can show it."""

from __future__ import annotations

import os
import sys
from inspect import cleandoc
from typing import Any

from coachsync.cli import output
from coachsync.report.manual import Listing, Manual, manual_lines, manual_text

_WIDEST, _NARROWEST = 100, 40  # columns
_EXAMPLES = ("Example:", "Examples:")
_ELSEWHERE = "More commands"


def shown(command: Any, ctx: Any) -> str:
    """Return a command's page: in boxes on a terminal, else plain."""
    page = manual_of(command, ctx)
    if output.is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb":
        return manual_text(page, _canvas())
    return "\n".join(manual_lines(page, _width()))


def _canvas() -> Any:
    from coachsync.report.table import Canvas

    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return Canvas(_width(), output.fancy(sys.stdout), encoding.startswith("utf"))


def _width() -> int:
    from shutil import get_terminal_size

    return min(_WIDEST, max(_NARROWEST, get_terminal_size().columns))


def manual_of(command: Any, ctx: Any) -> Manual:
    """Return a command's page."""
    about, examples = _told(command.help or "")
    group = hasattr(command, "commands")
    at_root = ctx.parent is None
    return Manual(
        usage=" ".join([ctx.command_path, "[OPTIONS]", *_positions(command), *(["COMMAND ..."] if group else [])]),
        about=about,
        listings=(
            *(_commands(command) if group else ()),
            *_arguments(command),
            *_options(command, at_root=at_root),
        ),
        examples=examples,
        below=_below(command, ctx),
    )


def _told(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paragraphs of a command's help, and its examples."""
    about: list[str] = []
    examples: tuple[str, ...] = ()
    for paragraph in cleandoc(text).replace("\b\n", "").split("\n\n"):
        first, _, rest = paragraph.strip().partition("\n")
        if first in _EXAMPLES:
            examples = tuple(line.strip() for line in rest.replace("\\\n", " ").splitlines())
        elif first:
            about.append(" ".join(paragraph.split()))
    return tuple(about), tuple(" ".join(example.split()) for example in examples)


def _commands(group: Any) -> list[Listing]:
    """Return a group's commands, by the question that they answer if it has such parts."""
    lines = {name: command.short_help or "" for name, command in group.commands.items() if not command.hidden}
    parts: dict[str, tuple[str, ...]] = getattr(group, "parts", None) or {"Commands": tuple(lines)}
    sorted_in = {name for names in parts.values() for name in names}
    rest = {_ELSEWHERE: tuple(name for name in lines if name not in sorted_in)}
    listings = [
        Listing(title, tuple((name, lines[name]) for name in names if name in lines))
        for title, names in {**parts, **rest}.items()
    ]
    return [listing for listing in listings if listing.rows]


def _of_kind(command: Any, kind: str) -> list[Any]:
    return [p for p in command.params if p.param_type_name == kind and not getattr(p, "hidden", False)]


def _positions(command: Any) -> list[str]:
    return [param.metavar or param.name.upper() for param in _of_kind(command, "argument")]


def _arguments(command: Any) -> list[Listing]:
    rows = [
        ((param.metavar or param.name.upper()).strip("[].").replace("]", ""), _help(param))
        for param in _of_kind(command, "argument")
    ]
    return [Listing("Arguments", tuple(rows))] if rows else []


def _options(command: Any, *, at_root: bool) -> list[Listing]:
    everywhere = getattr(command, "everywhere", ()) if at_root else ()
    own = [(_names(param), _help(param)) for param in _of_kind(command, "option") if param not in everywhere]
    listings = [Listing("Options", tuple(own))] if own else []
    if everywhere:
        rows = [(_names(param), _help(param)) for param in everywhere]
        rows.append(("-h, --help", "Show what a command takes, and exit."))
        listings.append(Listing("Options for every command, before or after its name", tuple(rows)))
    return listings


def _names(option: Any) -> str:
    """Return "-q, --quiet" or "    --now WHEN"."""
    names = sorted(option.opts, key=len)
    text = ", ".join(names) if names[0][1] != "-" else f"    {', '.join(names)}"
    if option.secondary_opts:
        text += f", {', '.join(option.secondary_opts)}"
    return text if option.is_flag else f"{text} {option.metavar or option.name.upper()}"


def _help(param: Any) -> str:
    """Return what a parameter is for, with its default if that says something."""
    text = " ".join((param.help or "").split())
    default = param.show_default if isinstance(param.show_default, str) else param.default
    if param.required and param.param_type_name == "option":
        return f"{text} [required]"
    if param.show_default and isinstance(default, str | int | float) and default not in ("", False):
        return f"{text} [default: {default:g}]" if isinstance(default, float) else f"{text} [default: {default}]"
    return text


def _below(command: Any, ctx: Any) -> tuple[str, ...]:
    if ctx.parent is None:
        return (command.epilog,) if command.epilog else ()
    root = ctx.find_root().command
    names = ", ".join(max(param.opts, key=len) for param in getattr(root, "everywhere", ()))
    told = [f"Options for every command ({names}): `{ctx.find_root().command_path} --help`."] if names else []
    return (command.epilog, *told) if command.epilog else tuple(told)
