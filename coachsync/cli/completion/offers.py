"""What may stand at a place: commands, options, sessions with who and when, guilds, zones, the values of options.

Whatever cannot be read - a configuration, a store - offers nothing and says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from coachsync.cli.completion.words import Cursor, options
from coachsync.cli.frame import LazyGroup

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.model import Session
    from coachsync.store.base import Store

MOST = 200  # offers: a longer list helps nobody
_FILES = ("PATH", "FILE", "FOLDER")
_GUILDS = ("--guild", "--guild-id")


class Offer(NamedTuple):
    """A word to type, and what it is."""

    value: str
    told: str = ""


Offers = list[Offer] | Literal["files"]


def offers(root: Any, place: Cursor, environ: Mapping[str, str]) -> Offers:
    """Return what may stand at this place, the likeliest first; "files" for names of files, which shells know best."""
    if place.param is None:
        found: Iterable[Offer] = _names(root, place)
    else:
        values = _values(place, environ)
        if values == "files":
            return "files"
        found = values
    bare = place.param is not None and place.param.param_type_name == "argument" and not place.only_words
    fitting = {
        offer.value: offer
        for offer in reversed(list(found))
        if offer.value.startswith(place.text) and offer.value.isprintable() and not (bare and offer.value[:1] == "-")
    }
    return [*reversed(fitting.values())][:MOST]


def _names(root: Any, place: Cursor) -> Iterator[Offer]:
    """Yield the commands of a group, or the options of a command once a dash is typed."""
    if not place.only_words and place.text.startswith("-"):
        for option in options(place.command, root):
            yield Offer(max(option.opts, key=len), _line(option.help or ""))
        yield Offer("--help", "Show what it takes.")
    elif isinstance(place.command, LazyGroup):
        for name, command in place.command.commands.items():
            yield Offer(name, _line(command.short_help or ""))


def _line(text: str) -> str:
    return " ".join(text.split())


def _values(place: Cursor, environ: Mapping[str, str]) -> Iterable[Offer] | Literal["files"]:
    """Return what an option or an argument may be."""
    param = place.param
    own = param.shell_complete(None, place.text)
    if own:
        return [Offer(item.value, _line(item.help or "")) for item in own]
    kinds = (param.metavar or "").strip("[].").replace("]", "").split("|")
    if any(kind in _FILES for kind in kinds):
        return "files"
    if "SESSION" in kinds:
        sessions = _of_store(place, environ, _sessions)
        return [*sessions, *_codes()] if place.path == ("explain",) and (place.text or not sessions) else sessions
    if kinds[0] in ("FROM", "STORE"):
        return [Offer(_settings(place, environ).store.own, "the configured store")]
    if any(name in _GUILDS for name in param.opts):
        return _of_store(place, environ, _guilds)
    if "ZONE" in kinds:
        return _zones(place.text)
    if "STATUS" in kinds:
        return _statuses(_settings(place, environ))
    return [Offer(kind) for kind in kinds if kind.islower()]


def _codes() -> list[Offer]:
    from coachsync.domain.meanings import ERRORS, STANDING, WARNINGS

    return [Offer(code, m.wrong) for known in (ERRORS, WARNINGS, STANDING) for code, m in known.items()]


def _settings(place: Cursor, environ: Mapping[str, str]) -> Settings:
    from coachsync.config import load_settings

    return load_settings(place.config, environ)


def _of_store(place: Cursor, environ: Mapping[str, str], ask: Any) -> list[Offer]:
    """Return what `ask` finds in the store, opened for reading alone; nothing if there is none that can be read."""
    from coachsync.cli.context import open_configured
    from coachsync.errors import CoachsyncError

    try:
        settings = _settings(place, environ)
        with closing(open_configured(settings, writable=False)) as store:
            found: list[Offer] = ask(settings, store, place.text)
    except CoachsyncError:
        return []
    return found


def _sessions(settings: Settings, store: Store, text: str) -> list[Offer]:
    """Return sessions by id, or by the short name if that is typed: under way and next first, then the last ones."""
    from coachsync.cli.display import display_zone
    from coachsync.clock import host_now
    from coachsync.domain.model import DAY
    from coachsync.domain.naming import short_of
    from coachsync.report.lines import people
    from coachsync.report.moments import Moments

    now = host_now()
    found = store.bookings.near(now - DAY, MOST, text)
    found.sort(key=lambda session: (session.end <= now, session.start if session.end > now else -session.start))
    moments = Moments(now, display_zone(settings))
    return [
        Offer(session.id if session.id.startswith(text) else short_of(session.id), _told(session, moments, people))
        for session in found[:MOST]
    ]


def _told(session: Session, moments: Any, people: Any) -> str:
    """Return "today 10:03 Emma and Coach Mike"."""
    when = moments.when(session.start) if session.start else "no valid time"
    return _line(f"{when} {people(session)}")


def _guilds(settings: Settings, store: Store, _text: str) -> list[Offer]:
    default = settings.discord.guild_id
    others = sorted({*settings.guild_ids, *store.bookings.guild_ids()} - {default})
    configured = dict.fromkeys(settings.guilds, "its own section in the configuration")
    return [Offer(default, "the default"), *(Offer(guild, configured.get(guild, "")) for guild in others)]


def _statuses(settings: Settings) -> list[Offer]:
    statuses = settings.statuses
    return [
        *(Offer(status, "gets a room") for status in statuses.bookable),
        *(Offer(status, "loses it") for status in statuses.cancelled),
    ]


def _zones(text: str) -> list[Offer]:
    """Return the zones that begin so; without a beginning the parts of the world, and UTC."""
    from zoneinfo import available_timezones

    zones = sorted(zone for zone in available_timezones() if zone.startswith(text))
    if text:
        return [Offer(zone) for zone in zones]
    regions = dict.fromkeys(zone.partition("/")[0] + "/" for zone in zones if "/" in zone)
    return [Offer("UTC"), *(Offer(region) for region in regions if region not in ("Etc/", "SystemV/"))]


def hush() -> None:
    """Let nothing be printed on stderr from now on: a shell would show it in the midst of a command line."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    os.close(quiet)
