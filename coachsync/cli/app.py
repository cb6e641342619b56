"""The list of commands and the options before them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from coachsync.cli.context import Invocation, invocation
from coachsync.cli.frame import Command, LazyGroup, new_app

ENTRIES = (
    Command("run", "run", "run", "One tick: do every cleanup, setup and repair that is due now. What cron calls."),
    Command("setup", "setup", "setup", "Do the setups that are due, or those of the sessions named."),
    Command("cleanup", "cleanup", "cleanup", "Do the cleanups that are due, or those of the sessions named."),
    Command("status", "status", "status", "Show each session's phase and what happens to it next."),
    Command("explain", "explain", "explain", "Print one session's whole story."),
    Command("runs", "runs", "runs", "List past runs: when, how long, what each did, how it ended."),
    Command("doctor", "doctor", "doctor", "Check all that runs need, one thing after another; change nothing."),
    Command("audit", "audit", "audit", "Hold who can enter each room against who should, and mend it."),
    Command("sessions", "sessions.app", "app", "Add, list, change, import and export bookings."),
    Command("init", "init.command", "init", "Write a commented configuration file and make an empty store."),
    Command("demo", "demo", "demo", "Play the life of three sessions against an embedded Discord."),
    Command("help", "help", "help_", "Show a topic of the guide, or what a command takes."),
)
"""Every command, in the order in which a newcomer meets them."""

_EPILOG = "Exit status: 0 done, 1 a session failed, 2 wrong usage, 3 configuration or store unusable, 4 locked."


class Commands(LazyGroup):
    """coachsync's commands."""

    entries = ENTRIES


def build() -> Any:
    """Return the whole command line as one command object."""
    app = new_app(cls=Commands, add_completion=True, epilog=_EPILOG)
    app.callback()(root)
    return typer.main.get_command(app)


def _version(wanted: bool) -> None:
    if wanted:
        from coachsync import __version__
        from coachsync.cli.output import out

        out(f"coachsync {__version__}")
        raise typer.Exit


def _log_format(value: str) -> str:
    if value not in ("text", "json"):
        raise typer.BadParameter("expected text or json")
    return value


def root(
    ctx: typer.Context,
    config: Annotated[
        str | None, typer.Option(metavar="PATH", help="The configuration file to use.", show_default=False)
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log each step; show a traceback with an unexpected error.")
    ] = False,
    log_format: Annotated[
        str, typer.Option(metavar="text|json", callback=_log_format, help="How logs on stderr are written.")
    ] = "text",
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Open and close the private Discord voice room of each booked coaching session."""
    del version
    said: Invocation = invocation(ctx)
    said.config, said.verbose, said.log_format = config, verbose, log_format
    if verbose or log_format != "text":
        from coachsync.cli.logs import start

        start(verbose, log_format)
