"""What is promised of two people holds for one, three and twenty: by role and by name, whatever goes wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

from coachsync.domain.model import HOUR
from coachsync.domain.permissions import ENTER, MEMBER, SPEAK
from coachsync.standin import Limits, Request
from coachsync.standin.answers import Reply
from tests.kit.jumping import jumping
from tests.kit.party import Party
from tests.kit.scene import QUARTER, ROLES, Scene, Stage

GRANTS = ("/guilds/{guild_id}/members/{user_id}/roles/{role_id}", "/channels/{channel_id}/permissions/{overwrite_id}")
DIES = """
import os
import coachsync.discord.api as m
left = [{left}]
def dying(send):
    async def sent(self, *a, **k):
        await send(self, *a, **k)
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
    return sent
m.Discord.{method} = dying(m.Discord.{method})
"""
ALL = [(size, access) for size in (1, 2, 3, 20, 40) for access in ("role", "member")]
USUAL = [(1, "role"), (3, "member"), (20, "role")]


def played() -> list[tuple[int, str]]:
    """Return which numbers of people are played, by which access: COACHSYNC_PEOPLE=all asks for each by each."""
    today = ALL[int(time.time()) // 86_400 % len(ALL)]
    return ALL if os.environ.get("COACHSYNC_PEOPLE") == "all" else list(dict.fromkeys([*USUAL, today]))


@pytest.fixture(params=played(), ids=lambda p: f"{p[0]}-{p[1]}")
def party(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Party]:
    """Return people of each number, whose booking is in its window; nobody else could ever enter, no observer speak."""
    size, access = request.param
    found = Party(stage(access=access), size)
    yield found
    assert found.leaks == []


def is_grant(request: Request) -> bool:
    return request.method == "PUT" and request.template in GRANTS


def settled(scene: Scene, ticks: int = 2) -> None:
    """Let runs come until one has nothing left to do."""
    for _ in range(ticks):
        scene.tick(QUARTER)
    assert (scene.report.exit_code, scene.report.outcomes) == (0, ())


def test_life_lets_everybody_in_and_leaves_nothing(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    assert (scene.done, party.is_whole()) == ([("setup", "done")], True)
    settled(scene, 1)
    scene.tick(4 * HOUR + QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})
    assert scene.marks()["status"] == "COMPLETED"


def test_dry_run_tells_of_the_setup_and_sends_nothing(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick(dry_run=True)
    assert (scene.done, scene.writes, scene.things()) == ([("setup", "planned")], [], {})


@pytest.mark.parametrize("kind", ["reset_after", "status_after"])
def test_answer_to_the_last_grant_that_is_lost_costs_nobody_their_place(party: Party, kind: str) -> None:
    scene = party.scene
    party.book()
    scene.standin.faults.add(kind, is_grant, nth=party.size, count=1)
    scene.tick()
    settled(scene)
    assert party.is_whole()


def test_run_killed_before_everybody_is_in_is_gone_on_with(party: Party) -> None:
    scene = party.scene
    party.book()
    method, left = ("grant", (party.size + 1) // 2) if scene.access == "role" else ("create_channel", 1)
    assert scene.program("run", inject=DIES.format(method=method, left=left)).code == 9
    settled(scene)
    assert (party.is_whole(), len(scene.things())) == (True, 2 if scene.access == "role" else 1)


def test_leaver_loses_access_before_the_joiner_gains_it(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    leaver = party.last
    new = party.replace(leaver)
    both: list[str] = []

    def look(request: Request, _: Reply) -> None:
        with scene.world.lock:
            rooms = scene.world.channel_names(scene.guild)
            both.extend(request.path for room in rooms if {leaver, new} <= scene.world.who_can_enter(room))

    scene.standin.after_request(look)
    party.change()
    scene.tick(QUARTER)
    assert (scene.done, both, party.is_whole()) == ([("update", "done")], [], True)


def test_everybody_else_is_in_while_one_is_away_and_they_follow_once_they_join(party: Party) -> None:
    scene = party.scene
    away = party.last
    scene.world.leave(scene.guild, away)
    party.book()
    scene.tick()
    assert (scene.done, scene.codes) == ([("setup", "failed")], ["unknown_member"])
    assert scene.people_in_reach() == party.everybody - {away}
    scene.world.join(scene.guild, away)
    scene.tick(QUARTER)
    assert (scene.done, party.is_whole()) == ([("setup", "done")], True)


def test_whoever_left_the_guild_and_came_back_is_in_at_the_start(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    scene.world.leave(scene.guild, party.last)
    scene.clock.advance(1000)
    scene.world.join(scene.guild, party.last)
    for later in (2 * HOUR, QUARTER):
        scene.tick(later)
    assert party.is_whole()


def test_stranger_whom_a_click_let_in_is_sent_out_and_everybody_stays(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    room = scene.room()
    party.allowed.add(scene.stranger)  # until the run that comes
    scene.world.set_overwrite(room, scene.stranger, MEMBER, ENTER)
    scene.tick(QUARTER)
    assert (scene.codes, scene.room(), party.is_whole()) == (["room_open_to_others"], room, True)


@pytest.mark.parametrize("lost", ["ledger", "ledger and marks"])
def test_lost_ledger_is_rebuilt_and_everybody_stays(party: Party, lost: str) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    before = set(scene.things())
    scene.forget(marks="marks" in lost)
    scene.tick(QUARTER)
    settled(scene)
    assert (party.is_whole(), set(scene.things())) == (True, before)


def test_cancelled_session_is_gone_at_once(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    scene.change(status="CANCELLED")
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("cleanup", "done")], {})


def test_moved_session_goes_and_comes_back_in_its_time(party: Party) -> None:
    scene = party.scene
    party.book()
    scene.tick()
    scene.change(scheduledDate=scene.now() + 10 * HOUR)
    scene.tick(QUARTER)
    assert (scene.done, scene.things()) == ([("revoke", "done")], {})
    scene.tick(7 * HOUR)
    assert (scene.done, party.is_whole()) == ([("setup", "done")], True)


def test_guild_that_makes_no_more_roles_admits_everybody_by_name(party: Party) -> None:
    scene = party.scene
    scene.standin.faults.add("bad_request", ("POST", ROLES), count=None, code=30005)
    party.book()
    scene.tick()
    assert (scene.done, party.is_whole()) == ([("setup", "done")], True)


@pytest.mark.parametrize("template", GRANTS)
def test_one_person_whom_discord_refuses_keeps_nobody_else_out(
    party: Party, template: str, refusing: Callable[[str, str], None]
) -> None:
    scene = party.scene
    party.book()
    refusing(template, party.last)
    scene.tick()
    in_reach = scene.people_in_reach()
    assert in_reach in (party.everybody, party.everybody - {party.last})
    assert scene.done == [("setup", "done" if in_reach == party.everybody else "failed")]


@pytest.mark.parametrize("window", ["fixed", "sliding"])
@pytest.mark.parametrize("sessions", [1, 3])
def test_twenty_grants_stay_within_the_bucket_of_member_roles(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, window: str, sessions: int
) -> None:
    scene = stage(access="role")
    scene.standin.limits = Limits.discord(window)
    parties = [Party(scene, 20) for _ in range(sessions)]
    for number, party in enumerate(parties):
        party.book(f"class00{number}")
        scene.book(f"pair000{number}")
    grants = sum(p.size - len(p.observers) + 2 for p in parties)
    with jumping(scene, monkeypatch) as jumps:
        began = time.monotonic()
        scene.tick()
        took = time.monotonic() - began
    assert scene.done == [("setup", "done")] * 2 * sessions, [o.error for o in scene.report.outcomes]
    assert (scene.standin.count_429(), scene.standin.violations) == (0, [])
    bound = (grants - 1) // 10 * 10
    assert took > bound
    assert jumps.seconds < 1.1 * bound + 2
    heard = [scene.world.who_can(r, ENTER | SPEAK) for r in scene.world.channel_names(scene.guild)]
    assert not any(party.observers & who for party in parties for who in heard)


@pytest.fixture
def refusing(party: Party) -> Callable[[str, str], None]:
    """Return what lets Discord refuse every grant of one person's by one route."""

    def refuse(template: str, person: str) -> None:
        def is_theirs(request: Request) -> bool:
            return request.template == template and person in request.path

        party.scene.standin.faults.add("forbidden", is_theirs, count=None, code=50013)

    return refuse
