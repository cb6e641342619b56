"""`init --from-database`: another system's table as the store, proposed, shown as it is understood, and agreed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple

import typer

from coachsync.cli import output
from coachsync.cli.context import open_configured
from coachsync.cli.display import display_zone
from coachsync.cli.when import given_zone
from coachsync.clock import host_now, iso
from coachsync.config import Settings, parse_settings
from coachsync.config.template import render_config
from coachsync.domain.model import MINUTE, Millis, Session
from coachsync.domain.proposal import Proposal, propose
from coachsync.errors import SOME_FAILED, CoachsyncError, ConfigError, UsageError
from coachsync.report.lines import people
from coachsync.report.moments import Moments
from coachsync.report.text import word
from coachsync.store.survey import survey

_SHOWN = 3
_LOOKED_AT = 1000  # rows
_ZONE_HINT = "say in which they are: --tz Europe/Berlin, or --tz UTC"


class Given(NamedTuple):
    """What `--from-database` came with: the database, a table of it and a zone, as far as they are named."""

    url: str
    table: str | None
    tz: str | None


def mapped_values(given: Given, folder: str, config: str, *, yes: bool) -> dict[str, Any]:
    """Return what the configuration is to say of the store: values by key path.

    Raises ConfigError and StoreError if there is nothing to propose, UsageError if a zone is to be named.
    """
    found = _proposed(given, folder)
    zone = _zone(found, given.tz, yes=yes)
    values: dict[str, Any] = {
        "store.url": given.url,
        "store.table": found.table,
        "store.time": found.time,
        **{f"store.columns.{field}": column for field, column in found.columns.items()},
    }
    values |= {"store.where": found.where} if found.where else {}
    values |= {"store.timezone": zone} if zone else {}
    values |= {"statuses.bookable": list(found.bookable)} if found.bookable else {}
    values |= {"statuses.cancelled": list(found.cancelled)} if found.cancelled else {}
    _tell(found, zone, guessed=yes and given.tz is None)
    _show(values, config)
    return values


def agree() -> None:
    """Ask whether rows are understood rightly. Raises DeclinedError if they are not."""
    if not typer.confirm("Are these bookings and their times right?"):
        raise DeclinedError(
            "nothing was written",
            "name another table with --table, or write [store.columns] by hand: coachsync help bookings",
        )


class DeclinedError(CoachsyncError):
    """Somebody was asked, and said no."""

    exit_code = SOME_FAILED


def _proposed(given: Given, folder: str) -> Proposal:
    tables = survey(given.url, folder)
    if given.table is not None and given.table.lower() not in (t.name.lower() for t in tables):
        names = ", ".join(t.name for t in tables)
        raise UsageError(f"--table: there is no table {given.table}", f"name one of {names}" if names else "correct it")
    found = propose(tables, given.table or "")
    if found is None:
        what = "no table of it looks like bookings"
        if given.table:
            what = f"no column of the table {given.table} says when a booking starts"
        hint = (
            "name the one that holds bookings with --table, or write [store.columns] by hand: coachsync help bookings"
        )
        raise ConfigError(f"{given.url}: {what}", hint)
    if found.view:
        _print_view(found)
        again = "make the view as that system's owner, then run the same init again"
        raise ConfigError("what bookings need is not in one table: the view above brings it together", again)
    return found


def _print_view(found: Proposal) -> None:
    """Print the view on stdout, so that it can be kept in a file, and what is to be done to it on stderr."""
    output.out(found.view)
    for line in found.unsure:
        output.warning(line)


def _zone(found: Proposal, tz: str | None, *, yes: bool) -> str:
    """Return the zone of times that carry none, "" if every time carries its own."""
    if tz is not None:
        given_zone(tz)
        return tz if found.zoneless else ""
    if not found.zoneless or (yes and found.zone):
        return found.zone
    if yes:
        why = f" ({found.why_zone})" if found.why_zone else ""
        raise UsageError(f"the times of {found.table} carry no zone{why}", _ZONE_HINT)
    if found.why_zone:
        output.err(found.why_zone)
    return _asked_zone(found)


def _asked_zone(found: Proposal) -> str:
    while True:
        question = f"Time zone of {found.table}'s times, which carry none"
        answer = str(typer.prompt(question, default=found.zone or None)).strip()
        try:
            given_zone(answer)
        except UsageError as problem:
            output.error(problem.message.removeprefix("--tz "), problem.hint)
        else:
            return answer


def _tell(found: Proposal, zone: str, *, guessed: bool) -> None:
    """Say what is what; `guessed`: nobody named the zone."""
    output.out(f"{found.table} holds the bookings, which coachsync only reads:")
    for field, column in found.columns.items():
        output.out(f"  {field} = {column}")
    kept = {"ms": "milliseconds", "s": "seconds", "iso": "ISO 8601", "timestamp": "timestamps"}[found.time]
    output.out(f"times are {kept}{f', in {zone}' if zone else ''}")
    if zone and guessed:
        output.out(f"  {found.why_zone}: correct it with --tz if that is not so here")
    if found.where:
        output.out(f"only rows with {found.where}")
    for what, statuses in (("bookable", found.bookable), ("cancelled", found.cancelled)):
        output.out(f"{what}: {', '.join(statuses) or 'as the configuration has it by default'}")
    for line in found.unsure:
        output.warning(line)


def _show(values: Mapping[str, Any], config: str) -> None:
    """Print some rows as they are understood, in local time and UTC."""
    settings = parse_settings(render_config({"discord.guild_id": "1" * 19, **values}), config, {})
    now = host_now()
    with closing(open_configured(settings, writable=False)) as store:
        rows = store.bookings.near(now, _SHOWN)
        unread = [session for session in islice(store.bookings.everything(), _LOOKED_AT) if session.flaw is not None]
    output.out("as understood:" if rows else "it holds no booking yet" if not unread else "")
    for session in rows:
        for line in _lines(session, settings, now):
            output.out(line)
    if unread:
        output.warning(f"{len(unread)} of the first {_LOOKED_AT} cannot be understood:")
    for session in unread[:_SHOWN]:
        output.warning(f"{word(session.id)}: {session.flaw.message if session.flaw is not None else ''}")


def _lines(session: Session, settings: Settings, now: Millis) -> Iterator[str]:
    named = settings.store.timezone
    shown = Moments(now, given_zone(named) if named not in (None, "UTC") else display_zone(settings))
    yield f"  {word(session.id)} {session.status} {people(session)}".rstrip()
    if session.flaw is not None:
        yield f"    {session.flaw.message}"
        return
    length = (session.end - session.start) // MINUTE
    yield f"    starts {shown.whole(session.start)}, which is {iso(session.start)}; {length} min"
