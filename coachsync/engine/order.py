"""In which order sessions ask Discord, when its limits do not let all of them ask at once.

What a session has begun goes before what the next one begins, so rooms become ready one after the other and the
slowest limit (the grants) is in use from the first session on. Each guild has that limit to itself while all share
the global one: of sessions with one start, guilds therefore take turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from coachsync.domain.model import Action, Millis
from coachsync.domain.planned import RANK

Priority = tuple[int, ...]


def in_order(actions: Iterable[Action]) -> list[tuple[Priority, Action]]:
    """Return the actions with the priority of their requests, which no two share; the least goes first."""
    turns: Counter[tuple[str, str, Millis]] = Counter()
    ordered: list[tuple[Priority, Action]] = []
    for action in sorted(actions, key=lambda a: (RANK[a.kind], a.session.start, a.session.id)):
        place = (action.kind, action.guild_id, action.session.start)
        ordered.append(((RANK[action.kind], action.session.start, turns[place], len(ordered)), action))
        turns[place] += 1
    return sorted(ordered, key=lambda pair: pair[0])
