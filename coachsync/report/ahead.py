"""What the next runs will do for a session, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coachsync.domain.case import Case
from coachsync.domain.model import Millis, PersonKind
from coachsync.domain.words import MOST_NAMED, a_few, call
from coachsync.report.lines import kinds
from coachsync.report.moments import Moments
from coachsync.report.text import clean, word
from coachsync.report.typed import Typed


def ahead(case: Case, moments: Moments, waiting_for: Sequence[PersonKind] = ()) -> str:
    """Return what happens to a session next: "a run opens its room from Fri 27 06:00 on, in 5 h 0 min"."""
    paused = _paused(case, moments.full)
    if paused:
        return paused
    action, at = case.next
    if action is None or at is None:
        back = f"; `{call('sessions restore', case.session.id)}` takes the cancellation back"
        back = back if case.cancelled and case.now < case.session.end else ""
        return f"nothing: {nothing_ahead(case)}{back}"
    if at > case.now:
        when = moments.full(at)
        return f"its room stays until {when}; then the next run removes it" if action == "cleanup" else _opens(when)
    return f"the next run {_by_the_next_run(case, moments, waiting_for)}"


def _paused(case: Case, when: Callable[[Millis], str]) -> str:
    """Say that a session is paused; "" if it is not."""
    if not case.facts.pauses:
        return ""
    from coachsync.domain.pauses import hold_of

    hold = hold_of(case)
    if hold is None:
        return ""
    less = "nothing at all" if hold.removals else "only what takes access away or removes"
    return f"it is paused until {when(hold.until)}: runs do {less}; {hold.commands} to go on"


def what_follows(case: Case, head: str, typed: Typed) -> str:
    """Return `head`, which says what was changed, with what becomes of a booking's room and what happens next."""
    action, moment = case.next
    if action == "revoke":
        again = f", and made again from {typed.when(case.opens)} on" if case.bookable else ""
        return f"{head}: its room is taken away by the next run{again}"
    paused = _paused(case, typed.when)
    if paused:
        return f"{head}; {paused}"
    if action is None or moment is None:
        return f"{head}: {nothing_ahead(case)}"
    if moment <= case.now:
        fate = "its room goes" if action == "cleanup" else f"next: {action}"
        return f"{head}; {fate} by the next run"
    stays = ": its room stays" if case.live is not None and action == "cleanup" else ""
    by = ", by the first run after that" if action == "setup" else ""
    return f"{head}{stays}; next: {action} at {typed.when(moment)}, {typed.away(moment)}{by}"


def _opens(when: str) -> str:
    return f"the first run from {when}, opens its room"


def _by_the_next_run(case: Case, moments: Moments, waiting_for: Sequence[PersonKind]) -> str:
    action = case.next[0]
    if action == "cleanup":
        return "removes its room"
    if action == "revoke":
        again = f"; it gets a new one from {moments.full(case.opens)}" if case.bookable else ""
        return f"takes its room away: {_moved(case, moments)}{again}"
    if action == "update":
        return f"lets in who came, and no longer lets in who left: {_changed(case)}"
    if case.live is None:
        return "opens its room"
    waiting = kinds(waiting_for)
    return f"tries again to let in the {waiting}" if waiting else "goes on with setting up its room"


def _moved(case: Case, moments: Moments) -> str:
    if case.moved_away:
        return "the booking moved to another guild"
    return f"the booking moved to {moments.when(case.session.start)}" if case.moved_out else "that was begun"


def _changed(case: Case) -> str:
    entry, session = case.entry, case.session
    inside = set(entry.granted()) if entry is not None else set()
    named = {p.id: clean(p.called) for p in (*(entry.people if entry is not None else ()), *session.people)}
    leaves = [f"{named.get(i, i)} {_LOSES[i in session.ids]}" for i in sorted(case.leavers)]
    lacking = entry.lacking(session) if entry is not None else session.ids
    comes = [f"{named.get(i, i)} {_GAINS[i in inside]}" for i in lacking if i not in case.leavers]
    changes = [*leaves, *comes]
    return a_few(changes) if len(changes) > MOST_NAMED else ", ".join(changes)


_LOSES = {False: "leaves", True: "only observes"}
_GAINS = {False: "comes", True: "may speak"}


def nothing_ahead(case: Case) -> str:
    """Say why no run will do anything for a session."""
    session = case.session
    if session.flaw is not None:
        return f"its row is invalid, so it gets no room: {clean(session.flaw.message)}"
    if case.life.cleaned and (case.now >= session.end or not case.bookable):
        return "it is over, and its room is gone" if case.now >= session.end else "its room is gone"
    if not case.bookable:
        status = session.status
        return f"its status {word(status)} gets no room" if status else "without a status it gets no room"
    if case.now >= session.end:
        return "it has ended already: it gets no room"
    if case.late:
        return "it is too late for its room: windows.catch_up is off"
    return f"its room was closed by hand; `{call('setup', session.id)}` opens it again"
