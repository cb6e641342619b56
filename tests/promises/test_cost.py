"""What one session costs, ticked every 15 minutes from five days before it to a day after, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest

from coachsync.domain.model import DAY, HOUR, Millis
from coachsync.errors import StoreError
from coachsync.store.ledger.ledger import Ledger
from tests.kit.home import JSON, SQLITE
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.kit.town import T0

START: Millis = T0 + 5 * DAY
OPENS, CLOSES = START - 3 * HOUR, START + 2 * HOUR
MOST_READS = 7


def live(scene: Scene) -> Iterator[tuple[Millis, int, int]]:
    """Tick through the whole life; yield each tick's time and how often it read and wrote.

    Around the two events the program runs in a process of its own; in the idle hours the tick alone does.
    """
    for moment in range(T0, CLOSES + DAY + 1, QUARTER):
        scene.clock.set(moment)
        if min(abs(moment - OPENS), abs(moment - CLOSES)) <= QUARTER:
            result = scene.command("run")
            assert (result.code, result.err) == (0, "")
        else:
            assert scene.tick().exit_code == 0
        writes = sum(request.write for request in scene.standin.requests)
        yield moment, len(scene.standin.requests) - writes, writes


@pytest.mark.parametrize(  # what is asked of Discord has nothing to do with what is asked of a store
    ("store", "access", "setup", "cleanup"),
    [(SQLITE, "role", 4, 2), (JSON, "member", 1, 1)],
    ids=["sqlite-role", "json-member"],
)
def test_life_costs_what_was_promised_and_leaves_the_store_as_promised(
    stage: Stage, store: str, access: str, setup: int, cleanup: int
) -> None:
    scene = stage(store=store, access=access)
    scene.book(start=START)
    costs = list(live(scene))
    assert {moment: writes for moment, _, writes in costs if writes} == {OPENS: setup, CLOSES: cleanup}
    assert max(reads for _, reads, _ in costs) <= MOST_READS
    looks = {T0}  # a new ledger's
    assert {moment for moment, reads, _ in costs if reads} <= looks | set(range(OPENS, CLOSES + 1, QUARTER))
    assert (scene.things(), scene.standin.violations) == ({}, [])
    found = scene.marks()
    assert (found["discordRoleId"] is not None, found["discordChannelId"] is not None) == (access == "role", True)
    assert (found["status"], found["discordSetupComplete"], found["discordCleanedUp"]) == ("COMPLETED", True, True)


def test_setup_begins_at_the_first_tick_inside_the_window_wherever_ticks_fall(scene: Scene) -> None:
    scene.book(start=START + 7 * 60_000)
    scene.clock.set(OPENS)
    assert scene.tick().outcomes == ()
    assert scene.command("run").out == "nothing was due\n"
    scene.clock.advance(QUARTER)
    assert scene.command("run").out.startswith(f"done setup {ID} ")


def test_further_sessions_of_a_tick_cost_no_further_reads(scene: Scene) -> None:
    for number in range(6):
        scene.book(f"sess000{number}", start=START)
    scene.clock.set(OPENS)
    assert scene.command("run", "--json").json["summary"]["setup"]["done"] == 6
    assert len(scene.writes) == 6 * 4
    assert len(scene.standin.requests) - len(scene.writes) <= MOST_READS


def test_run_is_recorded_though_what_is_old_cannot_be_forgotten_now(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    numbers = "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 500)"
    scene.sql(
        "INSERT INTO coachsync_events (at, session_id, what, outcome, detail)"
        f" {numbers} SELECT 1, 's', 'setup', 'done', '' FROM g"
    )
    with mock.patch.object(Ledger, "prune", side_effect=StoreError("locked", "wait")) as asked:
        report = scene.tick(QUARTER)
    assert (report.exit_code, report.recorded, asked.call_count) == (0, True, 1)
