"""Scripts that a schedule starts, and that call coachsync themselves."""

from __future__ import annotations

from coachsync.schedule.command import PROGRAM, RunCall, call_in, paths_in
from coachsync.schedule.places import Host

_LARGEST = 1 << 16


def call_in_script(command: str, host: Host) -> RunCall | None:
    """Return the call of `coachsync run` in a script among the words of a command line, None if there is none."""
    return next((call for path in paths_in(command) if (call := _call(path, host)) is not None), None)


def _call(path: str, host: Host) -> RunCall | None:
    text = host.read(path)
    if text is None or len(text) > _LARGEST or not text.startswith("#!") or PROGRAM not in text:
        return None
    lines = (line for line in text.replace("\\\n", " ").split("\n") if not line.lstrip().startswith("#"))
    call = next((call for line in lines if (call := call_in(line)) is not None), None)
    return None if call is None else call._replace(looked_up=False)  # it may set a PATH of its own
