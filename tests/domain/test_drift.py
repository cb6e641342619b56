"""Which drift may still be mended, and how it is counted and told."""

from __future__ import annotations

import pytest

from coachsync.domain.drift import Drift, counted, is_left, mendable, note_left, words

ROLE, ROOM, TWIN, PRIVACY, CROWDED = map(Drift, ("role", "channel", "spare", "privacy", "crowded"))  # type: ignore[arg-type]
JOHN, SARAH = Drift("grant", "13"), Drift("grant", "14")
BACK = Drift("grant", "13", lost=False)


@pytest.mark.parametrize(
    ("repairs", "drift", "left"),
    [
        ({}, (ROLE, ROOM), (ROLE, ROOM)),
        ({"role": 1}, (ROLE, ROOM), (ROOM,)),
        ({"grant:13": 1}, (JOHN, SARAH), (SARAH,)),
        ({"grant:13": 1}, (BACK,), (BACK,)),
        ({"spare": 3, "privacy": 5, "crowded": 2}, (TWIN, PRIVACY, CROWDED), (TWIN, PRIVACY, CROWDED)),
        ({"role": 1, "channel": 1}, (ROLE, ROOM), ()),
    ],
    ids=["nothing yet", "the role once", "each person for themselves", "who came back", "always", "each once"],
)
def test_what_vanished_is_mended_once_and_what_opens_a_room_always(
    repairs: dict[str, int], drift: tuple[Drift, ...], left: tuple[Drift, ...]
) -> None:
    assert mendable(repairs, drift) == left


def test_only_losses_are_counted() -> None:
    assert counted([ROLE, TWIN, PRIVACY, BACK, SARAH]) == {"role", "grant:14"}


def test_words_name_each_kind_once() -> None:
    assert words([JOHN, SARAH, ROLE]) == "somebody lost their access; its role vanished"


def test_what_is_left_so_is_noted_until_it_is_not() -> None:
    repairs = {"channel": 1}
    assert note_left(repairs, [ROOM, JOHN], ("channel", "grant"))
    assert (is_left(repairs, "channel"), is_left(repairs, "grant", "13"), is_left(repairs, "grant", "14")) == (
        True, True, False,
    )  # fmt: skip
    assert not note_left(repairs, [JOHN, ROOM], ("channel", "grant"))
    assert note_left(repairs, [ROOM], ("channel", "grant"))
    assert repairs == {"channel": 1, "left:channel": 1}


def test_what_a_look_cannot_see_stays_noted() -> None:
    repairs: dict[str, int] = {}
    note_left(repairs, [JOHN], ("grant", "role"))
    assert not note_left(repairs, [], ("role", "channel"))
    assert is_left(repairs, "grant", "13")
