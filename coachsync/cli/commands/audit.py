"""`audit`: who can see and enter the rooms of ours, held against who should."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from coachsync.cli import output
from coachsync.cli.context import invocation
from coachsync.cli.options import Json, Wait, checked_names, checked_wait
from coachsync.errors import OK, SOME_FAILED, UsageError
from coachsync.report.text import clean

if TYPE_CHECKING:
    from coachsync.audit.audit import Audited


def audit(
    ctx: typer.Context,
    sessions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SESSION]...",
            help="Ids or short names; for what is no session's, the id of its channel or role.",
            show_default=False,
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Show what would be mended, ask, and mend what is ours.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
    wait: Wait = 0.0,
) -> int:
    """Look at every room of ours: who can see and enter it, against who should. Reads only, without --fix.

    Exit 1 while somebody can enter who should not, somebody is kept out who should not be, a room of ours is no
    session's, or one is hidden from the bot.

    \b
    Examples:
      coachsync audit
      coachsync audit abc12345 --fix
      coachsync audit --fix --yes --json
    """
    from coachsync.audit.audit import AuditRequest
    from coachsync.audit.audit import audit as look
    from coachsync.config import Tokens

    if yes and not fix:
        raise UsageError("--yes without --fix asks for nothing", "add --fix, or leave --yes out")
    if fix and not yes and not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stdout)):
        raise UsageError("--fix would ask, and there is no terminal", "add --yes to mend without a question")
    names, said = checked_names(sessions), invocation(ctx)
    settings = said.settings()
    request = AuditRequest(settings, Tokens(settings, said.environ), names, checked_wait(wait))
    audited = look(request)
    if fix and audited.steps:
        if not yes and not _agreed(audited):
            output.out("nothing was done")
            return SOME_FAILED
        audited = look(request, audited.steps)
    return _show(audited, as_json=json)


def _agreed(audited: Audited) -> bool:
    _show_findings(audited)
    for words in audited.steps.values():
        output.out(f"would {clean(words)}")
    return typer.confirm("Mend this?", default=False)


def _show(audited: Audited, *, as_json: bool) -> int:
    failed = [f"{words}: {why}" for words, why in audited.mended if why]
    if as_json:
        from coachsync.report.findings import findings_document

        done = [{"step": words, "failed": why or None} for words, why in audited.mended]
        output.json_document(findings_document(audited.findings, plan=list(audited.steps.values()), mended=done))
    else:
        for words, why in audited.mended:
            output.out(f"{'failed' if why else 'done'}: {clean(words)}")
        _show_findings(audited)
    for text in failed:
        output.error(text)
    return SOME_FAILED if failed or any(f.level == "failure" for f in audited.findings) else OK


def _show_findings(audited: Audited) -> None:
    from coachsync.report.findings import finding_lines, findings_line

    for line in finding_lines(audited.findings):
        output.out(line)
    output.out(findings_line(audited.findings))
