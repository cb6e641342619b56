"""`sync`: pull the sources of bookings now, and say what came of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation, open_configured
from coachsync.cli.options import Json, Now, Wait, checked_wait, pretended_now, refuse_pretended_time
from coachsync.clock import host_now, iso
from coachsync.errors import OK, SOME_FAILED, ConfigError, LockHeldError, UsageError
from coachsync.report.text import clean, word

if TYPE_CHECKING:
    from coachsync.bookings.merge import RefusedRow
    from coachsync.bookings.sources.pull import PulledSource
    from coachsync.config import Settings
    from coachsync.domain.model import Millis


def sync(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One source; none: all of them.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask and show; change no booking.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Believe a source that is suddenly empty, or lacks many bookings at once.")
    ] = False,
    now: Now = None,
    json: Json = False,
    wait: Wait = 0.0,
) -> int:
    """Pull the bookings of the configured sources into the store, as each run does first.

    Exit 1 if a source could not be pulled, or an entry of it was refused; all the others are in.

    \b
    Examples:
      coachsync sync
      coachsync sync booking-page --dry-run
      coachsync sync --json
    """
    said = invocation(ctx)
    pretended = pretended_now(now)
    settings, moment = said.settings(), host_now() if pretended is None else pretended
    _check(settings, name)
    refuse_pretended_time(settings, pretended, dry_run=dry_run, force=force, would="change the bookings of real rooms")
    from coachsync.bookings.sources.pull import PullRequest, due_sources, pull
    from coachsync.cli.pulling import asking_of, follow_sources

    names = None if name is None else frozenset({name})
    request = PullRequest(asking_of(said, settings, moment), names, by_hand=True, dry_run=dry_run, force=force)
    with ExitStack() as stack:
        store = open_configured(settings, writable=not dry_run)
        stack.callback(store.close)
        if not dry_run:
            stack.enter_context(store.run_lock(checked_wait(wait), f"sync since {iso(host_now())}"))
            if not stack.enter_context(store.pulling()):
                raise LockHeldError("another host pulls sources of this store", "it ends by itself: try again then")
        pulled = pull(store, due_sources(store, request), request)
        if not dry_run:
            follow_sources(store, settings, pulled, moment)
    if json:
        output.json_document(_document(pulled, moment, dry_run=dry_run))
    _show(pulled, as_json=json)
    return SOME_FAILED if any(one.failure is not None or one.merged.refused for one in pulled) else OK


def _check(settings: Settings, name: str | None) -> None:
    """Raise UsageError if there is no such source, ConfigError if there is none at all."""
    names = [source.name for source in settings.sources]
    if not names:
        hint = f"add a section [sources.NAME] to {settings.path}: `coachsync help bookings` shows how"
        raise ConfigError("the configuration names no source of bookings", hint)
    if name is not None and name not in names:
        raise UsageError(f"there is no source {name!r}", f"name one of {', '.join(names)}")


def _show(pulled: list[PulledSource], *, as_json: bool) -> None:
    for one in pulled:
        if not as_json and one.outcome != "failed":
            output.out(clean(f"{one.source.name}: {_counts(one)}"))
        for warning in one.warnings:
            if one.failure is not None and warning.message == one.failure.message:
                output.error(clean(warning.message), clean(warning.hint))
            elif warning.code != "source_rows":
                output.warning(clean(f"{warning.message} ({warning.code})"))
        for row in one.merged.refused:
            named = f" ({word(row.session)})" if row.session else ""
            output.error(clean(f"{one.source.name}, {row.where}{named}: {row.message}"), clean(row.hint))


def _counts(one: PulledSource) -> str:
    if one.outcome == "unchanged":
        return "nothing new"
    merged = one.merged
    counts = {
        "new": len(merged.added),
        "changed": len(merged.changed),
        "unchanged": len(merged.unchanged),
        "refused": len(merged.refused),
    }
    counts |= {"cancelled": len(one.cancelled)} if one.cancelled else {}
    counts |= {"missing": len(one.missing)} if one.missing else {}
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _document(pulled: list[PulledSource], now: Millis, *, dry_run: bool) -> dict[str, Any]:
    return {"version": 1, "now": iso(now), "dry_run": dry_run, "sources": [_of_source(one) for one in pulled]}


def _of_source(one: PulledSource) -> dict[str, Any]:
    failure, merged = one.failure, one.merged
    return {
        "source": one.source.name,
        "type": one.source.type,
        "outcome": one.outcome,
        "added": merged.added,
        "changed": merged.changed,
        "unchanged": merged.unchanged,
        "refused": [_of_row(row) for row in merged.refused],
        "cancelled": list(one.cancelled),
        "missing": list(one.missing),
        "error": None if failure is None else {"code": failure.code, "message": failure.message, "hint": failure.hint},
    }


def _of_row(row: RefusedRow) -> dict[str, Any]:
    return {**row._asdict(), "session": row.session or None}
