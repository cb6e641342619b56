"""What holds for every command: lazy loading, help, exit codes of the unexpected, signals, the lock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from coachsync.cli.app import ENTRIES
from coachsync.standin import Standin
from tests.kit.home import GUILD, ROOT, Home
from tests.kit.town import TOKEN, Town

HEAVY = ("requests", "urllib3", "rich", "asyncio", "msgspec", "tomli_w", "jsonschema")


def python(home: Home, code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python that can import the program."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=home.environ(environ),
        cwd=home.folder,
        timeout=60,
        check=False,
    )


def test_idle_run_loads_nothing_heavy(home: Home) -> None:
    reads_json = "json:" in home.config.read_text("utf-8")  # with msgspec
    heavy = [name for name in HEAVY if name != "msgspec" or not reads_json]
    code = (
        "import sys; from coachsync.__main__ import main\n"
        f"code = main(['--config', {str(home.config)!r}, 'run', '--quiet'])\n"
        f"print(code, sorted(set({heavy!r}) & sys.modules.keys()))"
    )
    with Standin() as standin:
        town = Town(standin)
        environ = town.environ | {"COACHSYNC_GUILD_ID": town.guild}
        home.run("run", **environ)  # a new ledger's look: only then is a run idle
        result = python(home, code, **environ)
    assert result.stdout == "0 []\n", result.stderr


def test_piped_status_loads_nothing_that_only_a_terminal_needs(home: Home) -> None:
    home.book("abc12345")
    heavy = ("rich", "pydantic", "tzlocal", "termios", "requests", "asyncio")
    code = (
        "import sys; from coachsync.__main__ import main\n"
        f"code = main(['--config', {str(home.config)!r}, 'status', 'abc12345'])\n"
        f"print(code, sorted(set({heavy!r}) & sys.modules.keys()), file=sys.stderr)"
    )
    assert python(home, code).stderr == "0 []\n"


def test_run_loads_no_other_command(home: Home) -> None:
    code = (
        "import sys; from coachsync.__main__ import main\n"
        f"main(['--config', {str(home.config)!r}, 'run', '--quiet'])\n"
        "names = ('setup', 'cleanup', 'status', 'explain', 'sessions', 'init', 'demo')\n"
        "print([n for n in names if 'coachsync.cli.commands.' + n in sys.modules])"
    )
    assert python(home, code, COACHSYNC_TOKEN=TOKEN).stdout == "[]\n"


@pytest.mark.parametrize("command", [entry.name for entry in ENTRIES])
def test_help_names_every_command(bare: Home, command: str) -> None:
    assert f"\n  {command} " in bare.start("--help").out


@pytest.mark.parametrize("command", [[entry.name] for entry in ENTRIES] + [["sessions", "add"], ["sessions", "import"]])
def test_help_is_plain_when_piped(bare: Home, command: list[str]) -> None:
    result = bare.start(*command, "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"Usage: coachsync {' '.join(command)} ")
    assert "\x1b" not in result.out
    assert "│" not in result.out


def test_version_is_told(bare: Home) -> None:
    from coachsync import __version__

    assert bare.start("--version").out == f"coachsync {__version__}\n"


def test_completion_offers_the_commands(bare: Home) -> None:
    environ = {"_COACHSYNC_COMPLETE": "complete_bash", "COMP_WORDS": "coachsync ses", "COMP_CWORD": "1"}
    assert bare.start(**environ).out.split() == ["sessions"]


BROKEN = """
import sys
from coachsync.cli.commands import status
def broken(*_, **__):
    secret = {token!r}
    raise ZeroDivisionError("with " + secret)
status.chosen_now = broken
from coachsync.__main__ import main
from coachsync.secrets import hide
hide({token!r})
sys.exit(main([{options}"--config", {config!r}, "status"]))
"""


def test_bug_is_told_without_traceback(home: Home) -> None:
    result = python(home, BROKEN.format(token=TOKEN, options="", config=str(home.config)))
    assert (result.returncode, result.stdout) == (70, "")
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["error", "hint"]
    assert "coachsync has a bug" in result.stderr


def test_bug_is_told_with_traceback_but_no_token_when_verbose(home: Home) -> None:
    result = python(home, BROKEN.format(token=TOKEN, options='"--verbose", ', config=str(home.config)))
    assert result.returncode == 70
    assert "Traceback" in result.stderr
    assert [part for part in TOKEN.split(".") if part in result.stderr] == []


WAITING = """
import sys, time
from coachsync.cli.commands import status
def slow(*_, **__):
    print("ready", flush=True)
    time.sleep(30)
status.chosen_now = slow
from coachsync.__main__ import main
sys.exit(main(["--config", {config!r}, "status"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_is_told_in_two_lines(home: Home, number: signal.Signals, code: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WAITING.format(config=str(home.config))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=home.environ({}),
        cwd=ROOT,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    os.kill(child.pid, number)
    _, err = child.communicate(timeout=20)
    assert child.returncode == code
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint"]


def test_dry_run_twice_says_the_same_and_writes_nothing(home: Home) -> None:
    home.book("abc12345", start="2026-10-14T13:00Z")
    before = home.files()
    first = home.run("run", "--dry-run", "--now", "2026-10-14T11:00Z")
    again = home.run("run", "--dry-run", "--now", "2026-10-14T11:00Z")
    assert (first.code, "planned setup abc12345" in first.out) == (0, True)
    assert (first, home.files()) == (again, before)


def test_status_tells_phase_and_next_step(home: Home) -> None:
    home.book("abc12345", start="2026-10-14T13:00Z")
    (session,) = home.run("status", "--json", "--now", "2026-10-13T13:00Z").json["sessions"]
    assert (session["phase"], session["next_action"], session["next_at"]) == ("booked", "setup", "2026-10-14T10:00:00Z")


def test_explain_tells_the_windows_as_dates(home: Home) -> None:
    home.book("abc12345", start="2026-10-14T13:00Z")
    told = home.run("explain", "abc12345", "--now", "2026-10-13T13:00Z").out
    assert [when for when in ("2026-10-14T10:00:00Z", "2026-10-14T15:00:00Z", "booked") if when not in told] == []


def test_logs_are_json_when_asked_for(home: Home) -> None:
    code = (
        "import logging, os; from coachsync.cli import dress; from coachsync.cli.logs import start\n"
        "dress.choose('json', os.environ); start(False); logging.getLogger('coachsync.x').warning('a %s', 'b\\x1b')"
    )
    result = python(home, code)
    assert '"level": "warning"' in result.stderr
    assert '"message": "a b\\u001b"' in result.stderr


def test_lock_held_by_another_run_is_told(home: Home) -> None:
    pytest.importorskip("fcntl")
    from coachsync.domain.booking import Defaults
    from coachsync.store.open import open_store

    assert home.run("run", COACHSYNC_TOKEN=TOKEN).code == 0
    url = home.config.read_text("utf-8").split('url = "')[1].split('"')[0]
    store = open_store(url, home.folder, Defaults(GUILD, 3_600_000), writable=False)
    from coachsync.store.lock import run_lock

    with run_lock(store.path, 0, "test"):
        started = time.monotonic()
        result = home.run("run", COACHSYNC_TOKEN=TOKEN)
        assert (result.code, result.complaint) == (4, ["error", "hint"])
        assert home.run("status").code == 0
        assert time.monotonic() - started < 20
    store.close()
