"""`sessions forget`: one person's ids and names, erased from what coachsync keeps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.sessions.shared import LOCK_WAIT_S, place_of_bookings, say_what_remains, sentence
from coachsync.cli.context import opened
from coachsync.cli.options import DryRun, Json
from coachsync.clock import host_now, iso
from coachsync.domain.snowflake import bare_id, is_snowflake
from coachsync.errors import OK, SOME_FAILED, ConfigError, UsageError
from coachsync.report.erased import count_lines, erased_tables, some
from coachsync.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Collection

    from coachsync.config import Settings
    from coachsync.domain.forgotten import Somebody
    from coachsync.domain.model import Millis
    from coachsync.store.base import Store
    from coachsync.store.erasing import Erased

_AUDIT_LOG = (
    "Discord's own audit log keeps what was done, with our reasons (ids of sessions) and the ids of members, for 45"
    " days; nobody can erase that earlier"
)


def forget(
    ctx: typer.Context,
    person: Annotated[
        str | None, typer.Argument(metavar="[DISCORD_ID]", help="Their Discord user id.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Or what bookings call them, the whole of it.")
    ] = None,
    in_store: Annotated[
        bool, typer.Option("--in-store", help="Also in the bookings, if coachsync made the store.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> int:
    """Erase one person's ids and names from all that coachsync keeps: stories, receipts, looked up names, the rest.

    Counts first, by table, and asks; without a terminal it needs --yes. Receipts stay, and name nobody. Sessions that
    live or are still to come are left as they are, which is exit 1.

    \b
    Examples:
      coachsync sessions forget 1300000000000000001
      coachsync sessions forget --name "John Doe" --in-store --yes
    """
    user_id = _checked(person, name)
    if not (yes or dry_run) and (json or not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stdout))):
        hint = "add --yes to erase without a question, or --dry-run to see what there is"
        raise UsageError("forget would ask, and there is no terminal", hint)
    now = host_now()
    if not yes:
        with opened(ctx) as (settings, store):
            seen = _Forgetting(store, settings, user_id, name, in_store=in_store)
            erased = seen.look(now)
            if dry_run or not erased.counts:
                return _end(seen, erased, now, done=False, as_json=json)
            _show(seen, erased, done=False)
            if erased.left:
                output.out(sentence(f"would stay, for they live or are still to come: {some(erased.left)}", sys.stdout))
        if not typer.confirm("Erase this?", default=False):
            output.out("nothing was changed")
            return SOME_FAILED
    with opened(ctx, writable=True) as (settings, store):
        free = store.ledger.remains()[0]
        with store.run_lock(LOCK_WAIT_S, f"sessions forget since {iso(now)}"):
            seen = _Forgetting(store, settings, user_id, name, in_store=in_store)
            erased = seen.erase(now)
        code = _end(seen, erased, now, done=True, as_json=json)
        if erased.counts:
            say_what_remains(store, free)
    return code


def _checked(person: str | None, name: str | None) -> str | None:
    """Return the id that was given, None for a name. Raises UsageError."""
    if (person is None) == (name is None):
        hint = "give a Discord id, or --name NAME"
        raise UsageError("nobody is named" if name is None else "an id and a name are both given", hint)
    if name is not None and not name.strip():
        raise UsageError("an empty text is nobody's name", "give the whole name, as bookings have it")
    if person is None:
        return None
    bare = bare_id(person)
    if not is_snowflake(bare):
        raise UsageError(f"{clean(person)[:40]} is no Discord id", "give the digits of Copy User ID, or --name NAME")
    return bare


class _Forgetting:
    """Whom an id or a name means in a store, and what names them. Raises ConfigError and UsageError."""

    somebody: Somebody
    ids: frozenset[str]

    def __init__(
        self, store: Store, settings: Settings, user_id: str | None, name: str | None, *, in_store: bool
    ) -> None:
        from coachsync.store.erasing import whoever

        self._store, self._settings, self.in_store = store, settings, in_store
        self.foreign = store.bookings.why_foreign()
        if in_store and self.foreign:
            message = clean(f"{self.place}: {self.foreign}: its bookings are that program's to change")
            raise ConfigError(message, "leave --in-store out, and forget them in that program as well")
        self.somebody, self.ids = whoever(store, user_id, name)
        if len(self.ids) > 1:
            message = f"{len(self.ids)} people are called {clean(name or '')}: {', '.join(sorted(self.ids))}"
            raise UsageError(message, "forget each by their id")

    def look(self, now: Millis) -> Erased:
        """Return what would be erased."""
        return self._run(now, dry_run=True)

    def erase(self, now: Millis) -> Erased:
        """Erase it."""
        return self._run(now, dry_run=False)

    def still_named(self, left: Collection[str]) -> int:
        """Return how many bookings name them, besides those that were left as they are."""
        from coachsync.store.erasing import naming

        return naming(self._store, self.somebody, left)

    @property
    def place(self) -> str:
        """Return what the bookings are in."""
        return place_of_bookings(self._store, self._settings)

    def _run(self, now: Millis, *, dry_run: bool) -> Erased:
        from coachsync.store.erasing import forget

        cancelled = self._settings.statuses.cancelled
        return forget(self._store, self.somebody, now, cancelled, in_store=self.in_store, dry_run=dry_run)


def _end(seen: _Forgetting, erased: Erased, now: Millis, *, done: bool, as_json: bool) -> int:
    if as_json:
        output.json_document(
            {
                "version": 1,
                "now": iso(now),
                "dry_run": not done,
                "in_store": seen.in_store,
                "foreign": seen.foreign or None,
                "erased": erased_tables(erased.counts),
                "sessions": list(erased.sessions),
                "left": list(erased.left),
                "bookings_naming": seen.still_named(erased.left),
            }
        )
    else:
        _show(seen, erased, done=done)
    if erased.left:
        hint = "cancel those that are not to take place, then forget again when the others are over"
        were = "were" if done else "would be"
        output.error(f"sessions that live or are still to come {were} left as they are: {some(erased.left)}", hint)
        return SOME_FAILED
    return OK


def _show(seen: _Forgetting, erased: Erased, *, done: bool) -> None:
    if erased.counts:
        output.out(f"{'changed or erased' if done else 'would change or erase'}, by table:")
        for line in count_lines(erased.counts):
            output.out(line)
    else:
        output.out("nothing that could be erased names them")
    named = 0 if seen.in_store else seen.still_named(erased.left)
    if named:
        foreign = f"they are another program's to change: {clean(seen.foreign)}"
        how = foreign if seen.foreign else "--in-store takes them out of these, too"
        output.out(sentence(f"bookings in {clean(seen.place)} that name them: {named}; {how}", sys.stdout))
    output.out(sentence(_AUDIT_LOG, sys.stdout))
