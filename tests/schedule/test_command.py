"""A call of `coachsync run` is seen through whatever stands before it."""

from __future__ import annotations

import pytest

from coachsync.schedule.command import call_in

PATH = "/opt/coachsync/bin/coachsync"


@pytest.mark.parametrize(
    "command",
    [
        f"{PATH} run",
        f"{PATH} --config /etc/c.toml run --quiet >>/var/log/coachsync.log 2>&1",
        f"{PATH} run --quiet --config=/etc/c.toml | logger",
        f"flock -n /run/lock/coachsync.lock {PATH} run",
        f"cd /opt/coachsync && {PATH} -v --log-format json run",
        f"sudo -u coachsync {PATH} run",
        f"/usr/bin/sudo -n --user=coachsync -- {PATH} run",
        f"su - coachsync -s /bin/sh -c '{PATH} run --quiet'",
        f"runuser -u coachsync -- {PATH} run",
        f"env COACHSYNC_CONFIG=/etc/c.toml {PATH} run",
        f"TZ=UTC nice -n 5 timeout 14m {PATH} run",
        f'/bin/bash -lc "cd /srv; exec {PATH} run --quiet"',
        f"flock /tmp/l sh -c '{PATH} run || true'",
        "/opt/coachsync/bin/python -m coachsync run",
        f"chronic {PATH} run; echo done",
        f"{PATH} run 'unclosed",
    ],
)
def test_call_is_found(command: str) -> None:
    assert call_in(command) is not None


@pytest.mark.parametrize(
    "command",
    [
        f"{PATH} status --check",
        f"{PATH} setup",
        f"{PATH} sessions show run",
        "cat /etc/coachsync/run",
        "sudo -u coachsync run-parts /etc/cron.daily",
        "echo coachsync",
        "",
    ],
)
def test_other_commands_are_no_call(command: str) -> None:
    assert call_in(command) is None


@pytest.mark.parametrize(
    ("command", "user"),
    [
        (f"sudo -u anna {PATH} run", "anna"),
        (f"sudo -uanna {PATH} run", "anna"),
        (f"sudo {PATH} run", "root"),
        (f"su anna -c '{PATH} run'", "anna"),
        (f"{PATH} run", ""),
    ],
)
def test_user_is_who_the_line_names(command: str, user: str) -> None:
    call = call_in(command)
    assert call is not None
    assert call.user == user


@pytest.mark.parametrize(
    ("command", "config"),
    [
        (f"{PATH} --config /etc/a.toml run", "/etc/a.toml"),
        (f"{PATH} run --config=/etc/a.toml", "/etc/a.toml"),
        (f"COACHSYNC_CONFIG=/etc/a.toml {PATH} run", "/etc/a.toml"),
        (f"COACHSYNC_CONFIG=/etc/a.toml sh -c '{PATH} run'", "/etc/a.toml"),
        (f"{PATH} run", None),
    ],
)
def test_configuration_is_what_the_line_names(command: str, config: str | None) -> None:
    call = call_in(command)
    assert call is not None
    assert call.config == config


def test_dry_run_is_told_from_a_run() -> None:
    call = call_in(f"{PATH} run --dry-run")
    assert call is not None
    assert call.dry
