"""Twelve causes of a refusal are told apart before a run meets it, each with the remedy that ends it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from coachsync.clock import host_now
from coachsync.domain import permissions as p
from coachsync.domain.model import DAY, HOUR
from tests.doctor.conftest import examined
from tests.kit.home import NOWHERE
from tests.kit.scene import ID, Scene
from tests.kit.town import TOKEN

OTHER = "MTEwMDAwMDAwMDAwMDAwMDAwMg.Gabcde.zyxwvutsrqponmlkjihgfedcba9876543210ZY"


def own_role(scene: Scene) -> str:
    (own,) = scene.roles("coachsync")
    return own


def take(scene: Scene, *names: str) -> None:
    """Take permissions from the bot's role, and from everyone."""
    bits = sum(p.BITS[name] for name in names)
    for role in (own_role(scene), scene.guild):
        held = scene.world.guilds[scene.guild].roles[role].permissions
        scene.world.edit_role(scene.guild, role, permissions=held & ~bits)


def under_category(scene: Scene, **overwrite: int) -> None:
    """Configure a category in which the bot has this overwrite."""
    category = scene.world.add_category(scene.guild, "Rooms")
    scene.world.set_overwrite(category, scene.bot, p.MEMBER, **overwrite)
    scene.configure(f'category_id = "{category}"')


# the twelve: what is planted; the check that finds it; words of the message; words of the remedy


def permission_missing(scene: Scene) -> None:
    take(scene, "MANAGE_ROLES")


def denied_by_the_category(scene: Scene) -> None:
    under_category(scene, deny=p.MANAGE_CHANNELS)


def category_hidden(scene: Scene) -> None:
    under_category(scene, deny=p.VIEW_CHANNEL)


def role_too_low(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.move_role(scene.guild, scene.role(), above=own_role(scene))


def role_managed(scene: Scene) -> None:
    role = scene.world.add_role(scene.guild, "Booster", managed=True)
    scene.book()
    scene.sql("UPDATE sessions SET discord_role_id = ?", role)


def two_factor_rule(scene: Scene) -> None:
    scene.world.require_2fa(scene.guild, [scene.bot])


def bot_timed_out(scene: Scene) -> None:
    scene.world.time_out(scene.guild, scene.bot, scene.now() + DAY)


def bot_not_in_the_guild(scene: Scene) -> None:
    scene.world.kick(scene.guild, scene.bot)


def token_of_another_bot(scene: Scene) -> None:
    scene.book()
    scene.tick()
    other = scene.world.add_bot(OTHER, "other")
    scene.world.join(scene.guild, other)
    helpers = scene.world.add_role(scene.guild, "Helpers", permissions=p.NEEDED, position=30)
    scene.world.give_role(scene.guild, other, helpers)


def bot_flagged(scene: Scene) -> None:
    scene.book()
    scene.world.flag_bot(scene.bot)
    scene.tick()


def room_hidden(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.hide_from(scene.room(), scene.bot)


def bit_the_bot_lacks(scene: Scene) -> None:
    take(scene, "SPEAK")


TWELVE: dict[Callable[[Scene], None], tuple[str, str, str]] = {
    permission_missing: ("permissions", "lacks MANAGE_ROLES in guild", "permissions=305253904"),
    denied_by_the_category: ("permissions", "'Rooms' .* denies the bot MANAGE_CHANNELS", "add the bot and allow it"),
    category_hidden: ("category", "category .* is hidden from the bot", "allow it View Channels"),
    role_too_low: ("role_position", "stands above the bot's own highest role", "drag the bot's role above"),
    role_managed: ("role_position", "belongs to a bot or an integration", "take its id out of the booking"),
    two_factor_rule: ("mfa", "two-factor authentication", "owner of the bot's application"),
    bot_timed_out: ("guild", "timed out until", "moderator may end the bot's time-out"),
    bot_not_in_the_guild: ("guild", "coachsync .* is not in guild", "oauth2/authorize"),
    token_of_another_bot: ("token", "were made by the bot", "put back the token"),
    bot_flagged: ("api", "flagged", "appeal"),
    room_hidden: ("permissions", "is hidden from the bot", "add the bot with View Channel"),
    bit_the_bot_lacks: ("permissions", "lacks SPEAK .* overwrites cannot ask for it", "give the bot's role SPEAK"),
}


@pytest.mark.parametrize("plant", TWELVE, ids=lambda plant: str(plant.__name__))
def test_each_cause_of_a_refusal_is_told_by_itself_with_its_remedy(
    scene: Scene, plant: Callable[[Scene], None]
) -> None:
    plant(scene)
    found = examined(scene, token=OTHER if plant is token_of_another_bot else TOKEN)
    check, message, hint = TWELVE[plant]
    (finding,) = [f for f in found if f.level == "failure" and f.check != "people"]
    assert (finding.check, bool(re.search(message, finding.message))) == (check, True), finding
    assert hint in finding.hint


def test_token_of_another_bot_that_is_not_in_the_guild_is_told_as_that(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.add_bot(OTHER, "other")
    (found,) = examined(scene, token=OTHER)
    assert (found.check, f"made by the bot {scene.bot}" in found.message) == ("token", True)


def test_other_bots_overwrite_tells_it_if_the_ledger_does_not(scene: Scene) -> None:
    token_of_another_bot(scene)
    (helpers,) = scene.roles("Helpers")
    scene.world.edit_role(scene.guild, helpers, permissions=p.ADMINISTRATOR)
    scene.sql("DELETE FROM coachsync_meta WHERE key LIKE 'bot:%'")
    (found,) = examined(scene, token=OTHER)
    assert (found.check, f"made by the bot {scene.bot}" in found.message) == ("token", True)


def test_nothing_is_amiss_without_a_cause(scene: Scene) -> None:
    scene.book()
    scene.tick()
    assert examined(scene) == []


def test_bot_out_of_a_guild_with_open_rooms_may_be_another_one_if_nobody_knows_which_made_them(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.world.kick(scene.guild, scene.bot)
    (found,) = examined(scene)
    assert ("put back that of the bot" in found.hint, f"cleanup {ID} --abandon" in found.hint) == (False, True)
    scene.sql("DELETE FROM coachsync_meta WHERE key LIKE 'bot:%'")
    (found,) = examined(scene)
    assert "put back that of the bot" in found.hint


def test_refused_token_is_one_finding_whatever_the_guilds_lack(scene: Scene) -> None:
    take(scene, "MANAGE_ROLES")
    scene.configure('category_id = "1400000000000000123"')
    (found,) = examined(scene, token=OTHER)
    assert (found.check, found.message) == ("token", "Discord refuses the bot token")


def test_unreachable_discord_is_one_finding(scene: Scene) -> None:
    (found,) = examined(scene, COACHSYNC_API_BASE=NOWHERE)
    assert (found.check, NOWHERE in found.message) == ("api", True)


def watched(scene: Scene) -> str:
    """Book a session of the coming hours with an observer, and return them."""
    observer = scene.person("olga")
    scene.book(start=host_now() + 5 * HOUR, participants=[{"discordId": observer, "kind": "observer"}])
    return observer


@pytest.mark.parametrize("lacking", ["STREAM", "SEND_MESSAGES"])
def test_observers_ask_for_what_they_are_to_be_denied(scene: Scene, lacking: str) -> None:
    take(scene, lacking)
    before = [f.level for f in examined(scene) if f.check == "permissions"]
    watched(scene)
    found = [f for f in examined(scene) if f.check == "permissions" and f.level == "failure"]
    assert "failure" not in before
    assert [(ID in f.message, lacking in f.message, lacking in f.hint) for f in found] == [(True, True, True)]


def test_observer_who_is_an_administrator_is_told_of(scene: Scene) -> None:
    observer = watched(scene)
    scene.world.give_role(
        scene.guild, observer, scene.world.add_role(scene.guild, "Admins", permissions=p.ADMINISTRATOR)
    )
    (found,) = [f for f in examined(scene) if f.check == "people"]
    assert (found.level, "no room can silence" in found.message) == ("warning", True)
