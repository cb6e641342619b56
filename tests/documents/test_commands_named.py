"""What a page names as a command is one, and what it shows as an example is tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from tests.documents.command_line import filled, read
from tests.documents.pages import EVERYTHING, PAGES, ROOT, Block, code, every_block

# `coachsync repair: …` is a reason in Discord's audit log
PROSE = re.sub(r"^```.*?^```$", "", EVERYTHING, flags=re.M | re.S)
CALLS = sorted({call for call in code(PROSE) if re.match(r"coachsync [^ ]*[^ :]($| )", call)})
TESTS = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))


@pytest.mark.parametrize("call", CALLS)
def test_command_that_a_page_names_is_one(call: str) -> None:
    try:
        read(filled(call))
    except typer.Exit as shown:  # --help, --version
        assert shown.exit_code == 0


def test_commands_are_found_in_every_kind_of_page() -> None:
    assert {"coachsync status", "coachsync sessions cancel ID", "coachsync explain CODE"} <= set(CALLS)


@pytest.mark.parametrize(
    "block", [b for b in every_block() if b.language != "text"], ids=lambda block: block.text.strip()[:40]
)
def test_example_is_tried_by_a_test_or_says_why_not(block: Block) -> None:
    kind, _, name = block.mark.partition(": ")
    if kind == "not run":
        return
    if kind in ("source", "source file"):  # all that bear such a mark are played by one test
        assert f'"{kind}: ' in TESTS
        return
    assert (f'"{block.mark}"' in TESTS) or (kind == "typed" and re.search(rf'typed?\("{name}"', TESTS)), block


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.name))
def test_text_is_at_most_120_columns_wide(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.M | re.S)
    assert [line for line in prose.splitlines() if len(line) > 120 and not line.startswith(("|", "!["))] == []
