"""What the tests of the stand-in share: a small guild and a client that speaks to it as coachsync would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from coachsync.domain import permissions as p
from coachsync.standin import SimClock, Standin, World

TOKEN = "a.test.token"
START = 1_791_982_800_000
USER_AGENT = "DiscordBot (https://example.org/coachsync, 0.1.0)"


@dataclass
class House:
    """A stand-in, its one guild and the people in it."""

    standin: Standin
    clock: SimClock
    http: requests.Session
    bot: str
    owner: str
    guild: str
    john: str
    sarah: str
    stranger: str

    @property
    def world(self) -> World:
        """The stand-in's world."""
        return self.standin.world

    def call(self, method: str, path: str, json: object = None, **kwargs: object) -> requests.Response:
        """Send one request; `path` is without the API prefix."""
        kwargs.setdefault("timeout", 5)
        kwargs.setdefault("allow_redirects", False)
        return self.http.request(method, self.standin.base_url + path, json=json, **kwargs)  # type: ignore[arg-type]

    def code(self, method: str, path: str, json: object = None) -> tuple[int, int]:
        """Send one request and tell HTTP status and JSON code of the refusal."""
        answer = self.call(method, path, json)
        return answer.status_code, answer.json()["code"]

    def role(self, name: str = "Session abc12345") -> str:
        """Make a role as coachsync does."""
        answer = self.call("POST", f"/guilds/{self.guild}/roles", {"name": name, "permissions": "0"})
        return str(answer.json()["id"])

    def private(self, *people: tuple[str, int]) -> list[dict[str, object]]:
        """Overwrites of a room for the given (id, type) and the bot alone."""
        let_in = [{"id": who, "type": kind, "allow": p.ENTER} for who, kind in people]
        me = {"id": self.bot, "type": 1, "allow": p.ENTER | p.MANAGE_CHANNELS}
        return [{"id": self.guild, "type": 0, "deny": p.ENTER}, *let_in, me]

    def room(self, *people: tuple[str, int], name: str = "🎤 coaching-abc12345", **more: object) -> str:
        """Make a private voice channel as coachsync does."""
        body = {"name": name, "type": 2, "permission_overwrites": self.private(*people), **more}
        answer = self.call("POST", f"/guilds/{self.guild}/channels", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def grant(self, user: str, role: str) -> requests.Response:
        """Give a role to a member."""
        return self.call("PUT", f"/guilds/{self.guild}/members/{user}/roles/{role}")

    def bot_role(self) -> str:
        """The bot's managed role."""
        return self.world.find_roles(self.guild, "coachsync")[0]


@contextmanager
def a_house() -> Iterator[House]:
    """Build a guild where John and Sarah are members and a stranger is too."""
    clock = SimClock(START)
    with Standin(clock) as standin, requests.Session() as http:
        http.trust_env = False
        http.headers.update({"Authorization": f"Bot {TOKEN}", "User-Agent": USER_AGENT})
        world = standin.world
        bot = world.add_bot(TOKEN, "coachsync")
        owner = world.add_user("Olga")
        guild = world.add_guild("Coaching", owner, [bot])
        people = [world.add_user(name) for name in ("John", "Sarah", "Zoe")]
        for person in people:
            world.join(guild, person)
        yield House(standin, clock, http, bot, owner, guild, *people)
