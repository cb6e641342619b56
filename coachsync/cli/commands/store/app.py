"""`store`: the store as a whole, copied to another place and taken back."""

from __future__ import annotations

from coachsync.cli.frame import Command, LazyGroup, new_app

ENTRIES = (
    Command("copy", "store.copy", "copy", "Copy bookings and memory into another store, whole."),
    Command("reopen", "store.reopen", "reopen_store", "Take a store that was copied back into use."),
)


class StoreCommands(LazyGroup):
    """The commands on a store as a whole."""

    entries = ENTRIES


app = new_app(cls=StoreCommands)


@app.callback()
def store() -> None:
    """Copy a store to another place, or take one that was copied back into use.

    \b
    Examples:
      coachsync store copy sqlite:///sessions.db postgresql://coachsync@db1/coaching --dry-run
      coachsync store reopen sqlite:///sessions.db
    """
