"""A source that is a file of this host."""

from __future__ import annotations

from pathlib import Path

import pytest

from coachsync.bookings.sources.answer import LARGEST, PullError, Validators
from coachsync.bookings.sources.localfile import ask


def test_file_that_is_larger_than_an_answer_may_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bookings.json"
    with file.open("wb") as content:
        content.truncate(LARGEST + 1)
    with pytest.raises(PullError, match="32 MiB"):
        ask(str(file), Validators())
