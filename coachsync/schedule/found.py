"""What on this host calls `coachsync run`, and what keeps it from doing so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from coachsync.schedule.command import RunCall

Kind = Literal["crontab", "cron.d", "timer", "user timer"]


class Flaw(NamedTuple):
    """What is wrong with a schedule: `dead` if no run comes of it."""

    message: str
    hint: str
    dead: bool = True


class Schedule(NamedTuple):
    """One cron line or timer that calls `coachsync run`.

    `where` is its file and line, or its unit. `user` runs it ("" if that cannot be seen), `when` is as written there.
    `every` is the longest time between two runs in minutes, None if it is not known. `environ`: what is set for it.
    """

    kind: Kind
    where: str
    user: str
    when: str
    call: RunCall
    every: int | None
    environ: Mapping[str, str]
    flaws: tuple[Flaw, ...] = ()

    @property
    def works(self) -> bool:
        """Return whether runs can come of it."""
        return not any(flaw.dead for flaw in self.flaws)

    @property
    def config(self) -> str | None:
        """Return the configuration file that it names, None if it leaves it to be found."""
        return self.call.config or self.environ.get("COACHSYNC_CONFIG") or None

    @property
    def called(self) -> str:
        """Return what people call it: "/etc/cron.d/coachsync:7", "the timer coachsync.timer"."""
        return f"the {self.kind} {self.where}" if "timer" in self.kind else self.where
