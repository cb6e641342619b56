"""Where Discord makes no more: full categories, spent roles, names it refuses, what somebody took away."""

from __future__ import annotations

from coachsync.domain.model import HOUR
from coachsync.domain.permissions import Overwrite
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene, Stage


def _category(scene: Scene, rooms: int = 0) -> str:
    """Make the configured category, with rooms of somebody else under it."""
    found = scene.world.add_category(scene.guild, "Coaching")
    for number in range(rooms):
        scene.world.add_channel(scene.guild, f"talk {number}", parent=found)
    scene.configure(f'category_id = "{found}"')
    return found


def _parent(scene: Scene, session_id: str = ID) -> str | None:
    (room,) = scene.rooms(f"🎤 coaching-{session_id}")
    channel = scene.world.channel(room)
    assert channel is not None
    return channel.parent_id


# categories


def test_room_is_made_under_the_configured_category(scene: Scene) -> None:
    category = _category(scene)
    scene.book()
    assert scene.command("run").code == 0
    assert _parent(scene) == category


def test_full_category_gets_a_further_one_that_stays_for_reuse(scene: Scene) -> None:
    category = _category(scene, rooms=49)
    names = [f"sess000{number}" for number in range(3)]
    for name in names:
        scene.book(name)
    assert scene.command("run").code == 0
    parents = [_parent(scene, name) for name in names]
    assert len(set(parents)) == 2
    assert None not in parents
    assert len([parent for parent in parents if parent == category]) == 1
    scene.clock.advance(5 * HOUR)
    assert scene.command("run").code == 0
    scene.command("run")
    further = [name for name in scene.things().values() if not name.startswith("talk")]
    assert sorted(further) == ["Coaching", "Coaching 2"]
    scene.clock.advance(HOUR)
    for name in ("sess0003", "sess0004"):
        scene.book(name)
    assert scene.command("run").code == 0
    assert {_parent(scene, name) for name in ("sess0003", "sess0004")} == {category, parents[-1]}
    assert "Coaching 3" not in scene.things().values()


def test_category_that_is_gone_is_done_without_and_warned_of(scene: Scene) -> None:
    scene.world.delete_channel(_category(scene))
    scene.book()
    result = scene.command("run", "--json")
    assert (result.code, _parent(scene)) == (0, None)
    assert [warning["code"] for warning in result.json["warnings"]] == ["category_gone"]
    assert "warning: " in result.err


def test_category_that_refuses_a_room_is_done_without_once(scene: Scene) -> None:
    category = _category(scene)
    scene.standin.faults.add(
        "forbidden", lambda r: isinstance(r.body, dict) and r.body.get("parent_id") == category, count=None, code=50001
    )
    scene.book()
    result = scene.program("run", "--json")
    assert (result.code, _parent(scene)) == (0, None)
    assert [warning["code"] for warning in result.json["warnings"]] == ["category_gone"]


def test_page_in_place_of_one_answer_fails_that_session_alone(scene: Scene) -> None:
    for number in range(4):
        scene.book(f"sess000{number}")
    scene.standin.faults.add("cloudflare", ("POST", ROLES), status=403, nth=2)
    result = scene.program("run", "--json")
    assert sorted(a["outcome"] for a in result.json["actions"]) == ["done", "done", "done", "failed"]


def test_staff_role_that_is_gone_is_left_out_and_warned_of(scene: Scene) -> None:
    staff, gone = (scene.world.add_role(scene.guild, name) for name in ("Staff", "Former staff"))
    scene.world.delete_role(scene.guild, gone)
    scene.configure(f'staff_role_ids = ["{staff}", "{gone}"]')
    nora = scene.person("nora")
    scene.world.give_role(scene.guild, nora, staff)
    scene.book()
    result = scene.command("run", "--json")
    assert result.code == 0
    (warning,) = result.json["warnings"]
    assert gone in warning["message"]
    assert scene.people_in_reach() == {scene.student, scene.coach, nora}


# roles


def _says_member(scene: Scene) -> None:
    result = scene.command("run")
    assert (result.code, scene.roles(), scene.people_in_reach()) == (0, [], {scene.student, scene.coach})
    assert "the room admits its people by itself" in result.out


def test_room_admits_its_people_by_itself_when_the_guild_holds_250_roles(scene: Scene) -> None:
    for number in range(scene.world.guilds[scene.guild].max_roles - len(scene.world.role_names(scene.guild))):
        scene.world.add_role(scene.guild, f"colour {number}")
    scene.book()
    _says_member(scene)


def test_last_role_goes_to_the_session_that_starts_first(stage: Stage) -> None:
    scene = stage()
    for number in range(scene.world.guilds[scene.guild].max_roles - len(scene.world.role_names(scene.guild)) - 1):
        scene.world.add_role(scene.guild, f"colour {number}")
    scene.book("later001", start=scene.now() + 2 * HOUR)
    scene.book("sooner01", start=scene.now() + HOUR)
    result = scene.command("run", "--json")
    access = {action["session"]: action["access"] for action in result.json["actions"]}
    assert (result.code, access) == (0, {"sooner01": "role", "later001": "member"})


def test_room_admits_its_people_by_itself_when_roles_are_spent_for_two_days(scene: Scene) -> None:
    fault = scene.standin.faults.add("rate_limited", ("POST", ROLES), count=None, retry_after=100_000.0)
    scene.book()
    _says_member(scene)
    asked = fault.seen
    scene.book("next0001")
    scene.clock.advance(QUARTER)
    assert scene.command("run").code == 0
    assert fault.seen == asked, "what is spent for days is not asked for again"


# names


def test_name_that_discord_refuses_is_replaced_by_the_hash_form(scene: Scene) -> None:
    scene.world.guilds[scene.guild].blocked_words = [ID]
    scene.book()
    result = scene.command("run", "--json")
    (action,) = result.json["actions"]
    assert (result.code, action["outcome"]) == (0, "done")
    name = scene.world.channel_names(scene.guild)[action["channel_id"]]
    assert (name.startswith("coaching-"), ID in name) == (True, False)
    scene.clock.advance(5 * HOUR)
    assert (scene.command("run").code, scene.things()) == (0, {})


def test_name_refused_in_both_forms_fails_with_a_hint(scene: Scene) -> None:
    scene.world.guilds[scene.guild].blocked_words = ["coaching"]
    scene.book()
    result = scene.command("run", "--json")
    error = result.error_of(ID)
    assert (result.code, error["code"]) == (1, "name_refused")
    assert error["hint"]


def test_limit_on_channels_fails_with_a_hint_and_leaves_no_role_behind_for_good(scene: Scene) -> None:
    scene.standin.faults.add("bad_request", ("POST", CHANNELS), count=None, code=30013)
    scene.book()
    result = scene.command("run", "--json")
    assert (result.code, result.error_of(ID)["code"]) == (1, "limit_reached")
    scene.clock.advance(5 * HOUR)
    scene.command("run")
    assert scene.things() == {}


# proof


def test_room_whose_overwrites_came_out_otherwise_is_no_success(scene: Scene) -> None:
    everyone_in = Overwrite(scene.guild, 0, 1 << 10 | 1 << 20, 0)
    fault = scene.standin.faults.add("overwrites", ("POST", CHANNELS), overwrites=(tuple(everyone_in),))
    scene.book()
    result = scene.command("run", "--json")
    assert fault.hits == 1
    assert (result.code, result.error_of(ID)["code"]) == (1, "access_unproven")
