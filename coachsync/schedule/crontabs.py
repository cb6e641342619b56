"""Crontabs: those of users, /etc/crontab and /etc/cron.d, as far as this user can read them.

Lines are read by python-crontab. What cron does with a whole file (its name, its mode, its last line) is looked at
here, for cron says nothing when it leaves one out.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from coachsync.schedule.command import PROGRAM, RunCall, call_in
from coachsync.schedule.found import Flaw, Kind, Schedule
from coachsync.schedule.places import Host
from coachsync.schedule.scripts import call_in_script

_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron")
_ASSIGNMENT = re.compile(r"^\s*([\"']?)([A-Za-z_]\w*)\1\s*=\s*(.*?)\s*$")
_TAKEN = re.compile(r"[A-Za-z0-9_-]+")  # names in /etc/cron.d: man 8 cron, on Debian
_DEFAULT_PATH = "/usr/bin:/bin"
_HOUR = 60

logging.getLogger("crontab").propagate = False  # what it cannot read is told here
logging.getLogger("crontab").addHandler(logging.NullHandler())


class _Tab(NamedTuple):
    """One file of cron's: `user` of its lines, "" if each names its own."""

    kind: Kind
    path: str
    user: str
    text: str


def in_crontabs(host: Host) -> Iterator[Schedule]:
    """Yield every cron line that calls `coachsync run`."""
    for tab in _tabs(host):
        yield from _lines(tab, host)


def _tabs(host: Host) -> Iterator[_Tab]:
    seen = set()
    for folder in _SPOOLS:
        for name in host.listed(folder):
            text = host.read(f"{folder}/{name}")
            if text is not None:
                seen.add(name)
                yield _Tab("crontab", f"{folder}/{name}", name, text)
    if host.user not in seen:  # the folder is closed to users; their own is shown to them
        text = host.ask(("crontab", "-l"))
        if text is not None:
            yield _Tab("crontab", f"the crontab of {host.user}", host.user, text)
    for path in ("/etc/crontab", *(f"/etc/cron.d/{name}" for name in host.listed("/etc/cron.d"))):
        text = host.read(path)
        if text is not None:
            yield _Tab("cron.d", path, "", text)


def _lines(tab: _Tab, host: Host) -> Iterator[Schedule]:
    environ: dict[str, str] = {}
    found: list[Schedule] = []
    broken: list[int] = []
    for number, line in enumerate(tab.text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        assigned = _ASSIGNMENT.match(line)
        if assigned:
            environ[assigned[2]] = assigned[3].strip("\"'")
            continue
        job = _job(line, tab)
        if job is None:
            broken.append(number)
            continue
        schedule = _schedule(job, f"{tab.path}:{number}", tab, environ, host)
        if schedule is not None:
            found.append(schedule._replace(flaws=(*schedule.flaws, *_flaws_of_ending(line))))
    if found:
        flaws = tuple(_flaws_of_file(tab, broken, host))
        yield from (schedule._replace(flaws=(*schedule.flaws, *flaws)) for schedule in found)


def _job(line: str, tab: _Tab) -> Any:
    """Return what a line says, None if cron would not understand it."""
    from crontab import CronTab

    jobs = list(CronTab(tab=f"{line}\n", user=None if tab.user else False))
    return jobs[0] if len(jobs) == 1 and jobs[0].is_valid() else None


def _schedule(job: Any, where: str, tab: _Tab, environ: dict[str, str], host: Host) -> Schedule | None:
    command, when = str(job.command), str(job.slices)
    call = call_in(command) or call_in_script(command, host)
    if call is None or call.dry or when == "@reboot":
        return None
    user = call.user or tab.user or str(job.user or "")
    flaws = tuple(_flaws_of_line(job.stdin, call, environ, host))
    return Schedule(tab.kind, where, user, when, call, _longest(job), dict(environ), flaws)


# what keeps a line from its work


def _flaws_of_line(stdin: str | None, call: RunCall, environ: dict[str, str], host: Host) -> Iterator[Flaw]:
    if stdin is not None:
        hint = r"write \% for a % that is meant, or keep the command in a script"
        yield Flaw("an unescaped % ends its command there: cron hands the rest to its standard input", hint, dead=False)
    if call.program.startswith("/"):
        if _is_missing(host.at(call.program)):
            yield Flaw(f"{call.program} does not exist", f"correct the path: {_advice()}")
    elif call.looked_up and call.program == PROGRAM:
        path = call.environ.get("PATH") or environ.get("PATH") or _DEFAULT_PATH
        places = ":".join(host.at(place) for place in path.split(":") if place)
        if shutil.which(call.program, path=places) is None:
            yield Flaw(f"cron finds no {PROGRAM}: its PATH is {path}", f"write the program's whole path: {_advice()}")


def _flaws_of_ending(line: str) -> Iterator[Flaw]:
    if line.endswith("\r"):
        yield Flaw("it ends as Windows ends lines, which becomes part of the command", "convert the file: `dos2unix`")


def _advice() -> str:
    return shutil.which(PROGRAM) or f"`command -v {PROGRAM}` shows it where it is installed"


def _is_missing(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # not for this user to see
        return False
    return False


def _flaws_of_file(tab: _Tab, broken: Iterable[int], host: Host) -> Iterator[Flaw]:
    for number in broken:
        what = f"cron does not understand line {number} of {tab.path}, and may leave out the whole file"
        yield Flaw(what, "correct that line, or make it a comment", dead=False)
    if not tab.text.endswith("\n"):
        yield Flaw(f"{tab.path} does not end with a line break, so cron leaves out its last line, or all", "add one")
    if tab.path.startswith("/etc/cron.d/"):
        yield from _flaws_of_system_file(tab.path, host)


def _flaws_of_system_file(path: str, host: Host) -> Iterator[Flaw]:
    name = path.rpartition("/")[2]
    if not _TAKEN.fullmatch(name):
        plain = re.sub(r"[^A-Za-z0-9_-]", "-", name)
        yield Flaw(f"cron leaves out {path} for its name", f"mv {path} /etc/cron.d/{plain}")
    try:
        found = os.stat(host.at(path))
    except OSError:
        return
    if stat.S_IMODE(found.st_mode) & 0o022:
        yield Flaw(f"cron leaves out {path}: others may write it", f"chmod 644 {path}")
    if found.st_uid != 0 and host.root == "/":
        yield Flaw(f"cron leaves out {path}: it does not belong to root", f"chown root {path}")


# how often


def _longest(job: Any) -> int | None:
    """Return the longest time between two runs of a line in minutes, None if it does not run in every hour."""
    if str(job.slices).startswith("@"):
        return _HOUR if str(job.slices) == "@hourly" else None
    minutes, *others = job.slices
    if any(str(part) != "*" for part in others):
        return None
    at = sorted(_numbers(minutes.parts)) if str(minutes) != "*" else list(range(_HOUR))
    return max(b - a for a, b in zip(at, [*at[1:], at[0] + _HOUR], strict=True)) if at else None


def _numbers(parts: Iterable[Any]) -> set[int]:
    found: set[int] = set()
    for part in parts:
        found.update([part] if isinstance(part, int) else map(int, part.range()))
    return found
