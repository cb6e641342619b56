"""What is searched: the sound model in each mode, and each planted fault where it shows soonest."""

from __future__ import annotations

from typing import NamedTuple

from tests.model.search import Named, named


class Search(NamedTuple):
    """One search: the mode, the planted fault, and how much may go wrong."""

    mode: Named
    fault: Named
    budget: int

    @property
    def sound(self) -> bool:
        """Return whether no fault is planted."""
        return self.fault.name == "SOUND"

    @property
    def quick(self) -> bool:
        """Return whether it takes a second or less where little goes wrong."""
        return self.fault.name != "ADOPTS_AMISS" and (self.mode.name != "UNLEASED" or not self.sound)


BUDGETS = {"LEASED": 2, "UNLEASED": 1, "LOCKED": 3}
"""By mode, how much may go wrong in the whole search of the sound model: the most that takes less than a minute."""

_WHERE = {
    "UNFENCED": ("UNLEASED", 1),
    "SESSION_LOCK": ("UNLEASED", 1),
    "NO_TERM": ("LEASED", 1),
    "KEEPS_TERM": ("LEASED", 2),
    "UPSERTS": ("LEASED", 1),
    "FENCE_OUTSIDE": ("UNLEASED", 1),
    "REPEATS_ATTEMPT": ("UNLEASED", 1),
    "SENDS_IN_DOUBT": ("LEASED", 1),
    "LISTS_FIRST": ("LEASED", 1),
    "AGES_LATE": ("LEASED", 1),
    "AGES_SOON": ("LEASED", 1),
    "FORGETS": ("LOCKED", 2),
    "ADOPTS_AMISS": ("UNLEASED", 1),
}


def sound_searches(most: int | None = None) -> list[Search]:
    """Return the searches of the sound model; `most` bounds what may go wrong."""
    none = named("fault")[0]
    return [Search(mode, none, min(BUDGETS[mode.name], most or BUDGETS[mode.name])) for mode in named("mode")]


def planted_searches() -> list[Search]:
    """Return a search for each planted fault."""
    modes = {mode.name: mode for mode in named("mode")}
    return [Search(modes[_WHERE[f.name][0]], f, _WHERE[f.name][1]) for f in named("fault")[1:]]
