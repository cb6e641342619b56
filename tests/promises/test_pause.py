"""What an operator pauses stays as it is: nobody is let in, and what takes access away goes on unless they say so."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.clock import host_now, iso
from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.domain.pauses import Pause
from coachsync.domain.permissions import ENTER, MEMBER
from coachsync.standin import Request
from coachsync.standin.answers import Reply
from tests.kit import installed
from tests.kit.home import GUILD, Home
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene
from tests.kit.town import TOKEN


def pause(scene: Scene, session_id: str = "", guild_id: str = "", *, removals: bool = False, hours: int = 24) -> None:
    """Pause something from now on, as the command does, on the scene's clock."""
    now = scene.now()
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.pause(Pause(session_id, guild_id, now, now + hours * HOUR, "maintenance", removals))


def resume(scene: Scene) -> None:
    """End every pause."""
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.end_pauses(store.ledger.pauses(0))


# runs


def test_paused_setup_sends_nothing_and_is_no_failure_until_it_is_late(scene: Scene) -> None:
    scene.tick()
    scene.book()
    pause(scene)
    assert scene.tick().exit_code == 0
    assert (scene.done, scene.codes, scene.standin.requests) == ([("setup", "deferred")], ["paused"], [])
    assert scene.tick(HOUR).exit_code == 1
    assert (scene.done, scene.codes, scene.writes) == ([("setup", "failed")], ["paused"], [])


def test_setup_follows_when_the_pause_ends_by_itself(scene: Scene) -> None:
    scene.book()
    pause(scene, hours=1)
    scene.tick()
    assert scene.tick(HOUR).exit_code == 0
    assert scene.done == [("setup", "done")]


def test_dry_run_shows_what_waits_as_the_run_does(scene: Scene) -> None:
    scene.book()
    pause(scene)
    scene.tick(dry_run=True)
    assert (scene.done, scene.report.exit_code) == ([("setup", "deferred")], 0)


def test_quiet_run_tells_of_a_pause_when_a_session_waits_when_it_is_late_and_when_it_is_over(scene: Scene) -> None:
    scene.tick()
    pause(scene)
    heads = []
    for act in (lambda: None, scene.book, lambda: None, lambda: scene.clock.advance(HOUR), lambda: resume(scene)):
        act()
        done = scene.program("run", "--quiet")
        heads.append((done.code, [line.partition(":")[0] for line in done.err.splitlines() if "paused" in line]))
    assert heads == [(0, []), (0, ["failing"]), (0, []), (1, ["late"]), (0, ["mended"])]


def test_run_writes_no_line_of_the_story_for_each_time_it_waits(scene: Scene) -> None:
    scene.book()
    pause(scene)
    for _ in range(3):
        scene.tick()
    with scene.store(writable=False) as store:
        assert store.ledger.events(ID) == []


def test_cleanup_of_a_paused_session_goes_on(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene)
    scene.tick(5 * HOUR)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_pause_with_removals_leaves_room_and_people_as_they_are(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene, removals=True)
    scene.change(studentDiscordId=scene.stranger)
    assert scene.tick().exit_code == 0
    assert (scene.writes, scene.people_in_reach()) == ([], {scene.student, scene.coach})
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    assert (scene.writes, scene.people_in_reach()) == ([], {scene.student, scene.coach})
    resume(scene)
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_leaver_goes_and_newcomer_waits_until_the_pause_ends(any_access: Scene) -> None:
    scene = any_access
    scene.book(start=scene.now() + 10 * QUARTER)
    scene.tick()
    pause(scene)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick()
    assert scene.people_in_reach() == {scene.coach}
    assert scene.tick(QUARTER).exit_code == 0
    assert scene.people_in_reach() == {scene.coach}
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.coach, scene.stranger}


def test_leaver_who_sits_inside_is_out_and_nobody_new_is_in(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    scene.world.connect_voice(scene.guild, scene.student, scene.room())
    pause(scene)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick()
    assert scene.world.who_is_in(scene.room()) == set()
    assert scene.people_in_reach() <= {scene.coach}


def test_stranger_is_sent_away_from_the_room_of_a_paused_session(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene)
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, allow=ENTER)
    assert scene.tick(QUARTER).exit_code == 1
    assert (scene.codes, scene.people_in_reach()) == (["room_open_to_others"], {scene.student, scene.coach})


def test_stranger_in_a_room_whose_removals_are_paused_is_told_of_in_every_run(any_access: Scene) -> None:
    scene = any_access
    scene.book()
    scene.tick()
    pause(scene, removals=True)
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, allow=ENTER)
    for _ in range(2):
        assert scene.tick(MINUTE).exit_code == 1
        assert (scene.codes, scene.writes) == (["room_open_to_others"], [])
        assert "`coachsync resume`" in scene.hint


def test_room_that_vanished_while_paused_is_told_of_and_made_again_afterwards(scene: Scene) -> None:
    scene.book()
    scene.tick()
    pause(scene)
    scene.world.delete_channel(scene.room())
    assert scene.tick().exit_code == 0
    assert (scene.done, scene.writes) == ([("repair", "deferred")], [])
    assert "its room vanished" in scene.report.outcomes[0].error.message  # type: ignore[union-attr]
    assert scene.entry().current("channel") is None
    assert scene.tick(HOUR).exit_code == 1
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_setup_begun_by_force_while_paused_is_kept(scene: Scene) -> None:
    scene.book()
    pause(scene)
    scene.tick(0, "setup", ID)
    assert (scene.done, scene.codes, scene.report.exit_code) == ([("setup", "refused")], ["paused"], 1)
    scene.tick(0, "setup", ID, force=True)
    assert scene.done == [("setup", "done")]
    assert scene.tick(QUARTER).exit_code == 0
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_cleanup_by_hand_needs_force_while_paused(scene: Scene) -> None:
    scene.book()
    scene.tick()
    pause(scene, ID)
    scene.tick(0, "cleanup", ID)
    assert (scene.done, scene.codes, scene.writes) == ([("cleanup", "refused")], ["paused"], [])
    scene.tick(0, "cleanup", ID, abandon=True)
    assert scene.codes == ["paused"]
    scene.tick(0, "cleanup", ID, force=True)
    assert scene.done == [("cleanup", "done")]


def test_session_found_open_by_a_new_ledger_is_taken_over_and_nobody_let_in(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.take_role(scene.guild, scene.student, scene.role())
    scene.forget()
    pause(scene)
    scene.tick()
    assert scene.people_in_reach() == {scene.coach}
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}


@pytest.mark.parametrize("route", [ROLES, CHANNELS], ids=["while the role is made", "while the room is made"])
def test_run_under_way_lets_nobody_in_once_it_is_paused(scene: Scene, route: str) -> None:
    scene.book()

    def at(request: Request, reply: Reply) -> None:
        if (request.method, request.template) == ("POST", route):
            pause(scene)

    scene.standin.after_request(at)
    assert scene.tick().exit_code == 0
    assert (scene.done, scene.codes) == ([("setup", "deferred")], ["paused"])
    assert not any("/members/" in line for line in scene.writes)
    resume(scene)
    scene.tick(MINUTE)
    assert scene.people_in_reach() == {scene.student, scene.coach}
    assert (len(scene.rooms()), len(scene.roles())) == (1, 1)


def test_pause_that_is_over_is_forgotten_by_the_run_after_it(scene: Scene) -> None:
    pause(scene, hours=1)
    scene.tick(DAY)
    with scene.store(writable=False) as store:
        assert store.ledger.pauses(0) == ()


# the commands, which go by the host's clock


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a session that begins in three hours and one that begins in five days."""
    found = Home(tmp_path).settle()
    now = host_now() // 1000 * 1000
    found.book("soon0001", "--student-name", "John", start=iso(now + 3 * HOUR - MINUTE))
    found.book("later001", start=iso(now + 5 * DAY))
    return found


def pauses_of(home: Home) -> list[Pause]:
    """Return the pauses in the ledger."""
    with home.store(writable=False) as store:
        return list(store.ledger.pauses(0))


def test_pause_says_what_it_means_and_who_is_late_by_it_when(home: Home) -> None:
    done = home.run("pause", "--reason", "moving\nhouse")
    assert (done.code, done.err) == (0, "")
    assert "everything is paused until" in done.out
    assert ": moving house" in done.out
    assert re.search(r"1 session will be late by it:\n  soon0001: late from \S+Z, without its room", done.out)
    assert "later001" not in done.out
    [found] = pauses_of(home)
    assert found.until - found.since in range(DAY, DAY + 1000)


@pytest.mark.parametrize(
    ("until", "complaint"),
    [
        ("0m", "not in the future"),
        ("2020-01-01T00:00:00Z", "not in the future"),
        ("soon", "no date and time"),
        ("2099-01-01 10:00", "which zone"),
        ("1700000000", "no time in milliseconds"),
    ],
)
def test_until_that_makes_no_sense_is_refused_and_nothing_paused(home: Home, until: str, complaint: str) -> None:
    done = home.run("pause", "--until", until)
    assert (done.code, done.complaint) == (2, ["error", "hint"])
    assert complaint in done.err
    assert pauses_of(home) == []


def test_until_is_taken_as_a_length_a_moment_or_a_local_time(home: Home) -> None:
    forms = (["2h"], ["2099-01-01T10:00:00Z"], ["4070944800000"], ["2099-01-01 10:00", "--tz", "UTC"])
    ends = []
    for form in forms:
        assert home.run("pause", "--until", *form).code == 0
        ends += [p.until for p in pauses_of(home)]
    assert ends[1:] == [4_070_944_800_000] * 3
    assert abs(ends[0] - host_now() - 2 * HOUR) < MINUTE


def test_pause_of_sessions_is_of_them_alone_and_in_their_story(home: Home) -> None:
    assert home.run("pause", "soon0001", "--removals").code == 0
    assert [(p.session_id, p.guild_id, p.removals) for p in pauses_of(home)] == [("soon0001", "", True)]
    assert "paused by hand" in home.run("explain", "soon0001").out


def test_pause_said_again_replaces_the_former(home: Home) -> None:
    home.run("pause", "--removals")
    home.run("pause", "--until", "2h")
    assert [p.removals for p in pauses_of(home)] == [False]


def test_pause_names_what_it_cannot_find(home: Home) -> None:
    assert home.run("pause", "nobody").code == 1
    guild = home.run("pause", "--guild", "12")
    assert (guild.code, home.run("pause", "soon0001", "--guild", "12").code) == (2, 2)
    assert GUILD in guild.err
    assert pauses_of(home) == []


def test_resume_ends_every_pause_and_says_who_waited(home: Home) -> None:
    for arguments in ([], ["soon0001"], ["--guild", GUILD]):
        home.run("pause", *arguments)
    done = home.run("resume")
    assert (done.code, pauses_of(home)) == (0, [])
    assert "1 session waited for it: soon0001" in done.out
    assert home.run("resume").out == "nothing is paused\n"


@pytest.mark.parametrize("arguments", [["soon0001"], ["--guild", GUILD]], ids=["session", "guild"])
def test_resume_of_less_than_is_paused_says_what_still_is_and_its_hint_ends_it(
    home: Home, arguments: list[str]
) -> None:
    home.run("pause")
    home.run("pause", *arguments)
    done = home.run("resume", *arguments)
    assert (done.code, len(pauses_of(home))) == (1, 1)
    assert "still paused, as everything is" in done.err
    hint = re.findall("`coachsync ([^`]*)`", done.err)
    assert home.run(*hint[0].split()).code == 0
    assert pauses_of(home) == []


def test_resume_of_what_is_not_paused_is_no_failure(home: Home) -> None:
    done = home.run("resume", "soon0001")
    assert (done.code, done.out) == (0, "soon0001 is not paused\n")


def test_pause_of_a_booking_that_is_gone_can_be_ended(home: Home) -> None:
    home.run("pause", "soon0001")
    home.run("pause", "--guild", GUILD)
    assert home.run("resume", "soon0001").code == 1
    home.run("pause", "later001")
    with closing(sqlite3.connect(home.file)) as connection, connection:
        connection.execute("DELETE FROM sessions")
    assert home.run("resume", "later001").code == 0
    assert [p.guild_id for p in pauses_of(home)] == [GUILD]


def test_hint_of_a_refused_setup_works_to_the_letter(home: Home) -> None:
    home.run("pause")
    home.run("pause", "soon0001")
    refused = home.run("setup", "soon0001", COACHSYNC_TOKEN=TOKEN)
    assert refused.code == 1
    for command in re.findall("`coachsync ([^`]*)`", refused.err)[:2]:
        assert home.run(*command.split()).code == 0
    assert pauses_of(home) == []


def test_status_says_that_a_due_setup_waits_for_the_pause(home: Home) -> None:
    home.run("pause", "--until", "2h")
    (soon, _) = home.run("status", "--json").json["sessions"]
    [pause] = pauses_of(home)
    assert (soon["next_at"], soon["last_error"]["code"]) == (iso(pause.until), "paused")
    home.run("resume")
    (soon, _) = home.run("status", "--json").json["sessions"]
    assert soon["last_error"] is None


def test_pause_is_said_while_a_run_holds_the_lock(home: Home) -> None:
    with home.store() as store, store.run_lock(0, "a test"):
        assert home.run("pause").code == 0
    assert len(pauses_of(home)) == 1


def test_pause_in_a_ledger_of_the_former_version_is_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    installed.restore(home.file, installed.DATA / "sqlite-role" / "store.sql")
    home.configure(GUILD)
    assert home.run("pause").code == 0
    assert len(pauses_of(home)) == 1
