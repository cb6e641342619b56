"""When a schedule starts its next run: cron's by arithmetic on its five fields, a timer's by asking systemd."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

from coachsync.schedule.found import Schedule
from coachsync.schedule.places import Host

_SPECIAL = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}  # fmt: skip
_DAYS = 366 * 5


def next_run(schedule: Schedule, host: Host, now: datetime) -> datetime | None:
    """Return when a schedule starts its next run, in the zone of `now`; None if it starts none or that is not known."""
    if not schedule.works:
        return None
    if "timer" in schedule.kind:
        return _of_timer(schedule, host, now.tzinfo)
    return next_of_cron(schedule.when, now)


def next_of_cron(fields: str, now: datetime) -> datetime | None:
    """Return the next minute that cron's five fields name, after `now`. Source: crontab(5)."""
    from crontab import CronSlices

    text = _SPECIAL.get(fields, fields)
    if not CronSlices.is_valid(text):
        return None
    minutes, hours, days, months, weekdays = map(_named, CronSlices(text))
    any_day = text.split()[2].startswith("*") or text.split()[4].startswith("*")  # else one that fits is enough
    first = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for ahead in range(_DAYS):
        day = first + timedelta(days=ahead)
        if months is not None and day.month not in months:
            continue
        by_day = days is None or day.day in days
        by_week = weekdays is None or day.isoweekday() % 7 in {number % 7 for number in weekdays}
        if not ((by_day and by_week) if any_day else (by_day or by_week)):
            continue
        for hour in sorted(hours if hours is not None else range(24)):
            for minute in sorted(minutes if minutes is not None else range(60)):
                found = day.replace(hour=hour, minute=minute)
                if found >= first:
                    return found
    return None


def _named(field: Any) -> set[int] | None:
    """Return the numbers that a field names, None for all."""
    if str(field) == "*":
        return None
    found: set[int] = set()
    for part in field.parts:
        found.update(map(int, part.range()) if hasattr(part, "range") else [int(part)])
    return found


def _of_timer(schedule: Schedule, host: Host, zone: tzinfo | None) -> datetime | None:
    systemctl = ("systemctl", "--user") if schedule.kind == "user timer" else ("systemctl",)
    words = (*systemctl, "show", schedule.where, "--property=NextElapseUSecRealtime", "--value", "--timestamp=unix")
    said = (host.ask(words) or "").strip().removeprefix("@")
    return datetime.fromtimestamp(int(said), zone) if said.isdigit() and int(said) > 0 else None


def millis(moment: datetime) -> int:
    """Return a moment in milliseconds since the epoch."""
    return int(moment.timestamp() * 1000)
