"""Who asks Discord first when not all can ask at once."""

from __future__ import annotations

from coachsync.domain.model import HOUR, Action, ActionKind
from coachsync.engine.order import in_order
from tests.unit.build import GUILD, OTHER_GUILD, START, a_session


def an_action(session_id: str, *, kind: ActionKind = "setup", guild: str = GUILD, start: int = START) -> Action:
    return Action(kind, a_session(session_id, guild_id=guild, start=start), None, guild, "due")


def ids(actions: list[Action]) -> list[str]:
    return [action.session.id for _, action in in_order(actions)]


def test_earlier_start_goes_first_within_a_guild() -> None:
    assert ids([an_action("late", start=START + HOUR), an_action("early")]) == ["early", "late"]


def test_guilds_take_turns_when_one_of_them_starts_earlier_with_all_of_its_sessions() -> None:
    first = [an_action("a1"), an_action("a2")]
    second = [an_action(i, guild=OTHER_GUILD, start=START + HOUR) for i in ("b1", "b2")]

    assert ids(first + second) == ["a1", "b1", "a2", "b2"]


def test_setup_goes_before_a_cleanup_that_started_earlier() -> None:
    assert ids([an_action("old", kind="cleanup", start=START - HOUR), an_action("new")]) == ["new", "old"]


def test_no_two_sessions_share_a_priority_when_they_start_together() -> None:
    priorities = [priority for priority, _ in in_order([an_action(str(n)) for n in range(20)])]

    assert len(set(priorities)) == 20
