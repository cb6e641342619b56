"""What the program takes for now when nobody says `--now`: the host's clock, at the moments that calendars stumble on.

The host's own zone is New York's. Time stands still but where Discord is asked; then it runs on from the moment named.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from freezegun import freeze_time

from coachsync.__main__ import main
from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR, Millis
from coachsync.store.open import open_store
from tests.kit.home import GUILD, SQLITE, Home
from tests.kit.scene import ROOM, Stage
from tests.kit.town import TOKEN

SPRING = datetime(2027, 3, 14, 7, tzinfo=UTC)  # 02:00 EST becomes 03:00 EDT
AUTUMN = datetime(2026, 11, 1, 6, tzinfo=UTC)  # 02:00 EDT becomes 01:00 EST
LEAP_DAY = datetime(2028, 2, 29, 12, tzinfo=UTC)
YEAR_END = datetime(2027, 1, 1, tzinfo=UTC)
STUMBLES = pytest.mark.parametrize(
    "moment", [SPRING, AUTUMN, LEAP_DAY, YEAR_END], ids=["spring", "autumn", "leap day", "year's end"]
)
LATER = timedelta(milliseconds=1)
PEOPLE = ("--student", "1100000000000000010", "--coach", "1100000000000000011")


class Said(NamedTuple):
    """What one command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)


Call = Callable[..., Said]


@pytest.fixture(autouse=True)
def _in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the host in a zone whose clocks change, and take the program's hooks out of this process again."""
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("COACHSYNC_TOKEN", TOKEN)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    handler = signal.getsignal(signal.SIGTERM)
    time.tzset()
    yield
    signal.signal(signal.SIGTERM, handler)
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return what runs a command in this process, with an empty store of its own."""
    home = Home(tmp_path).settle(SQLITE)

    def run(*arguments: str) -> Said:
        code = main(["--config", str(home.config), *arguments])
        return Said(code, *capsys.readouterr())

    return run


def iso(moment: datetime) -> str:
    """Return a moment as the program writes it."""
    whole = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{whole}.{moment.microsecond // 1000:03}Z" if moment.microsecond else f"{whole}Z"


def millis(moment: datetime) -> Millis:
    """Return a moment in milliseconds since the epoch."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // LATER


def phase_at(call: Call, moment: datetime) -> tuple[str, str]:
    """Return what `status --json` takes for now, and the phase that it sees then."""
    with freeze_time(moment):
        document = call("status", "--json", "abc12345").json
    return document["now"], document["sessions"][0]["phase"]


@STUMBLES
def test_window_opens_three_elapsed_hours_before_the_start(call: Call, moment: datetime) -> None:
    start = moment + timedelta(minutes=30)
    opens = start - timedelta(hours=3)
    with freeze_time(opens - timedelta(days=1)):
        assert call("sessions", "add", "--id", "abc12345", *PEOPLE, "--start", iso(start)).code == 0
    assert phase_at(call, opens - LATER) == (iso(opens - LATER), "booked")
    assert phase_at(call, opens) == (iso(opens), "setup_due")


@STUMBLES
@pytest.mark.parametrize(("early", "planned"), [(LATER, 0), (timedelta(0), 1)])
def test_run_plans_the_setup_at_the_very_millisecond(
    call: Call, moment: datetime, early: timedelta, planned: int
) -> None:
    opens = moment - early
    call("sessions", "add", "--id", "abc12345", *PEOPLE, "--start", iso(moment + timedelta(hours=3)))
    with freeze_time(opens):
        document = call("run", "--dry-run", "--json").json
    assert (document["now"], document["summary"]["setup"]["planned"]) == (iso(opens), planned)


def note_a_run(folder: Path, moment: datetime) -> None:
    """Write into the ledger that a run ended then: the next one need not look through the guild."""
    store = open_store(SQLITE, folder, Defaults(GUILD, HOUR), writable=True)
    with closing(store), store.transaction() as transaction:
        number = transaction.ledger.run_started(millis(moment), "run")
        transaction.ledger.run_finished(number, millis(moment), None, 0)


@STUMBLES
def test_status_says_of_a_run_of_this_very_moment_that_it_was_now(call: Call, tmp_path: Path, moment: datetime) -> None:
    note_a_run(tmp_path, moment - timedelta(minutes=15))
    with freeze_time(moment):
        assert call("run").out == "nothing was due\n"
        assert call("status").out.startswith("nothing needs you · no room open · last tick now\n")
    with freeze_time(moment + timedelta(hours=1)):
        assert "last tick 1 h 0 min ago, overdue" in call("status").out


@STUMBLES
def test_room_opens_and_closes_by_elapsed_time_while_calendars_stumble(
    stage: Stage, capsys: pytest.CaptureFixture[str], moment: datetime
) -> None:
    start = moment - timedelta(minutes=30)
    opens, closes = start - timedelta(hours=3), start + timedelta(hours=2)
    scene = stage()
    scene.book(start=millis(start))

    def rooms_after_run_at(when: datetime) -> int:
        scene.clock.set(millis(when))
        with freeze_time(when, tick=True):
            assert main(["--config", str(scene.home.config), "run", "--quiet"]) == 0, capsys.readouterr().err
            return len(scene.rooms(ROOM))

    slack = timedelta(seconds=30)
    moments = (opens - slack, opens, start, closes - slack, closes)
    assert [rooms_after_run_at(when) for when in moments] == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("text", "zone", "start"),
    [
        ("2027-03-14 01:59", "America/New_York", SPRING - timedelta(minutes=1)),
        ("2027-03-14 03:00", "America/New_York", SPRING),
        ("2026-11-01 00:59", "America/New_York", AUTUMN - timedelta(minutes=61)),
        ("2026-11-01 02:00", "America/New_York", AUTUMN + timedelta(hours=1)),
        ("2027-03-28 03:00", "Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC)),
        ("2028-02-29 12:00", "UTC", LEAP_DAY),
        ("2027-01-01 00:00", "Europe/London", YEAR_END),
        ("2027-01-01 13:00", "Pacific/Auckland", YEAR_END),
        ("2026-12-31 19:00", "America/New_York", YEAR_END),
    ],
)
def test_start_means_the_time_in_its_own_zone_whatever_day_it_is(
    call: Call, text: str, zone: str, start: datetime
) -> None:
    for today in (SPRING, AUTUMN, LEAP_DAY, YEAR_END):
        with freeze_time(today):
            session = call("sessions", "add", *PEOPLE, "--start", text, "--tz", zone).out.strip()
            assert call("sessions", "show", session, "--json").json["scheduledDate"] == millis(start)


@pytest.mark.parametrize(
    ("text", "zone", "wrong"),
    [
        ("2027-03-14 02:30", "America/New_York", "does not exist"),
        ("2026-11-01 01:30", "America/New_York", "exists twice"),
        ("2027-02-29 12:00", "UTC", "no date and time"),
    ],
)
def test_start_that_the_calendar_lacks_or_repeats_is_refused_on_that_very_day(
    call: Call, text: str, zone: str, wrong: str
) -> None:
    with freeze_time(f"{text[:10].replace('-29', '-28')} 06:30"):
        said = call("sessions", "add", *PEOPLE, "--start", text, "--tz", zone)
    assert (said.code, said.out) == (2, "")
    assert wrong in said.err


@STUMBLES
@pytest.mark.parametrize(("late", "warned"), [(timedelta(0), True), (LATER, False)])
def test_add_warns_of_a_session_that_has_ended_by_now(
    call: Call, moment: datetime, late: timedelta, warned: bool
) -> None:
    start = moment - timedelta(hours=1)
    with freeze_time(moment - late):
        said = call("sessions", "add", *PEOPLE, "--start", iso(start), "--duration", "1h")
    assert ("has ended already" in said.err) == warned


@pytest.mark.parametrize("moment", [SPRING, SPRING - timedelta(minutes=1), AUTUMN, LEAP_DAY, YEAR_END])
def test_piped_explain_shows_moments_in_utc(call: Call, moment: datetime) -> None:
    call("sessions", "add", "--id", "abc12345", *PEOPLE, "--start", iso(moment))
    with freeze_time(moment - timedelta(minutes=45)):
        told = call("explain", "abc12345").out
    assert f"starts   {iso(moment)}, in 45 min; 60 min" in told


def test_clock_is_read_anew_by_every_command(call: Call) -> None:
    call("sessions", "add", "--id", "abc12345", *PEOPLE, "--start", iso(LEAP_DAY))
    seen = []
    with freeze_time(LEAP_DAY - timedelta(hours=4)) as clock:
        for _ in range(6):
            seen.append(call("status", "--json").json["sessions"][0]["phase"])
            clock.tick(timedelta(hours=1))
    assert seen == ["booked", "setup_due", "setup_due", "setup_due", "setup_due", "past"]
