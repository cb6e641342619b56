"""Who can enter a room against who should: what is wrong, in which order it is mended, and who is a stranger."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachsync.domain.audience import Fault, Guests, House, faults, is_open, is_stranger, lets_in
from coachsync.domain.guild_objects import Role
from coachsync.domain.permissions import (
    ADMINISTRATOR,
    CONNECT,
    ENTER,
    MEMBER,
    ROLE,
    SILENCE,
    SPEAK,
    SPEAKING,
    STREAM,
    VIEW_CHANNEL,
    Overwrite,
    Target,
    channel_permissions,
)

GUILD, BOT = "1100000000000000000", "1200000000000000000"
SESSION, STAFF, OTHER, ADMINS, OWN = "21", "22", "23", "24", "25"
JOHN, ZOE = "31", "39"
EVERYONE_HOLDS = VIEW_CHANNEL | CONNECT | SPEAK


def role(role_id: str, permissions: int = 0, *, mentionable: bool = False, managed: bool = False) -> Role:
    return Role(role_id, f"role {role_id}", 1, permissions, managed, mentionable)


ROLES = {r.id: r for r in (role(SESSION), role(STAFF), role(OTHER), role(ADMINS, ADMINISTRATOR), role(OWN))}
HOUSE = House(GUILD, BOT, {GUILD: role(GUILD, EVERYONE_HOLDS), **ROLES}, frozenset({OWN}))
WANTED = (
    Overwrite(BOT, MEMBER, ENTER, 0),
    Overwrite(GUILD, ROLE, 0, ENTER),
    Overwrite(STAFF, ROLE, ENTER | SPEAK, 0),
    Overwrite(SESSION, ROLE, ENTER | SPEAK, 0),
)
GUESTS = Guests(WANTED, SESSION, frozenset({JOHN}), frozenset({"77"}), frozenset({"66"}))


def room(*more: Overwrite, without: Iterable[str] = ()) -> dict[Target, Overwrite]:
    return {o.target: o for o in (*WANTED, *more) if o.id not in set(without)}


def told(overwrites: dict[Target, Overwrite], house: House = HOUSE) -> list[str]:
    return [fault.kind for fault in faults(house, overwrites, GUESTS)]


def test_room_as_made_has_no_fault() -> None:
    assert faults(HOUSE, room(), GUESTS) == ()


def test_room_without_any_overwrite_is_mended_from_the_bot_outwards() -> None:
    assert told({}) == ["bot", "everyone", "staff", "admitted"]


HEARS = Overwrite("55", MEMBER, ENTER, SPEAKING)
WATCHED = GUESTS._replace(wanted=(*WANTED, HEARS), people=frozenset({JOHN, "55"}), observers=frozenset({"55"}))


@pytest.mark.parametrize(
    ("allow", "deny", "found"),
    [
        (ENTER, SPEAKING, []),
        (ENTER, SPEAKING | CONNECT, []),
        (ENTER, 0, [True]),
        (ENTER, SPEAKING & ~STREAM, [True]),
        (ENTER | SPEAK, SPEAKING & ~SPEAK, [True]),
        (ENTER, SILENCE, [False]),
        (0, 0, []),
        (CONNECT, 0, []),
    ],
)
def test_observer_is_to_be_denied_all_that_is_heard_seen_or_read(allow: int, deny: int, found: list[bool]) -> None:
    told = faults(HOUSE, room(Overwrite("55", MEMBER, allow, deny)), WATCHED)
    assert [(f.kind, f.put, f.open) for f in told] == [("observer", HEARS, heard) for heard in found]


def test_observer_whom_the_bot_cannot_silence_is_not_let_in() -> None:
    (found,) = faults(HOUSE, room(Overwrite("55", MEMBER, ENTER, 0)), WATCHED._replace(wanted=WANTED))
    assert (found.kind, found.put) == ("observer", None)


def test_observer_whom_the_configuration_lets_in_may_speak() -> None:
    also = WATCHED._replace(also=frozenset({"55"}))
    assert faults(HOUSE, room(Overwrite("55", MEMBER, ENTER | SPEAK, 0)), also) == ()


def test_what_is_taken_comes_before_what_is_given() -> None:
    strange = Overwrite(ZOE, MEMBER, VIEW_CHANNEL, 0)
    former = Overwrite("66", ROLE, ENTER, 0)
    assert told(room(strange, former, without=[GUILD, STAFF])) == ["everyone", "former", "stranger", "staff"]


@pytest.mark.parametrize(
    ("overwrite", "stranger"),
    [
        (Overwrite(ZOE, MEMBER, VIEW_CHANNEL, 0), True),
        (Overwrite(OTHER, ROLE, VIEW_CHANNEL, 0), True),
        (Overwrite("98", ROLE, VIEW_CHANNEL, 0), True),
        (Overwrite(SESSION, MEMBER, VIEW_CHANNEL, 0), True),
        (Overwrite(JOHN, MEMBER, VIEW_CHANNEL, 0), False),
        (Overwrite(ZOE, MEMBER, CONNECT, 0), False),
        (Overwrite(OTHER, ROLE, 0, VIEW_CHANNEL), False),
        (Overwrite(ADMINS, ROLE, ENTER, 0), False),
        (Overwrite(OWN, ROLE, ENTER, 0), False),
        (Overwrite("77", MEMBER, ENTER, 0), False),
        (Overwrite("77", ROLE, ENTER, 0), False),
    ],
    ids=[
        "somebody", "a role", "a role nobody lists", "a role's id as a person", "a booked person", "connect alone",
        "a deny", "administrators", "the bot's own role", "also, a person", "also, a role",
    ],
)  # fmt: skip
def test_stranger_is_who_may_view_and_is_not_expected(overwrite: Overwrite, stranger: bool) -> None:
    assert is_stranger(HOUSE, overwrite, GUESTS) is stranger
    assert ("stranger" in told(room(overwrite))) is stranger


def test_former_staff_is_taken_without_being_a_leak() -> None:
    (fault,) = faults(HOUSE, room(Overwrite("66", ROLE, ENTER, 0)), GUESTS)
    assert fault == Fault("former", (ROLE, "66"), None, open=False)


@pytest.mark.parametrize("odd", [role(SESSION, ADMINISTRATOR), role(SESSION, mentionable=True)], ids=["rights", "ping"])
def test_session_role_that_carries_something_is_put_back(odd: Role) -> None:
    assert told(room(), HOUSE._replace(roles={**HOUSE.roles, SESSION: odd})) == ["role"]


def test_bit_more_than_asked_for_is_no_fault() -> None:
    more = Overwrite(BOT, MEMBER, ENTER | SPEAK, 0)
    assert told({**room(), more.target: more}) == []


@pytest.mark.parametrize("deny", [0, CONNECT], ids=["gone", "connect alone"])
def test_everyone_who_may_view_is_a_leak(deny: int) -> None:
    weak = Overwrite(GUILD, ROLE, 0, deny)
    (fault,) = faults(HOUSE, {**room(), weak.target: weak}, GUESTS)
    assert (fault.kind, fault.open, fault.put) == ("everyone", True, WANTED[1])


def test_missing_deny_is_no_leak_in_a_guild_where_nobody_sees_anything() -> None:
    blind = HOUSE._replace(roles={**ROLES, GUILD: role(GUILD)})
    (fault,) = faults(blind, room(without=[GUILD]), GUESTS)
    assert (fault.kind, fault.open) == ("everyone", False)


def test_missing_deny_is_a_leak_when_a_role_sees_every_channel() -> None:
    seeing = HOUSE._replace(roles={**ROLES, GUILD: role(GUILD), OTHER: role(OTHER, VIEW_CHANNEL)})
    assert is_open(seeing, room(without=[GUILD]))


@pytest.mark.parametrize(
    ("target", "lacking"), [((ROLE, SESSION), 0), ((ROLE, OTHER), ENTER | SPEAK), ((MEMBER, BOT), 0)]
)
def test_lets_in_names_what_somebody_lacks(target: Target, lacking: int) -> None:
    assert lets_in(HOUSE, room(), target) == lacking


BITS = st.sampled_from([0, VIEW_CHANNEL, CONNECT, ENTER, ENTER | SPEAK])
TARGETS = st.sampled_from(
    [(ROLE, i) for i in (GUILD, SESSION, STAFF, OTHER, OWN, "66", "77")] + [(MEMBER, i) for i in (BOT, JOHN, ZOE, "77")]
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(TARGETS, st.tuples(BITS, BITS)))
def test_room_is_private_when_every_fault_is_mended(changes: dict[Target, tuple[int, int]]) -> None:
    overwrites = {t: Overwrite(t[1], t[0], allow & ~deny, deny) for t, (allow, deny) in changes.items()}
    for fault in faults(HOUSE, overwrites, GUESTS):
        if fault.put is not None:
            overwrites[fault.target] = fault.put
        else:
            del overwrites[fault.target]
    assert faults(HOUSE, overwrites, GUESTS) == ()
    for roles in ([], [OTHER], ["66"], [OTHER, "66"]):
        held = channel_permissions(
            EVERYONE_HOLDS, overwrites.values(), guild_id=GUILD, member_id=ZOE, role_ids=roles, voice=True
        )
        assert not held & VIEW_CHANNEL
