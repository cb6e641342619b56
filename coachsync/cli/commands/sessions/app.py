"""`sessions`: the bookings themselves, for operators and for scripts."""

from __future__ import annotations

from coachsync.cli.frame import Command, LazyGroup, new_app

ENTRIES = (
    Command("add", "sessions.add", "add", "Add a booking and print its id."),
    Command("list", "sessions.list_", "list_sessions", "List the bookings."),
    Command("show", "sessions.show", "show", "Show one booking's fields as the store holds them."),
    Command("receipts", "sessions.receipts", "receipts", "Tell who had access to closed sessions, and that it ended."),
    Command("cancel", "sessions.cancel", "cancel", "Cancel a booking; the next run takes its room away."),
    Command("restore", "sessions.restore", "restore", "Take a cancellation back, or a cleanup by hand."),
    Command("reschedule", "sessions.reschedule", "reschedule", "Move a booking to another time."),
    Command(
        "import", "sessions.import_", "import_sessions", "Add or change bookings from a file: JSON, CSV, ics, Convex."
    ),
    Command("export", "sessions.export", "export_sessions", "Print every booking: JSON, CSV or a calendar."),
    Command("prune", "sessions.prune", "prune", "Erase what ended long ago."),
    Command("forget", "sessions.forget", "forget", "Erase one person's ids and names."),
)


class SessionCommands(LazyGroup):
    """The commands on bookings."""

    entries = ENTRIES


app = new_app(cls=SessionCommands)


@app.callback()
def sessions() -> None:
    """Add, list, change, import and export bookings.

    \b
    Examples:
      coachsync sessions list
      coachsync sessions show abc12345
    """
