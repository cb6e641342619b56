"""Which drift may still be mended, and how it is counted and told."""

from __future__ import annotations

import pytest

from coachsync.domain.drift import Drift, counted, is_gone, mendable, note_gone, words

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


def test_what_is_gone_is_noted_until_it_is_there() -> None:
    repairs = {"channel": 1}
    assert note_gone(repairs, [ROOM, JOHN], ("channel", "grant"))
    assert (is_gone(repairs, "channel"), is_gone(repairs, "grant", "13"), is_gone(repairs, "grant", "14")) == (
        True, True, False,
    )  # fmt: skip
    assert not note_gone(repairs, [JOHN, ROOM], ("channel", "grant"))
    assert note_gone(repairs, [ROOM], ("channel", "grant"))
    assert repairs == {"channel": 1, "gone:channel": 1}


def test_what_a_look_cannot_see_stays_noted() -> None:
    repairs: dict[str, int] = {}
    note_gone(repairs, [JOHN], ("grant", "role"))
    assert not note_gone(repairs, [], ("role", "channel"))
    assert is_gone(repairs, "grant", "13")
