"""How a store is named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coachsync.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from coachsync.store.open import Location


def place(argument: str, url: str, base_dir: str) -> Location:
    """Return the store that an argument names; a relative path is relative to the configuration. Raises UsageError."""
    from coachsync.store.open import parse_url

    try:
        return parse_url(url, base_dir)
    except ConfigError as error:
        told = error.message.removeprefix("[store] url: ")
        raise UsageError(f"{argument}: {told}", error.hint.replace("write [store] url", "write it")) from None
