"""`status` on a terminal: drawn as the snapshots show it, and nothing is ever broken or left out.

`COACHSYNC_RENEW=1 python -m pytest tests/report/test_status_screen.py` draws the snapshots anew. Look at each change.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from coachsync.domain.model import HOUR, Session
from coachsync.domain.naming import short_of
from coachsync.report.listing import NARROW, WIDE
from coachsync.report.status import StatusView
from coachsync.report.status_screen import status_screen
from coachsync.report.table import Canvas
from tests.domain.build import a_session, an_entry
from tests.report.screens import NOW, SITUATIONS, cause, view, waiting

SNAPSHOTS = Path(__file__).parent / "snapshots"
WIDTHS = (50, 60, 80, 100, 120, 200)
RENEW = bool(os.environ.get("COACHSYNC_RENEW"))


def drawn(shown: StatusView, width: int, *, colour: bool = False, encoding: str = "utf-8") -> str:
    """Return the screen on a terminal."""
    return status_screen(shown, Canvas(width, colour, encoding == "utf-8", encoding))


def held(name: str, text: str) -> None:
    """Hold a screen against its snapshot; in its place if it is to be renewed."""
    path = SNAPSHOTS / f"{name}.txt"
    if RENEW:
        path.write_text(text + "\n", "utf-8")
    assert text + "\n" == path.read_text("utf-8")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_screen_is_as_its_snapshot_shows_it(situation: str, width: int) -> None:
    held(f"{situation}-{width}", drawn(SITUATIONS[situation](), width))


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("situation", ["morning", "wide_letters", "outage"])
def test_screen_in_ascii_is_as_its_snapshot_shows_it(situation: str, width: int) -> None:
    text = drawn(SITUATIONS[situation](), width, encoding="ascii")
    assert text.isascii()
    held(f"{situation}-{width}-ascii", text)


@pytest.mark.parametrize("width", [60, 100])
def test_screen_in_colour_is_as_its_snapshot_shows_it(width: int) -> None:
    held(f"morning-{width}-colour", drawn(SITUATIONS["morning"](), width, colour=True).replace("\x1b", "ESC"))


@pytest.mark.parametrize("width", [60, 100])
def test_colour_changes_no_letter(width: int) -> None:
    from rich.text import Text

    coloured = drawn(SITUATIONS["morning"](), width, colour=True)
    plain = "\n".join(line.rstrip() for line in Text.from_ansi(coloured).plain.split("\n"))
    assert plain == drawn(SITUATIONS["morning"](), width)


def test_no_snapshot_is_left_of_what_is_not_drawn_any_more() -> None:
    kinds = [f"{situation}-{width}" for situation in SITUATIONS for width in WIDTHS]
    ascii_ones = [f"{s}-{w}-ascii" for s in ("morning", "wide_letters", "outage") for w in (60, 100)]
    known = {*kinds, *ascii_ones, "morning-60-colour", "morning-100-colour"}
    assert {path.stem for path in SNAPSHOTS.iterdir()} == known


# what holds for every screen

NAMES = st.lists(st.text(st.sampled_from("aZéß李🎤ก็-'"), min_size=1, max_size=12), min_size=1, max_size=4).map(" ".join)
IDS = st.one_of(
    st.text(st.sampled_from("ab7-"), min_size=1, max_size=8),
    st.uuids().map(str),
    st.text("0123456789abcdef", min_size=64, max_size=64),
)


@st.composite
def views(draw: st.DrawFn) -> StatusView:
    """Draw what a morning may look like: sessions in every state, and causes for some of them."""
    found: dict[str, Session] = {}
    for number, session_id in enumerate(draw(st.lists(IDS, min_size=1, max_size=5, unique=True))):
        found[session_id] = a_session(
            session_id,
            start=NOW + draw(st.integers(-400, 9000)) * HOUR + number,
            student_name=draw(NAMES),
            coach_name=draw(NAMES),
        )
    sessions = list(found.values())
    entries = [draw(st.sampled_from([None, an_entry(s), waiting(s), an_entry(s, resources=[])])) for s in sessions]
    concerned = draw(st.lists(st.sampled_from(sessions), max_size=5, unique_by=lambda s: s.id))
    message = "the student is no Discord user (1575419315937607999)"
    causes = [cause("unknown_user", message, f"`coachsync explain {s.id}`", s) for s in concerned[:2]]
    causes += [cause("unauthorized", "Discord refused the token", "mend it", *concerned)] if len(concerned) > 2 else []
    return view(list(zip(sessions, entries, strict=True)), causes)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(views(), st.sampled_from([40, *WIDTHS]))
def test_no_line_is_wider_than_the_terminal(shown: StatusView, width: int) -> None:
    assert [line for line in drawn(shown, width).split("\n") if cell_len(line) > width] == []


@settings(max_examples=25, deadline=None, derandomize=True)
@given(views(), st.sampled_from(WIDTHS))
def test_every_session_is_named_by_its_id_or_short_name_in_one_piece(shown: StatusView, width: int) -> None:
    words = drawn(shown, width).replace("`", " ").split()
    missing = [r.session.id for r in shown.rows if not {r.session.id, short_of(r.session.id)} & set(words)]
    assert missing == []


@settings(max_examples=25, deadline=None, derandomize=True)
@given(views(), st.sampled_from(WIDTHS))
def test_every_session_has_its_time_in_one_piece(shown: StatusView, width: int) -> None:
    text = drawn(shown, width)
    assert [r.session.id for r in shown.rows if shown.when.when(r.session.start) not in text] == []


@settings(max_examples=25, deadline=None, derandomize=True)
@given(views(), st.sampled_from(WIDTHS))
def test_every_word_of_a_name_that_is_shown_is_shown_whole(shown: StatusView, width: int) -> None:
    told = drawn(shown, width).replace(",", " ").split()
    words = {word for row in shown.rows for person in row.session.people for word in person.name.split(" ")}
    parts = [t for t in told if t.endswith("…") and t != "…"]
    assert [p for p in parts if any(w.startswith(p[:-1]) and cell_len(w) <= 12 for w in words)] == []


@settings(max_examples=15, deadline=None, derandomize=True)
@given(views(), st.sampled_from([w for w in WIDTHS if w >= WIDE]))
def test_wide_terminal_gives_each_session_one_line(shown: StatusView, width: int) -> None:
    lines = drawn(shown, width).split("\n")
    heading = next(n for n, line in enumerate(lines) if line.lstrip().startswith("WHEN"))
    sessions = [line for line in lines[heading + 1 :] if not line.startswith("    ")]
    assert len(sessions) == len(shown.rows)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_narrow_terminal_has_no_table(situation: str) -> None:
    assert "WHEN  " not in drawn(SITUATIONS[situation](), NARROW - 1)


@pytest.mark.parametrize("width", [50, 80, 100])
def test_sessions_of_one_short_name_are_not_called_by_it(width: int) -> None:
    one, other = (a_session(f"{'x' * 90}{n}/abc12345", start=NOW) for n in (1, 2))
    words = drawn(view([(one, None), (other, None)]), width).split()
    assert {one.id, other.id} <= set(words)
    assert "abc12345" not in words


def columns_of(shown: StatusView) -> Sequence[str]:
    """Return the headings of a wide screen."""
    return next(line for line in drawn(shown, 200).split("\n") if "WHEN" in line).split()


def test_column_that_says_nothing_is_not_drawn() -> None:
    assert "ROOM" not in columns_of(SITUATIONS["odds"]())
    assert columns_of(SITUATIONS["morning"]()) == ["WHEN", "WHO", "ROOM", "NEXT", "ID"]


def test_sessions_of_a_cause_come_first_then_by_start() -> None:
    assert [row.session.id for row in SITUATIONS["morning"]().ordered] == ["d6n9g503", "abc12345", "xyz54321"]


@pytest.mark.parametrize("mark", ["\x1b[31m", "\n", "\u202e", "[red]", ":smile:"])
def test_names_and_messages_are_shown_as_text(mark: str) -> None:
    odd = a_session(f"id{mark}x", start=NOW, student_name=f"a{mark}b", coach_name="c")
    shown = view([(odd, None)], [cause("unknown_user", f"m{mark}", f"h{mark}", odd)])
    text = drawn(shown, 100)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "[red]" not in mark or "a[red]b" in text


def test_address_in_a_remedy_is_never_broken() -> None:
    address = "https://discord.com/oauth2/authorize?client_id=1100000000000000000&permissions=305253904&scope=bot"
    session = a_session(start=NOW)
    shown = view(
        [(session, None)], [cause("unknown_guild", "the bot is not in the guild", f"invite it: {address}", session)]
    )
    assert address in drawn(shown, 60)
