"""A pause as a cause, for whoever asks what is wrong: one for each, as urgent as the sessions that wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coachsync.domain.causes import Cause
from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.pauses import Pause
from coachsync.standing.health import attention
from coachsync.standing.paused import late_by
from tests.kit.scene import ID, QUARTER, Scene

OTHER = "def67890"


def pause(scene: Scene, session_id: str = "", *, removals: bool = False) -> None:
    """Pause everything, or a session, for a day."""
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.pause(Pause(session_id, "", scene.now(), scene.now() + 24 * HOUR, "moving", removals))


def resume(scene: Scene) -> None:
    """End every pause."""
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.end_pauses(store.ledger.pauses(0))


def causes(scene: Scene) -> list[Cause]:
    """Return the causes that are pauses, as of now."""
    with scene.store(writable=False) as store:
        return [c for c in attention(store, scene.settings, scene.now()) if c.code == "paused"]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A scene."""
    found = Scene(tmp_path)
    with found.standin:
        yield found


def test_pause_is_a_cause_also_if_nobody_waits_for_it(scene: Scene) -> None:
    pause(scene)
    [cause] = causes(scene)
    assert (cause.message, cause.urgency, cause.sessions) == ("everything is paused: moving", "note", ())
    assert "`coachsync resume`" in cause.hint


def test_pause_is_as_urgent_as_the_most_urgent_session_that_waits(scene: Scene) -> None:
    pause(scene)
    scene.book()
    scene.book(OTHER, start=scene.now() + 9 * HOUR)
    assert [(c.urgency, c.sessions) for c in causes(scene)] == [("soon", (ID,))]
    scene.clock.advance(30 * MINUTE + 1)
    assert [(c.urgency, c.sessions) for c in causes(scene)] == [("late", (ID,))]


def test_session_under_two_pauses_counts_once(scene: Scene) -> None:
    scene.book(start=scene.now() + 2 * HOUR + MINUTE)
    pause(scene, ID)
    scene.clock.advance(MINUTE)
    pause(scene)
    found = {c.message: (c.urgency, c.sessions) for c in causes(scene)}
    assert found == {"everything is paused: moving": ("soon", (ID,)), "it is paused: moving": ("note", (ID,))}


def test_pause_that_is_over_is_no_cause(scene: Scene) -> None:
    pause(scene)
    scene.clock.advance(24 * HOUR)
    assert causes(scene) == []


def test_ledger_keeps_one_cause_for_a_pause_however_many_sessions_wait(scene: Scene) -> None:
    scene.tick()
    pause(scene)
    scene.book()
    kept = []
    acts: list[Callable[[], object]] = [int, lambda: scene.book(OTHER), int, lambda: scene.change(status="CANCELLED")]
    for act in acts:
        act()
        scene.tick(MINUTE)
        with scene.store(writable=False) as store:
            [cause] = store.ledger.causes()
        kept.append((cause.since, len(cause.sessions)))
    assert [many for _, many in kept] == [1, 2, 2, 1]
    assert len({since for since, _ in kept}) == 1
    resume(scene)
    scene.tick(QUARTER)
    with scene.store(writable=False) as store:
        assert store.ledger.causes() == ()


def test_room_that_vanished_while_paused_makes_the_pause_late(scene: Scene) -> None:
    scene.book()
    scene.tick()
    pause(scene)
    scene.world.delete_channel(scene.room())
    scene.tick(HOUR)
    assert [(c.urgency, c.sessions) for c in causes(scene)] == [("late", (ID,))]


def test_who_will_be_late_is_foretold(scene: Scene) -> None:
    start = scene.now() + 9 * HOUR
    scene.book(start=start)
    scene.book(OTHER, start=scene.now() + 30 * HOUR, status="CANCELLED")
    scene.book("far00001", start=scene.now() + 27 * HOUR)
    pause(scene)
    with scene.store(writable=False) as store:
        found = late_by(store, scene.settings, scene.now())
    assert [(late.session.id, late.at) for late in found] == [(ID, start - 2 * HOUR)]


def test_room_that_stays_open_by_a_pause_with_removals_is_foretold_to_be_late(scene: Scene) -> None:
    scene.book()
    scene.tick()
    pause(scene, removals=True)
    with scene.store(writable=False) as store:
        [late] = late_by(store, scene.settings, scene.now())
    end = scene.entry().end
    assert (late.kind, late.at) == ("cleanup", end + HOUR + scene.settings.schedule.max_silence)
