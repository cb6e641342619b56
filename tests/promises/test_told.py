"""CONTRACT §2, OPERATOR "Causes": what is wrong is told by every run that finds it, and shown until it is no more."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.clock import iso
from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.permissions import ENTER, MEMBER
from tests.kit.home import Result
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene, Stage
from tests.kit.town import TOKEN

OPEN = "room_open_to_others"
REPORT = '[privacy]\nstrangers = "report"'


def attention(scene: Scene, *names: str) -> list[dict[str, Any]]:
    """Return what `status --json` says to be wrong."""
    found = scene.command("status", "--json", *names).json["attention"]
    assert isinstance(found, list)
    return found


def codes(scene: Scene) -> list[tuple[str, tuple[str, ...]]]:
    """Return the causes that stand: codes and sessions."""
    return [(cause["code"], tuple(cause["sessions"])) for cause in attention(scene)]


def leaking(scene: Scene, rest: str = "") -> None:
    """Have a session whose room lets in a stranger, by a moderator's click."""
    scene.configure(rest=rest)
    scene.book(studentName="John", coachName="Coach Sarah")
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)


def test_leak_is_printed_with_quiet_and_is_exit_1_in_every_run_until_it_is_mended(any_access: Scene) -> None:
    scene = any_access
    leaking(scene, REPORT)
    for _ in range(3):
        scene.clock.advance(QUARTER)
        told = scene.command("run", "--quiet")
        assert (told.code, told.out) == (1, "")
        assert scene.stranger in told.err
        assert OPEN in told.err
    scene.world.delete_overwrite(scene.room(), scene.stranger)
    scene.clock.advance(QUARTER)
    mended = scene.command("run", "--quiet")
    assert (mended.code, mended.out, mended.complaint[0]) == (0, "", "mended")
    scene.clock.advance(QUARTER)
    assert scene.command("run", "--quiet") == (0, "", "")


def test_leak_that_is_let_be_is_shown_with_its_age_until_a_run_finds_the_room_closed(any_access: Scene) -> None:
    scene = any_access
    leaking(scene, REPORT)
    scene.tick(QUARTER)
    begun = scene.now()
    scene.tick(QUARTER)
    (cause,) = attention(scene)
    assert (cause["code"], cause["sessions"], cause["urgency"]) == (OPEN, [ID], "late")
    assert (cause["since"], cause["last_seen"]) == (iso(begun), iso(begun + QUARTER))
    plain = scene.command("status").out
    assert "late: abc12345" in plain
    assert "John and Coach Sarah" in plain
    assert f"since {iso(begun)} (15 min ago)" in plain
    assert "remedy: in Discord, Edit Channel → Permissions" in plain
    story = scene.command("explain", ID).out
    assert OPEN in story
    assert f"since   {iso(begun)}" in story
    scene.world.delete_overwrite(scene.room(), scene.stranger)
    assert codes(scene) == [(OPEN, (ID,))]
    scene.tick(QUARTER)
    assert attention(scene) == []
    assert OPEN not in scene.command("status").out
    assert "blocked by" not in scene.command("explain", ID).out


def test_leak_that_a_run_mended_is_told_by_that_run_and_is_no_cause_afterwards(any_access: Scene) -> None:
    scene = any_access
    leaking(scene)
    scene.clock.advance(QUARTER)
    told = scene.command("run", "--quiet")
    assert told.code == 1
    assert scene.stranger in told.err
    assert attention(scene) == []


def test_mended_leak_of_an_incomplete_session_leaves_what_it_waits_for(any_access: Scene) -> None:
    scene = any_access
    scene.book(coachDiscordId=None)
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    scene.tick(QUARTER)
    assert scene.codes == [OPEN]
    assert codes(scene) == [("unlinked", (ID,))]


def test_leak_stands_after_the_session_until_its_room_is_gone(any_access: Scene) -> None:
    scene = any_access
    leaking(scene, REPORT)
    scene.tick(QUARTER)
    scene.tick(14 * QUARTER)  # over, and no run looks any more
    assert codes(scene) == [(OPEN, (ID,))]
    scene.tick(HOUR)
    assert scene.rooms() == []
    assert attention(scene) == []


def test_waiting_person_is_a_cause_that_keeps_its_beginning_and_ends_when_they_are_in(any_access: Scene) -> None:
    scene = any_access
    late = scene.person("late", member=False)
    scene.book(studentDiscordId=late, start=scene.now() + 10 * QUARTER)
    scene.tick()
    begun = scene.now()
    scene.tick(QUARTER)
    (cause,) = attention(scene)
    assert (cause["code"], cause["since"], cause["urgency"]) == ("unknown_member", iso(begun), "soon")
    scene.tick(2 * QUARTER)
    assert attention(scene)[0]["urgency"] == "late"
    scene.world.join(scene.guild, late)
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_permission_that_the_guild_lacks_is_one_cause_for_all_its_sessions(stage: Stage) -> None:
    scene = stage()
    mine = next(iter(scene.world.roles_of(scene.guild, scene.bot)))
    scene.world.edit_role(scene.guild, mine, permissions=ENTER)
    scene.book("one")
    scene.book("two")
    scene.tick()
    assert codes(scene) == [("missing_permission", ("one", "two"))]
    assert [c["code"] for c in attention(scene, "two")] == ["missing_permission"]


def test_guild_out_of_reach_is_one_cause_and_leaves_the_guilds_others_standing(any_access: Scene) -> None:
    scene = any_access
    leaking(scene, REPORT)
    scene.book("two")
    scene.tick(QUARTER)
    scene.standin.faults.add("forbidden", ("GET", CHANNELS), count=None, code=50001)
    scene.tick(QUARTER)
    found = dict(codes(scene))
    assert found.pop(OPEN) == (ID,)
    assert [set(sessions) for sessions in found.values()] == [{ID, "two"}]


def test_cleanup_of_one_session_touches_that_sessions_causes_alone(any_access: Scene) -> None:
    scene = any_access
    scene.book("one", coachDiscordId=None)
    scene.book("two", coachDiscordId=None)
    scene.tick()
    assert codes(scene) == [("unlinked", ("one",)), ("unlinked", ("two",))]
    scene.tick(MINUTE, "cleanup", "one")
    assert codes(scene) == [("unlinked", ("two",))]


def test_missed_session_is_a_cause_of_one_run(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    scene.book(start=scene.now() + 4 * HOUR)
    scene.tick(6 * HOUR)  # no run came while it lasted
    assert codes(scene) == [("missed", (ID,))]
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_invalid_row_is_a_cause_as_long_as_it_stands(scene: Scene) -> None:
    scene.book()
    scene.change(studentDiscordId="nobody")
    for _ in range(2):
        scene.tick(QUARTER)
        assert codes(scene) == [("invalid", (ID,))]
    scene.change(studentDiscordId=scene.student)
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_staff_role_that_is_gone_stands_until_the_configuration_is_right(stage: Stage) -> None:
    scene = stage()
    scene.configure('staff_role_ids = ["1300000000000000009"]')
    scene.book()
    scene.tick()
    (cause,) = attention(scene)
    assert (cause["code"], cause["guild_id"], cause["urgency"]) == ("staff_role_gone", scene.guild, "note")
    scene.configure()
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_token_that_others_can_read_is_a_cause_until_its_mode_is_right(stage: Stage) -> None:
    scene = stage()
    token = scene.folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o644)
    scene.configure('token_file = "token"')
    scene.book()
    assert command_without_environment(scene, "run").code == 0
    assert codes(scene) == [("token_readable", ())]
    token.chmod(0o600)
    scene.clock.advance(QUARTER)
    assert command_without_environment(scene, "run").code == 0
    assert attention(scene) == []


def command_without_environment(scene: Scene, *arguments: str) -> Result:
    """Run a command with no token in the environment."""
    return scene.program(*arguments, COACHSYNC_TOKEN="")


def test_run_that_had_no_token_is_a_cause_until_one_could_start(scene: Scene) -> None:
    scene.book()
    assert command_without_environment(scene, "run").code == 3
    (cause,) = attention(scene)
    assert (cause["code"], cause["guild_id"], cause["sessions"]) == ("tick_failed", None, [])
    assert "no bot token" in cause["message"]
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_dry_run_leaves_the_causes_as_they_are(any_access: Scene) -> None:
    scene = any_access
    leaking(scene, REPORT)
    scene.tick(QUARTER)
    before = attention(scene)
    scene.tick(QUARTER, dry_run=True)
    assert attention(scene) == before


def test_orphan_is_a_cause_until_it_is_gone(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.forget()
    scene.sql("DELETE FROM sessions")
    scene.tick(QUARTER)
    scene.tick(QUARTER)
    (cause,) = attention(scene)
    assert (cause["code"], cause["guild_id"], cause["urgency"]) == ("orphan", scene.guild, "soon")
    scene.world.delete_channel(scene.room())
    scene.world.delete_role(scene.guild, scene.role())
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_guild_that_is_nearly_full_is_a_note_until_it_is_not(stage: Stage) -> None:
    scene = stage()
    roles = [scene.world.add_role(scene.guild, f"rank {n}") for n in range(240)]
    scene.book()
    assert "(limits_near)" in scene.command("run").err
    (cause,) = attention(scene)
    assert (cause["code"], cause["guild_id"], cause["urgency"]) == ("limits_near", scene.guild, "note")
    assert "250 roles" in cause["message"]
    for role in roles[:60]:
        scene.world.delete_role(scene.guild, role)
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_room_that_somebody_moved_out_of_its_category_is_told_until_it_is_back(stage: Stage) -> None:
    scene = stage()
    category = scene.world.add_category(scene.guild, "Rooms")
    scene.configure(f'category_id = "{category}"')
    scene.book()
    scene.tick()
    assert attention(scene) == []
    scene.world.move_channel(scene.room(), None)
    scene.tick(QUARTER)
    (cause,) = attention(scene)
    assert (cause["code"], cause["sessions"], cause["urgency"]) == ("category_gone", [ID], "note")
    scene.world.move_channel(scene.room(), category)
    scene.tick(QUARTER)
    assert attention(scene) == []


def test_same_answer_for_many_sessions_is_one_cause(stage: Stage) -> None:
    scene = stage()
    scene.standin.faults.add("status_before", ("POST", ROLES), count=None, status=500)
    for session_id in ("one", "two", "six"):
        scene.book(session_id)
    scene.tick()
    assert codes(scene) == [("discord_error", ("one", "six", "two"))]


def test_work_that_a_run_did_not_come_to_is_a_cause_once_a_session_is_late_by_it(stage: Stage) -> None:
    scene = stage(discord='run_budget = "1s"')
    for number in range(12):
        scene.book(f"session{number:02}")
    scene.standin.latency = lambda request: 0.4 if request.write else 0.0
    scene.tick()
    assert "interrupted" in scene.codes
    assert attention(scene) == []
    for number in range(24):
        scene.book(f"later{number:02}", start=scene.now() + MINUTE)
    scene.tick()
    (cause,) = attention(scene)
    assert (cause["code"], cause["urgency"]) == ("interrupted", "late")


@pytest.mark.parametrize(("access", "codes"), [("role", ["limits_near"]), ("member", [])])
def test_roles_that_are_nearly_used_up_for_two_days_are_a_note_if_roles_are_made(
    stage: Stage, access: str, codes: list[str]
) -> None:
    scene = stage(access=access)
    scene.book()
    scene.tick()
    scene.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 230) INSERT INTO coachsync_resources"
        " (guild_id, kind, name, state, attempt_at, made_at) SELECT ?, 'role', 'r', 'deleted', ?, ? FROM n",
        scene.guild, scene.now(), scene.now(),
    )  # fmt: skip
    scene.tick(QUARTER)
    assert [cause["code"] for cause in attention(scene)] == codes
