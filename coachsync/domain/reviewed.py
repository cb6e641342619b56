"""A plan that somebody reviewed, held against what is due now: what was reviewed is what is done. Pure.

Sessions, actions, guilds and people are compared; times and reasons are not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from coachsync.domain.failure import Failure
from coachsync.domain.model import Action, ActionKind
from coachsync.domain.words import a_few

_NAMED = 5


class ReviewedStep(NamedTuple):
    """One action of a plan: what is done for which session in which guild, and for whom (user ids, sorted).

    `observers` are those of the people who only observe.
    """

    session: str
    action: ActionKind
    guild_id: str
    people: tuple[str, ...]
    observers: tuple[str, ...] = ()


def step_of(action: Action) -> ReviewedStep:
    """Return what of an action is compared."""
    people, observers = sorted(action.session.ids), sorted(action.session.observers)
    return ReviewedStep(action.session.id, action.kind, action.guild_id, tuple(people), tuple(observers))


def differences(reviewed: Collection[ReviewedStep], due: Iterable[ReviewedStep]) -> tuple[str, ...]:
    """Return in words how what is due now differs from what was reviewed; nothing if it does not."""
    before = {(step.session, step.action): step for step in reviewed}
    now = {(step.session, step.action): step for step in due}
    found: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        found += _difference(before.get(key), now.get(key))
    return tuple(found)


def _difference(before: ReviewedStep | None, now: ReviewedStep | None) -> list[str]:
    if now is None:
        return [f"{before.action} of {before.session} is in the plan and is not due now"] if before else []
    if before is None:
        return [f"{now.action} of {now.session} is due now and is not in the plan"]
    told = []
    if before.guild_id != now.guild_id:
        told.append(f"{now.action} of {now.session} is in guild {now.guild_id} now, in the plan in {before.guild_id}")
    if before.people != now.people:
        who = a_few(now.people) or "nobody"
        told.append(f"{now.action} of {now.session} is for {who} now, in the plan for {a_few(before.people)}")
    elif before.observers != now.observers:
        who, was = a_few(now.observers) or "nobody", a_few(before.observers) or "nobody"
        told.append(f"{who} only observes {now.session} now, in the plan {was}")
    return told


def changed(found: Collection[str]) -> Failure:
    """Say that what is due is not what was reviewed."""
    named = list(found)[:_NAMED]
    more = len(found) - len(named)
    told = "; ".join(named) + (f"; and {more} more" if more > 0 else "")
    hint = "nothing was sent: make a new plan (`coachsync run --dry-run --out FILE`), review it, and run that"
    return Failure("plan_changed", f"what is due is not what was reviewed: {told}", hint)
