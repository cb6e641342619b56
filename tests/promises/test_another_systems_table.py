"""Another system's table as the store (BOOKINGS §5): its bookings get their rooms, and nothing of it is changed."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from coachsync.config import load_settings
from coachsync.domain.model import DAY, HOUR, Millis
from tests.kit.scene import QUARTER, Scene, Stage

ZONE = "America/New_York"
TABLE = """
CREATE TABLE bookings (
    uuid TEXT PRIMARY KEY, kind TEXT, state TEXT CHECK (state <> 'DONE'), starts_at TEXT, ends_at TEXT,
    student_discord TEXT, coach_discord INTEGER, secret TEXT DEFAULT 'hash', is_open INTEGER, room TEXT
)"""
KEYS = f"""
table = "bookings"
where = "kind = 'coaching' -- no courses"
time = "timestamp"
timezone = "{ZONE}"
"""
COLUMNS = """
[store.columns]
id = "uuid"
status = "state"
start = "starts_at"
end = "ends_at"
student_discord_id = "student_discord"
coach_discord_id = "coach_discord"
"""
ID = "b7e1c0de-0000-4000-8000-00000000abcd"


def local(moment: Millis) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    return f"{at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}"


class System:
    """The other system."""

    def __init__(self, scene: Scene, keys: str = KEYS, rest: str = "") -> None:
        self.scene = scene
        scene.sql(TABLE)
        scene.configure(rest=keys + COLUMNS + rest)
        self.book(ID, scene.now() + 2 * HOUR + 2 * QUARTER)

    def book(self, uuid: str, start: Millis, kind: str = "coaching", state: str = "CONFIRMED") -> None:
        people = (self.scene.student, int(self.scene.coach))
        row = (uuid, kind, state, local(start), local(start + HOUR), *people)
        self.scene.sql("INSERT INTO bookings VALUES (?, ?, ?, ?, ?, ?, ?, 'hash', NULL, NULL)", *row)

    def rows(self) -> list[tuple[object, ...]]:
        kept = "name NOT LIKE 'coachsync%' AND name NOT LIKE 'sqlite%'"
        schema = self.scene.sql(f"SELECT name, sql FROM sqlite_master WHERE {kept}")
        return [*self.scene.sql("SELECT * FROM bookings"), *schema]


@pytest.fixture
def system(stage: Stage) -> System:
    return System(stage())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def live(scene: Scene) -> list[list[tuple[str, str]]]:
    """Let a session's whole life pass; return what each tick did."""
    done = []
    for later in (0, QUARTER, 3 * HOUR, 2 * HOUR, QUARTER):
        scene.tick(later)
        done.append(scene.done)
    return done


LIFE = [[("setup", "done")], [], [], [("cleanup", "done")], []]


def test_bookings_of_another_table_get_their_rooms_and_it_is_not_changed(system: System) -> None:
    system.book("course", system.scene.now() + 2 * HOUR, kind="course")
    before = system.rows()
    assert live(system.scene) == LIFE
    assert system.rows() == before


def test_the_room_is_open_to_both_people(system: System) -> None:
    scene = system.scene
    scene.tick()
    (room,) = [c for c, name in scene.world.channel_names(scene.guild).items() if "coaching-" in name]
    assert scene.world.who_can_enter(room) - {scene.bot, scene.owner} == {scene.student, scene.coach}


def test_a_ledger_elsewhere_leaves_the_whole_database_as_it_is(stage: Stage) -> None:
    system = System(stage(), KEYS + 'ledger = "sqlite:///ours.db"\n')
    scene = system.scene
    before = (digest(scene.file), sorted(p.name for p in scene.folder.iterdir()))
    assert live(scene) == LIFE
    made = {"ours.db", "ours.db.coachsync.lock"}
    assert (digest(scene.file), sorted({p.name for p in scene.folder.iterdir()} - made)) == before
    assert (scene.folder / "ours.db").stat().st_mode & 0o777 == 0o600


def test_marks_are_written_to_the_columns_that_are_mapped_for_them_alone(stage: Stage) -> None:
    marks = 'discord_setup_complete = "is_open"\ndiscord_channel_id = "room"\n'
    system = System(stage(), rest=marks)
    scene = system.scene
    scene.tick()
    (room,) = [c for c, name in scene.world.channel_names(scene.guild).items() if "coaching-" in name]
    assert scene.sql("SELECT is_open, room, state FROM bookings") == [(1, room, "CONFIRMED")]
    assert live(scene)[3:] == LIFE[3:]
    assert scene.sql("SELECT is_open, room, state FROM bookings") == [(1, room, "CONFIRMED")]


@pytest.mark.parametrize(("completed", "state"), [("ATTENDED", "ATTENDED"), ("DONE", "CONFIRMED"), ("", "CONFIRMED")])
def test_a_status_is_written_if_the_file_says_which(stage: Stage, completed: str, state: str) -> None:
    system = System(stage(), rest=f'[statuses]\ncompleted = "{completed}"\n')
    assert live(system.scene) == LIFE
    assert system.scene.sql("SELECT state FROM bookings") == [(state,)]


def test_what_the_other_system_moves_and_cancels_is_followed(system: System) -> None:
    scene = system.scene
    scene.tick()
    moved = scene.now() + 2 * DAY
    scene.sql("UPDATE bookings SET starts_at = ?, ends_at = ?", local(moved), local(moved + HOUR))
    scene.tick(QUARTER)
    assert scene.done == [("revoke", "done")]
    scene.tick(2 * DAY - 2 * HOUR)
    assert scene.done == [("setup", "done")]
    scene.sql("UPDATE bookings SET state = 'CANCELLED'")
    scene.tick(QUARTER)
    assert scene.done == [("cleanup", "done")]


@pytest.mark.parametrize(
    "command",
    [
        ["sessions", "add", "--student", "1100000000000000010", "--coach", "1100000000000000011",
         "--start", "2099-01-01T10:00Z"],
        ["sessions", "cancel", ID],
        ["sessions", "reschedule", ID, "--start", "2099-01-01T10:00Z"],
        ["sessions", "import", "-"],
    ],
    ids=lambda command: command[1],
)  # fmt: skip
def test_commands_that_write_bookings_are_refused_naming_the_key(system: System, command: list[str]) -> None:
    before = system.rows()
    scene = system.scene
    result = scene.home.start("--config", str(scene.home.config), *command, stdin="[]")
    assert (result.code, "[store] table" in result.err, system.rows()) == (3, True, before)


def test_times_without_a_zone_are_refused_naming_the_key(stage: Stage) -> None:
    system = System(stage(), KEYS.replace("timezone", "# timezone"))
    result = system.scene.program("run")
    assert (result.code, "store.timezone is not set" in result.err) == (3, True)


@pytest.mark.parametrize(
    ("time", "readings"),
    [
        ("2026-11-01 01:30:00", "exists twice in America/New_York, because the clocks change: "
         "2026-11-01T05:30:00Z or 2026-11-01T06:30:00Z?"),
        ("2027-03-14 02:30:00", "does not exist in America/New_York, because the clocks change: "
         "2027-03-14T06:30:00Z or 2027-03-14T07:30:00Z?"),
    ],
    ids=["twice", "never"],
)  # fmt: skip
def test_a_local_time_that_the_clocks_skip_or_repeat_spoils_its_row_alone(
    system: System, time: str, readings: str
) -> None:
    scene = system.scene
    scene.sql("INSERT INTO bookings (uuid, kind, state, starts_at) VALUES ('odd', 'coaching', 'CONFIRMED', ?)", time)
    told = scene.program("explain", "odd").out
    assert readings in " ".join(told.split())
    scene.tick()
    assert scene.done == [("setup", "done")]


def test_a_lost_ledger_is_rebuilt_and_the_room_is_kept(system: System) -> None:
    scene = system.scene
    scene.tick()
    before = scene.things()
    with closing(sqlite3.connect(scene.file)) as connection:
        names = [row[0] for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'coachsync%'")]  # fmt: skip
        for name in names:
            connection.execute(f"DROP TABLE {name}")
        connection.commit()
    scene.tick(QUARTER)
    assert scene.things() == before


def test_a_view_can_be_the_table(stage: Stage) -> None:
    system = System(stage())
    scene = system.scene
    scene.sql("CREATE VIEW coachings AS SELECT *, 'x-' || uuid AS reference FROM bookings WHERE kind = 'coaching'")
    scene.configure(rest=(KEYS + COLUMNS).replace('"bookings"', '"main.coachings"').replace('"uuid"', '"reference"'))
    assert live(scene) == LIFE


def test_sessions_are_shown_with_their_mapped_fields_alone(system: System) -> None:
    scene = system.scene
    shown = scene.program("sessions", "export").json
    assert [(s["_id"], s["status"], s["duration"], "secret" in s) for s in shown] == [(ID, "CONFIRMED", 60, False)]
    assert isinstance(load_settings(str(scene.home.config), {}).store.mapping, tuple)


@pytest.mark.parametrize("ledger", ["", 'ledger = "sqlite:///ours.db"\n'])
def test_who_is_forgotten_is_erased_from_the_ledger_and_the_table_is_not_changed(stage: Stage, ledger: str) -> None:
    system = System(stage(), KEYS + ledger)
    scene = system.scene
    live(scene)
    scene.sql("UPDATE bookings SET starts_at = '2020-01-01 10:00:00', ends_at = '2020-01-01 11:00:00'")
    before = system.rows()
    refused = scene.program("sessions", "forget", scene.student, "--in-store", "--yes")
    assert (refused.code, refused.complaint) == (3, ["error", "hint"])
    assert scene.program("sessions", "forget", scene.student, "--yes").code == 0
    (receipt,) = scene.program("sessions", "receipts", "--json").json["receipts"]
    assert [access["id"] for access in receipt["access"]] == ["forgotten", scene.coach]
    assert scene.program("sessions", "prune", "--older-than", "1d", "--receipts", "--yes").code == 0
    assert system.rows() == before


@pytest.mark.parametrize(
    "command",
    [("sessions", "prune", "--older-than", "1d"), ("sessions", "forget", "1000000000000000000", "--in-store")],
)
def test_what_is_not_erased_is_named_by_table_and_key(stage: Stage, command: tuple[str, ...]) -> None:
    scene = System(stage(), KEYS + 'ledger = "sqlite:///ours.db"\n').scene
    scene.tick()
    ended = scene.program(*command, *([] if "prune" in command else ["--dry-run"]))
    told = ended.out + ended.err
    assert ("the table bookings: [store] table" in told, "ours.db" in told) == (True, False)
