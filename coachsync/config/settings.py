"""What the rest of coachsync sees of its configuration: checked, with all defaults in place, times in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from coachsync.domain.model import Access, Millis
from coachsync.domain.naming import Templates
from coachsync.domain.windows import Policy


class GuildSettings(NamedTuple):
    """What holds for one guild.

    `token_file` is a path, "credential:NAME" or "" (unset); `own_token` tells that the guild's own section names
    it, so that the environment does not replace it. `timeout` is in milliseconds. `api_base` ends without slash.
    """

    guild_id: str
    category_id: str | None
    staff_role_ids: tuple[str, ...]
    access: Access
    token_file: str
    own_token: bool
    api_base: str
    max_requests_per_second: int
    timeout: Millis


class Settings(NamedTuple):
    """The whole configuration. `base_dir` is the configuration file's folder, absolute; relative paths start there.

    `bookable` and `cancelled` keep the file's order; the first of each is what coachsync itself writes.
    """

    path: str
    base_dir: str
    discord: GuildSettings
    guilds: Mapping[str, GuildSettings]
    concurrency: int
    run_budget: Millis
    store_url: str
    bookable: tuple[str, ...]
    cancelled: tuple[str, ...]
    policy: Policy
    templates: Templates
    default_duration: Millis

    @property
    def guild_id(self) -> str:
        """Return the default guild."""
        return self.discord.guild_id

    def guild(self, guild_id: str) -> GuildSettings:
        """Return a guild's settings: its own section's, or those of [discord] under its id."""
        found = self.guilds.get(guild_id)
        return found if found is not None else self.discord._replace(guild_id=guild_id)
