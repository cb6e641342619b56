"""What stands in a guild beside the rooms of sessions: ours without a session, foreign ones of our kind of name.

Ours is what the ledger remembers making, or what bears exactly our set of overwrites and a name that our templates can
make. Only the first is removed unasked: a second installation may share the token (CONTRACT §4).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from coachsync.audit.found import Observed
from coachsync.domain.finding import audited
from coachsync.domain.guild_objects import VOICE, Channel, Role
from coachsync.domain.model import Resource, ResourceKind
from coachsync.domain.naming import Templates, could_name, same_name
from coachsync.domain.ownership import bears_our_overwrites, has_bot_overwrite
from coachsync.domain.permissions import ROLE
from coachsync.domain.words import call
from coachsync.guild.picture import Guild


class Orphan(NamedTuple):
    """Something of ours that no session has. `resource` is the ledger's, or stands for one that it does not have.

    `remembered`: the ledger knows that we made it. `session` is the session that had it, None if none is known. `by`
    is the room whose overwrites name a role.
    """

    resource: Resource
    remembered: bool
    session: str | None = None
    by: str | None = None

    @property
    def id(self) -> str:
        """Return its snowflake."""
        return self.resource.snowflake or ""


def orphans_of(
    guild: Guild, unowned: Iterable[tuple[str | None, Resource]], owned: Collection[str], templates: Templates
) -> list[Orphan]:
    """Return what is ours in a guild and no session's. `owned`: what sessions have or may take over."""
    rows = sorted(unowned, key=lambda row: _made_by_us(row[1]))  # that we made it says more than that it was found
    known = {r.snowflake: (session, r) for session, r in rows if r.snowflake not in owned}
    rooms = [_orphaned_room(guild, c, known, templates) for c in guild.channels.values() if c.id not in owned]
    found = [orphan for orphan in rooms if orphan is not None]
    for role in guild.roles.values():
        if role.id not in owned and role.plain and not role.managed and role.id != guild.id:
            found += _orphaned_role(guild, role, known, found)
    return found


_Known = dict[str | None, tuple[str | None, Resource]]


def _orphaned_room(guild: Guild, channel: Channel, known: _Known, templates: Templates) -> Orphan | None:
    session, resource = known.get(channel.id, (None, None))
    if channel.type != VOICE:
        return None
    if resource is not None and (has_bot_overwrite(channel, guild.bot_id) or same_name(channel.name, resource.name)):
        return Orphan(resource, _made_by_us(resource), session)
    if _could_be_ours(guild, channel, templates):
        return Orphan(_stand_in(guild, "channel", channel.id, channel.name), remembered=False)
    return None


def _made_by_us(resource: Resource) -> bool:
    """Return whether the ledger knows that we made it: an orphan's own row says no more than that a run found it."""
    return resource.state != "orphan" and resource.attempt_at > 0


def _could_be_ours(guild: Guild, channel: Channel, templates: Templates) -> bool:
    named = could_name(templates.channel, channel.name) or could_name("coaching-{short}", channel.name)
    return named and bears_our_overwrites(channel, guild.bot_id, guild.id)


def _stand_in(guild: Guild, kind: ResourceKind, snowflake: str, name: str) -> Resource:
    return Resource(kind, name, guild.id, state="spare", snowflake=snowflake)


def _orphaned_role(guild: Guild, role: Role, known: _Known, rooms: Iterable[Orphan]) -> list[Orphan]:
    session, resource = known.get(role.id, (None, None))
    room = next((r for r in rooms if _lets_in(guild, r, role.id)), None)
    by = room.id if room is not None else None
    if resource is not None and same_name(role.name, resource.name):
        return [Orphan(resource, _made_by_us(resource), session, by)]
    if room is not None and role.id not in guild.staff_role_ids:
        return [Orphan(_stand_in(guild, "role", role.id, role.name), room.remembered, by=by)]
    return []


def _lets_in(guild: Guild, room: Orphan, role_id: str) -> bool:
    listed = guild.channels.get(room.id)
    return listed is not None and (ROLE, role_id) in listed.overwrites


def of_orphans(guild: Guild, orphans: Iterable[Orphan], kept: Callable[[str], str]) -> Iterator[Observed]:
    """Yield a finding for each orphan. `kept` returns why nothing of a session is removed, "" if it is."""
    for orphan in orphans:
        kind = "room" if orphan.resource.kind == "channel" else "role"
        former = f", of session {orphan.session}" if orphan.session is not None else ""
        told = f"the {kind} {orphan.resource.name!r} ({orphan.id}){former} is ours and no session's"
        if orphan.remembered:
            hint = "`coachsync audit --fix` removes it"
        else:
            hint = f"if no second installation made it, `{call('audit', orphan.by or orphan.id, '--fix')}` removes it"
        yield Observed(audited("orphan", guild.id, None, told, kept(orphan.session or "") or hint))


def lookalikes(guild: Guild, ours: Collection[str], templates: Templates) -> Iterator[Observed]:
    """Yield what bears our kind of name and is foreign: it is never touched. `ours`: sessions' things and orphans."""
    for channel in guild.channels.values():
        if channel.type == VOICE and channel.id not in ours and could_name(templates.channel, channel.name):
            yield _lookalike(guild, "room", channel)
    for role in guild.roles.values():
        if role.id not in ours and not role.managed and could_name(templates.role, role.name):
            yield _lookalike(guild, "role", role)


def _lookalike(guild: Guild, kind: str, thing: Role | Channel) -> Observed:
    told = f"the {kind} {thing.name!r} ({thing.id}) bears our kind of name and is not ours"
    return Observed(audited("lookalike", guild.id, None, told, "nothing to do; rename it if it misleads people"))


def told_by_roles(guild: Guild, held: int) -> Iterator[Observed]:
    """Yield the note that members see by their profiles who has a session, if roles let people in."""
    if held:
        what = f"{held} session role{'s show' if held != 1 else ' shows'}"
        told = f"{what} on the profiles of its people: other members see that they have a session"
        hint = 'access = "member" in the configuration makes no roles, for rooms made from then on'
        found = audited("exposed", guild.id, None, told, hint)
        yield Observed(found._replace(level="ok"))


def of_empty_categories(guild: Guild, empty: Iterable[Channel], kept: str) -> Iterator[Observed]:
    """Yield a finding for each further category of ours that holds no room. `kept`: why nothing is removed, or ""."""
    for category in empty:
        told = f"the category {category.name!r} ({category.id}) of ours is empty"
        hint = "it stays for the next rooms; `coachsync audit --fix` removes it"
        yield Observed(audited("pending", guild.id, None, told, kept or hint))
