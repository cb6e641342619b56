"""OPERATOR §5: every way in which a room may be open, closed, lost or foreign is found, and mended if it is ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.permissions import ADMINISTRATOR, CONNECT, ENTER, MANAGE_CHANNELS, MEMBER, ROLE, SPEAK
from coachsync.store.lock import run_lock
from tests.kit.home import Result
from tests.kit.scene import ID, ROOM, Scene, Stage

Click = Callable[[Scene], object]
FAULTS = ("stranger", "missing", "orphan", "unseen")


@pytest.fixture(params=["role", "member"])
def town(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """Return a scene with each kind of access, by the real clock (an audit takes no other), and one open room."""
    return opened(stage(access=request.param, real_time=True))


def opened(scene: Scene, **fields: Any) -> Scene:
    """Open the session's room."""
    scene.book(**fields)
    scene.tick()
    return scene


def audit(scene: Scene, *arguments: str) -> Result:
    """Run an audit; what was asked of Discord before is forgotten."""
    scene.standin.clear_requests()
    return scene.program("audit", *arguments)


def kinds(scene: Scene, *arguments: str) -> list[str]:
    """Return the kinds of what an audit finds, notes left out; what it exits with fits them, and it writes nothing."""
    found = audit(scene, "--json", *arguments)
    told = [one["kind"] for one in found.json["findings"] if one["level"] != "ok" or one["kind"] == "pending"]
    assert found.code == (1 if set(told) & set(FAULTS) else 0), found
    assert scene.writes == []
    return told


def fix(scene: Scene, *arguments: str) -> Result:
    """Mend without a question."""
    return audit(scene, *arguments, "--fix", "--yes")


def _bystanders_role(scene: Scene) -> str:
    role = scene.world.add_role(scene.guild, "Member")
    scene.world.give_role(scene.guild, scene.stranger, role)
    return role


def _out_of_its_role(scene: Scene) -> None:
    if scene.access == "role":
        scene.world.take_role(scene.guild, scene.student, scene.role())
    else:
        scene.world.delete_overwrite(scene.room(), scene.student)


MENDABLE: dict[str, tuple[str, Click]] = {
    "a bystander was added": ("stranger", lambda s: s.world.set_overwrite(s.room(), s.stranger, MEMBER, ENTER)),
    "a role was added": ("stranger", lambda s: s.world.set_overwrite(s.room(), _bystanders_role(s), ROLE, ENTER)),
    "everyone was let in": ("stranger", lambda s: s.world.open_to_everyone(s.room())),
    "the deny was deleted": ("stranger", lambda s: s.world.delete_overwrite(s.room(), s.guild)),
    "somebody lost their access": ("missing", _out_of_its_role),
    "the room was deleted": ("missing", lambda s: s.world.delete_channel(s.room())),
}


@pytest.mark.parametrize("click", MENDABLE)
def test_fault_of_a_room_is_found_mended_and_then_gone(town: Scene, click: str) -> None:
    kind, do = MENDABLE[click]
    assert kinds(town) == []
    do(town)
    assert set(kinds(town)) == {kind}
    mended = fix(town)
    assert mended.code == 0
    assert "done: repair abc12345" in mended.out
    assert kinds(town) == []
    assert town.people_in_reach() == {town.student, town.coach}


def test_bystander_who_holds_the_role_is_counted_and_locked_out(stage: Stage) -> None:
    scene = opened(stage(real_time=True))
    scene.world.give_role(scene.guild, scene.stranger, scene.role())
    found = audit(scene)
    assert found.code == 1
    assert "1 who are not booked hold the role 'Session abc12345'" in found.out
    assert scene.stranger not in found.out  # who it is cannot be listed
    assert fix(scene).code == 0
    assert kinds(scene) == []
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_former_participant_who_holds_the_role_again_is_named(stage: Stage) -> None:
    scene = opened(stage(real_time=True), studentDiscordId=None)
    scene.change(studentDiscordId=scene.stranger)
    scene.tick()
    scene.change(studentDiscordId=scene.student)
    scene.tick()
    scene.world.give_role(scene.guild, scene.stranger, scene.role())
    found = audit(scene)
    assert f"1 who are not booked ({scene.stranger}) hold the role" in found.out
    role = scene.role()
    assert fix(scene).code == 0
    assert (kinds(scene), scene.role()) == ([], role)


def test_role_that_vanished_is_missing_and_made_again(stage: Stage) -> None:
    scene = opened(stage(real_time=True))
    scene.world.delete_role(scene.guild, scene.role())
    assert set(kinds(scene)) == {"missing"}
    assert fix(scene).code == 0
    assert kinds(scene) == []
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_role_that_was_given_something_is_a_note_and_put_back(stage: Stage) -> None:
    scene = opened(stage(real_time=True))
    scene.world.edit_role(scene.guild, scene.role(), permissions=ADMINISTRATOR, hoist=True)
    assert kinds(scene) == ["exposed"]
    assert fix(scene).code == 0
    assert kinds(scene) == []
    assert scene.world.guilds[scene.guild].roles[scene.role()].permissions == 0


def test_what_a_roles_name_tells_others_is_a_note_once_for_all_rooms(stage: Stage) -> None:
    scene = stage(real_time=True)
    scene.book("one")
    scene.book("two")
    scene.tick()
    (note,) = audit(scene, "--json").json["findings"]
    assert (note["kind"], note["level"], note["session"]) == ("exposed", "ok", None)
    assert "2 session roles show" in note["message"]


def test_person_whom_a_deny_keeps_out_is_missing(town: Scene) -> None:
    who, kind = (town.role(), ROLE) if town.access == "role" else (town.student, MEMBER)
    town.world.set_overwrite(town.room(), who, kind, ENTER & ~CONNECT, CONNECT)
    assert set(kinds(town)) == {"missing"}
    assert fix(town).code == 0
    assert kinds(town) == []


@pytest.mark.parametrize(
    ("student", "why"),
    [
        ("away", "is not in the guild"),
        ("unlinked", "has no Discord account"),
        ("nobody", "is no Discord user; remedy: correct the Discord id"),
    ],
)
def test_person_who_cannot_be_let_in_is_missing_and_says_why(town: Scene, student: str, why: str) -> None:
    scene = town
    if student == "away":
        scene.world.leave(scene.guild, scene.student)
    else:
        scene.change(studentDiscordId="1575419315937607999" if student == "nobody" else None)
        scene.tick()
    found = audit(scene)
    assert found.code == 1
    assert "missing abc12345: the student" in found.out
    assert why in found.out.replace("\n  remedy", "; remedy")
    assert "remedy: " in found.out


def test_room_that_discord_hides_is_unseen(town: Scene) -> None:
    town.world.hide_from(town.room(), town.bot)
    assert kinds(town) == ["unseen"]
    room = town.portrait(town.room())
    assert fix(town).code == 1
    assert town.portrait(town.room()) == room


def test_guild_out_of_reach_leaves_its_rooms_unseen(town: Scene) -> None:
    town.world.kick(town.guild, town.bot)
    found = audit(town)
    assert found.code == 1
    assert f"unseen guild {town.guild}: " in found.out
    assert "with 1 room of ours" in found.out


# what an operator paused


def paused(scene: Scene, *arguments: str) -> None:
    """Pause everything, or what the arguments say."""
    assert scene.program("pause", *arguments).code == 0


def remedies(scene: Scene, kind: str) -> list[str]:
    """Return what an audit says is to be done about its findings of a kind."""
    return [one["hint"] for one in audit(scene, "--json").json["findings"] if one["kind"] == kind]


def _shut(scene: Scene) -> None:
    who, kind = (scene.role(), ROLE) if scene.access == "role" else (scene.student, MEMBER)
    scene.world.set_overwrite(scene.room(), who, kind, ENTER & ~CONNECT, CONNECT)


GIVEN: dict[str, Click] = {
    "somebody lost their access": _out_of_its_role,
    "the room was deleted": lambda s: s.world.delete_channel(s.room()),
    "the room shuts its people out": _shut,
}


@pytest.mark.parametrize("click", GIVEN)
def test_fix_lets_nobody_into_the_room_of_a_paused_session(town: Scene, click: str) -> None:
    GIVEN[click](town)
    paused(town, ID)
    assert set(kinds(town)) == {"missing"}
    assert any(f"`coachsync resume {ID}` ends it" in remedy for remedy in remedies(town, "missing"))
    assert fix(town).code == 1
    assert town.writes == []
    assert town.program("resume", ID).code == 0
    assert fix(town).code == 0
    assert town.people_in_reach() == {town.student, town.coach}


def test_fix_sends_a_stranger_out_of_the_room_of_a_paused_session_and_lets_nobody_in(town: Scene) -> None:
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    _out_of_its_role(town)
    paused(town)
    assert fix(town).code == 1
    assert kinds(town) == ["missing"]
    assert town.people_in_reach() == {town.coach}


def test_newcomer_of_a_paused_session_waits_and_the_leaver_is_said_to_go(town: Scene) -> None:
    town.change(studentDiscordId=town.stranger)
    paused(town)
    assert kinds(town) == ["pending", "pending", "missing"]
    first, second = remedies(town, "pending")
    assert first == "the next run does it"
    assert second == "`coachsync resume` ends it, and the next run does it"


@pytest.mark.parametrize("change", ["leaver", "cancelled"])
def test_what_a_pause_of_removals_keeps_open_is_said_and_stays(town: Scene, change: str) -> None:
    town.change(**({"studentDiscordId": None} if change == "leaver" else {"status": "CANCELLED"}))
    paused(town, "--removals")
    found = kinds(town)
    assert found == (["pending", "stranger", "missing"] if change == "leaver" else ["pending"])
    assert remedies(town, "pending") == ["`coachsync resume` ends it, and the next run does it"]
    assert fix(town).code == (1 if change == "leaver" else 0)
    assert town.writes == []


def test_stranger_stays_while_removals_are_paused_and_the_remedy_is_to_resume(town: Scene) -> None:
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    paused(town, "--removals", "--reason", "an inquiry")
    (remedy,) = remedies(town, "stranger")
    assert remedy.startswith("everything is paused for another ")
    assert remedy.endswith("an inquiry; `coachsync resume` ends it, and the next run does it")
    assert fix(town).code == 1
    assert town.writes == []


def test_orphan_stays_while_removals_are_paused(town: Scene) -> None:
    things = _orphaned(town)
    paused(town, "--guild", town.guild, "--removals")
    assert fix(town).code == 1
    assert set(things) <= set(town.things())
    assert all(f"`coachsync resume --guild {town.guild}` ends it" in remedy for remedy in remedies(town, "orphan"))


# what is no session's


def _orphaned(scene: Scene) -> list[str]:
    """Have the room and role of a session that nobody owns, made by us and remembered."""
    room, roles = scene.room(), scene.roles()
    scene.tick(0, "cleanup", ID, abandon=True)
    scene.sql("DELETE FROM sessions")
    return [room, *roles]


def test_orphan_that_the_ledger_remembers_is_removed(town: Scene) -> None:
    things = _orphaned(town)
    assert kinds(town) == ["orphan"] * len(things)
    mended = fix(town)
    assert mended.code == 0
    assert "done: remove the room" in mended.out
    assert (town.rooms(), town.roles()) == ([], [])
    assert kinds(town) == []


def test_orphan_that_the_ledger_does_not_remember_is_removed_only_if_it_is_named(town: Scene) -> None:
    things = [town.room(), *town.roles()]
    town.forget()
    town.sql("DELETE FROM sessions")
    before = town.portrait(*things)
    found = audit(town)
    assert found.code == 1
    assert f"`coachsync audit {things[0]} --fix` removes it" in found.out
    assert fix(town).code == 1
    assert town.portrait(*things) == before
    assert fix(town, things[0]).code == 0
    assert (town.rooms(), town.roles()) == ([], [])
    assert kinds(town) == []


def test_orphan_that_a_run_found_by_its_signs_is_removed_only_if_it_is_named(town: Scene) -> None:
    things = [town.room(), *town.roles()]
    town.forget()
    town.sql("DELETE FROM sessions")
    town.tick()
    assert town.report.exit_code == 1
    before = town.portrait(*things)
    assert fix(town).code == 1
    assert town.portrait(*things) == before
    assert fix(town, *things).code == 0
    assert (town.rooms(), town.roles()) == ([], [])
    town.tick(MINUTE)
    assert (town.report.exit_code, town.report.warnings) == (0, ())


def test_foreign_room_and_role_of_our_kind_of_name_are_told_and_never_touched(town: Scene) -> None:
    room = town.world.add_channel(town.guild, "🎤 coaching-lookalik")
    role = town.world.add_role(town.guild, "Session lookalik")
    before = town.portrait(room, role)
    assert kinds(town) == ["lookalike", "lookalike"]
    assert fix(town).code == 0
    assert fix(town, room).code == 0
    assert town.portrait(room, role) == before


def test_room_of_another_bot_under_our_name_is_a_lookalike(town: Scene) -> None:
    other = town.world.add_bot("another.token", "other")
    room = town.world.add_channel(town.guild, "🎤 coaching-theirs12")
    town.world.set_overwrite(room, other, MEMBER, ENTER | MANAGE_CHANNELS)
    town.world.set_overwrite(room, town.guild, ROLE, 0, CONNECT)
    assert kinds(town) == ["lookalike"]


def test_empty_category_of_ours_is_pending_and_removed(stage: Stage) -> None:
    scene = stage(real_time=True, access="member")
    category = scene.world.add_category(scene.guild, "Coaching")
    scene.configure(f'category_id = "{category}"')
    for number in range(50):
        scene.world.add_channel(scene.guild, f"full {number}", parent=category)
    scene.book()
    scene.tick()
    (further,) = scene.world.find_channels(scene.guild, "Coaching 2")
    scene.tick(0, "cleanup", ID, abandon=True)
    scene.world.delete_channel(scene.room())
    scene.world.add_category(scene.guild, "Foreign 2")
    assert kinds(scene) == ["pending"]
    assert fix(scene).code == 0
    assert further not in scene.things()
    assert scene.world.find_channels(scene.guild, "Foreign 2") != []


def test_changed_booking_is_pending_and_its_leaver_no_stranger(town: Scene) -> None:
    town.change(studentDiscordId=town.stranger)
    found = [one["kind"] for one in audit(town, "--json").json["findings"] if one["session"] == ID]
    assert "pending" in found
    assert "stranger" not in found


def test_cancelled_booking_is_pending_and_exit_0(town: Scene) -> None:
    town.change(status="CANCELLED")
    assert kinds(town) == ["pending"]


def test_stranger_in_a_room_that_goes_anyway_takes_the_room_along(town: Scene) -> None:
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    town.change(status="CANCELLED")
    assert set(kinds(town)) == {"pending", "stranger"}
    assert fix(town).code == 0
    assert town.rooms() == []


def test_named_session_alone_is_looked_at(town: Scene) -> None:
    town.book("other")
    town.tick()
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    assert kinds(town, "other") == []
    assert kinds(town, ID) == ["stranger"]
    assert kinds(town, town.room()) == ["stranger"]


def test_name_that_nobody_goes_by_is_said(town: Scene) -> None:
    found = audit(town, "nobody")
    assert (found.code, found.out) == (1, "")
    assert found.complaint == ["error", "hint"]


def test_fix_without_a_terminal_needs_yes_and_does_nothing(town: Scene) -> None:
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    before = town.portrait(town.room())
    refused = audit(town, "--fix")
    assert refused.code == 2
    assert refused.complaint == ["error", "hint"]
    assert town.standin.requests == []
    assert town.portrait(town.room()) == before


def test_audit_beside_a_run_is_exit_4(town: Scene) -> None:
    with run_lock(str(town.file), 0, "a test"):
        assert audit(town).code == 4
        assert audit(town, "--fix", "--yes").code == 4
    assert town.standin.requests == []


def test_stranger_whom_a_run_only_reports_is_taken_out_by_whoever_says_fix(town: Scene) -> None:
    town.configure(rest='[privacy]\nstrangers = "report"')
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    assert kinds(town) == ["stranger"]
    assert fix(town).code == 0
    assert kinds(town) == []


def test_whom_the_configuration_lets_in_is_no_stranger(town: Scene) -> None:
    town.configure(rest=f'[privacy]\nalso = ["{town.stranger}"]')
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    assert kinds(town) == []


def test_mended_room_touches_nothing_else(town: Scene) -> None:
    other = town.world.add_channel(town.guild, "General")
    muted = town.world.add_role(town.guild, "Muted")
    town.world.set_overwrite(town.room(), muted, ROLE, 0, CONNECT)
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    before = town.portrait(other, muted)
    assert fix(town).code == 0
    assert town.portrait(other, muted) == before
    assert (ROLE, muted) in {(o.type, o.id) for o in town.world.channel(town.room()).overwrites.values()}  # type: ignore[union-attr]


def test_run_after_a_fix_has_nothing_left_to_do(town: Scene) -> None:
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    fix(town)
    town.tick(MINUTE)
    assert (town.report.exit_code, town.done) == (0, [])


def test_session_that_is_over_misses_nobody(stage: Stage) -> None:
    scene = stage(real_time=True)
    scene.book(start=scene.now() - HOUR - 10 * MINUTE + 60 * MINUTE)
    scene.tick()
    scene.change(scheduledDate=scene.now() - HOUR - 10 * MINUTE)
    scene.world.leave(scene.guild, scene.student)
    assert kinds(scene) == []


def test_finding_says_who_what_where_and_the_remedy(town: Scene) -> None:
    town.world.set_overwrite(town.room(), town.stranger, MEMBER, ENTER)
    first, second = audit(town).out.splitlines()[:2]
    assert first == (
        f"stranger {ID}: somebody who is not booked ({town.stranger}) can see the room {ROOM!r} ({town.room()})"
    )
    assert second.startswith("  remedy: `coachsync audit --fix`")
    (found,) = [f for f in audit(town, "--json").json["findings"] if f["level"] == "failure"]
    assert (found["check"], found["kind"], found["guild_id"], found["session"]) == ("audit", "stranger", town.guild, ID)


def test_observer_who_can_speak_is_found_and_silenced(town: Scene) -> None:
    observer = town.person("olga")
    town.change(participants=[{"discordId": observer, "kind": "observer"}])
    town.tick()
    town.world.set_overwrite(town.room(), observer, MEMBER, ENTER)
    assert kinds(town) == ["stranger"]
    assert fix(town).code == 0
    assert (kinds(town), town.world.can(town.guild, observer, town.room(), SPEAK)) == ([], False)


def test_observer_whose_overwrite_is_gone_is_missing(town: Scene) -> None:
    observer = town.person("olga")
    town.change(participants=[{"discordId": observer, "kind": "observer"}])
    town.tick()
    town.world.delete_overwrite(town.room(), observer)
    assert kinds(town) == ["missing"]
