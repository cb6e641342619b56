"""The forecast on a terminal, as plain lines and as a JSON document: what is tight first, then each guild's days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from coachsync.clock import iso
from coachsync.domain.course import Ground
from coachsync.domain.forecast import LIMIT_NAMES, DayAhead, Forecast, GuildAhead, Peak, Squeeze
from coachsync.domain.limits import CHANNELS_IN_CATEGORY, MOST_CHANNELS, MOST_ROLE_CREATIONS, MOST_ROLES, Level
from coachsync.domain.model import Millis
from coachsync.domain.tight import hint_of, message_of
from coachsync.domain.words import span
from coachsync.report.fitting import fit, flow
from coachsync.report.grid import Column, grid
from coachsync.report.lines import several
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas, drawn

_COLUMNS = (
    Column(""),
    Column("DAY"),
    Column("NEW", right=True),
    Column("ROLES", right=True),
    Column("MADE", right=True),
    Column("ROOMS", right=True),
    Column("CHANNELS", right=True),
    Column("RUN", right=True),
)
_MARKS: dict[Level, str] = {"fits": " ", "near": "!", "full": "✗"}
_STYLES: dict[Level, str] = {"fits": "", "near": "yellow", "full": "bold red"}
_INDENT = "  "
_VERSION = 1

Date = Callable[[Millis], str]
"""Returns the date of a day by its first moment: "2026-11-27"."""


# on a terminal


def forecast_screen(found: Forecast, shown: Moments, canvas: Canvas) -> str:
    """Return the whole screen: the answer first."""
    room = canvas.width - len(_INDENT)
    parts: list[RenderableType] = [Text(line, style="bold") for line in flow([answer(found)], canvas.width, canvas)]
    for guild in found.guilds:
        for squeeze in guild.squeezes:
            parts += ["", *_squeeze(squeeze, shown, room, canvas)]
    busy = [guild for guild in found.guilds if guild.squeezes or any(day.setups for day in guild.days)]
    for guild in busy or found.guilds[:1]:
        parts += ["", Text(_head(guild.ground), style="bold"), *_notes(guild.ground, canvas)]
        parts += [Text.from_ansi(grid(_COLUMNS, [_cells(d, shown, canvas) for d in guild.days], canvas))]
    idle = len(found.guilds) - len(busy or found.guilds[:1])
    if idle:
        parts += ["", Text(f"{several(idle, 'more guild')}: nothing to open", style="dim")]
    return drawn([*parts, "", *(Text(line, style="dim") for line in flow([_legend()], canvas.width, canvas))], canvas)


def answer(found: Forecast) -> str:
    """Return the forecast in a line."""
    setups = sum(day.setups for guild in found.guilds for day in guild.days)
    days = max((len(guild.days) for guild in found.guilds), default=0)
    ahead = f"{several(setups, 'room')} to open in {several(days, 'day')}"
    if not found.fits:
        full = sum(guild.level == "full" for guild in found.guilds)
        return f"{ahead}: not everything fits" + (f", in {full} guilds" if full > 1 else "")
    return f"{ahead}: everything fits" + ("" if found.first is None else ", with little left")


def _squeeze(squeeze: Squeeze, shown: Moments, room: int, canvas: Canvas) -> Iterator[Text]:
    first, *more = flow([message_of(squeeze, shown.full)], room, canvas)
    yield Text.assemble((fit(_MARKS[squeeze.level], canvas), _STYLES[squeeze.level]), f" {first}")
    yield from (Text(_INDENT + line) for line in more)
    arrow, *rest = flow([f"{fit('→', canvas)} {hint_of(squeeze)}"], room, canvas)
    yield Text(_INDENT + arrow, style="cyan")
    yield from (Text(f"{_INDENT}  {line}", style="cyan") for line in rest)


def _head(ground: Ground) -> str:
    return f'guild {ground.guild_id}, access = "{ground.access}"'


def _notes(ground: Ground, canvas: Canvas) -> list[Text]:
    if ground.sight is not None:
        return []
    told = "no run has looked at it yet: roles and channels of others are not counted"
    return [Text(line, style="dim") for line in flow([told], canvas.width, canvas)]


def _cells(day: DayAhead, shown: Moments, canvas: Canvas) -> list[Text | str]:
    def cell(peak: Peak, text: str = "") -> Text:
        return Text(text or str(peak.used), style=_STYLES[peak.level])

    return [
        Text(fit(_MARKS[day.level], canvas), style=_STYLES[day.level]),
        shown.day(max(day.first, 0)).removeprefix("today, "),
        str(day.setups),
        cell(day.roles),
        cell(day.role_creations),
        "" if day.rooms is None else cell(day.rooms),
        cell(day.channels),
        cell(day.time, span(day.time.used) if day.time.used else "0 s"),
    ]


def _legend() -> str:
    return (
        f"The most of each day, of {MOST_ROLES} ROLES and {MOST_CHANNELS} CHANNELS. MADE: roles made in 48 h, of "
        f"{MOST_ROLE_CREATIONS}. ROOMS: {CHANNELS_IN_CATEGORY} a category, then a run makes a further one. RUN: the "
        "longest at Discord's limits."
    )


# plain


def forecast_lines(found: Forecast, date: Date) -> Iterator[str]:
    """Yield plain, stable lines: what is tight, then a line for each guild and day, moments in UTC."""
    for guild in found.guilds:
        for squeeze in guild.squeezes:
            yield f"{squeeze.level} {message_of(squeeze, iso)}"
            yield f"hint: {hint_of(squeeze)}"
    for guild in found.guilds:
        yield from (f"{date(day.first)} guild {guild.ground.guild_id} {_plain(day)}" for day in guild.days)


def _plain(day: DayAhead) -> str:
    rooms = "" if day.rooms is None else f" rooms {day.rooms.used}/{day.rooms.most}"
    return (
        f"{day.level} new {day.setups} roles {_of(day.roles)} made {_of(day.role_creations)}{rooms}"
        f" channels {_of(day.channels)} run {day.time.used // 1000}/{day.time.most // 1000} s"
    )


def _of(peak: Peak) -> str:
    return f"{peak.used}/{peak.most}"


# JSON


def forecast_document(found: Forecast, date: Date) -> dict[str, Any]:
    """Return what `forecast --json` prints."""
    return {
        "version": _VERSION,
        "now": iso(found.now),
        "fits": found.fits,
        "first": None if found.first is None else _squeeze_document(found.first, date),
        "guilds": [_guild_document(guild, date) for guild in found.guilds],
    }


def _guild_document(guild: GuildAhead, date: Date) -> dict[str, Any]:
    ground = guild.ground
    sight, word = ground.sight, ground.budget.word
    return {
        "guild_id": ground.guild_id,
        "access": ground.access,
        "level": guild.level,
        "without": guild.lacking,
        "seen": None if sight is None else {"at": iso(sight.at), "roles": sight.roles, "channels": sight.channels},
        "role_limit": None
        if word is None
        else {"at": iso(word.at), "most": word.most, "left": word.left, "resets_at": iso(word.resets_at)},
        "tight": [_squeeze_document(squeeze, date) for squeeze in guild.squeezes],
        "days": [_day_document(day, date) for day in guild.days],
    }


def _squeeze_document(squeeze: Squeeze, date: Date) -> dict[str, Any]:
    remedy = squeeze.remedy
    return {
        "guild_id": squeeze.guild_id,
        "day": date(squeeze.day.first),
        "at": iso(squeeze.at),
        "limit": squeeze.limit,
        "level": squeeze.level,
        "sessions": squeeze.sessions,
        "message": message_of(squeeze, iso),
        "hint": hint_of(squeeze),
        "setting": None if remedy is None else remedy._asdict(),
    }


def _day_document(day: DayAhead, date: Date) -> dict[str, Any]:
    return {
        "day": date(day.first),
        "begins": iso(day.first),
        "level": day.level,
        "setups": day.setups,
        **{limit: _peak_document(day.peak(limit)) for limit in LIMIT_NAMES if limit != "time"},
        "rooms": None
        if day.rooms is None
        else _peak_document(day.rooms) | {"further_categories": day.further, "in_each": list(day.filled)},
        "time": _peak_document(day.time._replace(used=day.time.used // 1000, most=day.time.most // 1000)),
        "without": len({lack.session_id for lack in day.lacks}),
    }


def _peak_document(peak: Peak) -> dict[str, Any]:
    return {"peak": peak.used, "most": peak.most, "at": iso(peak.at), "level": peak.level}
