"""`forecast`: whether what is booked fits what Discord allows, and what helps if it does not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, local_moments
from coachsync.cli.options import Json, Now, chosen_now
from coachsync.errors import OK, SOME_FAILED, UsageError

if TYPE_CHECKING:
    from coachsync.domain.forecast import Forecast
    from coachsync.domain.model import Millis
    from coachsync.report.moments import Moments

_USUAL_DAYS, _MOST_DAYS = 14, 60


def forecast(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How many days, today the first.", show_default="14")
    ] = _USUAL_DAYS,
    tz: Tz = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Hold what is booked against what Discord allows: roles, channels, rooms, roles made in 48 h, a run's length.

    It goes by the bookings and by what runs saw; it asks Discord nothing. Exit 1 if somebody goes without.

    \b
    Examples:
      coachsync forecast
      coachsync forecast --days 3
      coachsync forecast --json
    """
    moment = chosen_now(now)
    if not 1 <= days <= _MOST_DAYS:
        raise UsageError(f"--days {days} is no number of days", f"give a number from 1 to {_MOST_DAYS}")
    from coachsync.domain.forecast import forecast as look_ahead
    from coachsync.standing.outlook import grounds_of, rhythm_of

    with opened(ctx) as (settings, store):
        shown = local_moments(settings, moment, tz)
        edges = _edges(shown, days)
        grounds = grounds_of(store, settings, moment, edges[-1])
        rhythm = rhythm_of(store, settings, moment)
    found = look_ahead(grounds, settings.policy, rhythm, edges)
    _show(found, shown, json=json)
    return OK if found.fits else SOME_FAILED


def _edges(shown: Moments, days: int) -> list[Millis]:
    """Return when each day begins, and when the last one ends: one may have 23 or 25 hours."""
    from coachsync.domain.model import DAY, HOUR

    begin = shown.midnight(shown.now)
    return [begin, *(shown.midnight(begin + n * DAY + 2 * HOUR) for n in range(1, days + 1))]


def _show(found: Forecast, shown: Moments, *, json: bool) -> None:
    from coachsync.report.forecast import forecast_document, forecast_lines, forecast_screen

    if json:
        output.json_document(forecast_document(found, shown.iso_date))
    elif output.is_terminal(sys.stdout):
        from coachsync.cli.reporting import canvas

        output.out(forecast_screen(found, shown, canvas()))
    else:
        output.out_all(f"{line}\n" for line in forecast_lines(found, shown.iso_date))
