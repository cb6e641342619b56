"""Every request that coachsync sends fits Discord's official document, in every kind of action; so do the answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coachsync.doctor.checks import DoctorRequest, examine
from coachsync.domain.model import DAY, HOUR
from coachsync.standin import Request
from tests.documents.schema import Schema
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene
from tests.kit.town import TOKEN
from tests.promises.conftest import any_access, stage

__all__ = ["any_access", "stage"]


def setup_and_cleanup(scene: Scene) -> None:
    scene.tick()
    scene.tick(5 * HOUR)


def update(scene: Scene) -> None:
    scene.tick()
    scene.change(studentDiscordId=scene.person("emma"))
    scene.tick(QUARTER)


def update_with_the_leaver_inside(scene: Scene) -> None:
    scene.tick()
    scene.world.connect_voice(scene.guild, scene.student, scene.room())
    scene.change(studentDiscordId=scene.person("emma"))
    scene.tick(QUARTER)


def revoke(scene: Scene) -> None:
    scene.tick()
    scene.change(scheduledDate=scene.now() + 2 * DAY)
    scene.tick(QUARTER)


def repair(scene: Scene) -> None:
    scene.tick()
    for thing in scene.things():
        if scene.world.channel(thing):
            scene.world.delete_channel(thing)
        else:
            scene.world.delete_role(scene.guild, thing)
    scene.tick(QUARTER)


def repair_of_a_grant(scene: Scene) -> None:
    scene.tick()
    if scene.access == "role":
        scene.world.take_role(scene.guild, scene.student, scene.role())
    else:
        scene.world.delete_overwrite(scene.room(), scene.student)
    scene.tick(QUARTER)


def overflow(scene: Scene) -> None:
    category = scene.world.add_category(scene.guild, "Coaching")
    for number in range(50):
        scene.world.add_channel(scene.guild, f"talk {number}", parent=category)
    scene.configure(f'category_id = "{category}"')
    scene.tick()
    scene.tick(5 * HOUR)


def absent_student(scene: Scene) -> None:
    late = scene.person("late", member=False)
    scene.change(studentDiscordId=late)
    scene.tick()
    scene.world.join(scene.guild, late)
    scene.tick(QUARTER)


def refused_name(scene: Scene) -> None:
    scene.world.guilds[scene.guild].blocked_words = [ID]
    scene.tick()


def spent_roles(scene: Scene) -> None:
    scene.standin.faults.add("rate_limited", ("POST", ROLES), count=None, retry_after=100_000.0)
    scene.tick()


def lost_answer(scene: Scene) -> None:
    scene.standin.faults.add("reset_after", ("POST", CHANNELS))
    scene.tick()


PLAYS: dict[Callable[[Scene], None], list[tuple[str, str]]] = {
    setup_and_cleanup: [("cleanup", "done")],
    update: [("update", "done")],
    update_with_the_leaver_inside: [("update", "done")],
    revoke: [("revoke", "done")],
    repair: [("repair", "done")],
    repair_of_a_grant: [("repair", "done")],
    overflow: [("cleanup", "done")],
    absent_student: [("setup", "done")],
    refused_name: [("setup", "done")],
    spent_roles: [("setup", "done")],
    lost_answer: [("setup", "done")],
}
"""Each play and what its last tick does."""


@pytest.mark.parametrize(("play", "done"), PLAYS.items(), ids=[play.__name__ for play in PLAYS])
def test_requests_and_answers_fit_the_official_document(
    schema: Schema, any_access: Scene, play: Callable[[Scene], None], done: list[tuple[str, str]]
) -> None:
    standin = any_access.standin
    standin.record_bodies = True
    sent: list[Request] = []
    standin.after_request(lambda request, _: sent.append(request))
    any_access.book()
    play(any_access)
    assert any_access.done == done
    assert any(request.write for request in sent)
    for request in sent:
        schema.check_request(request.method, request.path, request.body)
        if request.status:  # 0 where the connection was broken instead
            schema.check_response(request.method, request.path, request.status, request.answer)


def test_what_doctor_asks_and_is_answered_fits_the_official_document(schema: Schema, any_access: Scene) -> None:
    any_access.standin.record_bodies = True
    sent: list[Request] = []
    any_access.standin.after_request(lambda request, _: sent.append(request))
    examine(DoctorRequest(str(any_access.home.config), {"COACHSYNC_TOKEN": TOKEN}))
    assert "/users/@me" in [request.path.removeprefix("/api/v10") for request in sent]
    for request in sent:
        schema.check_request(request.method, request.path, request.body)
        assert request.status is not None
        schema.check_response(request.method, request.path, request.status, request.answer)
