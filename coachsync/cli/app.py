"""The list of commands, by the question that each answers, and the options that every one of them takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from coachsync.cli.context import Invocation, invocation
from coachsync.cli.frame import Command, LazyGroup, built, new_app

ENTRIES = (
    Command("run", "run", "run", "One tick: do every cleanup, setup and repair that is due now. What cron calls."),
    Command("setup", "setup", "setup", "Do the setups that are due, or those of the sessions named."),
    Command("cleanup", "cleanup", "cleanup", "Do the cleanups that are due, or those of the sessions named."),
    Command("status", "status", "app", "Show what needs a person, and what happens to each session next."),
    Command("explain", "explain", "explain", "Tell one session's whole story, or what an error's code means."),
    Command("runs", "runs", "runs", "List past runs: when, how long, what each did, how it ended."),
    Command("doctor", "doctor", "doctor", "Check all that runs need, one thing after another; change nothing."),
    Command("schedule", "schedule.app", "app", "Show what starts runs on this host, put it there, or take it away."),
    Command("forecast", "forecast", "forecast", "Say whether what is booked fits Discord's limits, and what helps."),
    Command("timeline", "timeline", "timeline", "Show sessions as bars on a line of time, or draw them."),
    Command("audit", "audit", "audit", "Hold who can enter each room against who should, and mend it."),
    Command("wait", "wait", "wait", "Wait until a session is open, or closed."),
    Command("pause", "pause", "pause", "Have runs leave sessions, a guild or everything as it is, for a while."),
    Command("resume", "pause", "resume", "End a pause."),
    Command("sync", "sync", "sync", "Pull the bookings of the configured sources now."),
    Command("sessions", "sessions.app", "app", "Add, list, change, import and export bookings."),
    Command("store", "store.app", "app", "Copy the store to another place, or take one back into use."),
    Command("init", "init.command", "init", "Write a commented configuration file and make an empty store."),
    Command("demo", "demo", "demo", "Play the life of three sessions against an embedded Discord."),
    Command("help", "help", "help_", "Show a topic of the guide, or what a command takes."),
)
"""Every command; see `PARTS` for the order in which they are shown."""

PARTS = {
    "Is all well?": ("status", "doctor", "audit", "wait", "forecast"),
    "What happened, and why?": ("explain", "runs", "timeline"),
    "Do what is due": ("run", "setup", "cleanup"),
    "Step in": ("sessions", "sync", "pause", "resume"),
    "Begin": ("demo", "init", "schedule", "store", "help"),
}
"""What an operator asks, and the commands that answer. A command that is in none of these is shown last."""

EVERYWHERE = ("config", "verbose", "log_format", "version")
"""The root's options that every command takes as well."""

_EPILOG = (
    "Exit status: 0 done, 1 a session failed, 2 wrong usage, 3 configuration or store unusable, 4 another run is under"
    " way, 70 a bug, 130 or 143 interrupted."
)


class Commands(LazyGroup):
    """coachsync's commands."""

    entries = ENTRIES
    parts = PARTS

    @property
    def everywhere(self) -> list[Any]:
        """Return the options that every command takes."""
        return [param for param in self.params if param.name in EVERYWHERE]


def build() -> Any:
    """Return the whole command line as one command object."""
    app = new_app(cls=Commands, epilog=_EPILOG)
    app.callback()(root)
    return typer.main.get_command(app)


def every_command() -> Iterator[tuple[str, Any]]:
    """Yield every command that does something with its options, by its full name ("sessions add")."""
    for entry in ENTRIES:
        found = built(entry)
        if isinstance(found, LazyGroup):
            yield from ((f"{entry.name} {name}", found.whole(name)) for name in found.commands)
        else:
            yield entry.name, found


def _said(ctx: typer.Context) -> Invocation:
    """Return what is noted of the command line; of one that is only parsed, nothing is."""
    return invocation(ctx) or Invocation()


def _note_config(ctx: typer.Context, value: str | None) -> str | None:
    if value is not None:
        _said(ctx).config = value
    return value


def _note_verbose(ctx: typer.Context, value: bool) -> bool:
    if value:
        _said(ctx).verbose = True
    return value


def _note_log_format(ctx: typer.Context, value: str | None) -> str | None:
    if value is not None:
        if value not in ("text", "json"):
            raise typer.BadParameter("expected text or json")
        _said(ctx).log_format = value
    return value


def _version(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from coachsync import __version__
        from coachsync.cli.output import out

        out(f"coachsync {__version__}")
        raise typer.Exit


def _show_completion(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from coachsync.cli.completion.scripts import chosen, script
        from coachsync.cli.output import out

        out(script(chosen(_word_behind(ctx, "--show-completion"), os.environ, "--show-completion")))
        raise typer.Exit


def _install_completion(ctx: typer.Context, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from coachsync.cli.completion.scripts import chosen, install
        from coachsync.cli.output import out
        from coachsync.host.limits import home

        shell = chosen(_word_behind(ctx, "--install-completion"), os.environ, "--install-completion")
        out(f"{shell} completion installed in {install(shell, home())}; it works in the next {shell} that starts")
        raise typer.Exit


def _word_behind(ctx: typer.Context, option: str) -> str | None:
    """Return the word behind an option that may do without one."""
    typed = _said(ctx).arguments
    return typed[typed.index(option) + 1] if option in typed[:-1] else None


def root(
    config: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="The configuration file to use.", callback=_note_config, expose_value=False),
    ] = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Log each step; show a traceback with an unexpected error.",
            callback=_note_verbose,
            expose_value=False,
        ),
    ] = False,
    log_format: Annotated[
        str | None,
        typer.Option(
            metavar="text|json",
            help="How lines on stderr are written.",
            show_default="text",
            callback=_note_log_format,
            expose_value=False,
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_version, is_eager=True, expose_value=False
        ),
    ] = False,
    install_completion: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            help="Install completion for this shell, or for the one named behind it: bash, zsh, fish.",
            callback=_install_completion,
            is_eager=True,
            expose_value=False,
        ),
    ] = False,
    show_completion: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            help="Show that script, to install it elsewhere.",
            callback=_show_completion,
            is_eager=True,
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Open and close the private Discord voice room of each booked coaching session.

    \b
    Examples:
      coachsync demo
      coachsync status
      coachsync run --dry-run
    """
