# ruff: noqa: S608  only names of ours are put into SQL text, every value is a parameter
"""Writing an entry only if nobody else wrote it since it was read: the fence between runs, whatever locks do.

An entry's revision counts how often it was written. A run reads entries, then lists a guild, then writes an attempt
with the entry as it was read, then sends: whoever wrote meanwhile, on this host or another, has changed the revision,
and the attempt is not written. Under a lease its term stands in the same statement: one that was taken over has none
there, and the row takes no NULL.
"""

from __future__ import annotations

from typing import NamedTuple

from coachsync.errors import FencedError, RowRefusedError
from coachsync.store.sql import Sql

COLUMNS = (
    "guild_id, access, short, role_name, channel_name, starts_at, ends_at, setup_start, state, staff,"
    " opened_at, closed_by, closed_start, missing_first, missing_last, repairs"
)
_NAMES = COLUMNS.split(", ")
_HELD = "SELECT term FROM coachsync_leases WHERE bot = ? AND holder = ? AND term = ? FOR SHARE"
_HINT = "nothing is to be done: the next run looks again and goes on from there"


class Lease(NamedTuple):
    """The right to use one bot, as a run has it: the bot's user id, a random id of the run, the lease's term."""

    bot: str
    holder: str
    term: int


def _term(lease: Lease | None) -> tuple[str, tuple[object, ...]]:
    """Return what stands for the term of a lease that still holds, and its parameters."""
    if lease is None:
        return "0", ()
    return f"({_HELD})", tuple(lease)


def save_entry(
    sql: Sql, key: str | bytes, fields: tuple[object, ...], revision: int, writer: str, lease: Lease | None
) -> bool:
    """Write an entry that was read at a revision, 0 for a new one; its next revision is one more.

    Args:
        sql: the ledger's database, in a transaction.
        key: the session's.
        fields: what stands in `COLUMNS`.
        revision: the one that the entry was read or last written with.
        writer: a random id of this run.
        lease: the one that the run works under, None if the run's lock is enough.

    Returns:
        Whether this very write is there already: its commit was in doubt.

    Raises:
        FencedError: somebody else wrote it, or took over the lease.
    """
    try:
        if _save(sql, key, fields, revision, writer, lease):
            return False
        found = sql.one("SELECT revision, written_by FROM coachsync_entries WHERE session_id = ?", (key,))
        mine = found is not None and (found[0], found[1]) == (revision + 1, writer)
        if mine and _change(sql, key, fields, revision + 1, revision + 1, writer, lease):
            return True
    except RowRefusedError as error:
        if lease is not None:
            raise _taken_over(lease) from error
        raise
    raise FencedError("another run changed what is remembered of this session", _HINT)


def _save(
    sql: Sql, key: str | bytes, fields: tuple[object, ...], revision: int, writer: str, lease: Lease | None
) -> bool:
    if revision:
        return _change(sql, key, fields, revision, revision + 1, writer, lease)
    term, args = _term(lease)
    places = ", ".join("?" * len(_NAMES))
    added = sql.run(
        f"INSERT INTO coachsync_entries (session_id, {COLUMNS}, revision, written_by, term)"
        f" VALUES (?, {places}, 1, ?, {term}) ON CONFLICT (session_id) DO NOTHING",
        (key, *fields, writer, *args),
    )
    return added == 1


def _change(
    sql: Sql,
    key: str | bytes,
    fields: tuple[object, ...],
    revision: int,
    following: int,
    writer: str,
    lease: Lease | None,
) -> bool:
    term, args = _term(lease)
    assigned = ", ".join(f"{name} = ?" for name in _NAMES)
    changed = sql.run(
        f"UPDATE coachsync_entries SET {assigned}, revision = ?, written_by = ?, term = {term}"
        " WHERE session_id = ? AND revision = ?",
        (*fields, following, writer, *args, key, revision),
    )
    return changed == 1


def is_held(sql: Sql, lease: Lease) -> bool:
    """Return whether a lease was not taken over; then nobody else takes it until the transaction ends."""
    return sql.one(_HELD, tuple(lease)) is not None


def require(sql: Sql, lease: Lease) -> None:
    """Raise FencedError if a lease was taken over, see `is_held`."""
    if not is_held(sql, lease):
        raise _taken_over(lease)


def no_lease(guild_id: str) -> FencedError:
    """Return the error for a guild that is not this run's to work on."""
    return FencedError(f"guild {guild_id} is worked on by another host", _HINT)


def _taken_over(lease: Lease) -> FencedError:
    return FencedError(f"the lease on bot {lease.bot} was taken over by another run", _HINT)


def refused(error: RowRefusedError) -> FencedError:
    """Return the error for an attempt that the database took for a second one of its kind."""
    message = "another run's create of this kind is not answered yet"
    fenced = FencedError(message, _HINT)
    fenced.__cause__ = error
    return fenced
