"""Two runs that do not know of each other: what one wrote since the other read is not worked on by the other.

Here the other run's write is put between this run's look at the guild and its first attempt.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from coachsync.domain.model import MINUTE
from coachsync.engine.steps import observe
from coachsync.engine.steps.job import Job
from coachsync.errors import StoreError
from coachsync.guild import picture
from tests.kit.scene import ID, Scene


def written_meanwhile(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the entry written by another run right after this one has looked at the guild."""
    look = picture.Guild.look

    async def looked(self: picture.Guild, *args: object) -> None:
        await look(self, *args)  # type: ignore[arg-type]
        with scene.store() as store, store.transaction() as transaction:
            known = store.ledger.entries([ID]).get(ID)
            transaction.ledger.save(replace(known) if known is not None else entry_of(scene))

    monkeypatch.setattr(picture.Guild, "look", looked)


def entry_of(scene: Scene):  # type: ignore[no-untyped-def]
    from tests.store.backends import an_entry

    return an_entry(ID, guild_id=scene.guild, state="opening", resources=[], grants=[])


def test_nothing_is_made_for_a_session_that_another_run_began_meanwhile(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.book()
    written_meanwhile(scene, monkeypatch)
    scene.tick()
    assert (scene.done, scene.codes, scene.writes) == ([("setup", "deferred")], ["interrupted"], [])


def test_next_run_goes_on_with_what_another_run_began(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.book()
    with monkeypatch.context() as patched:
        written_meanwhile(scene, patched)
        scene.tick()
    scene.tick(MINUTE)
    assert (scene.done, len(scene.rooms())) == ([("setup", "done")], 1)


def test_room_that_is_only_looked_at_is_left_to_the_run_that_works_on_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.book()
    scene.tick()
    scene.world.delete_channel(scene.room())
    written_meanwhile(scene, monkeypatch)
    scene.tick(MINUTE)
    assert (scene.writes, scene.report.unusable) == ([], None)


def test_look_that_cannot_be_recorded_is_that_session_s_failure_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.book()
    scene.book("another1")
    scene.tick()
    look_at = observe.look_at

    async def looked(job: Job) -> object:
        if job.session.id == ID:
            raise StoreError("the connection was lost", "see the server's log")
        return await look_at(job)

    monkeypatch.setattr(observe, "look_at", looked)
    scene.world.delete_channel(scene.world.find_channels(scene.guild, "🎤 coaching-another1")[0])
    scene.tick(MINUTE)
    assert scene.done == [("repair", "failed"), ("repair", "done")]
    assert (scene.codes, scene.report.unusable) == (["store_error"], None)
