"""Bookings of more than two people: what is promised of student and coach holds for each; observers only observe."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.model import DAY, HOUR
from coachsync.domain.permissions import MEMBER, Overwrite
from coachsync.notify.bulletin import bulletin
from coachsync.report.moments import Moments
from coachsync.standin import Request
from tests.kit.home import JSON
from tests.kit.scene import ID, MEMBER_ROLE, QUARTER, Scene, Stage

NOBODY: dict[str, Any] = {"studentDiscordId": None, "coachDiscordId": None}
HEARS = p.ENTER | p.READ_MESSAGE_HISTORY
OBSERVES = HEARS | p.SPEAKING  # what is looked at
OVERWRITE = "/channels/{channel_id}/permissions/{overwrite_id}"


def people(students: list[str], observers: list[str] | None = None, coach: str | None = None) -> list[dict[str, Any]]:
    """Return participants, each with a name of their own."""
    found = [("student", i) for i in students] + [("observer", i) for i in observers or []]
    found += [("coach", coach)] if coach else []
    return [{"discordId": i, "kind": kind, "name": f"{kind} {at}"} for at, (kind, i) in enumerate(found)]


def group(scene: Scene, size: int) -> list[str]:
    return [scene.person(f"student{n}") for n in range(size)]


def a_class(scene: Scene) -> tuple[list[str], str, str]:
    """Open a room for two students, the scene's coach and an observer; return students, observer, room."""
    students, observer = group(scene, 2), scene.person("olga")
    scene.book(**NOBODY, participants=people(students, [observer], scene.coach))
    scene.tick()
    assert scene.done == [("setup", "done")]
    return students, observer, scene.room()


def may(scene: Scene, person: str) -> int:
    """Return which of the permissions that observing is about somebody holds in the session's room."""
    return scene.world.bits(scene.guild, person, scene.room()) & OBSERVES


def own(scene: Scene, person: str) -> Overwrite | None:
    """Return somebody's own overwrite in the session's room."""
    room = scene.world.channel(scene.room())
    assert room is not None
    return room.overwrites.get(person)


def speakers(scene: Scene) -> set[str]:
    return scene.world.who_can(scene.room(), p.ENTER | p.SPEAK) - {scene.bot, scene.owner}


# let in, each of them


@pytest.mark.parametrize("size", [1, 3, 20])
def test_everybody_is_let_in_at_the_contracts_cost(any_access: Scene, size: int) -> None:
    scene = any_access
    students = group(scene, size)
    scene.book(**NOBODY, participants=people(students))
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], set(students))
    assert scene.outcome.requests == (2 + size if scene.access == "role" else 1 + size)


@pytest.mark.parametrize("size", [1, 20])
def test_everything_goes_when_it_is_over(any_access: Scene, size: int) -> None:
    scene = any_access
    scene.book(**NOBODY, participants=people(group(scene, size)))
    scene.tick()
    scene.tick(5 * HOUR)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})
    assert scene.outcome.requests == (2 if scene.access == "role" else 1)


def test_participants_stand_beside_student_and_coach_in_each_store(scene: Scene) -> None:
    third = scene.person("third")
    scene.book(participants=people([third]))
    scene.tick()
    assert scene.people_in_reach() == {scene.student, scene.coach, third}
    assert scene.row()["participants"] == people([third])


def test_importing_participants_twice_changes_nothing(scene: Scene) -> None:
    scene.book(participants=people([scene.stranger]))
    with scene.store() as store:
        assert store.bookings.import_rows([scene.row()]).unchanged == [ID]


def test_each_is_let_in_although_another_cannot_be(any_access: Scene) -> None:
    scene = any_access
    students, late = group(scene, 3), scene.person("late", member=False)
    listed = people([students[0], late, *students[1:]])
    scene.book(**NOBODY, participants=[{"kind": "student", "name": "Nobody yet"}, *listed])
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == ([("setup", "failed")], set(students))
    assert {f.code for f in scene.outcome.standing or ()} == {"unknown_member", "unlinked"}
    scene.world.join(scene.guild, late)
    scene.change(participants=listed)
    scene.tick(QUARTER)
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], {*students, late})


def test_cause_names_three_of_those_who_are_away_and_counts_the_others(any_access: Scene) -> None:
    scene = any_access
    away = [scene.person(f"away{n}", member=False) for n in range(5)]
    scene.book(**NOBODY, participants=people([*away, scene.student]))
    scene.tick()
    named = ", ".join(f"the student student {n} ({i})" for n, i in enumerate(away[:3]))
    with scene.store(writable=False) as store:
        [cause] = store.ledger.causes()
    assert (cause.code, cause.message) == ("unknown_member", f"{named} and 2 more are not in the guild")
    assert scene.outcome.error is not None
    assert scene.outcome.error.message == cause.message


def test_people_without_an_account_are_one_cause(stage: Stage) -> None:
    scene = stage(access="role")
    listed = [{"kind": "student", "name": name} for name in ("Ada", "Ben", "Carl", "Dora")]
    scene.book(**NOBODY, participants=[*listed, {"kind": "coach", "discordId": scene.coach}])
    scene.tick()
    with scene.store(writable=False) as store:
        [cause] = store.ledger.causes()
    told = "the student Ada, the student Ben, the student Carl and 1 more have no Discord account in the booking"
    assert (cause.code, cause.message) == ("unlinked", told)


def test_news_without_names_tells_of_people_who_are_out_and_names_nobody(stage: Stage) -> None:
    scene = stage(access="role")
    listed = people([scene.person(f"away{n}", member=False) for n in range(2)])
    nameless = [{"kind": "student", "name": "Ada"}, {"kind": "student", "name": "Ada Lovelace"}]
    scene.book(**NOBODY, participants=[*listed, *nameless, {"kind": "coach", "discordId": scene.coach}])
    scene.tick()
    with scene.store(writable=False) as store:
        told = {names: bulletin(store, "test", Moments(scene.now()), DAY, names=names).text for names in (True, False)}
    assert all(name in told[True] for name in ("student 0", "student 1", "Ada", "Lovelace", listed[0]["discordId"]))
    assert "the student and the student are not in the guild" in told[False]
    assert "the student and the student have no Discord account" in told[False]
    assert not any(name in told[False] for name in ("student 0", "Ada", "Lovelace", listed[0]["discordId"]))


def test_each_is_tried_although_discord_refuses_one(stage: Stage) -> None:
    scene = stage(access="member")
    students = group(scene, 3)

    def refused(request: Request) -> bool:
        return request.path.endswith(students[1]) or f"/members/{students[1]}/" in request.path

    scene.standin.faults.add("forbidden", refused, count=None, code=50013)
    scene.book(**NOBODY, participants=people(students))
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == ([("setup", "failed")], {students[0], students[2]})


def test_who_left_the_guild_and_came_back_is_let_in_again(stage: Stage) -> None:
    scene = stage(access="role")
    students, observer, _ = a_class(scene)
    for person in (students[1], observer):
        scene.world.leave(scene.guild, person)
        scene.clock.advance(1000)
        scene.world.join(scene.guild, person)
    for _ in range(10):  # the last run before the start is the latest
        scene.tick(QUARTER)
    assert scene.people_in_reach() == {*students, observer, scene.coach}
    assert speakers(scene) == {*students, scene.coach}


# who changes


def test_who_leaves_a_group_loses_access_before_who_replaces_them_gains_it(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    new = scene.person("new")
    scene.change(participants=people([students[0], new], [observer], scene.coach))
    scene.tick(QUARTER)
    template = MEMBER_ROLE if scene.access == "role" else OVERWRITE
    changes = [(r.method, students[1] in r.path, new in r.path) for r in scene.standin.requests if r.write]
    assert template in {r.template for r in scene.standin.requests if r.write}
    assert changes == [("DELETE", True, False), ("PUT", False, True)]
    assert (scene.room(), scene.people_in_reach()) == (room, {students[0], new, observer, scene.coach})


def test_room_is_replaced_when_a_leaver_is_inside_and_an_observer_comes_along(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    assert scene.world.connect_voice(scene.guild, students[1], room)
    scene.change(participants=people([students[0]], [observer], scene.coach))
    scene.tick(QUARTER)
    assert (scene.done, scene.room() != room) == ([("update", "done")], True)
    assert scene.people_in_reach() == {students[0], observer, scene.coach}
    assert speakers(scene) == {students[0], scene.coach}


def test_room_is_replaced_when_an_observer_leaves_who_is_inside(stage: Stage) -> None:
    scene = stage(access="role")
    students, observer, room = a_class(scene)
    assert scene.world.connect_voice(scene.guild, observer, room)
    scene.change(participants=people(students, [], scene.coach))
    scene.tick(QUARTER)
    assert (scene.room() != room, scene.people_in_reach()) == (True, {*students, scene.coach})


def test_observer_who_comes_later_is_let_in_and_the_room_stays(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    second = scene.person("second")
    scene.change(participants=people(students, [observer, second], scene.coach))
    scene.tick(QUARTER)
    assert (scene.done, scene.room(), may(scene, second)) == ([("update", "done")], room, HEARS)


# observers


def test_observer_sees_hears_and_reads_and_nothing_more(any_access: Scene) -> None:
    scene = any_access
    _, observer, room = a_class(scene)
    assert may(scene, observer) == HEARS
    assert scene.world.connect_voice(scene.guild, observer, room)
    assert scene.world.write_message(room, observer) is None


def test_observer_never_holds_the_sessions_role(stage: Stage) -> None:
    scene = stage()
    _, observer, _ = a_class(scene)
    assert scene.world.roles_of(scene.guild, observer) == set()
    scene.tick(QUARTER)
    assert scene.report.outcomes == ()


def test_observer_who_holds_a_staff_role_is_silent_all_the_same(stage: Stage) -> None:
    scene = stage(access="role")
    staff = scene.world.add_role(scene.guild, "Staff")
    scene.configure(f'staff_role_ids = ["{staff}"]')
    _, observer, _ = a_class(scene)
    scene.world.give_role(scene.guild, observer, staff)
    assert may(scene, observer) & p.SPEAKING == 0


@pytest.mark.parametrize("lacking", ["SPEAK", "STREAM", "SEND_MESSAGES"])
def test_observer_is_not_let_in_when_the_bot_cannot_deny(stage: Stage, lacking: str) -> None:
    scene, bit = stage(access="role"), p.BITS[lacking]
    home = scene.world.guilds[scene.guild]
    for role in home.roles.values():
        role.permissions &= ~bit
    observer = scene.person("olga")
    scene.book(**NOBODY, participants=people([], [observer]))
    scene.tick()
    assert scene.people_in_reach() == set()
    found = [f for f in scene.outcome.standing or () if f.code == "missing_permission"]
    assert [(lacking in f.message, lacking in f.hint) for f in found] == [(True, True)]
    assert own(scene, observer) is None
    for role in home.roles.values():
        role.permissions |= bit if role.managed else 0
    scene.tick(QUARTER)
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], {observer})


def test_observer_whose_deny_was_taken_away_is_silenced_again_and_that_is_a_failure(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    scene.world.set_overwrite(room, observer, MEMBER, p.ENTER)
    assert may(scene, observer) & p.SPEAK
    scene.tick(QUARTER)
    assert (scene.done, scene.codes) == ([("repair", "done")], ["room_open_to_others"])
    assert (scene.report.exit_code, may(scene, observer) & p.SPEAKING) == (1, 0)
    assert (scene.room(), speakers(scene)) == (room, {*students, scene.coach})
    scene.tick(QUARTER)
    assert scene.report.exit_code == 0


def test_observer_who_may_speak_is_only_reported_when_strangers_are(stage: Stage) -> None:
    scene = stage(access="member")
    _, observer, room = a_class(scene)
    scene.configure(rest='[privacy]\nstrangers = "report"\n')
    scene.world.set_overwrite(room, observer, MEMBER, p.ENTER | p.SPEAK)
    scene.tick(QUARTER)
    assert (scene.codes, bool(may(scene, observer) & p.SPEAK)) == (["room_open_to_others"], True)


def test_observer_whose_overwrite_is_gone_is_let_in_again_once(any_access: Scene) -> None:
    scene = any_access
    _, observer, room = a_class(scene)
    for code in (0, 1):
        scene.world.delete_overwrite(room, observer)
        scene.tick(QUARTER)
        assert scene.report.exit_code == code
    assert scene.codes == ["access_unproven"]


def test_observer_who_gets_the_role_by_hand_stays_silent_and_loses_it(stage: Stage) -> None:
    scene = stage()
    _, observer, _ = a_class(scene)
    scene.world.give_role(scene.guild, observer, scene.role())
    assert may(scene, observer) & p.SPEAKING == 0
    scene.tick(QUARTER)
    assert (scene.codes, scene.world.roles_of(scene.guild, observer)) == (["room_open_to_others"], set())


# who becomes something else


def test_observer_who_becomes_a_student_may_speak_in_the_same_room(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    assert scene.world.connect_voice(scene.guild, observer, room)
    scene.change(participants=people([*students, observer], [], scene.coach))
    scene.tick(QUARTER)
    assert (scene.done, scene.room()) == ([("update", "done")], room)
    assert speakers(scene) == {*students, observer, scene.coach}
    assert (own(scene, observer) is None) == (scene.access == "role")
    scene.tick(QUARTER)
    assert scene.report.outcomes == ()


def test_student_who_becomes_an_observer_is_silenced_before_anybody_comes(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    new = scene.person("new")
    scene.change(participants=people([students[0], new], [observer, students[1]], scene.coach))
    scene.tick(QUARTER)
    who = [(students[1] in r.path, new in r.path) for r in scene.standin.requests if r.write and r.method != "POST"]
    assert who.index((False, True)) > max(at for at, w in enumerate(who[:-1]) if w == (True, False) and at < 2)
    assert (scene.done, scene.room()) == ([("update", "done")], room)
    assert (speakers(scene), may(scene, students[1]) & p.SPEAKING) == ({students[0], new, scene.coach}, 0)
    assert students[1] in scene.people_in_reach()
    scene.tick(QUARTER)
    assert scene.report.outcomes == ()


def test_student_who_becomes_an_observer_inside_costs_the_room(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    assert scene.world.connect_voice(scene.guild, students[1], room)  # there they could go on speaking
    scene.change(participants=people([students[0]], [observer, students[1]], scene.coach))
    scene.tick(QUARTER)
    assert (scene.room() != room, scene.report.exit_code) == (True, 0)
    assert speakers(scene) == {students[0], scene.coach}
    assert {observer, students[1]} <= scene.people_in_reach()


# rows that cannot be understood, a ledger that is lost


@pytest.mark.parametrize("broken", [{"discordId": "no id", "kind": "student"}, 7, {"kind": "teacher"}])
def test_person_whose_entry_became_unreadable_keeps_their_place(stage: Stage, broken: object) -> None:
    scene = stage(access="role")
    students, observer, room = a_class(scene)
    listed: list[Any] = people(students, [observer], scene.coach)
    scene.change(participants=[listed[0], broken, *listed[2:]])
    scene.tick(QUARTER)
    assert scene.codes == ["invalid"]
    assert (scene.room(), scene.people_in_reach()) == (room, {*students, observer, scene.coach})


def test_everybody_keeps_their_place_when_participants_became_unreadable(stage: Stage) -> None:
    scene = stage(access="role")
    students, observer, room = a_class(scene)
    scene.change(participants="[{")
    scene.tick(QUARTER)
    assert (scene.codes, scene.room()) == (["invalid"], room)
    assert scene.people_in_reach() == {*students, observer, scene.coach}


def test_another_readable_entry_ends_a_place_of_an_invalid_row(stage: Stage) -> None:
    scene = stage(access="member")
    students, observer, _ = a_class(scene)
    listed: list[Any] = people([students[0], scene.stranger], [observer], scene.coach)
    scene.change(participants=[*listed[:2], {**listed[2], "name": 7}, listed[3]])
    scene.tick(QUARTER)
    assert (scene.codes[-1], scene.people_in_reach()) == ("invalid", {students[0], observer, scene.coach})


def test_emptied_column_of_many_bookings_is_an_accident(stage: Stage) -> None:
    scene = stage()
    ids = [f"group00{n}" for n in range(3)]
    for session_id in ids:
        scene.book(session_id, **NOBODY, participants=people([scene.student, scene.stranger], [], scene.coach))
    scene.tick()
    for session_id in ids:
        scene.change(session_id, participants=None)
    scene.tick(QUARTER)
    assert scene.report.exit_code == 1
    for session_id in ids:
        (room,) = scene.rooms(f"🎤 coaching-{session_id}")
        assert scene.world.who_can_enter(room) >= {scene.student, scene.stranger, scene.coach}


def test_lost_ledger_is_rebuilt_with_observers_as_observers(any_access: Scene) -> None:
    scene = any_access
    students, observer, room = a_class(scene)
    scene.forget()
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.room()) == (0, room)
    assert (speakers(scene), may(scene, observer)) == ({*students, scene.coach}, HEARS)
    grants = {g.user_id: g.observer for g in scene.entry().grants if g.state == "granted"}
    assert grants == {**dict.fromkeys([*students, scene.coach], False), observer: True}


def test_table_without_the_two_fields_is_a_store_when_it_has_participants(stage: Stage) -> None:
    scene = stage()
    scene.sql("DROP TABLE sessions")
    scene.sql("CREATE TABLE sessions (id TEXT PRIMARY KEY, status TEXT, scheduled_date INTEGER, participants TEXT)")
    listed = json.dumps(people([scene.student], [scene.stranger]))
    scene.sql("INSERT INTO sessions VALUES (?, 'SCHEDULED', ?, ?)", ID, scene.now() + 2 * HOUR + QUARTER, listed)
    scene.tick()
    assert (scene.done, scene.people_in_reach()) == ([("setup", "done")], {scene.student, scene.stranger})


def test_participants_of_a_json_store_survive_to_the_letter(stage: Stage) -> None:
    scene = stage(store=JSON)
    scene.book(participants=people([scene.stranger]))
    before = json.loads(scene.file.read_text("utf-8"))[0]["participants"]
    scene.tick()
    assert json.loads(scene.file.read_text("utf-8"))[0]["participants"] == before
