"""Grids on terminals of every width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from coachsync.report.grid import Column, grid
from coachsync.report.table import Canvas

COLUMNS = (Column("WHEN"), Column("WHO", wraps=True), Column("NOTE"), Column("ID"))
ROWS = [
    ["today 10:03", "Bartholomäus von Hohenstein, Coach Sarah", "", "0192d1f4-7c3b-7e30-b6a1-3a5b5cd6n9g5"],
    ["Fri 27 09:00", "山田 太郎, Coach Mike", "", "xyz54321"],
]
WORDS = {word for row in ROWS for cell in row for word in cell.split()}


def drawn(width: int) -> str:
    return grid(COLUMNS, ROWS, Canvas(width, colour=False, unicode=True))


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120, 200])
def test_grid_fits_its_terminal_and_breaks_no_word(width: int) -> None:
    lines = drawn(width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert {word for line in lines for word in line.split()} >= WORDS


def test_empty_column_is_not_drawn() -> None:
    assert "NOTE" not in drawn(120)


def test_wide_grid_has_a_line_for_each_row_below_its_headings() -> None:
    assert len(drawn(120).splitlines()) == 1 + len(ROWS)


def test_narrow_grid_has_a_block_for_each_row() -> None:
    lines = drawn(50).splitlines()
    assert lines.count("") == len(ROWS) - 1
    assert [line.split()[0] for line in lines if line] == ["WHEN", "WHO", "ID"] * len(ROWS)
