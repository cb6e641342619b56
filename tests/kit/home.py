"""A home: a folder with a configuration and a store, and the program run in it.

`run` starts a command in a child of this process, which has its own streams, environment, directory and signals;
`fresh` starts an interpreter of its own, as cron does, for claims about starting; `popen` does not wait for its end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from coachsync.config.template import render_config
from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR
from coachsync.store.base import Store
from coachsync.store.open import create_store, open_store
from tests.kit.fork import Forked, forked

GUILD = "1100000000000000000"
STUDENT, COACH = "1100000000000000010", "1100000000000000011"
SQLITE, JSON = "sqlite:///sessions.db", "json:///sessions.json"
URLS = {"sqlite": SQLITE, "json": JSON}
ROOT = Path(__file__).parents[2]
_TIMEOUT_S = 60.0
NOWHERE = "http://127.0.0.1:9/api/v10"  # a new ledger asks Discord once: nobody answers here


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
    def actions(self) -> list[tuple[str, str, str]]:
        """Return session, action and outcome of each action of a JSON report."""
        return [(a["session"], a["action"], a["outcome"]) for a in self.json["actions"]]

    def error_of(self, session_id: str) -> dict[str, Any]:
        """Return the error of a session's only action in a JSON report."""
        (found,) = [a["error"] for a in self.json["actions"] if a["session"] == session_id]
        assert isinstance(found, dict)
        return found

    @property
    def complaint(self) -> list[str]:
        """Return what each line of stderr begins with."""
        return [line.partition(":")[0] for line in self.err.splitlines()]


class Home:
    """One installation; empty until `settle` or `configure` and `make_store` are called. `url` is the store's."""

    def __init__(self, folder: Path, url: str = SQLITE) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.url = url

    @property
    def file(self) -> Path:
        """The store's file."""
        return self.folder / self.url.rpartition("/")[2]

    @property
    def ledger(self) -> Path:
        """The database that holds the ledger."""
        return self.file if self.url.startswith("sqlite:") else self.file.with_name(f"{self.file.name}.coachsync.db")

    # what stands in the folder

    def settle(self, url: str = SQLITE) -> Home:
        """Write a configuration and make an empty store, as `init` does."""
        self.url = url
        self.config.write_text(
            render_config({"discord.guild_id": GUILD, "discord.api_base": NOWHERE, "store.url": url}), "utf-8"
        )
        return self.make_store()

    def configure(self, guild: str, discord: Iterable[str] = (), rest: str = "") -> None:
        """Write a configuration: more lines for `[discord]`, and further sections."""
        lines = ["[discord]", f'guild_id = "{guild}"', *discord, "[store]", f'url = "{self.url}"', rest]
        self.config.write_text("\n".join(lines) + "\n", "utf-8")

    def make_store(self) -> Home:
        """Make an empty store."""
        create_store(self.url, self.folder)
        return self

    @contextmanager
    def store(self, guild: str = GUILD, *, writable: bool = True) -> Iterator[Store]:
        """Open the store; rows without a guild are `guild`'s, and without a duration an hour long."""
        with closing(open_store(self.url, self.folder, Defaults(guild, HOUR), writable=writable)) as found:
            yield found

    def files(self) -> dict[str, bytes]:
        """Return every file of this home and what is in it."""
        return {str(path): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}

    # the program

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return an environment that knows nothing of the host's own configuration."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("COACHSYNC_", "XDG_", "LC_"))}
        here = {"HOME": str(self.folder), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "TZ": "UTC"}
        return {**kept, **here, **more}

    def run(self, *arguments: str, stdin: str | None = None, inject: str = "", **environ: str) -> Result:
        """Run one command with this home's configuration; `inject` is code that runs there first."""
        return self.start("--config", str(self.config), *arguments, stdin=stdin, inject=inject, **environ)

    def start(self, *arguments: str, stdin: str | None = None, inject: str = "", **environ: str) -> Result:
        """Run the program with these arguments alone."""
        return Result(*forked(self.folder, self.environ(environ), arguments, stdin, inject))

    def begin(self, *arguments: str, inject: str = "", **environ: str) -> Forked:
        """Start the program with these arguments alone, and do not wait for it."""
        return Forked(self.folder, self.environ(environ), arguments, None, inject)

    def fresh(self, *arguments: str, stdin: str | None = None, **environ: str) -> Result:
        """Run the program with these arguments alone, in an interpreter of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "coachsync", *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=self.folder,
            env=self.environ(environ),
            timeout=_TIMEOUT_S,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def popen(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start the program with these arguments alone, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "coachsync", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environ(environ),
        )

    def book(self, session_id: str, *more: str, start: str = "2099-10-14T13:00:00Z") -> Result:
        """Add a booking."""
        given = ["--student", STUDENT, "--coach", COACH, "--start", start, "--id", session_id, *more]
        return self.run("sessions", "add", *given)
