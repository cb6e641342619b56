"""What a code means, as `explain CODE` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coachsync.domain.causes import Cause
from coachsync.domain.meanings import CodeKind, Meaning
from coachsync.report.document import VERSION, cause_document
from coachsync.report.lines import several
from coachsync.report.moments import Moments
from coachsync.report.story import Labelled, Part
from coachsync.report.text import clean

_KINDS: dict[CodeKind, str] = {
    "error": "what a session fails with",
    "warning": "a warning: the run goes on",
    "standing": "found by `status` in the ledger",
    "start": "what ends a whole command",
}


def code_sections(code: str, kind: CodeKind, meaning: Meaning, causes: Sequence[Cause], moments: Moments) -> list[Part]:
    """Return the parts of a code's explanation. `causes` are those of this code that stand now."""
    head = (
        Labelled("code", f"{code}, {_KINDS[kind]}"),
        Labelled("means", meaning.wrong),
        Labelled("remedy", meaning.remedy),
        Labelled("meanwhile", meaning.meanwhile),
    )
    reasons = [line for r in meaning.reasons for line in (Labelled("if", r.cause), Labelled("then", r.remedy))]
    standing = [Labelled("now", _standing(cause, moments)) for cause in causes]
    parts = [
        Part("", head),
        Part("how it comes about", tuple(reasons)),
        Part("stands now", tuple(standing), wrong=True),
    ]
    return [part for part in parts if part.lines]


def _standing(cause: Cause, moments: Moments) -> str:
    whom = f" ({several(len(cause.sessions), 'session')}: {', '.join(cause.sessions[:3])})" if cause.sessions else ""
    return f"since {moments.full(cause.since)}: {clean(cause.message)}{clean(whom)}"


def code_document(code: str, kind: CodeKind, meaning: Meaning, causes: Sequence[Cause]) -> dict[str, Any]:
    """Return what `explain CODE --json` prints."""
    return {
        "version": VERSION,
        "code": code,
        "kind": kind,
        "message": meaning.wrong,
        "hint": meaning.remedy,
        "meanwhile": meaning.meanwhile,
        "reasons": [reason._asdict() for reason in meaning.reasons],
        "attention": [cause_document(cause) for cause in causes],
    }
