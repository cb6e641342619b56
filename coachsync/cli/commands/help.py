"""`help`: the guide's topics, and what a command takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from importlib.resources import files
from typing import Annotated, Any, NamedTuple

import typer

from coachsync.cli import output
from coachsync.cli.context import Invocation
from coachsync.errors import OK, UsageError

_CLOSE = 0.6


class Topic(NamedTuple):
    """A page: what it tells, in a few words, and its text. `markdown`: drawn on a terminal, else shown as it is."""

    line: str
    text: Callable[[], str]
    markdown: bool = True


def _page(name: str) -> Callable[[], str]:
    return lambda: (files("coachsync") / "guide" / f"{name}.md").read_text("utf-8")


def _schemas() -> str:
    from coachsync.report.schemas import schemas

    return f"{output.json_text(schemas(), indent=2)}\n"


TOPICS = {
    "install": Topic("what lies where, mail, upgrade", _page("install")),
    "bookings": Topic("a session's life, and who writes bookings", _page("bookings")),
    "configuration": Topic("every key and environment variable", _page("configuration")),
    "operating": Topic("every command, option and exit code", _page("operating")),
    "troubleshooting": Topic("every error code, and what to do", _page("troubleshooting")),
    "security": Topic("who can enter a room", _page("security")),
    "hosts": Topic("what a machine must have; several hosts", _page("hosts")),
    "design": Topic("how the code is laid out and developed", _page("design")),
    "json": Topic("the schemas of what --json prints", _schemas, markdown=False),
}
"""The guide in the order in which one reads it."""


def _offered(incomplete: str) -> list[str]:
    return [name for name in TOPICS if name.startswith(incomplete)]


def help_(
    ctx: typer.Context,
    about: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC|COMMAND]", help="What to show.", show_default=False, autocompletion=_offered),
    ] = None,
) -> int:
    """Show a topic of the guide, or what a command takes. Without a name: the list of topics.

    On a terminal a topic is drawn to its width; piped, it is the file's text as it is (Markdown).

    \b
    Examples:
      coachsync help
      coachsync help troubleshooting
      coachsync help sessions add
      coachsync help configuration | less
      coachsync help json > schemas.json
    """
    words = about or []
    if not words:
        _list_topics()
    elif len(words) == 1 and words[0] in TOPICS:
        _show(TOPICS[words[0]])
    else:
        _show_command(ctx.find_root().command, words)
    return OK


def _list_topics() -> None:
    widest = max(map(len, TOPICS))
    output.out("The guide's topics:\n")
    for name, topic in TOPICS.items():
        output.out(f"  {name:{widest}}  {topic.line}")
    output.out("\ncoachsync help TOPIC      shows one of them")
    output.out("coachsync help COMMAND    shows what a command takes")
    output.out("coachsync --help          lists the commands")


def _show(topic: Topic) -> None:
    text = topic.text()
    if topic.markdown and output.is_terminal(sys.stdout) and os.environ.get("TERM") != "dumb":
        from coachsync.cli.reporting import canvas

        shown = canvas()
        if shown.unicode:
            from coachsync.report.page import drawn_page

            output.out(drawn_page(text, shown))
            return
    output.out_all([text])


def _show_command(root: Any, words: list[str]) -> None:
    """Show what `coachsync WORDS --help` shows. Raises UsageError if there is neither such a topic nor a command."""
    if words[0] in TOPICS and words[0] not in root.commands:
        raise UsageError(f"{words[0]} is one topic, and takes no further word", f"type `coachsync help {words[0]}`")
    known = set(root.commands)
    if words[0] not in known:
        meant = get_close_matches(words[0], [*TOPICS, *known], 1, _CLOSE)
        hint = f"did you mean `coachsync help {meant[0]}`?" if meant else "`coachsync help` lists the topics"
        raise UsageError(f"there is neither a topic nor a command {words[0]!r}", hint)
    with root.make_context("coachsync", [*words, "--help"], obj=Invocation()) as context:
        root.invoke(context)
