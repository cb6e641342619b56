"""A failure that the engine itself found, on its way up to the outcome of its action."""

from __future__ import annotations

from coachsync.domain.model import Failure


class Trouble(Exception):  # noqa: N818 - it is a failure's vehicle, not an error of the program
    """An action cannot be completed; `refused` where it would touch what is not ours."""

    def __init__(self, failure: Failure, *, refused: bool = False) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.refused = refused
