"""Bookings that are pulled: rooms follow them, and a source that fails takes nothing away."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from coachsync import waits
from coachsync.cli.pulling import puller
from coachsync.clock import host_now, iso
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis, Report
from tests.bookings.sources.feed import Feed, Reply, document, entry
from tests.bookings.sources.test_program import is_over
from tests.kit.home import JSON, SQLITE
from tests.kit.scene import QUARTER, Scene, Stage
from tests.kit.town import TOKEN

NOBODY = "http://127.0.0.1:9/feed"
SOON: Millis = 2 * HOUR + 30 * MINUTE


class Pulling:
    """A scene whose bookings are pulled from a feed named `page`."""

    def __init__(self, scene: Scene, feed: Feed, more: str = "", form: str = "json", path: str = "/feed") -> None:
        self.scene, self.feed = scene, feed
        scene.configure(rest=f'[sources.page]\ntype = "{form}"\nurl = "{feed.origin}{path}"\n{more}')

    def knows_people(self) -> None:
        """Write a file of people, by mail."""
        file = self.scene.folder / "people.toml"
        file.write_text(f'"j@x.org" = "{self.scene.student}"\n"s@x.org" = "{self.scene.coach}"\n', "utf-8")
        file.chmod(0o600)

    def entry(self, key: str, start: Millis, **fields: Any) -> dict[str, Any]:
        people = {"studentDiscordId": self.scene.student, "coachDiscordId": self.scene.coach}
        return entry(key, start, **people | fields)

    def says(self, *entries: dict[str, Any]) -> None:
        self.feed.reply = Reply(200, document(*entries))

    def tick(self, later: Millis = 0, *, force: bool = False) -> Report:
        pull = puller(SimpleNamespace(environ={}), self.scene.settings, force=force, tell=None)  # type: ignore[arg-type]
        return self.scene.tick(later, pull=pull, force=force)

    def causes(self) -> list[tuple[str, str]]:
        followed = self.scene.report.followed
        return [] if followed is None else [(cause.code, cause.about) for cause in followed.standing]

    @property
    def rooms(self) -> list[str]:
        """The ids of all rooms."""
        names = self.scene.world.channel_names(self.scene.guild)
        return [i for i, name in names.items() if name.startswith("🎤")]

    def statuses(self) -> dict[str, str]:
        with self.scene.store(writable=False) as store:
            return {row["_id"]: row["status"] for row in store.bookings.export()}


@pytest.fixture
def feed() -> Iterator[Feed]:
    with Feed(Reply(200, b"[]")) as feed:
        yield feed


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """Return a scene: what a source may change is the same over each store."""
    return stage()


@pytest.fixture
def pulling(scene: Scene, feed: Feed) -> Pulling:
    return Pulling(scene, feed)


@pytest.fixture
def complete(scene: Scene, feed: Feed) -> Pulling:
    return Pulling(scene, feed, "complete = true\n")


def times_of(start: Millis) -> dict[str, str]:
    return {"start": iso(start), "end": iso(start + HOUR)}


def three(pulling: Pulling, start: Millis) -> list[dict[str, Any]]:
    return [pulling.entry(f"one0000{n}", start) for n in range(3)]


@pytest.mark.parametrize("store", [SQLITE, JSON])
def test_room_follows_a_pulled_booking_that_moves_and_is_cancelled(stage: Stage, feed: Feed, store: str) -> None:
    pulling = Pulling(stage(store=store), feed)
    scene = pulling.scene
    start = scene.now() + SOON
    pulling.says(pulling.entry("one00001", start))
    pulling.tick()
    (room,) = pulling.rooms
    assert scene.world.who_can_enter(room) >= {scene.student, scene.coach}
    pulling.says(pulling.entry("one00001", start + DAY))
    pulling.tick(QUARTER)
    assert (scene.done, pulling.rooms) == ([("revoke", "done")], [])
    pulling.tick(DAY)
    assert pulling.rooms != []
    pulling.says(pulling.entry("one00001", start + DAY, status="CANCELLED"))
    pulling.tick(QUARTER)
    assert (scene.done, pulling.rooms) == ([("cleanup", "done")], [])


def test_source_that_fails_is_a_cause_until_it_works_again_and_rooms_go_on(pulling: Pulling) -> None:
    scene = pulling.scene
    pulling.says(pulling.entry("one00001", scene.now() + SOON))
    pulling.tick()
    pulling.feed.reply = Reply(500, b"")
    pulling.tick(QUARTER)
    assert (pulling.causes(), scene.report.exit_code, len(pulling.rooms)) == ([("source_failed", "page")], 0, 1)
    pulling.says(pulling.entry("one00001", scene.now() + SOON - QUARTER))
    report = pulling.tick(QUARTER)
    assert report.followed is not None
    assert [(end.cause.code, end.how) for end in report.followed.ended] == [("source_failed", "mended")]


def test_source_that_is_configured_no_more_is_a_cause_no_more(pulling: Pulling) -> None:
    pulling.feed.reply = Reply(500, b"")
    pulling.tick()
    pulling.scene.configure()
    report = pulling.scene.tick(QUARTER)
    assert report.followed is not None
    assert (report.followed.standing, len(report.followed.ended)) == ((), 1)


@pytest.mark.parametrize("body", [b"[]", b"", b"{", b"<html>", b'[{"_id": "x"}, 5]'])
def test_source_that_is_suddenly_empty_or_malformed_changes_nothing(pulling: Pulling, body: bytes) -> None:
    pulling.says(*three(pulling, pulling.scene.now() + DAY))
    pulling.tick()
    before = pulling.statuses()
    pulling.feed.reply = Reply(200, body)
    pulling.tick(QUARTER)
    assert [code for code, _ in pulling.causes()] in (["source_failed"], ["source_rows"])
    assert (pulling.statuses(), len(before)) == (before, 3)


def test_what_a_feed_does_not_show_stays_booked(pulling: Pulling) -> None:
    rows = three(pulling, pulling.scene.now() + DAY)
    pulling.says(*rows)
    pulling.tick()
    pulling.says(rows[0])
    for _ in range(3):
        pulling.tick(QUARTER)
    assert (set(pulling.statuses().values()), pulling.causes()) == ({"SCHEDULED"}, [])


def test_what_a_complete_source_lacks_twice_is_cancelled(complete: Pulling) -> None:
    rows = three(complete, complete.scene.now() + SOON)
    complete.says(*rows)
    complete.tick()
    complete.says(*rows[1:])
    complete.tick(5 * MINUTE)
    assert len(complete.rooms) == 3
    complete.tick(10 * MINUTE)
    assert (complete.statuses()["page:one00000"], len(complete.rooms)) == ("CANCELLED", 2)
    complete.says(*rows)
    complete.tick(5 * MINUTE)
    assert (complete.statuses()["page:one00000"], len(complete.rooms)) == ("SCHEDULED", 3)


def test_what_a_complete_source_lacks_is_not_cancelled_once_it_has_begun(complete: Pulling) -> None:
    scene = complete.scene
    rows = three(complete, scene.now() + SOON)
    complete.says(*rows)
    complete.tick()
    scene.clock.advance(SOON)
    complete.says(*rows[1:])
    complete.tick(MINUTE)
    complete.tick(QUARTER)
    assert len(complete.rooms) == 3


def test_complete_source_that_shrinks_by_half_is_taken_for_an_accident(complete: Pulling) -> None:
    start = complete.scene.now() + DAY
    rows = [complete.entry(f"one0000{n}", start) for n in range(6)]
    complete.says(*rows)
    complete.tick()
    complete.says(*rows[3:])
    for _ in range(3):
        complete.tick(QUARTER)
    assert (complete.causes(), set(complete.statuses().values())) == ([("source_failed", "page")], {"SCHEDULED"})
    complete.tick(QUARTER, force=True)
    assert sorted(complete.statuses().values()) == ["CANCELLED"] * 3 + ["SCHEDULED"] * 3


def test_entry_that_cannot_be_told_from_another_cancels_nothing(complete: Pulling) -> None:
    rows = three(complete, complete.scene.now() + DAY)
    complete.says(*rows)
    complete.tick()
    complete.feed.reply = Reply(200, document(*rows[1:], {"status": "SCHEDULED"}))
    complete.tick(QUARTER)
    complete.tick(QUARTER)
    assert (complete.causes(), set(complete.statuses().values())) == ([("source_rows", "page")], {"SCHEDULED"})


def test_two_sources_with_equal_ids_and_the_stores_own_never_meet(pulling: Pulling) -> None:
    scene = pulling.scene
    with Feed(Reply(200, document(pulling.entry("one00001", scene.now() + SOON)))) as other:
        more = f'[sources.other]\ntype = "json"\nurl = "{other.origin}/"\n'
        pulling = Pulling(scene, pulling.feed, more)
        scene.book("one00001")
        pulling.says(pulling.entry("one00001", scene.now() + SOON, status="CANCELLED"))
        pulling.tick()
    found = pulling.statuses()
    assert found == {"one00001": "SCHEDULED", "other:one00001": "SCHEDULED", "page:one00001": "CANCELLED"}


def test_nothing_new_is_asked_for_and_not_taken_in_twice(pulling: Pulling) -> None:
    body = document(pulling.entry("one00001", pulling.scene.now() + DAY))

    def reply(headers: dict[str, str]) -> Reply:
        known = headers.get("if-none-match") == '"1"'
        return Reply(304, b"", {"ETag": '"1"'}) if known else Reply(200, body, {"ETag": '"1"'})

    pulling.feed.reply = reply
    pulling.tick()
    pulling.tick(QUARTER)
    pulling.tick(6 * HOUR)
    asked = ["if-none-match" in headers for _, headers in pulling.feed.heard]
    assert asked == [False, True, False]


def test_source_is_asked_no_more_often_than_every_says_or_than_it_wants(scene: Scene, feed: Feed) -> None:
    pulling = Pulling(scene, feed, 'every = "1h"\n')
    for _ in range(5):
        pulling.tick(QUARTER)
    assert len(feed.heard) == 2
    feed.reply = Reply(429, b"", {"Retry-After": "3000"})
    pulling = Pulling(scene, feed)
    pulling.tick(QUARTER)
    pulling.tick(QUARTER)
    assert (len(feed.heard), pulling.causes()) == (3, [("source_failed", "page")])


def test_booking_that_moves_in_cal_coms_way_keeps_its_room_and_its_people(scene: Scene, feed: Feed) -> None:
    (scene.folder / "key").write_text("cal_test_0123456789abcdef", "utf-8")
    more = 'token_file = "key"\npeople = "people.toml"\n'
    pulling = Pulling(scene, feed, more, "calcom", "/v2/bookings")
    pulling.knows_people()

    def says(*bookings: tuple[str, str, str, Millis]) -> None:
        people = {"attendees": [{"name": "John", "email": "j@x.org"}], "hosts": [{"name": "Sarah", "email": "s@x.org"}]}
        rows = [
            {"uid": uid, "status": status, "rescheduledFromUid": former, **times_of(start), **people}
            for uid, status, former, start in bookings
        ]
        feed.reply = Reply(200, json.dumps({"status": "success", "data": rows}).encode())

    start = scene.now() + SOON
    says(("first", "accepted", "", start))
    pulling.tick()
    (room,) = pulling.rooms
    says(("first", "cancelled", "", start), ("second", "accepted", "first", start + QUARTER))
    pulling.tick(QUARTER)
    assert (pulling.rooms, scene.world.who_can_enter(room) >= {scene.student, scene.coach}) == ([room], True)
    says(("first", "cancelled", "", start), ("second", "accepted", "first", start + DAY))
    pulling.tick(QUARTER)
    assert pulling.rooms == []
    assert feed.heard[0][1]["cal-api-version"] == "2024-08-13"


CALENDAR = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
UID:lesson-1@calendar.example\r
DTSTART:{start}\r
DTEND:{end}\r
STATUS:{status}\r
ORGANIZER;CN=Sarah:mailto:s@x.org\r
ATTENDEE;CN=John:mailto:j@x.org\r
END:VEVENT\r
"""


def test_calendar_that_breaks_off_changes_nothing_and_a_whole_one_does(scene: Scene, feed: Feed) -> None:
    pytest.importorskip("icalendar")
    more = 'people = "people.toml"\nmap = {student = "attendee", coach = "organizer"}\n'
    pulling = Pulling(scene, feed, more, "ics", "/basic.ics")
    pulling.knows_people()

    def says(status: str, rest: str) -> None:
        start = scene.now() + SOON
        times = {name: at[:19].replace("-", "").replace(":", "") + "Z" for name, at in times_of(start).items()}
        feed.reply = Reply(200, (CALENDAR.format(status=status, **times) + rest).encode())

    says("CONFIRMED", "END:VCALENDAR\r\n")
    pulling.tick()
    (room,) = pulling.rooms
    assert scene.world.who_can_enter(room) >= {scene.student, scene.coach}
    says("CANCELLED", "BEGIN:VEV")
    pulling.tick(QUARTER)
    assert (pulling.rooms, pulling.causes()) == ([room], [("source_failed", "page")])
    says("CANCELLED", "END:VCALENDAR\r\n")
    pulling.tick(QUARTER)
    assert (pulling.rooms, pulling.causes()) == ([], [])


def test_series_that_cannot_be_read_any_more_cancels_none_of_its_lessons(scene: Scene, feed: Feed) -> None:
    pytest.importorskip("icalendar")
    pulling = Pulling(scene, feed, "complete = true\n", "ics", "/basic.ics")
    start = iso(scene.now() + DAY)[:19].replace("-", "").replace(":", "") + "Z"

    def says(rule: str) -> None:
        series = f"BEGIN:VEVENT\r\nUID:series\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nRRULE:{rule}\r\nEND:VEVENT\r\n"
        others = (f"BEGIN:VEVENT\r\nUID:u{n}\r\nDTSTART:{start}\r\nDURATION:PT1H\r\nEND:VEVENT\r\n" for n in range(5))
        feed.reply = Reply(200, f"BEGIN:VCALENDAR\r\n{series}{''.join(others)}END:VCALENDAR\r\n".encode())

    says("FREQ=DAILY;COUNT=2")
    pulling.tick()
    assert len(pulling.statuses()) == 7
    says("FREQ=SECONDLY")
    for _ in range(3):
        pulling.tick(QUARTER)
    assert (set(pulling.statuses().values()), pulling.causes()) == ({"CONFIRMED"}, [("source_rows", "page")])
    says("FREQ=DAILY;COUNT=1")
    for _ in range(3):
        pulling.tick(QUARTER)
    assert sorted(pulling.statuses().values()) == ["CANCELLED"] + ["CONFIRMED"] * 6


def events(*texts: str) -> Reply:
    """Return a calendar of these events."""
    told = "".join(f"BEGIN:VEVENT\r\n{text}\r\nDURATION:PT1H\r\nEND:VEVENT\r\n" for text in texts)
    return Reply(200, f"BEGIN:VCALENDAR\r\n{told}END:VCALENDAR\r\n".encode())


def basic(moment: Millis) -> str:
    return iso(moment)[:19].replace("-", "").replace(":", "") + "Z"


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ("UID:s\r\nDTSTART:{start}\r\nRRULE:FREQ=DAILY;COUNT=2", [0, 1]),  # it ends earlier
        ("UID:s\r\nDTSTART:{later}\r\nRRULE:FREQ=DAILY;COUNT=3", []),  # it is moved as a whole
        ("UID:s\r\nDTSTART:{start}", []),  # it is a single event now
        ("UID:other\r\nDTSTART:{start}", [0, 1, 2]),  # it is not shown any more: a window's edge
        ("UID:s\r\nDTSTART:{start}\r\nRECURRENCE-ID:{start}", [0, 1, 2]),  # a window that shows single instances
        ("UID:s\r\nDTSTART:{start}\r\nRRULE:FREQ=SECONDLY", [0, 1, 2]),  # it cannot be read
    ],
)
def test_instance_that_its_series_has_no_more_is_cancelled_and_one_that_is_not_shown_is_not(
    scene: Scene, feed: Feed, after: str, left: list[int]
) -> None:
    pytest.importorskip("icalendar")
    pulling = Pulling(scene, feed, "", "ics", "/basic.ics")
    first = scene.now() + DAY
    times = {"start": basic(first), "later": basic(first + HOUR)}
    other = f"UID:u\r\nDTSTART:{times['start']}"
    feed.reply = events("UID:s\r\nDTSTART:{start}\r\nRRULE:FREQ=DAILY;COUNT=3".format(**times), other)
    pulling.tick()
    former = [f"page:s/{basic(first + n * DAY)}" for n in range(3)]
    assert pulling.statuses().keys() == {*former, "page:u"}
    feed.reply = events(after.format(**times), other)
    pulling.tick(QUARTER)
    found = pulling.statuses()
    assert [n for n, session in enumerate(former) if found[session] == "CONFIRMED"] == left
    pulling.tick(QUARTER)
    assert pulling.statuses() == found


def test_only_a_run_that_acts_pulls(pulling: Pulling) -> None:
    scene = pulling.scene
    for arguments in (["run", "--no-sources"], ["run", "--dry-run"], ["setup"], ["cleanup"]):
        assert scene.program(*arguments).code == 0
    assert "pulls no source" in scene.program("run", "--dry-run").out
    assert pulling.feed.heard == []
    assert scene.program("run").code == 0
    assert len(pulling.feed.heard) == 1


def test_store_that_is_locked_while_pulling_loses_nothing(pulling: Pulling) -> None:
    scene = pulling.scene
    pulling.tick()
    pulling.says(pulling.entry("one00001", scene.now() + SOON))
    with closing(sqlite3.connect(scene.file)) as other, waits.hurried(sqlite_lock=0.05):
        other.execute("BEGIN EXCLUSIVE")
        scene.program("run")
    pulling.tick()
    assert len(pulling.rooms) == 1


def test_run_that_is_ended_while_pulling_ends_its_programs(scene: Scene) -> None:
    pid = scene.folder / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; sleep 60"
    scene.configure(rest=f"[sources.slow]\ntype = \"json\"\ncommand = ['/bin/sh', '-c', '{script}']\n")
    with scene.popen("run", COACHSYNC_TOKEN=TOKEN) as process:
        for _ in range(2000):
            if pid.exists():
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 143
    assert is_over(int(pid.read_text()))


def test_secrets_of_a_source_are_never_shown(scene: Scene, feed: Feed) -> None:
    secret, path = "s3cret-of-the-feed-0123456789", "/private-abcdef0123456789/basic.ics"
    (scene.folder / "secret").write_text(secret)
    feed.reply = Reply(401, secret.encode())
    scene.configure(
        rest=f'[sources.page]\ntype = "ics"\nurl = "{feed.origin}{path}"\ntoken_file = "secret"\n',
    )
    done = scene.program("sync", "--verbose")
    assert (done.code, feed.heard[0][1]["authorization"]) == (1, f"Bearer {secret}")
    assert "abcdef0123456789" not in done.out + done.err
    assert secret not in done.out + done.err


def test_sources_are_asked_at_once(scene: Scene, feed: Feed) -> None:
    both = threading.Barrier(2, timeout=5)

    def reply(_: dict[str, str]) -> Reply:
        both.wait()  # for the other one to be asked
        return Reply(200, b"[]")

    feed.reply = reply
    pulling = Pulling(scene, feed, f'[sources.other]\ntype = "json"\nurl = "{feed.origin}/other"\n')
    pulling.tick()
    assert (pulling.causes(), both.broken) == ([], False)


def test_file_of_people_that_changed_is_heeded_though_the_source_has_nothing_new(scene: Scene, feed: Feed) -> None:
    pulling = Pulling(scene, feed, 'people = "people.toml"\nmap = {student = "mail"}\n')
    (scene.folder / "people.toml").write_text("", "utf-8")
    (scene.folder / "people.toml").chmod(0o600)
    row = pulling.entry("one00001", scene.now() + SOON, mail="j@x.org")
    del row["studentDiscordId"]
    pulling.says(row)
    pulling.tick()
    pulling.knows_people()
    pulling.tick(QUARTER)
    (room,) = pulling.rooms
    assert scene.world.who_can_enter(room) >= {scene.student, scene.coach}


def test_quiet_run_tells_of_a_source_once(pulling: Pulling) -> None:
    pulling.feed.reply = Reply(500, b"")
    first, again = (pulling.scene.program("run", "--quiet") for _ in range(2))
    assert ("source_failed" in first.err, first.out + again.out + again.err) == (True, "")


def test_what_is_changed_by_hand_stands_until_the_source_says_something_else(pulling: Pulling) -> None:
    scene = pulling.scene
    start = scene.now() + SOON
    pulling.says(pulling.entry("one00001", start))
    pulling.tick()
    assert scene.program("sessions", "cancel", "page:one00001").code == 0
    pulling.says(pulling.entry("one00001", start), pulling.entry("two00001", start))
    pulling.tick(QUARTER)
    assert pulling.statuses()["page:one00001"] == "CANCELLED"
    pulling.says(pulling.entry("one00001", start + QUARTER), pulling.entry("two00001", start))
    pulling.tick(QUARTER)
    assert pulling.statuses()["page:one00001"] == "SCHEDULED"


# sync


def test_sync_leaves_a_run_alone_that_is_under_way(pulling: Pulling) -> None:
    with pulling.scene.store() as store, store.run_lock(0, "a test"):
        done = pulling.scene.program("sync", "--json")
    assert (done.code, done.json["error"]["code"], pulling.feed.heard) == (4, "locked", [])


def test_sync_mends_the_cause_that_a_run_saw(pulling: Pulling) -> None:
    pulling.feed.reply = Reply(500, b"")
    pulling.tick()
    pulling.feed.reply = Reply(200, b"[]")
    assert pulling.scene.program("sync").code == 0
    with pulling.scene.store(writable=False) as store:
        assert store.ledger.causes() == ()


def test_sync_takes_in_what_is_good_and_tells_what_is_not(scene: Scene, feed: Feed) -> None:
    pulling = Pulling(scene, feed)
    later = host_now() + 30 * DAY
    pulling.feed.reply = Reply(200, document(pulling.entry("one00001", later), {"_id": "two", "start": "soon"}))
    tried = scene.program("sync", "--dry-run")
    assert (tried.code, pulling.statuses()) == (1, {})
    done = scene.program("sync", "--json")
    (found,) = done.json["sources"]
    assert (done.code, found["added"], [row["session"] for row in found["refused"]]) == (
        1,
        ["page:one00001"],
        ["page:two"],
    )
    pulling.says(pulling.entry("one00001", later))
    again = scene.program("sync", "page")
    assert (again.code, again.out, again.err) == (0, "page: 0 new, 0 changed, 1 unchanged, 0 refused\n", "")


def test_sync_goes_by_the_moment_that_it_is_told(complete: Pulling) -> None:
    start = host_now() + DAY
    complete.says(*three(complete, start), complete.entry("two00001", start))
    moments = [host_now() + later for later in (0, 5 * MINUTE, 16 * MINUTE)]
    found = []
    for moment in moments:
        found.append(complete.scene.program("sync", "--json", "--now", str(moment)).json)
        complete.says(*three(complete, start))
    assert [document["now"] for document in found] == [iso(moment) for moment in moments]
    assert [document["sources"][0]["cancelled"] for document in found] == [[], [], ["page:two00001"]]


def test_sync_at_another_time_with_real_discord_needs_force(complete: Pulling) -> None:
    discord = ['api_base = "https://discord.com/api/v10"']
    complete.scene.home.configure(complete.scene.guild, discord, f'[sources.page]\ntype = "json"\nurl = "{NOBODY}"\n')
    done = [complete.scene.program("sync", "--now", "2030-10-14T14:00:00Z", *more) for more in ((), ("--dry-run",))]
    assert [(one.code, "--now without --dry-run" in one.err) for one in done] == [(2, True), (1, False)]


def test_sync_of_a_source_that_is_not_there_is_wrong_usage(pulling: Pulling) -> None:
    done = pulling.scene.program("sync", "pag")
    assert (done.code, "name one of page" in done.err) == (2, True)


def test_sync_without_sources_says_what_to_configure(scene: Scene) -> None:
    done = scene.program("sync")
    assert (done.code, "[sources.NAME]" in done.err) == (3, True)


def test_file_of_people_goes_before_the_search_for_a_user_name(stage: Stage, feed: Feed) -> None:
    scene = stage()
    pulling = Pulling(scene, feed, 'people = "people.toml"\n')
    known, searched = scene.person("other_name"), scene.person("mike")
    scene.person("nadja")
    (scene.folder / "people.toml").write_text(f'"Nadja" = "{known}"\n', "utf-8")
    (scene.folder / "people.toml").chmod(0o600)
    ids = {"studentDiscordId": None, "coachDiscordId": None}
    names = {"studentDiscordName": "@nadja", "coachDiscordName": "mike"}
    pulling.says(pulling.entry("one00001", scene.now() + SOON, **ids, **names))
    pulling.tick()
    (room,) = pulling.rooms
    assert scene.world.who_can_enter(room) - {scene.bot, scene.owner} == {known, searched}
