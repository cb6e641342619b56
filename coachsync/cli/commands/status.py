"""`status`: what needs a person, where each session stands, and what comes next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation, open_configured, opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.frame import LeanCommand, new_app
from coachsync.cli.options import Json, Named, Now, checked_names, chosen_now
from coachsync.clock import host_now
from coachsync.domain.causes import about
from coachsync.errors import OK, SOME_FAILED, CoachsyncError, UsageError
from coachsync.report.status import StatusView, check_line, of_concern, status_lines
from coachsync.standing.health import attention, last_tick
from coachsync.standing.hosts import hosts_of
from coachsync.standing.rows import all_rows, known_of, named_rows, recent_rows, rows_of, sessions_of

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.causes import Cause
    from coachsync.domain.model import Millis, RunRecord, Session
    from coachsync.store.base import Store

_SECONDS = "5"
_LEAST, _MOST = 0.2, 86_400.0
_EVERYBODYS = frozenset({"no_tick", "tick_failed"})


class Chosen(NamedTuple):
    """Which sessions are shown: those of some names, all, or what is recent; only what has a cause."""

    names: tuple[str, ...] = ()
    everything: bool = False
    failing: bool = False


class _StatusCommand(LeanCommand):
    """The command, whose `--watch` may stand alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words after the command's name."""
        return super().parse_args(ctx, list(with_seconds(args)))


def with_seconds(args: list[str]) -> list[str]:
    """Return a command line in which every `--watch` has its seconds; a name after it is no number of them."""
    found = list(args)
    ends = found.index("--") if "--" in found else len(found)
    for at in range(ends):
        if found[at] == "--watch" and not (at + 1 < ends and _is_number(found[at + 1])):
            found[at] = f"--watch={_SECONDS}"
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 8


app = new_app()


@app.command("status", cls=_StatusCommand)
def status(
    ctx: typer.Context,
    sessions: Named = None,
    failing: Annotated[bool, typer.Option("--failing", help="Only what has a cause.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also what ended more than 7 days ago.")] = False,
    check: Annotated[bool, typer.Option("--check", help="One line for monitors: ok, late or failing; 0 or 1.")] = False,
    watch: Annotated[
        str | None,
        typer.Option("--watch", metavar="[SECONDS]", help="Show it anew every 5 seconds, until q.", show_default=False),
    ] = None,
    tz: Tz = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Show what needs a person, each session's room, and what happens to it next.

    First how many sessions need somebody, how many rooms are open, what comes next, and when the last `run` was. Then
    what is wrong, each thing once: for whom, when, since when, and the remedy. Then what is live, coming, or less than
    7 days past. A terminal shows times in its own zone (`[display] timezone`, `--tz`); piped they are in UTC.

    `--check` ends with 1 if a promise is broken or about to be, or runs stopped coming. `--watch` needs a terminal.

    \b
    Examples:
      coachsync status
      coachsync status abc12345
      coachsync status --failing
      coachsync status --check
      coachsync status --all --json
    """
    chosen = Chosen(checked_names(sessions), everything, failing)
    _refuse(chosen, check=check, watch=watch, now=now, json=json)
    if watch is not None:
        return _watch(ctx, chosen, _checked_seconds(watch), tz)
    moment = chosen_now(now)
    if check:
        return _check(ctx, chosen, moment, tz)
    with opened(ctx) as (settings, store):
        view = look(settings, store, chosen, moment, tz)
        runs = store.ledger.last_runs(1) if json else []
    _show(view, runs[0] if runs else None, as_json=json)
    return OK


def _refuse(chosen: Chosen, *, check: bool, watch: str | None, now: str | None, json: bool) -> None:
    if chosen.names and chosen.everything:
        raise UsageError("--all and sessions by name are both given", "leave one of the two out")
    others = {"--json": json, "--check": check, "--now": watch is not None and now is not None}
    for option, given in others.items():
        if watch is not None and given:
            raise UsageError(f"--watch and {option} are both given", "leave one of the two out")
    if check and json:
        raise UsageError(
            "--check and --json are both given", "--check is one line and an exit status; --json alone tells everything"
        )


def look(settings: Settings, store: Store, chosen: Chosen, now: Millis, tz: str | None) -> StatusView:
    """Return what is to be shown. Raises StoreError, SessionError and UsageError."""
    when = moments(settings, now, tz)
    causes = attention(store, settings, now)
    known = known_of(store, causes, settings.schedule.max_silence)
    if chosen.names:
        rows = named_rows(store, chosen.names, settings.policy, now, known)
        ids = {row.session.id for row in rows}
        causes = tuple(c for c in causes if c.code in _EVERYBODYS or c in about([c], ids))
    else:
        rows = (all_rows if chosen.everything else recent_rows)(store, settings.policy, now, known)
    found = {row.session.id: row.session for row in rows}
    named = _of_causes(store, causes, found)
    if named and not chosen.names:
        rows += rows_of(store, named.values(), settings.policy, now, known)
    view = StatusView(rows, causes, found | named, last_tick(store, settings, now), when, chosen=bool(chosen.names))
    view = view._replace(hosts=hosts_of(store, settings.schedule.max_silence, now))
    return view._replace(shown=of_concern) if chosen.failing else view


def _of_causes(store: Store, causes: tuple[Cause, ...], found: dict[str, Session]) -> dict[str, Session]:
    """Return the sessions that causes name and that would not be shown otherwise."""
    wanted = {session_id for cause in causes for session_id in cause.sessions} - found.keys()
    return sessions_of(store, wanted) if wanted else {}


def _show(view: StatusView, run: RunRecord | None, *, as_json: bool) -> None:
    if as_json:
        from coachsync.report.document import status_document

        output.json_document(
            status_document(view.ordered_by_start, run, view.when.now, view.causes, view.tick, view.hosts)
        )
    elif output.is_terminal(sys.stdout):
        output.out(_screen(view))
    else:
        output.out_all(f"{line}\n" for line in status_lines(view))


def _screen(view: StatusView) -> str:
    from coachsync.cli.reporting import canvas
    from coachsync.report.status_screen import status_screen

    return status_screen(view, canvas())


def _check(ctx: typer.Context, chosen: Chosen, now: Millis, tz: str | None) -> int:
    """Print one line for a monitor. What makes it impossible to know is told in one line, too."""
    try:
        with opened(ctx) as (settings, store):
            view = look(settings, store, chosen, now, tz)
    except UsageError:
        raise
    except CoachsyncError as problem:
        output.out(check_line_of(problem))
        raise
    line, well = check_line(view)
    output.out(line)
    return OK if well else SOME_FAILED


def check_line_of(problem: CoachsyncError) -> str:
    """Return the one line of a problem that keeps anybody from knowing."""
    from coachsync.report.text import clean

    problems = "; ".join(getattr(problem, "problems", ()))
    return f"failing: {clean(f'{problem.message}: {problems}' if problems else problem.message)} ({problem.code})"


def _checked_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not _LEAST <= seconds <= _MOST:
        raise UsageError(f"--watch {text} is no number of seconds", "give 0.2 to 86400, or --watch alone for 5")
    return seconds


def _watch(ctx: typer.Context, chosen: Chosen, seconds: float, tz: str | None) -> int:
    """Show the screen anew until somebody ends it. The store is opened for each look alone."""
    if not output.is_terminal(sys.stdout):
        raise UsageError(
            "--watch redraws a screen, and stdout is no terminal",
            "`coachsync status` prints it once; `coachsync status --check` is for monitors",
        )
    from coachsync.cli.watching import watch

    settings = invocation(ctx).settings()

    def draw() -> str:
        store = open_configured(settings, writable=False)
        try:
            return _screen(look(settings, store, chosen, host_now(), tz))
        finally:
            store.close()

    return watch(draw, seconds)
