"""Timers of systemd, the system's and this user's: unit files as they lie there, and whether systemd runs them.

Source: systemd.unit(5), systemd.timer(5), systemd.service(5)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from coachsync.schedule.command import RunCall, call_in
from coachsync.schedule.found import Flaw, Kind, Schedule
from coachsync.schedule.places import Host
from coachsync.schedule.scripts import call_in_script

_SYSTEM = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_USER = ("/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user")
_PREFIXES = "@-:+!"  # of ExecStart

Unit = Mapping[str, Sequence[str]]
"""Section.Key → its values in their order."""


class _Manager(NamedTuple):
    """The system's systemd, or the user's own: where its units lie and how it is asked."""

    kind: Kind
    folders: tuple[str, ...]
    systemctl: tuple[str, ...]
    user: str


def in_timers(host: Host) -> Iterator[Schedule]:
    """Yield every timer whose service calls `coachsync run`."""
    own = tuple(f"{host.home}/{place}" for place in (".config/systemd/user", ".local/share/systemd/user"))
    system = _Manager("timer", _SYSTEM, ("systemctl",), "root")
    for manager in (system, _Manager("user timer", (*own, *_USER), ("systemctl", "--user"), host.user)):
        names = {name for folder in manager.folders for name in host.listed(folder) if name.endswith(".timer")}
        for name in sorted(names):
            schedule = _of_timer(name, manager, host)
            if schedule is not None:
                yield schedule


def _of_timer(name: str, manager: _Manager, host: Host) -> Schedule | None:
    timer = _unit(name, manager, host)
    service = _unit(_last(timer, "Timer.Unit") or f"{name.removesuffix('.timer')}.service", manager, host)
    call = _call_of(service, host)
    if call is None:
        return None
    environ = {k: v for text in service.get("Service.Environment", ()) for k, v in _assignments(text)}
    hint = f"{' '.join(manager.systemctl)} enable --now {name}"
    off = (Flaw(f"the timer {name} is there, and not switched on", hint),)
    return Schedule(
        manager.kind,
        name,
        user=call.user or _last(service, "Service.User") or manager.user,
        when=" ".join(f"{key.partition('.')[2]}={v}" for key, vs in timer.items() if ".On" in key for v in vs),
        call=call,
        every=_longest(timer),
        environ=environ,
        flaws=() if _is_active(name, manager, host) else off,
    )


def _call_of(service: Unit, host: Host) -> RunCall | None:
    commands = [command.lstrip(_PREFIXES) for command in service.get("Service.ExecStart", ())]
    calls = (call_in(command) or call_in_script(command, host) for command in commands)
    return next((call for call in calls if call is not None and not call.dry), None)


def _longest(timer: Unit) -> int | None:
    """Return the minutes between two runs if a timer says it plainly: "*:0/15"."""
    for value in timer.get("Timer.OnCalendar", ()):
        step = value.removeprefix("*-*-* ").removesuffix(":00").partition("*:0/")[2]
        if step.isdigit() and int(step):
            return int(step)
    return None


def _is_active(name: str, manager: _Manager, host: Host) -> bool:
    """Return whether systemd runs a timer; if it does not answer, whether it would after the next start."""
    state = (host.ask((*manager.systemctl, "show", name, "--property=ActiveState", "--value")) or "").strip()
    if state:
        return state in ("active", "activating", "reloading")
    places = [f"{folder}/{wants}" for folder in manager.folders for wants in host.listed(folder)]
    return any(name in host.listed(place) for place in places if place.endswith(".wants"))


def _unit(name: str, manager: _Manager, host: Host) -> dict[str, list[str]]:
    """Return a unit with its drop-ins; one that cannot be read is empty."""
    texts = [text for folder in manager.folders if (text := host.read(f"{folder}/{name}")) is not None][:1]
    for folder in reversed(manager.folders):
        drop_ins = f"{folder}/{name}.d"
        texts += [host.read(f"{drop_ins}/{part}") or "" for part in host.listed(drop_ins) if part.endswith(".conf")]
    found: dict[str, list[str]] = {}
    for text in texts:
        for key, value in _settings(text):
            if value:
                found.setdefault(key, []).append(value)
            else:
                found.pop(key, None)  # an empty value takes back what was said before
    return found


def _settings(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            section = stripped[1:-1]
        elif "=" in stripped and not stripped.startswith(("#", ";")):
            key, _, value = stripped.partition("=")
            yield f"{section}.{key.strip()}", value.strip()


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for word in text.split():
        name, mark, value = word.strip("\"'").partition("=")
        if mark:
            yield name, value


def _last(unit: Unit, key: str) -> str:
    values = unit.get(key, ())
    return values[-1] if values else ""
