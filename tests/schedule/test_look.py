"""Crontabs, cron.d and timers are found, with what keeps them from their work."""

from __future__ import annotations

from pathlib import Path

import pytest

from coachsync.schedule.found import Schedule
from coachsync.schedule.look import schedules
from tests.schedule.machine import LINE, PROGRAM, Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def one(machine: Machine) -> Schedule:
    (found,) = schedules(machine.host)
    return found


def flaws(machine: Machine) -> list[str]:
    return [flaw.message for flaw in one(machine).flaws]


# where


def test_nothing_is_found_where_nothing_is(machine: Machine) -> None:
    assert schedules(machine.host) == ()


def test_crontab_of_a_user_is_found_with_its_line(machine: Machine) -> None:
    machine.crontab("# every quarter of an hour", "PATH=/usr/bin", LINE)
    found = one(machine)
    assert (found.where, found.user, found.every) == ("/var/spool/cron/crontabs/coachsync:3", "coachsync", 15)
    assert (found.config, found.works, found.flaws) == ("/etc/coachsync/config.toml", True, ())


def test_own_crontab_is_asked_for_if_the_folder_is_closed(machine: Machine) -> None:
    machine.said["crontab -l"] = f"{LINE}\n"
    assert one(machine).where == "the crontab of anna:1"


@pytest.mark.parametrize("path", ["/etc/crontab", "/etc/cron.d/coachsync"])
def test_system_crontab_names_the_user(machine: Machine, path: str) -> None:
    machine.write(path, f"17 * * * * root run-parts /etc/cron.hourly\n*/15 * * * * coachsync {PROGRAM} run\n")
    assert (one(machine).user, one(machine).where, one(machine).flaws) == ("coachsync", f"{path}:2", ())


def test_lines_that_are_comments_or_dry_do_not_count(machine: Machine) -> None:
    machine.crontab(f"#{LINE}", f"*/15 * * * * {PROGRAM} run --dry-run", f"@reboot {PROGRAM} run")
    assert schedules(machine.host) == ()


def test_script_that_calls_it_is_looked_into(machine: Machine) -> None:
    machine.write("/usr/local/bin/tick", f"#!/bin/sh\n# {PROGRAM} status\nexec {PROGRAM} --config /c.toml \\\n  run\n")
    machine.crontab("*/15 * * * * flock -n /run/l /usr/local/bin/tick")
    assert one(machine).config == "/c.toml"


def test_timer_is_found_with_its_user(machine: Machine) -> None:
    machine.timer()
    found = one(machine)
    assert (found.called, found.user, found.every) == ("the timer coachsync.timer", "coachsync", 15)
    assert (found.when, found.works) == ("OnCalendar=*:0/15", True)


def test_timer_that_nobody_switched_on_does_not_work(machine: Machine) -> None:
    machine.timer(active="inactive")
    assert (one(machine).works, one(machine).flaws[0].hint) == (False, "systemctl enable --now coachsync.timer")


def test_timer_is_on_by_its_link_if_systemd_does_not_answer(machine: Machine) -> None:
    machine.timer()
    machine.said.clear()
    assert not one(machine).works
    machine.write("/etc/systemd/system/timers.target.wants/coachsync.timer", "")
    assert one(machine).works


def test_drop_in_replaces_what_a_service_starts(machine: Machine) -> None:
    machine.timer()
    drop_in = f"[Service]\nExecStart=\nExecStart={PROGRAM} --config /b.toml run\nEnvironment=A=b COACHSYNC_TOKEN=x\n"
    machine.write("/etc/systemd/system/coachsync.service.d/override.conf", drop_in)
    assert (one(machine).config, "COACHSYNC_TOKEN" in one(machine).environ) == ("/b.toml", True)


def test_user_timer_is_found(machine: Machine) -> None:
    folder = "/home/anna/.config/systemd/user"
    machine.write(f"{folder}/tick.timer", "[Timer]\nOnUnitActiveSec=15min\nUnit=other.service\n")
    machine.write(f"{folder}/other.service", f"[Service]\nExecStart=-{PROGRAM} \\\n  run\n")
    machine.said["systemctl --user show tick.timer --property=ActiveState --value"] = "active"
    assert (one(machine).kind, one(machine).user) == ("user timer", "anna")


# what keeps it from its work


def test_program_that_crons_path_lacks_is_told(machine: Machine) -> None:
    machine.crontab("PATH=/usr/bin:/bin", "*/15 * * * * coachsync run")
    assert flaws(machine) == ["cron finds no coachsync: its PATH is /usr/bin:/bin"]
    machine.crontab("PATH=/opt/coachsync/bin:/bin", "*/15 * * * * coachsync run")
    assert flaws(machine) == []


def test_program_that_is_not_there_is_told(machine: Machine) -> None:
    machine.crontab("*/15 * * * * /opt/nowhere/coachsync run")
    assert flaws(machine) == ["/opt/nowhere/coachsync does not exist"]


def test_percent_sign_ends_a_command(machine: Machine) -> None:
    machine.crontab(f"*/15 * * * * {PROGRAM} run >> /var/log/$(date +%F)")
    assert "unescaped %" in flaws(machine)[0]
    machine.crontab(f"*/15 * * * * {PROGRAM} run >> /var/log/$(date +\\%F)")
    assert flaws(machine) == []


@pytest.mark.parametrize(("name", "plain"), [("coachsync.cron", "coachsync-cron"), ("coachsync~", "coachsync-")])
def test_file_of_a_name_that_cron_leaves_out_is_told(machine: Machine, name: str, plain: str) -> None:
    machine.write(f"/etc/cron.d/{name}", f"*/15 * * * * coachsync {PROGRAM} run\n")
    (flaw,) = one(machine).flaws
    assert (flaw.dead, flaw.hint) == (True, f"mv /etc/cron.d/{name} /etc/cron.d/{plain}")


def test_file_that_others_may_write_is_told(machine: Machine) -> None:
    machine.write("/etc/cron.d/coachsync", f"*/15 * * * * coachsync {PROGRAM} run\n").chmod(0o666)
    assert one(machine).flaws[0].hint == "chmod 644 /etc/cron.d/coachsync"


def test_missing_last_line_break_is_told(machine: Machine) -> None:
    machine.write("/etc/cron.d/coachsync", f"*/15 * * * * coachsync {PROGRAM} run")
    assert "does not end with a line break" in flaws(machine)[0]


def test_line_that_cron_does_not_understand_is_told(machine: Machine) -> None:
    machine.crontab("61 * * * * /bin/true", LINE)
    assert "line 1" in flaws(machine)[0]


def test_line_with_windows_ending_is_told(machine: Machine) -> None:
    machine.crontab(f"{LINE}\r")
    assert "Windows" in flaws(machine)[0]


@pytest.mark.parametrize(
    ("when", "every"),
    [
        ("*/15 * * * *", 15),
        ("* * * * *", 1),
        ("0 * * * *", 60),
        ("1,5 * * * *", 56),
        ("0-30/10 * * * *", 30),
        ("@hourly", 60),
        ("*/15 8-20 * * *", None),
        ("@daily", None),
    ],
)
def test_longest_time_between_two_runs_is_counted(machine: Machine, when: str, every: int | None) -> None:
    machine.crontab(f"{when} {PROGRAM} run")
    assert one(machine).every == every
