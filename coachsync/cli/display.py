"""In which zone this terminal shows times: `--tz`, else `[display] timezone`, else the host's."""

from __future__ import annotations

import sys
from datetime import UTC, tzinfo
from typing import Annotated

import typer

from coachsync.cli.output import is_terminal
from coachsync.cli.when import given_zone
from coachsync.config import Settings
from coachsync.domain.model import Millis
from coachsync.report.moments import Moments

Tz = Annotated[
    str | None,
    typer.Option(
        "--tz", metavar="ZONE", help="Show times in this zone on a terminal: Europe/Berlin.", show_default=False
    ),
]


def moments(settings: Settings, now: Millis, tz: str | None = None) -> Moments:
    """Return how stdout shows moments: in a zone on a terminal, else in UTC. Raises UsageError if `tz` is no zone."""
    given = None if tz is None else given_zone(tz)
    return Moments(now, (given or display_zone(settings)) if is_terminal(sys.stdout) else None)


def local_moments(settings: Settings, now: Millis, tz: str | None = None) -> Moments:
    """Return how moments are shown in a zone, wherever they go: in a file that a person looks at."""
    return Moments(now, display_zone(settings) if tz is None else given_zone(tz))


def display_zone(settings: Settings) -> tzinfo:
    """Return the zone of `[display] timezone`, else the host's."""
    if settings.display.timezone is None:
        return host_zone()
    return given_zone(settings.display.timezone)


def host_zone() -> tzinfo:
    """Return the host's zone; UTC if the host says nothing that can be understood."""
    import logging
    import warnings

    logging.getLogger("tzlocal").addHandler(logging.NullHandler())  # else its advice about the host goes to stderr
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from tzlocal import get_localzone

            return get_localzone()
    except Exception:  # noqa: BLE001 - whatever TZ or /etc/localtime hold: it is no reason to show nothing
        return UTC
