"""The store that `init` leaves behind: made, made in a file that is empty, or found and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from coachsync.cli.context import open_configured
from coachsync.config.load import load_settings
from coachsync.config.settings import Settings
from coachsync.errors import CoachsyncError
from coachsync.store.open import create_store, fill, is_blank, parse_url

Make = Callable[[str, str], str]


def maker(settings: Settings) -> Make | None:
    """Return what makes the configured store, None if it is there.

    Raises StoreError if something is there that is no store.
    """
    if settings.store.mapping is not None:  # another system's: it is not ours to make
        open_configured(settings, writable=False).close()
        return None
    location = parse_url(settings.store.url, settings.base_dir)
    if location.is_file and not os.path.lexists(location.path):
        return create_store
    if is_blank(settings.store.url, settings.base_dir):
        return fill
    open_configured(settings, writable=False).close()
    return None


def lacking_store(
    path: str, environ: Mapping[str, str], options: Mapping[str, str | None]
) -> tuple[Settings, Make] | None:
    """Return what the configuration at `path` says and what makes the store that it lacks.

    None if it lacks none, cannot be used, or says something else than the options.
    """
    try:
        settings = load_settings(path, environ)
        make = maker(settings)
    except CoachsyncError:
        return None
    return (settings, make) if make is not None and _agree(settings, options) else None


def _agree(settings: Settings, options: Mapping[str, str | None]) -> bool:
    says = {
        "discord.guild_id": settings.discord.guild_id,
        "discord.category_id": settings.discord.category_id or "",
        "store.url": settings.store.url,
        "discord.token_file": settings.discord.token_file or "",
        "discord.access": settings.discord.access,
    }
    return all(given is None or given == says[path] for path, given in options.items())
