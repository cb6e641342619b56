"""The sample units, judged by systemd itself and by our own command line."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from coachsync.config.definition import KEYS
from coachsync.config.values import parse_duration
from tests.documents.command_line import read

SERVICE = "coachsync.service"
UNITS = Path(__file__).parents[2] / "contrib" / "systemd"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed: the units are not judged")


def settings(unit: str) -> dict[str, str]:
    """Return a unit's last value by key."""
    lines = (UNITS / unit).read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("#")]
    return {key: value for key, _, value in pairs}


def installed(folder: Path) -> list[str]:
    """Copy the units to a folder, with the program where this host has one, and return their paths."""
    for unit in UNITS.iterdir():
        text = unit.read_text("utf-8").replace("/opt/coachsync/bin/coachsync", shutil.which("true") or "/bin/true")
        (folder / unit.name).write_text(text, "utf-8")
    return sorted(str(path) for path in folder.iterdir())


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.tools
@needs_systemd
def test_units_are_verified_by_systemd_without_a_word(tmp_path: Path) -> None:
    checked = analyze("verify", "--man=no", *installed(tmp_path))
    said = [line for line in checked.stderr.splitlines() if "coachsync" in line]
    assert (checked.returncode, said) == (0, [])


@pytest.mark.tools
@needs_systemd
def test_service_is_exposed_at_most_2_when_systemd_rates_it(tmp_path: Path) -> None:
    service = next(path for path in installed(tmp_path) if path.endswith("/coachsync.service"))
    rated = analyze("security", "--offline=true", "--no-pager", service)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", rated.stdout)
    assert found is not None, rated.stdout + rated.stderr
    assert float(found[1]) <= 2.0


def mailed(folder: Path, printed: str) -> str:
    """Return what the unit for failures mails if a run printed this, "" if it sends no mail."""
    began = "Thu 2026-11-26 10:03:01 UTC"
    programs = {
        "systemctl": f'[ "$*" = "show --property=ExecMainStartTimestamp --value {SERVICE}" ] && echo "{began}"',
        "journalctl": f'case "$*" in *" _SYSTEMD_UNIT={SERVICE} --since={began}") cat printed ;; esac',
        "mail": 'cat >body; if [ -s body ]; then echo "$@" >mailed; cat body >>mailed; fi',
    }
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    (folder / "printed").write_text(printed)
    _, _, line = (UNITS / "coachsync-failure@.service").read_text("utf-8").partition("\nExecStart=")
    line = line.replace("\\\n", "").replace("%i", SERVICE).replace("%H", "here").replace("$$", "$")
    environ = {"PATH": f"{folder}:/usr/bin:/bin"}
    subprocess.run(shlex.split(line), cwd=folder, env=environ, check=True, timeout=10)
    return (folder / "mailed").read_text() if (folder / "mailed").exists() else ""


def test_failure_unit_mails_what_the_failed_run_printed(tmp_path: Path) -> None:
    told = mailed(tmp_path, "late: Nadja with Mike\nhint: invite them\n")
    assert told == "-E -s coachsync.service failed on here root\nlate: Nadja with Mike\nhint: invite them\n"


def test_failure_unit_asks_mail_to_send_nothing_if_the_run_printed_nothing(tmp_path: Path) -> None:
    assert mailed(tmp_path, "") == ""


def test_timer_fires_every_15_minutes_and_catches_up() -> None:
    timer = settings("coachsync.timer")
    assert (timer["OnCalendar"], timer["Persistent"]) == ("*:0/15", "true")


def test_service_ends_after_the_run_budget_and_before_the_next_tick() -> None:
    (budget,) = [key.default for key in KEYS if key.path == "discord.run_budget"]
    limit = parse_duration(settings("coachsync.service")["TimeoutStartSec"].removesuffix("in"))
    assert parse_duration(budget) < limit < parse_duration("15m")


def test_service_hands_the_token_over_as_the_credential_looked_for_by_default() -> None:
    assert settings("coachsync.service")["LoadCredential"].startswith("discord-token:")


def test_service_calls_what_the_command_line_takes() -> None:
    program, *arguments = shlex.split(settings("coachsync.service")["ExecStart"])
    said = read(arguments)
    assert (said.name, said.values["quiet"]) == ("run", True)
    assert Path(program).is_absolute()
