"""What is said of a code."""

from __future__ import annotations

import pytest

from coachsync.domain.causes import Cause
from coachsync.domain.meanings import CODES, meaning_of
from coachsync.report.code import code_document, code_sections
from coachsync.report.moments import Moments
from coachsync.report.story import plain_lines

NOW = 1_792_000_000_000


@pytest.mark.parametrize("code", CODES)
def test_every_code_says_what_it_means_what_to_do_and_what_happens_meanwhile(code: str) -> None:
    found = meaning_of(code)
    assert found is not None
    lines = list(plain_lines(code_sections(code, *found, (), Moments(NOW))))
    assert [line.split()[0] for line in lines[:4]] == ["code", "means", "remedy", "meanwhile"]
    assert code_document(code, *found, ())["message"] == found[1].wrong


def test_cause_of_the_code_that_stands_is_told_with_whom_it_concerns() -> None:
    found = meaning_of("unknown_member")
    assert found is not None
    cause = Cause("unknown_member", "", "the student is away", "", ("a", "b"), NOW - 60_000, NOW, "late")
    text = "\n".join(plain_lines(code_sections("unknown_member", *found, [cause], Moments(NOW))))
    assert text.endswith("1 min ago: the student is away (2 sessions: a, b)")
