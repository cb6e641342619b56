"""The real program, as its users start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from coachsync.config.template import render_config
from coachsync.store.open import create_store

GUILD = "1100000000000000000"
STUDENT, COACH = "1100000000000000010", "1100000000000000011"
TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"
ROOT = Path(__file__).parents[2]


class Result(NamedTuple):
    """What a program said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return stdout as one JSON document."""
        return json.loads(self.out)

    @property
    def complaint(self) -> list[str]:
        """Return what each line of stderr begins with."""
        return [line.partition(":")[0] for line in self.err.splitlines()]


class Home:
    """A folder with a configuration and a store, and the program run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return an environment that knows nothing of the host's own configuration."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("COACHSYNC_", "XDG_", "LC_"))}
        here = {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TZ": "UTC"}
        return {**kept, **here, **more}

    def run(self, *arguments: str, stdin: str | None = None, **environ: str) -> Result:
        """Run one command with this home's configuration."""
        return self.start("--config", str(self.config), *arguments, stdin=stdin, **environ)

    def start(self, *arguments: str, stdin: str | None = None, **environ: str) -> Result:
        """Run the program with these arguments alone."""
        done = subprocess.run(
            [sys.executable, "-m", "coachsync", *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self.environ(environ),
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def settle(self, store: str = "sqlite:///sessions.db") -> Home:
        """Write a configuration and make an empty store, as `init` does."""
        self.config.write_text(render_config({"discord.guild_id": GUILD, "store.url": store}), "utf-8")
        create_store(store, self.folder)
        return self

    def files(self) -> dict[str, bytes]:
        """Return every file of this home and what is in it."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    def book(self, session_id: str, *more: str, start: str = "2099-10-14T13:00:00Z") -> Result:
        """Add a booking."""
        given = ["--student", STUDENT, "--coach", COACH, "--start", start, "--id", session_id, *more]
        return self.run("sessions", "add", *given)
