"""What coachsync does in Discord, done for real against the stand-in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from coachsync.discord.api import Discord, How
from coachsync.discord.client import Client
from coachsync.discord.errors import AnswerLost, BadRequest, NotFound, UnexpectedAnswer
from coachsync.discord.exchange import Answer, Outgoing, Result
from coachsync.discord.gateway import Gateway
from coachsync.discord.objects import read_found
from coachsync.domain import permissions as p
from coachsync.domain.guild_objects import CATEGORY
from coachsync.domain.permissions import Overwrite
from coachsync.secrets import Token
from tests.discord.simulation import Fixed, Server, simulate, unlimited
from tests.standin.house import START, TOKEN, House

T = TypeVar("T")
REASON = How(reason="coachsync session abc12345")


def at(house: House, work: Callable[[Discord], Awaitable[T]]) -> T:
    async def main() -> T:
        gateway = Gateway(house.standin.base_url, timeout=5)
        try:
            return await work(gateway.discord(Token(TOKEN)))
        finally:
            gateway.close()

    return asyncio.run(main())


def private(house: House, *roles: str) -> list[Overwrite]:
    let_in = [Overwrite(role, 0, p.ENTER, 0) for role in roles]
    me = Overwrite(house.bot, 1, p.ENTER | p.MANAGE_CHANNELS, 0)
    return [Overwrite(house.guild, 0, 0, p.ENTER), *let_in, me]


def test_room_of_a_session_is_made_and_removed(house: House) -> None:
    async def life(discord: Discord) -> str:
        role = await discord.create_role(house.guild, "Session abc12345", REASON)
        room = await discord.create_channel(house.guild, "🎤 coaching-abc12345", private(house, role.id), None, REASON)
        await discord.grant(house.guild, house.john, role.id, REASON)
        assert (role.permissions, role.managed, room.type) == (0, False, 2)
        assert room.overwrites == {overwrite.target: overwrite for overwrite in private(house, role.id)}
        assert room == (await discord.channels(house.guild))[room.id] == await discord.channel(room.id)
        assert (await discord.roles(house.guild))[role.id].name == "Session abc12345"
        assert (await discord.member(house.guild, house.john)).roles == {role.id}
        counts = await discord.role_counts(house.guild)
        assert counts is not None
        assert counts[role.id] == 1
        seen = house.world.who_can_enter(room.id)
        await discord.ungrant(house.guild, house.john, role.id, REASON)
        await discord.delete_channel(room.id, REASON)
        await discord.delete_role(house.guild, role.id, REASON)
        assert seen == {house.bot, house.owner, house.john}
        return room.id

    room = at(house, life)

    async def gone(discord: Discord) -> None:
        await discord.channel(room)

    with pytest.raises(NotFound) as caught:
        at(house, gone)
    assert caught.value.discord_code == 10003


def test_overwrite_is_set_and_removed(house: House) -> None:
    async def change(discord: Discord) -> tuple[set[str], set[str]]:
        room = await discord.create_channel(house.guild, "room", private(house))
        await discord.put_overwrite(room.id, Overwrite(house.john, 1, p.ENTER, 0), REASON)
        during = house.world.who_can_enter(room.id)
        await discord.delete_overwrite(room.id, house.john, REASON)
        return during, house.world.who_can_enter(room.id)

    during, after = at(house, change)

    assert during - after == {house.john}


def test_voice_state_tells_the_room_a_person_is_in(house: House) -> None:
    async def look(discord: Discord) -> tuple[str | None, str | None, str]:
        category = await discord.create_category(house.guild, "Coaching", private(house))
        assert category.type == CATEGORY
        overwrites = [*private(house), Overwrite(house.john, 1, p.ENTER, 0)]
        room = await discord.create_channel(house.guild, "room", overwrites, category.id)
        assert room.parent_id == category.id
        before = await discord.voice_channel_of(house.guild, house.john)
        house.world.connect_voice(house.guild, house.john, room.id)
        return before, await discord.voice_channel_of(house.guild, house.john), room.id

    before, during, room = at(house, look)

    assert before is None
    assert during == room


def test_full_category_is_told(house: House) -> None:
    async def fill(discord: Discord) -> None:
        category = await discord.create_category(house.guild, "Coaching", private(house))
        rooms = (discord.create_channel(house.guild, f"room {n}", private(house), category.id) for n in range(51))
        await asyncio.gather(*rooms)

    with pytest.raises(BadRequest) as caught:
        at(house, fill)
    assert caught.value.category_full


def test_discords_clock_is_known_after_the_first_answer(house: House) -> None:
    async def ask(discord: Discord) -> tuple[int | None, int | None, int | None]:
        before = discord.now()
        await discord.me()
        return before, discord.now(), discord.skew()

    before, now, skew = at(house, ask)

    assert before is None
    assert now == pytest.approx(START, abs=2000)
    assert skew == pytest.approx(START - time.time() * 1000, abs=3000)


def test_role_changes_of_one_member_never_overlap() -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited)
    overlapping = 0
    start = server.start
    inside: set[str] = set()

    def watching(outgoing: Outgoing, done: Callable[[Result], None]) -> None:
        nonlocal overlapping
        user = outgoing.call.path.split("/")[4]
        overlapping += user in inside
        inside.add(user)
        start(outgoing, lambda result: (inside.discard(user), done(result))[1])  # type: ignore[func-returns-value]

    server.start = watching  # type: ignore[method-assign]  # a spy in front of the server

    async def main() -> None:
        discord = Discord(Client(server))
        grants = (discord.grant("1", str(n % 3), str(n)) for n in range(30))
        ungrants = (discord.ungrant("1", str(n % 3), str(n)) for n in range(30, 40))
        await asyncio.gather(*grants, *ungrants)

    simulate(main)

    assert len(server.arrivals) == 40
    assert overlapping == 0


MISSHAPEN = [b"[]", b"3", b'{"id": 3}', b'{"id": "x", "name": "a"}', b'{"id": "1"}', b"null", b'"text"']


@pytest.mark.parametrize("body", MISSHAPEN)
def test_misshapen_answer_is_unexpected(body: bytes) -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited, script=lambda _o, _n: Answer(200, {}, body))

    async def main() -> None:
        await Discord(Client(server)).channel("1")

    with pytest.raises(UnexpectedAnswer):
        simulate(main)


@pytest.mark.parametrize("body", [*MISSHAPEN, b""])
def test_misshapen_answer_to_a_create_counts_as_lost(body: bytes) -> None:
    server = Server(lambda: Fixed(1, 1.0), unlimited, script=lambda _o, _n: Answer(200, {}, body))

    async def main() -> None:
        await Discord(Client(server)).create_role("1", "x")

    with pytest.raises(AnswerLost) as caught:
        simulate(main)
    assert caught.value.code == "unexpected_answer"
    assert len(server.arrivals) == 1


def test_search_tells_id_and_user_name_of_whoever_begins_so(house: House) -> None:
    nadja = house.person("nadja & co")
    found = at(house, lambda discord: discord.search_members(house.guild, "nadja &", 10))
    assert (found.members, found.shown) == ([(nadja, "nadja & co")], 1)


def test_search_counts_members_that_it_cannot_read() -> None:
    body = [
        {"user": {"id": "1300000000000000001", "username": "anna"}},
        {"user": None},
        7,
        {"user": {"id": "7", "username": "anna"}},
    ]
    found = read_found(body)
    assert (found.members, found.shown) == ([("1300000000000000001", "anna")], 4)
