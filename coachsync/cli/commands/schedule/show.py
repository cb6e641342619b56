"""`schedule show`: every cron line and timer of this host that calls coachsync."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from coachsync.cli import output
from coachsync.cli.commands.schedule.shared import is_our_own, this_site
from coachsync.cli.context import invocation
from coachsync.cli.display import Tz, host_zone, moments
from coachsync.cli.options import Json
from coachsync.clock import host_now, iso
from coachsync.errors import OK, SOME_FAILED, CoachsyncError
from coachsync.report.text import clean
from coachsync.schedule.found import Schedule
from coachsync.schedule.look import schedules
from coachsync.schedule.ours import is_ours
from coachsync.schedule.upcoming import millis, next_run

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.report.moments import Moments
    from coachsync.schedule.install import Site
    from coachsync.standing.health import LastTick

_NONE = "nothing on this host calls `coachsync run`, as far as this user can see"


def show(ctx: typer.Context, tz: Tz = None, json: Json = False) -> int:
    """Show every cron line and timer on this host that calls coachsync, also those that it did not write.

    Exit 1 if none of them works for this configuration, or if two do the same.

    \b
    Examples:
      coachsync schedule show
      coachsync schedule show --json
    """
    settings, site = invocation(ctx).settings(), this_site()
    found = schedules(site.host)
    last = _last(ctx)
    shown = moments(settings, host_now(), tz)
    if json:
        output.json_document(_document(found, settings, site, last))
    else:
        output.out_all(f"{line}\n" for line in _lines(found, settings, site, last, shown))
    working = [one for one in found if one.works and is_ours(one, settings)]
    return OK if len(working) == 1 else SOME_FAILED


def _last(ctx: typer.Context) -> LastTick | None:
    from coachsync.cli.context import opened
    from coachsync.standing.health import last_tick

    try:
        with opened(ctx) as (settings, store):
            return last_tick(store, settings, host_now())
    except CoachsyncError:  # that the store cannot be read is doctor's to say
        return None


def _next(one: Schedule, site: Site) -> int | None:
    found = next_run(one, site.host, datetime.now(host_zone()))
    return None if found is None else millis(found)


def _document(found: tuple[Schedule, ...], settings: Settings, site: Site, last: LastTick | None) -> dict[str, Any]:
    return {
        "version": 1,
        "schedules": [
            {
                "kind": one.kind,
                "where": one.where,
                "user": one.user or None,
                "when": one.when,
                "next_at": None if (at := _next(one, site)) is None else iso(at),
                "works": one.works,
                "ours": is_ours(one, settings),
                "written_by_us": is_our_own(one, site),
                "flaws": [flaw._asdict() for flaw in one.flaws],
            }
            for one in found
        ],
        "last_tick": None if last is None else {"started_at": iso(last.started_at), "exit_code": last.exit_code},
    }


def _lines(
    found: tuple[Schedule, ...], settings: Settings, site: Site, last: LastTick | None, shown: Moments
) -> list[str]:
    lines: list[str] = []
    for one in found:
        lines += _of_one(one, settings, site, shown)
    ours = [one for one in found if one.works and is_ours(one, settings)]
    if not found:
        lines += [_NONE, "→ `coachsync schedule install` puts it there"]
    elif not ours:
        lines += ["none of these starts runs with this configuration", "→ `coachsync schedule install` puts it there"]
    elif len(ours) > 1:
        names = " and ".join(clean(one.called) for one in ours)
        lines += [f"{names} do the same: two runs get into each other's way", "→ keep one of them"]
    lines.append("no run came yet" if last is None else f"last run {shown.full(last.started_at)}, {_end(last)}")
    return lines


def _of_one(one: Schedule, settings: Settings, site: Site, shown: Moments) -> list[str]:
    who = f" as {clean(one.user)}" if one.user else ""
    by = "written by coachsync" if is_our_own(one, site) else "not written by coachsync"
    other = "" if is_ours(one, settings) else f", for another configuration: {clean(one.config or 'not named')}"
    lines = [f"{clean(one.called)}: {clean(one.when)}{who}, {by}{other}"]
    at = _next(one, site)
    lines.append(f"  next run {shown.full(at)}" if at is not None else "  when it runs next is not known")
    for flaw in one.flaws:
        lines += [f"  {'broken' if flaw.dead else 'warning'}: {clean(flaw.message)}", f"  → {clean(flaw.hint)}"]
    return lines


def _end(last: LastTick) -> str:
    return "under way, or it never ended" if last.finished_at is None else f"exit {last.exit_code}"
