"""What a run did, on a terminal: as `status` lists sessions."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from coachsync.report.moments import Moments
from coachsync.report.run_screen import run_screen
from coachsync.report.table import Canvas
from tests.report.builders import NOW, a_failure, a_report, a_session, an_outcome

WHEN = Moments(NOW, ZoneInfo("Europe/Berlin"))


def drawn(*outcomes: object, width: int = 100, unicode: bool = True) -> str:
    """Return the screen of a run."""
    encoding = "utf-8" if unicode else "ascii"
    return run_screen(a_report(*outcomes), WHEN, Canvas(width, False, unicode, encoding))  # type: ignore[arg-type]


def test_run_answers_first_and_then_lists_what_it_did() -> None:
    assert drawn(an_outcome(), an_outcome(a_session("def67890"), error=a_failure())) == (
        "1 setup done, 1 setup failed · 8 requests\n"
        "\n"
        "  WHEN                       WHO                    ACTION        WHY                  ID\n"
        "✓ today 19:00, in 2 h 0 min  John Doe, Coach Sarah  setup done    starts in 2 h 0 min  abc12345\n"
        "✗ today 19:00, in 2 h 0 min  John Doe, Coach Sarah  setup failed                       def67890\n"
        "    the student is not in the guild\n"
        "    → send the student the invite"
    )


def test_narrow_terminal_shows_a_block_for_each_session() -> None:
    assert drawn(an_outcome(error=a_failure()), width=60) == (
        "1 setup failed · 4 requests\n"
        "\n"
        "✗ today 19:00, in 2 h 0 min · setup failed\n"
        "    John Doe, Coach Sarah · abc12345\n"
        "    the student is not in the guild\n"
        "    → send the student the invite"
    )


def test_long_reason_stands_on_a_line_of_its_own() -> None:
    outcome = an_outcome()._replace(access="member")
    assert drawn(outcome).split("\n")[-1] == "    starts in 2 h 0 min (the room admits its people by itself)"


def test_run_with_nothing_to_do_is_one_line() -> None:
    assert drawn() == "nothing was due"


def test_run_keeps_to_ascii_if_the_terminal_does() -> None:
    outcomes = (an_outcome(a_session(student_name="Zoë")), an_outcome(error=a_failure()))
    assert drawn(*outcomes, unicode=False).isascii()


@pytest.mark.parametrize("width", [50, 60, 80, 100, 200])
def test_run_shows_markup_and_escapes_as_text(width: int) -> None:
    text = drawn(an_outcome(a_session(student_name="[red]J[/red]\x1b[5m:smile:")), width=width)
    assert "[red]J[/red]\\x1b[5m:smile:" in text
    assert "\x1b" not in text
