"""A scene: a town with one guild, a home, and ticks against them. Most promises are tested on one.

Ticks run in this process; `program` runs a command in a child of it, `fresh` and `popen` in an interpreter of its own.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coachsync.config import Tokens, load_settings
from coachsync.domain.model import HOUR, MINUTE, Entry, Millis, Outcome, Report
from coachsync.engine.request import TickRequest
from coachsync.engine.tick import tick
from coachsync.standin import SimClock, Standin
from coachsync.standin.clock import RealClock
from coachsync.store.base import Store
from coachsync.store.columns import MARK_KEYS
from tests.kit.fork import Forked
from tests.kit.home import JSON, SQLITE, Home, Result
from tests.kit.town import T0, TOKEN, Town

QUARTER: Millis = 15 * MINUTE
ID = "abc12345"
ROLE, ROOM = f"Session {ID}", f"🎤 coaching-{ID}"
TIMED = frozenset({"run", "setup", "cleanup", "status", "explain", "timeline", "forecast"})
ROLES, CHANNELS = "/guilds/{guild_id}/roles", "/guilds/{guild_id}/channels"
CHANNEL, MEMBER_ROLE = "/channels/{channel_id}", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"


class Scene:
    """One guild with its people, one store, one clock. `report` is the last tick's."""

    report: Report

    def __init__(
        self, folder: Path, store: str = SQLITE, access: str = "role", discord: str = "", *, real_time: bool = False
    ) -> None:
        self.clock = SimClock(T0)
        self.real_time = real_time
        self.standin = Standin(RealClock() if real_time else self.clock)
        self.town = Town(self.standin)
        self.town.settle()
        self.world, self.owner, self.bot = self.town.world, self.town.owner, self.town.bot
        self.guild = self.town.guild
        self.student, self.coach, self.stranger = self.town.people.values()
        self.folder, self.url, self.access = folder, store, access
        self.home = Home(folder, store).make_store()
        self.configure(discord)

    def configure(self, discord: str = "", rest: str = "") -> None:
        """Write the configuration: more lines for `[discord]`, and further sections."""
        impatient = [] if "timeout" in discord else ['timeout = "2s"']
        lines = [f'access = "{self.access}"', f'api_base = "{self.standin.base_url}"', *impatient, discord]
        self.home.configure(self.guild, lines, rest)
        self.settings = load_settings(str(self.home.config), {})

    # people and bookings

    def person(self, name: str, *, member: bool = True) -> str:
        """Return a new user, in the guild or not."""
        user = self.town.person(name, member=False)
        if member:
            self.world.join(self.guild, user)
        return user

    def another_guild(self, name: str = "Other") -> str:
        """Return a new guild that the bot is in, and nobody else."""
        return self.town.another_guild(name)

    @property
    def file(self) -> Path:
        """The store's file."""
        return self.home.file

    def store(self, *, writable: bool = True) -> AbstractContextManager[Store]:
        """Open the store."""
        return self.home.store(self.guild, writable=writable)

    def book(self, session_id: str = ID, *, start: Millis | None = None, **fields: Any) -> None:
        """Add a booking, by default two hours ahead: from then on every run looks at its room. Keys go as in JSON."""
        self.book_each([self.booking(session_id, start=start, **fields)])

    def booking(self, session_id: str = ID, *, start: Millis | None = None, **fields: Any) -> dict[str, Any]:
        """Return the row of a booking, see `book`."""
        return {
            "_id": session_id,
            "status": "SCHEDULED",
            "scheduledDate": self.now() + 2 * HOUR if start is None else start,
            "duration": 60,
            "studentDiscordId": self.student,
            "coachDiscordId": self.coach,
        } | fields

    def book_each(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add many bookings at once."""
        with self.store() as store:
            store.bookings.import_rows(list(rows))

    def change(self, session_id: str = ID, **fields: Any) -> None:
        """Change a booking as its booking system does."""
        with self.store() as store:
            assert store.bookings.change(session_id, fields)

    def row(self, session_id: str = ID) -> dict[str, Any]:
        """Return a booking's fields as stored, by JSON key."""
        with self.store(writable=False) as store:
            found = store.bookings.raw(session_id)
        assert found is not None
        return found

    def marks(self, session_id: str = ID) -> dict[str, Any]:
        """Return our four fields and the status as the store holds them; what is absent is None."""
        row = self.row(session_id)
        keys = ("status", "discordSetupComplete", "discordCleanedUp", "discordRoleId", "discordChannelId")
        return {key: row.get(key) for key in keys}

    def entry(self, session_id: str = ID) -> Entry:
        """Return the ledger's entry."""
        with self.store(writable=False) as store:
            return store.ledger.entries([session_id])[session_id]

    def sql(self, statement: str, *args: Any) -> list[tuple[Any, ...]]:
        """Run SQL on the store's database, as another program would."""
        if self.url.startswith("postgresql:"):
            with psycopg.connect(self.url, autocommit=True, cursor_factory=psycopg.ClientCursor) as other:
                answer = other.execute(statement.replace("%", "%%").replace("?", "%s").encode(), args)
                return answer.fetchall() if answer.description is not None else []
        with closing(sqlite3.connect(self.file)) as connection:
            found = connection.execute(statement, args).fetchall()
            connection.commit()
        return found

    def ledger_sql(self, statement: str, *args: Any) -> list[tuple[Any, ...]]:
        """Run SQL on the database that holds the ledger."""
        if self.url.startswith("postgresql:"):
            return self.sql(statement, *args)
        with closing(sqlite3.connect(self.home.ledger)) as connection:
            found = connection.execute(statement, args).fetchall()
            connection.commit()
        return found

    def forget(self, *, marks: bool = False) -> None:
        """Lose the ledger, and where asked our marks in the store too."""
        if self.url == JSON:
            for path in self.folder.glob("sessions.json.coachsync.db*"):
                path.unlink()
        else:
            query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'coachsync_%'"
            if self.url.startswith("postgresql:"):
                query = "SELECT relname FROM pg_class WHERE oid IN (SELECT to_regclass(relname) FROM pg_class"
                query += " WHERE relkind = 'r' AND relname LIKE 'coachsync_%')"
            for (name,) in self.sql(query):
                self.sql(f"DROP TABLE {name}")
        if marks and self.url == JSON:
            rows = json.loads(self.file.read_text("utf-8"))
            kept = [{key: value for key, value in row.items() if key not in MARK_KEYS} for row in rows]
            self.file.write_text(json.dumps(kept), "utf-8")
        elif marks:
            self.sql(
                "UPDATE sessions SET discord_setup_complete = '0', discord_cleaned_up = '0', discord_role_id = NULL,"
                " discord_channel_id = NULL"
            )

    def keep(self) -> dict[Path, bytes]:
        """Return a backup of store and ledger."""
        return {path: path.read_bytes() for path in self.folder.glob("sessions.*")}

    def restore(self, backup: dict[Path, bytes]) -> None:
        """Bring a backup back, and nothing else."""
        for path in self.folder.glob("sessions.*"):
            path.unlink()
        for path, content in backup.items():
            path.write_bytes(content)

    # time and ticks

    def now(self) -> Millis:
        """The scene's time."""
        return self.standin.world.clock.now()

    def tick(self, later: Millis = 0, command: str = "run", *names: str, **more: Any) -> Report:
        """Let time pass, then run one tick in this process."""
        self.clock.advance(later)
        self.standin.clear_requests()
        now = None if self.real_time else self.clock.now()
        tokens = Tokens(self.settings, {"COACHSYNC_TOKEN": TOKEN})
        request = TickRequest(self.settings, command, tokens, names=names, now=now, **more)
        self.report = tick(request)
        return self.report

    def look(self, later: Millis = 0) -> Report:
        """Let time pass, then run, a minute from the last, until a run asks Discord: the fourth does at the latest."""
        report = self.tick(later)
        for _ in range(3):
            report = self.tick(MINUTE) if not report.requests else report
        assert report.requests
        return report

    def arguments(self, *arguments: str) -> list[str]:
        """Return a command's arguments with this scene's configuration and time."""
        timed = not self.real_time and not TIMED.isdisjoint(arguments)
        return ["--config", str(self.home.config), *arguments, *(["--now", str(self.now())] if timed else [])]

    def program(self, *arguments: str, inject: str = "", **environ: str) -> Result:
        """Run a command in a child of this process, at the scene's time; `inject` is code that runs there first."""
        return self.home.start(*self.arguments(*arguments), inject=inject, **({"COACHSYNC_TOKEN": TOKEN} | environ))

    def command(self, *arguments: str, **environ: str) -> Result:
        """Run a command as `program` does; the requests before are forgotten."""
        self.standin.clear_requests()
        return self.program(*arguments, **environ)

    def fresh(self, *arguments: str, **environ: str) -> Result:
        """Run a command as cron does, in an interpreter of its own, at the scene's time."""
        return self.home.fresh(*self.arguments(*arguments), **({"COACHSYNC_TOKEN": TOKEN} | environ))

    def begin(self, *arguments: str, inject: str = "", **environ: str) -> Forked:
        """Start a command as `program` does, and do not wait for it."""
        return self.home.begin(*self.arguments(*arguments), inject=inject, **({"COACHSYNC_TOKEN": TOKEN} | environ))

    def popen(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command and do not wait for it."""
        return self.home.popen(*self.arguments(*arguments), **({"COACHSYNC_TOKEN": TOKEN} | environ))

    # what came of it

    @property
    def done(self) -> list[tuple[str, str]]:
        """What the last tick did: kinds and outcomes."""
        return [(o.action.kind, o.outcome) for o in self.report.outcomes]

    @property
    def codes(self) -> list[str]:
        """The error codes of the last tick."""
        return [o.error.code for o in self.report.outcomes if o.error is not None]

    @property
    def outcome(self) -> Outcome:
        """The last tick's only outcome."""
        (found,) = self.report.outcomes
        return found

    @property
    def hint(self) -> str:
        """The hint of the last tick's only error."""
        assert self.outcome.error is not None
        return self.outcome.error.hint

    @property
    def writes(self) -> list[str]:
        """What the last tick asked Discord to change: method and path."""
        return [f"{r.method} {r.path}" for r in self.standin.requests if r.write]

    def rooms(self, name: str = ROOM) -> list[str]:
        """Ids of the channels of that name."""
        return self.world.find_channels(self.guild, name)

    def roles(self, name: str = ROLE) -> list[str]:
        """Ids of the roles of that name."""
        return self.world.find_roles(self.guild, name)

    def room(self) -> str:
        """The session's only room."""
        (found,) = self.rooms()
        return found

    def role(self) -> str:
        """The session's only role."""
        (found,) = self.roles()
        return found

    def people_in_reach(self) -> set[str]:
        """Who can enter the session's only room, besides the bot and the owner."""
        return self.world.who_can_enter(self.room()) - {self.bot, self.owner}

    def things(self) -> dict[str, str]:
        """Every channel and role that is not Discord's own, by id."""
        roles = {i: n for i, n in self.world.role_names(self.guild).items() if n not in ("@everyone", "coachsync")}
        return roles | self.world.channel_names(self.guild)

    def portrait(self, *ids: str) -> list[str]:
        """Everything there is to know about roles and channels, to tell whether they were touched."""
        home = self.world.guilds[self.guild]
        found = [repr(home.roles.get(i) or self.world.channel(i)) for i in ids]
        return [*found, *(repr(sorted(self.world.role_holders(i))) for i in ids if i in home.roles)]


Stage = Callable[..., Scene]


def wait_for(ready: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            pytest.fail("it never came to that")
        time.sleep(0.01)
