"""`explain`: one session's whole story, from the store and the ledger, or what a code means."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coachsync.cli import output
from coachsync.cli.context import opened
from coachsync.cli.display import Tz, moments
from coachsync.cli.options import Json, Now, checked_name, chosen_now
from coachsync.domain.case import Case, Facts
from coachsync.domain.meanings import CODES, meaning_of
from coachsync.errors import OK, ConfigError, EnvironmentalError, SessionError, StoreError
from coachsync.report.code import code_document, code_sections
from coachsync.report.moments import Moments
from coachsync.report.story import Part, SessionStory, plain_lines, sections, story_document
from coachsync.standing.find import find_each
from coachsync.standing.health import attention
from coachsync.standing.hosts import hosts_of
from coachsync.standing.near import hint_for
from coachsync.standing.rows import known_of, rows_of

if TYPE_CHECKING:
    from coachsync.config import Settings
    from coachsync.domain.causes import Cause
    from coachsync.domain.model import Millis, Session
    from coachsync.store.base import Store

_NO_RUNS = ("no_tick", "tick_failed")  # what keeps everything from happening


def explain(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="SESSION|CODE",
            help="A session by its id, short name, channel or role id; or an error's code.",
            show_default=False,
        ),
    ],
    tz: Tz = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Tell one session's whole story: what happened when, what blocks it and the remedy, what the next run will do.

    With the code of an error or a warning: what it means, how it comes about, and what to do. A session of that id
    comes first.

    \b
    Examples:
      coachsync explain abc12345
      coachsync explain unknown_member
    """
    name, moment = checked_name(name), chosen_now(now)
    code = _code(name)
    try:
        with opened(ctx) as (settings, store):
            shown = moments(settings, moment, tz)
            found = find_each(store, [name]).sessions.values()
            if not found:
                return _explain_code(name, code, store, settings, shown, as_json=json)
            story = _story(store, next(iter(found)), settings, moment)
    except (ConfigError, StoreError, EnvironmentalError):
        if code is None:
            raise
        return _show_code(code, (), Moments(moment), as_json=json)  # which may be the very thing that is wrong
    _show(sections(story, shown), story_document(story, moment) if json else None)
    return OK


def _code(name: str) -> str | None:
    """Return the code that this is, as it stands in a message: "(unknown_member)"."""
    bare = name.strip().strip("()`").lower()
    return bare if meaning_of(bare) is not None else None


def _story(store: Store, session: Session, settings: Settings, now: Millis) -> SessionStory:
    causes = attention(store, settings, now)
    known = known_of(store, causes, settings.schedule.max_silence)
    (row,) = rows_of(store, [session], settings.policy, now, known)
    facts = Facts(now, settings.policy, pauses=store.ledger.pauses(now))
    booked = bool(store.bookings.by_ids([session.id]))
    silent = tuple(c for c in causes if c.code in _NO_RUNS) if row.next_action is not None else ()
    events = tuple(store.ledger.events(session.id))
    hosts = hosts_of(store, settings.schedule.max_silence, now)
    several = len({*hosts.names, *(event.host for event in events if event.host)}) > 1
    bot = store.ledger.bots().get(row.entry.guild_id if row.entry is not None else session.guild_id)
    holder = next((one for one in hosts.leases if one.bot == bot), None)
    return SessionStory(row, Case.of(session, row.entry, facts), events, booked, silent, several, holder)


def _explain_code(
    name: str, code: str | None, store: Store, settings: Settings, shown: Moments, *, as_json: bool
) -> int:
    if code is not None:
        causes = [cause for cause in attention(store, settings, shown.now) if cause.code == code]
        return _show_code(code, causes, shown, as_json=as_json)
    near = get_close_matches(name.strip().lower(), CODES, 1)
    hint = f"did you mean the code {near[0]}?" if near else hint_for(store, name)
    raise SessionError("unknown_session", f"neither a session nor a code goes by {name}", hint)


def _show_code(code: str, causes: Sequence[Cause], shown: Moments, *, as_json: bool) -> int:
    found = meaning_of(code)
    if found is not None:
        document = code_document(code, *found, causes) if as_json else None
        _show(code_sections(code, *found, causes, shown), document)
    return OK


def _show(parts: list[Part], document: dict[str, Any] | None) -> None:
    if document is not None:
        output.json_document(document)
    elif output.is_terminal(sys.stdout):
        from coachsync.cli.reporting import canvas
        from coachsync.report.screen import screen

        output.out(screen(parts, canvas()))
    else:
        output.out_all(f"{line}\n" for line in plain_lines(parts))
