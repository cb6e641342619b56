"""What the rest of coachsync sees of its configuration: checked, with all defaults in place, times in milliseconds.

One type for each section of the file, one field for each of its keys, under the key's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from coachsync.domain.clocktimes import TimeForm
from coachsync.domain.mapping import TableMapping
from coachsync.domain.model import Access, Millis, Warn
from coachsync.domain.naming import Templates
from coachsync.domain.windows import Policy

SourceType = Literal["ics", "json", "jsonl", "csv", "convex", "sql", "calcom"]


class DiscordSettings(NamedTuple):
    """`[discord]`, or what holds for one guild: its own section over `[discord]`.

    `token_file` is a path or "credential:NAME". `api_base` ends without a slash. `own_token` is true if the guild's
    own section names the token file, so that the environment does not replace it.
    """

    guild_id: str
    category_id: str | None
    staff_role_ids: tuple[str, ...]
    access: Access
    token_file: str | None
    api_base: str
    concurrency: int
    max_requests_per_second: int
    timeout: Millis
    run_budget: Millis
    own_token: bool = False


class ColumnSettings(NamedTuple):
    """`[store.columns]`: the column of each field, None for one that is not named. `start` is `scheduled_date`."""

    id: str | None = None
    status: str | None = None
    start: str | None = None
    scheduled_date: str | None = None
    end: str | None = None
    duration: str | None = None
    student_discord_id: str | None = None
    coach_discord_id: str | None = None
    student_discord_name: str | None = None
    coach_discord_name: str | None = None
    student_name: str | None = None
    coach_name: str | None = None
    participants: str | None = None
    guild_id: str | None = None
    discord_setup_complete: str | None = None
    discord_cleaned_up: str | None = None
    discord_channel_id: str | None = None
    discord_role_id: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Return field → column of those that are named."""
        fields = {"scheduled_date" if name == "start" else name: column for name, column in self._asdict().items()}
        fields["scheduled_date"] = self.start or self.scheduled_date
        return {field: column for field, column in fields.items() if column is not None}


class StoreSettings(NamedTuple):
    """`[store]`. `completes`: the file itself says which status a completed session gets."""

    url: str
    table: str | None = None
    where: str = ""
    time: TimeForm = "ms"
    timezone: str | None = None
    ledger: str | None = None
    columns: ColumnSettings = ColumnSettings()
    completes: bool = False

    @property
    def mapping(self) -> TableMapping | None:
        """Return how another system's table holds the bookings, None for a store as CONTRACT §4 has it."""
        columns = self.columns.named
        if not (self.table or self.where or self.timezone or self.ledger or columns) and self.time == "ms":
            return None
        table = self.table or "sessions"
        return TableMapping(table, self.where, self.time, self.timezone, columns, self.ledger, self.completes)

    @property
    def own(self) -> str:
        """Return the url of what coachsync writes its ledger to, and puts its lock beside."""
        return self.ledger or self.url


class StatusSettings(NamedTuple):
    """`[statuses]`, in the file's order: the first bookable and the first cancelled one is what coachsync writes."""

    bookable: tuple[str, ...]
    cancelled: tuple[str, ...]
    completed: str


class PrivacySettings(NamedTuple):
    """`[privacy]`: what becomes of strangers, and the ids of people and roles that are none."""

    strangers: Literal["remove", "report"]
    also: tuple[str, ...]


class WindowSettings(NamedTuple):
    """`[windows]`."""

    setup_opens: Millis
    setup_by: Millis
    cleanup_after: Millis
    catch_up: bool
    hold_occupied: Millis
    default_duration: Millis


class ScheduleSettings(NamedTuple):
    """`[schedule]`."""

    max_silence: Millis


class DisplaySettings(NamedTuple):
    """`[display]`: the name of the zone in which a terminal shows times, None for the host's."""

    timezone: str | None


class HeartbeatSettings(NamedTuple):
    """`[heartbeat]`: `url` is None for none; `fail_on` is the least exit status that is sent as one."""

    url: str | None
    fail_on: int
    start: bool
    names: bool


class NotifySettings(NamedTuple):
    """`[notify]`: the file of addresses, as it is written in the configuration; None for none."""

    file: str | None
    names: bool


class MetricsSettings(NamedTuple):
    """`[metrics]`: the file of figures, as it is written in the configuration; None for none."""

    textfile: str | None


class HookSettings(NamedTuple):
    """`[hooks]`: for each event a program's path and its arguments, () for none; `timeout` for one of them."""

    opened: tuple[str, ...]
    closed: tuple[str, ...]
    failed: tuple[str, ...]
    mended: tuple[str, ...]
    timeout: Millis


class AlertSettings(NamedTuple):
    """`[alerts]`: after how long something that is still wrong is told again."""

    repeat: Millis


class SourceSettings(NamedTuple):
    """`[sources.NAME]`: one place that bookings are pulled from.

    One of `url`, `path` and `command` is set. `map` is field → column, as it is written. Times are milliseconds.
    """

    name: str
    type: SourceType
    url: str | None
    path: str | None
    command: tuple[str, ...]
    query: str | None
    time: Literal["ms", "s", "iso", "timestamp"]
    timezone: str | None
    table: str
    token_file: str | None
    people: str | None
    map: Mapping[str, str]
    complete: bool
    every: Millis
    timeout: Millis


class Settings(NamedTuple):
    """The whole configuration, by section.

    `path` is the file's, `base_dir` its folder, absolute: relative paths start there. `guilds` holds what the
    `[guilds.ID]` sections make of `[discord]`, by id. `warnings`: what is wrong with how the file is kept.
    """

    path: str
    base_dir: str
    guilds: Mapping[str, DiscordSettings]
    discord: DiscordSettings
    store: StoreSettings
    statuses: StatusSettings
    privacy: PrivacySettings
    windows: WindowSettings
    naming: Templates
    schedule: ScheduleSettings
    alerts: AlertSettings
    display: DisplaySettings
    heartbeat: HeartbeatSettings
    notify: NotifySettings
    metrics: MetricsSettings
    hooks: HookSettings
    sources: tuple[SourceSettings, ...] = ()
    warnings: tuple[Warn, ...] = ()

    @property
    def guild_ids(self) -> frozenset[str]:
        """Return every guild that the configuration names."""
        return frozenset({self.discord.guild_id, *self.guilds})

    def guild(self, guild_id: str) -> DiscordSettings:
        """Return a guild's own settings: its section over `[discord]`, or `[discord]` under its id."""
        found = self.guilds.get(guild_id)
        return found if found is not None else self.discord._replace(guild_id=guild_id)

    @property
    def policy(self) -> Policy:
        """Return what `[statuses]` and `[windows]` decide about sessions."""
        return Policy(
            bookable=frozenset(self.statuses.bookable),
            cancelled=frozenset(self.statuses.cancelled),
            completed=self.statuses.completed,
            setup_opens=self.windows.setup_opens,
            setup_by=self.windows.setup_by,
            cleanup_after=self.windows.cleanup_after,
            catch_up=self.windows.catch_up,
        )
