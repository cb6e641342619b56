"""What runs tell others by, as configured: programs, addresses, figures. Asks nobody, and starts nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

from coachsync.config import Settings
from coachsync.doctor.finding import doubt
from coachsync.domain.finding import Finding

_EVENTS = ("opened", "closed", "failed", "mended")


def of_outlets(settings: Settings) -> Iterator[Finding]:
    """Yield what keeps a hook, a message or the figures from working: a run would fail at it after its work."""
    yield from _of_hooks(settings)
    if settings.notify.file is not None:
        yield from _of_notify(_whole(settings, settings.notify.file))
    if settings.metrics.textfile is not None:
        yield from _of_metrics(_whole(settings, settings.metrics.textfile))


def _of_hooks(settings: Settings) -> Iterator[Finding]:
    for event in _EVENTS:
        for program in getattr(settings.hooks, event)[:1]:
            if not os.path.isfile(program):
                hint = f"put it there, or correct `[hooks] {event}`"
                yield doubt("files", f"the program {program} of `[hooks] {event}` does not exist", hint)
            elif not os.access(program, os.X_OK):
                told = f"the program {program} of `[hooks] {event}` may not be started by this user"
                yield doubt("files", told, f"chmod +x {program}, and let this user into its folder")


def _of_notify(path: str) -> Iterator[Finding]:
    if find_spec("apprise") is None:
        yield _lacks("notify", "apprise")
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        hint = "correct `[notify] file`, or write one address a line into it (mode 0600)"
        yield doubt("files", f"the file of addresses {path} is not there, or not readable for this user", hint)


def _of_metrics(path: str) -> Iterator[Finding]:
    if find_spec("prometheus_client") is None:
        yield _lacks("metrics", "prometheus-client")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        hint = "name a file in a folder that the user who runs coachsync may write"
        yield doubt("files", f"the folder {folder} of `[metrics] textfile` is not there, or not writable", hint)


def _lacks(section: str, library: str) -> Finding:
    hint = f"pip install 'coachsync[{section}]' into the environment that coachsync runs in"
    return doubt("files", f"[{section}] is configured, and {library} is not installed", hint)


def _whole(settings: Settings, path: str) -> str:
    return os.path.join(settings.base_dir, os.path.expanduser(path))
