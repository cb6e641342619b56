"""Two runs at once, killed runs and hanging ones: one works, none waits for ever, all is recorded (CONTRACT §2, §6)."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from coachsync.domain.model import HOUR, RunRecord
from coachsync.standin import Fault
from coachsync.standin.limits import Limits
from tests.kit.home import JSON, SQLITE
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene, Stage, wait_for

OVER = 5 * HOUR


@contextmanager
def working(scene: Scene, *arguments: str, seconds: float = 30) -> Iterator[tuple[subprocess.Popen[str], Fault]]:
    """Start a run that hangs while it makes its role, and holds the lock."""
    hang = scene.standin.faults.add("hang_before", ("POST", ROLES), seconds=seconds)
    run = scene.popen(*(arguments or ("run",)))
    try:
        wait_for(lambda: hang.hits > 0)
        yield run, hang
    finally:
        hang.release()
        run.kill()
        run.communicate(timeout=20)


def ended(run: subprocess.Popen[str], seconds: float = 20) -> tuple[int, str]:
    """Wait for a run; return its exit status and what it said on stderr."""
    _out, err = run.communicate(timeout=seconds)
    return run.returncode, err


def lines(err: str) -> list[str]:
    return [line.partition(":")[0] for line in err.splitlines()]


def last_run(scene: Scene) -> RunRecord:
    with scene.store(writable=False) as store:
        return store.ledger.last_runs(1)[0]


@pytest.fixture
def patient(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """Return a scene whose runs wait long for an answer, with a session that is due."""
    scene = stage(store=getattr(request, "param", SQLITE), discord='timeout = "20s"')
    scene.book()
    return scene


on_both_stores = pytest.mark.parametrize("patient", [SQLITE, JSON], ids=["sqlite", "json"], indirect=True)


# cron overlap


@on_both_stores
@pytest.mark.parametrize("command", [["run"], ["setup", ID], ["cleanup"], ["cleanup", ID, "--abandon"]], ids=" ".join)
def test_second_run_leaves_at_once_and_says_who_works(patient: Scene, command: list[str]) -> None:
    with working(patient) as (first, _):
        before = len(patient.standin.requests)
        result = patient.program(*command)
        assert (result.code, result.out, result.complaint) == (4, "", ["error", "hint"])
        assert f"pid {first.pid}" in result.err
        assert len(patient.standin.requests) == before


@on_both_stores
def test_run_that_waits_works_after_the_first(patient: Scene) -> None:
    with working(patient) as (first, hang):
        second = patient.popen("setup", ID, "--wait", "15")
        time.sleep(0.5)
        assert second.poll() is None
        hang.release()
        assert ended(first)[0] in (0, 1)
        assert ended(second) == (0, "")
    assert (len(patient.rooms()), len(patient.roles())) == (1, 1)


def test_run_that_waited_long_enough_leaves(patient: Scene) -> None:
    with working(patient):
        started = time.monotonic()
        assert patient.program("run", "--wait", "0.6").code == 4
        assert 0.6 <= time.monotonic() - started < 5


@on_both_stores
@pytest.mark.parametrize(
    "command",
    [["run", "--dry-run"], ["cleanup", ID, "--dry-run"], ["status"], ["explain", ID], ["sessions", "list"]],
    ids=" ".join,
)
def test_what_only_looks_never_waits_for_the_lock(patient: Scene, command: list[str]) -> None:
    with working(patient) as (first, _):
        started = time.monotonic()
        result = patient.program(*command, COACHSYNC_TOKEN="")
        assert (result.code, result.err) == (0, "")
        assert time.monotonic() - started < 5
        assert first.poll() is None


@on_both_stores
def test_booking_by_hand_does_not_wait_for_a_run(patient: Scene) -> None:
    with working(patient):
        people = ("--student", patient.student, "--coach", patient.coach)
        result = patient.program("sessions", "add", *people, "--start", "2099-01-01T00:00Z", "--id", "late0001")
        assert result.code == 0, result.err
    assert patient.row("late0001")["status"] == "SCHEDULED"


def test_six_runs_at_once_make_one_room(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.standin.latency = 0.1
    runs = [scene.popen("run", "--quiet") for _ in range(6)]
    codes = [ended(run, 60)[0] for run in runs]
    assert set(codes) <= {0, 4}
    assert 0 in codes
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)
    assert len([r for r in scene.standin.requests if r.method == "POST"]) == 2


def test_two_configurations_of_one_store_share_the_lock(patient: Scene) -> None:
    link = patient.folder / "link.db"
    link.symlink_to(patient.file)
    with working(patient):
        assert patient.program("run", COACHSYNC_STORE="sqlite:///link.db").code == 4


# locks that somebody left


@on_both_stores
def test_lock_left_by_a_killed_run_does_not_block_the_next(patient: Scene) -> None:
    with working(patient) as (run, _):
        run.kill()
        ended(run)
    patient.standin.faults.clear()
    assert patient.file.with_name(patient.file.name + ".coachsync.lock").exists()
    patient.clock.advance(QUARTER)
    assert patient.program("run").code == 0
    assert (len(patient.rooms()), len(patient.roles())) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"pid 1 run since yesterday\n", b"\xff\0" * 5000])
def test_lock_file_of_any_content_does_not_block(stage: Stage, content: bytes) -> None:
    scene = stage()
    scene.book()
    scene.file.with_name("sessions.db.coachsync.lock").write_bytes(content)
    assert scene.program("run").code == 0


def test_lock_held_by_another_program_is_told_in_two_lines(stage: Stage) -> None:
    scene = stage()
    with closing(open(scene.file.with_name("sessions.db.coachsync.lock"), "wb")) as held:
        held.write(b"\xff\x1b[31m\0 something\n" * 30)
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        result = scene.program("run")
    assert (result.code, result.complaint) == (4, ["error", "hint"])
    assert "\x1b" not in result.err


def test_lock_that_is_a_directory_is_told_in_two_lines(stage: Stage) -> None:
    scene = stage()
    scene.file.with_name("sessions.db.coachsync.lock").mkdir()
    result = scene.program("run")
    assert (result.code, result.complaint) == (3, ["error", "hint"])


def test_lock_is_not_handed_down_to_what_a_run_starts(patient: Scene) -> None:
    with working(patient) as (run, _):
        held = [os.readlink(f) for f in Path(f"/proc/{run.pid}/fd").iterdir()]
        flags = [
            int(Path(f"/proc/{run.pid}/fdinfo/{f.name}").read_text().split("flags:")[1].split()[0], 8)
            for f in Path(f"/proc/{run.pid}/fd").iterdir()
            if os.readlink(f).endswith(".coachsync.lock")
        ]
    assert [f for f in held if f.endswith(".coachsync.lock")]
    assert all(flag & os.O_CLOEXEC for flag in flags)


# signals


@on_both_stores
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_the_run_in_order_and_is_recorded(patient: Scene, number: int, code: int) -> None:
    with working(patient) as (run, hang):
        run.send_signal(number)
        time.sleep(0.2)
        hang.release()
        ended_with, err = ended(run)
    assert ended_with == code
    assert lines(err)[-2:] == ["error", "hint"]
    assert "Traceback" not in err
    assert (last_run(patient).exit_code, last_run(patient).finished_at) == (code, patient.now())
    patient.clock.advance(QUARTER)
    patient.standin.faults.clear()
    assert patient.program("run").code == 0
    assert (len(patient.rooms()), len(patient.roles())) == (1, 1)


@pytest.mark.parametrize("step", [ROLES, CHANNELS])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_run_ended_while_discord_answers_leaves_no_second_room(stage: Stage, step: str, number: int) -> None:
    scene = stage(discord='timeout = "20s"')
    scene.book()
    hang = scene.standin.faults.add("hang_after", ("POST", step), seconds=30)
    run = scene.popen("run")
    wait_for(lambda: hang.hits > 0)
    wait_for(lambda: any(scene.things().values()))
    run.send_signal(number)
    if number != signal.SIGKILL:
        time.sleep(0.2)
        hang.release()
    ended(run)
    scene.standin.faults.clear()
    scene.clock.advance(QUARTER)
    assert scene.program("run").code == 0
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)
    scene.tick(OVER)
    assert scene.things() == {}


def test_signal_while_waiting_for_the_lock_ends_at_once(patient: Scene) -> None:
    with working(patient):
        waiting = patient.popen("run", "--wait", "60")
        time.sleep(1.0)
        waiting.send_signal(signal.SIGTERM)
        code, err = ended(waiting, 5)
    assert (code, lines(err)) == (143, ["error", "hint"])


# the watchdog


def hang_everywhere(scene: Scene) -> None:
    scene.standin.faults.add("hang_before", None, count=None)


def drip_everywhere(scene: Scene) -> None:
    scene.standin.faults.add("drip", None, count=None, interval=0.3)


@pytest.mark.parametrize("fault", [hang_everywhere, drip_everywhere])
def test_run_whose_requests_hang_ends_soon_after_its_budget(patient: Scene, fault: Callable[[Scene], None]) -> None:
    patient.configure('timeout = "1s"\nrun_budget = "2s"')
    fault(patient)
    started = time.monotonic()
    result = patient.program("run")
    assert time.monotonic() - started < 12
    assert result.code == 1
    assert "Traceback" not in result.err
    assert (last_run(patient).exit_code, last_run(patient).finished_at) == (1, patient.now())


NAMES_HANG = """
import socket, time
def hang(*a, **k):
    time.sleep(600)
socket.getaddrinfo = hang
"""
SOON = """
from coachsync import waits
waits.hurry(recording=1.0, grace=1.0)
"""
LOOP_HANGS = f"""{SOON}
import time
import coachsync.discord.api as m
async def hang(*a, **k):
    time.sleep(600)
m.Discord.create_role = hang
"""
STORE_HANGS = f"""{SOON}
import time
import coachsync.store.ledger.writer as m
def hang(*a, **k):
    time.sleep(600)
m.LedgerWriter.save = hang
"""

NOBODY_READS = f"""{SOON}
import os
_reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, bytes(65536))
except BlockingIOError:
    os.set_blocking(writer, True)
os.dup2(writer, 2)
"""


def test_name_look_up_that_hangs_does_not_hold_up_the_run(patient: Scene) -> None:
    patient.configure('timeout = "1s"\nrun_budget = "3s"')
    started = time.monotonic()
    result = patient.program("run", inject=NAMES_HANG)
    assert time.monotonic() - started < 12
    assert (result.code, lines(result.err)[-2:]) == (1, ["error", "hint"])
    assert last_run(patient).exit_code == 1


@pytest.mark.parametrize("code", [LOOP_HANGS, STORE_HANGS], ids=["event loop", "journal"])
def test_run_that_hangs_is_ended_by_its_watchdog(patient: Scene, code: str) -> None:
    patient.configure('timeout = "1s"\nrun_budget = "1s"')
    started = time.monotonic()
    result = patient.program("run", inject=code)
    assert time.monotonic() - started < 25
    assert (result.code, lines(result.err)[-2:]) == (1, ["error", "hint"])
    assert "run_budget" in result.err
    assert "Traceback" not in result.err
    patient.clock.advance(QUARTER)
    assert patient.program("run").code == 0
    assert (len(patient.rooms()), len(patient.roles())) == (1, 1)


def test_run_whose_log_nobody_reads_is_ended_by_its_watchdog(patient: Scene) -> None:
    patient.configure('timeout = "1s"\nrun_budget = "1s"')
    result = patient.program("-v", "run", inject=NOBODY_READS)
    assert (result.code, last_run(patient).exit_code) == (1, 1)


@pytest.mark.parametrize("patient", [JSON], indirect=True)
def test_run_ended_by_its_watchdog_is_recorded(patient: Scene) -> None:
    patient.configure('timeout = "1s"\nrun_budget = "1s"')
    patient.program("run", inject=LOOP_HANGS)
    assert (last_run(patient).exit_code, last_run(patient).finished_at) == (1, patient.now())


def test_work_left_over_when_the_budget_is_spent_is_deferred_and_done_by_the_next_run(stage: Stage) -> None:
    scene = stage(discord='run_budget = "1s"')
    for i in range(12):
        scene.book(f"sess00{i:02d}")
    scene.standin.latency = lambda r: 0.4 if r.write else 0.0
    scene.tick()
    assert "deferred" in {outcome for _, outcome in scene.done}
    assert scene.report.exit_code == 1
    scene.standin.latency = 0.0
    scene.configure()
    scene.tick(QUARTER)
    assert len(scene.things()) == 24


def test_thousand_sessions_of_one_guild_are_deferred_when_the_budget_is_spent(stage: Stage) -> None:
    scene = stage(discord='run_budget = "3s"', real_time=True)
    row = {"status": "SCHEDULED", "scheduledDate": scene.now() + 2 * HOUR + 2 * QUARTER, "duration": 60}
    people = {"studentDiscordId": scene.student, "coachDiscordId": scene.coach}
    with scene.store() as store:
        store.bookings.import_rows([row | people | {"_id": f"many{number:04d}"} for number in range(1000)])
    scene.standin.limits = Limits.discord()
    started = time.monotonic()
    result = scene.program("run", "--json")
    assert time.monotonic() - started < 9
    counts = result.json["summary"]["setup"]
    assert result.code == 1
    assert "hung" not in result.err
    assert (counts["failed"], counts["done"] + counts["deferred"]) == (0, 1000)
    assert last_run(scene).finished_at is not None


def test_session_of_a_guild_that_was_not_looked_at_in_time_is_deferred(stage: Stage) -> None:
    scene = stage(discord='timeout = "1s"\nrun_budget = "1s"')
    scene.book()
    scene.standin.faults.add("rate_limited", ("GET", ROLES), count=None, retry_after=30)
    scene.tick()
    assert scene.done == [("setup", "deferred")]
    assert scene.report.exit_code == 1
