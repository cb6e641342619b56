"""One session at one moment: its booking, what the ledger remembers of it, and what both mean together. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.model import MINUTE, ActionKind, Entry, Millis, Session
from coachsync.domain.naming import DEFAULT, Templates
from coachsync.domain.remembered import believed
from coachsync.domain.states import Phase
from coachsync.domain.windows import (
    Policy,
    cleanup_at,
    is_bookable,
    is_late,
    left_alone,
    setup_window_open,
    window_opens,
)

if TYPE_CHECKING:
    from coachsync.domain.pauses import Pause


class Facts(NamedTuple):
    """What deciding depends on beside the sessions.

    `first_run_at` is this run's time on the first run. `interval` is how long the next run is away, as far as the last
    one tells. `brought_over` are the (id, start) of bookings that were over already when coachsync itself brought them
    in. `pauses` are an operator's, and `max_silence` is how long runs may be silent: a removal is late after it.
    `lost_since` is from when on the ledger's lines may be missing, while that is still looked into.
    """

    now: Millis
    policy: Policy
    first_run_at: Millis = 0
    templates: Templates = DEFAULT
    store_empty: bool = False
    interval: Millis = 15 * MINUTE
    brought_over: frozenset[tuple[str, Millis]] = frozenset()
    pauses: tuple[Pause, ...] = ()
    max_silence: Millis = 45 * MINUTE
    lost_since: Millis | None = None


class Life(NamedTuple):
    """Where a session's access stands: `open` (something was made or begun), `complete`, `cleaned` (and stays so)."""

    open: bool
    complete: bool
    cleaned: bool


FRESH = Life(False, False, False)
CLEANED = Life(False, False, True)


class Case(NamedTuple):
    """A session, its entry in the ledger (None if there is none), and the facts."""

    session: Session
    entry: Entry | None
    facts: Facts

    @classmethod
    def of(cls, session: Session, entry: Entry | None, facts: Facts) -> Case:
        """Return the case of a row as it is believed: what of it cannot be understood is as the ledger remembers it."""
        return cls(believed(session, entry), entry, facts)

    @property
    def now(self) -> Millis:
        """Return the moment that sessions are due by."""
        return self.facts.now

    @property
    def policy(self) -> Policy:
        """Return what statuses and windows mean."""
        return self.facts.policy

    @property
    def live(self) -> Entry | None:
        """Return the entry if something was begun for the session and has not been removed."""
        return self.entry if self.entry is not None and self.entry.live else None

    @property
    def bookable(self) -> bool:
        """Return whether the booking may have a room at all."""
        return is_bookable(self.session, self.policy)

    @property
    def cancelled(self) -> bool:
        """Return whether the booking's status takes its room away at once."""
        return {self.session.status, *self.session.statuses} <= self.policy.cancelled

    @property
    def cleanup_due(self) -> bool:
        """Return whether the booking is over, and the grace after it too."""
        return self.now >= cleanup_at(self.session.end, self.policy)

    @property
    def opens(self) -> Millis:
        """Return when setup may begin."""
        return window_opens(self.session, self.policy)

    @property
    def window_open(self) -> bool:
        """Return whether the setup of a session that was never begun is due by the clock."""
        return setup_window_open(self.session, self.policy, self.now)

    @property
    def late(self) -> bool:
        """Return whether a session that was never begun can no longer get its room."""
        return is_late(self.session, self.policy, self.now)

    @property
    def left_alone(self) -> bool:
        """Return whether the session ended too long before the first run to be ours to touch."""
        return left_alone(self.session, self.facts.first_run_at)

    @property
    def another_times(self) -> bool:
        """Return whether an earlier system opened the session's room, too long ago for us to touch it."""
        return self.entry is None and self.left_alone and bool(self.session.end)

    @property
    def past(self) -> bool:
        """Return whether the session was over before coachsync could do anything for it."""
        brought_over = (self.session.id, self.session.start) in self.facts.brought_over
        return bool(self.session.end) and (brought_over or self.session.end <= self.facts.first_run_at)

    @property
    def adoptable(self) -> bool:
        """Return whether an open booking that the ledger does not know is of our time."""
        return self.session.flaw is None and not self.left_alone

    @property
    def life(self) -> Life:
        """Return where the session's access stands; the ledger is believed before the store's marks."""
        entry, session = self.entry, self.session
        if entry is not None and entry.live:
            return Life(True, entry.state == "open", False)
        may_live = self.bookable and self.now < session.end
        if entry is not None and (entry.closed_by == "revoked" or (may_live and not self.closed_by_operator)):
            return FRESH
        if entry is not None:
            return CLEANED
        if session.cleaned_up:
            return FRESH if may_live else CLEANED
        claimed = bool(session.set_up or session.role_id or session.channel_id)
        return Life(True, session.set_up, False) if claimed else FRESH

    @property
    def closed_by_operator(self) -> bool:
        """Return whether an operator closed this very appointment: it stays closed until its start moves.

        What was given up in one guild is closed there alone.
        """
        entry = self.entry
        if entry is None or entry.closed_by not in ("operator", "abandoned"):
            return False
        elsewhere = entry.closed_by == "abandoned" and entry.guild_id != self.session.guild_id
        return entry.closed_start == self.session.start and not elsewhere

    @property
    def goes_on_closing(self) -> bool:
        """Return whether a removal that was cut short goes on although nothing else asks for it."""
        if self.entry is None or self.entry.state != "closing":
            return False
        return self.closed_by_operator or not self.bookable

    @property
    def moved_out(self) -> bool:
        """Return whether the start was moved since setup so that its window is not open yet."""
        entry = self.live
        return entry is not None and self.session.start != entry.setup_start and self.now < self.opens

    @property
    def moved_away(self) -> bool:
        """Return whether the open room is in another guild than the booking."""
        entry = self.live
        return entry is not None and self.session.guild_id != entry.guild_id

    @property
    def leavers(self) -> set[str]:
        """Return who has, or may have, access and is not in the booking (any more), or may only observe by now."""
        return {g.user_id for g in self.entry.leaving(self.session)} if self.entry is not None else set()

    @property
    def people_changed(self) -> bool:
        """Return whether somebody must lose access or, if the room is complete and may be had, gain it."""
        entry = self.entry
        if entry is None:
            return False
        may_join = entry.state == "open" and self.bookable
        return bool(self.leavers) or (may_join and bool(entry.lacking(self.session)))

    @property
    def phase(self) -> Phase:
        """Return the session's phase (CONTRACT §7)."""
        if self.session.flaw is not None:
            return "invalid"
        life = self.life
        if life.open and not self.another_times:
            return self._phase_while_open(life)
        if self.cancelled:
            return "cancelled"
        if life.cleaned:
            return "cleaned"
        if not self.bookable:
            return "unknown" if self.now < self.session.end else "closed"
        if self.late:
            return "past" if self.past else "missed"
        return "setup_due" if self.window_open else "booked"

    def _phase_while_open(self, life: Life) -> Phase:
        if self.cancelled or self.cleanup_due or self.goes_on_closing:
            return "cleanup_due"
        return "active" if life.complete or not self.bookable else "setup_due"

    @property
    def next(self) -> tuple[ActionKind | None, Millis | None]:
        """Return what happens to the session next and when; a time in the past means the next run."""
        phase = self.phase
        if phase == "booked":
            return "setup", self.opens
        if phase == "invalid":
            return self._next_while_invalid()
        if self.live is not None:
            return self._next_while_live(self.live, phase)
        if phase == "setup_due" and self.now < self.session.end:
            return "setup", max(self.now, self.opens)
        if phase == "cleanup_due":
            return "cleanup", self.now
        if phase in ("setup_due", "active"):
            return "cleanup", cleanup_at(self.session.end, self.policy)
        return None, None

    def _next_while_live(self, entry: Entry, phase: Phase) -> tuple[ActionKind, Millis]:
        """Return what happens next to a session that the ledger knows to be open, begun or closing."""
        if phase == "cleanup_due":
            by_itself = self.cancelled or self.cleanup_due  # a revoke that was cut short stays one
            return ("cleanup" if by_itself or entry.closed_by != "revoked" else "revoke"), self.now
        if self.moved_away or self.moved_out:
            return "revoke", self.now
        if phase == "setup_due" and self.now < self.session.end:
            return "setup", self.now
        if self.people_changed:
            return "update", self.now
        return "cleanup", cleanup_at(self.session.end, self.policy)

    def _next_while_invalid(self) -> tuple[ActionKind | None, Millis | None]:
        """Return what happens next to a session whose row cannot be understood: it only loses."""
        if not self.life.open or self.another_times:
            return None, None
        if self.cancelled:
            return "cleanup", self.now
        ends = cleanup_at(self.session.end, self.policy) if self.session.end else None
        entry = self.live
        if entry is not None and (ends is None or self.now < ends):
            if entry.state == "closing":
                return ("revoke" if entry.closed_by == "revoked" else "cleanup"), self.now
            if self.leavers:
                return "update", self.now
        return ("cleanup", ends) if ends is not None else (None, None)
