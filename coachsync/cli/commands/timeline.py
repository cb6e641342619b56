"""`timeline`: sessions as bars on a line of time, on the terminal or as a picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, local_moments
from coachsync.cli.options import Now, checked_file, chosen_now
from coachsync.cli.when import parse_day
from coachsync.domain.model import DAY, HOUR
from coachsync.domain.timeline import Bar, BarState, Block, blocks
from coachsync.domain.windows import Policy, cleanup_at, window_opens
from coachsync.errors import OK, EnvironmentalError, UsageError
from coachsync.host.limits import remedy
from coachsync.report.lines import people
from coachsync.report.text import clean
from coachsync.standing.row import StatusRow
from coachsync.standing.rows import rows_between

if TYPE_CHECKING:
    from coachsync.report.moments import Moments

_USUAL_DAYS, _MOST_DAYS = 2, 60
_OVER = frozenset({"cleaned", "closed", "past"})
_NO_SESSION = "no session in these days"


def timeline(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", metavar="N", help="How many days; 2 if not said.")] = _USUAL_DAYS,
    first: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="The first day: 2026-10-14. Else today.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="guild|coach", help="What the sessions of a day stand under.")
    ] = "guild",
    svg: Annotated[str | None, typer.Option("--svg", metavar="FILE", help="Write one picture; - for stdout.")] = None,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page that prints well.")] = None,
    tz: Tz = None,
    now: Now = None,
) -> int:
    """Show sessions as bars: when each room may open, the session itself, and the time until the room closes.

    \b
    Examples:
      coachsync timeline
      coachsync timeline --days 7 --by coach
      coachsync timeline --from 2026-10-14 --html week.html
    """
    moment = chosen_now(now)
    if not 1 <= days <= _MOST_DAYS:
        raise UsageError(f"--days {days} is no number of days", f"give a number from 1 to {_MOST_DAYS}")
    if by not in ("guild", "coach"):
        raise UsageError(f"--by {by}: sessions stand by guild or by coach", "give guild or coach")
    if svg is not None and html is not None:
        raise UsageError("--svg and --html are both given", "leave one of the two out")
    path = checked_file("--html", html) if svg is None else checked_file("--svg", svg)
    with opened(ctx) as (settings, store):
        shown = local_moments(settings, moment, tz)
        begin = shown.midnight(moment) if first is None else parse_day(first, shown.zone_or_utc)
        last = shown.midnight(begin + days * DAY + 2 * HOUR) if first is None else begin + days * DAY
        rows = rows_between(store, settings.policy, moment, (begin, last))
        found = blocks(_bars(rows, settings.policy, by), shown.midnight)
    if path == "-":
        output.out_all([_picture(found, shown, page=svg is None)])
    elif path is not None:
        _write(path, _picture(found, shown, page=svg is None))
        output.out(f"written to {clean(path)}: {_counted(found)}")
    else:
        _show(found, shown)
    return OK


def _bars(rows: Iterable[StatusRow], policy: Policy, by: str) -> Iterable[Bar]:
    for row in rows:
        session = row.session
        coach = session.one("coach").called or "nobody"
        yield Bar(
            session_id=session.id,
            who=people(session),
            group=coach if by == "coach" else f"guild {session.guild_id}",
            opens=window_opens(session, policy),
            start=session.start,
            end=session.end,
            closes=max(cleanup_at(session.end, policy), session.end + 1),
            state=_state(row),
        )


def _state(row: StatusRow) -> BarState:
    if row.standing.late or row.phase in ("missed", "invalid") or any(c.urgency != "note" for c in row.causes):
        return "wrong"
    if row.standing.room in ("open", "waiting"):
        return "open"
    if row.phase == "cancelled":
        return "cancelled"
    return "over" if row.phase in _OVER else "booked"


def _show(found: tuple[Block, ...], shown: Moments) -> None:
    from coachsync.cli.reporting import canvas
    from coachsync.report.timeline import timeline_lines, timeline_text

    if not found:
        output.out(_NO_SESSION)
    elif output.is_terminal(sys.stdout):
        output.out(timeline_text(found, shown, canvas()))
    else:
        output.out_all(f"{line}\n" for line in timeline_lines(found))


def _picture(found: tuple[Block, ...], shown: Moments, *, page: bool) -> str:
    from coachsync.report.picture import timeline_html, timeline_svg

    title = f"coachsync · {_counted(found)} · made {shown.whole(shown.now)}"
    return (timeline_html if page else timeline_svg)(found, shown, title)


def _counted(found: tuple[Block, ...]) -> str:
    count = sum(len(block.bars) for block in found)
    return _NO_SESSION if not count else f"{count} session{'' if count == 1 else 's'}"


def _write(path: str, text: str) -> None:
    """Put the picture into a file that is whole, or not there. Raises EnvironmentalError."""
    from coachsync.host.files import likeness, replace
    from coachsync.host.limits import absolute, expanded

    target = os.path.realpath(absolute(expanded(path)))
    try:
        like = likeness(target) if os.path.exists(target) else None
        replace(target, text.encode("utf-8"), like=like, beside=f"{target}.{os.getpid()}.tmp")
    except OSError as error:
        hint = remedy(error, "name a file in a folder that exists and that you may write")
        raise EnvironmentalError(f"{path} cannot be written: {error.strerror}", hint) from None
