"""`doctor`: whether all that runs need is there, before one of them finds out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation
from coachsync.cli.options import Json, Wait, checked_wait
from coachsync.errors import OK, SOME_FAILED, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coachsync.domain.finding import Finding

_MOST_DAYS = 60


def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Look at this host alone; ask Discord nothing.")] = False,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How far ahead to look at people and bookings.", show_default="1")
    ] = 1,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Also make a role and a room in each configured guild, as a session's, and delete them."
        ),
    ] = False,
    json: Json = False,
    wait: Wait = 0.0,
) -> int:
    """Check one thing after another: configuration, token, Discord, people, store, schedule. Changes nothing.

    With --rehearse the bot proves that it can make, see, fill and delete a role and a room in each guild; nobody but
    the bot is let in, and a role made is one of the 250 that Discord lets it make in 48 h.

    Exit 1 if something makes runs fail or leaves a session of the next days without its room or its people.

    \b
    Examples:
      coachsync doctor
      coachsync doctor --days 7
      coachsync doctor --offline --json
      coachsync doctor --rehearse
    """
    from coachsync.doctor.checks import DoctorRequest, examine

    if not 1 <= days <= _MOST_DAYS:
        raise UsageError(f"--days {days} is not a number of days", f"give 1 to {_MOST_DAYS}")
    if rehearse and offline:
        raise UsageError(
            "--rehearse makes a role and a room in Discord, and --offline asks it nothing", "leave one out"
        )
    if checked_wait(wait) and not rehearse:
        raise UsageError("--wait is for the lock that --rehearse takes", "add --rehearse, or leave --wait out")
    said = invocation(ctx)
    waiting = output.is_terminal(sys.stderr) and output.is_terminal(sys.stdout) and not (json or said.verbose)
    told = output.transient if waiting else _untold
    try:
        findings = examine(DoctorRequest(said.config, said.environ, offline, days, rehearse, wait, told=told))
    finally:
        told("")
    _show(findings, json=json, offline=offline, whole=said.verbose)
    return SOME_FAILED if any(finding.level == "failure" for finding in findings) else OK


def _untold(_: str) -> None:
    """Say nothing: nobody waits at a terminal."""


def _show(findings: Sequence[Finding], *, json: bool, offline: bool, whole: bool) -> None:
    if json:
        from coachsync.report.findings import checkup_document

        output.json_document(checkup_document(findings))
        return
    from coachsync.report.checkup import Screen, plain_lines, screen_lines, verdict

    if output.is_terminal(sys.stdout):
        from coachsync.cli.reporting import canvas

        seen = canvas()
        lines = screen_lines(findings, Screen(seen.width, seen.colour, seen.unicode, whole))
    else:
        lines = plain_lines(findings)
    for line in lines:
        output.out(line)
    output.out(verdict(findings, offline=offline))
