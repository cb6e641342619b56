"""What a guild holds that the ledger does not know: whose it is, what becomes of it, and what is nobody's.

Every run that looks at a guild settles whose such rooms and roles are, before anything is adopted by its name. Only
a guild that is searched (a new ledger's look, a known orphan) has them taken over, removed or reported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import NamedTuple

from coachsync.discord.api import How
from coachsync.discord.codes import UNKNOWN_CHANNEL
from coachsync.discord.errors import DiscordError, NotFound, failure_of
from coachsync.domain.case import Case, Facts
from coachsync.domain.guild_objects import Channel
from coachsync.domain.model import HOUR, Action, Entry, Millis, Names, Resource, Session, Warn
from coachsync.domain.naming import bare, names_for, possible_names, render, same_name
from coachsync.domain.ownership import has_bot_overwrite, is_private
from coachsync.domain.permissions import ROLE
from coachsync.domain.planned import Plan
from coachsync.domain.remembered import ghost
from coachsync.domain.snowflake import made_at
from coachsync.domain.strays import NOBODY, Stray, becomes, owner, stray_roles, stray_rooms
from coachsync.engine.journal import Journal
from coachsync.errors import StoreError
from coachsync.guild.picture import Guild
from coachsync.store.base import Transaction

_CALLED = {"channel": "room"}
_REFUSED = ("unknown_guild", "missing_access", "missing_permission", "unauthorized")
_ASK_AGAIN: Millis = 1 * HOUR  # a guild that refused to be looked at is asked again after this


class Sources(NamedTuple):
    """What a search asks of the store and the ledger.

    `sessions` are the bookings that the tick has read. `bearing` returns those that may go by some short names;
    `made_before` which things the ledger says that we made; `entries` the entries of sessions.
    """

    sessions: Collection[Session]
    bearing: Callable[[Collection[str], bool], list[Session]]
    made_before: Callable[[Collection[str]], set[str]]
    entries: Callable[[Collection[str]], dict[str, Entry]]


class Search:
    """One run's search. `actions` are what was found and goes, `adopts` what its session takes over."""

    def __init__(
        self, plan: Plan, facts: Facts, entries: Mapping[str, Entry], sources: Sources, journal: Journal
    ) -> None:
        self.actions: list[Action] = []
        self.adopts: list[tuple[Session, Names]] = []
        self._plan = plan
        self._facts = facts
        self._entries = dict(entries)
        self._sources = sources
        self._journal = journal
        self._orphans = {r.snowflake: r for r in plan.orphans if r.snowflake}
        self._strays: dict[str, list[Stray]] = {}
        self._shorts: dict[str, set[str]] = {}
        self._guilds: dict[str, Guild] = {}

    # whose they are

    def settle(self, guild: Guild) -> None:
        """Settle whose the rooms and roles are that the ledger does not know; note what becomes of them."""
        self._guilds[guild.id] = guild
        channels = (c for i, c in guild.channels.items() if i not in guild.owners)
        rooms = stray_rooms(channels, guild.bot_id, self._facts.templates)
        unknown = (r for i, r in guild.roles.items() if i not in guild.owners)
        roles = stray_roles(unknown, self._facts.templates)
        self._strays[guild.id] = [*rooms, *roles]
        self._shorts[guild.id] = self._in_use(guild.id)
        if not self._strays[guild.id]:
            return
        searched = guild.id in self._plan.searched or any(r.guild_id == guild.id for r in self._plan.orphans)
        cases = self._cases_of(guild.id, thorough=searched)
        for room in rooms:
            whose = owner(room, cases)
            if whose or room.readings:
                guild.assigned[room.id] = whose
        for role in roles:
            guild.assigned[role.id] = _role_owner(guild, role, rooms, cases)
        if searched:
            self._note(guild, rooms, roles, {c.session.id: c for c in cases})

    def _cases_of(self, guild_id: str, *, thorough: bool) -> list[Case]:
        """Return every booking of a guild that may own a stray, and every entry of the ledger there."""
        shorts = {short for stray in self._strays[guild_id] for short in stray.shorts}
        read = [*self._sources.sessions, *(self._sources.bearing(shorts, thorough) if shorts else ())]
        known = {s.id: s for s in read if s.guild_id == guild_id}
        unread = known.keys() - self._entries.keys()
        if unread:
            self._entries |= self._sources.entries(unread)
        for session_id, entry in self._entries.items():
            if entry.guild_id == guild_id:
                known.setdefault(session_id, ghost(entry))
        return [Case(s, self._entries.get(i), self._facts) for i, s in known.items()]

    def _in_use(self, guild_id: str) -> set[str]:
        """Return the short names that sessions of a guild go by or are about to."""
        live = {e.short for e in self._entries.values() if e.live and e.guild_id == guild_id}
        return live | {a.names.short for a in self._plan.actions if a.names is not None and a.guild_id == guild_id}

    # what becomes of them

    def _note(self, guild: Guild, rooms: list[Stray], roles: list[Stray], cases: Mapping[str, Case]) -> None:
        busy = {a.session.id for a in self._plan.actions} | {s.id for s in self._plan.adopts}
        remembered = self._sources.made_before([s.id for s in (*rooms, *roles)])
        for room in rooms:
            case = cases.get(guild.assigned.get(room.id, NOBODY))
            if guild.id not in self._plan.searched and room.id not in self._orphans:
                continue
            if case is None or (case.session.flaw is not None and not case.cancelled):
                if room.id in remembered or self._is_as_made(guild, room):
                    self._note_orphan(guild, room, roles, remembered)
            elif case.live is None and case.session.id not in busy:
                busy.add(case.session.id)
                self._note_owned(guild, room, case)
        for role in roles:
            if role.id in remembered and not guild.assigned.get(role.id):
                self._add_orphan(guild, role, remembered)

    def _is_as_made(self, guild: Guild, room: Stray) -> bool:
        return bool(room.readings) and is_private(guild.channels[room.id], guild.id, guild.bot_id, guild.staff_role_ids)

    def _note_orphan(self, guild: Guild, room: Stray, roles: Iterable[Stray], remembered: Collection[str]) -> None:
        self._add_orphan(guild, room, remembered)
        for role in roles:
            if role.id in room.roles:
                self._add_orphan(guild, role, remembered)

    def _add_orphan(self, guild: Guild, stray: Stray, remembered: Collection[str]) -> None:
        """Note an orphan; what the ledger does not remember making has no attempt: a second installation may own it."""
        if stray.id not in self._orphans:
            made = made_at(stray.id) if stray.id in remembered else 0
            self._orphans[stray.id] = Resource(stray.kind, stray.name, guild.id, "orphan", made, snowflake=stray.id)

    def _note_owned(self, guild: Guild, room: Stray, case: Case) -> None:
        found = case.session._replace(channel_id=room.id, set_up=True, cleaned_up=False)
        due, names = becomes(room, case), self._names(room, case.session)
        if due is None:
            self.adopts.append((found, names))
        else:
            entry = self._entries.get(found.id)
            self.actions.append(Action(due.kind, found, entry, guild.id, due.reason, names, due.closed_by))

    def entry_of(self, session_id: str) -> Entry | None:
        """Return what the ledger remembers of a session, as far as it was read."""
        return self._entries.get(session_id)

    # names

    def named(self, action: Action) -> Action:
        """Return a setup under the name of what is its session's already, and never under that of anything else."""
        names, guild = action.names, self._guilds.get(action.guild_id)
        if names is None or guild is None or action.kind != "setup":
            return action
        strays = [s for s in self._strays[guild.id] if s.id in guild.assigned]
        own = self.named_as(action.session)
        if own is not None:
            return action._replace(names=own)
        if not any(same_name(s.name, names.channel if s.kind == "channel" else names.role) for s in strays):
            return action
        in_use = self._shorts[guild.id] | {short for s in strays for short in s.shorts}
        names = names_for(action.session, self._facts.templates, in_use)
        self._shorts[guild.id].add(names.short)
        return action._replace(names=names)

    def named_as(self, session: Session) -> Names | None:
        """Return the names of a session to whom a room or role of its guild belongs; None if none was found."""
        guild = self._guilds.get(session.guild_id)
        strays = self._strays[guild.id] if guild is not None else ()
        own = next((s for s in strays if guild is not None and guild.assigned.get(s.id) == session.id), None)
        return self._names(own, session) if own is not None else None

    def _names(self, stray: Stray, session: Session) -> Names:
        """Return the names of a session to whom a room or role belongs."""
        templates = self._facts.templates
        short = stray.short_for(session.id)
        if short is None:
            return possible_names(session, templates)[0]
        names, plain = render(session, templates, short), bare(short)
        if stray.kind == "channel" and same_name(stray.name, plain.channel):
            return plain
        return plain if stray.kind == "role" and not same_name(stray.name, names.role) else names

    # what is nobody's

    async def conclude(self, guild: Guild) -> None:
        """Remember and report what is nobody's, forget what is gone or taken over; note that the guild was searched."""
        orphans = [r for r in self._orphans.values() if r.guild_id == guild.id]
        gone = [r for r in orphans if guild.failure is None and await _is_gone(guild, r)]
        left = [r for r in orphans if r not in gone and r.snowflake not in guild.owners]
        guild.warnings += _warnings(guild.channels, left)
        over = [r for r in orphans if r not in left and r.rowid]
        new = [r for r in left if not r.rowid]
        searched = guild.id in self._plan.searched
        again = self._again(guild)

        def change(transaction: Transaction) -> None:
            transaction.ledger.hold(guild.id)
            for orphan in over:
                transaction.ledger.forget_orphan(orphan)
            for orphan in new:
                transaction.ledger.save_orphan(orphan)
            if searched and again is None:
                transaction.ledger.looked_through(guild.id)
            elif searched and again is not None:
                transaction.ledger.owe_looks({guild.id: again})

        if over or new or searched:
            with suppress(StoreError):  # the next run searches again; what this one did is still to be reported
                await self._journal.write(change)

    def unseen(self, guild_ids: Collection[str]) -> list[Warn]:
        """Return what to report of known orphans in guilds for which there is no way to Discord."""
        return _warnings({}, [r for r in self._orphans.values() if r.guild_id in guild_ids])

    def _again(self, guild: Guild) -> Millis | None:
        """Return from when on a guild is to be searched again; None if it was searched, and all of it is settled."""
        if guild.failure is not None:
            refused = failure_of(guild.failure).code in _REFUSED
            return self._facts.now + (_ASK_AGAIN if refused else 0)
        rooms = [s for s in self._strays[guild.id] if s.kind == "channel" and guild.assigned.get(s.id)]
        unsettled = [s for s in rooms if s.id not in guild.owners and s.id not in self._orphans]
        return self._facts.now if unsettled else None


def _role_owner(guild: Guild, role: Stray, rooms: Iterable[Stray], cases: Collection[Case]) -> str:
    """Return whose a role is: the session's whose room lets it in, else by its own signs."""
    opened = {guild.assigned[room.id] for room in rooms if role.id in room.roles and room.id in guild.assigned}
    for channel in guild.channels.values():
        if (ROLE, role.id) in channel.overwrites and has_bot_overwrite(channel, guild.bot_id):
            opened |= {guild.owners[channel.id]} if channel.id in guild.owners else set()
    if not opened:
        return owner(role, cases)
    whose = opened.pop() if len(opened) == 1 else NOBODY
    return whose if any(reading.fits(whose) for reading in role.readings) else NOBODY


async def _is_gone(guild: Guild, orphan: Resource) -> bool:
    """Return whether a role or room is gone; one that the list lacks may be hidden from the bot."""
    snowflake = orphan.snowflake or ""
    if orphan.kind == "role":
        return guild.role_is_gone(snowflake)
    if snowflake in guild.channels:
        return False
    try:
        await guild.discord.channel(snowflake, How((9,)))
    except NotFound as error:
        return error.discord_code == UNKNOWN_CHANNEL
    except DiscordError:
        return False
    return False


def _warnings(channels: Mapping[str, Channel], orphans: Collection[Resource]) -> list[Warn]:
    """Return what to report: a room with the roles that it lets in, and roles without a room."""
    roles = {r.snowflake: r for r in orphans if r.kind == "role"}
    found = []
    for room in (r for r in orphans if r.kind == "channel"):
        listed = channels.get(room.snowflake or "")
        own = [roles.pop(i) for kind, i in (listed.overwrites if listed is not None else ()) if i in roles]
        found.append(_warning(room.guild_id, [room, *own]))
    return found + [_warning(role.guild_id, [role]) for role in roles.values()]


def _warning(guild_id: str, things: Collection[Resource]) -> Warn:
    named = " and ".join(f"{_CALLED.get(r.kind, r.kind)} {r.name!r} ({r.snowflake})" for r in things)
    verb = "belongs" if len(things) == 1 else "belong"
    what = f"{named} in guild {guild_id} {verb} to no booking, and whoever was let in can still enter"
    first = next(iter(things))  # what we are not known to have made must be named: a second installation may own it
    remedy = f"coachsync audit {'' if first.attempt_at else f'{first.snowflake} '}--fix"
    return Warn("orphan", None, f"{what}: `{remedy}` removes {'it' if len(things) == 1 else 'them'}", guild_id)
