"""A line on which some requests never get a connection: refused, or stuck in a name look-up that hangs."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

from coachsync.discord.transport.sending import Transport
from tests.searches.crash.faults import Fault, Point, route_of
from tests.searches.crash.steps import Steps

_HANGS_S = 60.0


class Line:
    """Keeps the requests of a case from ever getting a connection."""

    def __init__(self, point: Point, fault: Fault, steps: Steps) -> None:
        self._point = point
        self._fault = fault
        self._steps = steps
        self._seen = 0
        self._lock = threading.Lock()
        self._here = threading.local()
        self._dead = socket.socket()
        self._dead.bind(("127.0.0.1", 0))  # and never listens
        self._look_up = socket.getaddrinfo

    def cut(self) -> None:
        """Put itself between the tick and its connections."""
        exchange = Transport._exchange

        def cut_off(transport: Transport, request: Any, gate: Any, label: str) -> Any:
            self._here.struck = self._strikes(label)
            if self._here.struck:
                self._steps.tell_of_blow()
                transport._adapter.close()
            return exchange(transport, request, gate, label)

        Transport._exchange = cut_off  # type: ignore[method-assign, assignment]
        socket.getaddrinfo = self._looked_up

    def _strikes(self, label: str) -> bool:
        with self._lock:
            here = route_of(label) == self._point.name
            self._seen += here
            return (here and self._seen == self._point.nth) or (self._fault.lasting and self._seen >= self._point.nth)

    def _looked_up(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(self._here, "struck", False):
            if self._fault.kind == "lookup":
                time.sleep(_HANGS_S)
            port = self._dead.getsockname()[1]
        return self._look_up(host, port, *args, **kwargs)
