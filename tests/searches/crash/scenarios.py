"""What a tick has to do in the matrix: setup, cleanup, revoke, update, repair, take-over, each from its beginning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from coachsync.domain.model import DAY, HOUR, MINUTE, Millis
from coachsync.domain.permissions import ENTER, MEMBER
from coachsync.standin import World
from tests.searches.crash.home import CaseHome
from tests.searches.crash.town import FOUNDED, Cast

START: Millis = FOUNDED + 5 * DAY
OPENED: Millis = START - 120 * MINUTE
LATER: Millis = START - 105 * MINUTE
OVER: Millis = START + 2 * HOUR


class Scene(NamedTuple):
    """What a scenario changes between the tick that set the session up and the tick that is struck."""

    world: World
    town: Cast
    home: CaseHome
    access: str
    role: str | None
    room: str
    tick: Callable[[Millis], object]


def _nothing(scene: Scene) -> None:
    """Leave all as it is."""


def _john_talks(scene: Scene) -> None:
    assert scene.world.connect_voice(scene.town.guild, scene.town.john, scene.room)
    assert scene.world.connect_voice(scene.town.guild, scene.town.sarah, scene.room)


def _nina_for_john(scene: Scene) -> None:
    scene.home.change({"studentDiscordId": scene.town.nina})


def _nina_for_john_inside(scene: Scene) -> None:
    _john_talks(scene)
    _nina_for_john(scene)


def _moved(scene: Scene) -> None:
    _john_talks(scene)
    scene.home.change({"scheduledDate": START + 3 * DAY})


def _role_gone(scene: Scene) -> None:
    assert scene.role is not None
    scene.world.delete_role(scene.town.guild, scene.role)


def _room_gone(scene: Scene) -> None:
    scene.world.delete_channel(scene.room)


def _grant_gone(scene: Scene) -> None:
    if scene.role is not None:
        scene.world.take_role(scene.town.guild, scene.town.john, scene.role)
    else:
        scene.world.delete_overwrite(scene.room, scene.town.john)


def _cleared(scene: Scene) -> None:
    scene.world.clear_permissions(scene.room)


def _stranger_admitted(scene: Scene) -> None:
    scene.world.set_overwrite(scene.room, scene.town.zoe, MEMBER, ENTER)


def _role_spoilt(scene: Scene) -> None:
    assert scene.role is not None
    scene.world.edit_role(scene.town.guild, scene.role, mentionable=True)


def _crowded(scene: Scene) -> None:
    """Give the role to a stranger whom a run has counted once already."""
    assert scene.role is not None
    scene.world.give_role(scene.town.guild, scene.town.zoe, scene.role)
    scene.tick(LATER - MINUTE)


def _nina_for_john_who_wrote(scene: Scene) -> None:
    assert scene.world.write_message(scene.room, scene.town.john)
    _nina_for_john(scene)


def _observers(scene: Scene, *people: tuple[str, str]) -> None:
    listed = [{"discordId": someone, "kind": kind} for kind, someone in people]
    scene.home.change({"participants": json.dumps(listed)})


def _student_and_observer_change_places(scene: Scene) -> None:
    """Let Nina observe, then be the student in John's place, who observes."""
    _observers(scene, ("observer", scene.town.nina))
    scene.tick(LATER - MINUTE)
    scene.home.change({"studentDiscordId": ""})
    _observers(scene, ("observer", scene.town.john), ("student", scene.town.nina))


def _ledger_lost(scene: Scene) -> None:
    scene.home.forget()


class Scenario(NamedTuple):
    """One kind of work. `people` names who has access when all is done, None where nobody has.

    `set_up`: whether a tick has set the session up before. `told`: whether a clean tick exits 1, for it says who could
    enter. `strangers`: who else may enter until a tick has mended it. `observers`: who of the people only observes.
    `others`: who is booked beside John and Sarah from the beginning, each with a kind.
    """

    name: str
    at: Millis
    people: tuple[str, ...] | None
    set_up: bool = True
    change: Callable[[Scene], None] = _nothing
    status: str = "SCHEDULED"
    accesses: tuple[str, ...] = ("role", "member")
    told: bool = False
    strangers: tuple[str, ...] = ()
    observers: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


_PAIR = ("john", "sarah")

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("setup", OPENED, _PAIR, set_up=False),
    Scenario(
        "setup_group",
        OPENED,
        ("john", "sarah", "nina", "zoe"),
        set_up=False,
        observers=("zoe",),
        others=(("student", "nina"), ("observer", "zoe")),
    ),
    Scenario("cleanup", OVER, None, change=_john_talks, status="COMPLETED"),
    Scenario("revoke", LATER, None, change=_moved),
    Scenario("update_inside", LATER, ("nina", "sarah"), change=_nina_for_john_inside),
    Scenario("update_outside", LATER, ("nina", "sarah"), change=_nina_for_john),
    Scenario("repair_role", LATER, _PAIR, change=_role_gone, accesses=("role",)),
    Scenario("repair_room", LATER, _PAIR, change=_room_gone),
    Scenario("repair_grant", LATER, _PAIR, change=_grant_gone),
    Scenario("repair_cleared", LATER, _PAIR, change=_cleared, told=True, strangers=("nina", "zoe")),
    Scenario("repair_stranger", LATER, _PAIR, change=_stranger_admitted, told=True, strangers=("zoe",)),
    Scenario("repair_plain", LATER, _PAIR, change=_role_spoilt, accesses=("role",)),
    Scenario("repair_crowded", LATER, _PAIR, change=_crowded, accesses=("role",), told=True, strangers=("zoe",)),
    Scenario("update_written", LATER, ("nina", "sarah"), change=_nina_for_john_who_wrote),
    Scenario(
        "update_kinds",
        LATER,
        ("john", "sarah", "nina"),
        change=_student_and_observer_change_places,
        observers=("john",),
    ),
    Scenario("take_over", LATER, _PAIR, change=_ledger_lost),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
