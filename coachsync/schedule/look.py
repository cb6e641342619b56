"""All that calls `coachsync run` on this host, as far as this user can read it."""

from __future__ import annotations

from coachsync.schedule.crontabs import in_crontabs
from coachsync.schedule.found import Schedule
from coachsync.schedule.places import Host, this_host
from coachsync.schedule.units import in_timers


def schedules(host: Host | None = None) -> tuple[Schedule, ...]:
    """Return every cron line and timer that calls `coachsync run`, switched off ones too."""
    here = host if host is not None else this_host()
    return (*in_crontabs(here), *in_timers(here))
