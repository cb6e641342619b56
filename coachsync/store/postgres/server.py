"""What a PostgreSQL says of itself: for whoever looks whether it suits."""

from __future__ import annotations

import time
from contextlib import closing
from typing import NamedTuple

from coachsync.domain.model import Millis
from coachsync.store.postgres.database import PostgresDatabase

_SAYS = "SELECT current_setting('server_version'), current_setting('server_encoding'), {now}"


class Server(NamedTuple):
    """A server: its version, how it holds text, whether a pooler stands between, and how far its clock is ahead."""

    version: str
    encoding: str
    pooled: bool
    ahead: Millis


def server_at(url: str) -> Server:
    """Ask a server. Raises StoreError."""
    with closing(PostgresDatabase(url, writable=False)) as database:
        pooled = database.is_pooled()
        begun = _host_now()
        version, encoding, clock = database.one(_SAYS.format_map(database.words)) or ("", "", begun)
        return Server(version.partition(" ")[0], encoding, pooled, clock - (begun + _host_now()) // 2)


def _host_now() -> Millis:
    return time.time_ns() // 1_000_000
