"""Plans in files: written by `run --dry-run --out FILE`, carried out by `run --plan FILE`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from coachsync.clock import iso
from coachsync.domain.model import ACTION_KINDS, Report
from coachsync.domain.reviewed import ReviewedStep, step_of
from coachsync.errors import EnvironmentalError, UsageError
from coachsync.host.files import replace
from coachsync.host.limits import absolute, expanded, remedy
from coachsync.host.reading import in_time, read_regular

_VERSION = 1
_LARGEST = 64 << 20
_MAKE = "make one with `coachsync run --dry-run --out FILE`"


def write_plan(path: str, report: Report) -> None:
    """Write what a dry run showed, for its user alone. Raises EnvironmentalError."""
    actions = [o.action for o in report.outcomes if o.outcome == "planned"]
    reasons = {(action.session.id, action.kind): action.reason for action in actions}
    document = {
        "version": _VERSION,
        "command": report.command,
        "now": iso(report.now),
        "actions": [_step(step, reasons[step.session, step.action]) for step in map(step_of, actions)],
    }
    target = os.path.realpath(absolute(expanded(path)))
    text = json.dumps(document, indent=2) + "\n"
    try:
        replace(target, text.encode(), like=None, beside=f"{target}.{os.getpid()}.new")
    except OSError as error:
        hint = remedy(error, "name a file in a folder that exists and that you may write")
        raise EnvironmentalError(f"the plan {path} cannot be written: {error.strerror}", hint) from None


def _step(step: ReviewedStep, reason: str) -> dict[str, Any]:
    return {**step._asdict(), "people": list(step.people), "observers": list(step.observers), "reason": reason}


def read_plan(path: str) -> frozenset[ReviewedStep]:
    """Return the steps of a plan. Raises UsageError for what is no plan, EnvironmentalError if it cannot be read."""
    try:
        content, _ = in_time(lambda: read_regular(absolute(expanded(path)), _LARGEST + 1), "the plan")
    except OSError as error:
        raise UsageError(f"--plan {path} cannot be read: {error.strerror}", remedy(error, _MAKE)) from None
    try:
        document = json.loads(content)
        if document["version"] != _VERSION or document["command"] != "run":
            raise ValueError
        steps = frozenset(_read(document["actions"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UsageError(f"--plan {path} is no plan of this version of coachsync", _MAKE) from None
    return steps


def _read(actions: Iterable[dict[str, Any]]) -> Iterable[ReviewedStep]:
    for action in actions:
        people, observers = action["people"], action.get("observers", [])
        texts = (action["session"], action["action"], action["guild_id"], *people, *observers)
        if not all(isinstance(text, str) for text in texts) or action["action"] not in ACTION_KINDS:
            raise ValueError
        of = (action["session"], action["action"], action["guild_id"])
        yield ReviewedStep(*of, tuple(sorted(people)), tuple(sorted(observers)))
