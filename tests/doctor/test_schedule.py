"""Whether runs come, what starts them and what keeps them away."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.config import load_settings
from coachsync.doctor.schedule import Ticking, of_schedules
from coachsync.domain.finding import Finding
from coachsync.domain.hosts import HostRuns
from coachsync.domain.model import HOUR, MINUTE, Millis
from coachsync.schedule.look import schedules
from coachsync.standing.health import attention, last_tick
from coachsync.standing.hosts import Hosts
from tests.kit.home import Home
from tests.schedule.machine import PROGRAM, Machine


class Place:
    """A machine, an installation on it, and the runs that it had."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder / "root")
        self.home = Home(folder).settle()
        self.line = f"*/15 * * * * {PROGRAM} --config {self.home.config} run --quiet"
        self.readable = True
        self.now = int(self.home.config.stat().st_mtime * 1000) + 3 * HOUR
        with self.home.store() as store, store.transaction():
            pass  # which makes the ledger

    def ran(self, ago: Millis, code: int = 0) -> None:
        """Let a run have ended some time ago."""
        with closing(sqlite3.connect(self.home.file)) as connection, connection:
            connection.execute(
                "INSERT INTO coachsync_runs (started_at, finished_at, command, exit_code, summary)"
                " VALUES (?, ?, 'run', ?, '{}')",
                (self.now - ago, self.now - ago, code),
            )

    def found(self, *, sound: bool = True, token_in_environ: bool = False, hosts: Hosts | None = None) -> list[Finding]:
        """Return what is found."""
        settings = load_settings(str(self.home.config), {})
        with self.home.store(writable=False) as store:
            last = last_tick(store, settings, self.now) if self.readable else None
            causes = attention(store, settings, self.now) if self.readable else ()
        ticking = Ticking(settings, last, self.readable, causes, str(self.home.file), self.now, sound, token_in_environ)
        ticking = ticking._replace(hosts=hosts or Hosts())
        return list(of_schedules(schedules(self.machine.host), ticking))

    def only(self) -> Finding:
        """Return the only thing found."""
        (found,) = self.found()
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_runs_that_come_are_fine_whatever_starts_them(place: Place) -> None:
    place.ran(4 * MINUTE)
    assert (place.only().level, "4 min ago" in place.only().message) == ("ok", True)
    place.machine.crontab(place.line)
    assert (place.only().level, "*/15 * * * *" in place.only().message) == ("ok", True)


def test_nothing_that_calls_it_is_a_failure(place: Place) -> None:
    assert (place.only().level, "nothing on this host calls" in place.only().message) == ("failure", True)


def test_silent_cron_is_a_failure_that_says_since_when_and_where_to_look(place: Place) -> None:
    place.machine.crontab(place.line)
    place.ran(2 * HOUR)
    found = place.only()
    assert (found.level, "no run finished for 2 h 0 min" in found.message, "journalctl -u cron" in found.hint) == (
        "failure",
        True,
        True,
    )


def test_silent_timer_says_how_to_ask_it(place: Place) -> None:
    place.machine.timer(f"ExecStart={PROGRAM} --config {place.home.config} run")
    assert place.only().hint.endswith("systemctl status coachsync.timer")


def test_fresh_schedule_waits_for_its_first_run(place: Place) -> None:
    place.machine.crontab(place.line)
    place.now -= 3 * HOUR - MINUTE
    assert (place.only().level, "no run came yet" in place.only().message) == ("warning", True)


def test_two_that_call_the_same_are_told_together(place: Place) -> None:
    place.ran(MINUTE)
    place.machine.crontab(place.line)
    place.machine.timer(f"ExecStart={PROGRAM} --config {place.home.config} run")
    told = [f for f in place.found() if f.level == "warning"]
    assert [("crontabs/coachsync:1" in f.message, "coachsync.timer" in f.message) for f in told] == [(True, True)]


def test_schedule_of_another_installation_is_left_aside(place: Place) -> None:
    place.machine.crontab(place.line.replace("config.toml", "other.toml"))
    assert "nothing on this host calls" in place.only().message


def test_broken_line_is_told_in_place_of_the_silence_that_follows(place: Place) -> None:
    place.machine.crontab(place.line.replace(PROGRAM, "/opt/nowhere/coachsync"))
    assert (place.only().level, "does not exist" in place.only().message) == ("failure", True)


def test_broken_line_is_not_told_if_another_does_the_work(place: Place) -> None:
    place.ran(MINUTE)
    place.machine.crontab(place.line)
    place.machine.timer(f"ExecStart={PROGRAM} --config {place.home.config} run", active="inactive")
    assert place.only().level == "ok"


def test_root_that_works_on_anothers_store_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.ran(MINUTE)
    place.machine.crontab(place.line, user="root")
    monkeypatch.setattr("coachsync.doctor.schedule.owner_of", lambda _: 65534)
    told = [f.message for f in place.found() if f.level == "failure"]
    assert [message.partition(" runs as root")[1] for message in told] == [" runs as root"]


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("7 * * * *", "leaves 60 min between two runs"),
        ("*/15 8-20 * * *", "does not call it in every hour"),
        ("@daily", "does not call it in every hour"),
    ],
)
def test_seldom_calls_are_told(place: Place, when: str, words: str) -> None:
    place.ran(MINUTE)
    place.machine.crontab(place.line.replace("*/15 * * * *", when))
    found = place.found()
    assert ([f.level for f in found], words in found[0].message) == (["warning", "ok"], True)


def test_token_that_only_this_shell_has_is_told(place: Place) -> None:
    place.ran(MINUTE)
    place.machine.crontab(place.line)
    assert [f.level for f in place.found(token_in_environ=True)] == ["warning", "ok"]
    place.machine.crontab("COACHSYNC_TOKEN=x", place.line)
    assert [f.level for f in place.found(token_in_environ=True)] == ["ok"]


def test_run_that_could_not_work_is_told_unless_its_reason_is(place: Place) -> None:
    place.ran(MINUTE, code=3)
    assert place.only().level == "failure"
    assert [f.level for f in place.found(sound=False)] == ["ok"]


def test_ledger_that_cannot_be_read_proves_no_silence(place: Place) -> None:
    place.readable = False
    place.machine.crontab(place.line)
    assert place.found() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="the folder is the tests' user's")
def test_user_of_the_schedule_who_may_not_read_or_write_is_told(place: Place) -> None:
    place.ran(MINUTE)
    place.machine.crontab(place.line, user="nobody")
    told = [f.message.partition(", who may not ")[2] for f in place.found() if f.level == "failure"]
    assert told == [f"write {place.home.file}"]
    place.home.config.chmod(0o600)
    place.home.file.chmod(0o666)
    told = [f.message.partition(", who may not ")[2] for f in place.found() if f.level == "failure"]
    assert told == [f"read {place.home.config}"]


def test_ledger_that_cannot_be_read_leaves_open_whether_runs_came(place: Place) -> None:
    place.ran(4 * MINUTE)
    place.readable = False
    assert "whether runs came is not known" in place.only().message


def beta(place: Place) -> Hosts:
    """Return another host that shares the store, and ran 4 minutes ago."""
    at = place.now - 4 * MINUTE
    return Hosts((HostRuns("beta", "0.1.0", at, at, 0, worked=True, since=at, lately=12, others=0),))


def test_host_that_no_schedule_calls_is_told_from_where_runs_come(place: Place) -> None:
    place.ran(4 * MINUTE)
    (found,) = place.found(hosts=beta(place))
    assert (found.level, "nothing on this host calls" in found.message) == ("warning", True)
    assert found.message.endswith("they come from beta")


def test_schedule_whose_runs_do_not_come_is_told_also_if_another_host_s_do(place: Place) -> None:
    place.machine.crontab(place.line)
    place.ran(4 * MINUTE)
    (found,) = place.found(hosts=beta(place))
    assert (found.level, "no run came from this host lately" in found.message, "cron" in found.hint) == (
        "warning",
        True,
        True,
    )
