"""One action at work: the session, its ledger entry, its guild, and how its progress gets on disk.

The ledger is written before a request that could make something, and what an answer told is on disk before that
session's next request. To save a commit, the news of one step is written together with the announcement of the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from coachsync import waits
from coachsync.discord.api import How
from coachsync.discord.errors import DiscordError, RateLimited, UnexpectedAnswer
from coachsync.domain.audience import Privacy
from coachsync.domain.failure import Failure
from coachsync.domain.guild_objects import Channel
from coachsync.domain.marks import Marks
from coachsync.domain.model import MINUTE, Action, Entry, Event, Millis, Names, Person, Resource, ResourceKind, Session
from coachsync.domain.naming import Templates, bare, free_hash, hash_of, render, same_name
from coachsync.domain.ownership import LATE
from coachsync.domain.snowflake import made_at
from coachsync.engine.journal import Journal
from coachsync.engine.slots import Slots
from coachsync.engine.steps.category import Shelf
from coachsync.guild.picture import Guild
from coachsync.store.base import Transaction

if TYPE_CHECKING:
    from coachsync.domain.pauses import Hold
    from coachsync.domain.planned import Refused
    from coachsync.domain.windows import Policy


_OLDEST: Millis = 10 * MINUTE  # what a create made is younger than the longest wait for a limit, and clocks differ


class Trouble(Exception):  # noqa: N818 - it is a failure's vehicle, not an error of the program
    """An action cannot be completed; `refused` if it would touch what is not ours.

    `failure` says it all at once, `amiss` one by one.
    """

    def __init__(self, failure: Failure, *, refused: bool = False, amiss: tuple[Failure, ...] | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.refused = refused
        self.amiss = (failure,) if amiss is None else amiss


class HeldBack(Trouble):
    """An operator paused the session while a run was at it: what gives access goes no further."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.failure)
        self.late = refused.outcome == "failed"


_COULD = {
    "room": "could enter the room",
    "role": "hold the role",
    "voice": "could speak or write in the room",
}


class Leak(NamedTuple):
    """Somebody who could enter a room, or speak in it, and should not.

    Who, for people; which room or role; whether that has an end.
    """

    whom: str
    where: str
    mended: bool
    by: Literal["room", "role", "voice"] = "room"

    @property
    def words(self) -> str:
        """Return it as a sentence's part."""
        what = _COULD[self.by]
        return f"{self.whom} {what} {self.where}" + (": taken away" if self.mended else "")


_SEE_WHO = "the guild's audit log shows who let them in; whoever may stay belongs into [privacy] also"
_TAKE = "in Discord, Edit Channel → Permissions: take it from them; whoever may stay belongs into [privacy] also"


class Words(NamedTuple):
    """What is wrong with one person ("is not in the guild"), and with several."""

    of_one: str
    of_several: str


class KeptOut(NamedTuple):
    """Somebody who could not be let in; `failure` lacks only the message, which names all of whom the same is wrong."""

    person: Person
    words: Words
    failure: Failure


class Job:
    """What the steps of one action share.

    `leaks` says who could see the room and should not, `reports` what is amiss without keeping anybody out. `names`
    are all pairs of names that the session's role and room may bear, the entry's own first. `opened` are the roles
    that rooms let in which this job deleted. `notes` are lines
    for the session's story, written with the next commit. `pending` says who could not be let in, and why; the
    session then stays incomplete. `kept_out` are those of them who were tried just now. `fenced`: another run works
    on the session, so this one leaves it. `unwritable` is
    why nothing can be written: then access is only taken away; so it is if an operator's pause holds the session back
    (`hold`). `paused_by_now` returns what is to be said if a later pause does by now. `lost_since` is from when on the
    ledger's lines may be missing. `others_may_send`: other hosts share the store; one that was frozen may send late.
    """

    def __init__(
        self,
        action: Action,
        entry: Entry,
        guild: Guild,
        slots: Slots,
        shelf: Shelf,
        journal: Journal,
        *,
        now: Millis,
        policy: Policy,
        privacy: Privacy,
        templates: Templates,
        timeout: Millis,
        interval: Millis,
        how: How,
        unwritable: Failure | None = None,
        hold: Hold | None = None,
        paused_by_now: Callable[[], Refused | None] = lambda: None,
        lost_since: Millis | None = None,
        others_may_send: bool = False,
    ) -> None:
        self.action = action
        self.entry = entry
        self.guild = guild
        self.slots = slots
        self.shelf = shelf
        self.journal = journal
        self.now = now
        self.policy = policy
        self.privacy = privacy
        self.templates = templates
        self.timeout = timeout
        self.interval = interval
        self.how = how
        self.unwritable = unwritable
        self.hold = hold
        self.paused_by_now = paused_by_now
        self.lost_since = lost_since
        self.others_may_send = others_may_send
        self.notes: list[Event] = []
        self.pending: list[Failure] = []
        self.kept_out: list[KeptOut] = []
        self.reports: list[Failure] = []
        self.leaks: list[Leak] = []
        self.role_adopted = False
        self.fenced = False
        self.opened: set[str] = set()
        self.names = _names(entry, action.session, templates)

    @property
    def last_look(self) -> bool:
        """Return whether this is, as far as the last run's time tells, the last run before the session's start."""
        return 0 <= self.session.start - self.now < self.interval

    @property
    def may_gain(self) -> bool:
        """Return whether anything is still made, or anybody let in, for this session: else it can only lose."""
        return self.hold is None and self.would_gain

    @property
    def would_gain(self) -> bool:
        """Return whether anything would still be made for this session if it were not paused."""
        return self.unwritable is None and self.session.flaw is None and self.now < self.session.end

    def demand_unpaused(self) -> None:
        """Raise HeldBack if the session was paused since the run began, and nobody waits to be sent away."""
        leaving = self.entry.leaving(self.session)
        refused = self.paused_by_now() if self.hold is None and not leaving else None
        if refused is not None:
            raise HeldBack(refused)

    @property
    def session(self) -> Session:
        """Return the booking."""
        return self.action.session

    def note(self, what: str, outcome: str, detail: str = "") -> None:
        """Add a line to the session's story."""
        self.notes.append(Event(self.now, self.session.id, what, outcome, detail))

    def leak(self, whom: str, channel: Channel, *, mended: bool, by: Literal["room", "voice"] = "room") -> None:
        """Note who could see the room, or speak in it, and should not."""
        self.leaks = [leak for leak in self.leaks if leak.whom != whom]
        self.leaks.append(Leak(whom, f"{channel.name!r} ({channel.id})", mended, by))

    def leak_by_role(self, whom: str, *, mended: bool) -> None:
        """Note who holds the session's role and should not."""
        role = self.entry.current("role")
        self.leaks.append(Leak(whom, f"{role.name!r}" if role is not None else self.entry.role_name, mended, "role"))

    def leaked(self) -> Failure | None:
        """Return who could see the room and should not, as one failure; None if nobody could."""
        return _leaked(self.leaks)

    def still_open(self) -> Failure | None:
        """Return who can see the room still, as one failure; None if nobody can."""
        return _leaked([leak for leak in self.leaks if not leak.mended])

    async def save(self, marks: Marks | None = None, *, once: bool = False) -> None:
        """Write the entry, its story and, if given, the store's marks in one transaction.

        `once`: with an attempt, see `Journal.write`. Raises FencedError if another run wrote the entry since it was
        read: then nothing more is done for the session.
        """
        entry, notes = self.entry, tuple(self.notes)
        self.notes.clear()

        def change(transaction: Transaction) -> None:
            if marks is not None:
                transaction.mark(marks)
            transaction.ledger.save(entry)
            transaction.ledger.worked_as(self.guild.id, self.guild.bot_id)
            for event in notes:
                transaction.ledger.event(event)

        await self.journal.write(change, once=once)

    async def create(self, kind: ResourceKind, name: str, create: Callable[[], Awaitable[str]]) -> Resource:
        """Create something: the attempt on disk first, then the request, then its end in memory.

        `create` sends the request and returns the new snowflake. Raises what it raised. A lost answer leaves the
        attempt open; any other error closes it, for Discord said no or was never asked.

        Where hosts share the store, a create is sent soon after its attempt or not at all: others take an older one
        for dead. One that has to wait for a limit is attempted anew when that has opened.
        """
        self.guild.discord.client.demand_open()
        resource = Resource(kind, name, self.guild.id)
        self.entry.attempt(resource)
        while (waits_s := await self._attempted(resource, create)) is not None:
            await asyncio.sleep(waits_s)
        return resource

    async def _attempted(self, resource: Resource, create: Callable[[], Awaitable[str]]) -> float | None:
        """Write the attempt and send its request; return in how many seconds it is to be attempted anew, if it is."""
        how = self.how
        resource.state, resource.attempt_at = "attempted", self.guild.now()
        if self.others_may_send:
            self.how = how._replace(before=asyncio.get_running_loop().time() + LATE / 1000)
        try:
            await self.save(once=True)
            self.demand_unpaused()
            snowflake = await create()
        except HeldBack:
            resource.state = "refused"  # never sent
            raise
        except DiscordError as error:
            if isinstance(error, RateLimited) and error.too_late:
                resource.state = "refused"
                return error.retry_after_s
            self._note_unmade(resource, error)
            raise
        finally:
            self.how = how
        self.made(resource, snowflake, "made")
        return None

    def _note_unmade(self, resource: Resource, error: DiscordError) -> None:
        """Note that a create was refused or never sent, or that its answer was lost."""
        if error.settled:
            resource.state = "refused"
        else:
            resource.attempt_until = max(self.guild.now(), resource.attempt_at)  # clocks may be set back
        how = "refused" if error.settled else "lost"
        self.note(f"{resource.kind} asked for", how, f"{resource.name}: {error.code}")

    def made(self, resource: Resource, snowflake: str, how: str) -> None:
        """Note that a role or channel is there ("made" by us just now, or "adopted")."""
        for former in self.entry.resources:
            if former.kind == resource.kind and former.state == "made":
                former.state = "spare"
        resource.snowflake = snowflake
        resource.state = "made"
        resource.made_at = self.guild.now()
        resource.attempt_until = resource.attempt_until or max(resource.made_at, resource.attempt_at)
        self.guild.owners[snowflake] = self.session.id
        self.note(f"{resource.kind} {how}", "done", f"{resource.name} ({snowflake})")

    def spare(self, resource: Resource, snowflake: str) -> None:
        """Note that something of ours is there that should not be."""
        resource.snowflake = snowflake
        resource.state = "spare"
        resource.made_at = self.guild.now()
        self.guild.owners[snowflake] = self.session.id
        self.note(f"{resource.kind} found twice", "done", f"{resource.name} ({snowflake})")

    def gone(self, resource: Resource, how: str) -> None:
        """Note that a role or channel is not there any more ("deleted" by us, or "gone")."""
        resource.state = "deleted"
        resource.deleted_at = self.guild.now()
        self.note(f"{resource.kind} {how}", "done", f"{resource.name} ({resource.snowflake})")

    def may_be_ours(self, snowflake: str) -> bool:
        """Return whether neither the ledger nor the signs it bears give this object to another session."""
        whose = self.guild.owners.get(snowflake, self.guild.assigned.get(snowflake, self.session.id))
        return whose == self.session.id

    def assigned(self) -> list[str]:
        """Return what the ledger does not know and the signs it bears make this session's."""
        return [i for i, whose in self.guild.assigned.items() if whose == self.session.id]


def _leaked(leaks: list[Leak]) -> Failure | None:
    if not leaks:
        return None
    told = "; ".join(leak.words for leak in leaks)
    hint = _TAKE if any(not leak.mended for leak in leaks) else _SEE_WHO
    return Failure("room_open_to_others", told, hint)


def _names(entry: Entry, session: Session, templates: Templates) -> tuple[Names, ...]:
    """Return all names that a session's role and room may bear: its own, those asked for, and the form by its hash.

    The short form of its id is not among them if it goes by another name: then that is somebody else's.
    """
    own = Names(entry.short, entry.role_name, entry.channel_name)
    asked = [Names(entry.short, r.name, r.name) for r in entry.open_attempts()]
    short = hash_of(session.id)
    return tuple(dict.fromkeys((own, *asked, render(session, templates, short), bare(short))))


def take_hash_name(job: Job) -> bool:
    """Fall back to the hash alone as the names of role and room, once."""
    taken = {short for short, whose in job.guild.shorts.items() if whose != job.session.id}
    names = bare(free_hash(job.session.id, taken))
    if job.entry.channel_name == names.channel:
        return False
    job.entry.short, job.entry.role_name, job.entry.channel_name = names
    job.guild.shorts[names.short] = job.session.id
    job.names = tuple(dict.fromkeys((*job.names, names)))
    return True


async def settle(job: Job) -> None:
    """Wait until Discord's lists show what a lost create may have made; what is known goes to disk first."""
    await job.save()
    await asyncio.sleep(waits.current().settle)


def may_be_new(job: Job, kind: Literal["role", "channel"], snowflake: str, name: str, asked: str) -> bool:
    """Return whether what a create answered can be what it made: not known before, not older, of the name asked for.

    A new thing is younger than the attempt; if clocks differ, it is at least younger than all that was listed.
    """
    listed = job.guild.roles if kind == "role" else job.guild.channels
    if snowflake in listed or snowflake in job.guild.owners:
        return False
    young = made_at(snowflake) >= job.guild.now() - _OLDEST or int(snowflake) > max(map(int, listed), default=0)
    return young and same_name(name, asked)


def not_believed(what: str) -> UnexpectedAnswer:
    """Return the error of a create whose answer cannot be what it made: it may have made something else."""
    return UnexpectedAnswer(
        f"Discord's answer to a create cannot be what was asked for: {what}",
        "the next run looks for what was made; check api_base and what stands between this host and Discord",
    )
