"""What of an open session is not as it should be: the difference that a repair mends. Pure.

What vanished (a role, a room, somebody's access) is made again once, for each of them and each person. What opens a
room to others, and a second role or room, is mended every time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, NamedTuple

DriftKind = Literal["role", "channel", "privacy", "grant", "spare", "crowded", "adopted"]
_ONCE: frozenset[DriftKind] = frozenset({"role", "channel", "grant"})
CLOSING: frozenset[DriftKind] = frozenset({"privacy", "spare", "crowded", "adopted"})
"""Drift whose repair lets nobody in, if it must not."""

_WORDS: dict[DriftKind, str] = {
    "role": "its role vanished",
    "channel": "its room vanished",
    "privacy": "the room's permissions were changed",
    "grant": "somebody lost their access",
    "spare": "it has a second role or room",
    "crowded": "others hold its role",
    "adopted": "it was found open and is taken over",
}


class Drift(NamedTuple):
    """One kind of drift; `person` is whose access was lost, for a "grant" alone.

    `lost` is False if nobody took anything: they left the guild and came back, which is no loss that counts. `many`
    is how many too many hold the role.
    """

    kind: DriftKind
    person: str = ""
    lost: bool = True
    many: int = 0

    @property
    def key(self) -> str:
        """Return by which name its repairs are counted."""
        return f"{self.kind}:{self.person}" if self.person else self.kind


def mendable(repairs: Mapping[str, int], drift: Iterable[Drift]) -> tuple[Drift, ...]:
    """Return the drift that was not repaired before, or may be mended every time. `repairs`: how often, by key."""
    return tuple(d for d in drift if d.kind not in _ONCE or not d.lost or not repairs.get(d.key))


def counted(drift: Iterable[Drift]) -> set[str]:
    """Return by which names a repair that succeeded is remembered."""
    return {d.key for d in drift if d.kind in _ONCE and d.lost}


_GONE = "gone:"
CROWDED = "crowded"
"""In an entry's repairs: how many runs in a row counted too many holders of its role."""


def note_gone(
    repairs: dict[str, int],
    drift: Iterable[Drift],
    kinds: Collection[DriftKind] = _ONCE,
    seen: Callable[[str], bool] = lambda _: True,
) -> bool:
    """Note what of these kinds was seen to be gone, in place of what was noted; return whether that changes.

    `seen`: of whom it was seen whether they lost their access.
    """
    noted = (key for key in repairs if key.startswith(_GONE))
    parted = ((key, *key.removeprefix(_GONE).partition(":")) for key in noted)
    old = {key for key, kind, _, person in parted if kind in kinds and (not person or seen(person))}
    new = {_GONE + d.key for d in drift if d.kind in kinds and (not d.person or seen(d.person))}
    for key in old - new:
        del repairs[key]
    repairs.update(dict.fromkeys(new - old, 1))
    return old != new


def is_gone(repairs: Mapping[str, int], kind: DriftKind, person: str = "") -> bool:
    """Return whether the last run that looked saw something to be gone, and no run has made it again."""
    return bool(repairs.get(_GONE + Drift(kind, person).key))


def is_unsettled(repairs: Mapping[str, int]) -> bool:
    """Return whether the last run that looked saw what another look is to confirm, or to mend."""
    return CROWDED in repairs or any(key.startswith(_GONE) for key in repairs)


def words(drift: Collection[Drift]) -> str:
    """Return drift for people."""
    return "; ".join(dict.fromkeys(_WORDS[d.kind] for d in drift))
