"""What the options for every command say, and what every command makes of them: its settings and its store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from coachsync.config import Settings, load_settings

if TYPE_CHECKING:
    import typer

    from coachsync.store.base import Store


class Invocation:
    """The options for every command. `environ` is the environment that configuration and tokens come from.

    `json`: the command was asked for JSON, which an error that ends it is to be told in, too. `arguments`: the whole
    command line as it was typed.
    """

    __slots__ = ("_introduced", "arguments", "config", "environ", "json", "log_format", "verbose")

    def __init__(self) -> None:
        self.arguments: tuple[str, ...] = ()
        self.config: str | None = None
        self.verbose = False
        self.json = False
        self.log_format = "text"
        self.environ = os.environ
        self._introduced = False

    def settings(self) -> Settings:
        """Return the checked configuration; with -v what it leads to is logged, once. Raises ConfigError."""
        settings = load_settings(self.config, self.environ)
        if self.verbose and not self._introduced:
            self._introduced = True
            from coachsync.cli.logs import introduce

            introduce(settings)
        return settings


def invocation(ctx: typer.Context) -> Invocation:
    """Return what the options for every command say; what is only parsed has none."""
    return cast("Invocation", ctx.find_root().obj)


@contextmanager
def opened(ctx: typer.Context, *, writable: bool = False) -> Iterator[tuple[Settings, Store]]:
    """Open the configured store for a with-block. Raises ConfigError and StoreError."""
    settings = invocation(ctx).settings()
    store = open_configured(settings, writable=writable)
    try:
        yield settings, store
    finally:
        store.close()


def open_configured(settings: Settings, *, writable: bool) -> Store:
    """Return the configured store, open; who asks for it closes it. Raises StoreError."""
    from coachsync.domain.booking import Defaults
    from coachsync.store.open import open_store

    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
    return open_store(
        settings.store.url, settings.base_dir, defaults, writable=writable, mapping=settings.store.mapping
    )
