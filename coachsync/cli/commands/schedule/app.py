"""`schedule`: what starts runs on this host."""

from __future__ import annotations

from coachsync.cli.frame import Command, LazyGroup, new_app

ENTRIES = (
    Command("show", "schedule.show", "show", "Show what calls coachsync on this host, and when it does next."),
    Command("install", "schedule.change", "install", "Have this host start a run every 15 minutes."),
    Command("remove", "schedule.change", "remove", "Take away what install wrote, and nothing else."),
    Command("print", "schedule.change", "print_", "Print what install would write."),
)


class ScheduleCommands(LazyGroup):
    """The commands on what starts runs."""

    entries = ENTRIES


app = new_app(cls=ScheduleCommands)


@app.callback()
def schedule() -> None:
    """Show what starts runs on this host, put it there, or take it away.

    \b
    Examples:
      coachsync schedule show
      coachsync schedule print --cron
    """
