"""What a handler is given: the world, who asks, and the ids of the path turned into things or refusals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coachsync.standin.answers import Reply, refuse
from coachsync.standin.clock import Millis
from coachsync.standin.forms import Form, invalid, is_snowflake
from coachsync.standin.lag import Lag
from coachsync.standin.log import Request
from coachsync.standin.model import Application, Channel, Guild, Member, Role
from coachsync.standin.router import Router
from coachsync.standin.world import World


@dataclass
class Call:
    """One authorised request on its way to its handler, which runs under the world's lock."""

    world: World
    app: Application
    request: Request
    lag: Lag
    roles_on_arrival: set[str] | None = None
    changes_on_arrival: int = 0

    @property
    def now(self) -> Millis:
        """The world's time."""
        return self.world.clock.now()

    def param(self, key: str) -> str:
        """An id of the path."""
        value = self.request.params[key]
        if not is_snowflake(value):
            raise invalid(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return value

    def number(self, key: str, default: int, *, low: int = 0, high: int = (1 << 64) - 1) -> int:
        """A whole number of the query, within bounds, both included."""
        text = self.request.query.get(key, str(default))
        if not text.isascii() or not text.isdigit():
            raise invalid(key, "NUMBER_TYPE_COERCE", f'Value "{text}" is not int.')
        if not low <= int(text) <= high:
            raise invalid(key, "NUMBER_TYPE_RANGE", f"int value should be between {low} and {high}.")
        return int(text)

    def note(self, guild: Guild, kind: int, target: str) -> None:
        """Write what the bot has changed into the guild's audit log."""
        self.world.note(guild, kind, target, self.app.id, self.request.reason)

    def form(self) -> Form:
        """The JSON body."""
        if not isinstance(self.request.body, dict):
            raise invalid("", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return Form(self.request.body)

    def guild(self) -> Guild:
        """The guild of the path, which the bot must be in.

        If it is not, the guild itself is unknown (10004), and what belongs to the guild is out of reach (50001).
        Source: https://github.com/discord/discord-api-docs/issues/5840
        """
        guild = self.world.guilds.get(self.param("guild_id"))
        if guild is None:
            raise refuse(10004)
        if self.app.id not in guild.members:
            raise refuse(10004 if self.request.template == "/guilds/{guild_id}" else 50001)
        return guild

    def role(self, guild: Guild) -> Role:
        """The role of the path; @everyone counts as unknown."""
        role = guild.roles.get(self.param("role_id"))
        if role is None or role.id == guild.id:
            raise refuse(10011)
        return role

    def member(self, guild: Guild) -> Member:
        """The member of the path."""
        user_id = self.param("user_id")
        if user_id not in self.world.users:
            raise refuse(10013)
        if user_id not in guild.members:
            raise refuse(10007)
        return guild.members[user_id]

    def channel(self) -> tuple[Guild, Channel]:
        """The channel of the path with its guild, which the bot must be in."""
        channel_id = self.param("channel_id")
        guild = self.world.guild_of(channel_id)
        if guild is None:
            raise refuse(10003)
        if self.app.id not in guild.members:
            raise refuse(50001)
        return guild, guild.channels[channel_id]


Handler = Callable[[Call], Reply]
ROUTER: Router[Handler] = Router()
"""All routes there are; the modules of handlers fill it."""
