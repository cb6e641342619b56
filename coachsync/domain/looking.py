"""In which guilds a run looks at open rooms although nothing is due there: often, but not in every run. Pure.

A guild is left alone for a few runs in a row while all is well: a look costs requests of the limit that setups need.
It never rests while anything is due or wrong, or while a room is between `setup_by` and its session's end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from coachsync.domain.case import Facts
from coachsync.domain.causes import AFTER_RUNS, OF_SOURCES, Cause
from coachsync.domain.drift import is_unsettled
from coachsync.domain.model import Entry, Session
from coachsync.domain.planned import Plan

RESTS = 3
"""How many runs in a row may leave a guild with an open room alone: the fourth looks, whichever host's it is."""

_NO_LOOK_TELLS = (
    AFTER_RUNS
    | OF_SOURCES
    | {"config_writable", "token_readable", "people_file", "tick_failed", "no_tick", "host_silent"}
)
"""What concerns this host, and is not seen by looking at a guild."""


class LastLook(NamedTuple):
    """The last run that looked at all rooms of a guild and left nothing there to be done: its number, its settings."""

    run: int
    settings: str


class Calm(NamedTuple):
    """Where nothing is known to be wrong: the guilds that may rest in this run, and sessions that keep theirs awake."""

    guilds: frozenset[str] = frozenset()
    troubled: frozenset[str] = frozenset()


def calm(
    looks: Mapping[str, LastLook], runs: Collection[int], causes: Iterable[Cause], settings: Callable[[str], str]
) -> Calm:
    """Return where a run need not look if no room there calls for it.

    Args:
        looks: the last look at each guild.
        runs: the numbers of the last `RESTS` runs, of all hosts.
        causes: what is wrong.
        settings: guild → what of the configuration a look goes by; open rooms follow it at once.
    """
    causes = list(causes)
    if any(not c.guild_id and not c.sessions and c.code not in _NO_LOOK_TELLS for c in causes):
        return Calm()
    wrong = {cause.guild_id for cause in causes}
    seen = {guild for guild, look in looks.items() if look.run in runs and look.settings == settings(guild)}
    return Calm(frozenset(seen - wrong), frozenset(i for cause in causes for i in cause.sessions))


def at_rest(plan: Plan, facts: Facts, calm: Calm) -> Plan:
    """Return the plan without its looks at the guilds that rest in this run."""
    busy = {action.guild_id for action in plan.actions} | {session.guild_id for session in plan.adopts}
    busy |= {entry.guild_id for entry in plan.unsettled} | {r.guild_id for e in plan.left for r in e.left_behind()}
    busy |= {orphan.guild_id for orphan in plan.orphans} | plan.searched
    troubled = calm.troubled | {refused.session.id for refused in plan.refused}
    busy |= {e.guild_id for s, e in plan.looks if s.id in troubled or _calls(s, e, facts)}
    resting = calm.guilds - busy
    return plan._replace(looks=tuple(look for look in plan.looks if look[1].guild_id not in resting))


def _calls(session: Session, entry: Entry, facts: Facts) -> bool:
    """Return whether a room is to be looked at in this run, whatever the last ones saw."""
    before = max(facts.policy.setup_by, facts.interval)  # the last run before the start looks at each person
    if session.start - before <= facts.now <= session.end:
        return True
    if session.flaw is not None or entry.missing_first is not None:  # what is booked is not certain
        return True
    if entry.state != "open" or entry.open_attempts() or entry.spares() or is_unsettled(entry.repairs):
        return True
    # who left may come back in by a request that was late, and somebody may still have to be let in
    moved = any(grant.state != "granted" for grant in entry.grants)
    return moved or bool(entry.leaving(session) or entry.lacking(session))
