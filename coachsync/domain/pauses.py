"""An operator's pauses: what they hold back, and what goes on all the same (OPERATOR §7). Pure.

While a session is paused nothing is made, nothing repaired and nobody let in for it; what takes access away or removes
goes on, unless the pause holds removals too. This is the one place that decides it: planning asks `weigh`, and every
action, planned or found in Discord, is asked for by `Hold.lets` before it begins. Loaded only if something is paused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from coachsync.domain.case import Case, Facts
from coachsync.domain.causes import Turns, turns_of_opening
from coachsync.domain.drift import CLOSING, Drift
from coachsync.domain.failure import Failure
from coachsync.domain.model import Action, ActionKind, Entry, Millis, Session
from coachsync.domain.planned import Due, Refused, Scope
from coachsync.domain.windows import cleanup_at
from coachsync.domain.words import call, span

_REMOVALS = frozenset({"cleanup", "revoke"})


class Pause(NamedTuple):
    """One pause, of one session, of one guild, or of everything: then both ids are "".

    `until` is when it ends by itself. `removals`: what takes access away or removes is paused, too.
    """

    session_id: str
    guild_id: str
    since: Millis
    until: Millis
    reason: str = ""
    removals: bool = False

    @property
    def what(self) -> str:
        """Return what is paused, for people."""
        return self.session_id or (f"guild {self.guild_id}" if self.guild_id else "everything")

    @property
    def message(self) -> str:
        """Say what is wrong with it, for whoever asks: the same as long as it lasts."""
        what = "it" if self.session_id else self.what
        return f"{what} is paused: {self.reason}" if self.reason else f"{what} is paused"

    @property
    def resume(self) -> str:
        """Return the command that ends it."""
        if self.session_id:
            return call("resume", self.session_id)
        return f"coachsync resume --guild {self.guild_id}" if self.guild_id else "coachsync resume"

    def covers(self, session_id: str, guild_id: str) -> bool:
        """Return whether it is about what is done for a session in a guild."""
        return self.session_id in ("", session_id) and self.guild_id in ("", guild_id)


class Hold(NamedTuple):
    """The pauses that hold a session back at one moment, at least one, and what deciding depends on."""

    pauses: tuple[Pause, ...]
    facts: Facts

    @property
    def removals(self) -> bool:
        """Return whether nothing is taken away or removed either."""
        return any(pause.removals for pause in self.pauses)

    @property
    def until(self) -> Millis:
        """Return when the last of them ends by itself."""
        return max(pause.until for pause in self.pauses)

    @property
    def commands(self) -> str:
        """Return the commands that end them."""
        widest_first = sorted(self.pauses, key=lambda p: (p.session_id != "", p.guild_id != ""))
        return " and ".join(f"`{pause.resume}`" for pause in widest_first)

    def failure(self, what: str = "") -> Failure:
        """Say that it is paused, for how long and why, and how that ends. `what`: what is held back."""
        whole = all(pause.what == "everything" for pause in self.pauses)
        message = f"{'everything' if whole else 'it'} is paused"
        message = f"{what}, and {message}" if what else f"{message} for another {span(self.until - self.facts.now)}"
        reasons = "; ".join(dict.fromkeys(pause.reason for pause in self.pauses if pause.reason))
        ends = "ends it" if len(self.pauses) == 1 else "end it"
        return Failure("paused", f"{message}: {reasons}" if reasons else message, f"{self.commands} {ends}")

    def told(self, session: Session, kind: ActionKind, entry: Entry | None = None, what: str = "") -> Refused:
        """Return what a run says of what waits for the pause: it is put off, and fails once the session is late."""
        late = self.facts.now > late_after(session, kind, self.facts)
        return Refused(session, kind, "failed" if late else "deferred", self.failure(what), entry=entry)

    def lets(self, action: Action) -> bool:
        """Return whether an action that was planned or found may begin although its session is paused."""
        if self.removals:
            return False
        if action.kind == "update":
            return bool(Case(action.session, action.entry, self.facts).leavers)
        if action.kind == "repair":
            return self.mendable(action.why) == action.why
        return action.kind in _REMOVALS

    def mendable(self, why: Iterable[Drift]) -> tuple[Drift, ...]:
        """Return what of some drift is mended although its session is paused: what lets nobody in."""
        return () if self.removals else tuple(drift for drift in why if drift.kind in CLOSING)


def hold_on(facts: Facts, session_id: str, guild_id: str) -> Hold | None:
    """Return what holds a session back in a guild; None if nothing does.

    A pause holds from when it was said: one that is said to begin later was said by another clock, and holds as well.
    """
    found = tuple(p for p in facts.pauses if facts.now < p.until and p.covers(session_id, guild_id))
    return Hold(found, facts) if found else None


def hold_of(case: Case) -> Hold | None:
    """Return what holds a session back where its room is or would be made."""
    guild = case.live.guild_id if case.live is not None else case.session.guild_id
    return hold_on(case.facts, case.session.id, guild)


def late_after(session: Session, kind: ActionKind, facts: Facts) -> Millis:
    """Return after when a session is late if this is not done for it (OPERATOR "Causes")."""
    return turns(session, kind, facts).late - 1


def turns(session: Session, kind: ActionKind, facts: Facts) -> Turns:
    """Return when a session that waits for the end of a pause is pressing, and when it is late.

    A removal is late if it is overdue by more than runs may be silent.
    """
    if kind in _REMOVALS:
        return Turns(late=cleanup_at(session.end, facts.policy) + facts.max_silence + 1)
    return turns_of_opening(session, facts.policy)


def waits_until(case: Case, hold: Hold) -> Millis | None:
    """Return until when what comes next for a session waits for the pauses; None if they do not keep it."""
    kind = case.next[0]
    if kind in _REMOVALS:
        return max((pause.until for pause in hold.pauses if pause.removals), default=None)
    goes_on = kind is None or (kind == "update" and case.leavers and not hold.removals)
    return None if goes_on else hold.until


def weigh(case: Case, what: Due | Refused | None, scope: Scope) -> tuple[Due | Refused | None, Refused | None]:
    """Return what of a decision is done all the same, and what is said of the rest."""
    hold = hold_of(case)
    if hold is None or (scope.named is not None and scope.force):
        return what, None
    if isinstance(what, Refused):
        return _although_paused(what, hold), None
    if scope.named is not None and len(scope.kinds) == 1:
        (kind,) = scope.kinds
        failure = hold.failure()
        insist = call(kind, case.session.id, "--force")
        return Refused(case.session, kind, "refused", failure._replace(hint=f"{failure.hint}; or `{insist}`")), None
    return (None, None) if what is None else _weighed(case, what, hold)


def _weighed(case: Case, what: Due, hold: Hold) -> tuple[Due | None, Refused | None]:
    waits = hold.told(case.session, what.kind)
    if hold.removals:
        return None, waits
    if what.kind in _REMOVALS:
        return what, None
    if case.live is None or not case.leavers:
        return None, waits
    gains = what.kind == "setup" or bool(case.live.lacking(case.session))
    return Due("update", "somebody left the booking"), waits if gains and case.bookable else None


def _although_paused(refused: Refused, hold: Hold) -> Refused:
    """Return the refusal of a session that never got its room, with the pause as the reason if that is one."""
    if refused.failure.code != "missed":
        return refused
    move = call("sessions reschedule", refused.session.id, "--start WHEN")
    failure = refused.failure._replace(
        message=f"{refused.failure.message}, and it is paused",
        hint=f"move it with `{move}`, or tell its people; {hold.commands} before the next ones are late",
    )
    return refused._replace(failure=failure)
