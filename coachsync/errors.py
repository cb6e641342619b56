"""Every exception that leaves a layer, and the exit code it means.

Exceptions carry data; the sentence and the hint that a person reads are fields given by whoever knows the cause,
never a traceback. The CLI maps each class to its exit code (CONTRACT §2).
"""

from __future__ import annotations

OK = 0
SOME_FAILED = 1
USAGE = 2
UNUSABLE = 3
LOCKED = 4
BUG = 70
INTERRUPTED = 130
TERMINATED = 143


class CoachsyncError(Exception):
    """Something a person can mend. `message` says what is wrong and where, `hint` what to do: one line each."""

    exit_code = UNUSABLE
    code = "environment"
    """What `--json` calls it, if no run has begun (CONTRACT §2)."""

    told = False
    """Whether the lines for people are printed already, or are not to be."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CoachsyncError):
    """The command line makes no sense."""

    exit_code = USAGE
    code = "usage"


class EnvironmentalError(CoachsyncError):
    """The host withholds what a run needs: a variable, a limit, a full or read-only disk."""


class ConfigError(CoachsyncError):
    """The configuration is missing, unreadable or wrong; `problems` holds one line for each fault found.

    `lines` says where in the file each of them is, as far as that is known.
    """

    code = "config"

    def __init__(
        self, message: str, hint: str, problems: tuple[str, ...] = (), lines: tuple[int | None, ...] = ()
    ) -> None:
        super().__init__(message, hint)
        self.problems = problems
        self.lines = lines or (None,) * len(problems)

    @property
    def several(self) -> tuple[str, ...]:
        """Return each problem with its line, in the order of the file, if there are several."""
        if len(self.problems) < 2:
            return ()
        numbered = sorted(zip(self.lines, self.problems, strict=True), key=lambda one: (one[0] is None, one[0] or 0))
        return tuple(problem if line is None else f"line {line}: {problem}" for line, problem in numbered)


class TokenError(ConfigError):
    """A bot token is missing, unreadable or none."""

    code = "unauthorized"


class StoreError(CoachsyncError):
    """The session store or the ledger cannot be read or written."""

    code = "store_error"


class FencedError(StoreError):
    """Somebody else changed what is remembered of a session meanwhile, or works on it now: nothing was written."""

    exit_code = LOCKED
    code = "locked"


class RowRefusedError(StoreError):
    """The store works, but does not take this one row: a trigger or a constraint of its booking system's."""


class ConnectionLostError(StoreError):
    """The connection to a database broke inside a transaction, or at a write.

    `in_doubt`: while it was being committed, so that it may have taken effect; otherwise nothing of it did.
    """

    def __init__(self, message: str, hint: str, *, in_doubt: bool = False) -> None:
        super().__init__(message, hint)
        self.in_doubt = in_doubt


class LockHeldError(CoachsyncError):
    """Another run works on the same store; `since` when, in milliseconds, None if that is not known."""

    exit_code = LOCKED
    code = "locked"

    def __init__(self, message: str, hint: str, since: int | None = None) -> None:
        super().__init__(message, hint)
        self.since = since


class SessionError(CoachsyncError):
    """A named session does not exist or does not allow what was asked; `code` is one of CONTRACT §7's codes."""

    exit_code = SOME_FAILED

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.code = code
