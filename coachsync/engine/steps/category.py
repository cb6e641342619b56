"""Under which category a room is made: the configured one, and further ones when it is full.

A category holds 50 channels; the list may hide some, so Discord's own refusal (50035 with
CHANNEL_PARENT_MAX_CHANNELS) is the last word. Those we made stay for reuse: the list may hide channels in them, so only
an audit that was asked to removes them.

Source: discord.com/developers/docs/resources/channel (limits), discord/FACTS §4.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection

from coachsync.discord.api import How
from coachsync.discord.codes import UNKNOWN_CHANNEL
from coachsync.discord.errors import BadRequest, DiscordError, Forbidden, NotFound, RateLimited
from coachsync.domain.guild_objects import CATEGORY, Channel
from coachsync.domain.limits import CHANNELS_IN_CATEGORY, LONGEST_NAME, MOST_CHANNELS
from coachsync.domain.model import Resource
from coachsync.domain.naming import same_name
from coachsync.domain.ownership import LATE, has_bot_overwrite
from coachsync.engine.journal import Journal
from coachsync.errors import FencedError
from coachsync.guild.picture import Guild
from coachsync.guild.powers import denied

_MOST = 2 * MOST_CHANNELS // CHANNELS_IN_CATEGORY  # twice as many as a guild can fill


class Shelf:
    """The categories of one guild in one run: how full each is, which are ours, which cannot be used.

    `grows`: a further one is made if all are full; else rooms go without one. `shared`: other hosts may make one, too.
    """

    def __init__(self, guild: Guild, own: list[Resource], *, grows: bool = True, shared: bool = False) -> None:
        self.guild = guild
        self.shared = shared
        self.grows = grows
        self.own = {r.snowflake: r for r in own if r.snowflake}
        self.full: set[str] = set()
        self.bad: set[str] = set()
        self.base: Channel | None = None
        self.base_asked = False
        self.closed = False
        self.lock = asyncio.Lock()
        self._used: Counter[str] | None = None

    @property
    def used(self) -> Counter[str]:
        """Return how many channels each category holds; counted when first asked, after the guild was read."""
        if self._used is None:
            self._used = Counter(c.parent_id for c in self.guild.channels.values() if c.parent_id)
        return self._used

    def note_refusal(self, parent: str, error: BadRequest) -> None:
        """Remember why a category was refused: full, or gone (then with a warning)."""
        if error.category_full:
            self.full.add(parent)
        else:
            self.bad.add(parent)
            _warn_gone(self.guild, parent)

    def note_forbidden(self, parent: str) -> None:
        """Remember that a category denies the bot what it needs: the run's other rooms do without one, too."""
        self.closed = True
        category, powers = self.guild.channels.get(parent), self.guild.powers
        taken = powers.denied_in(category) if category is not None and powers is not None else 0
        if category is None or powers is None or not taken:
            _warn_gone(self.guild, parent)
            return
        why = denied(category, self.guild.roles, powers, taken)
        self.guild.warn("category_gone", None, f"category {why.message}: rooms are made without it", why.hint)

    def has_room(self, category_id: str) -> bool:
        """Return whether one more room fits as far as we know."""
        return category_id not in self.full | self.bad and self.used[category_id] < CHANNELS_IN_CATEGORY


def refuses_parent(error: BadRequest) -> bool:
    """Return whether Discord refused the category, not the room."""
    return error.category_full or error.bad_parent


def may_forbid(error: Forbidden) -> bool:
    """Return whether a refusal may be the category's doing: Discord's own answer, and of no other known cause."""
    return error.http_status is not None and error.code not in ("needs_2fa", "bot_flagged")


async def choose(shelf: Shelf, journal: Journal, how: How, tried: set[str | None]) -> str | None:
    """Return the category for one more room and count it in; None if rooms go without one."""
    if shelf.guild.category_id is None or shelf.closed:
        return None
    async with shelf.lock:
        base = await _base(shelf, how)
        if base is None:
            return None
        chosen = next((c for c in _known(shelf, base) if c not in tried and shelf.has_room(c)), None)
        if chosen is None and shelf.grows:
            chosen = await _open_next(shelf, base, journal, how)
        if chosen is not None:
            shelf.used[chosen] += 1
        return chosen


def _known(shelf: Shelf, base: Channel) -> list[str]:
    """Return the configured category and our further ones, in the order of their numbers."""
    ours = [c for c in shelf.guild.channels.values() if _is_ours(shelf, base, c)]
    return [base.id, *(c.id for c in sorted(ours, key=lambda c: (len(c.name), c.name)))]


def filled(shelf: Shelf, rooms: Collection[str]) -> tuple[int, ...]:
    """Return how many channels but these stand in each category that rooms are put in, the configured one first."""
    guild = shelf.guild
    if guild.category_id is None:
        return ()
    base = guild.channels.get(guild.category_id)
    parents = [guild.category_id] if base is None else _known(shelf, base)
    others = Counter(c.parent_id for i, c in guild.channels.items() if i not in rooms)
    return tuple(others[parent] for parent in parents)


def _is_ours(shelf: Shelf, base: Channel, channel: Channel) -> bool:
    if channel.type != CATEGORY or channel.id == base.id:
        return False
    named = any(same_name(channel.name, numbered(base.name, n)) for n in range(2, _MOST))
    return channel.id in shelf.own or (named and has_bot_overwrite(channel, shelf.guild.bot_id))


def numbered(name: str, number: int) -> str:
    """Return the name of a further category: the first one's and a number."""
    return f"{name[: LONGEST_NAME - 5]} {number}"


async def _base(shelf: Shelf, how: How) -> Channel | None:
    """Return the configured category. An empty private one may be hidden from the list, so it is asked for."""
    guild = shelf.guild
    if not shelf.base_asked:
        shelf.base_asked = True
        shelf.base = guild.channels.get(guild.category_id or "") or await _ask(guild, how)
    return None if shelf.base is not None and shelf.base.id in shelf.bad else shelf.base


async def _ask(guild: Guild, how: How) -> Channel | None:
    try:
        found = await guild.discord.channel(guild.category_id or "", how)
    except NotFound:
        found = None
    except DiscordError as error:
        if error.code not in ("missing_access", "missing_permission"):
            raise
        found = None
    if found is None or found.guild_id not in ("", guild.id) or found.type != CATEGORY:
        _warn_gone(guild, guild.category_id or "")
        return None
    return found


def _warn_gone(guild: Guild, category_id: str) -> None:
    guild.warn(
        "category_gone",
        None,
        f"category {category_id} is not in guild {guild.id} (or hidden from the bot): rooms are made without it; "
        "correct category_id in the configuration",
    )


async def _open_next(shelf: Shelf, base: Channel, journal: Journal, how: How) -> str | None:
    """Make one more category, hidden like the rooms in it; None if Discord does not let us."""
    guild = shelf.guild
    guild.discord.client.demand_open()
    taken = {c.name for c in guild.channels.values() if c.type == CATEGORY}
    name = next(n for n in (numbered(base.name, i) for i in range(2, 1000)) if n not in taken)
    resource = Resource("category", name, guild.id, attempt_at=guild.now())
    if shelf.shared:
        how = how._replace(before=asyncio.get_running_loop().time() + LATE / 1000)
    try:
        await journal.write(lambda t: t.ledger.save_category(resource), once=True)
    except FencedError:
        return None  # one is being made, or was: it is found by its name and the bot's overwrite the next time
    try:
        made = await guild.discord.create_category(guild.id, name, guild.wanted(), how)
    except DiscordError as error:
        if not error.settled:
            return None  # it is found by its name and the bot's overwrite the next time
        resource.state = "refused"
        await journal.write(lambda t: t.ledger.save_category(resource))
        if isinstance(error, RateLimited) and error.too_late:  # see Job.create
            await asyncio.sleep(error.retry_after_s)
            return await _open_next(shelf, base, journal, how)
        raise
    resource.snowflake, resource.state, resource.made_at = made.id, "made", guild.now()
    await journal.write(lambda t: t.ledger.save_category(resource))
    guild.channels[made.id] = made
    shelf.own[made.id] = resource
    return made.id


def empty_ones(shelf: Shelf) -> list[Channel]:
    """Return those of our further categories that hold no channel, as far as the list shows."""
    guild = shelf.guild
    base = guild.channels.get(guild.category_id or "")
    parents = {c.parent_id for c in guild.channels.values()}
    listed = [c for c in guild.channels.values() if c.type == CATEGORY and c.id not in parents]
    return [c for c in listed if c.id in shelf.own or (base is not None and _is_ours(shelf, base, c))]


async def remove_empty(shelf: Shelf, journal: Journal, how: How) -> None:
    """Delete those of our further categories that hold no channel any more."""
    for category in empty_ones(shelf):
        await _remove(shelf, category, journal, how)


async def _remove(shelf: Shelf, category: Channel, journal: Journal, how: How) -> None:
    try:
        await shelf.guild.discord.delete_channel(category.id, how)
    except NotFound as error:
        if error.discord_code != UNKNOWN_CHANNEL:
            return
    except DiscordError:
        return  # the next run that looks at this guild tries again
    shelf.guild.channels.pop(category.id, None)
    resource = shelf.own.get(category.id) or Resource("category", category.name, shelf.guild.id, snowflake=category.id)
    resource.state, resource.deleted_at = "deleted", shelf.guild.now()
    await journal.write(lambda t: t.ledger.save_category(resource))
