"""`schedule install`, `remove` and `print`."""

from __future__ import annotations

from typing import Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.schedule.shared import (
    Way,
    checked_every,
    chosen_way,
    installed_here,
    is_our_own,
    this_site,
)
from coachsync.cli.context import invocation
from coachsync.config import Settings
from coachsync.domain.model import MINUTE
from coachsync.errors import OK, SOME_FAILED
from coachsync.report.text import clean
from coachsync.schedule.found import Schedule
from coachsync.schedule.install import (
    UNITS,
    Site,
    put_into_cron,
    put_into_systemd,
    take_from_cron,
    take_from_systemd,
)
from coachsync.schedule.look import schedules
from coachsync.schedule.ours import is_ours
from coachsync.schedule.render import SERVICE, TIMER, Installed, crontab, service, timer

Cron = Annotated[bool, typer.Option("--cron", help="By a line in the user's crontab.")]
Systemd = Annotated[bool, typer.Option("--systemd", help="By a timer of systemd's; needs root.")]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Who runs it; else whose the store is.")]
Every = Annotated[str, typer.Option("--every", metavar="15m", help="How often.", show_default="15m")]


def install(
    ctx: typer.Context,
    cron: Cron = False,
    systemd: Systemd = False,
    user: User = None,
    every: Every = "15m",
    force: Annotated[bool, typer.Option("--force", help="Also beside another schedule that does the same.")] = False,
) -> int:
    """Have this host start a run every 15 minutes, by systemd if it runs here and you are root, else by cron.

    A second call changes nothing, or brings what it wrote up to date. It refuses to stand beside another schedule.

    \b
    Examples:
      coachsync schedule install
      coachsync schedule install --cron --every 10m
    """
    settings, site = invocation(ctx).settings(), this_site()
    way = chosen_way(cron=cron, systemd=systemd, site=site)
    of = installed_here(settings, user, checked_every(every), site)
    others = [found for found in schedules(site.host) if _is_another(found, way, of, settings, site)]
    if others and not force:
        output.error(_second(others, way, of), "remove that one first, or say --force if both are meant")
        return SOME_FAILED
    changed = put_into_systemd(site, of) if way == "systemd" else put_into_cron(site, of)
    where = f"{UNITS}/{TIMER}" if way == "systemd" else f"the crontab of {of.user}"
    output.out(
        f"{'written to' if changed else 'nothing to change in'} {where}: a run every {of.every} min as {of.user}"
    )
    if of.every * MINUTE > settings.schedule.max_silence:
        output.warning("that is rarer than [schedule] max_silence: status will say that no run comes")
    output.out("`coachsync schedule show` says when the next one comes, `coachsync doctor` whether all is there")
    return OK


def _is_another(found: Schedule, way: Way, of: Installed, settings: Settings, site: Site) -> bool:
    """Return whether a schedule does the same and is not the one that is about to be written."""
    if not is_ours(found, settings):
        return False
    kind = "timer" if way == "systemd" else "crontab"
    same_place = found.kind == kind and (way == "systemd" or found.user == of.user)
    return not (same_place and is_our_own(found, site))


def _second(others: list[Schedule], way: Way, of: Installed) -> str:
    there = "; ".join(f"{clean(found.called)} calls it ({clean(found.when)})" for found in others)
    new = f"{UNITS}/{TIMER}" if way == "systemd" else f"the line `{of.line}` in the crontab of {of.user}"
    return f"a second schedule is not written: {there}; it would be {new}"


def remove(ctx: typer.Context, user: User = None) -> int:
    """Take away what `schedule install` wrote, and nothing else.

    \b
    Example:
      coachsync schedule remove
    """
    settings, site = invocation(ctx).settings(), this_site()
    of = installed_here(settings, user, 15, site)
    gone = []
    if site.is_root and take_from_systemd(site):
        gone.append(f"{UNITS}/{TIMER} and {SERVICE}")
    if _has_cron(site) and take_from_cron(site, of.user):
        gone.append(f"our line in the crontab of {of.user}")
    if not gone:
        output.out(f"nothing to remove: `schedule install` wrote nothing for {of.user}")
    for what in gone:
        output.out(f"removed: {what}")
    left = [found for found in schedules(site.host) if is_ours(found, settings)]
    for found in left:
        output.out(f"left, for coachsync did not write it: {clean(found.called)} ({clean(found.when)})")
    return OK


def _has_cron(site: Site) -> bool:
    from shutil import which

    return which("crontab") is not None or site.host.root != "/"


def print_(
    ctx: typer.Context, cron: Cron = False, systemd: Systemd = False, user: User = None, every: Every = "15m"
) -> int:
    """Print what would be written, with this host's paths, and write nothing: a crontab, or both units.

    \b
    Example:
      coachsync schedule print --cron
    """
    settings, site = invocation(ctx).settings(), this_site()
    way: Way = "systemd" if systemd and not cron else chosen_way(cron=cron, systemd=systemd, site=site)
    of = installed_here(settings, user, checked_every(every), site)
    if way == "cron":
        output.out_all([crontab(of)])
    else:
        output.out_all([f"# {UNITS}/{SERVICE}\n{service(of)}\n# {UNITS}/{TIMER}\n{timer(of)}"])
    return OK
