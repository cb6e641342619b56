"""A replica that lags: the cluster as it was at a moment, which takes the primary's place and lacks what came after."""

from __future__ import annotations

import os
from pathlib import Path

from tests.kit.postgres import Postgres


class Replica:
    """What a server held when this was made. `take_over` may be called once."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        number = 1 + sum(1 for _ in Path(server.folder).glob("replica*"))
        self._data = os.path.join(server.folder, f"replica{number}")
        at = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
        server.call("pg_basebackup", "-D", self._data, *at, "-c", "fast", "-X", "stream", "--no-sync")

    def take_over(self) -> None:
        """End the server and start this in its place, under the same address, as the primary of a new timeline."""
        self._server.stop()
        Path(self._data, "standby.signal").touch()
        self._server.data = self._data
        self._server.start()
        self._server.promote()
