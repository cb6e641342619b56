"""Discord's routes as data: method, path template and the major parameter that its rate limits go by.

Owns every path coachsync asks for; nothing else spells one. A `Call` is a route with its parameters filled in.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode


class Call(NamedTuple):
    """One request to be made: its route, the finished path and the value of the major parameter ("" for none)."""

    route: Route
    path: str
    major: str


class Route(NamedTuple):
    """A method and a path template; `major` names the parameter that Discord counts its limits by."""

    method: str
    template: str
    major: str = ""

    def asking(self, query: Mapping[str, str], **params: str) -> Call:
        """Fill in the parameters, and add a query."""
        call = self.at(**params)
        return call._replace(path=f"{call.path}?{urlencode(query, quote_via=quote)}")

    def at(self, **params: str) -> Call:
        """Fill in the parameters, each percent-encoded as one path segment.

        Raises:
            KeyError: a parameter of the template is missing.
        """
        quoted = {name: quote(value, safe="") for name, value in params.items()}
        return Call(self, self.template.format(**quoted), params.get(self.major, ""))

    @property
    def safe_to_repeat(self) -> bool:
        """Return whether sending it twice comes to the same as sending it once."""
        return self.method in ("GET", "PUT", "PATCH", "DELETE")  # our PATCHes hold absolute values

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


GET_ME = Route("GET", "/users/@me")

GET_GUILD = Route("GET", "/guilds/{guild_id}", "guild_id")
GET_ROLES = Route("GET", "/guilds/{guild_id}/roles", "guild_id")
GET_ROLE_COUNTS = Route("GET", "/guilds/{guild_id}/roles/member-counts", "guild_id")
CREATE_ROLE = Route("POST", "/guilds/{guild_id}/roles", "guild_id")
EDIT_ROLE = Route("PATCH", "/guilds/{guild_id}/roles/{role_id}", "guild_id")
DELETE_ROLE = Route("DELETE", "/guilds/{guild_id}/roles/{role_id}", "guild_id")

GET_CHANNELS = Route("GET", "/guilds/{guild_id}/channels", "guild_id")
CREATE_CHANNEL = Route("POST", "/guilds/{guild_id}/channels", "guild_id")
GET_CHANNEL = Route("GET", "/channels/{channel_id}", "channel_id")
EDIT_CHANNEL = Route("PATCH", "/channels/{channel_id}", "channel_id")
DELETE_CHANNEL = Route("DELETE", "/channels/{channel_id}", "channel_id")
PUT_OVERWRITE = Route("PUT", "/channels/{channel_id}/permissions/{target_id}", "channel_id")
DELETE_OVERWRITE = Route("DELETE", "/channels/{channel_id}/permissions/{target_id}", "channel_id")

GET_MEMBER = Route("GET", "/guilds/{guild_id}/members/{user_id}", "guild_id")
SEARCH_MEMBERS = Route("GET", "/guilds/{guild_id}/members/search", "guild_id")
PUT_MEMBER_ROLE = Route("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", "guild_id")
DELETE_MEMBER_ROLE = Route("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", "guild_id")
GET_VOICE_STATE = Route("GET", "/guilds/{guild_id}/voice-states/{user_id}", "guild_id")
