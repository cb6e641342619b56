"""Who asks Discord first when not all can ask at once."""

from __future__ import annotations

import pytest

from coachsync.domain.model import HOUR, Action, ActionKind
from coachsync.engine.apply import in_order
from tests.domain.build import GUILD, OTHER_GUILD, START, a_session


def an_action(session_id: str, *, kind: ActionKind = "setup", guild: str = GUILD, start: int = START) -> Action:
    return Action(kind, a_session(session_id, guild_id=guild, start=start), None, guild, "due")


def ids(actions: list[Action]) -> list[str]:
    return [action.session.id for _, action in in_order(actions)]


@pytest.mark.parametrize("guild", [GUILD, OTHER_GUILD])
def test_earlier_start_goes_first_wherever_it_is(guild: str) -> None:
    assert ids([an_action("a", guild=guild, start=START + HOUR), an_action("b")]) == ["b", "a"]


def test_guilds_take_turns_when_their_sessions_start_together() -> None:
    first = [an_action("a1"), an_action("a2")]
    second = [an_action(i, guild=OTHER_GUILD) for i in ("b1", "b2")]

    assert ids(first + second) == ["a1", "b1", "a2", "b2"]


def test_setup_goes_before_a_cleanup_that_started_earlier() -> None:
    assert ids([an_action("old", kind="cleanup", start=START - HOUR), an_action("new")]) == ["new", "old"]


def test_no_two_sessions_share_a_priority_when_they_start_together() -> None:
    priorities = [priority for priority, _ in in_order([an_action(str(n)) for n in range(20)])]

    assert len(set(priorities)) == 20
