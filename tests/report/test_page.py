"""A page of the guide on terminals of every width."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from coachsync.report.page import drawn_page
from coachsync.report.table import Canvas

GUIDE = Path(__file__).parents[2] / "coachsync" / "guide"
PAGES = {path.stem: path.read_text("utf-8") for path in sorted(GUIDE.glob("*.md"))}
STYLE = re.compile(r"\x1b\[[\d;]*m")
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)


@cache
def drawn(page: str, width: int) -> list[str]:
    """Return a page's lines without colour and style."""
    shown = STYLE.sub("", drawn_page(page, Canvas(width, False, True)))
    return [line.rstrip() for line in shown.splitlines()]


@each_page
@pytest.mark.parametrize("width", [60, 100])
def test_text_is_as_wide_as_the_terminal_at_most(page: str, width: int) -> None:
    fenced = {
        f"  {line}" for block in re.findall(r"^```\w+\n(.*?)^```", page, re.M | re.S) for line in block.splitlines()
    }
    assert [line for line in drawn(page, width) if len(line) > width and line not in fenced] == []


@each_page
def test_no_word_is_broken_on_a_narrow_terminal(page: str) -> None:
    narrow, wide = ({word.strip(":`") for word in " ".join(drawn(page, width)).split()} for width in (60, 1000))
    assert narrow - wide == set()


@each_page
def test_every_command_of_a_page_can_be_copied(page: str) -> None:
    for block in re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S):
        assert "\n".join(f"  {line}".rstrip() for line in block.splitlines()) in "\n".join(drawn(page, 60))


def test_table_that_fits_is_a_table() -> None:
    page = "| code | means |\n| --- | --- |\n| 0 | all was done, or there was nothing to do |\n"
    assert drawn(page, 60) == ["code  means", "0     all was done, or there was nothing to do"]


def test_table_that_does_not_fit_is_a_block_for_each_row_that_leaves_out_what_is_empty() -> None:
    page = (
        "| key | default | environment | per guild |\n| --- | --- | --- | --- |\n"
        "| `discord.api_base` | `https://discord.com` | `COACHSYNC_API_BASE` | |\n"
    )
    assert drawn(page, 60) == [
        "discord.api_base", "  default: https://discord.com", "  environment: COACHSYNC_API_BASE",
    ]  # fmt: skip


def test_marks_for_tests_and_addresses_of_files_are_not_shown() -> None:
    page = "See [the units](../../contrib/systemd) and <https://discord.com>.\n\n<!-- tested: x -->\n```sh\nls\n```\n"
    assert drawn(page, 60) == ["See the units and https://discord.com.", "", "  ls"]


def test_colour_is_taken_away_and_nothing_else() -> None:
    coloured, plain = (drawn_page("# Title\n\n`code`\n", Canvas(60, colour, True)) for colour in (True, False))
    assert ("\x1b[36m" in coloured, "\x1b[36m" in plain) == (True, False)
    assert STYLE.sub("", coloured) == STYLE.sub("", plain)
