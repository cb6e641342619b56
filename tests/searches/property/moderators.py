"""What moderators do to the rooms and roles of sessions, and what of it counts as a loss.

What opens a room is mended every time and counts for nothing. A role, a room or a person's access that is taken is
made again once.
"""

from __future__ import annotations

from coachsync.domain import permissions as p
from coachsync.domain.model import HOUR, Millis
from tests.searches.property.oracle import Memory
from tests.searches.property.watch import Made, Watch
from tests.searches.property.world import Playground


class Moderators:
    """The rooms of a town in its moderators' hands."""

    def __init__(self, town: Playground, watch: Watch) -> None:
        self.town = town
        self.watch = watch
        self.memory: dict[str, Memory] = {}
        self.story: list[str] = []
        self._names: dict[str, str] = {}

    @property
    def now(self) -> Millis:
        """Return the time."""
        return self.town.clock.now()

    def tell(self, what: str) -> None:
        """Add to the story that a failure tells."""
        self.story.append(f"{(self.now % (24 * HOUR)) / HOUR:.2f} h {what}")

    def mem(self, session: str) -> Memory:
        """Return what became of a session."""
        return self.memory.setdefault(session, Memory())

    def rooms(self) -> list[Made]:
        """Return every room and role that coachsync has in Discord."""
        return self.watch.all_live()

    @property
    def hidden(self) -> set[str]:
        """Return the rooms of ours that the bot cannot enter."""
        world, bot = self.town.world, self.town.bot
        rooms = [m for m in self.rooms() if m.kind == "channel"]
        return {room.id for room in rooms if not world.can(room.guild, bot, room.id, p.ENTER)}

    @property
    def raised(self) -> set[str]:
        """Return the roles of ours that stand above the bot's."""
        return {role.id for role in self.rooms() if role.kind == "role" and self._above_bot(role)}

    @property
    def estranged(self) -> set[str]:
        """Return what of ours does not look like it any more: it is told of, and not touched.

        A row of the ledger alone does not make a thing ours: it must also look as we make it (CONTRACT §4). A room
        bears neither its name nor the bot's overwrite; a role bears not its name, and no such room lets it in.
        """
        channels = [(m, self.town.world.channel(m.id)) for m in self.rooms() if m.kind == "channel"]
        named = {m.id for m, c in channels if c and (not _is_renamed(c.name) or self.town.bot in c.overwrites)}
        opened = {i for m, c in channels if c and m.id in named for i in c.overwrites}
        rooms = {m.id for m, c in channels if m.id not in named}
        roles = [m for m in self.rooms() if m.kind == "role" and m.id not in opened]
        return rooms | {m.id for m in roles if _is_renamed(self.town.world.guilds[m.guild].roles[m.id].name)}

    def _above_bot(self, role: Made) -> bool:
        roles = self.town.world.guilds[role.guild].roles
        return roles[role.id].rank() > roles[self._bot_role(role.guild)].rank()

    def _bot_role(self, guild: str) -> str:
        return next(r.id for r in self.town.world.guilds[guild].roles.values() if r.bot_id == self.town.bot)

    def _harm(self, thing: Made, kind: str) -> None:
        memory = self.mem(thing.session)
        memory.harm[kind] += 1
        memory.sure = False

    # what is taken

    def mod_deletes(self, thing: Made) -> None:
        """Delete a role or room of ours by hand."""
        self.tell(f"moderator deletes {thing}")
        self._harm(thing, thing.kind)
        if thing.kind == "role":
            self.town.world.delete_role(thing.guild, thing.id)
        else:
            self.town.world.delete_channel(thing.id)

    def mod_renames(self, thing: Made) -> None:
        """Rename a role or room of ours by hand."""
        self.tell(f"moderator renames {thing}")
        self._names.setdefault(thing.id, self._name(thing))
        self.town.world.rename(thing.id, f"renamed {thing.id}")

    def mod_names_again(self) -> None:
        """Give roles that nothing but the ledger leads to their names again, as the hint says."""
        estranged = self.estranged
        for role in [r for r in self.rooms() if r.id in estranged and r.kind == "role"]:
            self.tell(f"moderator names {role} again")
            self.town.world.rename(role.id, self._names[role.id])
            self.mem(role.session).sure = False

    def _name(self, thing: Made) -> str:
        if thing.kind == "role":
            return self.town.world.guilds[thing.guild].roles[thing.id].name
        channel = self.town.world.channel(thing.id)
        assert channel is not None
        return channel.name

    def mod_takes(self, thing: Made, person: str) -> None:
        """Take a person's access by hand."""
        world = self.town.world
        self.tell(f"moderator takes {thing} from {self.watch.names([person])}")
        if thing.kind == "channel":
            world.delete_overwrite(thing.id, person)
        elif person in world.guilds[thing.guild].members:
            world.take_role(thing.guild, person, thing.id)
        self._harm(thing, "grant")

    def mod_hides(self, room: Made) -> None:
        """Take the bot's overwrite from a room of ours."""
        self.tell(f"moderator hides {room}")
        self.town.world.delete_overwrite(room.id, self.town.bot)
        self.mem(room.session).sure = False

    def mod_shows(self) -> None:
        """Give the bot back its overwrites, as the hint says."""
        hidden = self.hidden | self.estranged
        for room in [r for r in self.rooms() if r.id in hidden and r.kind == "channel"]:
            self.tell(f"moderator shows {room}")
            self.town.world.set_overwrite(room.id, self.town.bot, p.MEMBER, p.ENTER)
            self.mem(room.session).sure = False

    # what is opened

    def mod_gives(self, thing: Made, someone: str, allow: int = p.ENTER) -> None:
        """Let somebody in by hand: by the role, or by an overwrite of the room."""
        self.tell(f"moderator gives {thing} to {self.watch.names([someone])} with {allow}")
        world = self.town.world
        if thing.kind == "channel":
            channel = world.channel(thing.id)
            held = channel.overwrites.get(someone) if channel is not None else None
            if held is not None and held.allow & p.ENTER & ~allow:  # they had more: a person's access is taken
                self._harm(thing, "grant")
            world.set_overwrite(thing.id, someone, p.MEMBER, allow)
        elif someone in world.guilds[thing.guild].members:
            world.give_role(thing.guild, someone, thing.id)

    def mod_admits(self, room: Made, role: str, allow: int, deny: int) -> None:
        """Add an overwrite for a role that is none of coachsync's."""
        self.tell(f"moderator admits role {role} to {room}: {allow} without {deny}")
        self.town.world.set_overwrite(room.id, role, p.ROLE, allow, deny)

    def mod_denies(self, room: Made, someone: str) -> None:
        """Deny somebody the room by an overwrite of their own, which takes what they were given by one."""
        self.tell(f"moderator denies {room} to {self.watch.names([someone])}")
        self.town.world.set_overwrite(room.id, someone, p.MEMBER, 0, p.ENTER)
        self._harm(room, "grant")

    def mod_opens(self, room: Made, how: str) -> None:
        """Open a room to everyone: by a click on "Sync now" ("sync"), "clear", the deny deleted ("undeny"), "allow"."""
        self.tell(f"moderator opens {room}: {how}")
        world = self.town.world
        channel = world.channel(room.id)
        assert channel is not None
        if how == "undeny":
            world.delete_overwrite(room.id, room.guild)
        elif how == "allow":
            world.open_to_everyone(room.id)
        else:
            synced = how == "sync" and channel.parent_id is not None
            (world.sync_with_category if synced else world.clear_permissions)(room.id)
            told = self.mem(room.session).told
            if "member" in self.mem(room.session).accesses or any(t.people - t.speakers for t in told):
                self._harm(room, "grant")  # with all overwrites people's own are gone

    # roles of ours

    def mod_edits(self, role: Made, how: str) -> None:
        """Give a role of ours permissions, or a form, that it should not have."""
        self.tell(f"moderator edits {role}: {how}")
        edit = self.town.world.edit_role
        if how == "administrator":
            edit(role.guild, role.id, permissions=p.ADMINISTRATOR)
        elif how == "sight":
            edit(role.guild, role.id, permissions=p.ENTER)
        else:
            edit(role.guild, role.id, mentionable=how == "mentionable", hoist=how == "hoist")

    def mod_raises(self, role: Made) -> None:
        """Drag a role of ours above the bot's."""
        self.tell(f"moderator raises {role}")
        self.town.world.move_role(role.guild, role.id, above=self._bot_role(role.guild))
        self.mem(role.session).sure = False

    def mod_lowers(self) -> None:
        """Drag all roles of ours below the bot's again."""
        raised = self.raised
        for role in [r for r in self.rooms() if r.id in raised]:
            self.tell(f"moderator lowers {role}")
            self.town.world.move_role(role.guild, role.id, below=self._bot_role(role.guild))
            self.mem(role.session).sure = False


def _is_renamed(name: str) -> bool:
    return name.startswith("renamed ")
