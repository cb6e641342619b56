"""What is said of a limit that is near or reached, and what to do: the words of `forecast` and `doctor`. Pure."""

from __future__ import annotations

from collections.abc import Callable

from coachsync.domain.course import LimitName
from coachsync.domain.forecast import ANOTHER_BOT, Remedy, Squeeze
from coachsync.domain.model import Millis
from coachsync.domain.words import span

_OTHERWISE: dict[LimitName, str] = {
    "roles": "delete roles that nobody needs, or let bookings go on in another guild",
    "role_creations": "let bookings go on in another guild",
    "channels": "delete channels that nobody needs, or let bookings go on in another guild",
    "time": "let bookings go on in another guild, or spread their starts",
}
NO_SETTING: dict[LimitName, str] = {limit: f"no setting helps: {other}" for limit, other in _OTHERWISE.items()}


def message_of(squeeze: Squeeze, when: Callable[[Millis], str]) -> str:
    """Return what is tight, from when on, and who goes without."""
    guild, peak, at = f"guild {squeeze.guild_id}", squeeze.day.peak(squeeze.limit), when(squeeze.at)
    if squeeze.level == "full":
        who = _sessions(squeeze.sessions)
        in_place = f"{who} get no role of their own: each room lets its people in by itself"
        found: dict[LimitName, str] = {
            "roles": f"{at}: {guild} has its {peak.most} roles; {in_place}",
            "role_creations": f"{at}: Discord makes no more roles in {guild}, {peak.most} in 48 h; {in_place}",
            "channels": f"{at}: {guild} has its {peak.most} channels; {who} get no room in that run",
            "time": f"{at}: the run in {guild} needs {span(peak.used)} at Discord's limits; {who} get a room late",
        }
        return found[squeeze.limit]
    left = max(0, peak.most - peak.used)
    near: dict[LimitName, str] = {
        "roles": f"{at}: {guild} {_room(left, peak.most, 'roles')}",
        "role_creations": f"{at}: {peak.used} of the {peak.most} roles are made that Discord makes in {guild} in 48 h",
        "channels": f"{at}: {guild} {_room(left, peak.most, 'channels')}",
        "time": f"{at}: the run in {guild} needs {span(peak.used)} at Discord's limits, of {span(peak.most)}",
    }
    return near[squeeze.limit]


def hint_of(squeeze: Squeeze) -> str:
    """Return what to do about it: the setting that helps, if one does."""
    remedy = squeeze.remedy
    if remedy is None:
        return NO_SETTING[squeeze.limit]
    if squeeze.level == "near":
        return f"{_set(remedy)}: then there is more left"
    return f"{_set(remedy)}: then {'nobody goes without' if remedy.fits else 'it is no longer this that lacks'}"


def _set(remedy: Remedy) -> str:
    of_file = ", where FILE holds another bot's token" if remedy.setting == ANOTHER_BOT else ""
    return f"set {remedy.setting} in {remedy.section}{of_file}"


def _room(left: int, most: int, what: str) -> str:
    if not left:
        return f"has its {most} {what}"
    return f"is nearly full, with room for {left} more {what if left != 1 else what[:-1]} of {most}"


def _sessions(count: int) -> str:
    return f"{count} session{'' if count == 1 else 's'}"
