"""What a check found, as plain lines and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from coachsync.domain.finding import Finding
from coachsync.report.document import VERSION
from coachsync.report.text import clean, word


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield two lines for each finding: what, where and whom it concerns; then the remedy."""
    for finding in findings:
        where = word(finding.session) if finding.session is not None else f"guild {finding.guild_id}"
        yield f"{finding.kind or finding.check} {where}: {clean(finding.message)}"
        if finding.hint:
            yield f"  remedy: {clean(finding.hint)}"


def findings_line(findings: Sequence[Finding]) -> str:
    """Return "1 stranger, 2 missing", or that nothing is amiss."""
    counted = Counter(f.kind or f.check for f in findings if f.level != "ok")
    told = ", ".join(f"{count} {kind}" for kind, count in counted.items())
    return told or "every room lets in whom it should, and nobody else"


def findings_document(findings: Iterable[Finding], **more: Any) -> dict[str, Any]:
    """Return what `audit --json` prints."""
    return {"version": VERSION, "findings": [finding._asdict() for finding in findings], **more}


def checkup_document(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what `doctor --json` prints."""
    keys = ("check", "level", "guild_id", "session", "message", "hint")
    return {"version": VERSION, "findings": [{key: getattr(f, key) for key in keys} for f in findings]}
