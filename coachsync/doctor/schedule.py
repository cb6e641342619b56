"""What starts runs on this host, whether they came lately, and whether two things start the same ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from coachsync.config import Settings
from coachsync.doctor.finding import doubt, fault, fine
from coachsync.domain.causes import Cause
from coachsync.domain.finding import Finding
from coachsync.domain.model import MINUTE, Millis
from coachsync.domain.words import span
from coachsync.host.owner import denied, owner_of, user_name
from coachsync.schedule.found import Schedule
from coachsync.schedule.ours import found_without_name, is_ours
from coachsync.standing.health import LastTick
from coachsync.standing.hosts import Hosts
from coachsync.store.ledger.keys import node_name

_NONE, _NOT_KNOWN = "no run came yet", "whether runs came is not known"
_INSTALL = "`coachsync schedule install`, or by hand as `coachsync help install` shows"


class Ticking(NamedTuple):
    """What is known of runs: the last one, if the ledger is `readable`, and the causes that stand.

    `store` is the store's file, "" if there is none. `sound`: nothing else was found that makes runs fail.
    `token_in_environ`: this shell's variable holds the token. `hosts`: those that share the store.
    """

    settings: Settings
    last: LastTick | None
    readable: bool
    causes: Sequence[Cause]
    store: str
    now: Millis
    sound: bool = True
    token_in_environ: bool = False
    hosts: Hosts = Hosts()

    def cause(self, code: str) -> Cause | None:
        """Return the cause of this code that stands, None if none does."""
        return next((cause for cause in self.causes if cause.code == code), None)


def of_schedules(found: Iterable[Schedule], ticking: Ticking) -> Iterator[Finding]:
    """Yield what was found of this installation's schedules; another installation's are left aside."""
    ours = [schedule for schedule in found if is_ours(schedule, ticking.settings)]
    working = [schedule for schedule in ours if schedule.works]
    # of one that is broken nothing is said if another does the work
    for schedule in working if working else ours:
        yield from _of_one(schedule, ticking)
    if len(working) > 1:
        names = " and ".join(schedule.called for schedule in working)
        yield doubt("schedule", f"{names} call the same: two runs get into each other's way", "keep one of them")
    yield from _of_silence(ours, working, ticking)


def _of_one(schedule: Schedule, ticking: Ticking) -> Iterator[Finding]:
    for flaw in schedule.flaws:
        say = fault if flaw.dead else doubt
        yield say("schedule", f"{schedule.called}: {flaw.message}", flaw.hint)
    if schedule.config is None and found_without_name(schedule) is None:
        what = f"{schedule.called} names no configuration, and {schedule.user or 'its user'} has none that is found"
        yield fault("schedule", what, f"add --config {ticking.settings.path} behind coachsync there")
    yield from _of_user(schedule, ticking)
    seldom = _seldom(schedule, ticking.settings.schedule.max_silence)
    if seldom:
        yield doubt("schedule", f"{schedule.called} ({schedule.when}) {seldom}", "call it every 15 minutes")
    if ticking.token_in_environ and "COACHSYNC_TOKEN" not in {**schedule.environ, **schedule.call.environ}:
        what = f"the token is in this shell's $COACHSYNC_TOKEN alone, which {schedule.called} does not see"
        yield doubt("schedule", what, "put the token into a file (mode 0600), and name it in discord.token_file")


def _seldom(schedule: Schedule, silence: Millis) -> str:
    """Return in what way a schedule calls too seldom, "" if it does not, or that cannot be seen."""
    if schedule.every is not None and schedule.every * MINUTE > silence:
        return f"leaves {schedule.every} min between two runs, more than [schedule] max_silence"
    return "does not call it in every hour" if schedule.every is None and "timer" not in schedule.kind else ""


def _of_user(schedule: Schedule, ticking: Ticking) -> Iterator[Finding]:
    """Yield what keeps the user that a schedule names from its work, which who looks may not be."""
    yield from _of_root(schedule, ticking) if schedule.user == "root" else ()
    token = ticking.settings.discord.token_file or ""
    token = "" if token.startswith("credential:") else os.path.join(ticking.settings.base_dir, token) if token else ""
    needed = ((ticking.settings.path, os.R_OK), (token, os.R_OK), (ticking.store, os.R_OK | os.W_OK))
    for path, wanted in needed:
        if path and schedule.user and denied(schedule.user, path, wanted):
            verb = "write" if wanted & os.W_OK else "read"
            what = f"{schedule.called} runs as {schedule.user}, who may not {verb} {path}"
            yield fault("schedule", what, f"give it to them: chown {schedule.user} {path}")


def _of_root(schedule: Schedule, ticking: Ticking) -> Iterator[Finding]:
    """Yield that runs are refused: root must not work on somebody else's store."""
    if not ticking.store:
        return
    try:
        owner = owner_of(ticking.store)
    except OSError:
        return
    if owner != 0:
        what = f"{schedule.called} runs as root, but the store belongs to {user_name(owner)}: its runs are refused"
        yield fault("schedule", what, f"let it run as {user_name(owner)}")


# did runs come


def _of_silence(ours: Sequence[Schedule], working: Sequence[Schedule], ticking: Ticking) -> Iterator[Finding]:
    elsewhere = _elsewhere(ours, working, ticking)
    if elsewhere is not None:
        yield elsewhere
        return
    silent, failed = ticking.cause("no_tick"), ticking.cause("tick_failed")
    if not working and (silent is not None or ticking.last is None):
        if not ours:  # else its flaws were told
            came = silent.message if silent is not None else _NONE if ticking.readable else _NOT_KNOWN
            what = f"nothing on this host calls `coachsync run`, as far as this user can see, and {came}"
            yield fault("schedule", what, f"schedule it every 15 minutes: {_INSTALL}")
    elif not ticking.readable:
        return
    elif silent is not None:
        what = f"{silent.message}, though {working[0].called} calls it ({working[0].when})"
        yield fault("schedule", what, _where_to_look(working[0]))
    elif ticking.last is None:
        what = f"{working[0].called} calls it ({working[0].when}), and {_NONE}"
        within = span(ticking.settings.schedule.max_silence)
        yield doubt("schedule", what, f"wait for the first one, then ask again: within {within} one must come")
    elif failed is not None and ticking.sound:
        yield fault("schedule", failed.message, failed.hint)
    else:
        yield fine("schedule", _told(working, ticking.last))


def _elsewhere(ours: Sequence[Schedule], working: Sequence[Schedule], ticking: Ticking) -> Finding | None:
    """Return that runs come from other hosts of the store and not from this one; None if they do, or do not either."""
    limit = ticking.now - ticking.settings.schedule.max_silence
    lately = [run.host for run in ticking.hosts.runs if run.started_at >= limit]
    if not lately or node_name() in lately or (ours and not working):
        return None
    come = f"they come from {' and '.join(lately)}"
    if working:
        told = f"{working[0].called} calls it ({working[0].when}), and no run came from this host lately; {come}"
        return doubt("schedule", told, _where_to_look(working[0]))
    told = f"nothing on this host calls `coachsync run`, as far as this user can see; {come}"
    return doubt("schedule", told, f"if this host is to do its part, schedule it here: {_INSTALL}")


def _where_to_look(schedule: Schedule) -> str:
    if "timer" in schedule.kind:
        return f"see what became of it: systemctl status {schedule.where}"
    return "see what cron says: journalctl -u cron (or crond), and the mail it sends; is cron running?"


def _told(working: Sequence[Schedule], last: LastTick) -> str:
    by = f"{working[0].called} calls it ({working[0].when})" if working else "nothing is seen to call it, but runs come"
    ended = "is under way" if last.finished_at is None else f"ended {span(last.age)} ago"
    return f"{by}; the last one {ended}"
