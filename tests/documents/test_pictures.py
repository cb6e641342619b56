"""README's pictures show what the program prints now."""

from __future__ import annotations

import pytest

from tests.documents.pages import GUIDE, README, ROOT
from tests.documents.pictures import ALL, PICTURES, said


def text_of_guide() -> str:
    return "".join(path.read_text("utf-8") for path in GUIDE.glob("*.md"))


@pytest.mark.parametrize("name", ALL)
def test_picture_shows_what_the_program_prints(name: str) -> None:
    shown = said((PICTURES / f"{name}.svg").read_text("utf-8"))
    assert said(ALL[name]()) == shown, "draw it anew: python -m tests.documents.pictures"


@pytest.mark.parametrize("name", ALL)
def test_picture_is_shown_and_loads_nothing_from_elsewhere(name: str) -> None:
    path = PICTURES / f"{name}.svg"
    assert f"]({path.relative_to(ROOT)})" in README or f"](pictures/{name}.svg)" in text_of_guide()
    assert path.read_text("utf-8").count("http") == path.read_text("utf-8").count("http://www.w3.org/2000/svg")
