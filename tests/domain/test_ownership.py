"""Ours or foreign: which roles and channels may be adopted, changed or deleted."""

from __future__ import annotations

import pytest

from coachsync.domain.guild_objects import CATEGORY, VOICE, Channel, Role
from coachsync.domain.model import Millis, Names, Resource
from coachsync.domain.ownership import (
    has_bot_overwrite,
    in_flight,
    is_our_channel,
    looks_like_our_role,
)
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite, Target
from coachsync.domain.snowflake import made_at

BOT = "1400000000000000000"
NAMES = (Names("abc12345", "Session abc12345", "🎤 coaching-abc12345"),)


def a_channel(
    name: str = "🎤 coaching-abc12345", kind: int = VOICE, overwrites: dict[Target, Overwrite] | None = None
) -> Channel:
    """Return a channel; without `overwrites` it carries the bot's own."""
    held = {(MEMBER, BOT): Overwrite(BOT, MEMBER, 0, 0)} if overwrites is None else overwrites
    return Channel("15", "11", name, kind, None, held)


def a_role(name: str = "Session abc12345", permissions: int = 0, *, managed: bool = False) -> Role:
    """Return a role as we make them, but for what is named."""
    return Role("14", name, 1, permissions, managed)


@pytest.mark.parametrize(
    ("channel", "claimed", "ours"),
    [
        (a_channel(), False, True),
        (a_channel(), True, True),
        (a_channel(overwrites={}), False, False),
        (a_channel(overwrites={}), True, True),
        (a_channel(overwrites={(ROLE, BOT): Overwrite(BOT, ROLE, 0, 0)}), False, False),
        (a_channel(overwrites={(MEMBER, "9"): Overwrite("9", MEMBER, 0, 0)}), False, False),
        (a_channel(name="coaching-abc12345"), False, False),
        (a_channel(name="coaching-abc12345", overwrites={}), True, True),
        (a_channel(name="lobby"), False, False),
        (a_channel(name="lobby"), True, False),
        (a_channel(kind=0), True, False),
        (a_channel(kind=CATEGORY), False, False),
    ],
    ids=[
        "name and bot", "name, bot and store", "name alone", "name and store", "a role of the bot's id",
        "another member", "old name and bot", "old name and store", "other name with bot", "other name in store",
        "text channel", "category",
    ],
)  # fmt: skip
def test_channel_is_ours_by_its_name_and_the_bot_or_the_store(channel: Channel, claimed: bool, ours: bool) -> None:
    assert is_our_channel(channel, NAMES, BOT, claimed) is ours


def test_channel_is_ours_when_it_bears_the_hashed_name() -> None:
    names = (*NAMES, Names("h", "Session h", "🎤 coaching-h"))
    assert is_our_channel(a_channel(name="🎤 coaching-h"), names, BOT, claimed=False)


@pytest.mark.parametrize(("kind", "found"), [(MEMBER, True), (ROLE, False)])
def test_bot_overwrite_counts_only_as_a_members(kind: int, found: bool) -> None:
    assert has_bot_overwrite(a_channel(overwrites={(kind, BOT): Overwrite(BOT, kind, 0, 0)}), BOT) is found


@pytest.mark.parametrize(
    ("role", "ours"),
    [
        (a_role(), True),
        (a_role(permissions=1 << 10), False),
        (a_role(managed=True), False),
        (a_role(name="Session abc12346"), False),
        (a_role(name="VIP"), False),
    ],
)
def test_role_looks_like_ours_when_name_and_make_fit(role: Role, ours: bool) -> None:
    assert looks_like_our_role(role, NAMES) is ours


def test_made_at_reads_the_time_in_a_snowflake() -> None:
    # the example of Discord's own documentation: 2016-04-30 11:18:25.796 UTC
    assert made_at("175928847299117063") == 1462015105796


AT: Millis = 1_792_069_200_000


@pytest.mark.parametrize(
    ("until", "created", "ours"),
    [
        (AT + 100, AT - 5_001, False),
        (AT + 100, AT - 5_000, True),
        (AT + 100, AT + 60_100, True),
        (AT + 100, AT + 60_101, False),
        (None, AT + 300_000 + 10_000 + 60_000, True),
        (None, AT + 300_000 + 10_000 + 60_001, False),
    ],
)
def test_in_flight_spans_the_attempt_and_what_clocks_may_differ(
    until: Millis | None, created: Millis, ours: bool
) -> None:
    attempt = Resource("role", "Session abc12345", "11", attempt_at=AT, attempt_until=until)
    assert in_flight(attempt, created, 10_000) is ours
