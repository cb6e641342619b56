"""`forecast`: what runs remember of guilds, when and where something runs out, and the setting that helps."""

from __future__ import annotations

from datetime import UTC

import pytest
from rich.cells import cell_len

from coachsync.clock import iso
from coachsync.domain.budget import GuildSight
from coachsync.domain.course import Ground, Rhythm, Stay
from coachsync.domain.forecast import forecast
from coachsync.domain.limits import MOST_ROLE_CREATIONS, ROLE_WINDOW
from coachsync.domain.model import DAY, HOUR
from coachsync.domain.windows import Policy
from coachsync.report.forecast import forecast_screen
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas
from coachsync.standin.limits import Bucket, Limits
from tests.kit.scene import QUARTER, ROLES, Scene, Stage
from tests.kit.town import T0


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage()


def _sight(scene: Scene) -> GuildSight | None:
    with scene.store(writable=False) as store:
        return store.ledger.sight(scene.guild)


# what runs remember


def test_run_remembers_what_in_the_guild_is_not_ours(scene: Scene) -> None:
    category = scene.world.add_category(scene.guild, "Coaching")
    scene.world.add_channel(scene.guild, "talk", parent=category)
    scene.world.add_role(scene.guild, "Staff")
    scene.configure(f'category_id = "{category}"')
    scene.book()
    scene.tick()
    first = _sight(scene)
    assert first is not None
    assert first[1:] == (3, 2, (1,))  # @everyone, the bot's own and Staff; the category and the channel in it
    scene.tick(5 * HOUR)
    last = _sight(scene)
    assert last is not None
    assert (last[1:], last.at > first.at) == (first[1:], True)


def test_run_remembers_discords_word_on_roles(scene: Scene) -> None:
    scene.standin.limits = Limits.discord()
    scene.book()
    scene.book("two")
    scene.tick()
    with scene.store(writable=False) as store:
        word = store.ledger.role_budget(scene.guild, scene.now()).word
    assert word is not None
    assert (word.most, word.left) == (MOST_ROLE_CREATIONS, MOST_ROLE_CREATIONS - 2)
    assert 47 * HOUR < word.resets_at - scene.now() < 49 * HOUR


def test_run_with_nothing_to_do_writes_nothing_of_guilds(scene: Scene) -> None:
    scene.book()
    scene.tick()
    before = _sight(scene)
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    scene.sql("DELETE FROM coachsync_sights")
    scene.tick(QUARTER)
    assert (before is not None, scene.standin.requests, _sight(scene)) == (True, [], None)


# the proof: what is foretold is what then happens


def _book_two_days(scene: Scene) -> None:
    """Book thirty sessions at once ten times, four hours apart, from tomorrow on."""
    first = scene.now() + DAY
    alone = {"studentDiscordId": scene.student, "coachDiscordId": scene.student, "duration": 60, "status": "SCHEDULED"}
    rows = [{"_id": f"s{n:03}", "scheduledDate": first + n // 30 * 4 * HOUR} | alone for n in range(300)]
    with scene.store() as store:
        store.bookings.import_rows(rows)


def test_three_hundred_bookings_run_out_of_roles_in_the_run_that_was_foretold(scene: Scene) -> None:
    scene.configure("max_requests_per_second = 1000")
    scene.world.monotonic = lambda: scene.now() / 1000
    role_limit = Bucket("create role", MOST_ROLE_CREATIONS, ROLE_WINDOW / 1000, "guild_id", "rolling")
    scene.standin.limits = Limits({("POST", ROLES): (role_limit,)})
    _book_two_days(scene)
    for _ in range(2):
        scene.tick(HOUR)
    told = scene.program("forecast", "--json", "--days", "4")
    tight = told.json["first"]
    assert (told.code, tight["limit"], tight["guild_id"]) == (1, "role_creations", scene.guild)
    assert tight["setting"] == {"setting": 'access = "member"', "section": "[discord]", "fits": True}
    scene.clock.advance(15 * HOUR)
    fallen: dict[str, int] = {}
    for _ in range(10):
        report = scene.tick(4 * HOUR)
        fallen[iso(report.now)] = sum(warning.code == "no_more_roles" for warning in report.warnings)
    assert next(at for at, many in fallen.items() if many) == tight["at"]
    assert sum(fallen.values()) == tight["sessions"] == 50


# what is shown


def _crowded(scene: Scene) -> None:
    for number in range(247):
        scene.world.add_role(scene.guild, f"rank {number}")
    scene.configure('category_id = "1400000000000000001"')
    scene.tick()
    for number in range(3):
        scene.book(f"s{number}", start=scene.now() + DAY + number * HOUR)


def test_plain_lines_say_what_is_tight_then_each_day_in_utc(scene: Scene) -> None:
    _crowded(scene)
    told = scene.program("forecast", "--days", "2", "--tz", "UTC")
    tight, hint, today, tomorrow = told.out.splitlines()
    assert (told.code, told.err) == (1, "")
    assert tight.startswith("full 20")
    assert "has its 250 roles; 2 sessions get no role of their own" in tight
    assert hint == 'hint: set access = "member" in [discord]: then nobody goes without'
    assert f"guild {scene.guild} near new 0 roles 249/250" in today
    assert f"guild {scene.guild} full new 3 roles 252/250 made 3/250 rooms 3/50 channels 3/500" in tomorrow


def test_setting_that_was_named_helps(scene: Scene) -> None:
    _crowded(scene)
    scene.access = "member"
    scene.configure()
    assert scene.program("forecast").code == 0
    assert scene.tick(DAY).warnings == ()


def test_sessions_that_are_open_or_moved_are_counted_where_they_are(scene: Scene) -> None:
    other = scene.another_guild()
    scene.book()
    scene.tick()
    scene.change(guildId=other)
    days = {guild["guild_id"]: guild for guild in scene.program("forecast", "--json").json["guilds"]}
    assert (days[scene.guild]["days"][0]["roles"]["peak"], days[other]["days"][0]["setups"]) == (3, 1)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_screen_fits_its_terminal(width: int, unicode: bool) -> None:
    first = T0 // DAY * DAY
    booked = tuple(Stay(f"s{n}", first + 30 * HOUR, first + 31 * HOUR) for n in range(400))
    ground = Ground("1100000000000000000", "[discord]", "role", categorised=True, bot="", stays=booked)
    rhythm = Rhythm(T0, T0, QUARTER, 720_000, 50)
    policy = Policy(frozenset(), frozenset(), "", 3 * HOUR, 2 * HOUR, HOUR, catch_up=True)
    found = forecast([ground], policy, rhythm, [first + n * DAY for n in range(15)])
    screen = forecast_screen(found, Moments(T0, UTC), Canvas(width, False, unicode, "utf-8" if unicode else "ascii"))
    lines = screen.splitlines()
    assert [line for line in lines if cell_len(line) > width] == []
    assert unicode or screen.isascii()
    assert lines[0] == "400 rooms to open in 14 days: not everything fits"
    assert sum(" Oct " in f"{line} " for line in lines if "RUN" not in line) >= 14


def test_guilds_in_which_nothing_opens_are_counted_in_a_line() -> None:
    first = T0 // DAY * DAY
    one, *others = (Ground(f"110000000000000000{n}", "[discord]", "role", categorised=False, bot="") for n in range(3))
    busy = one._replace(stays=(Stay("s", first + DAY, first + DAY + HOUR),))
    policy = Policy(frozenset(), frozenset(), "", 3 * HOUR, 2 * HOUR, HOUR, catch_up=True)
    rhythm = Rhythm(T0, T0, QUARTER, 720_000, 50)
    found = forecast([busy, *others], policy, rhythm, [first, first + DAY, first + 2 * DAY])
    screen = forecast_screen(found, Moments(T0, UTC), Canvas(80, False, True))
    assert "1 room to open in 2 days: everything fits" in screen
    assert "2 more guilds: nothing to open" in screen
    assert others[0].guild_id not in screen


@pytest.mark.parametrize("days", ["0", "61", "-1"])
def test_number_of_days_that_is_none_is_refused(scene: Scene, days: str) -> None:
    told = scene.program("forecast", "--days", days)
    assert (told.code, "give a number from 1 to 60" in told.err) == (2, True)
