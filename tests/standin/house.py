"""A house: a town whose guild is spoken to by a client of its own, as coachsync would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from coachsync.domain import permissions as p
from coachsync.standin import SimClock, Standin
from tests.kit.town import Town

TOKEN = "a.test.token"
START = 1_791_982_800_000
USER_AGENT = "DiscordBot (https://example.org/coachsync, 0.1.0)"


class House(Town):
    """A town of one guild, with John and Sarah and a stranger in it, and a client that holds the bot's token."""

    def __init__(self, standin: Standin, clock: SimClock, http: requests.Session) -> None:
        super().__init__(standin, guilds=("Coaching",), token=TOKEN)
        self.clock = clock
        self.http = http
        self.john, self.sarah, self.stranger = self.people.values()

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
    """Start a stand-in and build a house in it."""
    clock = SimClock(START)
    with Standin(clock) as standin, requests.Session() as http:
        http.trust_env = False
        http.headers.update({"Authorization": f"Bot {TOKEN}", "User-Agent": USER_AGENT})
        yield House(standin, clock, http)
