"""The program: every exception becomes an exit code here, and every error two lines."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from coachsync import errors
from coachsync.cli import dress, excepthooks, output, streams
from coachsync.cli.context import Invocation
from coachsync.secrets import hide

PROGRAM = "coachsync"
_COMPLETE = "_COACHSYNC_COMPLETE"
_AT_DISCORD = frozenset({"run", "setup", "cleanup", "audit", "doctor"})
_GOES_ON = "what was begun is recorded; the next run goes on from there"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (CONTRACT §2)."""
    streams.mend()
    said = Invocation()
    collecting = gc.isenabled()
    gc.disable()  # most commands end before there is garbage worth a search; work that lasts turns it on again
    try:
        hide(os.environ.get("COACHSYNC_TOKEN", ""))
        excepthooks.install(lambda problem: _report_bug(problem, said))
        signal.signal(signal.SIGTERM, _terminate)
        code = _run(list(sys.argv[1:] if argv is None else argv), said)
    except BaseException as problem:  # noqa: BLE001 - whatever it is, it is reported and becomes an exit code
        code = _report(problem, said)
    finally:
        if collecting:
            gc.enable()
    return output.finish(code)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Turn SIGTERM into an exception, so that what was begun is recorded."""
    raise SystemExit(errors.TERMINATED)


def _run(arguments: list[str], said: Invocation) -> int:
    said.arguments = tuple(arguments)
    said.json = "--json" in arguments  # until the command says it: the host may not even let us load that
    dress.choose(dress.asked_for(arguments), os.environ)
    if os.environ.get(_COMPLETE):
        from coachsync.cli.completion.answer import answer

        return answer(os.environ[_COMPLETE], os.environ)
    from coachsync.cli.app import build

    command = build()
    with command.make_context(PROGRAM, arguments, obj=said) as ctx:
        result = command.invoke(ctx)
    return result if isinstance(result, int) else errors.OK


def _report(problem: BaseException, said: Invocation) -> int:
    """Report what ended the command, and return the exit code that it means."""
    if isinstance(problem, errors.CoachsyncError):
        return _report_known(problem, said)
    if isinstance(problem, KeyboardInterrupt):
        return _report_interrupted("SIGINT", errors.INTERRUPTED, said)
    if isinstance(problem, SystemExit):
        return _report_exit(problem.code, said)
    code = _report_of_typer(problem, said)
    return _report_unexpected(problem, said) if code is None else code


def _report_known(problem: errors.CoachsyncError, said: Invocation) -> int:
    several = problem.several if isinstance(problem, errors.ConfigError) else ()
    if said.json and problem.exit_code in (errors.UNUSABLE, errors.LOCKED):
        message = f"{problem.message}: {'; '.join(several)}" if several else problem.message
        error = {"code": problem.code, "message": message, "hint": problem.hint}
        output.json_document({"version": 1, "error": error})
    if not problem.told:
        output.error(problem.message, problem.hint, several)
    return problem.exit_code


def _report_interrupted(by: str, code: int, said: Invocation) -> int:
    works = not _AT_DISCORD.isdisjoint(said.arguments)
    output.error(f"interrupted by {by}", _GOES_ON if works else "nothing is left half done; start it again")
    return code


def _report_exit(code: Any, said: Invocation) -> int:
    if code == errors.TERMINATED:
        return _report_interrupted("SIGTERM", errors.TERMINATED, said)
    return code if isinstance(code, int) else errors.OK


def _report_of_typer(problem: BaseException, said: Invocation) -> int | None:
    """Report one of Typer's exceptions and return its exit code; None if it is none of them."""
    import typer

    if isinstance(problem, typer.Exit):
        return problem.exit_code
    if isinstance(problem, typer.Abort):
        return _report_interrupted("the person at the terminal", errors.INTERRUPTED, said)
    if not isinstance(problem, typer.BadParameter.__bases__[0]):
        return None
    from coachsync.cli.mistakes import mistake

    output.error(*mistake(problem, said.arguments))
    return errors.USAGE


def _report_unexpected(problem: BaseException, said: Invocation) -> int:
    """Report what nobody foresaw: something that the host withheld, or else a bug."""
    from coachsync.host.limits import environmental

    withheld = environmental(problem)
    if withheld is None:
        return _report_bug(problem, said)
    if said.verbose:
        _show_traceback(problem)
    return _report_known(withheld, said)


def _report_bug(problem: BaseException, said: Invocation) -> int:
    kind = type(problem).__name__
    if said.verbose:
        _show_traceback(problem)
        hint = "report it with the lines above; no token is in them"
    else:
        hint = "run the same command with --verbose, and report what it shows"
    output.error(f"coachsync has a bug: {kind}: {problem}", hint)
    return errors.BUG


def _show_traceback(problem: BaseException) -> None:
    import traceback

    for line in "".join(traceback.format_exception(problem)).splitlines():
        output.err(line, "error")


if __name__ == "__main__":
    sys.exit(main())
