"""Schedules put on a host and taken away again: only what bears our mark is touched, and only once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coachsync.errors import EnvironmentalError
from coachsync.schedule.install import (
    UNITS,
    HostAnswer,
    Site,
    put_into_cron,
    put_into_systemd,
    take_from_cron,
    take_from_systemd,
)
from coachsync.schedule.look import schedules
from coachsync.schedule.render import BEGIN, EVERY, SERVICE, TIMER, Installed, crontab, service, timer
from coachsync.schedule.upcoming import next_of_cron
from tests.schedule.machine import Machine

ROOT = Path(__file__).parents[2]
USUAL = Installed(
    ("/opt/coachsync/bin/coachsync",),
    "/etc/coachsync/config.toml",
    "coachsync",
    "coachsync",
    writes=("/var/lib/coachsync",),
)
FOREIGN = "# mine\nPATH=/bin\n\n 5  4 * * *   backup  # nightly\n"


class Cron:
    """crontab and systemctl as they answer, with the crontabs and calls that they were given."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.tabs: dict[str, str] = {}
        self.calls: list[str] = []
        self.refuses = ""

    def run(self, words: Sequence[str], stdin: str) -> HostAnswer:
        self.calls.append(" ".join(words))
        if self.refuses and self.refuses in self.calls[-1]:
            return HostAnswer(1, "", "no, said the host\n")
        if words[0] == "systemctl":
            return HostAnswer(0, "", "")
        user = words[words.index("-u") + 1]
        if words[-1] == "-l":
            found = self.tabs.get(user)
            return HostAnswer(1, "", f"no crontab for {user}\n") if found is None else HostAnswer(0, found, "")
        if words[-1] == "-r":
            del self.tabs[user]
        else:
            self.tabs[user] = stdin
            self.machine.write(f"/var/spool/cron/crontabs/{user}", stdin)
        return HostAnswer(0, "", "")

    @property
    def site(self) -> Site:
        return Site(self.machine.host, self.run, True)


@pytest.fixture
def cron(tmp_path: Path) -> Cron:
    return Cron(Machine(tmp_path))


@pytest.mark.parametrize("name", ["crontab.example", f"systemd/{SERVICE}", f"systemd/{TIMER}"])
def test_contrib_is_what_is_written_for_the_usual_paths(name: str) -> None:
    written = {"crontab.example": crontab, f"systemd/{SERVICE}": service, f"systemd/{TIMER}": timer}[name](USUAL)
    assert written == (ROOT / "contrib" / name).read_text("utf-8")


def test_line_is_put_behind_what_stands_there_and_found_again(cron: Cron) -> None:
    cron.tabs["coachsync"] = FOREIGN
    assert put_into_cron(cron.site, USUAL)
    assert cron.tabs["coachsync"].startswith(FOREIGN)
    (found,) = schedules(cron.machine.host)
    assert (found.user, found.every, found.works) == ("coachsync", 15, True)


def test_second_time_changes_nothing(cron: Cron) -> None:
    put_into_cron(cron.site, USUAL)
    before = dict(cron.tabs)
    assert not put_into_cron(cron.site, USUAL)
    assert cron.tabs == before


def test_other_times_take_the_place_of_the_former(cron: Cron) -> None:
    put_into_cron(cron.site, USUAL)
    assert put_into_cron(cron.site, USUAL._replace(every=10))
    assert cron.tabs["coachsync"].count(BEGIN) == 1
    assert cron.tabs["coachsync"].count("run --quiet") == 1


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e")))
def test_foreign_lines_stay_byte_for_byte(text: str) -> None:
    before = "".join(f"{line}\n" for line in text.split("\n") if not line.startswith("# coachsync"))
    tabs = {"coachsync": before}

    def run(words: Sequence[str], stdin: str) -> HostAnswer:
        if words[-1] == "-l":
            return HostAnswer(0, tabs["coachsync"], "")
        tabs["coachsync"] = "" if words[-1] == "-r" else stdin
        return HostAnswer(0, "", "")

    site = Site(Machine.__new__(Machine), run, True)  # type: ignore[arg-type]  # cron's own file is not looked at
    put_into_cron(site, USUAL)
    assert take_from_cron(site, "coachsync")
    assert tabs["coachsync"] == before


def test_crontab_that_held_our_line_alone_is_taken_away(cron: Cron) -> None:
    put_into_cron(cron.site, USUAL)
    assert take_from_cron(cron.site, "coachsync")
    assert cron.tabs == {}
    assert not take_from_cron(cron.site, "coachsync")


def test_block_whose_end_somebody_took_away_is_theirs(cron: Cron) -> None:
    cron.tabs["coachsync"] = f"{BEGIN}\n{USUAL.line}\n5 4 * * * backup\n"
    assert not take_from_cron(cron.site, "coachsync")
    assert cron.tabs["coachsync"].endswith("backup\n")


def test_refusal_of_cron_is_told_and_nothing_is_lost(cron: Cron) -> None:
    cron.tabs["coachsync"] = FOREIGN
    cron.refuses = "-u coachsync -"
    with pytest.raises(EnvironmentalError, match="no, said the host"):
        put_into_cron(cron.site, USUAL)
    assert cron.tabs["coachsync"] == FOREIGN


def test_units_are_written_switched_on_and_taken_away(cron: Cron) -> None:
    (cron.machine.root / UNITS[1:]).mkdir(parents=True)
    assert put_into_systemd(cron.site, USUAL)
    assert cron.calls == ["systemctl daemon-reload", "systemctl enable --now coachsync.timer"]
    (found,) = schedules(cron.machine.host)
    assert (found.kind, found.user) == ("timer", "coachsync")
    assert not put_into_systemd(cron.site, USUAL)
    assert take_from_systemd(cron.site)
    assert [path.name for path in (cron.machine.root / UNITS[1:]).iterdir()] == []
    assert not take_from_systemd(cron.site)


def test_unit_that_somebody_else_wrote_is_not_touched(cron: Cron) -> None:
    cron.machine.timer()
    before = (cron.machine.root / UNITS[1:] / TIMER).read_bytes()
    with pytest.raises(EnvironmentalError, match="coachsync did not write it"):
        put_into_systemd(cron.site, USUAL)
    assert not take_from_systemd(cron.site)
    assert (cron.machine.root / UNITS[1:] / TIMER).read_bytes() == before


@pytest.mark.parametrize("every", EVERY)
def test_minutes_are_as_far_apart_as_was_said(every: int) -> None:
    line = USUAL._replace(every=every).line
    now = datetime(2026, 11, 26, 23, 58, 30, tzinfo=UTC)
    times = []
    for _ in range(5):
        found = next_of_cron(" ".join(line.split()[:5]), now)
        assert found is not None
        now = found
        times.append(found)
    assert {(b - a).seconds // 60 for a, b in pairwise(times)} == {every}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("*/15 * * * *", "2026-11-26 13:00"),
        ("0 5 * * 1", "2026-11-30 05:00"),
        ("0 12 13 * 5", "2026-11-27 12:00"),
        ("0 12 13 * *", "2026-12-13 12:00"),
        ("@daily", "2026-11-27 00:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("1-5 9-17 * * mon-fri", "2026-11-26 13:01"),
        ("0 0 * * 7", "2026-11-29 00:00"),
        ("0 0 31 2 *", None),
        ("nonsense", None),
    ],
)
def test_next_run_is_what_cron_would_do(fields: str, expected: str | None) -> None:
    found = next_of_cron(fields, datetime(2026, 11, 26, 12, 59, 30, tzinfo=UTC))
    assert (None if found is None else f"{found:%Y-%m-%d %H:%M}") == expected


def test_odd_paths_stay_one_word_and_percent_signs_reach_the_command() -> None:
    odd = USUAL._replace(program=("/opt/my apps/coach%sync",), config="/etc/it's.toml")
    assert r"'/opt/my apps/coach\%sync'" in odd.line
    assert 'ExecStart="/opt/my apps/coach%%sync" --config "/etc/it\'s.toml" run --quiet' in service(odd)
