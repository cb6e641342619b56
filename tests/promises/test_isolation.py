"""One failing session does not stop the next: each fault is told with a hint, all others are served."""

from __future__ import annotations

from coachsync.domain.model import HOUR
from tests.kit.scene import Scene


def _guild_with_a_bad_token(scene: Scene) -> tuple[str, str]:
    """Found a guild whose section names a token that Discord does not know; return it and its section."""
    found = scene.another_guild("Elsewhere")
    (scene.folder / "bad-token").write_text("MTEwMDAwMDAwMDAwMDAwMDAwMg.Gxxxxx.not-a-token-that-anybody-knows-00\n")
    (scene.folder / "bad-token").chmod(0o600)
    return found, f'[guilds.{found}]\ntoken_file = "bad-token"\n'


def _guild_with_a_low_bot(scene: Scene) -> str:
    """Found a guild in which the bot's role is below all others."""
    found = scene.another_guild("Upside down")
    for person in (scene.student, scene.coach):
        scene.world.join(found, person)
    (role,) = scene.world.find_roles(found, "coachsync")
    scene.world.edit_role(found, role, position=0)
    return found


def test_faults_of_some_sessions_leave_all_others_served(scene: Scene) -> None:
    refusing, section = _guild_with_a_bad_token(scene)
    upside_down = _guild_with_a_low_bot(scene)
    scene.configure(rest=section)
    scene.book("served01")
    scene.book("badtoken", guildId=refusing)
    scene.book("stranger", studentDiscordId=scene.person("late", member=False))
    scene.book("lowrole1", guildId=upside_down)
    scene.book("oddstate", status="PENCILLED_IN")
    scene.book("served02", start=scene.now() + HOUR)
    result = scene.command("run", "--json")
    assert result.code == 1
    assert sorted(result.actions) == [
        ("badtoken", "setup", "failed"),
        ("lowrole1", "setup", "failed"),
        ("oddstate", "setup", "failed"),
        ("served01", "setup", "done"),
        ("served02", "setup", "done"),
        ("stranger", "setup", "failed"),
    ]
    expected = {
        "badtoken": "unauthorized",
        "lowrole1": "role_too_high",
        "oddstate": "unknown_status",
        "stranger": "unknown_member",
    }
    errors = {session_id: result.error_of(session_id) for session_id in expected}
    assert {session_id: error["code"] for session_id, error in errors.items()} == expected
    assert all(error["hint"] for error in errors.values())
    assert [line.partition(":")[0] for line in result.err.splitlines()].count("hint") == len(expected)


def test_coach_gets_in_while_the_student_has_not_joined_and_the_student_once_there(any_access: Scene) -> None:
    scene = any_access
    late = scene.person("late", member=False)
    scene.book(studentDiscordId=late)
    assert scene.command("run").code == 1
    assert scene.people_in_reach() == {scene.coach}
    scene.world.join(scene.guild, late)
    assert scene.command("run").code == 0
    assert scene.people_in_reach() == {scene.coach, late}


def test_every_token_refused_is_unusable_and_names_the_remedy(scene: Scene) -> None:
    scene.book()
    scene.world.revoke_token(scene.bot, "another.token.altogether")
    result = scene.command("run")
    assert (result.code, scene.things()) == (3, {})
    assert "hint" in result.complaint


def test_next_run_serves_when_the_token_is_mended(scene: Scene) -> None:
    scene.book()
    fault = scene.standin.faults.add("unauthorized", count=None)
    assert scene.command("run").code == 3
    scene.standin.faults.remove(fault)
    assert (scene.command("run").code, scene.people_in_reach()) == (0, {scene.student, scene.coach})
