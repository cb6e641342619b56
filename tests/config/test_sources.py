"""`[sources.NAME]`: what each may say, and what is said of what makes no sense."""

from __future__ import annotations

import pytest

from coachsync.config.settings import SourceSettings
from tests.config.test_check import LEAST, problems, settings


def source(lines: str) -> SourceSettings:
    (found,) = settings(f"[sources.page]\n{lines}\n").sources
    return found


def problem(lines: str, name: str = "page") -> str:
    (found,) = problems(f"{LEAST}[sources.{name}]\n{lines}\n")
    return found


def test_source_has_the_documented_defaults() -> None:
    found = source('type = "ics"\nurl = "webcal://calendar.example/a.ics"')
    assert found.url == "https://calendar.example/a.ics"
    assert (found.complete, found.every, found.timeout, found.map, found.table) == (False, 0, 10_000, {}, "sessions")


def test_no_source_is_there_without_a_section() -> None:
    assert settings().sources == ()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('url = "https://a.example/"', "sources.page.type: not set"),
        ('type = "ical"\npath = "a.ics"', "sources.page.type: found"),
        ('type = "ics"', "expected one of url, path or command"),
        ('type = "ics"\nurl = "https://a.example/"\npath = "a.ics"', "url and path are set"),
        ('type = "ics"\nurl = "http://a.example/"', "expected an https address"),
        ('type = "ics"\nurl = "https://me:secret@a.example/"', "a secret goes into token_file"),
        ('type = "json"\nurl = "mysql://db/app"', 'a database is a source of type "sql"'),
        ('type = "sql"\nurl = "mysql://db/app"', "query: not set"),
        ('type = "sql"\nurl = "https://a.example/"\nquery = "SELECT 1"', "expected the database alone"),
        ('type = "calcom"', "token_file: not set"),
        ('type = "calcom"\npath = "a.csv"\ntoken_file = "t"', "expected the address of Cal.com's API"),
        ('type = "csv"\npath = "a.csv"\nquery = "SELECT 1"', 'only a source of type "sql" has one'),
        ('type = "csv"\npath = "a.csv"\ntoken_file = "t"', "a path is sent no token"),
        ('type = "csv"\ncommand = ["bookings"]', "by its whole path"),
        ('type = "csv"\npath = "a.csv"\ntimezone = "Berlin"', "a time zone's name"),
        ('type = "csv"\npath = "a.csv"\ncomplet = true', "did you mean sources.page.complete?"),
        ('type = "csv"\npath = "a.csv"\nmap = {student = 5}', "a table of texts"),
        ('type = "csv"\npath = "a.csv"\ntimeout = "1h"', 'from "1s" to "10m"'),
        ('type = "csv"\npath = "a.csv"\ncomplete = true\n[statuses]\ncancelled = []', "names no status"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_key(lines: str, words: str) -> None:
    assert words in problem(lines)


@pytest.mark.parametrize("name", ['"a b"', '"a:b"', '""', "a" * 41])
def test_name_that_ids_cannot_begin_with_is_refused(name: str) -> None:
    assert "expected a name of letters" in problem('type = "csv"\npath = "a.csv"', name)


def test_address_is_never_shown() -> None:
    assert "abcdef" not in problem('type = "ics"\nurl = "http://a.example/private-abcdef"')


@pytest.mark.parametrize("text", ["sources = 5", "sources = [1]", "[sources]\npage = 5"])
def test_what_is_no_section_is_told(text: str) -> None:
    lines = f"{text}\n{LEAST}" if text.startswith("sources") else f"{LEAST}{text}"
    assert any("expected a section" in problem for problem in problems(lines))
