"""The stand-in left running, with a config and a store, to try every command by hand."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType

from coachsync.cli import output
from coachsync.clock import host_now, iso
from coachsync.demo.stage import Stage, program
from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import OK, UsageError
from coachsync.host.limits import absolute, expanded
from coachsync.report.text import clean
from coachsync.standin import Request, Standin


def serve(directory: str | None) -> int:
    """Serve until SIGINT or SIGTERM. Raises UsageError if `directory` is in use already."""
    with ExitStack() as stack:
        folder = _folder(directory)
        if directory is None:
            stack.callback(_remove, folder)
        standin = stack.enter_context(Standin())
        _explain(Stage(standin, folder))
        standin.after_answer(_show)
        _wait()
    output.out("\nThe stand-in is gone; so are its guild and its rooms.")
    return OK


def _folder(directory: str | None) -> Path:
    if directory is None:
        return Path(mkdtemp(prefix="coachsync-demo-"))
    folder = Path(absolute(expanded(directory)))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--directory {directory} is not an empty folder", "name one that is empty or does not exist")
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--directory {directory} cannot be made: {error.strerror}", "name another one") from error
    return folder


def _remove(folder: Path) -> None:
    from shutil import rmtree

    rmtree(folder, ignore_errors=True)


def _show(request: Request, _: object) -> None:
    """Print what was asked of the stand-in, as it comes."""
    reason = f"  ({request.reason})" if request.reason else ""
    output.out(f"{request.method:6} {clean(request.path)} → {request.status}{clean(reason)}")


def _wait() -> None:
    """Wait for somebody to end it."""
    asked = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    while not asked.wait(0.5):
        pass


def _explain(stage: Stage) -> None:
    command, people = program(), stage.people
    start = (host_now() + 2 * HOUR + 30 * MINUTE) // MINUTE * MINUTE
    output.out(f"A stand-in for Discord serves {stage.standin.base_url} with one guild until you press Ctrl-C.")
    output.out("In another terminal, type:")
    output.out("")
    in_the_way = [name for name in os.environ if name.startswith("COACHSYNC_") and name != "COACHSYNC_CONFIG"]
    lines = [
        *([f"unset {' '.join(sorted(in_the_way))}"] if in_the_way else []),
        f"export COACHSYNC_CONFIG={shlex.quote(str(stage.config))}",
        f"{command} sessions add --id abc12345 --student {people['John']} --student-name John "
        f"--coach {people['Sarah']} --coach-name 'Coach Sarah' --start {iso(start)}",
        f"{command} run --dry-run",
        f"{command} run",
        f"{command} status",
        f"{command} explain abc12345",
        f"{command} sessions reschedule abc12345 --start {iso(start + 48 * HOUR)}",
        f"{command} run",
        f"{command} sessions reschedule abc12345 --start {iso(start)}",
        f"{command} run",
        f"{command} cleanup abc12345",
    ]
    for line in lines:
        output.out(f"  {line}")
    output.out("")
    output.out("The people of the guild: " + ", ".join(f"{name} {user}" for name, user in people.items()))
    output.out(f"Config, store and token are in {stage.folder}")
    output.out("What is asked of the stand-in is shown here:")
