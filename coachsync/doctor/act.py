"""One guild's rehearsal, step by step, each a finding: role, room, both listed, who can enter, filled, all deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator

from coachsync import waits
from coachsync.clock import host_now
from coachsync.config import Settings
from coachsync.discord.api import How
from coachsync.discord.errors import DiscordError, Forbidden, failure_of
from coachsync.doctor.finding import Check, doubt, fault, fine
from coachsync.domain import permissions
from coachsync.domain.audience import NEEDED, Fault, lets_in
from coachsync.domain.failure import Failure
from coachsync.domain.finding import Finding
from coachsync.domain.guild_objects import Channel
from coachsync.domain.model import MINUTE, Action, Entry, Resource, Session
from coachsync.domain.naming import names_for, same_name
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite
from coachsync.domain.remembered import rehearsal_id
from coachsync.engine.journal import Journal
from coachsync.engine.slots import Slots
from coachsync.engine.steps import privacy
from coachsync.engine.steps.actions import attempt, audit_reason, new_entry
from coachsync.engine.steps.category import Shelf
from coachsync.engine.steps.job import Job
from coachsync.engine.steps.role import refusal_of
from coachsync.guild.access import GuildAccess
from coachsync.guild.picture import Guild
from coachsync.guild.powers import hidden

_CHECK: Check = "rehearse"
_CHECKS_OF = {"category_gone": "category", "staff_role_gone": "staff_roles", "no_more_roles": "limits"}
_LOOKS = 3  # of lists that may lag behind a create or a delete
_OTHERS = "look for another bot, or a person, that changes new channels; then rehearse again"
_NEXT_RUN = "the next run tries again to remove it"
"""What becomes of anything that is left."""


class Act:
    """One guild's rehearsal. `former`: what the ledger knows of earlier ones there.

    The session is over before it begins: whatever cuts the rehearsal short, any run takes it for due to be removed.
    """

    def __init__(
        self, settings: Settings, guild: Guild, access: GuildAccess, journal: Journal, former: Entry | None
    ) -> None:
        self._settings = settings
        self._guild = guild
        self._access = access
        self._journal = journal
        self._former = former
        self._shelf = Shelf(guild, access.categories, grows=False)  # a category would outlive a kill
        now = host_now()
        over = now - settings.policy.cleanup_after - MINUTE
        status = settings.statuses.bookable[0]
        self._session = Session(rehearsal_id(guild.id), status, over, over, guild.id, (), False, False, None, None)
        self._now = now
        self._found: list[Finding] = []
        self.made_a_role = False

    async def play(self, stopped: Callable[[], bool]) -> list[Finding]:
        """Make, see, fill, delete; what was made is deleted whatever fails, or was `stopped`."""
        if self._former is not None and self._former.live and not await self._clear(self._former):
            return self._found
        entry = self._entry()
        job = self._job(entry, Action("setup", self._session, entry, self._guild.id, "rehearsal"))
        ready = await self._make(job)
        if ready and not stopped():
            await self._prove(job)
        if ready and not stopped():
            await self._fill(job)
        await self._clear(entry)
        return self._found

    def _fault(self, message: str, hint: str) -> None:
        self._found.append(fault(_CHECK, message, hint, self._guild.id))

    def _failed(self, what: str, failure: Failure) -> None:
        self._fault(f"{what}: {failure.message}", failure.hint)

    def _fine(self, message: str) -> None:
        self._found.append(fine(_CHECK, message, self._guild.id))

    # what it works on

    def _entry(self) -> Entry:
        """Return a new life's entry, with what is known of former ones."""
        former = self._former
        if former is None or not former.open_attempts():
            self._take_nothing_over()
        names = names_for(self._session, self._settings.naming, self._taken())
        return new_entry(self._session, names, self._access.access, former)

    def _take_nothing_over(self) -> None:
        """Let nothing that is there already count as the rehearsal's own: another installation may rehearse, too."""
        guild = self._guild
        for snowflake in (*guild.roles, *guild.channels):
            if snowflake not in guild.owners:
                guild.assigned[snowflake] = ""

    def _taken(self) -> set[str]:
        """Return the short names that are in use, by sessions or by what bears the very name."""
        taken = {short for short, whose in self._guild.shorts.items() if whose != self._session.id}
        names = names_for(self._session, self._settings.naming, ())
        listed = [role.name for role in self._guild.roles.values()]
        listed += [channel.name for channel in self._guild.channels.values()]
        if any(same_name(other, name) for other in listed for name in (names.role, names.channel)):
            taken.add(names.short)
        return taken

    def _job(self, entry: Entry, action: Action) -> Job:
        return Job(
            action,
            entry,
            self._guild,
            Slots(),
            self._shelf,
            self._journal,
            now=self._now,
            policy=self._settings.policy,
            privacy=self._access.privacy,
            templates=self._settings.naming,
            timeout=self._access.timeout,
            interval=15 * MINUTE,
            how=How((0,), audit_reason(action)),
        )

    # role and room

    async def _make(self, job: Job) -> bool:
        """Set it up as a session; return whether there is a room to go on with."""
        ended = await attempt(job)
        role, room = job.entry.current("role"), job.entry.current("channel")
        if role is not None:
            self.made_a_role = True
            self._fine(f"made {called(role)}, which gives nothing by itself")
        if room is not None:
            self._fine(f"made {called(room)} with the overwrites asked for")
            self._of_place(room)
        if ended.failure is not None:
            lacking = "role" if job.entry.access == "role" and role is None else "room"
            what = f"the {lacking} could not be made" if room is None else "the room is not as asked for"
            self._failed(what, ended.failure)
        return room is not None

    def _of_place(self, room: Resource) -> None:
        """Say of a room that stands in no category for want of room there what that leaves untried."""
        base, channel = self._shelf.base, self._guild.channels.get(room.snowflake or "")
        if base is not None and channel is not None and channel.parent_id is None and not self._shelf.closed:
            told = f"the category {base.name!r} is full, so the room stood in none: a further one was not tried"
            hint = "delete channels that are not needed there; sessions' rooms go under a further category"
            self._found.append(doubt(_CHECK, told, hint, self._guild.id))

    # seen, and by whom

    async def _prove(self, job: Job) -> None:
        try:
            listed = await self._listed(job)
        except DiscordError as error:
            self._failed("what was made could not be looked at", failure_of(error))
            return
        channel = await self._seen(job, listed)
        if channel is None:
            return
        before = len(self._found)
        self._found += self._of_audience(job, channel)
        if len(self._found) == before:
            staff = len(self._guild.staff())
            whom = f", {staff} staff role{'s' if staff != 1 else ''}" if staff else ""
            whom += " and the session's role" if job.entry.access == "role" else " and nobody else yet"
            self._fine(f"the room lets in the bot{whom}, and shows itself to nobody else")

    async def _listed(self, job: Job) -> set[str]:
        """Return which of what was made Discord's lists show."""
        made = {r.snowflake for r in (job.entry.current("role"), job.entry.current("channel")) if r is not None}
        for look in range(_LOOKS):
            if look:
                await asyncio.sleep(waits.current().settle)
            await self._guild.relist_roles()
            await self._guild.relist_channels()
            shown = {i for i in made if i in self._guild.roles or i in self._guild.channels}
            if shown == made:
                break
        return {i for i in shown if i}

    async def _seen(self, job: Job, listed: set[str]) -> Channel | None:
        """Say whether role and room are in the lists; return the room as it is."""
        role, room = job.entry.current("role"), job.entry.current("channel")
        if role is not None and role.snowflake not in listed:
            hint = "see whether it is there in Server Settings → Roles; if it is, rehearse again: Discord's list lags"
            self._fault(f"the list of roles does not show {called(role)}", hint)
        if room is None or room.snowflake is None:
            return None
        if room.snowflake in listed:
            self._fine("Discord's lists show what was made")
            return self._guild.channels[room.snowflake]
        name = called(room)
        try:
            channel = await self._guild.discord.channel(room.snowflake, job.how)
        except Forbidden:
            self._failed("the bot does not see what it made", hidden(name))
        except DiscordError as error:
            self._failed(f"{name} is not in the list of channels", failure_of(error))
        else:
            self._found.append(doubt(_CHECK, f"the list of channels does not show {name} yet", _OTHERS, self._guild.id))
            return channel
        return None

    def _of_audience(self, job: Job, channel: Channel) -> Iterator[Finding]:
        """Yield who can see the room and should not, and who could not enter it and should."""
        guild = self._guild
        for wrong in privacy.wrong(job, channel):
            yield fault(_CHECK, _told(job, wrong), _OTHERS, guild.id)
        targets = dict.fromkeys(privacy.admitted(job), "the people")
        targets |= {(ROLE, i): f"the staff role {guild.roles[i].name!r}" for i in guild.staff()}
        for target, whom in targets.items():
            lacking = lets_in(guild.house, channel.overwrites, target)
            if lacking and target in channel.overwrites:
                names = ", ".join(permissions.names(NEEDED & lacking))
                hint = f"give the bot's role {names} in Server Settings → Roles, so that it can hand it on"
                yield fault(_CHECK, f"{whom} let into the room would lack {names}", hint, guild.id)

    # filled, by the bot alone

    async def _fill(self, job: Job) -> None:
        role, room = job.entry.current("role"), job.entry.current("channel")
        try:
            if job.entry.access == "role" and role is not None:
                await self._hand_out(job, role)
            elif room is not None:
                await self._put_overwrite(job, room)
        except DiscordError as error:
            forbidden = isinstance(error, Forbidden) and role is not None
            failure = refusal_of(job, error, role) if forbidden and isinstance(error, Forbidden) else failure_of(error)
            what = "the role could not be handed out" if role is not None else "the room could not let anybody in"
            self._failed(what, failure)

    async def _hand_out(self, job: Job, role: Resource) -> None:
        """Give the role to the bot itself and take it back. Raises DiscordError."""
        guild, role_id = self._guild, role.snowflake or ""
        await guild.discord.grant(guild.id, guild.bot_id, role_id, job.how)
        held = role_id in (await guild.discord.member(guild.id, guild.bot_id, job.how)).roles
        await guild.discord.ungrant(guild.id, guild.bot_id, role_id, job.how)
        if held:
            self._fine("handed out the role and took it back: the bot itself had it")
        else:
            self._fault(f"Discord took the role {role.name!r} for handed out, and the bot did not have it", _OTHERS)

    async def _put_overwrite(self, job: Job, room: Resource) -> None:
        """Let the bot itself in as a person is let in. Raises DiscordError."""
        guild, room_id = self._guild, room.snowflake or ""
        enter = permissions.ENTER | (permissions.HANDED_ON & guild.bot_permissions)
        own = Overwrite(guild.bot_id, MEMBER, enter | permissions.MANAGE_CHANNELS, 0)
        await guild.discord.put_overwrite(room_id, own, job.how)
        there = (await guild.discord.channel(room_id, job.how)).overwrites.get(own.target)
        if there is not None and there.covers(own):
            self._fine("let somebody into the room by an overwrite: the bot itself")
        else:
            self._fault("Discord took an overwrite of the room, and the room does not have it", _OTHERS)

    # all of it deleted

    async def _clear(self, entry: Entry) -> bool:
        """Delete what was made; return whether nothing is left."""
        over = Action("cleanup", self._session, entry, self._guild.id, "the rehearsal is over", closed_by="end")
        job = self._job(entry, over)
        made = sorted((r for r in entry.resources if r.is_there), key=lambda r: r.kind != "channel")
        ended = await attempt(job)
        for resource in made:
            name = called(resource)
            if not resource.is_there:
                self._fine(f"deleted {name}")
            elif ended.failure is not None:
                why = ended.failure.message
                named = resource.snowflake is not None and resource.snowflake in why
                told = why if named else f"{name}: {why}"
                self._fault(f"left in the guild: {told}", f"{ended.failure.hint}; {_NEXT_RUN}")
        if ended.failure is not None and (made or entry.open_attempts()) and not any(r.is_there for r in made):
            self._failed("what was made could not be removed", ended.failure)
        if entry.open_attempts():
            what = "Discord did not answer a create: what it may have made did not show yet"
            self._found.append(doubt(_CHECK, what, "nothing to do: the next runs look for it", self._guild.id))
        return not entry.live

    def warned(self, known: Collection[tuple[str, str | None]]) -> Iterator[Finding]:
        """Yield what a run would warn of; not what is `known` of a guild by another check."""
        for warning in self._guild.warnings:
            if (_CHECKS_OF.get(warning.code, ""), self._guild.id) not in known:
                yield doubt(_CHECK, warning.message, warning.hint, self._guild.id)


def called(resource: Resource) -> str:
    """Return a role or room as people know it."""
    kind = "room" if resource.kind == "channel" else resource.kind
    return f"the {kind} {resource.name!r} ({resource.snowflake})"


def _told(job: Job, wrong: Fault) -> str:
    whom = "the bot" if wrong.kind == "bot" else privacy.whom(job, wrong)
    if wrong.open:
        return f"{whom} could see the room"
    if wrong.kind == "everyone":
        return "the room does not deny @everyone"
    if wrong.kind in ("former", "role"):
        return f"{whom} has more than it should"
    return f"{whom} is not let into the room as it should be"
