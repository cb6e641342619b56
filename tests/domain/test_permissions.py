"""Effective permissions as Discord computes them, rule by rule."""

from __future__ import annotations

import pytest

from coachsync.domain import permissions as p
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite

GUILD, ME, HELD, OTHER = "1", "2", "3", "4"
BASE = p.ENTER | p.SPEAK | p.SEND_MESSAGES


def _in_channel(*overwrites: Overwrite, base: int = BASE, voice: bool = True, timed_out: bool = False) -> int:
    return p.channel_permissions(
        base, overwrites, guild_id=GUILD, member_id=ME, role_ids={HELD, OTHER}, voice=voice, timed_out=timed_out
    )


def test_needed_permissions_are_the_invite_integer() -> None:
    assert p.NEEDED == 305253904


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADMINISTRATOR", 8),
        ("MANAGE_CHANNELS", 16),
        ("VIEW_CHANNEL", 1024),
        ("CONNECT", 1048576),
        ("SPEAK", 2097152),
        ("USE_VAD", 33554432),
        ("MANAGE_ROLES", 268435456),
        ("CREATE_EVENTS", 17592186044416),
        ("SET_VOICE_CHANNEL_STATUS", 281474976710656),
    ],
)
def test_bits_have_discords_values(name: str, value: int) -> None:
    assert p.BITS[name] == value


def test_constants_agree_with_the_table_of_names() -> None:
    constants = {name: getattr(p, name) for name in p.BITS if hasattr(p, name)}
    assert constants == {name: p.BITS[name] for name in constants}
    assert p.names(p.ENTER) == ["VIEW_CHANNEL", "CONNECT"]


def test_guild_permissions_join_everyone_and_roles() -> None:
    assert p.guild_permissions(p.SPEAK, [p.CONNECT, p.STREAM]) == p.SPEAK | p.CONNECT | p.STREAM


@pytest.mark.parametrize(("roles", "owner"), [([p.ADMINISTRATOR], False), ([], True)])
def test_guild_permissions_are_all_for_owner_and_administrator(roles: list[int], owner: bool) -> None:
    assert p.guild_permissions(0, roles, owner=owner) == p.ALL


def test_channel_permissions_ignore_overwrites_for_an_administrator() -> None:
    assert _in_channel(Overwrite(ME, MEMBER, 0, p.ENTER), base=p.ALL) == p.ALL


def test_everyone_deny_shuts_a_member_out() -> None:
    assert _in_channel(Overwrite(GUILD, ROLE, 0, p.ENTER)) == 0


def test_role_allow_beats_the_deny_of_everyone_and_of_another_role() -> None:
    everyone, denied = Overwrite(GUILD, ROLE, 0, p.ENTER), Overwrite(OTHER, ROLE, 0, p.ENTER)
    assert _in_channel(everyone, Overwrite(HELD, ROLE, p.ENTER, 0), denied) == BASE


def test_member_deny_beats_a_role_allow() -> None:
    allowed = Overwrite(HELD, ROLE, p.ENTER, 0)
    assert _in_channel(allowed, Overwrite(ME, MEMBER, 0, p.VIEW_CHANNEL)) == 0


def test_member_allow_beats_a_role_deny() -> None:
    denied = Overwrite(HELD, ROLE, 0, p.ENTER)
    assert _in_channel(denied, Overwrite(ME, MEMBER, p.ENTER, 0)) == BASE


def test_overwrites_of_others_do_not_count() -> None:
    assert _in_channel(Overwrite("9", ROLE, 0, p.ENTER), Overwrite("9", MEMBER, 0, p.ENTER)) == BASE


def test_voice_without_connect_leaves_only_the_view() -> None:
    assert _in_channel(Overwrite(GUILD, ROLE, 0, p.CONNECT), base=BASE | p.MANAGE_CHANNELS) == p.VIEW_CHANNEL


def test_text_needs_no_connect() -> None:
    held = _in_channel(Overwrite(GUILD, ROLE, 0, p.CONNECT), voice=False)
    assert held == BASE & ~p.CONNECT


def test_no_messages_means_no_files_and_embeds() -> None:
    base = p.ENTER | p.ATTACH_FILES | p.EMBED_LINKS | p.MENTION_EVERYONE
    assert _in_channel(base=base) == p.ENTER


def test_timed_out_member_cannot_connect() -> None:
    assert _in_channel(timed_out=True) == p.VIEW_CHANNEL
