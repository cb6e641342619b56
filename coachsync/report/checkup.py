"""What `doctor` found: lines for a person, one each, and what to do first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from coachsync.domain.finding import Finding, Level
from coachsync.report.text import clean, word

_SIGNS: dict[Level, str] = {"ok": "✓", "warning": "!", "failure": "✗"}
_PLAIN: dict[Level, str] = {"ok": "ok", "warning": "!", "failure": "x"}
_COLOURS: dict[Level, str] = {"ok": "32", "warning": "33", "failure": "1;31"}
_WIDEST = 110


class Screen(NamedTuple):
    """The terminal: columns, whether it shows colour and more than ASCII. `whole`: what is fine is not folded."""

    width: int
    colour: bool
    unicode: bool
    whole: bool = False


def plain_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield a line for each finding, and one for its remedy: what is piped, and read by programs."""
    for finding in findings:
        about = "" if finding.guild_id is None else f" guild {finding.guild_id}"
        about += "" if finding.session is None else f" session {word(finding.session)}"
        yield f"{finding.level} {finding.check}{about}: {clean(finding.message)}"
        if finding.hint:
            yield f"  remedy: {clean(finding.hint)}"


def screen_lines(findings: Sequence[Finding], screen: Screen) -> Iterator[str]:
    """Yield what a person reads: what is amiss with its remedy, what is fine by its checks' names alone.

    What is fine and yet bears a hint is not folded: it is worth knowing.
    """
    fine: list[str] = []
    told = {finding.check for finding in findings if finding.level != "ok" or finding.hint}
    for finding, after in zip(findings, [*findings[1:], None], strict=True):
        if finding.level == "ok" and not finding.hint and not screen.whole:
            if finding.check not in told and finding.check not in fine:
                fine.append(finding.check)
            continue
        yield from _folded(fine, screen)
        yield from _hung(_sign(finding.level, screen), f"{finding.check}: {clean(finding.message)}", screen)
        alike = after is not None and (after.check, after.hint) == (finding.check, finding.hint)
        if finding.hint and not alike:  # one remedy for several stands below the last
            arrow = "→" if screen.unicode else "->"
            yield from _hung(" " * _column(screen), f"{arrow} {clean(finding.hint)}", screen, under=len(arrow) + 1)
    yield from _folded(fine, screen)


def _folded(fine: list[str], screen: Screen) -> Iterator[str]:
    if fine:
        yield from _hung(_sign("ok", screen), ", ".join(fine), screen)
        fine.clear()


def _hung(sign: str, text: str, screen: Screen, under: int = 0) -> Iterator[str]:
    """Yield a text behind a sign, broken between words, its further lines under the first one."""
    if not screen.unicode:
        text = text.replace("→", ">").encode("ascii", "backslashreplace").decode()
    indent = " " * (_column(screen) + 1)
    width = max(20, min(screen.width, _WIDEST) - len(indent))
    lines = wrap(text, width, subsequent_indent=" " * under, break_long_words=False, break_on_hyphens=False)
    for n, line in enumerate(lines):
        yield f"{sign if n == 0 else indent[:-1]} {line}"


def _column(screen: Screen) -> int:
    return 1 if screen.unicode else 2


def _sign(level: Level, screen: Screen) -> str:
    sign = (_SIGNS if screen.unicode else _PLAIN)[level].ljust(_column(screen))
    return f"\x1b[{_COLOURS[level]}m{sign}\x1b[0m" if screen.colour else sign


def verdict(findings: Sequence[Finding], *, offline: bool = False) -> str:
    """Return the last line: whether all is sound, or how much is not and what to begin with."""
    failures = [finding for finding in findings if finding.level == "failure"]
    warnings = [finding for finding in findings if finding.level == "warning"]
    asked = "; offline: Discord was not asked" if offline else ""
    if not failures:
        told = f"sound, with {_counted(warnings, 'warning')}" if warnings else "all is sound"
        return f"{told}{asked}"
    told = _counted(failures, "failure") + (f", {_counted(warnings, 'warning')}" if warnings else "")
    return f"{told}{asked}; begin with {failures[0].check}"


def _counted(findings: Sequence[Finding], what: str) -> str:
    return f"{len(findings)} {what}{'s' if len(findings) != 1 else ''}"
