"""The nouns of coachsync: bookings, what the ledger remembers of them, and what a tick means to do.

Pure data. Times are integer milliseconds since the Unix epoch (UTC), snowflakes are strings of digits.
NamedTuples if values never change (cheap to define: every idle tick loads this module), slotted
dataclasses if the step machine writes progress into them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from coachsync.domain.drift import Drift
from coachsync.domain.failure import Failure
from coachsync.domain.states import ClosedBy, EntryState, GrantState, ResourceState

if TYPE_CHECKING:
    from coachsync.domain.causes import Followed
    from coachsync.domain.user_names import Lookup

Millis = int

MINUTE: Millis = 60_000
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

Access = Literal["role", "member"]
ActionKind = Literal["setup", "cleanup", "revoke", "update", "repair"]
OutcomeKind = Literal["done", "failed", "refused", "planned", "deferred"]
ResourceKind = Literal["role", "channel", "category"]
PersonKind = Literal["student", "coach", "observer"]

ACTION_KINDS: tuple[ActionKind, ...] = ("setup", "cleanup", "revoke", "update", "repair")
OUTCOME_KINDS: tuple[OutcomeKind, ...] = ("done", "failed", "refused", "planned", "deferred")


class Person(NamedTuple):
    """Somebody of a booking: `id` is their Discord user id, None if they have linked no account.

    `unread`: the booking says something of them that cannot be understood, so `id`, or at least `kind`, says nothing.
    `discord_name` is the Discord user name that somebody typed in, "" if none.
    """

    id: str | None
    kind: PersonKind
    name: str = ""
    unread: bool = False
    discord_name: str = ""

    @property
    def observes(self) -> bool:
        """Return whether they may see, hear and read, and nothing more."""
        return self.kind == "observer"

    @property
    def called(self) -> str:
        """Return what a person reads: the name, else the id, else the user name that somebody typed in, else ""."""
        return self.name or self.id or self.discord_name


class Session(NamedTuple):
    """One booking as the store holds it, read and checked.

    `start` and `end` are 0 if the row's times cannot be understood; `flaw` then says why. `statuses` are those of all
    the rows that bear one id between them, empty for an id that occurs once. `lookups`: what is known of the user names
    that stand in place of ids; whom they were found to be is in `people`.
    """

    id: str
    status: str
    start: Millis
    end: Millis
    guild_id: str
    people: tuple[Person, ...]
    set_up: bool
    cleaned_up: bool
    channel_id: str | None
    role_id: str | None
    flaw: Failure | None = None
    statuses: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the user ids of everybody linked, each once, in the booking's order."""
        return tuple(dict.fromkeys(p.id for p in self.people if p.id))

    @property
    def observers(self) -> tuple[str, ...]:
        """Return the user ids of those who only observe."""
        return tuple(i for i in self.ids if i not in self.speakers)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Return the user ids of those who may speak, each once: students and coaches."""
        return tuple(dict.fromkeys(p.id for p in self.people if p.id and not p.observes))

    def one(self, kind: PersonKind) -> Person:
        """Return the first person of a kind; somebody unknown if there is none."""
        return next((p for p in self.people if p.kind == kind), Person(None, kind))


class Span(NamedTuple):
    """Which bookings a tick must see beside those that are open: start between `since` and `until`, inclusive.

    `open_since` bounds how old an open booking (marks set, not cleaned up) may be and still be looked at.
    """

    since: Millis
    until: Millis
    open_since: Millis


@dataclass(slots=True)
class Resource:
    """One role, channel or category: an attempt to make it and, once known, its snowflake.

    `attempt_at` and `attempt_until` are on Discord's clock: the create was in flight between them;
    `attempt_until` is None while we do not know. `rowid` is 0 until the ledger has stored it.
    """

    kind: ResourceKind
    name: str
    guild_id: str
    state: ResourceState = "attempted"
    attempt_at: Millis = 0
    attempt_until: Millis | None = None
    snowflake: str | None = None
    made_at: Millis | None = None
    deleted_at: Millis | None = None
    rowid: int = 0

    @property
    def is_there(self) -> bool:
        """Return whether it is in Discord as far as we know."""
        return self.state in ("made", "spare")

    @property
    def unanswered(self) -> bool:
        """Return whether a create was, or may have been, sent and its answer is not known."""
        return self.state in ("attempted", "overtaken")


@dataclass(slots=True)
class Grant:
    """One person's access to one session.

    `seen_at` is when they were seen as a member of the guild before they were let in, None if never. `observer`: they
    are let in to observe, by an overwrite of their own. `rowid` is 0 until the ledger has stored it.
    """

    user_id: str
    state: GrantState = "asked"
    granted_at: Millis | None = None
    revoked_at: Millis | None = None
    seen_at: Millis | None = None
    observer: bool = False
    rowid: int = 0


@dataclass(slots=True)
class Entry:
    """What the ledger remembers of one session's current life.

    `start` and `end` are the booking's latest known times, `setup_start` its start when setup began.
    `closed_start` is the start the session had when it was closed. `missing_first`/`missing_last` are the first
    and last finished run that did not find the booking in the store. `repairs` counts what was done
    once already, by what it was ("channel", "grant:ID" …). `staff` are the staff roles that the room admits.
    `revision` counts how often it was written, 0 for one that the ledger does not have yet: it is written only if
    nobody else wrote it meanwhile.
    """

    session_id: str
    guild_id: str
    access: Access
    short: str
    role_name: str
    channel_name: str
    start: Millis
    end: Millis
    setup_start: Millis
    state: EntryState = "opening"
    people: tuple[Person, ...] = ()
    staff: tuple[str, ...] = ()
    opened_at: Millis = 0
    closed_by: ClosedBy = ""
    closed_start: Millis | None = None
    missing_first: Millis | None = None
    missing_last: Millis | None = None
    repairs: dict[str, int] = field(default_factory=dict)
    resources: list[Resource] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    revision: int = 0

    @property
    def live(self) -> bool:
        """Return whether something was begun for this session and has not been removed."""
        return self.state != "closed"

    def current(self, kind: ResourceKind) -> Resource | None:
        """Return the role or channel that the session has."""
        return next((r for r in self._here() if r.kind == kind and r.state == "made"), None)

    @property
    def names(self) -> Names:
        """Return the names of the session's role and room."""
        return Names(self.short, self.role_name, self.channel_name)

    def spares(self) -> list[Resource]:
        """Return what is there beside the current role and channel, and must go."""
        return [r for r in self._here() if r.state == "spare"]

    def open_attempts(self) -> list[Resource]:
        """Return the creates whose answer is not known."""
        return [r for r in self._here() if r.unanswered]

    def _here(self) -> list[Resource]:
        return [r for r in self.resources if r.guild_id == self.guild_id]

    def left_behind(self) -> list[Resource]:
        """Return what is, or may be, left where this life is not: in a guild that was out of reach when it moved."""
        elsewhere = [r for r in self.resources if self.state == "closed" or r.guild_id != self.guild_id]
        return [r for r in elsewhere if r.is_there or (r.unanswered and r.guild_id != self.guild_id)]

    def attempt(self, attempt: Resource) -> None:
        """Note a create that is about to be sent: the one that is open, of the kinds there is one of each at a time."""
        for former in self.resources:
            if former.kind == attempt.kind and former.state == "attempted":
                former.state = "overtaken"
        self.resources.append(attempt)

    def reopen(self) -> None:
        """Take back that an operator closed this life: the session may begin a new one."""
        self.closed_by, self.closed_start = "revoked", None

    def leave_behind(self, start: Millis, now: Millis) -> None:
        """End this life as if it were revoked, with all that it has still there: the guild is out of reach."""
        for resource in self.resources:
            if resource.state == "made":
                resource.state = "spare"  # which is what must go
        self.close("revoked", start, now)

    def grant_of(self, person: str) -> Grant | None:
        """Return a person's grant that is not revoked."""
        return next((g for g in self.grants if g.user_id == person and g.state != "revoked"), None)

    def ask(self, person: str, *, observer: bool = False) -> Grant:
        """Note, before it is sent, that a request lets this person in, to speak or to observe; return their grant."""
        never_in = (g for g in self.grants if g.user_id == person and g.state == "revoked" and g.granted_at is None)
        grant = self.grant_of(person) or next(never_in, None)
        if grant is None:
            grant = Grant(person, observer=observer)
            self.grants.append(grant)
        elif grant.state != "granted" or grant.observer != observer:
            grant.state, grant.revoked_at, grant.observer = "asked", None, observer
        return grant

    def granted(self) -> tuple[str, ...]:
        """Return who was let in."""
        return tuple(g.user_id for g in self.grants if g.state == "granted")

    def speakers(self) -> tuple[str, ...]:
        """Return who was let in to speak: by the session's role, if its access is by role."""
        return tuple(g.user_id for g in self.grants if g.state == "granted" and not g.observer)

    def leaving(self, session: Session) -> list[Grant]:
        """Return who has, or may have, access and is not in the booking any more, or now only observes."""
        ids, observers = set(session.ids), set(session.observers)
        held = (g for g in self.grants if g.state != "revoked")
        return [g for g in held if g.user_id not in ids or (g.user_id in observers and not g.observer)]

    def lacking(self, session: Session) -> list[str]:
        """Return who of the booking is not in yet, or not as who they are in it."""
        inside = {(g.user_id, g.observer) for g in self.grants if g.state == "granted"}
        observers = set(session.observers)
        return [i for i in session.ids if (i, i in observers) not in inside]

    def close(self, by: ClosedBy, start: Millis, now: Millis) -> None:
        """End this life: nobody has access any more."""
        self.state, self.closed_by, self.closed_start = "closed", by, start
        self.repairs = {}
        for grant in self.grants:
            if grant.state != "revoked":
                grant.state, grant.revoked_at = "revoked", now


class Action(NamedTuple):
    """One thing that a tick means to do for one session.

    `entry` is None for a session that the ledger does not know. `names` holds the short name and the role and
    channel name that a new life gets; it is None if the entry already has them. `closed_by` is why a
    cleanup closes the session. `why` lists the drift that a repair mends.
    """

    kind: ActionKind
    session: Session
    entry: Entry | None
    guild_id: str
    reason: str
    names: Names | None = None
    closed_by: ClosedBy = ""
    why: tuple[Drift, ...] = ()


class Names(NamedTuple):
    """How a session's role and channel are called: `short`, and the two rendered names."""

    short: str
    role: str
    channel: str


class Warn(NamedTuple):
    """Something an operator should know that did not make a session fail; `guild_id` is "" if it concerns none.

    `hint`: what to do, "" if the message says it. `about` names the one thing of several alike: see `causes.Cause`.
    """

    code: str
    session: str | None
    message: str
    guild_id: str = ""
    hint: str = ""
    about: str = ""


class Outcome(NamedTuple):
    """How one action ended.

    `standing` is what is still wrong afterwards, each by itself: None if that is just `error`. A leak that was mended
    is an error and stands no more.
    """

    action: Action
    outcome: OutcomeKind
    access: Access
    role_id: str | None
    channel_id: str | None
    requests: int
    duration_ms: int
    error: Failure | None
    standing: tuple[Failure, ...] | None = None

    @property
    def only_paused(self) -> bool:
        """Return whether this waits for nothing but the end of an operator's pause: no failure, until it is late."""
        return self.outcome == "deferred" and self.error is not None and self.error.code == "paused"

    @property
    def failed(self) -> bool:
        """Return whether this counts in the exit status; a leak that was mended does, too."""
        amiss = self.outcome in ("failed", "refused", "deferred") or self.error is not None
        return amiss and not self.only_paused


class Elsewhere(NamedTuple):
    """What a run left to another host, which works with the bot of these guilds since a moment of the database's."""

    bot: str
    host: str
    since: Millis
    guild_ids: tuple[str, ...]


class Report(NamedTuple):
    """All that one call of run, setup or cleanup decided and did.

    `requests` counts the whole run's, `rate_limited` those of them that Discord answered with a 429. `notes` are plain
    sentences for people (nothing to do, what may be left). `unusable` is why the run as a whole could not work.
    `followed`: what became of the causes, None if nothing is wrong nor was. `recorded`: it is in the ledger.
    `elsewhere` is what was left to other hosts.
    """

    command: str
    now: Millis
    dry_run: bool
    requests: int
    outcomes: tuple[Outcome, ...]
    warnings: tuple[Warn, ...]
    exit_code: int
    notes: tuple[str, ...] = ()
    unusable: Failure | None = None
    followed: Followed | None = None
    recorded: bool = False
    rate_limited: int = 0
    elsewhere: tuple[Elsewhere, ...] = ()


class RunRecord(NamedTuple):
    """One past run as the ledger keeps it; `finished_at` and `exit_code` are None for one that never ended.

    `summary` is action kind → outcome kind → count. `requests` is how many it sent to Discord, `uid` the number of the
    user who ran it; None if that is not known. `host` is the name of the host that it ran on, `program` the version of
    coachsync there; "" if that is not known.
    """

    started_at: Millis
    finished_at: Millis | None
    command: str
    exit_code: int | None
    summary: dict[str, dict[str, int]]
    requests: int | None = None
    uid: int | None = None
    host: str = ""
    program: str = ""

    @property
    def took(self) -> Millis | None:
        """Return how long it took; None if it never ended. A clock that was set back meanwhile makes it 0."""
        return None if self.finished_at is None else max(0, self.finished_at - self.started_at)


class Event(NamedTuple):
    """One line of a session's story: when, what was done ("setup", "role made", …), how it ended, detail.

    `failure` is what an action failed or was refused with. `host` is the name of the host that did it, "" if that is
    not known; the ledger puts it down.
    """

    at: Millis
    session_id: str
    what: str
    outcome: str
    detail: str
    failure: Failure | None = None
    host: str = ""
