"""The Discord stand-in: a loopback HTTP server that behaves like the part of Discord coachsync uses.

It keeps a world of users, guilds, roles, channels and voice connections, checks permissions as Discord does, and
plays rate limits and faults on demand. It serves `coachsync demo` and the tests.
"""

from __future__ import annotations

from coachsync.standin.clock import RealClock, SimClock
from coachsync.standin.fault import Fault
from coachsync.standin.limits import Bucket, Limits
from coachsync.standin.log import Request
from coachsync.standin.server import Standin
from coachsync.standin.world import World

__all__ = ["Bucket", "Fault", "Limits", "RealClock", "Request", "SimClock", "Standin", "World"]
