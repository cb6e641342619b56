"""What `status --watch` takes, and how a screen is cut to the terminal."""

from __future__ import annotations

import pytest

from coachsync.cli.commands.status import with_seconds
from coachsync.cli.watching import watch
from coachsync.errors import StoreError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["--watch"], ["--watch=5"]),
        (["--watch", "2"], ["--watch", "2"]),
        (["--watch", "0.5", "abc"], ["--watch", "0.5", "abc"]),
        (["--watch", "abc"], ["--watch=5", "abc"]),
        (["--watch", "--failing"], ["--watch=5", "--failing"]),
        (["--watch", "1559943865958400004"], ["--watch=5", "1559943865958400004"]),
        (["--watch=7"], ["--watch=7"]),
        (["abc", "--watch"], ["abc", "--watch=5"]),
        (["--", "--watch"], ["--", "--watch"]),
    ],
)
def test_watch_takes_seconds_only_if_a_number_follows(given: list[str], read: list[str]) -> None:
    assert with_seconds(given) == read


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """End at the first wait for a key, on a terminal of 5 lines."""

    def pressed(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LINES", "5")
    monkeypatch.setattr("coachsync.cli.watching._pressed", pressed)


@pytest.mark.usefixtures("once")
def test_screen_that_is_too_long_shows_what_is_most_urgent(capsys: pytest.CaptureFixture[str]) -> None:
    assert watch(lambda: "\n".join(f"line {n}" for n in range(9)), 5) == 0
    shown = capsys.readouterr().out
    assert [f"line {n}" in shown for n in range(9)] == [True] * 4 + [False] * 5
    assert "… 5 more" in shown


@pytest.mark.usefixtures("once")
def test_what_cannot_be_drawn_at_first_ends_it_before_the_screen_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> str:
        raise StoreError("no store", "make one")

    with pytest.raises(StoreError):
        watch(broken, 5)
    assert capsys.readouterr().out == ""
