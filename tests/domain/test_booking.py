"""A booking is read as CONTRACT §4 has it; what cannot be understood is told by field and value, never raised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachsync.domain.booking import EARLIEST, LATEST, Defaults, not_a_row, occurs_twice, read_booking
from coachsync.domain.model import MINUTE, Person, Session
from coachsync.store.columns import FIELD_OF

NOW = 1_790_000_000_000


GUILD, OWN, OTHER = "1100000000000000000", "1200000000000000000", "1200000000000000001"
STUDENT, COACH = "1300000000000000001", "1300000000000000002"
DEFAULTS = Defaults(GUILD, 60 * MINUTE, frozenset({OTHER}))
GOOD: dict[str, Any] = {"id": "abc", "status": "SCHEDULED", "scheduled_date": NOW}


def read(**fields: object) -> Session:
    return read_booking(GOOD | fields, DEFAULTS, 17)


def told(session: Session) -> str:
    return "" if session.flaw is None else f"{session.flaw.message} | {session.flaw.hint}"


def test_a_booking_reads_with_defaults_when_only_the_needed_is_there() -> None:
    people = (Person(None, "student"), Person(None, "coach"))
    plain = Session("abc", "SCHEDULED", NOW, NOW + 60 * MINUTE, GUILD, people, False, False, None, None)
    assert read() == plain


@pytest.mark.parametrize("start", [EARLIEST, LATEST - 1])
def test_a_start_counts_when_it_is_within_the_years(start: int) -> None:
    session = read(scheduled_date=start)
    assert (session.start, session.flaw) == (start, None)


def test_the_years_are_2015_to_2100() -> None:
    from datetime import UTC, datetime

    years = (datetime(2015, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC))
    assert tuple(int(year.timestamp() * 1000) for year in years) == (EARLIEST, LATEST)


NO_START: list[Any] = [
    EARLIEST - 1,
    LATEST,
    None,
    True,
    1.79e12 + 0.5,
    "1790000000000 ms",
    "soon",
    "",
    [],
    float("nan"),
    1e300,
]


@pytest.mark.parametrize("start", [*NO_START, float("inf"), float("nan"), 10**400])
def test_a_start_is_a_flaw_when_it_is_no_integer_within_the_years(start: object) -> None:
    session = read(scheduled_date=start)
    assert (session.start, session.end, "scheduledDate" in told(session)) == (0, 0, True)


@pytest.mark.parametrize("start", [float(NOW), str(NOW), f" {NOW} ", f"{NOW}.0"])
def test_a_start_counts_when_it_is_a_whole_float_or_digits_as_text(start: object) -> None:
    session = read(scheduled_date=start)
    assert (session.start, session.flaw) == (NOW, None)


def test_a_start_in_seconds_is_told_as_such() -> None:
    assert "seconds" in told(read(scheduled_date=NOW // 1000))


@pytest.mark.parametrize(("minutes", "good"), [(1, True), (1440, True), (0, False), (1441, False), (-5, False)])
def test_a_duration_counts_from_1_to_1440_minutes(minutes: int, good: bool) -> None:
    session = read(duration=minutes)
    assert (session.flaw is None, session.end) == (good, NOW + minutes * MINUTE if good else 0)


@pytest.mark.parametrize("duration", ["60", 60.0, "60.0"])
def test_a_duration_counts_when_it_is_a_whole_float_or_digits_as_text(duration: object) -> None:
    session = read(duration=duration)
    assert (session.flaw, session.end) == (None, NOW + 60 * MINUTE)


@pytest.mark.parametrize("duration", ["1h", 60.5, "60.5", True, [60]])
def test_a_duration_is_a_flaw_when_it_is_no_whole_number(duration: object) -> None:
    assert "duration" in told(read(duration=duration))


PEOPLE = ["student_discord_id", "coach_discord_id"]
OURS = ["discord_channel_id", "discord_role_id"]
SNOWFLAKES = [*PEOPLE, "guild_id", *OURS]
LARGEST = str(2**64 - 1)


def key_of(column: str) -> str:
    return next(key for key, name in FIELD_OF.items() if name == column)


@pytest.mark.parametrize("column", [*PEOPLE, "guild_id"])
@pytest.mark.parametrize("value", ["1" * 15, STUDENT, LARGEST])
def test_a_discord_id_counts_from_15_digits_to_64_bits(column: str, value: str) -> None:
    session = read(**{column: value})
    assert value in (session.people[0].id, session.people[1].id, session.guild_id)
    assert session.flaw is None


@pytest.mark.parametrize("column", [*PEOPLE, "guild_id"])
@pytest.mark.parametrize(
    "value",
    ["x", "1" * 14, str(2**64), "9" * 20, "1" * 21, "0123456789012345678", "١" * 18, "-1", "<@&1300000000000000001>",
     "<#1300000000000000001>", "<@1300000000000000001", "<@@1300000000000000001>", "1300000000000000001;",
     "1300 000000000000001", True, b"1300000000000000001", ["1"], {}],
)  # fmt: skip
def test_a_discord_id_is_a_flaw_when_it_can_be_none(column: str, value: object) -> None:
    assert key_of(column) in told(read(**{column: value}))


@pytest.mark.parametrize("written", [" {} ", "\t{}\n", "<@{}>", "<@!{}>", " <@{}> "])
def test_a_persons_id_is_read_without_white_space_and_mention(written: str) -> None:
    session = read(student_discord_id=written.format(STUDENT), coach_discord_id=written.format(COACH))
    assert (session.ids, session.flaw) == ((STUDENT, COACH), None)


def test_a_guilds_id_is_read_without_white_space() -> None:
    session = read(guild_id=f" {OWN} ")
    assert (session.guild_id, session.flaw) == (OWN, None)


@pytest.mark.parametrize("column", PEOPLE)
@pytest.mark.parametrize("guild", [GUILD, OWN, OTHER], ids=["default", "the row's own", "configured"])
def test_an_id_of_a_guild_is_nobodys(column: str, guild: str) -> None:
    session = read(**{column: f"<@{guild}>", "guild_id": OWN})
    assert (session.ids, "guild's id" in told(session)) == ((), True)


@pytest.mark.parametrize("column", [*PEOPLE, "guild_id"])
@pytest.mark.parametrize("value", [123456789012345678, 1.2e17])
def test_a_discord_id_as_a_number_is_told_with_why(column: str, value: float) -> None:
    assert "JavaScript rounds" in told(read(**{column: value}))


def test_a_person_is_unread_only_when_their_own_field_cannot_be_understood() -> None:
    session = read(student_discord_id="john", coach_discord_id=COACH, coach_name=7)
    assert [(p.id, p.unread) for p in session.people] == [(None, True), (COACH, False)]


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_person_is_not_unread_when_their_field_is_empty(nothing: object) -> None:
    assert [p.unread for p in read(student_discord_id=nothing).people] == [False, False]


@pytest.mark.parametrize("column", OURS)
@pytest.mark.parametrize("value", [1300000000000000001, "1300000000000000001", " 1300000000000000001 "])
def test_an_id_of_ours_is_read_whatever_type_its_column_gave_it(column: str, value: object) -> None:
    session = read(**{column: value})
    assert (session.channel_id or session.role_id, session.flaw) == ("1300000000000000001", None)


@pytest.mark.parametrize("column", OURS)
@pytest.mark.parametrize("value", ["general", 1.3e18, -1, 2**64, True, b"12", ["1"], {}])
def test_an_id_of_ours_is_a_flaw_when_it_cannot_be_understood(column: str, value: object) -> None:
    assert key_of(column) in told(read(**{column: value}))


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_discord_id_is_absent_when_it_is_empty(nothing: object) -> None:
    session = read(**dict.fromkeys(SNOWFLAKES, nothing))
    ids = (session.people[0].id, session.people[1].id, session.guild_id, session.channel_id, session.role_id)
    assert (ids, session.flaw) == ((None, None, GUILD, None, None), None)


TRUE, FALSE = [True, 1, 1.0, "1", "1.0", "true", "TRUE", "t"], [False, 0, 0.0, "0", "0.0", "false", "f", "", None]


@pytest.mark.parametrize(("value", "means"), [*((v, True) for v in TRUE), *((v, False) for v in FALSE)])
def test_a_mark_is_read_whatever_type_its_column_gave_it(value: object, means: bool) -> None:
    session = read(discord_setup_complete=value, discord_cleaned_up=value)
    assert (session.set_up, session.cleaned_up, session.flaw) == (means, means, None)


@pytest.mark.parametrize("value", ["yes", 2, -1, 1.5, float("nan"), [], b"1"])
def test_a_mark_is_a_flaw_when_it_is_neither_true_nor_false(value: object) -> None:
    assert "discordCleanedUp" in told(read(discord_cleaned_up=value))


@pytest.mark.parametrize("value", [None, "", 17, b"abc", ["abc"]])
def test_a_row_goes_by_its_number_when_it_has_no_usable_id(value: object) -> None:
    session = read(id=value)
    assert (session.id, "_id" in told(session)) == ("row 17", True)


@pytest.mark.parametrize("value", [None, 3, ["SCHEDULED"]])
def test_a_status_is_a_flaw_when_it_is_no_text(value: object) -> None:
    assert "status" in told(read(status=value))


@pytest.mark.parametrize("value", [3, ["Ada"], b"Ada"])
def test_a_name_is_a_flaw_when_it_is_no_text(value: object) -> None:
    assert "studentName" in told(read(student_name=value))


def test_a_name_can_be_printed_when_it_is_no_unicode() -> None:
    assert read(coach_name="Ad\udcffa É").people[1].name == "Ad?a É"


def test_a_flawed_booking_keeps_what_can_be_understood() -> None:
    session = read(student_discord_id=5, coach_discord_id=COACH, discord_role_id="71")
    assert (session.start, session.people[1].id, session.role_id) == (NOW, COACH, "71")


def test_a_row_that_is_no_object_is_told_by_number_and_value() -> None:
    session = not_a_row([1, 2], 4, DEFAULTS)
    assert (session.id, told(session).startswith("row 4 is [1, 2], not an object")) == ("row 4", True)


def test_rows_of_one_id_with_different_user_names_do_not_agree_on_the_person() -> None:
    rows = [read(student_discord_id=None, student_discord_name=name) for name in ("anna", "ben")]
    assert occurs_twice(rows).people[0].unread
    assert not occurs_twice([rows[0], rows[0]]).people[0].unread


def test_an_id_that_occurs_twice_does_not_hide_an_earlier_flaw() -> None:
    assert "occurs more than once" in told(occurs_twice([read()]))
    assert "status" in told(occurs_twice([read(status=None)]))


def test_rows_of_one_id_keep_only_what_all_of_them_say() -> None:
    one, other = read(student_discord_id=STUDENT, coach_discord_id=COACH), read(student_discord_id=STUDENT)
    people = occurs_twice([one, other]).people
    assert [(p.id, p.unread) for p in people] == [(STUDENT, False), (None, True)]


def test_rows_of_one_id_tell_every_status_between_them() -> None:
    rows = [read(), read(status="CANCELLED"), read()]
    assert occurs_twice(rows).statuses == ("CANCELLED", "SCHEDULED")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(list(FIELD_OF.values())), ANYTHING))
def test_any_row_at_all_becomes_a_session_with_one_line_flaws(fields: dict[str, object]) -> None:
    session = read_booking(fields, DEFAULTS, 1)
    lines = session.flaw[:3] if session.flaw is not None else ()
    assert session.id
    assert all(len(line) < 200 and line == line.splitlines()[0] for line in lines if line)
