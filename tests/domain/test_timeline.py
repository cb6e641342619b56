"""Sessions as bars: which day they stand under, and how the line of time is cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.domain.timeline import Bar, blocks, ticks

T = 1_800_000_000_000 // DAY * DAY


def bar(start: int, group: str = "g", minutes: int = 60) -> Bar:
    end = start + minutes * MINUTE
    return Bar(f"s{start}", "", group, start - 3 * HOUR, start, end, end + HOUR, "booked")


def day_of(moment: int) -> int:
    return moment // DAY * DAY


def test_block_begins_and_ends_with_its_bars_on_full_hours() -> None:
    (block,) = blocks([bar(T + 9 * HOUR + 5 * MINUTE), bar(T + 15 * HOUR + 1 * MINUTE)], day_of)
    assert (block.first, block.last) == (T + 6 * HOUR, T + 18 * HOUR)


def test_session_stands_under_the_day_on_which_it_starts() -> None:
    late, early = bar(T + 23 * HOUR), bar(T + DAY + HOUR)
    assert [[b.session_id for b in block.bars] for block in blocks([early, late], day_of)] == [
        [late.session_id],
        [early.session_id],
    ]


def test_groups_are_headed_if_there_are_several_on_any_day() -> None:
    assert not any(block.headed for block in blocks([bar(T), bar(T + DAY)], day_of))
    assert all(block.headed for block in blocks([bar(T, "a"), bar(T + DAY, "b")], day_of))


@given(st.lists(st.integers(0, 10 * DAY), max_size=30), st.integers(1, 1440))
def test_every_bar_is_in_one_block_and_inside_its_line(starts: list[int], minutes: int) -> None:
    bars = [bar(T + start, "ab"[start % 2], minutes) for start in starts]
    found = blocks(bars, day_of)
    assert sorted(b for block in found for b in block.bars) == sorted(bars)
    for block in found:
        assert all(block.first <= b.opens and b.closes <= block.last for b in block.bars)


@given(st.integers(1, 400), st.integers(1, 40))
def test_hours_that_are_marked_have_room(hours: int, at_most: int) -> None:
    marked = ticks(T, T + hours * HOUR, at_most)
    assert marked[0] == T
    assert len(marked) - 1 <= at_most
