"""`sessions`: the bookings themselves, for operators and for scripts."""

from __future__ import annotations

from coachsync.cli.commands.sessions.add import add
from coachsync.cli.commands.sessions.cancel import cancel
from coachsync.cli.commands.sessions.export import export_sessions
from coachsync.cli.commands.sessions.import_ import import_sessions
from coachsync.cli.commands.sessions.list_ import list_sessions
from coachsync.cli.commands.sessions.reschedule import reschedule
from coachsync.cli.commands.sessions.restore import restore
from coachsync.cli.commands.sessions.show import show
from coachsync.cli.frame import new_app

app = new_app(help="Add, list, change, import and export bookings.")

app.command("add")(add)
app.command("list")(list_sessions)
app.command("show")(show)
app.command("cancel")(cancel)
app.command("restore")(restore)
app.command("reschedule")(reschedule)
app.command("import")(import_sessions)
app.command("export")(export_sessions)
