"""The report as plain lines."""

from __future__ import annotations

import pytest

from coachsync.domain.model import Elsewhere, Person
from coachsync.report.lines import action_line, elsewhere_lines, failures, kinds, people, summary_line, together
from coachsync.report.moments import Moments
from tests.report.builders import a_failure, a_report, a_session, an_outcome


def test_action_line_says_what_for_whom_and_why() -> None:
    expected = "done setup abc12345 start 2026-10-14T17:00:00Z for John Doe and Coach Sarah: starts in 2 h 0 min"
    assert action_line(an_outcome()) == expected


def test_action_line_says_what_failed() -> None:
    line = action_line(an_outcome(error=a_failure()))
    assert line.startswith("failed setup abc12345 ")
    assert line.endswith(": the student is not in the guild (unknown_member)")


def test_action_line_shows_names_harmlessly() -> None:
    line = action_line(an_outcome(a_session("a\x1b[2J", student_name="\x1b[31m[red]\n")))
    assert line.isprintable()
    assert "[red]" in line


def test_action_line_names_no_start_when_there_is_none() -> None:
    assert " start " not in action_line(an_outcome(a_session(start=0)))


def test_summary_counts_by_kind_and_outcome() -> None:
    report = a_report(an_outcome(), an_outcome(), an_outcome(error=a_failure()))
    assert summary_line(report) == "2 setups done, 1 setup failed; 12 requests"


def test_summary_says_when_nothing_was_due() -> None:
    assert summary_line(a_report()) == "nothing was due"


def test_summary_claims_nothing_of_what_another_host_does() -> None:
    report = a_report()._replace(elsewhere=(Elsewhere("11", "beta", 0, ("12",)),))
    assert summary_line(report) == "nothing was due here"


def test_host_that_was_faster_has_begun_though_by_the_database_s_clock_that_is_ahead() -> None:
    report = a_report()
    left = report._replace(elsewhere=(Elsewhere("11", "beta", report.now + 1500, ("12",)),))
    (line,) = elsewhere_lines(left, Moments(report.now))
    assert line.endswith("(now)")


def test_failures_are_what_failed_alone() -> None:
    (fault,) = failures([an_outcome(), an_outcome(error=a_failure())])
    assert fault.message == "setup of abc12345 failed: the student is not in the guild (unknown_member)"
    assert fault.hint == "send the student the invite"


@pytest.mark.parametrize(
    ("students", "others", "told", "short"),
    [
        (["Ada"], ["Mike"], "Ada with Mike", "Ada and Mike"),
        (["Ada", "Ben"], ["Mike"], "Ada and Ben with Mike", "Ada, Ben and Mike"),
        (["Ada", "Ben", "Carl"], [], "Ada, Ben and Carl", "Ada, Ben and Carl"),
        (["Ada", "Ben", "Carl"], ["Mike"], "Ada, Ben, Carl and 1 more", "Ada, Ben, Carl and 1 more"),
        ([f"S{n}" for n in range(7)], ["Mike"], "S0, S1, S2 and 5 more", "S0, S1, S2 and 5 more"),
    ],
)
def test_three_are_named_and_of_the_others_it_is_said_how_many(
    students: list[str], others: list[str], told: str, short: str
) -> None:
    found = (*(Person("1", "student", n) for n in students), *(Person("2", "coach", n) for n in others))
    assert (together(found), people(a_session()._replace(people=found))) == (told, short)


def test_kinds_are_counted_where_there_are_several() -> None:
    assert kinds(["student", "student", "coach", "observer"]) == "2 students, coach and observer"
    assert kinds(["coach", "coach"]) == "2 coaches"
