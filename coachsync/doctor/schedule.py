"""What starts runs on this host, whether they came lately, and whether two things start the same ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from coachsync.clock import relative
from coachsync.config import Settings
from coachsync.config.load import search_path
from coachsync.doctor.finding import doubt, fault, fine
from coachsync.domain.finding import Finding
from coachsync.domain.model import MINUTE, Millis, RunRecord
from coachsync.domain.words import span
from coachsync.host.owner import owner_of, user_name
from coachsync.schedule.found import Schedule

_UNUSABLE = (3, 70)
_INSTALL = "`coachsync help install` shows the line for a crontab and the systemd units"


class Ticking(NamedTuple):
    """What is known of runs: `ticks` newest first, None if the ledger cannot be read; `store` is its file or "".

    `sound`: nothing else was found that makes runs fail. `token_in_environ`: this shell's variable holds the token.
    """

    settings: Settings
    ticks: Sequence[RunRecord] | None
    store: str
    now: Millis
    sound: bool
    token_in_environ: bool


def of_schedules(found: Iterable[Schedule], ticking: Ticking) -> Iterator[Finding]:
    """Yield what was found of this installation's schedules; another installation's are left aside."""
    ours = [schedule for schedule in found if _is_ours(schedule, ticking.settings)]
    working = [schedule for schedule in ours if schedule.works]
    # of one that is broken nothing is said if another does the work
    for schedule in working if working else ours:
        yield from _of_one(schedule, ticking)
    if len(working) > 1:
        names = " and ".join(schedule.called for schedule in working)
        yield doubt("schedule", f"{names} call the same: two runs get into each other's way", "keep one of them")
    yield from _of_silence(ours, working, ticking)


def _is_ours(schedule: Schedule, settings: Settings) -> bool:
    named = schedule.config
    if named is not None:
        return os.path.realpath(os.path.expanduser(named)) == os.path.realpath(settings.path)
    return _found_without_name(schedule) in (None, os.path.realpath(settings.path))


def _found_without_name(schedule: Schedule) -> str | None:
    """Return the configuration that a call without --config finds, None if there is none that we can see."""
    home = schedule.environ.get("HOME") or os.path.expanduser(f"~{schedule.user}" if schedule.user else "~")
    places = (os.path.join(home, ".config", "coachsync", "config.toml"), search_path({})[-1])
    return next((os.path.realpath(place) for place in places if os.path.exists(place)), None)


def _of_one(schedule: Schedule, ticking: Ticking) -> Iterator[Finding]:
    for flaw in schedule.flaws:
        say = fault if flaw.dead else doubt
        yield say("schedule", f"{schedule.called}: {flaw.message}", flaw.hint)
    if schedule.config is None and _found_without_name(schedule) is None:
        what = f"{schedule.called} names no configuration, and {schedule.user or 'its user'} has none that is found"
        yield fault("schedule", what, f"add --config {ticking.settings.path} behind coachsync there")
    yield from _of_user(schedule, ticking)
    silence = ticking.settings.schedule.max_silence
    if schedule.every is not None and schedule.every * MINUTE > silence:
        what = f"{schedule.called} calls it every {schedule.every} min at most, which is beyond [schedule] max_silence"
        yield doubt("schedule", what, "call it every 15 minutes")
    if ticking.token_in_environ and "COACHSYNC_TOKEN" not in {**schedule.environ, **schedule.call.environ}:
        what = f"the token is in this shell's $COACHSYNC_TOKEN alone, which {schedule.called} does not see"
        yield doubt("schedule", what, "put the token into a file (mode 0600), and name it in discord.token_file")


def _of_user(schedule: Schedule, ticking: Ticking) -> Iterator[Finding]:
    """Yield that runs are refused: root must not work on somebody else's store."""
    if schedule.user != "root" or not ticking.store:
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
    silence, now = ticking.settings.schedule.max_silence, ticking.now
    last = next((t for t in ticking.ticks or () if t.finished_at is not None), None)
    came = last is not None and last.finished_at is not None and now - last.finished_at <= silence
    if ticking.ticks is None:
        yield from () if working else _nothing(ours)
    elif came and last is not None:
        yield from _of_last(last, working, ticking)
    elif not working:
        yield from _nothing(ours)
    elif last is None and now - _set_up_at(ticking.settings) <= silence:
        what = f"{working[0].called} calls it ({working[0].when}), and no run came yet"
        yield doubt("schedule", what, f"wait for the first one, then ask again: within {span(silence)} one must come")
    else:
        since = f"no run finished since {relative(last.finished_at or 0, now)}" if last is not None else "no run came"
        hint = "see whether the timer runs: systemctl status " + working[0].where
        if "timer" not in working[0].kind:
            hint = "see what cron says: journalctl -u cron (or crond), and the mail it sends; is cron running?"
        yield fault("schedule", f"{since}, though {working[0].called} calls it ({working[0].when})", hint)


def _of_last(last: RunRecord, working: Sequence[Schedule], ticking: Ticking) -> Iterator[Finding]:
    when = relative(last.finished_at or 0, ticking.now)
    by = f"{working[0].called} calls it ({working[0].when})" if working else "what calls it is not for this user to see"
    if last.exit_code in _UNUSABLE and ticking.sound:
        hint = "see `coachsync status`, and run it by hand as the user that runs it: coachsync run"
        yield fault("schedule", f"the last run, {when}, ended with exit status {last.exit_code}", hint)
    else:
        yield fine("schedule", f"{by}; the last run ended {when}")


def _nothing(ours: Sequence[Schedule]) -> Iterator[Finding]:
    if not ours:  # else its flaws were told
        what = "nothing on this host calls `coachsync run`, as far as this user can see, and no run came lately"
        yield fault("schedule", what, f"schedule it every 15 minutes: {_INSTALL}")


def _set_up_at(settings: Settings) -> Millis:
    try:
        return int(os.stat(settings.path).st_mtime * 1000)
    except OSError:
        return 0
