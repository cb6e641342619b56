"""The whole configuration file: defaults, precedence, and every problem at once."""

from __future__ import annotations

import pytest

from coachsync.config import Settings, parse_settings
from coachsync.config.settings import ColumnSettings, StoreSettings
from coachsync.config.template import render_config
from coachsync.domain.model import HOUR, MINUTE
from coachsync.errors import ConfigError

GUILD = "1100000000000000000"
OTHER = "1200000000000000000"
LEAST = f"""
[discord]
guild_id = "{GUILD}"
[store]
url = "sqlite:///sessions.db"
"""


def settings(more: str = "", **environ: str) -> Settings:
    """Return the settings of the least file and what comes after it."""
    return parse_settings(LEAST + more, "/etc/coachsync/config.toml", environ)


def problems(text: str, **environ: str) -> tuple[str, ...]:
    """Return what is wrong with a file."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "/x/config.toml", environ)
    return caught.value.problems


def test_settings_have_the_documented_defaults_when_nothing_is_set() -> None:
    found = settings()
    assert found.discord[1:4] == (None, (), "role")
    assert found.discord.api_base == "https://discord.com/api/v10"
    assert (found.discord.concurrency, found.discord.max_requests_per_second) == (16, 50)
    assert (found.discord.timeout, found.discord.run_budget) == (10_000, 12 * MINUTE)
    assert found.statuses == (("SCHEDULED", "CONFIRMED", "IN_PROGRESS"), ("CANCELLED",), "COMPLETED")
    assert found.privacy == ("remove", ())
    assert found.windows == (3 * HOUR, 2 * HOUR, HOUR, True, 0, HOUR)
    assert found.naming == ("Session {short}", "🎤 coaching-{short}")
    assert found.schedule.max_silence == 45 * MINUTE


def test_policy_is_what_statuses_and_windows_say() -> None:
    found = settings(
        '[statuses]\nbookable = ["B"]\ncancelled = ["X"]\n[windows]\nsetup_by = "1h"\ncatch_up = false'
    ).policy
    assert found == (frozenset({"B"}), frozenset({"X"}), "COMPLETED", 3 * HOUR, HOUR, HOUR, False)


def test_base_dir_is_the_folder_of_the_file() -> None:
    assert settings().base_dir == "/etc/coachsync"


def test_template_is_read_back_as_the_defaults() -> None:
    text = render_config({"discord.guild_id": GUILD, "store.url": "sqlite:///sessions.db"})
    again = parse_settings(text, "/etc/coachsync/config.toml", {})
    assert again == settings()


def test_environment_comes_before_the_file() -> None:
    found = settings(
        COACHSYNC_GUILD_ID=OTHER,
        COACHSYNC_CATEGORY_ID="1100000000000000009",
        COACHSYNC_STORE="json:////srv/s.json",
        COACHSYNC_API_BASE="http://127.0.0.1:1/api",
    )
    assert (found.discord.guild_id, found.discord.category_id) == (OTHER, "1100000000000000009")
    assert (found.store.url, found.discord.api_base) == ("json:////srv/s.json", "http://127.0.0.1:1/api")


def test_environment_counts_as_unset_when_it_is_empty() -> None:
    assert settings(COACHSYNC_GUILD_ID="").discord.guild_id == GUILD


def test_environment_may_give_what_the_file_must_otherwise() -> None:
    found = parse_settings("", "/x/c.toml", {"COACHSYNC_GUILD_ID": GUILD, "COACHSYNC_STORE": "sqlite:///s.db"})
    assert (found.discord.guild_id, found.store.url) == (GUILD, "sqlite:///s.db")


def test_environment_never_replaces_a_guild_section() -> None:
    found = settings(f'[guilds.{OTHER}]\ncategory_id = "{OTHER}"', COACHSYNC_CATEGORY_ID=GUILD)
    assert found.guild(OTHER).category_id == OTHER


def test_guild_section_falls_back_to_discord_where_it_is_unset() -> None:
    found = settings(f'[guilds.{OTHER}]\naccess = "member"').guild(OTHER)
    assert (found.guild_id, found.access, found.api_base) == (OTHER, "member", "https://discord.com/api/v10")


def test_guild_without_section_has_the_settings_of_discord() -> None:
    assert settings().guild(OTHER) == settings().discord._replace(guild_id=OTHER)


def test_own_token_is_known_when_the_guild_section_names_it() -> None:
    found = settings(f'[guilds.{OTHER}]\ntoken_file = "b"\n[guilds.{GUILD}]\naccess = "role"')
    assert (found.guild(OTHER).own_token, found.guild(GUILD).own_token) == (True, False)


def test_every_problem_is_told_at_once() -> None:
    found = problems('[discord]\nguild_id = 5\nconcurrency = "x"\n[windows]\nsetup_by = "9h"\n[colour]\n')
    assert [line.split(":")[0] for line in found] == [
        "colour",
        "discord.guild_id",
        "discord.concurrency",
        "store.url",
        "windows.setup_by",
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[windows]\nsetup_bye = "1h"', ("windows.setup_bye", "setup_by")),
        ('[windows]\nmax_silence = "45m"', ("windows.max_silence", "[schedule]")),
        ('[window]\nsetup_by = "1h"', ("window", "windows")),
        ("[windows]\nsetup_opens = 3", ("windows.setup_opens", "found 3", "duration")),
        ('[windows]\nsetup_by = "3h"', ("windows.setup_by", "less than windows.setup_opens")),
        ('[windows]\ncatch_up = "yes"', ("windows.catch_up", 'found "yes"', "true or false")),
        ('[windows]\nhold_occupied = "5m"', ("windows.hold_occupied", 'found "5m"', '"0m"', "not built yet")),
        ('[windows]\ndefault_duration = "2d"', ("windows.default_duration", "24h")),
        ('[display]\ntimezone = "Europe/Berlni"', ("display.timezone", "zone's name", "did you mean Europe/Berlin?")),
        ('[display]\ntimezone = "UTC+2"', ("display.timezone", "no daylight saving", "Etc/GMT-2")),
        ('[display]\ntimezone = "../../etc/passwd"', ("display.timezone", "is no time zone")),
        ('[schedule]\nmax_silence = 45', ("schedule.max_silence", "found 45", "duration")),
        ('[privacy]\nstrangers = "keep"', ("privacy.strangers", '"keep"', '"remove"', '"report"')),
        ('[privacy]\nalso = [5]', ("privacy.also", "list of Discord ids")),
        (f'[privacy]\nalso = ["{GUILD}"]', ("privacy.also", GUILD, "everyone")),
        (f'[privacy]\nalso = ["{OTHER}"]\n[guilds.{OTHER}]', ("privacy.also", OTHER, "everyone")),
        (f'[guilds.{OTHER}]\nstaff_role_ids = ["{OTHER}"]', (f"guilds.{OTHER}.staff_role_ids", OTHER, "everyone")),
        ("[statuses]\nbookable = []", ("statuses.bookable", "at least one")),
        ('[statuses]\nbookable = "A"', ("statuses.bookable", "list")),
        ('[statuses]\ncancelled = ["SCHEDULED"]', ("statuses.cancelled", "SCHEDULED", "bookable as well")),
        ('[statuses]\ncompleted = "CONFIRMED"', ("statuses.completed", "bookable as well")),
        ('[naming]\nrole = "{short} {coach}"', ("naming.role", "every member sees")),
        ('[naming]\nchannel = "room"', ("naming.channel", "{short}")),
        ("[guilds.x]\n", ("guilds.x", "id")),
        (f'[guilds.{OTHER}]\nconcurrency = 3', (f"guilds.{OTHER}.concurrency", "[discord]")),
        (f'[guilds.{OTHER}]\ntoken_fil = "x"', (f"guilds.{OTHER}.token_fil", "token_file")),
        (f'[guilds.{OTHER}]\naccess = "both"', (f"guilds.{OTHER}.access", '"both"', '"member"')),
    ],
)  # fmt: skip
def test_problem_names_key_found_and_expected(more: str, words: tuple[str, ...]) -> None:
    (found,) = problems(LEAST + more)
    assert [word for word in words if word not in found] == []


@pytest.mark.parametrize(
    ("discord", "words"),
    [
        ("staff_role_ids = [5]", ("discord.staff_role_ids", "list of Discord ids")),
        (f'staff_role_ids = ["{GUILD}"]', ("discord.staff_role_ids", GUILD, "everyone")),
        ('category_id = "12"', ("discord.category_id", '"12"', "15 to 20 digits")),
        ('api_base = "http://discord.com/api"', ("discord.api_base", "https")),
        ("concurrency = true", ("discord.concurrency", "found true", "whole number")),
        ("max_requests_per_second = 0", ("discord.max_requests_per_second", "found 0")),
        ('timeout = "0s"', ("discord.timeout", '"0s"')),
        ('run_budget = "2d"', ("discord.run_budget", '"24h"')),
        ('tokn = "secret-of-mine"', ("discord.tokn", "token_file")),
    ],
)
def test_discord_problem_names_key_found_and_expected(discord: str, words: tuple[str, ...]) -> None:
    (found,) = problems(LEAST.replace("[store]", f"{discord}\n[store]"))
    assert [word for word in words if word not in found] == []


def test_unknown_key_never_shows_its_value() -> None:
    (found,) = problems(LEAST.replace("[store]", 'token = "secret-of-mine"\n[store]'))
    assert "secret-of-mine" not in found


def test_environment_problem_names_the_variable() -> None:
    (found,) = problems(LEAST, COACHSYNC_GUILD_ID="x")
    assert found.startswith("$COACHSYNC_GUILD_ID: ")


def test_store_url_is_not_shown_when_it_may_hold_a_password() -> None:
    (found,) = problems(LEAST, COACHSYNC_STORE="postgresql://me:hunter2@host/db")
    assert "hunter2" not in found


def test_later_key_is_accepted_at_its_default() -> None:
    assert settings('[windows]\nhold_occupied = "0m"').windows.hold_occupied == 0


def test_staff_roles_of_discord_may_not_be_everyone_in_a_guild_that_inherits_them() -> None:
    inherited = LEAST.replace("[store]", f'staff_role_ids = ["{OTHER}"]\n[guilds.{OTHER}]\n[store]')
    (found,) = problems(inherited)
    assert found.startswith(f'discord.staff_role_ids: found "{OTHER}"')


def test_everyone_is_known_by_the_environments_guild_id() -> None:
    (found,) = problems(LEAST + f'[privacy]\nalso = ["{OTHER}"]', COACHSYNC_GUILD_ID=OTHER)
    assert found.startswith("privacy.also: ")


def test_privacy_and_silence_are_as_the_file_says() -> None:
    found = settings(f'[privacy]\nstrangers = "report"\nalso = ["{OTHER}"]\n[schedule]\nmax_silence = "1h30m"')
    assert (found.privacy, found.schedule.max_silence) == (("report", (OTHER,)), 90 * MINUTE)


def test_section_inside_another_is_a_field_of_its_settings() -> None:
    assert settings().store == StoreSettings("sqlite:///sessions.db")
    assert settings('[store.columns]\nid = "uuid"').store.columns == ColumnSettings(id="uuid")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[store.columns]\nstrt = 5", ("store.columns.strt", "store.columns.start")),
        ("[store.columns]\nstart = 5", ("store.columns.start", "found 5")),
        ("columns = 5", ("store.columns", "found 5", "a section [store.columns]")),
        ("[store.colums]", ("store.colums", "store.columns")),
    ],
)
def test_problem_inside_a_nested_section_names_its_whole_path(more: str, words: tuple[str, ...]) -> None:
    (found,) = problems(LEAST + more)
    assert [word for word in words if word not in found] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('[store.columns]\nend = "a"\nduration = "b"', "store.columns.end: store.columns.duration is set as well"),
        ('[store.columns]\nstart = "a"\nscheduled_date = "b"', "store.columns.start: store.columns.scheduled_date is"),
        ('[store.columns]\nstart = "a"\nend = "a"', "store.columns.end: is the column of the start as well"),
        ("[store.columns]\nid = ''", "store.columns.id: found "),
        ("table = 'a.b.c'", "store.table: found "),
        ("time = 'days'", "store.time: found "),
        ("timezone = '+02:00'", "store.timezone: found "),
        ("ledger = 'json:///x'", "store.ledger: found "),
    ],
)
def test_a_mapping_that_makes_no_sense_names_its_key(more: str, words: str) -> None:
    (found,) = problems(LEAST + more)
    assert found.startswith(words)


def test_a_mapping_of_a_json_file_names_the_first_of_its_keys() -> None:
    (found,) = problems(LEAST + 'table = "bookings"', COACHSYNC_STORE="json:///x.json")
    assert found.startswith("store.table: the store is a JSON file")


def test_a_store_is_mapped_if_any_key_of_a_mapping_is_set() -> None:
    lines = ("", 'table = "b"', 'where = "1"', 'time = "s"', 'timezone = "UTC"', 'ledger = "sqlite:///x"')
    assert [settings(line).store.mapping is not None for line in lines] == [False, *[True] * 5]


def test_a_status_is_written_to_another_systems_table_only_if_the_file_names_it() -> None:
    said = ('[statuses]\ncompleted = "COMPLETED"', '[statuses]\ncompleted = ""', "")
    found = [settings(f'table = "b"\n[store.columns]\nstatus = "state"\n{more}').store.mapping for more in said]
    assert [mapping.writes("status") for mapping in found if mapping] == [True, False, False]
