"""Every section and key of the configuration file: validation, the template and the settings are made from them.

A new key is a line here and a field in its section's type, in `settings`. A section inside another one goes by its
whole name ("store.columns"), and its type is a field of the outer one's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from coachsync.config import settings as s
from coachsync.config import values as v
from coachsync.config.naming import channel_template, role_template
from coachsync.domain.limits import REQUESTS_PER_SECOND
from coachsync.domain.model import DAY, MINUTE, Access
from coachsync.domain.naming import DEFAULT, Templates

ACCESS: tuple[Access, ...] = ("role", "member")
DEFAULT_API_BASE = "https://discord.com/api/v10"


class Key(NamedTuple):
    """One key: where it stands, what it takes, what it is without being set, and what a reader should know.

    `default` is written as in TOML; None means that the key has none. `per_guild`: a `[guilds.ID]` section may set it
    for itself. `later`: only the default is taken yet.
    """

    section: str
    name: str
    parse: v.Parser
    default: Any
    doc: str
    env: str = ""
    required: bool = False
    per_guild: bool = False
    later: bool = False
    example: Any = None

    @property
    def path(self) -> str:
        """Return the key as errors name it."""
        return f"{self.section}.{self.name}"


class Section(NamedTuple):
    """What a reader should know about a section, and the type that holds its values (none for a section per guild)."""

    doc: str
    holds: Callable[..., Any] | None


SECTIONS: dict[str, Section] = {
    "discord": Section("The guild, the bot and how hard it may work.", s.DiscordSettings),
    "guilds": Section("Another guild with its own settings: [guilds.ID]. Unset keys fall back to [discord].", None),
    "store": Section("Where the bookings are. Relative paths are relative to this file.", s.StoreSettings),
    "store.columns": Section(
        'Another system\'s table as the store: field = "column". `init --from-database URL` proposes it.',
        s.ColumnSettings,
    ),
    "sources": Section("Where bookings are pulled from by every run: [sources.NAME].", None),
    "statuses": Section("What the booking system's statuses mean. Any other gets no room.", s.StatusSettings),
    "privacy": Section("Who else may enter a room.", s.PrivacySettings),
    "windows": Section("When rooms open and close.", s.WindowSettings),
    "naming": Section(
        "Templates: {short} or {id} must occur; the channel's may also hold {student} and {coach}.", Templates
    ),
    "schedule": Section("What a monitor may expect.", s.ScheduleSettings),
    "alerts": Section("What `run --quiet` tells, and whoever is told beside it.", s.AlertSettings),
    "display": Section("How a terminal shows it. Piped output and JSON are in UTC.", s.DisplaySettings),
    "heartbeat": Section("An address that hears of every run, as healthchecks does it.", s.HeartbeatSettings),
    "notify": Section("Messages to people: pip install 'coachsync[notify]'.", s.NotifySettings),
    "metrics": Section("Figures for Prometheus: pip install 'coachsync[metrics]'.", s.MetricsSettings),
    "hooks": Section("Programs that are started when something happened to a session.", s.HookSettings),
}
"""All sections in the order of the file."""

_hours = v.duration_between(0, 366 * DAY, "of at most 366 days")

# field, what a reader should know, an example
_COLUMNS = (
    ("id", "unique, a text or a number", "uuid"),
    ("status", "what [statuses] lists; written only if the file sets statuses.completed", "state"),
    ("start", "when it starts", "starts_at"),
    ("scheduled_date", "the same, by its other name", "starts_at"),
    ("end", "when it ends, instead of duration", "ends_at"),
    ("duration", "in minutes", "minutes"),
    ("student_discord_id", "the student's Discord user id", "student_discord"),
    ("coach_discord_id", "the coach's Discord user id", "coach_discord"),
    ("student_discord_name", "the student's Discord user name, if there is no id", "student_discord_name"),
    ("coach_discord_name", "the coach's Discord user name, if there is no id", "coach_discord_name"),
    ("student_name", "for people to read", "student"),
    ("coach_name", "for people to read", "coach"),
    ("participants", "people as a JSON array", "people"),
    ("guild_id", "the guild's id", "guild"),
    ("discord_setup_complete", "written: whether the room is open", "room_open"),
    ("discord_cleaned_up", "written: whether it is gone again", "room_gone"),
    ("discord_channel_id", "written: the room's id", "room_id"),
    ("discord_role_id", "written: the role's id", "role_id"),
)

KEYS: tuple[Key, ...] = (
    Key("discord", "guild_id", v.snowflake, None, "default guild; a session may name its own",
        env="COACHSYNC_GUILD_ID", required=True, example="1100000000000000000"),
    Key("discord", "category_id", v.optional_snowflake, None, "optional: rooms are made under this category",
        env="COACHSYNC_CATEGORY_ID", per_guild=True, example="1100000000000000001"),
    Key("discord", "staff_role_ids", v.snowflakes, [], "optional: roles that may enter every room",
        per_guild=True),
    Key("discord", "access", v.one_of(*ACCESS), "role",
        'or "member": no role, the room itself admits its two people', per_guild=True),
    Key("discord", "token_file", v.token_source, None,
        'or "credential:NAME"; unset: $COACHSYNC_TOKEN, then credential:discord-token',
        per_guild=True, example="/etc/coachsync/token"),
    Key("discord", "api_base", v.api_base, DEFAULT_API_BASE, "Discord's address", env="COACHSYNC_API_BASE",
        per_guild=True),
    Key("discord", "concurrency", v.whole_number(1, 1000), 16, "sessions worked on at once, at most"),
    Key("discord", "max_requests_per_second", v.whole_number(1, 1000), REQUESTS_PER_SECOND,
        "lower it if the bot shares its token", per_guild=True),
    Key("discord", "timeout", v.duration_between(1000, 10 * MINUTE, 'from "1s" to "10m"'), "10s",
        "one whole request, name look-up and answer included", per_guild=True),
    Key("discord", "run_budget", v.duration_between(1000, DAY, 'from "1s" to "24h"'), "12m",
        "a run never outlives this; what is left is deferred to the next one"),
    Key("store", "url", v.store_url, None, "sqlite:///FILE or json:///FILE, four slashes for an absolute path; or postgresql://USER@HOST/DATABASE",
        env="COACHSYNC_STORE", required=True, example="sqlite:///sessions.db"),
    Key("store", "table", v.table_name, None, "optional: another system's table or view; it is only read",
        example="bookings"),
    Key("store", "where", v.text, "", "optional: SQL that every query of that table is narrowed by"),
    Key("store", "time", v.one_of("ms", "s", "iso", "timestamp"), "ms", "how that table keeps times"),
    Key("store", "timezone", v.zone, None, "the zone of that table's times that carry none", example="Europe/Berlin"),
    Key("store", "ledger", v.ledger_url, None, "optional: what coachsync remembers, if that database is only read",
        example="sqlite:////var/lib/coachsync/ledger.db"),
    *(Key("store.columns", field, v.column_name, None, doc, example=example) for field, doc, example in _COLUMNS),
    Key("statuses", "bookable", v.some_words, ["SCHEDULED", "CONFIRMED", "IN_PROGRESS"], "get a room"),
    Key("statuses", "cancelled", v.words, ["CANCELLED"], "lose it at once"),
    Key("statuses", "completed", v.text, "COMPLETED",
        'written when a bookable session is cleaned up, to another system\'s table only if it is set here; ""'
        " writes nothing", example="COMPLETED"),
    Key("privacy", "strangers", v.one_of("remove", "report"), "remove",
        'or "report": what to do if a room lets in somebody it should not'),
    Key("privacy", "also", v.snowflakes, [], "optional: ids of people and roles that may be let in by hand"),
    Key("windows", "setup_opens", v.duration_between(1000, 366 * DAY, 'from "1s" to "366d"'), "3h",
        "setup may begin this long before the start"),
    Key("windows", "setup_by", _hours, "2h", "and is late from here on"),
    Key("windows", "cleanup_after", _hours, "1h", "after the end"),
    Key("windows", "catch_up", v.flag, True, "a session that missed its window is still set up, until it ends"),
    Key("windows", "hold_occupied", _hours, "0m", "not built yet: only this value", later=True),
    Key("windows", "default_duration", v.duration_between(MINUTE, DAY, 'from "1m" to "24h"'), "60m",
        "of a session that names none"),
    Key("naming", "role", role_template, DEFAULT.role, "every member sees role names: no people in them"),
    Key("naming", "channel", channel_template, DEFAULT.channel, "the voice room"),
    Key("schedule", "max_silence", _hours, "45m", "no run for longer than this is a failure"),
    Key("alerts", "repeat", _hours, "24h", 'what is still wrong is told again after this; "0s": by every run'),
    Key("display", "timezone", v.zone, None, "optional: the zone of times on a terminal; unset: the host's",
        example="Europe/Berlin"),
    Key("heartbeat", "url", v.heartbeat_url, None, "asked after every run, with /EXIT behind it if the run failed",
        example="https://hc-ping.com/your-uuid"),
    Key("heartbeat", "fail_on", v.whole_number(1, 3), 3, "or 1: a session that failed is a failure, too"),
    Key("heartbeat", "start", v.flag, False, "also say when a run begins"),
    Key("heartbeat", "names", v.flag, False, "name people in what is sent"),
    Key("notify", "file", v.path, None, "one address a line, as apprise has them; its mode as the token's",
        example="notify.urls"),
    Key("notify", "names", v.flag, False, "name people in what is sent"),
    Key("metrics", "textfile", v.path, None, "written after every run, for node_exporter's textfile collector",
        example="/var/lib/prometheus/node-exporter/coachsync.prom"),
    Key("hooks", "opened", v.program, [], "when everybody is in: a program and its arguments, no shell",
        example=["/usr/local/bin/room-opened"]),
    Key("hooks", "closed", v.program, [], "when the room is gone"),
    Key("hooks", "failed", v.program, [], "when something went wrong with a session"),
    Key("hooks", "mended", v.program, [], "when it is right again"),
    Key("hooks", "timeout", v.duration_between(1000, 10 * MINUTE, 'from "1s" to "10m"'), "10s",
        "a program that takes longer is ended"),
)  # fmt: skip
"""All keys in the order of the file."""

SOURCE_TYPES = ("ics", "json", "jsonl", "csv", "convex", "sql", "calcom")

SOURCE_KEYS: tuple[Key, ...] = (
    Key("sources.NAME", "type", v.one_of(*SOURCE_TYPES), None, ", ".join(SOURCE_TYPES), required=True, example="ics"),
    Key("sources.NAME", "url", v.source_url, None, "its address: https, or http to this host; of sql a database's",
        example="https://calendar.example/basic.ics"),
    Key("sources.NAME", "path", v.path, None, "or a file", example="bookings.csv"),
    Key("sources.NAME", "command", v.program, [], "or a program that prints it: path and arguments, no shell",
        example=["/usr/local/bin/bookings", "--json"]),
    Key("sources.NAME", "query", v.text, None, "of sql: SELECT …, its columns named as fields",
        example="SELECT id, status, starts_at AS start FROM bookings"),
    Key("sources.NAME", "time", v.one_of("ms", "s", "iso", "timestamp"), "ms", "of sql: how times are written"),
    Key("sources.NAME", "timezone", v.zone, None, "of times that carry no zone: without it they are refused",
        example="Europe/Berlin"),
    Key("sources.NAME", "table", v.text, "sessions", "of convex: the table of the export"),
    Key("sources.NAME", "token_file", v.token_source, None,
        'or "credential:NAME": sent as Authorization: Bearer; of sql the password', example="credential:booking-page"),
    Key("sources.NAME", "people", v.path, None, "optional: who has which Discord id, a TOML file",
        example="people.toml"),
    Key("sources.NAME", "map", v.text_table, {}, "optional: field = column, as --map of sessions import",
        example={"student": "attendee"}),
    Key("sources.NAME", "complete", v.flag, False, "true: what is missing from it was cancelled"),
    Key("sources.NAME", "every", v.duration_between(0, 366 * DAY, "of at most 366 days"), "0s",
        "pulled at most this often"),
    Key("sources.NAME", "timeout", v.duration_between(1000, 10 * MINUTE, 'from "1s" to "10m"'), "10s",
        "one whole pull"),
)  # fmt: skip
"""The keys of each `[sources.NAME]`; `config.sources` says what goes together."""

PER_GUILD: tuple[Key, ...] = tuple(key for key in KEYS if key.per_guild)
ENVIRONMENT: tuple[str, ...] = ("COACHSYNC_TOKEN", *(key.env for key in KEYS if key.env))


def keys_of(section: str) -> tuple[Key, ...]:
    """Return a section's keys in the order of the file."""
    return tuple(key for key in KEYS if key.section == section)


def sections_in(section: str) -> dict[str, str]:
    """Return the sections directly inside one ("" for the file): name there → whole name."""
    return {name.rpartition(".")[2]: name for name in SECTIONS if name.rpartition(".")[0] == section}
