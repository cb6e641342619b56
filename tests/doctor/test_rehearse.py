"""`--rehearse`: proved by what Discord holds, told step by step, and nothing is left whatever cuts it short."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from coachsync.config import Tokens
from coachsync.discord.api import Discord
from coachsync.doctor.checks import DoctorRequest, examine
from coachsync.doctor.rehearse import RehearsalRequest, rehearse
from coachsync.domain import permissions as p
from coachsync.domain.finding import Finding
from coachsync.domain.limits import CHANNELS_IN_CATEGORY
from coachsync.domain.model import DAY
from coachsync.domain.remembered import rehearsal_id
from coachsync.store.sqlite.database import Database
from tests.doctor.test_forbidden import OTHER, TWELVE, role_managed, role_too_low, take
from tests.doctor.test_forbidden import token_of_another_bot as another_bot
from tests.kit.fork import code_of, fork
from tests.kit.home import JSON, SQLITE
from tests.kit.scene import CHANNEL, CHANNELS, MEMBER_ROLE, ROLES, Scene
from tests.kit.town import TOKEN

OVERWRITE = "/channels/{channel_id}/permissions/{overwrite_id}"
ROLE, ROOM = "Session rehearse", "🎤 coaching-rehearse"
KINDS = [(SQLITE, "role"), (JSON, "role"), (SQLITE, "member")]


@pytest.fixture
def any_scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Return a scene in real time with the store and the access that are asked for."""
    store, access = request.param
    with ExitStack() as stack:
        scene = Scene(tmp_path, store, access, real_time=True)
        stack.enter_context(scene.standin)
        yield scene


every_kind = pytest.mark.parametrize("any_scene", KINDS, indirect=True, ids=["sqlite", "json", "member"])


def rehearsed(scene: Scene, *, token: str = TOKEN) -> list[Finding]:
    """Return all that `doctor --rehearse` finds, its schedule aside."""
    request = DoctorRequest(str(scene.home.config), {"COACHSYNC_TOKEN": token}, rehearse=True)
    return [f for f in examine(request) if f.check != "schedule"]


def told(findings: list[Finding], level: str = "ok") -> list[str]:
    return [f.message for f in findings if f.check == "rehearse" and f.level == level]


def only_failure(findings: list[Finding]) -> Finding:
    (found,) = [f for f in findings if f.level == "failure"]
    assert found.check == "rehearse"
    return found


def played(scene: Scene, wait: float = 0.0) -> list[Finding]:
    """Rehearse alone, without the other checks."""
    tokens = Tokens(scene.settings, {"COACHSYNC_TOKEN": TOKEN})
    return rehearse(RehearsalRequest(scene.settings, tokens, (scene.guild,), wait, frozenset(), lambda _: None))


# what it proves


@every_kind
def test_role_and_room_are_made_seen_filled_and_deleted(any_scene: Scene) -> None:
    before = any_scene.things()
    findings = rehearsed(any_scene)
    assert [f for f in findings if f.level != "ok"] == []
    by_role = any_scene.access == "role"
    steps = [message.split()[0] for message in told(findings)]
    filled = ["handed"] if by_role else ["let"]
    made, deleted = (["made", "made"], ["deleted", "deleted"]) if by_role else (["made"], ["deleted"])
    assert steps == [*made, "Discord's", "the", *filled, *deleted, "rehearsed"]
    assert any_scene.things() == before


def test_what_is_made_looks_as_a_sessions_and_lets_in_nobody_but_the_bot_and_staff(scene: Scene) -> None:
    staff = scene.world.add_role(scene.guild, "Helpers")
    scene.configure(f'staff_role_ids = ["{staff}"]')
    assert any("1 staff role" in message for message in told(rehearsed(scene)))
    (create,) = [r for r in scene.standin.requests if (r.method, r.template) == ("POST", CHANNELS)]
    assert isinstance(create.body, dict)
    allowed = {o["id"] for o in create.body["permission_overwrites"] if int(o["allow"])}
    role = next(i for i in allowed if i not in (scene.bot, staff))
    assert (create.body["name"], allowed) == (ROOM, {scene.bot, staff, role})
    granted = {r.params["user_id"] for r in scene.standin.requests if r.template == MEMBER_ROLE}
    assert granted == {scene.bot}


def test_every_change_bears_the_rehearsals_id_in_the_audit_log(scene: Scene) -> None:
    rehearsed(scene)
    reasons = {r.reason for r in scene.standin.requests if r.write}
    assert reasons == {f"coachsync {kind}: session {rehearsal_id(scene.guild)}" for kind in ("setup", "cleanup")}


def test_each_configured_guild_is_rehearsed_in_and_one_that_cannot_be_is_put_off(scene: Scene) -> None:
    second, third = scene.another_guild("Second"), scene.another_guild("Third")
    scene.world.kick(third, scene.bot)
    scene.configure(rest=f"[guilds.{second}]\n[guilds.{third}]")
    findings = rehearsed(scene)
    assert {f.guild_id for f in findings if f.check == "rehearse" and "made" in f.message.split()[0]} == {
        scene.guild,
        second,
    }
    assert [f.guild_id for f in findings if f.check == "rehearse" and f.level == "warning"] == [third]
    assert any("rehearsed in 2 guilds" in message for message in told(findings))


def test_token_that_is_refused_for_one_guild_keeps_no_other_from_being_rehearsed_in(scene: Scene) -> None:
    second = scene.another_guild("Second")
    token = scene.folder / "token"
    token.write_text(OTHER, "utf-8")
    token.chmod(0o600)
    scene.configure(rest=f'[guilds.{second}]\ntoken_file = "{token}"')
    findings = rehearsed(scene)
    assert [f.guild_id for f in findings if f.check == "rehearse" and f.level == "warning"] == [second]
    assert any("rehearsed in 1 guild" in message for message in told(findings))


def test_what_others_made_under_that_name_is_left_alone(scene: Scene) -> None:
    role = scene.world.add_role(scene.guild, ROLE)
    room = scene.world.add_channel(scene.guild, ROOM)
    scene.world.set_overwrite(room, scene.bot, p.MEMBER, allow=p.ENTER | p.MANAGE_CHANNELS)
    before = scene.portrait(role, room)
    assert told(rehearsed(scene), "failure") == []
    assert scene.portrait(role, room) == before


def test_roles_that_are_used_up_are_told_and_the_room_is_rehearsed_without_one(scene: Scene) -> None:
    with scene.store() as store, store.transaction() as transaction:
        transaction.ledger.set_roles_exhausted(scene.guild, scene.now() + DAY)
    findings = rehearsed(scene)
    assert (told(findings, "failure"), told(findings)[0].split()[0]) == ([], "made")
    assert not [r for r in scene.standin.requests if r.template == ROLES and r.write]


def test_full_category_gets_no_further_one_that_would_outlive_a_kill(scene: Scene) -> None:
    category = scene.world.add_category(scene.guild, "Rooms")
    for number in range(CHANNELS_IN_CATEGORY):
        scene.world.add_channel(scene.guild, f"c{number}", parent=category)
    scene.configure(f'category_id = "{category}"')
    findings = rehearsed(scene)
    assert any("a further one was not tried" in message for message in told(findings, "warning"))
    assert len([r for r in scene.standin.requests if (r.method, r.template) == ("POST", CHANNELS)]) == 1


def test_room_is_made_in_the_category_of_the_configuration(scene: Scene) -> None:
    category = scene.world.add_category(scene.guild, "Rooms")
    scene.configure(f'category_id = "{category}"')
    assert told(rehearsed(scene), "warning") == []
    (create,) = [r for r in scene.standin.requests if (r.method, r.template) == ("POST", CHANNELS)]
    assert isinstance(create.body, dict)
    assert create.body["parent_id"] == category


def test_lists_that_lag_behind_are_no_failure(scene: Scene) -> None:
    scene.standin.lag.requests = 4
    findings = played(scene)
    assert told(findings, "failure") == []
    assert scene.roles(ROLE) + scene.rooms(ROOM) == []


def test_staff_role_that_would_lack_a_permission_is_told(scene: Scene) -> None:
    staff = scene.world.add_role(scene.guild, "Helpers")
    scene.configure(f'staff_role_ids = ["{staff}"]')

    def mute(request: Any) -> bool:
        for room in scene.rooms(ROOM):
            scene.world.set_overwrite(room, staff, p.ROLE, allow=p.ENTER, deny=p.SPEAK)
        return False

    scene.standin.faults.add("delay", match=mute)
    failures = told(rehearsed(scene), "failure")
    assert any("'Helpers' let into the room would lack SPEAK" in message for message in failures)


def test_pause_does_not_keep_an_operator_from_rehearsing(scene: Scene) -> None:
    assert scene.program("pause").code == 0
    assert told(rehearsed(scene))[-1].startswith("rehearsed in 1 guild")


def test_role_made_counts_among_those_of_two_days(scene: Scene) -> None:
    played(scene)
    with scene.store(writable=False) as store:
        assert store.ledger.role_budget(scene.guild, scene.now()).used(scene.now()) == 1


# what a refusal means


@pytest.mark.parametrize("plant", TWELVE, ids=lambda plant: str(plant.__name__))
def test_nothing_is_left_by_a_rehearsal_whatever_keeps_the_bot_from_its_work(
    scene: Scene, plant: Callable[[Scene], None]
) -> None:
    plant(scene)
    before = scene.things()
    findings = rehearsed(scene, token=OTHER if plant is another_bot else TOKEN)
    assert scene.things() == before
    assert any(f.level == "failure" for f in findings)
    begun = (
        plant in (role_too_low, role_managed) or TWELVE[plant][0] == "category"
    )  # those keep no new room from coming
    assert any(m.startswith("rehearsed") for m in told(findings)) == begun
    assert any("not rehearsed" in m for m in told(findings, "warning")) != begun


REFUSALS = {
    "role": (("POST", ROLES), 50013, "the role could not be made", "above the session roles"),
    "room": (("POST", CHANNELS), 50013, "the room could not be made", "Manage Channels"),
    "flagged": (("POST", ROLES), 20026, "the role could not be made", "appeal"),
    "two factors": (("POST", ROLES), 60003, "the role could not be made", "owner of the bot's application"),
    "handing out": (("PUT", MEMBER_ROLE), 50013, "the role could not be handed out", "above the session roles"),
    "taking back": (("DELETE", MEMBER_ROLE), 50013, "the role could not be handed out", "above the session roles"),
    "room hidden": (
        ("DELETE", CHANNEL),
        50001,
        f"left in the guild: Discord hides the room '{ROOM}'",
        "add the bot with View Channel",
    ),
    "role undeletable": (
        ("DELETE", ROLES + "/{role_id}"),
        50013,
        f"left in the guild: the role '{ROLE}'",
        "the next run",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal_that_only_a_write_meets_is_told_with_its_step_and_remedy(scene: Scene, case: str) -> None:
    match, code, message, hint = REFUSALS[case]
    before = scene.things()
    scene.standin.faults.add("forbidden", match=match, code=code)
    found = only_failure(rehearsed(scene))
    assert (found.message.startswith(message), hint in found.hint, found.guild_id) == (True, True, scene.guild), found
    scene.tick()
    assert scene.things() == before


def test_overwrite_that_is_refused_is_told(scene: Scene) -> None:
    scene.access = "member"
    scene.configure()
    scene.standin.faults.add("forbidden", match=("PUT", OVERWRITE))
    assert only_failure(rehearsed(scene)).message.startswith("the room could not let anybody in")


def test_room_that_others_change_at_once_is_told_with_who_could_see_it(scene: Scene) -> None:
    before = scene.things()
    loud = scene.world.add_role(scene.guild, "Loud")

    def open_up(request: Any) -> bool:
        for room in scene.rooms(ROOM):
            scene.world.set_overwrite(room, loud, p.ROLE, allow=p.ENTER)
        return False

    scene.standin.faults.add("delay", match=open_up)
    found = only_failure(rehearsed(scene))
    assert ("'Loud'" in found.message, "another bot" in found.hint) == (True, True)
    assert scene.things().keys() - before.keys() == {loud}


def test_room_that_the_bot_cannot_see_is_told(scene: Scene) -> None:
    def hide(request: Any) -> bool:
        for room in scene.rooms(ROOM) if request.method == "GET" else ():
            scene.world.hide_from(room, scene.bot)
        return False

    scene.standin.faults.add("delay", match=hide)
    findings = rehearsed(scene)
    assert any("is hidden from the bot" in message for message in told(findings, "failure"))


def test_permission_taken_while_it_goes_on_is_told(scene: Scene) -> None:
    def take_away(request: Any) -> bool:
        if (request.method, request.template) == ("POST", CHANNELS):
            take(scene, "MANAGE_CHANNELS")
        return False

    scene.standin.faults.add("delay", match=take_away)
    found = only_failure(rehearsed(scene))
    assert found.message.startswith("the room could not be made")


# nothing is left


class Killer:
    """Kills this process at the n-th step: after each write to Discord, before and after each commit.

    Before a write is after a commit.
    """

    def __init__(self, nth: int) -> None:
        self.left = nth
        ask, run = Discord._ask, Database.run

        async def asked(discord: Discord, call: Any, how: Any, body: object = None) -> object:
            answer = await ask(discord, call, how, body)
            self.step(call.route.method != "GET")
            return answer

        def ran(database: Database, sql: str, args: Any = ()) -> int:
            self.step(sql == "COMMIT")
            changed = run(database, sql, args)
            self.step(sql == "COMMIT")
            return changed

        Discord._ask, Database.run = asked, ran  # type: ignore[method-assign,assignment]

    def step(self, counts: bool) -> None:
        self.left -= counts
        if counts and not self.left:
            os.kill(os.getpid(), signal.SIGKILL)


def killed_at(scene: Scene, nth: int) -> bool:
    """Rehearse in a child that is killed at its n-th step; return whether it came to that."""
    pid = fork()
    if pid == 0:
        code = 99
        try:
            Killer(nth)
            code = any(f.level == "failure" for f in played(scene))
        finally:
            os._exit(code)
    code = code_of(pid)
    assert code in (0, -signal.SIGKILL)
    return code != 0


@every_kind
def test_killed_between_any_two_steps_the_next_run_leaves_nothing(any_scene: Scene) -> None:
    scene, before, nth, left = any_scene, any_scene.things(), 1, 0
    every = 1 if (scene.url, scene.access) == KINDS[0] else 2
    while killed_at(scene, nth):
        left += scene.things() != before
        scene.tick()
        assert (nth, scene.things()) == (nth, before)
        assert (nth, [o for o in scene.report.outcomes if o.failed]) == (nth, [])
        assert not scene.done or not scene.entry(rehearsal_id(scene.guild)).live
        nth += every
    assert left > 2 * (3 - every)


@pytest.mark.parametrize("match", [("POST", ROLES), ("POST", CHANNELS), ("DELETE", CHANNEL)], ids=str)
def test_answer_that_is_lost_leaves_nothing(scene: Scene, match: tuple[str, str]) -> None:
    before = scene.things()
    scene.standin.faults.add("reset_after", match=match)
    assert told(played(scene), "failure") == []
    assert scene.things() == before


def test_create_that_comes_to_light_late_is_removed_by_a_later_run(scene: Scene) -> None:
    before = scene.things()
    scene.standin.faults.add("reset_before", match=("POST", ROLES), count=None)
    assert any("may have made" in message for message in told(played(scene), "warning"))
    scene.standin.faults.clear()
    late = scene.world.add_role(scene.guild, ROLE)
    scene.tick()
    assert (late in scene.things(), scene.things()) == (False, before)


def test_rehearsal_itself_removes_what_the_last_one_left(scene: Scene) -> None:
    before = scene.things()
    scene.standin.faults.add("forbidden", match=("DELETE", CHANNEL))
    played(scene)
    assert scene.rooms(ROOM)
    assert told(played(scene))[0].startswith("deleted the room")
    assert scene.things() == before


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_signal_has_what_was_made_removed_at_once(scene: Scene, name: str, code: int) -> None:
    before = scene.things()
    inject = f"""
import os, signal
from coachsync.discord.api import Discord
create = Discord.create_channel
async def struck(*args, **more):
    os.kill(os.getpid(), signal.{name})
    return await create(*args, **more)
Discord.create_channel = struck
"""
    result = scene.program("doctor", "--rehearse", inject=inject)
    assert (result.code, scene.things()) == (code, before)
    assert [r.template for r in scene.standin.requests if r.write and r.method == "PUT"] == []


# what is left is nobody's session


@pytest.fixture
def left(scene: Scene) -> Scene:
    """Return a scene in which a rehearsal was killed with role and room there."""
    scene.standin.faults.add("forbidden", match=("DELETE", CHANNEL))
    played(scene)
    return scene


def test_what_is_left_is_told_by_doctor_and_listed_as_no_session(left: Scene) -> None:
    request = DoctorRequest(str(left.home.config), {"COACHSYNC_TOKEN": TOKEN}, offline=True)
    (found,) = [f for f in examine(request) if f.check == "rehearse"]
    assert (found.level, ROOM in found.message) == ("warning", True)
    assert left.program("status", "--all", "--json").json["sessions"] == []


def test_what_is_left_is_explained_by_its_room_as_what_it_is(left: Scene) -> None:
    (room,) = left.rooms(ROOM)
    told = left.program("explain", room).out
    assert ("doctor --rehearse" in told, "the next run removes" in told) == (True, True)


def test_run_that_removes_it_says_so_and_writes_no_receipt(left: Scene) -> None:
    left.tick()
    assert [(o.action.reason, o.outcome) for o in left.report.outcomes] == [("left over from a rehearsal", "done")]
    assert left.program("sessions", "receipts", "--json").json["receipts"] == []


def test_removing_it_starts_no_hook_and_counts_as_no_room(left: Scene) -> None:
    heard, figures = left.folder / "heard", left.folder / "figures.prom"
    hook = left.folder / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {heard}\n", "utf-8")
    hook.chmod(0o755)
    left.configure(rest=f'[hooks]\nclosed = ["{hook}"]\n[metrics]\ntextfile = "{figures}"')
    left.standin.faults.add("forbidden", match=("DELETE", CHANNEL))
    assert left.program("run").code == 1
    assert f'coachsync_rooms_open{{guild="{left.guild}"}} 0.0' in figures.read_text("utf-8")
    assert left.program("run").code == 0
    assert not heard.exists()


# how it is asked for


def test_run_that_is_under_way_is_exit_4_and_nothing_is_sent(scene: Scene) -> None:
    with scene.store() as store, store.run_lock(0, "run"):
        result = scene.command("doctor", "--rehearse", "--json")
    assert (result.code, result.json["error"]["code"]) == (4, "locked")
    assert not [r for r in scene.standin.requests if r.write]


@pytest.mark.parametrize("options", [("--rehearse", "--offline"), ("--wait", "5")], ids=" ".join)
def test_options_that_make_no_sense_together_are_refused(scene: Scene, options: tuple[str, ...]) -> None:
    result = scene.command("doctor", *options)
    assert (result.code, scene.standin.requests) == (2, [])


def test_nothing_is_sent_if_the_store_cannot_be_written(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        findings = rehearsed(scene)
    assert any(f.level == "failure" for f in findings)
    assert not [r for r in scene.standin.requests if r.write]


def test_flag_that_no_run_met_yet_is_found(scene: Scene) -> None:
    scene.world.flag_bot(scene.bot)
    assert "appeal" in only_failure(rehearsed(scene)).hint


def test_booking_under_the_rehearsals_own_id_is_not_touched(scene: Scene) -> None:
    scene.book(rehearsal_id(scene.guild))
    assert "under the rehearsal's own id" in only_failure(rehearsed(scene)).message
    assert not [r for r in scene.standin.requests if r.write]
