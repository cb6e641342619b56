"""What one gets wrong in the first hour is named by doctor, with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coachsync.domain import permissions as p
from coachsync.standin import Standin
from coachsync.standin.clock import RealClock
from coachsync.standin.model import TEXT
from tests.kit.home import Home
from tests.kit.town import TOKEN, Town


class Hour:
    """An installation that is sound, until a mistake is made in it."""

    def __init__(self, town: Town, home: Home) -> None:
        self.town, self.home, self.world, self.guild = town, home, town.world, town.guilds[0]
        self.token = home.folder / "token"
        self.token.write_text(f"{TOKEN}\n")
        self.token.chmod(0o600)
        self.configure(self.guild.id, self.guild.category)

    def configure(self, guild: str, category: str) -> None:
        """Write the configuration for a guild and a category."""
        where = [f'category_id = "{category}"', f'api_base = "{self.town.standin.base_url}"', 'token_file = "token"']
        self.home.configure(guild, where)

    @property
    def bots_role(self) -> str:
        """The role that Discord gave the bot."""
        roles = self.world.guilds[self.guild.id].roles.values()
        return next(role.id for role in roles if role.managed)

    def doctor(self) -> list[tuple[str, str, str]]:
        """Return check, message and hint of what is amiss, the schedule aside: that is this host's."""
        found = self.home.run("doctor", "--json").json["findings"]
        amiss = [one for one in found if one["level"] != "ok" and one["check"] != "schedule"]
        return [(one["check"], one["message"], one["hint"]) for one in amiss]


@pytest.fixture
def hour(tmp_path: Path) -> Iterator[Hour]:
    """Return an installation in which nothing is wrong."""
    with Standin(RealClock()) as standin:
        town = Town(standin, staffed=True)
        town.settle()
        yield Hour(town, Home(tmp_path).make_store())


def wrong_guild(hour: Hour) -> None:
    hour.configure("1100000000000000000", hour.guild.category)


def wrong_category(hour: Hour) -> None:
    hour.configure(hour.guild.id, "1100000000000000001")


def text_channel_as_category(hour: Hour) -> None:
    hour.configure(hour.guild.id, hour.world.add_channel(hour.guild.id, "general", TEXT))


def ids_corrected(hour: Hour) -> None:
    hour.configure(hour.guild.id, hour.guild.category)


def missing_permission(hour: Hour) -> None:
    hour.world.edit_role(hour.guild.id, hour.bots_role, permissions=p.NEEDED & ~p.MANAGE_ROLES)


def permission_given(hour: Hour) -> None:
    hour.world.edit_role(hour.guild.id, hour.bots_role, permissions=p.NEEDED)


def role_too_low(hour: Hour) -> None:
    hour.world.edit_role(hour.guild.id, hour.bots_role, position=0)


def role_dragged_up(hour: Hour) -> None:
    hour.world.edit_role(hour.guild.id, hour.bots_role, position=10)


def full_category(hour: Hour) -> None:
    for number in range(50):
        hour.world.add_channel(hour.guild.id, f"voice {number}", parent=hour.guild.category)


def channels_removed(hour: Hour) -> None:
    for channel in list(hour.world.guilds[hour.guild.id].channels.values()):
        if channel.name.startswith("voice"):
            hour.world.delete_channel(channel.id)


def hidden_category(hour: Hour) -> None:
    hour.world.set_overwrite(hour.guild.category, hour.guild.id, p.ROLE, deny=p.VIEW_CHANNEL)


def bot_added_to_category(hour: Hour) -> None:
    hour.world.set_overwrite(hour.guild.category, hour.town.bot, p.MEMBER, allow=p.VIEW_CHANNEL)


def token_on_two_lines(hour: Hour) -> None:
    hour.token.write_text(f"{TOKEN[:20]}\n{TOKEN[20:]}\n")


def token_in_quotes(hour: Hour) -> None:
    hour.token.write_text(f'"{TOKEN}"\n')


def empty_token(hour: Hour) -> None:
    hour.token.write_text("\n")


def token_of_another_time(hour: Hour) -> None:
    hour.token.write_text(f"{TOKEN[:-5]}zzzzz\n")


def token_put_there_alone(hour: Hour) -> None:
    hour.token.write_text(TOKEN)


def no_store(hour: Hour) -> None:
    hour.home.file.unlink()


def store_made(hour: Hour) -> None:
    assert hour.home.run("init").code == 0


Change = Callable[[Hour], None]
MISTAKES: list[tuple[Change, str, str, str, Change]] = [
    (wrong_guild, "guild", "is not in guild 1100000000000000000", "correct guild_id", ids_corrected),
    (wrong_category, "category", "there is no category 1100000000000000001", "Copy Channel ID", ids_corrected),
    (text_channel_as_category, "category", "'general'", "right click a category", ids_corrected),
    (missing_permission, "permissions", "the bot lacks MANAGE_ROLES", "Server Settings → Roles", permission_given),
    (role_too_low, "role_position", "no role that stands above", "drag the bot's role", role_dragged_up),
    (full_category, "category", "is full: it has its 50 channels", "remove channels", channels_removed),
    (hidden_category, "category", "is hidden from the bot", "add the bot and allow it View", bot_added_to_category),
    (token_on_two_lines, "token", "holds more than one line", "put the bot's token there", token_put_there_alone),
    (token_in_quotes, "token", "holds quotes around the token", "put the bot's token there", token_put_there_alone),
    (empty_token, "token", "is empty", "put the bot's token there", token_put_there_alone),
    (token_of_another_time, "token", "Discord refuses the bot token", "Reset Token", token_put_there_alone),
    (no_store, "store", "does not exist", "coachsync init", store_made),
]


@pytest.mark.parametrize(
    ("mistake", "check", "message", "hint", "remedy"),
    MISTAKES,
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_mistake_is_named_and_mended_by_its_remedy(
    hour: Hour, mistake: Change, check: str, message: str, hint: str, remedy: Change
) -> None:
    mistake(hour)
    found = hour.doctor()
    assert [(where, message in said, hint in told) for where, said, told in found] == [(check, True, True)], found
    remedy(hour)
    assert hour.doctor() == []
