"""What the commands of `schedule` share: this installation as a schedule names it, and the host that it is on."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Literal

from coachsync.config import Settings
from coachsync.config.values import UnfitError, parse_duration
from coachsync.domain.model import MINUTE
from coachsync.errors import ConfigError, UsageError
from coachsync.host.owner import owner_of
from coachsync.schedule.found import Schedule
from coachsync.schedule.install import Site, crontab_of, has_mark_before, is_in_systemd, run_program
from coachsync.schedule.places import this_host
from coachsync.schedule.render import EVERY, TIMER, Installed
from coachsync.store.open import parse_url

Way = Literal["cron", "systemd"]
_CREDENTIAL = "credential:"


def this_site() -> Site:
    """Return this host as whoever runs this may change it."""
    return Site(this_host(), run_program, os.geteuid() == 0)


def chosen_way(*, cron: bool, systemd: bool, site: Site) -> Way:
    """Return how runs are to be started: as said, else by systemd if root asks and it runs here. Raises UsageError."""
    if cron and systemd:
        raise UsageError(
            "--cron and --systemd are both given: two schedules would do the same", "leave one of them out"
        )
    if systemd and not site.is_root:
        raise UsageError("--systemd needs root: units are the system's", "call it by sudo, or say --cron")
    if systemd or cron:
        return "systemd" if systemd else "cron"
    return "systemd" if site.is_root and os.path.isdir(site.host.at("/run/systemd/system")) else "cron"


def checked_every(text: str) -> int:
    """Return the minutes between two runs. Raises UsageError."""
    try:
        found = parse_duration(text)
    except UnfitError:
        found = 0
    if found % MINUTE or found // MINUTE not in EVERY:
        allowed = ", ".join(f"{minutes}m" for minutes in EVERY)
        raise UsageError(f"--every {text[:20]} does not divide an hour", f"give one of {allowed}; 15m is usual")
    return found // MINUTE


def installed_here(settings: Settings, user: str | None, every: int, site: Site) -> Installed:
    """Return this installation. Raises UsageError if its user does not exist or is not whoever asks."""
    store = _store_of(settings)
    name, group = _account(user, store, site)
    folders = [os.path.dirname(store)] if store else []
    if settings.metrics.textfile is not None:
        folders.append(os.path.dirname(os.path.join(settings.base_dir, settings.metrics.textfile)))
    program = _program()
    return Installed(
        program,
        os.path.abspath(settings.path),
        name,
        group,
        every,
        writes=tuple(dict.fromkeys(folders)),
        credentials=_credentials(settings),
        reads=(program[0],) if store else (program[0], os.path.expanduser(f"~{name}/.pgpass")),
    )


def is_our_own(schedule: Schedule, site: Site) -> bool:
    """Return whether `schedule install` wrote this one."""
    if schedule.kind == "timer":
        return schedule.where == TIMER and is_in_systemd(site)
    if schedule.kind != "crontab":
        return False
    path, _, number = schedule.where.rpartition(":")
    text = site.host.read(path) if path.startswith("/") else crontab_of(site, schedule.user)
    return text is not None and has_mark_before(text, int(number))


def _store_of(settings: Settings) -> str:
    """Return the file that runs write, "" if it is none."""
    try:
        location = parse_url(settings.store.own, settings.base_dir)
        return os.path.realpath(location.path) if location.is_file else ""
    except ConfigError:
        return os.path.join(settings.base_dir, "sessions.db")


def _account(user: str | None, store: str, site: Site) -> tuple[str, str]:
    """Return the user who runs it and their group: as said, else whose the store is, else whoever asks."""
    import grp
    import pwd

    try:
        if user is not None:
            found = pwd.getpwnam(user)
        else:
            found = pwd.getpwuid(owner_of(store) if site.is_root and store and os.path.exists(store) else os.geteuid())
    except KeyError:
        who = user if user is not None else "the owner of the store"
        raise UsageError(f"{who} is no user of this host", "name the user that owns the store: --user NAME") from None
    if not site.is_root and found.pw_uid != os.geteuid():
        raise UsageError(f"only root may schedule it for {found.pw_name}", "call it by sudo, or leave --user out")
    try:
        group = grp.getgrgid(found.pw_gid).gr_name
    except KeyError:
        group = str(found.pw_gid)
    return found.pw_name, group


def _program() -> tuple[str, ...]:
    """Return the words that start this very coachsync."""
    beside = os.path.join(os.path.dirname(sys.executable), "coachsync")
    if os.access(beside, os.X_OK):
        return (beside,)
    found = shutil.which("coachsync")
    return (os.path.abspath(found),) if found is not None else (sys.executable, "-m", "coachsync")


def _credentials(settings: Settings) -> tuple[str, ...]:
    """Return the names of the tokens that systemd is to hand over."""
    sources = [guild.token_file for guild in (settings.discord, *settings.guilds.values())]
    named = [s.removeprefix(_CREDENTIAL) for s in sources if s is not None and s.startswith(_CREDENTIAL)]
    if settings.discord.token_file is None:
        named.insert(0, "discord-token")
    return tuple(dict.fromkeys(named))
