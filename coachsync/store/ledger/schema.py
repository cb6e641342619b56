"""The SQL that makes the ledger's `coachsync_…` tables as they are now.

`{number}` and `{keyed}` stand for words of the database's own, see `store.sql`. The version of a ledger's tables is
in its `coachsync_meta`. Whoever changes them here raises `LEDGER_VERSION` and adds the step that brings older ones up
to it: see `migrations`. Times are milliseconds.
"""

from __future__ import annotations

LEDGER_VERSION = 2

# The least LEDGER_VERSION of a program that may read these tables, and write them; coachsync_meta says it where it is
# less than the version. Hosts that share a ledger are upgraded one after another: whoever only adds what an earlier
# program may do without leaves both as they are.
LEAST_READER = 2
LEAST_WRITER = 2

META_TABLE = "CREATE TABLE coachsync_meta (key TEXT PRIMARY KEY NOT NULL, value BIGINT NOT NULL){keyed}"

META_INDEX = "CREATE INDEX coachsync_meta_looks ON coachsync_meta (key) WHERE substr(key, 1, 5) = 'look:'"

# As coachsync_meta, for text
SPARE_INDEX = "CREATE INDEX coachsync_resources_spare ON coachsync_resources (session_id) WHERE state = 'spare'"
NOTES_TABLE = "CREATE TABLE coachsync_notes (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL){keyed}"

# `staff`: the ids of the staff roles that the room admits, with spaces between. `revision` counts how often the row was
# written, `written_by` is the run that wrote it last, `term` that of its lease: see `ledger.fence`.
ENTRIES_TABLE = """
CREATE TABLE coachsync_entries (
    session_id TEXT PRIMARY KEY NOT NULL,
    guild_id TEXT NOT NULL,
    access TEXT NOT NULL,
    short TEXT NOT NULL,
    role_name TEXT NOT NULL,
    channel_name TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    setup_start BIGINT NOT NULL,
    state TEXT NOT NULL,
    staff TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    closed_start BIGINT,
    missing_first BIGINT,
    missing_last BIGINT,
    repairs TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    written_by TEXT NOT NULL DEFAULT '',
    term BIGINT NOT NULL DEFAULT 0
)"""

ENTRIES_INDEXES = (
    "CREATE INDEX coachsync_entries_live ON coachsync_entries (session_id) WHERE state <> 'closed'",
    "CREATE INDEX coachsync_entries_closed ON coachsync_entries (ends_at) WHERE state = 'closed'",
    "CREATE INDEX coachsync_entries_short ON coachsync_entries (short)",
)

PEOPLE_TABLE = """
CREATE TABLE coachsync_people (
    session_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    user_id TEXT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    discord_name TEXT NOT NULL,
    PRIMARY KEY (session_id, position)
){keyed}"""

RESOURCES_TABLE = """
CREATE TABLE coachsync_resources (
    id {number},
    session_id TEXT,
    guild_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt_at BIGINT NOT NULL,
    attempt_until BIGINT,
    snowflake TEXT,
    made_at BIGINT,
    deleted_at BIGINT
)"""

# An attempt is the fence: of each kind a session, and of categories a guild, has one that is open.
ATTEMPTED_INDEXES = (
    "CREATE UNIQUE INDEX coachsync_resources_open ON coachsync_resources (session_id, kind) WHERE state = 'attempted'",
    "CREATE UNIQUE INDEX coachsync_resources_category ON coachsync_resources (guild_id)"
    " WHERE state = 'attempted' AND kind = 'category'",
    "CREATE INDEX coachsync_resources_unanswered ON coachsync_resources (session_id)"
    " WHERE state IN ('attempted', 'overtaken')",
)

SNOWFLAKE_INDEX = "CREATE INDEX coachsync_resources_snowflake ON coachsync_resources (snowflake)"

RESOURCES_INDEXES = (
    "CREATE INDEX coachsync_resources_session ON coachsync_resources (session_id)",
    *ATTEMPTED_INDEXES,
    SPARE_INDEX,
    SNOWFLAKE_INDEX,
    "CREATE INDEX coachsync_resources_made ON coachsync_resources (guild_id, kind, made_at)",
    "CREATE INDEX coachsync_resources_given_up ON coachsync_resources (guild_id) WHERE state = 'abandoned'",
)

# `seen_at`: when somebody was seen as a member of the guild, before they were let in; `observer`: 1 if to observe
GRANTS_TABLE = """
CREATE TABLE coachsync_grants (
    id {number},
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    granted_at BIGINT,
    revoked_at BIGINT,
    seen_at BIGINT,
    observer BIGINT NOT NULL DEFAULT 0
)"""

GRANTS_INDEX = "CREATE INDEX coachsync_grants_session ON coachsync_grants (session_id)"

# `requests`: how many a run sent to Discord, `uid`: the user who ran it, `host`: the name of the host it ran on,
# `program`: the version of coachsync there; NULL if nobody knows
RUNS_TABLE = """
CREATE TABLE coachsync_runs (
    id {number},
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    command TEXT NOT NULL,
    exit_code BIGINT,
    summary TEXT NOT NULL,
    requests BIGINT,
    uid BIGINT,
    host TEXT,
    program TEXT
)"""

RUNS_INDEX = "CREATE INDEX coachsync_runs_started ON coachsync_runs (started_at)"

# `code`, `message` and `hint`: what went wrong, NULL if nothing did; `host`: who did it, NULL if nobody knows
EVENTS_TABLE = """
CREATE TABLE coachsync_events (
    id {number},
    at BIGINT NOT NULL,
    session_id TEXT NOT NULL,
    what TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    code TEXT,
    message TEXT,
    hint TEXT,
    host TEXT
)"""

EVENTS_INDEXES = (
    "CREATE INDEX coachsync_events_session ON coachsync_events (session_id)",
    "CREATE INDEX coachsync_events_at ON coachsync_events (at)",
)

LIMITS_TABLE = (
    "CREATE TABLE coachsync_limits (guild_id TEXT PRIMARY KEY NOT NULL, roles_exhausted_until BIGINT NOT NULL)"
)

# What a run last saw in a guild and is not ours; `filled`: how many other channels stand in each category that rooms
# are put in, with spaces between.
SIGHTS_TABLE = """
CREATE TABLE coachsync_sights (
    guild_id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    roles BIGINT NOT NULL,
    channels BIGINT NOT NULL,
    filled TEXT NOT NULL
){keyed}"""

# What Discord last said of its limit on making roles in a guild
ROLE_WORDS_TABLE = """
CREATE TABLE coachsync_role_words (
    guild_id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    most BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    resets_at BIGINT NOT NULL
){keyed}"""

REPORTED_TABLE = """
CREATE TABLE coachsync_reported (
    session_id TEXT NOT NULL,
    code TEXT NOT NULL,
    start BIGINT NOT NULL,
    PRIMARY KEY (session_id, code, start)
){keyed}"""

# of what is forgotten some day: see `pruning`
REPORTED_INDEX = "CREATE INDEX coachsync_reported_start ON coachsync_reported (start) WHERE code <> 'past'"

# What is wrong, once for all sessions that wait for it. `guild_id` is "" for what concerns no guild; `sessions` is a
# JSON array of their ids, `turns` one of pairs: from when on each makes it soon, and late (null: never). `told` is a
# JSON object: channel → what it was told last, and when. `ended` is "", "mended" or "over": a cause that ended stays
# until each channel that was told of it was told its end. `about` is the one thing of several alike, such as a source.
CAUSES_TABLE = """
CREATE TABLE coachsync_causes (
    id {number},
    code TEXT NOT NULL,
    guild_id TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    sessions TEXT NOT NULL,
    since BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    urgency TEXT NOT NULL,
    turns TEXT NOT NULL,
    about TEXT NOT NULL,
    told TEXT NOT NULL,
    ended TEXT NOT NULL,
    ended_at BIGINT
)"""

CAUSES_INDEX = "CREATE INDEX coachsync_causes_code ON coachsync_causes (code, guild_id)"

# What programs of the operator's are told: `life` counts how often the session was closed before, `action` is the JSON
# object of what was done, `event_id` the line of the story.
HOOKS_TABLE = """
CREATE TABLE coachsync_hooks (
    session_id TEXT NOT NULL,
    life BIGINT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    action TEXT NOT NULL,
    event_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (session_id, life, event)
){keyed}"""

# What runs did since the ledger was made, for monitors: a count only ever grows.
COUNTERS_TABLE = "CREATE TABLE coachsync_counters (name TEXT PRIMARY KEY NOT NULL, value BIGINT NOT NULL){keyed}"

HOOKS_INDEXES = (
    "CREATE INDEX coachsync_hooks_owed ON coachsync_hooks (state) WHERE state <> 'done'",
    "CREATE INDEX coachsync_hooks_failed ON coachsync_hooks (session_id) WHERE event = 'failed'",
    "CREATE INDEX coachsync_hooks_at ON coachsync_hooks (at)",
)

# What an operator paused: one session, one guild, or everything (both ids are "" then). `removals`: 0 or 1
PAUSES_TABLE = """
CREATE TABLE coachsync_pauses (
    session_id TEXT NOT NULL,
    guild_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    reason TEXT NOT NULL,
    removals BIGINT NOT NULL,
    PRIMARY KEY (session_id, guild_id)
){keyed}"""

# What a guild refused last, or Discord for one token: see `domain.refusals`. `removals`: a JSON array of session ids.
REFUSALS_TABLE = """
CREATE TABLE coachsync_refusals (
    key TEXT PRIMARY KEY NOT NULL,
    asked TEXT NOT NULL,
    times BIGINT NOT NULL,
    at BIGINT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    removals TEXT NOT NULL
)"""

# How many answers of a host were 401, 403 or 429, by the minute in which they came
REFUSED_TABLE = """
CREATE TABLE coachsync_refused (
    host TEXT NOT NULL,
    minute BIGINT NOT NULL,
    answers BIGINT NOT NULL,
    PRIMARY KEY (host, minute)
){keyed}"""

# What an import or a source said of a booking last. `booking` and `rest` are digests: of when and whose it is, joined
# by a dot, and of all else; without whose and all else once one of its people was forgotten. `missing_…`: when it was
# first and last not among what the source has.
SAID_TABLE = """
CREATE TABLE coachsync_said (
    session_id TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL,
    status TEXT NOT NULL,
    booking TEXT NOT NULL,
    rest TEXT NOT NULL,
    at BIGINT NOT NULL,
    missing_first BIGINT,
    missing_last BIGINT
){keyed}"""

SAID_INDEX = "CREATE INDEX coachsync_said_source ON coachsync_said (source)"

# Our marks on the bookings of a table that has no columns for them
MARKS_TABLE = """
CREATE TABLE coachsync_marks (
    session_id TEXT PRIMARY KEY NOT NULL,
    discord_setup_complete SMALLINT NOT NULL,
    discord_cleaned_up SMALLINT NOT NULL,
    discord_channel_id TEXT,
    discord_role_id TEXT
){keyed}"""
MARKS_INDEX = "CREATE INDEX coachsync_marks_open ON coachsync_marks (discord_cleaned_up)"

# Whose a Discord user name is that stands in a booking in place of an id, as it was looked up: see `domain.user_names`.
# `ends_at`: when the booking ends.
NAMES_TABLE = """
CREATE TABLE coachsync_names (
    session_id TEXT NOT NULL,
    guild_id TEXT NOT NULL,
    name TEXT NOT NULL,
    result TEXT NOT NULL,
    user_id TEXT,
    at BIGINT NOT NULL,
    shown TEXT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, guild_id, name)
){keyed}"""

NAMES_INDEX = "CREATE INDEX coachsync_names_ends ON coachsync_names (ends_at)"

# What is known of each source of bookings. `fingerprint`: of how it is read; `etag` and `modified`: by which it says
# whether anything is new; `digest`: of what it said; `tried_at`: when it was last asked, `good_at`: when it answered,
# `taken_at`: when its whole answer was last taken in, NULL if that is to be done again; `asked_from`: not before then
SOURCES_TABLE = """
CREATE TABLE coachsync_sources (
    name TEXT PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL,
    etag TEXT NOT NULL,
    modified TEXT NOT NULL,
    digest TEXT NOT NULL,
    tried_at BIGINT NOT NULL,
    good_at BIGINT,
    taken_at BIGINT,
    asked_from BIGINT NOT NULL
){keyed}"""

# Which run works with which bot, where several hosts share a database: see `store.leases`. `holder` is a random id of
# the run, `host` its name for people; `since`, `renewed` and `until` are by the database's clock; `spent` is what it
# used of Discord's limit for one second before it ended, in milliseconds before that.
LEASES_TABLE = """
CREATE TABLE coachsync_leases (
    bot TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    term BIGINT NOT NULL,
    since BIGINT NOT NULL,
    renewed BIGINT NOT NULL,
    until BIGINT NOT NULL,
    host TEXT NOT NULL,
    spent TEXT NOT NULL
){keyed}"""

LEDGER_TABLES = (
    META_TABLE,
    META_INDEX,
    NOTES_TABLE,
    ENTRIES_TABLE,
    *ENTRIES_INDEXES,
    PEOPLE_TABLE,
    RESOURCES_TABLE,
    *RESOURCES_INDEXES,
    GRANTS_TABLE,
    GRANTS_INDEX,
    RUNS_TABLE,
    RUNS_INDEX,
    EVENTS_TABLE,
    *EVENTS_INDEXES,
    LIMITS_TABLE,
    SIGHTS_TABLE,
    ROLE_WORDS_TABLE,
    REPORTED_TABLE,
    REPORTED_INDEX,
    CAUSES_TABLE,
    CAUSES_INDEX,
    HOOKS_TABLE,
    *HOOKS_INDEXES,
    COUNTERS_TABLE,
    PAUSES_TABLE,
    REFUSALS_TABLE,
    REFUSED_TABLE,
    SAID_TABLE,
    SAID_INDEX,
    MARKS_TABLE,
    MARKS_INDEX,
    NAMES_TABLE,
    NAMES_INDEX,
    SOURCES_TABLE,
    LEASES_TABLE,
)
