"""`timeline`: what is drawn on a terminal and in a picture, and that names are never markup."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len

from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.timeline import Bar, BarState, blocks
from coachsync.report.moments import Moments
from coachsync.report.table import Canvas
from coachsync.report.timeline import timeline_text
from tests.kit.scene import ID, Scene, Stage
from tests.kit.town import T0

CHROMIUM = shutil.which("chromium")
ODD = '<script>alert("x")</script> & \x1b[31m\u202ered'


@pytest.fixture
def scene(stage: Stage) -> Scene:
    return stage()


def test_open_room_is_drawn_as_open_and_one_to_come_as_that(scene: Scene) -> None:
    scene.book(studentName="Emma", coachName="Mike")
    scene.book("later", start=scene.now() + 9 * HOUR)
    scene.tick()
    lines = scene.program("timeline").out.splitlines()
    assert [line.split()[:2] for line in lines] == [["open", ID], ["booked", "later"]]
    assert "for Emma and Mike" in lines[0]


def test_session_that_never_got_its_room_needs_somebody(scene: Scene) -> None:
    scene.book(start=scene.now() + HOUR)
    assert scene.program("timeline").out.startswith(f"wrong {ID} ")


def test_days_bound_what_is_shown(scene: Scene) -> None:
    scene.book("far", start=scene.now() + 60 * HOUR)
    assert scene.program("timeline", "--days", "1").out == "no session in these days\n"
    assert scene.program("timeline", "--days", "7").out.startswith("booked far ")


def test_session_that_runs_over_midnight_is_shown_on_both_days(scene: Scene) -> None:
    scene.book("night", start=scene.now() // 86_400_000 * 86_400_000 + 24 * HOUR - 30 * MINUTE)
    assert "night" in scene.program("timeline", "--days", "1").out
    scene.clock.advance(24 * HOUR)
    assert "night" in scene.program("timeline", "--days", "1").out


@pytest.mark.parametrize("kind", ["--svg", "--html"])
def test_names_in_a_picture_are_text_and_no_markup(scene: Scene, kind: str, tmp_path: Path) -> None:
    scene.book(ID, studentName=ODD, coachName="田中 さくら")
    path = tmp_path / "picture"
    assert scene.program("timeline", kind, str(path)).code == 0
    text = path.read_text("utf-8")
    assert "<script" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;" in text
    assert "田中 さくら" in text


def test_svg_is_well_formed_and_asks_for_nothing_elsewhere(scene: Scene) -> None:
    scene.book(ID, studentName=ODD)
    root = ElementTree.fromstring(scene.program("timeline", "--svg", "-").out)
    assert root.tag.endswith("svg")
    for element in root.iter():
        assert not element.tag.endswith(("script", "image", "foreignObject"))
        assert all(not name.endswith("href") for name in element.attrib)


def test_long_day_goes_on_on_a_second_sheet(scene: Scene) -> None:
    scene.book_each(scene.booking(f"s{n}", start=scene.now() + n * MINUTE) for n in range(60))

    class Sections(HTMLParser):
        count = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.count += tag == "section"

    page = Sections()
    page.feed(scene.program("timeline", "--days", "1", "--html", "-").out)
    assert page.count == 2


@pytest.mark.tools
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: no browser prints the page")
def test_browser_prints_a_sheet_of_paper_for_each_sheet_and_runs_no_name(scene: Scene, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    name = '<img src=x onerror="document.title=1">'
    scene.book_each(scene.booking(f"s{n}", start=scene.now() + n * MINUTE, studentName=name) for n in range(60))
    page, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    scene.program("timeline", "--days", "1", "--html", str(page))
    switches = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip
    subprocess.run(
        [CHROMIUM, *switches, f"--print-to-pdf={paper}", page.as_uri()], check=True, capture_output=True, timeout=60
    )
    printed = paper.read_bytes()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2


def test_picture_is_closed_to_others_and_keeps_the_mode_of_what_it_replaces(scene: Scene, tmp_path: Path) -> None:
    path = tmp_path / "p.svg"
    scene.program("timeline", "--svg", str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    scene.program("timeline", "--svg", str(path))
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--days", "0"), 2, "--days 0"),
        (("--days", "61"), 2, "--days 61"),
        (("--by", "student"), 2, "--by student"),
        (("--from", "yesterday-ish"), 2, "--from"),
        (("--svg", "a", "--html", "b"), 2, "--svg and --html"),
        (("--svg", "/nowhere/at/all.svg"), 3, "/nowhere/at/all.svg"),
        (("--svg", "/"), 3, "it is a folder"),
        (("--tz", "UTC+2"), 2, "UTC+2"),
    ],
)
def test_senseless_timeline_is_refused_with_what_to_do(
    scene: Scene, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found = scene.program("timeline", *arguments)
    assert found.code == code
    assert said in found.err
    assert "hint:" in found.err


def bars() -> Iterator[Bar]:
    states: tuple[BarState, ...] = ("booked", "open", "wrong", "over", "cancelled")
    names = [
        "Emma and Coach Mike",
        "Bartholomäus von Hohenstein and Coach Sarah",
        "田中 さくら and Zoë 🎉",
        "x" * 90,
        "",
    ]
    for n, (state, name) in enumerate(zip(states, names, strict=True)):
        start = T0 + n * 5 * HOUR
        yield Bar(f"s{n}", name, f"Coach {n}", start - 3 * HOUR, start, start + HOUR, start + 2 * HOUR, state)


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(width: int, unicode: bool) -> None:
    shown = Moments(T0)
    text = timeline_text(blocks(bars(), shown.midnight), shown, Canvas(width, False, unicode))
    assert max(map(cell_len, text.splitlines())) <= width
    if not unicode:
        drawn = text.replace("ä", "").replace("ë", "")
        assert not any(letter in drawn for letter in "░█▒│✓✗…")


@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_mark_stands_on_one_line_with_what_it_means(width: int) -> None:
    legend = timeline_text(blocks([], lambda at: at), Moments(T0, None), Canvas(width, False, True))
    assert [part for part in ("✗ needs you", "▒ until it closes", "│ now") if part not in legend] == []
