"""What would block a session is found a day ahead: its people, its guild's limits, its booking, its store."""

from __future__ import annotations

import pytest

from coachsync.doctor.store import overlaps
from coachsync.domain.finding import Finding
from coachsync.domain.model import DAY, HOUR, MINUTE, Person, Session
from tests.doctor.conftest import examined
from tests.kit.scene import ID, Scene

AHEAD = 20 * HOUR


def book(scene: Scene, session_id: str = ID, ahead: int = AHEAD, **fields: object) -> None:
    scene.book(session_id, start=scene.now() + ahead, **fields)


def only(scene: Scene, **how: int) -> Finding:
    (found,) = examined(scene, **how)  # type: ignore[arg-type]  # days alone
    return found


# people


def test_student_who_is_not_in_the_guild_is_found_by_name(scene: Scene) -> None:
    book(scene, studentDiscordId=scene.person("Nadja", member=False), studentName="Nadja")
    found = only(scene)
    assert (found.check, found.level, found.session) == ("people", "failure", ID)
    (absent,) = (user for user in scene.world.users if scene.world.users[user].name == "Nadja")
    assert found.message == f"Nadja ({absent}), student of {ID} in 19 h 59 min, is not in the guild 'Guild'"
    assert "invite them" in found.hint


def test_id_that_is_nobodys_is_found(scene: Scene) -> None:
    book(scene, coachDiscordId="1400000000000000555")
    assert "no such user" in only(scene).message


def test_user_name_that_nobody_bears_is_found_with_similar_ones(scene: Scene) -> None:
    scene.person("nadja.k")
    book(scene, studentDiscordId=None, studentDiscordName="@nadja")
    found = only(scene)
    assert (found.check, found.level) == ("people", "failure")
    assert "'nadja' (similar: nadja.k)" in found.message


def test_user_name_that_a_member_bears_is_well(scene: Scene) -> None:
    scene.person("nadja")
    book(scene, studentDiscordId=None, studentDiscordName="@Nadja")
    assert examined(scene) == []


def test_doctor_remembers_nothing_of_the_names_it_looked_up(scene: Scene) -> None:
    scene.person("nadja")
    book(scene, studentDiscordId=None, studentDiscordName="nadja")
    examined(scene)
    with scene.store(writable=False) as store:
        assert store.ledger.lookups([ID]) == []


def test_unlinked_student_is_found(scene: Scene) -> None:
    book(scene, studentDiscordId="", studentName="Nadja")
    found = only(scene)
    assert (found.level, "Nadja" in found.message) == ("failure", True)
    assert "no Discord account linked" in found.message


def test_id_that_is_a_roles_or_the_bots_is_found(scene: Scene) -> None:
    book(scene, studentDiscordId=scene.bot)
    assert "is no person" in only(scene).message


def test_person_before_the_guilds_screening_is_found(scene: Scene) -> None:
    book(scene)
    scene.world.screen(scene.guild, scene.student, pending=True)
    found = only(scene)
    assert (found.level, "screening" in found.message) == ("warning", True)


def test_person_who_is_timed_out_is_found(scene: Scene) -> None:
    book(scene)
    scene.world.time_out(scene.guild, scene.coach, scene.now() + DAY)
    found = only(scene)
    assert (found.level, "timed out" in found.message) == ("warning", True)


def test_person_who_is_quarantined_is_found(scene: Scene) -> None:
    book(scene)
    scene.world.quarantine(scene.guild, scene.student)
    found = only(scene)
    assert (found.level, "AutoMod" in found.message) == ("warning", True)


def test_each_person_is_asked_for_once_and_told_once(scene: Scene) -> None:
    absent = scene.person("Nadja", member=False)
    for n in range(3):
        book(scene, f"session{n}", AHEAD + n * MINUTE, studentDiscordId=absent, coachDiscordId=absent)
    found = [f for f in examined(scene) if f.check == "people"]
    asked = [r for r in scene.standin.requests if r.path.endswith(f"/members/{absent}")]
    assert (len(found), len(asked)) == (1, 1)
    assert "(and 2 more sessions)" in found[0].message


def test_people_beyond_the_days_are_not_asked_for(scene: Scene) -> None:
    book(scene, ahead=2 * DAY, studentDiscordId=scene.person("Nadja", member=False))
    assert examined(scene) == []
    assert only(scene, days=3).check == "people"


# guilds and their limits


def test_guild_that_only_a_booking_names_is_looked_at(scene: Scene) -> None:
    book(scene, guildId="1400000000000000123")
    found = only(scene)
    assert (found.check, found.guild_id) == ("guild", "1400000000000000123")


def with_category(scene: Scene) -> str:
    category = scene.world.add_category(scene.guild, "Rooms")
    scene.configure(f'category_id = "{category}"')
    return category


def test_full_category_is_found(scene: Scene) -> None:
    category = with_category(scene)
    for n in range(50):
        scene.world.add_channel(scene.guild, f"c{n}", parent=category)
    found = only(scene)
    assert (found.check, "is full" in found.message) == ("category", True)


def test_text_channel_as_category_is_found(scene: Scene) -> None:
    channel = scene.world.add_channel(scene.guild, "general", 0)
    scene.configure(f'category_id = "{channel}"')
    found = only(scene)
    assert (found.level, "which is a text channel" in found.message) == ("failure", True)


def test_category_of_another_guild_is_found(scene: Scene) -> None:
    other = scene.another_guild()
    scene.configure(f'category_id = "{scene.world.add_category(other, "Rooms")}"')
    assert f"is in guild {other}" in only(scene).message


def test_category_that_is_gone_is_found(scene: Scene) -> None:
    scene.world.delete_channel(with_category(scene))
    found = only(scene)
    assert (found.level, "there is no category" in found.message) == ("failure", True)


def test_empty_private_category_that_the_bot_may_see_is_sound(scene: Scene) -> None:
    category = with_category(scene)
    scene.world.set_overwrite(category, scene.guild, 0, deny=1 << 10)
    scene.world.set_overwrite(category, scene.bot, 1, allow=1 << 10)
    assert examined(scene) == []


def test_staff_role_that_is_gone_is_found(scene: Scene) -> None:
    scene.configure('staff_role_ids = ["1400000000000000123"]')
    found = only(scene)
    assert (found.check, "1400000000000000123" in found.message) == ("staff_roles", True)


@pytest.mark.parametrize(("roles", "words"), [(244, "room for 4 more roles"), (248, "has its 250 roles")])
def test_roles_near_the_limit_are_found(scene: Scene, roles: int, words: str) -> None:
    for n in range(roles):
        scene.world.add_role(scene.guild, f"r{n}")
    found = only(scene)
    assert (found.check, found.level, words in found.message) == ("limits", "warning", True)


def test_guild_full_of_channels_is_a_failure(scene: Scene) -> None:
    for n in range(500):
        scene.world.add_channel(scene.guild, f"c{n}")
    found = only(scene)
    assert (found.check, found.level) == ("limits", "failure")


def test_roles_that_discord_makes_no_more_are_found(scene: Scene) -> None:
    book(scene)
    scene.tick()
    until = scene.now() + HOUR
    scene.sql("INSERT INTO coachsync_limits (guild_id, roles_exhausted_until) VALUES (?, ?)", scene.guild, until)
    assert "makes no more roles" in only(scene).message


# bookings


def test_coach_who_is_booked_twice_at_once_is_found(scene: Scene) -> None:
    book(scene, coachName="Sarah")
    book(scene, "xyz54321", AHEAD + 30 * MINUTE, studentDiscordId=scene.stranger, coachName="Sarah")
    found = only(scene)
    assert (found.check, found.message.startswith("Sarah is booked twice at once: abc12345")) == ("bookings", True)


def test_status_that_means_nothing_is_found_once_for_all_its_bookings(scene: Scene) -> None:
    for n in range(3):
        book(scene, f"session{n}", AHEAD + n * 2 * HOUR, status="Confirmed")
    found = only(scene)
    assert (found.level, "3 bookings" in found.message, "did you mean CONFIRMED" in found.hint) == (
        "failure",
        True,
        True,
    )


def test_row_that_cannot_be_understood_is_found(scene: Scene) -> None:
    book(scene)
    scene.sql("UPDATE sessions SET scheduled_date = 1799990000")
    found = only(scene)
    assert (found.check, found.session, "seconds" in found.hint) == ("bookings", ID, True)


def test_many_bad_rows_are_counted(scene: Scene) -> None:
    scene.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 100) "
        "INSERT INTO sessions (id, status) SELECT 'row' || i, 'SCHEDULED' FROM n"
    )
    found = examined(scene)
    assert (len(found), found[-1].message) == (21, "and 80 more invalid rows")


def test_bookings_that_are_over_trouble_nobody(scene: Scene) -> None:
    book(scene, "over", -5 * HOUR, status="WHATEVER")
    book(scene, "gone", -30 * HOUR, studentDiscordId="")
    assert examined(scene) == []


def a_session(session_id: str, start: int, end: int, coach: str = "9") -> Session:
    people = (Person("1", "student"), Person(coach, "coach"))
    return Session(session_id, "SCHEDULED", start, end, "5", people, False, False, None, None)


@pytest.mark.parametrize(
    ("times", "pairs"),
    [
        ([(0, 10), (10, 20)], []),
        ([(0, 10), (9, 20)], ["01"]),
        ([(0, 100), (10, 20), (30, 40)], ["01", "02"]),
        ([(30, 40), (0, 100)], ["10"]),
    ],
)
def test_overlaps_are_those_that_share_a_moment(times: list[tuple[int, int]], pairs: list[str]) -> None:
    sessions = [a_session(str(n), start, end) for n, (start, end) in enumerate(times)]
    assert [a.id + b.id for a, b, _ in overlaps(sessions)] == pairs


def test_two_coaches_at_once_are_no_overlap() -> None:
    assert list(overlaps([a_session("a", 0, 10), a_session("b", 0, 10, "8")])) == []


def test_guild_that_is_nearly_full_is_told_in_the_words_of_runs(scene: Scene) -> None:
    for n in range(460):
        scene.world.add_channel(scene.guild, f"c{n}")
    found = only(scene)
    assert (found.level, "nearly full" in found.message) == ("warning", True)


def test_limits_are_told_in_the_words_of_the_forecast(scene: Scene) -> None:
    for n in range(247):
        scene.world.add_role(scene.guild, f"r{n}")
    book(scene)
    book(scene, "xyz54321")
    scene.tick()
    (found,) = [f for f in examined(scene) if f.check == "limits"]
    (said,) = scene.program("forecast", "--json").json["guilds"][0]["tight"]
    assert (found.hint, said["limit"], said["level"]) == (said["hint"], "roles", "full")
    assert found.message.partition(": ")[2] == said["message"].partition(": ")[2]
