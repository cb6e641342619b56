"""What keeps the bot from its work is said as what it is, at once, and what is sure to be refused is not sent."""

from __future__ import annotations

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.standin.log import Request
from tests.kit.scene import ID, QUARTER, Scene, Stage

REQUIRED = ["VIEW_CHANNEL", "MANAGE_CHANNELS", "MANAGE_ROLES", "CONNECT"]


def take(scene: Scene, *names: str) -> None:
    """Take permissions from the bot's role, and from everyone."""
    (own,) = scene.roles("coachsync")
    bits = sum(p.BITS[name] for name in names)
    for role in (own, scene.guild):
        held = scene.world.guilds[scene.guild].roles[role].permissions
        scene.world.edit_role(scene.guild, role, permissions=held & ~bits)


def refused(scene: Scene) -> list[Request]:
    return [r for r in scene.standin.requests if r.status in (401, 403)]


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage()


# the guild


@pytest.mark.parametrize("how", ["kicked", "never there"])
def test_bot_outside_the_guild_is_an_unknown_guild(any_access: Scene, how: str) -> None:
    if how == "kicked":
        any_access.world.kick(any_access.guild, any_access.bot)
        any_access.book()
    else:
        any_access.book(guildId="1400000000000000123")
    any_access.tick()
    assert (any_access.done, any_access.codes) == ([("setup", "failed")], ["unknown_guild"])
    assert "invite" in any_access.hint


def test_bot_kicked_while_a_room_is_open_is_a_failure_of_its_session(any_access: Scene) -> None:
    any_access.book()
    any_access.tick()
    any_access.world.kick(any_access.guild, any_access.bot)
    any_access.tick(QUARTER)
    assert (any_access.codes, any_access.report.exit_code) == (["unknown_guild"], 1)


# time-out, flag, words of Discord's own


def test_timed_out_bot_says_until_when_and_sends_nothing_in_vain(any_access: Scene) -> None:
    any_access.book()
    any_access.world.time_out(any_access.guild, any_access.bot, any_access.now() + DAY)
    any_access.tick()
    assert (any_access.codes, any_access.writes) == (["bot_timed_out"], [])
    assert any_access.outcome.error is not None
    assert "2026-10-15T" in any_access.outcome.error.message
    any_access.world.time_out(any_access.guild, any_access.bot, None)
    any_access.tick(MINUTE)
    assert any_access.done == [("setup", "done")]


def test_time_out_that_is_over_holds_nothing_up(scene: Scene) -> None:
    scene.book()
    scene.world.time_out(scene.guild, scene.bot, scene.now() - 1)
    scene.tick()
    assert scene.done == [("setup", "done")]


def test_bot_timed_out_while_a_room_is_open_says_so_although_nothing_is_due(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.time_out(scene.guild, scene.bot, scene.now() + DAY)
    scene.tick(QUARTER)
    assert (scene.codes, scene.report.exit_code, scene.writes) == (["bot_timed_out"], 1, [])
    scene.tick(5 * HOUR)
    assert (scene.done, scene.codes, scene.writes) == ([("cleanup", "failed")], ["bot_timed_out"], [])


def test_flagged_bot_is_said_as_flagged(any_access: Scene) -> None:
    any_access.book()
    any_access.world.flag_bot(any_access.bot)
    any_access.tick()
    assert any_access.codes == ["bot_flagged"]
    assert "appeal" in any_access.hint


def test_unknown_refusal_is_said_with_discords_own_words(any_access: Scene) -> None:
    any_access.book()
    words = "This server is taking a nap"
    any_access.standin.faults.add("forbidden", match=lambda r: r.write, count=None, code=50999, message=words)
    any_access.tick()
    assert any_access.outcome.error is not None
    assert any_access.outcome.error.code == "discord_error"
    assert words in any_access.outcome.error.message


# permissions


@pytest.mark.parametrize("name", REQUIRED)
def test_setup_without_a_permission_names_it_and_is_not_tried(any_access: Scene, name: str) -> None:
    any_access.book()
    take(any_access, name)
    any_access.tick()
    assert (any_access.codes, any_access.writes, refused(any_access)) == (["missing_permission"], [], [])
    assert any_access.outcome.error is not None
    assert [n for n in REQUIRED if n in any_access.outcome.error.message] == [name]


@pytest.mark.parametrize("name", REQUIRED)
def test_permission_lost_while_a_room_is_open_is_said_at_once(any_access: Scene, name: str) -> None:
    any_access.book()
    any_access.tick()
    take(any_access, name)
    any_access.tick(QUARTER)
    assert (any_access.codes, any_access.report.exit_code) == (["missing_permission"], 1)
    assert any_access.outcome.action.session.id == ID
    assert any_access.outcome.error is not None
    assert name in any_access.outcome.error.message
    assert refused(any_access) == []


def test_room_still_goes_when_only_roles_may_not_be_managed(scene: Scene) -> None:
    scene.book()
    scene.tick()
    take(scene, "MANAGE_ROLES")
    scene.tick(5 * HOUR)
    assert (scene.codes, scene.rooms(), len(scene.roles()), refused(scene)) == (["missing_permission"], [], 1, [])


def test_administrator_lacks_nothing(scene: Scene) -> None:
    (own,) = scene.roles("coachsync")
    scene.world.edit_role(scene.guild, own, permissions=p.ADMINISTRATOR)
    scene.book()
    scene.tick()
    assert scene.done == [("setup", "done")]


def test_odd_role_of_the_bots_own_proves_no_lack(scene: Scene) -> None:
    (own,) = scene.roles("coachsync")
    scene.standin.faults.add("lie", ("GET", "/guilds/{guild_id}/roles"), target=own, fields={"position": None})
    scene.book()
    scene.tick()
    assert len(scene.rooms()) == 1


def test_role_above_the_bots_own_is_not_handed_out_in_vain(scene: Scene) -> None:
    (own,) = scene.roles("coachsync")
    scene.world.edit_role(scene.guild, own, position=0)
    scene.book()
    scene.tick()
    assert (scene.codes, refused(scene)) == (["role_too_high"], [])


def test_category_that_denies_the_bot_its_rooms_is_told_by_whom_and_how_to_mend_it(scene: Scene) -> None:
    category = scene.world.add_category(scene.guild, "Rooms")
    scene.world.set_overwrite(category, scene.guild, p.ROLE, deny=p.MANAGE_CHANNELS)
    scene.configure(f'category_id = "{category}"')
    made = ("POST", "/guilds/{guild_id}/channels")
    scene.standin.faults.add("forbidden", made, count=1, code=50013)
    scene.book()
    scene.tick()
    (warning,) = [w for w in scene.report.warnings if w.code == "category_gone"]
    assert "'Rooms'" in warning.message
    assert "denies the bot MANAGE_CHANNELS, by what @everyone is denied" in warning.message
    assert "allow it MANAGE_CHANNELS" in warning.hint
