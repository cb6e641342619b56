"""People whom a booking names by their Discord user name alone: found, or told with what was looked for."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.domain.model import DAY, HOUR
from tests.kit.home import JSON
from tests.kit.scene import ID, MEMBER_ROLE, QUARTER, Scene, Stage

FAILURES: dict[str, dict[str, Any]] = {
    "forbidden": {"kind": "status_before", "status": 403},
    "unavailable": {"kind": "status_before", "status": 503},
    "nonsense": {"kind": "answer", "status": 200, "body": '{"members": 7}'},
    "limited": {"kind": "rate_limited", "retry_after": 60.0},
}
SEARCH = "/guilds/{guild_id}/members/search"
FAR = 3 * DAY


def _book(scene: Scene, name: str, session_id: str = ID, **fields: Any) -> None:
    """Add a booking whose student goes by a user name alone."""
    scene.book(session_id, **{"studentDiscordId": None, "studentDiscordName": name} | fields)


def _searches(scene: Scene) -> list[str]:
    """Return which names the last tick searched for."""
    return [r.query["query"] for r in scene.standin.requests if r.template == SEARCH]


def _told(scene: Scene) -> str:
    """Return what the last tick's only error says."""
    assert scene.outcome.error is not None
    assert scene.outcome.error.code == "unlinked"
    return scene.outcome.error.message


@pytest.mark.parametrize("typed", ["nadja.k", "  @Nadja.K\n", "@ NADJA.K", "\u200bnadja.k"])
def test_member_of_that_very_user_name_is_let_in_by_the_first_run(scene: Scene, typed: str) -> None:
    nadja = scene.person("nadja.k")
    _book(scene, typed)
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], {nadja, scene.coach})


def test_participant_is_found_by_their_user_name(scene: Scene) -> None:
    observer = scene.person("olga.o")
    scene.book(participants=[{"discordName": "@olga.o", "kind": "observer"}])
    scene.tick()
    assert (scene.done, observer in scene.people_in_reach()) == ([("setup", "done")], True)


def test_id_wins_and_nothing_is_searched_for(stage: Stage) -> None:
    scene = stage()
    scene.person("nadja")
    scene.book(studentDiscordName="nadja")
    scene.tick()
    assert (_searches(scene), scene.people_in_reach()) == ([], {scene.student, scene.coach})


def test_nobody_is_guessed_by_a_similar_name_a_nickname_or_a_part_of_it(stage: Stage) -> None:
    scene = stage()
    scene.person("nadja.k")
    called = scene.person("quite_other")
    scene.world.nickname(scene.guild, called, "nadja")
    _book(scene, "nadja")
    scene.tick()
    assert scene.done == [("setup", "failed")]
    assert scene.people_in_reach() == {scene.coach}
    assert "'nadja' (similar: nadja.k)" in _told(scene)


def test_legacy_name_is_told_to_be_one_and_not_searched_for(stage: Stage) -> None:
    scene = stage()
    scene.person("nadja")
    _book(scene, "Nadja#1234")
    scene.tick()
    assert ("is a legacy one" in _told(scene), _searches(scene)) == (True, [])


def test_two_of_one_name_are_nobody(stage: Stage) -> None:
    scene = stage()
    twins = {scene.person("nadja"), scene.person("Nadja")}
    _book(scene, "nadja")
    scene.tick()
    assert scene.people_in_reach() == {scene.coach}
    assert all(twin in _told(scene) for twin in twins)


def test_full_page_without_the_name_is_told_as_that(stage: Stage) -> None:
    scene = stage()
    with scene.world.lock:
        for number in range(1000):
            scene.person(f"nadja{number:03}")
    scene.person("nadja")
    _book(scene, "nadja")
    scene.tick()
    assert "is not among the first 1000 members" in _told(scene)


def test_booking_far_ahead_is_looked_up_by_the_first_run_then_by_one_an_hour(scene: Scene) -> None:
    _book(scene, "nadja", start=scene.now() + FAR)
    scene.tick()
    asked = [_searches(scene)]
    for _ in range(4):
        scene.tick(QUARTER)
        asked.append(_searches(scene))
    assert asked == [["nadja"], [], [], [], ["nadja"]]


def test_every_run_looks_again_once_the_window_is_open(stage: Stage) -> None:
    scene = stage()
    _book(scene, "nadja")
    scene.tick()
    nadja = scene.person("nadja")
    scene.tick(QUARTER)
    assert nadja in scene.people_in_reach()


def test_who_was_found_is_never_looked_up_again(scene: Scene) -> None:
    scene.person("nadja")
    _book(scene, "nadja", start=scene.now() + FAR)
    scene.tick()
    asked = []
    for _ in range(5):
        scene.tick(QUARTER)
        asked += scene.standin.requests
    assert asked == []


def test_one_name_in_many_bookings_is_asked_for_once(stage: Stage) -> None:
    scene = stage()
    scene.person("nadja")
    for number in range(3):
        _book(scene, "@Nadja", f"far0000{number}", start=scene.now() + FAR)
    scene.tick()
    assert _searches(scene) == ["nadja"]


def test_who_renames_themselves_stays_who_they_are(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja", start=scene.now() + FAR)
    scene.tick()
    scene.world.rename_user(nadja, "nadja_new")
    scene.person("nadja")  # somebody else takes the name
    scene.tick(FAR - 2 * HOUR)
    assert scene.people_in_reach() == {nadja, scene.coach}


def test_former_name_in_a_later_booking_is_whose_it_is_then(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja", "first001", start=scene.now() + FAR)
    scene.tick()
    scene.world.rename_user(nadja, "nadja_new")
    other = scene.person("nadja")
    scene.clock.advance(2 * HOUR)
    _book(scene, "nadja")
    scene.tick()
    assert scene.people_in_reach() == {other, scene.coach}


def test_who_left_and_came_back_is_let_in_again(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja")
    scene.tick()
    scene.world.leave(scene.guild, nadja)
    scene.tick(QUARTER)
    scene.world.rename_user(nadja, "nadja_new")
    scene.world.join(scene.guild, nadja)
    for _ in range(3):
        scene.tick(QUARTER)
    assert scene.people_in_reach() == {nadja, scene.coach}


def test_another_name_in_an_open_room_is_looked_up_and_the_leaver_goes_first(stage: Stage) -> None:
    scene = stage()
    nadja, ben = scene.person("nadja"), scene.person("ben")
    _book(scene, "nadja")
    scene.tick()
    scene.change(studentDiscordName="ben")
    scene.tick(QUARTER)
    changes = [(r.method, nadja in r.path, ben in r.path) for r in scene.standin.requests if r.template == MEMBER_ROLE]
    assert changes == [("DELETE", True, False), ("PUT", False, True)]
    assert scene.people_in_reach() == {ben, scene.coach}


def test_same_name_written_otherwise_changes_nothing(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja")
    scene.tick()
    scene.change(studentDiscordName="@NADJA ")
    scene.tick(QUARTER)
    assert (scene.writes, _searches(scene), nadja in scene.people_in_reach()) == ([], [], True)


def test_lost_ledger_has_the_name_looked_up_again(scene: Scene) -> None:
    nadja = scene.person("nadja")
    _book(scene, "nadja")
    scene.tick()
    room = scene.room()
    scene.forget()
    scene.tick(QUARTER)
    assert _searches(scene) == ["nadja"]
    assert (scene.room(), scene.people_in_reach()) == (room, {nadja, scene.coach})


def test_name_of_the_bot_itself_is_no_person(stage: Stage) -> None:
    scene = stage()
    _book(scene, "coachsync")
    scene.tick()
    assert (scene.codes, scene.people_in_reach()) == (["not_a_person"], {scene.coach})


def test_two_names_of_one_person_are_one_person(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja", coachDiscordId=None, coachDiscordName="Nadja")
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], {nadja})


def test_observer_found_to_be_the_student_is_the_student(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    scene.book(studentDiscordId=nadja, participants=[{"discordName": "nadja", "kind": "observer"}])
    scene.tick()
    assert scene.done == [("setup", "done")]
    assert {p.kind for p in scene.entry().people if p.id == nadja} == {"student"}


@pytest.mark.parametrize("kind", FAILURES)
def test_search_that_fails_leaves_the_other_in_and_is_tried_again(stage: Stage, kind: str) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja")
    fault = scene.standin.faults.add(match=("GET", SEARCH), count=None, **FAILURES[kind])
    scene.tick()
    assert (scene.people_in_reach(), "could not be looked up" in _told(scene)) == ({scene.coach}, True)
    scene.standin.faults.remove(fault)
    scene.tick(QUARTER)
    assert scene.people_in_reach() == {nadja, scene.coach}


def test_guild_that_refuses_one_search_is_asked_for_no_other(stage: Stage) -> None:
    scene = stage()
    for number in range(5):
        _book(scene, f"nadja{number}", f"far0000{number}", start=scene.now() + FAR + number)
    scene.standin.faults.add(match=("GET", SEARCH), count=None, **FAILURES["forbidden"])
    scene.tick()
    assert _searches(scene) == ["nadja0"]


def test_thousands_of_names_are_looked_up_ten_a_run_the_nearest_first(stage: Stage) -> None:
    scene = stage(store=JSON)
    rows = [
        {"_id": f"far{n:05}", "status": "SCHEDULED", "scheduledDate": scene.now() + FAR + (2000 - n) * 60_000}
        | {"studentDiscordName": f"nadja{n}", "coachDiscordId": scene.coach}
        for n in range(2000)
    ]
    with scene.store() as store:
        store.bookings.import_rows(rows)
    scene.tick()
    first = _searches(scene)
    scene.tick(QUARTER)
    assert first + _searches(scene) == [f"nadja{1999 - n}" for n in range(20)]


def test_dry_run_and_cleanup_search_for_nobody(stage: Stage) -> None:
    scene = stage()
    _book(scene, "nadja")
    scene.tick(dry_run=True)
    asked = len(scene.standin.requests)
    scene.tick(0, "cleanup")
    assert (asked, _searches(scene)) == (0, [])


def test_explain_names_who_was_found_and_what_was_looked_for(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja", coachDiscordId=None, coachDiscordName="mike")
    scene.tick()
    told = scene.program("explain", ID).out
    assert f"Discord id {nadja}, looked up" in told
    assert "the user name mike was looked up" in told


def test_status_says_what_is_wrong_with_a_name_long_before_the_start(stage: Stage) -> None:
    scene = stage()
    _book(scene, "nadja", start=scene.now() + FAR)
    scene.tick()
    assert "nobody in guild" in scene.program("status").out


def test_message_without_names_names_no_user_name(stage: Stage) -> None:
    from coachsync.notify.bulletin import bulletin
    from coachsync.report.moments import Moments

    scene = stage()
    scene.person("nadja.k")
    _book(scene, "nadja")
    scene.tick()
    with scene.store(writable=False) as store:
        text = bulletin(store, "test", Moments(scene.now()), DAY, names=False).text
    assert ("unlinked" in text, "nadja" in text) == (True, False)


def test_who_was_found_gets_in_by_either_kind_of_access(any_access: Scene) -> None:
    nadja = any_access.person("nadja")
    _book(any_access, "nadja")
    any_access.tick()
    assert any_access.people_in_reach() == {nadja, any_access.coach}


def test_session_that_is_named_is_looked_up_at_once(stage: Stage) -> None:
    scene = stage()
    _book(scene, "nadja", start=scene.now() + FAR)
    scene.tick()
    nadja = scene.person("nadja")
    scene.tick(QUARTER, "setup", ID)
    assert scene.people_in_reach() == {nadja, scene.coach}


@pytest.mark.parametrize("start", [2 * HOUR, FAR])
def test_searches_count_among_the_runs_requests(stage: Stage, start: int) -> None:
    scene = stage()
    scene.tick()
    _book(scene, "nadja", start=scene.now() + start)
    scene.tick(QUARTER)
    assert scene.report.requests == len(scene.standin.requests)


def test_booking_that_moves_to_another_guild_is_looked_up_there(stage: Stage) -> None:
    scene = stage()
    nadja = scene.person("nadja")
    _book(scene, "nadja", start=scene.now() + FAR)
    scene.tick()
    other = scene.another_guild()
    scene.world.join(other, nadja)
    scene.change(guildId=other)
    scene.tick(QUARTER)
    assert [r.path.split("/")[2] for r in scene.standin.requests if r.template == SEARCH] == [other]


def test_name_is_not_looked_up_while_the_guild_refuses_everything(stage: Stage) -> None:
    scene = stage()
    scene.standin.faults.add("status_before", match=None, count=None, status=403)
    _book(scene, "nadja")
    asked = 0
    for _ in range(4):
        scene.tick(5 * 60_000)
        asked += len(_searches(scene))
    assert asked < 4
