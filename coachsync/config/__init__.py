"""Configuration: one declarative definition, and what is made of it.

`definition` lists the sections and keys; `load` finds and reads the file, `check` turns it into `Settings` or into the
full list of what is wrong with it; `token` finds a bot token, late and apart from all else; `template` writes
the commented file. Loading is on every tick's path: nothing here imports more than tomllib.
"""

from __future__ import annotations

from coachsync.config.load import find_config, load_settings, parse_settings
from coachsync.config.settings import DiscordSettings, Settings
from coachsync.config.token import FoundToken, Tokens, find_token
from coachsync.config.values import on_this_host, parse_duration

__all__ = [
    "DiscordSettings",
    "FoundToken",
    "Settings",
    "Tokens",
    "find_config",
    "find_token",
    "load_settings",
    "on_this_host",
    "parse_duration",
    "parse_settings",
]
