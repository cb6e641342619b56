"""A day of a large platform in compressed time: `python -m tests.benchmarks.day`.

100 guilds, 10,000 sessions, 6 bots and 3 hosts over one PostgreSQL and one stand-in: real processes of the command,
started together for each of the day's 96 quarters of an hour. The day runs 100 times as fast (`--speed`), and nothing
of the program is changed for it but `run_budget`, which is 12 minutes of the day. So Discord's 50 requests a second a
bot are one in two seconds of the day: a hundredth, like the platform. `--guilds 10000 --sessions 1000000 --speed 1` is
the full size, in a day. What belongs to one guild is no smaller than on a large platform: its sessions, its role limit;
its rate limits are a hundred times narrower than Discord's in the day's time.

`--ticks` plays the first so many quarters alone. Exit 1 if a figure misses its bound.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from coachsync.config.template import render_config
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.store.open import create_store
from tests.benchmarks.home import a_folder
from tests.benchmarks.platform import QUARTER, Appointment, appointments, guild_id, token_of
from tests.benchmarks.stage import ROOT, Run, environment, measured
from tests.kit.postgres import Postgres, postgres

BUDGET: Millis = 12 * MINUTE
SETUP_BY: Millis = 2 * HOUR
MOST_MIB, MOST_REFUSED = 300, 0.001
_COLUMNS = "id, status, scheduled_date, duration, student_discord_id, coach_discord_id, guild_id"


class Sizes(NamedTuple):
    """How large the platform is, and how fast its day runs; `latency` of each answer is in seconds."""

    guilds: int
    sessions: int
    tokens: int
    hosts: int
    speed: float
    ticks: int
    latency: float


class Figure(NamedTuple):
    """One line of the table: what was measured, its bound, and whether it is kept."""

    name: str
    value: str
    bound: str
    good: bool


class Tick(NamedTuple):
    """What one host did in a quarter of an hour: `ends` and `lasted` are in the day's time."""

    quarter: int
    ends: Millis
    lasted: Millis
    run: Run
    report: Any


class Discord:
    """The stand-in in a process of its own."""

    def __init__(self, sizes: Sizes) -> None:
        options = {"guilds": sizes.guilds, "tokens": sizes.tokens, "latency": sizes.latency}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.platform", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.base_url: str = self._answer()["base_url"]

    def tell(self) -> dict[str, int]:
        """Return what it saw so far."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told: dict[str, int] = self._answer()
        return told

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Discord:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


class Platform:
    """The hosts, their store and the day's bookings; `begins` is when the day does."""

    def __init__(self, sizes: Sizes, folder: Path, server: Postgres, base_url: str) -> None:
        self.sizes = sizes
        self.begins = int(time.time()) // 86_400 * DAY
        self.booked = appointments(sizes.guilds, sizes.sessions)
        self.url = server.fresh()
        self.base_url = base_url
        create_store(self.url, "")
        self.hosts = [folder / f"host{number}" for number in range(sizes.hosts)]
        for host in self.hosts:
            self._install(host)
        _book(self.url, self.booked, self.begins)

    def _install(self, host: Path) -> None:
        """Write a host's configuration, the same on each, and its tokens."""
        host.mkdir()
        for token in range(self.sizes.tokens):
            file = host / f"token{token}"
            file.touch(0o600)
            file.write_text(token_of(token), "ascii")
        budget = max(1, int(BUDGET / 1000 / self.sizes.speed))  # whole seconds: a little less than its share
        text = render_config(
            {
                "discord.guild_id": guild_id(0),
                "discord.token_file": "token0",
                "discord.run_budget": f"{budget}s",
                "discord.api_base": self.base_url,
                "store.url": self.url,
            }
        )
        sections = [
            f'[guilds.{guild_id(guild)}]\ntoken_file = "token{guild % self.sizes.tokens}"\n'
            for guild in range(1, self.sizes.guilds)
        ]
        (host / "config.toml").write_text("\n".join([text, *sections]), "utf-8")

    def tick(self, quarter: int, pool: ThreadPoolExecutor) -> list[Tick]:
        """Let cron start the command on each host at once."""
        now = self.begins + quarter * QUARTER
        began = time.monotonic()
        runs = list(pool.map(lambda host: self._run(host, now), self.hosts))
        lasted = [round(run.seconds * 1000 * self.sizes.speed) for run in runs]
        late = round((time.monotonic() - began) * 1000 * self.sizes.speed)
        return [Tick(quarter, now + late, span, run, _document(run)) for run, span in zip(runs, lasted, strict=True)]

    def _run(self, host: Path, now: Millis) -> Run:
        command = [sys.executable, "-m", "coachsync", "--config", "config.toml", "run", "--json", "--now", str(now)]
        return measured(command, host, environment())


def _document(run: Run) -> Any:
    try:
        return run.document
    except StopIteration:
        raise SystemExit(f"exit code {run.code}:\n{run.out[-3000:]}") from None


def _book(url: str, booked: list[Appointment], begins: Millis) -> None:
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY sessions ({_COLUMNS}) FROM STDIN") as copy:
            for one in booked:
                where = guild_id(one.guild)
                copy.write_row((one.id, "SCHEDULED", begins + one.start, 60, one.student, one.coach, where))
        cursor.execute("ANALYZE")


def _done(ticks: list[Tick], action: str) -> dict[str, Tick]:
    """Return in which tick each session's action was done first."""
    found: dict[str, Tick] = {}
    for tick in ticks:
        for one in tick.report.get("actions", ()):
            if one["action"] == action and one["outcome"] == "done":
                found.setdefault(one["session"], tick)
    return found


def judged(platform: Platform, ticks: list[Tick], told: dict[str, int]) -> list[Figure]:
    """Return the figures of a day, each with its verdict."""
    until = platform.begins + platform.sizes.ticks * QUARTER
    starts = {one.id: platform.begins + one.start for one in platform.booked}
    due = {i for i, start in starts.items() if start - SETUP_BY < until}
    ready, gone = _done(ticks, "setup"), _done(ticks, "cleanup")
    late = [i for i in due if i not in ready or ready[i].ends > starts[i] - SETUP_BY]
    over = {i for i, start in starts.items() if start + 2 * HOUR < until}
    soonest = min((starts[i] - tick.ends for i, tick in ready.items()), default=0)
    refused = told["too_many"] + told["refused"]
    share = refused / max(1, told["requests"])
    amiss = sum(a["outcome"] != "done" for t in ticks for a in t.report.get("actions", ()))
    broken = sorted({t.report["error"]["code"] for t in ticks if "error" in t.report})
    longest = max(tick.lasted for tick in ticks)
    peak = max(tick.run.peak for tick in ticks)
    worked = [
        sum(t.report.get("requests", 0) > 0 for t in ticks[host :: platform.sizes.hosts])
        for host in range(platform.sizes.hosts)
    ]
    return [
        Figure("rooms there 2 h before their start", f"{len(due) - len(late):,} of {len(due):,}", "all", not late),
        Figure("the latest of them, before its start", _span(soonest), "2 h 0 min", soonest >= SETUP_BY),
        Figure(
            "rooms gone 2 h after their start",
            f"{len(over & gone.keys()):,} of {len(over):,}",
            "all",
            over <= gone.keys(),
        ),
        Figure(
            "rooms and roles that are doubled or left",
            f"{_surplus(platform, told, ready, gone)}",
            "0",
            _surplus(platform, told, ready, gone) == 0,
        ),
        Figure("requests", f"{told['requests']:,}", "", True),
        Figure("most requests of a bot in a second", f"{told['busiest_second']}", "50", told["busiest_second"] <= 51),
        Figure("answers 429", f"{told['too_many']}", "0", told["too_many"] == 0),
        Figure("refused answers", f"{share:.3%}", "0.100%", share < MOST_REFUSED),
        Figure("actions failed, refused or deferred", f"{amiss}", "0", not amiss),
        Figure("runs that could not work", ", ".join(broken) or "0", "0", not broken),
        Figure("longest tick, in the day's time", _span(longest), _span(BUDGET), longest <= BUDGET),
        Figure("peak memory of a process", f"{peak:.0f} MiB", f"{MOST_MIB} MiB", peak <= MOST_MIB),
        Figure("ticks that worked, by host", " ".join(map(str, worked)), "each", all(worked)),
    ]


def _surplus(platform: Platform, told: dict[str, int], ready: dict[str, Tick], gone: dict[str, Tick]) -> int:
    """Return how many channels and roles are there beyond those of open sessions and what each guild begins with."""
    open_now = len(ready.keys() - gone.keys())
    roles = platform.sizes.guilds * 2  # @everyone and the bot's own
    return abs(told["channels"] - open_now) + abs(told["roles"] - roles - open_now)


def _span(ms: Millis) -> str:
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _sizes() -> Sizes:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guilds", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=6)
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--speed", type=float, default=100.0)
    parser.add_argument("--ticks", type=int, default=DAY // QUARTER)
    parser.add_argument("--latency", type=float, default=0.06)
    return Sizes(**vars(parser.parse_args()))


def _play(platform: Platform) -> list[Tick]:
    """Play the day, and say now and then how far it is."""
    sizes = platform.sizes
    ticks: list[Tick] = []
    began = time.monotonic()
    with ThreadPoolExecutor(sizes.hosts) as pool:
        for quarter in range(sizes.ticks):
            time.sleep(max(0.0, began + quarter * QUARTER / 1000 / sizes.speed - time.monotonic()))
            ticks += platform.tick(quarter, pool)
            if quarter % 8 == 7:
                lasted = _span(max(tick.lasted for tick in ticks[-sizes.hosts * 8 :]))
                print(f"  {(quarter + 1) // 4:2} h: longest tick {lasted}", file=sys.stderr, flush=True)
    return ticks


def main() -> None:
    """Play a day and print its table."""
    sizes = _sizes()
    print(
        f"{sizes.guilds:,} guilds, {sizes.sessions:,} sessions, {sizes.tokens} bots, {sizes.hosts} hosts,"
        f" {sizes.ticks} quarters of an hour, {sizes.speed:g} times as fast as a day"
    )
    with a_folder() as folder, postgres(tempfile.gettempdir()) as server, Discord(sizes) as discord:
        platform = Platform(sizes, folder, server, discord.base_url)
        figures = judged(platform, _play(platform), discord.tell())
    for name, value, bound, good in figures:
        print(f"{name:42} {value:>16} {bound:>12}  {'' if not bound else 'kept' if good else 'MISSED'}")
    raise SystemExit(0 if all(figure.good for figure in figures) else 1)


if __name__ == "__main__":
    main()
