"""Who can see which room: its two people, the bot, the staff, administrators and the owner; nobody else."""

from __future__ import annotations

from coachsync.domain.model import HOUR
from coachsync.domain.permissions import ADMINISTRATOR
from tests.kit.scene import QUARTER, Scene, Stage


class _Cast:
    """Three sessions at one hour: Sarah with John and with Alex, Mike with Emma; a guild with staff and bystanders."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        world, guild = scene.world, scene.guild
        self.alex, self.mike, self.emma, nora, ada = (scene.person(n) for n in ("alex", "mike", "emma", "nora", "ada"))
        staff = world.add_role(guild, "Staff")
        world.give_role(guild, nora, staff)
        world.give_role(guild, ada, world.add_role(guild, "Admins", permissions=ADMINISTRATOR))
        self.always = {scene.bot, scene.owner, nora, ada}
        scene.configure(f'staff_role_ids = ["{staff}"]')
        self.pairs = {
            "abc12345": (scene.student, scene.coach),
            "def67890": (self.alex, scene.coach),
            "xyz54321": (self.emma, self.mike),
        }
        for session_id, (student, coach) in self.pairs.items():
            scene.book(session_id, start=scene.now() + 3 * HOUR, studentDiscordId=student, coachDiscordId=coach)

    def room(self, session_id: str) -> str:
        (found,) = self.scene.rooms(f"🎤 coaching-{session_id}")
        return found


def test_each_room_is_visible_to_its_two_people_and_those_in_charge_alone(any_access: Scene) -> None:
    cast = _Cast(any_access)
    assert any_access.command("run").code == 0
    for session_id, pair in cast.pairs.items():
        allowed = cast.always | set(pair)
        room = cast.room(session_id)
        assert any_access.world.who_can_see(room) == allowed
        assert any_access.world.who_can_enter(room) == allowed


def test_shared_coach_enters_both_rooms_and_nobody_enters_anothers(any_access: Scene) -> None:
    cast = _Cast(any_access)
    any_access.command("run")
    world, guild = any_access.world, any_access.guild
    entered = {
        (person, session_id)
        for session_id in cast.pairs
        for person in (any_access.coach, cast.mike, any_access.student, cast.alex, cast.emma, any_access.stranger)
        if world.connect_voice(guild, person, cast.room(session_id))
    }
    assert entered == {(person, session_id) for session_id, pair in cast.pairs.items() for person in pair}


def test_everyone_denied_by_the_guild_still_lets_the_two_people_speak(stage: Stage) -> None:
    scene = stage()
    scene.world.edit_role(scene.guild, scene.guild, permissions=0)
    scene.book()
    assert scene.command("run").code == 0
    assert scene.people_in_reach() == {scene.student, scene.coach}


def test_whoever_lost_the_role_while_the_other_is_still_away_gets_it_again(stage: Stage) -> None:
    scene = stage()
    scene.world.leave(scene.guild, scene.student)
    scene.book()
    scene.tick()
    scene.world.take_role(scene.guild, scene.coach, scene.role())
    for _ in range(2):
        scene.tick(QUARTER)
    assert scene.role() in scene.world.roles_of(scene.guild, scene.coach)
