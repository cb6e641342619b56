"""Runs of two hosts on one PostgreSQL, under leases, take only steps that the model knows; another step is found."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from coachsync import waits
from coachsync.standin import Request
from tests.kit.fork import Forked
from tests.kit.postgres import Postgres
from tests.kit.scene import ID, QUARTER, Scene, wait_for
from tests.model.follow import follow
from tests.model.recorder import Disk, Event, Kind, Recorder, Row, Trace, rows_at
from tests.model.search import Searcher, missing_tools

pytestmark = [
    pytest.mark.tools,
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_tools()), reason="needs spin and gcc"),
]

_NAMED = "second host"
_SECOND = f"from coachsync.discord.transport import sending; sending.USER_AGENT += ' {_NAMED}'\n"
"""Code that runs first in a process of the second host: only by that can its requests be told from the first one's."""


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    return Searcher(tmp_path_factory.mktemp("model"))


class Hosts:
    """Two hosts, one PostgreSQL, one Discord, a session that is due, and what is seen of them."""

    def __init__(self, folder: Path, url: str) -> None:
        self.scene = Scene(folder, store=url)
        self.scene.book()
        foreign = self.scene.things().keys()
        world, guild = self.scene.world, self.scene.guild

        def there() -> dict[Kind, list[str]]:
            found: dict[Kind, list[str]] = {
                "role": [*world.role_names(guild)],
                "channel": [*world.channel_names(guild)],
            }
            return {kind: sorted(set(ids) - known, key=int) for kind, ids in found.items()}

        known = {*foreign, *world.role_names(guild)}
        rows = partial(rows_at, url, ID)
        self.recorder = Recorder(self.scene.standin, there, rows, shared=True, host_of=_host_of)

    def begin(self, host: int, inject: str = "") -> Forked:
        """Begin a host's tick."""
        self.recorder.begins(host)
        return self.scene.begin("run", inject=(_SECOND if host else "") + inject)

    def ended(self, run: Forked, host: int) -> int:
        """Wait for its end."""
        code, _, _ = run.ended()
        self.recorder.ended(code, host)
        return code

    def tick(self, host: int) -> None:
        """Let a host's tick come to its end."""
        self.ended(self.begin(host), host)

    def lease_runs_out(self) -> None:
        """Let a minute pass for the database."""
        self.scene.sql("UPDATE coachsync_leases SET until = since - 1")

    def later(self) -> None:
        """Let a quarter of an hour pass."""
        self.scene.clock.advance(QUARTER)
        self.lease_runs_out()

    @property
    def seen(self) -> list[tuple[int, str]]:
        """Return what the hosts did."""
        return [(event.host, event.what) for event in self.recorder.trace.events]


def _host_of(request: Request) -> int:
    return int(_NAMED in request.user_agent)


@pytest.fixture
def hosts(tmp_path: Path, postgres_server: Postgres) -> Iterator[Hosts]:
    folder = tmp_path / "scene"
    folder.mkdir()
    with waits.hurried(again=(0.02, 0.05), settle=0.02):
        played = Hosts(folder, postgres_server.fresh())
        with played.scene.standin:
            yield played


def strayed(searcher: Searcher, trace: Trace) -> list[tuple[int, str]]:
    return [(one.at, str(one.event)) for one in follow(searcher, [trace])]


def together(hosts: Hosts) -> Trace:
    """Have both hosts begin at once, and once more a quarter of an hour later."""
    for _ in range(2):
        runs = [hosts.begin(host) for host in (0, 1)]
        for host, run in enumerate(runs):
            hosts.ended(run, host)
        hosts.later()
    return hosts.recorder.trace


def killed(hosts: Hosts, nth: int, *, after: bool) -> Trace:
    """Have the first host be killed at its n-th create; then the other's tick comes at once, and later again."""
    run: list[Forked] = []

    def kill(request: Request, *_: object) -> None:
        creates.append(request.method == "POST")
        if sum(creates) == nth and creates[-1]:
            run[0].signal(signal.SIGKILL)

    creates: list[bool] = []
    standin = hosts.scene.standin
    (standin.after_request if after else standin.before_request)(kill)
    run.append(hosts.begin(0))
    assert hosts.ended(run[0], 0) == -signal.SIGKILL
    hosts.tick(1)
    hosts.later()
    hosts.tick(1)
    hosts.later()
    hosts.tick(0)
    return hosts.recorder.trace


def frozen(hosts: Hosts) -> Trace:
    """Have the first host freeze between the attempt at a role and its create until the other has done the work."""
    inject = """
import os, signal, time
from coachsync.discord.transport import sending
send = sending.Transport._send
def frozen(self, request, exchange):
    if request.method == "POST" and request.url.endswith("/roles"):
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.05)  # other threads may hear of it first
    return send(self, request, exchange)
sending.Transport._send = frozen
"""
    run = hosts.begin(0, inject)
    wait_for(lambda: Path(f"/proc/{run.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    hosts.recorder.frozen(0)
    hosts.later()
    hosts.tick(1)
    hosts.recorder.thawed(0)
    run.signal(signal.SIGCONT)
    hosts.ended(run, 0)
    hosts.later()
    hosts.tick(1)
    return hosts.recorder.trace


def test_hosts_that_begin_together_take_only_steps_that_the_model_knows(searcher: Searcher, hosts: Hosts) -> None:
    assert strayed(searcher, together(hosts)) == []
    assert [what for _, what in hosts.seen].count("send") == 2


@pytest.mark.parametrize(("nth", "after"), [(1, False), (2, True)], ids=["before its role", "after its room"])
def test_killed_host_and_who_finishes_its_work_take_only_steps_that_the_model_knows(
    searcher: Searcher, hosts: Hosts, nth: int, after: bool
) -> None:
    assert strayed(searcher, killed(hosts, nth, after=after)) == []
    assert {(0, "killed"), (1, "end")} <= {*hosts.seen}


def test_frozen_host_that_sends_late_takes_only_steps_that_the_model_knows(searcher: Searcher, hosts: Hosts) -> None:
    assert strayed(searcher, frozen(hosts)) == []
    assert {(0, "frozen"), (1, "send"), (0, "end")} <= {*hosts.seen}


def _at(trace: Trace, host: int, what: str) -> int:
    return next(n for n, e in enumerate(trace.events) if (e.host, e.what) == (host, what) and e.disk[0])


def _changed(trace: Trace, at: int, event: Event) -> Trace:
    return trace._replace(events=(*trace.events[:at], event, *trace.events[at + 1 :]))


def _takes_a_young_attempt_over(trace: Trace) -> tuple[Trace, int]:
    events = [event._replace(about=0) if event.what == "begin" else event for event in trace.events]
    return trace._replace(events=tuple(events)), _at(trace, 1, "send")


def _sends_under_the_lease_of_another(trace: Trace) -> tuple[Trace, int]:
    at = _at(trace, 0, "frozen")
    disk = trace.events[at].disk
    begun, sent = Event("begin", "role", 0, trace.events[at - 1].disk, 1), Event("send", "role", 0, disk, 1)
    return trace._replace(events=(*trace.events[:at], begun, sent, *trace.events[at:])), at + 1


def _writes_though_frozen(trace: Trace) -> tuple[Trace, int]:
    at = _at(trace, 1, "begin")
    disk: Disk = ((Row("refused", 0),), ())
    return _changed(trace, at, trace.events[at]._replace(disk=disk)), at


_STEPS_NOT_KNOWN: dict[str, Callable[[Trace], tuple[Trace, int]]] = {
    "a young attempt of another host taken over": _takes_a_young_attempt_over,
    "a create under the lease of another": _sends_under_the_lease_of_another,
    "an attempt closed by a host that is frozen": _writes_though_frozen,
}


def test_steps_of_two_hosts_that_the_model_does_not_know_are_found(searcher: Searcher, hosts: Hosts) -> None:
    trace = frozen(hosts)
    changed = {what: change(trace) for what, change in _STEPS_NOT_KNOWN.items()}
    found = {what: [one.at for one in follow(searcher, [trace])] for what, (trace, _) in changed.items()}
    assert found == {what: [at] for what, (_, at) in changed.items()}
