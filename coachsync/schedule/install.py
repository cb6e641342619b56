"""Putting a schedule on this host and taking it away again: only what bears our own mark is ever touched.

Cron: a block of three lines at the end of a user's crontab, written by `crontab` itself, which checks it. systemd: two
units, switched on by systemctl. What else stands there stays byte for byte.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

from coachsync.errors import EnvironmentalError
from coachsync.host.files import replace
from coachsync.host.limits import remedy
from coachsync.schedule.places import Host
from coachsync.schedule.render import BEGIN, END, SERVICE, TIMER, Installed, cron_block, service, timer

UNITS = "/etc/systemd/system"
_PATIENCE_S = 30.0
_NONE_YET = "no crontab for"


class HostAnswer(NamedTuple):
    """What a program of the host said, and its exit status."""

    code: int
    out: str
    err: str


Command = Callable[[Sequence[str], str], HostAnswer]


class Site(NamedTuple):
    """Where a schedule is put: the host, how its programs are called, and whether by its root."""

    host: Host
    command: Command
    is_root: bool


def run_program(words: Sequence[str], stdin: str) -> HostAnswer:
    """Run a program of the host. Raises EnvironmentalError if it cannot be started or does not end."""
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LOGNAME", "USER")}
    try:
        done = subprocess.run(
            words,
            input=stdin.encode("utf-8", "surrogateescape"),
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            env=environ | {"LC_ALL": "C"},
        )
    except FileNotFoundError:
        hint = "install it, or choose the other way: --cron or --systemd"
        raise EnvironmentalError(f"{words[0]} is not installed on this host", hint) from None
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentalError(f"`{' '.join(words)}` cannot be run: {error}", "run it by hand to see why") from None
    out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return HostAnswer(done.returncode, out, err)


# cron


def crontab_of(site: Site, user: str) -> str:
    """Return a user's crontab, "" if there is none. Raises EnvironmentalError."""
    answer = site.command((*_crontab(site, user), "-l"), "")
    if answer.code == 0:
        return answer.out
    if _NONE_YET in answer.err:
        return ""
    raise _refused((*_crontab(site, user), "-l"), answer)


def put_into_cron(site: Site, of: Installed) -> bool:
    """Put our block into the user's crontab, in place of the one there; return whether that changed anything."""
    before = crontab_of(site, of.user)
    after = _without_block(before)
    after += "" if not after or after.endswith("\n") else "\n"
    return _write_crontab(site, of.user, before, after + cron_block(of))


def take_from_cron(site: Site, user: str) -> bool:
    """Take our block out of a user's crontab; return whether there was one."""
    before = crontab_of(site, user)
    return _write_crontab(site, user, before, _without_block(before))


def has_mark_before(text: str, number: int) -> bool:
    """Return whether a line of a crontab, counted from 1, stands in our block."""
    lines = text.splitlines()[:number]
    begins = [at for at, line in enumerate(lines) if line.startswith(BEGIN)]
    ends = [at for at, line in enumerate(lines) if line.startswith(END)]
    return bool(begins) and (not ends or ends[-1] < begins[-1])


def _without_block(text: str) -> str:
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith(BEGIN):
            inside = True
        elif inside and line.startswith(END):
            inside = False
        elif not inside:
            kept.append(line)
    return "".join(kept) if not inside else text  # whoever took our last line away has made it theirs


def _write_crontab(site: Site, user: str, before: str, after: str) -> bool:
    if before == after:
        return False
    words = (*_crontab(site, user), "-") if after else (*_crontab(site, user), "-r")
    answer = site.command(words, after)
    if answer.code != 0:
        raise _refused(words, answer)
    return True


def _crontab(site: Site, user: str) -> tuple[str, ...]:
    return ("crontab", "-u", user) if site.is_root else ("crontab",)


# systemd


def put_into_systemd(site: Site, of: Installed) -> bool:
    """Write our units and switch the timer on; return whether that changed anything. Raises EnvironmentalError."""
    texts = {SERVICE: f"{BEGIN}\n{service(of)}", TIMER: f"{BEGIN}\n{timer(of)}"}
    changed = [name for name, text in texts.items() if site.host.read(f"{UNITS}/{name}") != text]
    for name in changed:
        _require_ours(site, name)
    for name in changed:
        _write(site, name, texts[name])
    if changed:
        _systemctl(site, "daemon-reload")
    _systemctl(site, "enable", "--now", TIMER)
    return bool(changed)


def take_from_systemd(site: Site) -> bool:
    """Switch our timer off and remove our units; return whether there were any. Raises EnvironmentalError."""
    ours = [name for name in (TIMER, SERVICE) if _is_ours(site, name)]
    if not ours:
        return False
    if TIMER in ours:
        _systemctl(site, "disable", "--now", TIMER)
    for name in ours:
        path = site.host.at(f"{UNITS}/{name}")
        try:
            os.unlink(path)
        except OSError as error:
            raise EnvironmentalError(
                f"{path} cannot be removed: {error.strerror}", remedy(error, "remove it")
            ) from None
    _systemctl(site, "daemon-reload")
    return True


def is_in_systemd(site: Site) -> bool:
    """Return whether our timer is there."""
    return _is_ours(site, TIMER)


def _is_ours(site: Site, name: str) -> bool:
    return (site.host.read(f"{UNITS}/{name}") or "").startswith(BEGIN)


def _require_ours(site: Site, name: str) -> None:
    path = f"{UNITS}/{name}"
    if os.path.lexists(site.host.at(path)) and not _is_ours(site, name):
        hint = (
            f"move it away, or keep it and leave the schedule to it: `coachsync schedule print --systemd` shows {name}"
        )
        raise EnvironmentalError(f"{path} is there, and coachsync did not write it", hint)


def _write(site: Site, name: str, text: str) -> None:
    path = site.host.at(f"{UNITS}/{name}")
    try:
        replace(path, text.encode(), like=None, beside=f"{path}.new", mode=0o644)
    except OSError as error:
        hint = remedy(error, "run it as root, or choose --cron")
        raise EnvironmentalError(f"{path} cannot be written: {error.strerror}", hint) from None


def _systemctl(site: Site, *words: str) -> None:
    answer = site.command(("systemctl", *words), "")
    if answer.code != 0:
        raise _refused(("systemctl", *words), answer)


def _refused(words: Sequence[str], answer: HostAnswer) -> EnvironmentalError:
    said = next((line.strip() for line in answer.err.splitlines() if line.strip()), f"exit {answer.code}")
    return EnvironmentalError(f"`{' '.join(words)}` failed: {said}", "mend that, then install the schedule again")
