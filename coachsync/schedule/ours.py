"""Which schedules are one installation's: those that name its configuration, or find it without a name."""

from __future__ import annotations

import os

from coachsync.config import Settings
from coachsync.config.load import search_path
from coachsync.schedule.found import Schedule


def is_ours(schedule: Schedule, settings: Settings) -> bool:
    """Return whether a schedule calls coachsync with this configuration."""
    named = schedule.config
    if named is not None:
        return os.path.realpath(os.path.expanduser(named)) == os.path.realpath(settings.path)
    return found_without_name(schedule) in (None, os.path.realpath(settings.path))


def found_without_name(schedule: Schedule) -> str | None:
    """Return the configuration that a call without --config finds, None if there is none that we can see."""
    home = schedule.environ.get("HOME") or os.path.expanduser(f"~{schedule.user}" if schedule.user else "~")
    places = (os.path.join(home, ".config", "coachsync", "config.toml"), search_path({})[-1])
    return next((os.path.realpath(place) for place in places if os.path.exists(place)), None)
