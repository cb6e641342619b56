"""`pause` and `resume`: an operator has runs leave sessions as they are, for a while."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.options import checked_names
from coachsync.cli.when import parse_until
from coachsync.clock import host_now, iso
from coachsync.domain.model import DAY, Event, Millis
from coachsync.domain.pauses import Pause
from coachsync.domain.words import span
from coachsync.errors import OK, SOME_FAILED, UsageError
from coachsync.report.text import word
from coachsync.standing.find import find_one

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from coachsync.config import Settings
    from coachsync.standing.paused import Waiting
    from coachsync.store.base import Store

_USUAL: Millis = DAY
_LONGEST_REASON = 500
_SHOWN = 20

Paused = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SESSION]...", help="Ids or short names; none: everything.", show_default=False),
]
OfGuild = Annotated[str | None, typer.Option("--guild", metavar="ID", help="All sessions of this guild.")]


def pause(
    ctx: typer.Context,
    sessions: Paused = None,
    guild: OfGuild = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="WHEN", help="When it ends by itself: 2h, 1d, or ISO 8601. [24h]"),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for whoever asks.")] = "",
    removals: Annotated[bool, typer.Option("--removals", help="Send nobody away and remove no room either.")] = False,
    tz: Tz = None,
) -> int:
    """Pause sessions, a guild or everything: runs make no room, mend none and let nobody in.

    Who leaves a booking still loses access and rooms still close in their time, unless --removals is given. A run that
    is under way heeds it before its next step. It ends by itself, or by `coachsync resume`.

    \b
    Examples:
      coachsync pause --until 2h --reason "moving the server"
      coachsync pause abc12345
      coachsync pause --guild 1100000000000000000 --until "2026-10-14 18:00" --tz Europe/Berlin
    """
    names, now = checked_names(sessions), host_now()
    _one_scope(names, guild)
    ends = now + _USUAL if until is None else parse_until(until, now, tz)
    ends += -ends % 1000  # what people are told is to the second
    with opened(ctx, writable=True) as (settings, store):
        _check_guild(store, settings, guild)
        scopes = [(find_one(store, name).id, "") for name in names] or [("", guild or "")]
        wanted = [Pause(i, g, now, ends, _one_line(reason), removals) for i, g in dict.fromkeys(scopes)]
        with store.transaction() as transaction:
            for one in wanted:
                transaction.ledger.pause(one)
                if one.session_id:
                    why = f"until {iso(ends)}{f': {one.reason}' if one.reason else ''}"
                    transaction.ledger.event(Event(now, one.session_id, "paused by hand", "done", why))
        _show(store, settings, wanted, now, tz)
    return OK


def resume(ctx: typer.Context, sessions: Paused = None, guild: OfGuild = None) -> int:
    """End a pause: of the sessions named, of a guild, or without either every pause there is.

    Exit 1 if something of it is still paused by another pause.

    \b
    Examples:
      coachsync resume
      coachsync resume abc12345
    """
    from coachsync.report.pauses import resumed_lines

    names, now = checked_names(sessions), host_now()
    _one_scope(names, guild)
    with opened(ctx, writable=True) as (settings, store):
        _check_guild(store, settings, guild)
        there = store.ledger.pauses(now)
        paused = {pause.session_id for pause in there}  # of a booking that is gone the pause is left
        found = [find_one(store, name) for name in names if name not in paused]
        ids = {session.id for session in found} | (paused & set(names))
        ended = [p for p in there if _is_meant(p, ids, guild)]
        waited = _end(store, settings, ended, now) if ended else []
        named = [*store.bookings.by_ids(ids).values(), *found]
    _print(resumed_lines(ended, waited))
    guilds = {guild} if guild else {session.guild_id for session in named}
    wider = _wider([p for p in there if p not in ended], guilds)
    if not ended and not wider:
        output.out(f"{_called(ids, guild)} not paused" if ids or guild else "nothing is paused")
    for one in wider:
        output.error(
            f"{_called(ids, guild)} still paused, as {one.what} is, for another {span(one.until - now)} (paused)",
            f"`{one.resume}` ends that",
        )
    return SOME_FAILED if wider else OK


def _end(store: Store, settings: Settings, ended: Collection[Pause], now: Millis) -> list[Waiting]:
    """End pauses; return the sessions for which something may go on now."""
    from coachsync.standing.paused import waiting

    before = waiting(store, settings, now)
    with store.transaction() as transaction:
        transaction.ledger.end_pauses(ended)
        for one in ended:
            if one.session_id:
                transaction.ledger.event(Event(now, one.session_id, "resumed by hand", "done", ""))
    after = {w.session.id for w in waiting(store, settings, now)}
    return [w for w in before if w.session.id not in after]


def _wider(left: Collection[Pause], guilds: Collection[str]) -> list[Pause]:
    """Return the pauses of more than was resumed that hold it all the same; none if all was resumed."""
    return [p for p in left if guilds and not p.session_id and p.guild_id in {"", *guilds}]


def _called(ids: Collection[str], guild: str | None) -> str:
    named = ", ".join(word(session_id) for session_id in sorted(ids)) or f"guild {guild}"
    return f"{named} {'are' if len(ids) > 1 else 'is'}"


def _one_scope(names: tuple[str, ...], guild: str | None) -> None:
    if names and guild is not None:
        raise UsageError("sessions by name and --guild are both given", "leave one of the two out")


def _check_guild(store: Store, settings: Settings, guild: str | None) -> None:
    if guild is None:
        return
    known = {settings.discord.guild_id, *settings.guilds, *store.bookings.guild_ids()}
    known |= {pause.guild_id for pause in store.ledger.pauses(0) if pause.guild_id}
    if guild not in known:
        raise UsageError(
            f"--guild {guild}: no booking and no section of the configuration names this guild", _named(known)
        )


def _named(known: Collection[str]) -> str:
    some = sorted(known)[:5]
    return f"known are {', '.join(some)}{' and others' if len(known) > len(some) else ''}"


def _one_line(reason: str) -> str:
    return " ".join(reason.split())[:_LONGEST_REASON]


def _show(store: Store, settings: Settings, wanted: Collection[Pause], now: Millis, tz: str | None) -> None:
    from coachsync.report.pauses import late_lines, meaning_lines, paused_line
    from coachsync.standing.paused import late_by

    shown = moments(settings, now, tz)
    ids = {pause.session_id for pause in wanted}
    guilds = {pause.guild_id for pause in wanted}
    late = [
        one
        for one in late_by(store, settings, now)
        if ids & {"", one.session.id} and guilds & {"", one.session.guild_id}
    ]
    most = _SHOWN if output.is_terminal(sys.stdout) else None
    lines = [*(paused_line(pause, shown) for pause in wanted), *meaning_lines(wanted), *late_lines(late, shown, most)]
    _print(lines)


def _print(lines: Iterable[str]) -> None:
    from coachsync.cli.reporting import canvas
    from coachsync.report.pauses import fitted

    shown = fitted(lines, canvas().width) if output.is_terminal(sys.stdout) else lines
    output.out_all(f"{line}\n" for line in shown)


def _is_meant(pause: Pause, ids: Collection[str], guild: str | None) -> bool:
    if guild is not None:
        return pause.guild_id == guild
    return not ids or pause.session_id in ids
