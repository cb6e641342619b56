"""The hosts that share a store, as past runs show them: which of them runs no more, while others do. Pure."""

from __future__ import annotations

from typing import NamedTuple

from coachsync.domain.model import DAY, Millis

REMEMBERED: Millis = 3 * DAY
"""For how long a host is known after its last run: one that was taken away on purpose is forgotten by itself."""

REGULAR = 3
"""How many runs a host must have made lately to count as one that is called by a schedule."""

_OTHERS = 3  # runs of one other host: hosts' clocks differ, but what came later has a greater number


class HostRuns(NamedTuple):
    """What the last `run`s of a host were like; `host` is its name, `program` the version of coachsync there.

    `started_at`, `finished_at` and `exit_code` are the last one's, None if it has not ended. `worked`: one of the runs
    that are known did not end with 3 or 70. `since` is when the last such ended; if none did, when the first began.
    `lately` is how many there were within four times `max_silence` before the last, `others` how many another host has
    made since, of which it is the busiest.
    """

    host: str
    program: str
    started_at: Millis
    finished_at: Millis | None
    exit_code: int | None
    worked: bool
    since: Millis
    lately: int
    others: int

    def is_silent(self, now: Millis, max_silence: Millis) -> bool:
        """Return whether it was called regularly, and no run of it has worked for too long, while others' do."""
        return now - self.since > max_silence and self.lately >= REGULAR and self.others >= _OTHERS

    @property
    def runs_in_vain(self) -> bool:
        """Return whether its last run came to an end, and could not work."""
        return self.finished_at is not None and self.finished_at > self.since and self.exit_code in (3, 70)


def silence_of(host: HostRuns) -> tuple[str, str]:
    """Return what is wrong with a silent host, and what to do. Nothing in it changes from run to run."""
    if host.runs_in_vain:
        return (
            f"no run works any more on host {host.host}, while others go on",
            f"run `coachsync run` on {host.host} by hand: it shows what is wrong and what to do",
        )
    return (
        f"host {host.host} runs no more, while others go on",
        f"see whether {host.host} is up and `coachsync schedule show` there lists its schedule; taken away on purpose:"
        " it is forgotten after 3 days",
    )
