"""What a tick means to do: the decision table from bookings, ledger, policy and clock to a plan. Pure.

`decide` reads as the table of CONTRACT §5: one branch for each thing that can be true of a session, in order of
weight. The same inputs in any order give the same plan; a session gets one action at most.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from coachsync.domain.model import (
    DAY,
    HOUR,
    MINUTE,
    Action,
    ActionKind,
    Entry,
    Failure,
    Flaw,
    Millis,
    Session,
    Warn,
)
from coachsync.domain.naming import Templates, names_for, short_of
from coachsync.domain.windows import (
    LEFT_ALONE,
    Life,
    Policy,
    cleanup_at,
    goes_on_closing,
    is_bookable,
    is_late,
    life_of,
    moved_out,
    people_changed,
    setup_window_open,
    window_opens,
)

TWICE_MISSED: Millis = 10 * MINUTE
ACCIDENT_AT_LEAST = 3
RANK: dict[ActionKind, int] = {"setup": 0, "update": 1, "revoke": 2, "repair": 3, "cleanup": 4}


class Scope(NamedTuple):
    """What this call may do: the action kinds, and, where sessions were named, which (due or not)."""

    kinds: frozenset[ActionKind]
    named: frozenset[str] | None = None
    force: bool = False
    abandon: bool = False


class Facts(NamedTuple):
    """What a plan depends on beside the sessions: `first_run_at` is this run's time on the first run."""

    now: Millis
    first_run_at: Millis
    store_empty: bool
    policy: Policy
    templates: Templates


class Refused(NamedTuple):
    """A session that cannot get what is due or was asked for. `once`: it counts as failed in one run only."""

    session: Session
    kind: ActionKind
    outcome: str
    failure: Failure
    once: bool = False


class Plan(NamedTuple):
    """All that a tick decided before it looked at Discord.

    `actions` and `refused` are in the order in which they are shown and begun. `looks` are the live entries whose
    rooms are looked at for drift, `adopts` sessions with an open room that the ledger does not know, `restores`
    sessions of which store and ledger do not say the same (marks, times, people), `stragglers` entries whose life is
    over but a create of which may still come to light. `missing` are the live entries whose booking is not in the
    store, accidents left out: those runs do not count against a booking.
    """

    actions: tuple[Action, ...]
    refused: tuple[Refused, ...]
    warnings: tuple[Warn, ...]
    looks: tuple[tuple[Session, Entry], ...]
    adopts: tuple[Session, ...]
    restores: tuple[tuple[Session, Entry], ...]
    stragglers: tuple[Entry, ...]
    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def guilds(self) -> frozenset[str]:
        """Return the guilds that Discord must be asked about."""
        ids = [a.guild_id for a in self.actions] + [e.guild_id for _, e in self.looks]
        ids += [s.guild_id for s in self.adopts] + [e.guild_id for e in self.stragglers]
        return frozenset(ids)


class _Due(NamedTuple):
    kind: ActionKind
    reason: str
    closed_by: str = ""


def make_plan(sessions: Iterable[Session], entries: Mapping[str, Entry], facts: Facts, scope: Scope) -> Plan:
    """Decide what to do.

    Args:
        sessions: every booking that is due, open or coming, in any order; an id that occurs twice counts once.
        entries: the ledger's entries of these sessions and every live entry, by session id.
        facts: clock, policy and what the store as a whole looks like.
        scope: what the call may do.
    """
    known = {s.id: s for s in sorted(sessions, key=_order)}
    wanted = [s for s in known.values() if scope.named is None or s.id in scope.named]
    vanished = [e for i, e in sorted(entries.items()) if e.live and i not in known]
    decided = [(s, entries.get(s.id), _decide(s, entries.get(s.id), facts, scope)) for s in wanted]
    accidents = _accidents(vanished, entries, facts)
    lost, lost_refused, lost_warnings = _vanished(vanished, accidents, facts, scope)
    due = [(s, e, d) for s, e, d in decided if isinstance(d, _Due)] + lost
    actions = _actions([d for d in due if d[2].kind in scope.kinds], known, entries, facts)
    busy = {a.session.id for a in actions}
    refused = [d for _, _, d in decided if isinstance(d, Refused) and d.kind in scope.kinds] + lost_refused
    refused += _unbooked(known, entries, scope)
    open_now = [(s, e) for s, e, _ in decided if life_of(s, e, facts.policy, facts.now).open]
    return Plan(
        actions=actions,
        refused=tuple(refused),
        warnings=tuple(lost_warnings),
        looks=tuple((s, e) for s, e in open_now if e and s.id not in busy) if _looks(scope) else (),
        adopts=tuple(s for s, e in open_now if e is None and s.id not in busy and _adoptable(s, facts))
        if _looks(scope)
        else (),
        restores=tuple(_restores(decided, facts)),
        stragglers=tuple(e for i, e in sorted(entries.items()) if not e.live and e.open_attempts() and i not in busy)
        if _looks(scope)
        else (),
        found=tuple(i for i in entries if i in known),
        missing=tuple(e.session_id for e in vanished if e.guild_id not in accidents),
    )


def _order(session: Session) -> tuple[Millis, str]:
    return session.start, session.id


def _looks(scope: Scope) -> bool:
    return "repair" in scope.kinds and scope.named is None


def _adoptable(session: Session, facts: Facts) -> bool:
    """Tell whether an open booking that the ledger does not know is of our time."""
    return session.flaw is None and session.end >= facts.first_run_at - LEFT_ALONE


def _decide(session: Session, entry: Entry | None, facts: Facts, scope: Scope) -> _Due | Refused | None:
    """Decide about one booking: the operator's word first, then the table."""
    if scope.named is not None and scope.kinds == {"setup"}:
        return _asked_setup(session, entry, facts)
    if scope.named is not None and scope.kinds == {"cleanup"}:
        return _asked_cleanup(session, entry, facts, scope)
    return _decide_by_table(session, entry, facts)


def _asked_setup(session: Session, entry: Entry | None, facts: Facts) -> _Due | Refused | None:
    """`setup ID`: due or not, but never one that has ended or is not bookable."""
    policy, now = facts.policy, facts.now
    if session.flaw is not None:
        return _invalid(session)
    if not is_bookable(session, policy):
        return Refused(session, "setup", "refused", not_bookable(session, policy))
    if now >= session.end:
        return Refused(session, "setup", "refused", _ended(session, now))
    if entry is not None and entry.live and entry.guild_id != session.guild_id:
        return None  # the room in the other guild goes first: the next run revokes it
    if life_of(session, entry, policy, now).complete and not moved_out(session, entry, policy, now):
        return None
    return _Due("setup", _starts(session, now))


def _asked_cleanup(session: Session, entry: Entry | None, facts: Facts, scope: Scope) -> _Due | None:
    """`cleanup ID`: due or not, as long as something was made."""
    if not life_of(session, entry, facts.policy, facts.now).open:
        return None
    by = "abandoned" if scope.abandon else "cancelled" if session.status in facts.policy.cancelled else "operator"
    return _Due("cleanup", "given up by an operator" if scope.abandon else "asked for by an operator", by)


def _decide_by_table(session: Session, entry: Entry | None, facts: Facts) -> _Due | Refused | None:
    policy, now = facts.policy, facts.now
    if session.flaw is not None:
        return _decide_invalid(session, entry, facts)
    life = life_of(session, entry, policy, now)
    if not life.open:
        return _decide_without_room(session, entry, life, facts)
    if entry is None and session.end < facts.first_run_at - LEFT_ALONE:
        return None
    if session.status in policy.cancelled:
        return _Due("cleanup", f"status {session.status}", "cancelled")
    if now >= cleanup_at(session.end, policy):
        return _Due("cleanup", f"ended {span(now - session.end)} ago", "end")
    if entry is not None and goes_on_closing(session, entry, policy):
        kind: ActionKind = "revoke" if entry.closed_by == "revoked" else "cleanup"
        return _Due(kind, "removal was cut short", entry.closed_by)
    if entry is not None and session.guild_id != entry.guild_id:
        return _Due("revoke", f"moved to guild {session.guild_id}", "revoked")
    if moved_out(session, entry, policy, now):
        return _Due("revoke", f"moved to start in {span(session.start - now)}", "revoked")
    if not life.complete and is_bookable(session, policy) and now < session.end:
        return _resume(session, entry, facts)
    if entry is not None and people_changed(session, entry, may_join=life.complete and is_bookable(session, policy)):
        return _Due("update", "participants changed")
    return None


def _resume(session: Session, entry: Entry | None, facts: Facts) -> _Due | None:
    """Go on with a setup that was begun; one begun ahead of time by an operator too."""
    ahead = entry is None and facts.now < window_opens(session, facts.policy)
    return None if ahead else _Due("setup", _starts(session, facts.now))


def _decide_without_room(session: Session, entry: Entry | None, life: Life, facts: Facts) -> _Due | Refused | None:
    policy, now = facts.policy, facts.now
    if life.cleaned or session.status in policy.cancelled:
        return None
    if not is_bookable(session, policy):
        due = window_opens(session, policy) <= now < session.end
        return Refused(session, "setup", "failed", _unknown_status(session), once=True) if due else None
    if setup_window_open(session, policy, now):
        return _Due("setup", _starts(session, now))
    if is_late(session, policy, now) and session.end >= facts.first_run_at - LEFT_ALONE:
        return Refused(session, "setup", "failed", _missed(session, now), once=True)
    return None


def _decide_invalid(session: Session, entry: Entry | None, facts: Facts) -> _Due | Refused | None:
    """A row that cannot be understood gains nothing; what is open for it goes by the times the ledger remembers."""
    if entry is not None and entry.live and facts.now >= cleanup_at(entry.end, facts.policy):
        return _Due("cleanup", f"ended {span(facts.now - entry.end)} ago", "end")
    if session.cleaned_up or session.status in facts.policy.cancelled:
        return None
    opens = window_opens(session, facts.policy)
    would_be_due = not session.start or (opens <= facts.now and session.end >= facts.first_run_at - LEFT_ALONE)
    return _invalid(session) if would_be_due else None


# bookings that vanished


def _vanished(
    vanished: Collection[Entry], accidents: Mapping[str, Failure], facts: Facts, scope: Scope
) -> tuple[list[tuple[Session, Entry, _Due]], list[Refused], list[Warn]]:
    """Decide about live entries whose booking is not in the store (CONTRACT §5)."""
    due: list[tuple[Session, Entry, _Due]] = []
    refused: list[Refused] = []
    warnings: list[Warn] = []
    for entry in sorted(vanished, key=lambda e: (e.start, e.session_id)):
        if scope.named is not None and entry.session_id not in scope.named:
            continue
        verdict = _vanished_due(entry, entry.guild_id in accidents, facts, scope)
        if verdict is not None:
            due.append((ghost(entry), entry, verdict))
        elif entry.guild_id in accidents and "cleanup" in scope.kinds:
            refused.append(Refused(ghost(entry), "cleanup", "refused", accidents[entry.guild_id]))
        else:
            warnings.append(Warn("booking_vanished", entry.session_id, _vanished_words(entry, facts)))
    return due, refused, warnings


def _vanished_due(entry: Entry, accident: bool, facts: Facts, scope: Scope) -> _Due | None:
    if scope.named is not None and "cleanup" in scope.kinds:
        return _Due("cleanup", "asked for by an operator", "abandoned" if scope.abandon else "operator")
    if entry.state == "closing" and entry.closed_by:
        by = "vanished" if entry.closed_by == "revoked" else entry.closed_by
        return _Due("cleanup", "removal was cut short", by)
    if facts.now >= cleanup_at(entry.end, facts.policy):
        return _Due("cleanup", f"ended {span(facts.now - entry.end)} ago", "end")
    if accident:
        return _Due("cleanup", "booking vanished, --force", "vanished") if scope.force else None
    return _Due("cleanup", "booking vanished", "vanished") if _missed_twice(entry, facts) else None


def _missed_twice(entry: Entry, facts: Facts) -> bool:
    """Tell whether two finished runs at least 10 minutes apart missed the booking, and it has not begun."""
    if entry.missing_first is None or entry.missing_last is None or facts.now >= entry.start:
        return False
    return entry.missing_last - entry.missing_first >= TWICE_MISSED


def _accidents(vanished: Collection[Entry], entries: Mapping[str, Entry], facts: Facts) -> dict[str, Failure]:
    """Return the guilds whose missing bookings look like an accident, with the words to say so."""
    found = {}
    for guild in {e.guild_id for e in vanished}:
        gone = sum(1 for e in vanished if e.guild_id == guild)
        rooms = sum(1 for e in entries.values() if e.live and e.guild_id == guild)
        if facts.store_empty or (gone >= ACCIDENT_AT_LEAST and 2 * gone >= rooms):
            found[guild] = _accident(gone, rooms, facts.store_empty)
    return found


def _accident(gone: int, rooms: int, store_empty: bool) -> Failure:
    what = (
        "the session store is empty" if store_empty else f"{gone} of the guild's {rooms} open rooms lost their booking"
    )
    return Failure(
        "booking_vanished",
        f"{what}: taken for an accident, the rooms are kept to their own end",
        "bring the bookings back; if they are really gone, `coachsync run --force` removes the rooms",
    )


def _unbooked(known: Collection[str], entries: Mapping[str, Entry], scope: Scope) -> list[Refused]:
    """Refuse `setup ID` of a session that only the ledger remembers."""
    if scope.named is None or scope.kinds != {"setup"}:
        return []
    failure = Failure(
        "unknown_session",
        "the store holds no booking of this id any more: only the ledger remembers it",
        "bring the booking back; `coachsync explain` tells what became of it",
    )
    lost = sorted(i for i in scope.named if i in entries and i not in known)
    return [Refused(ghost(entries[i]), "setup", "refused", failure) for i in lost]


def _vanished_words(entry: Entry, facts: Facts) -> str:
    if facts.now >= entry.start:
        return "its booking vanished from the store after the start: the room is kept to its own end"
    return "its booking vanished from the store: it counts as cancelled once two runs 10 minutes apart missed it"


def ghost(entry: Entry) -> Session:
    """Return what the ledger remembers of a booking that is not in the store any more."""
    return Session(
        id=entry.session_id,
        status="",
        start=entry.start,
        end=entry.end,
        guild_id=entry.guild_id,
        student=entry.student,
        coach=entry.coach,
        student_name=entry.student_name,
        coach_name=entry.coach_name,
        set_up=entry.state == "open",
        cleaned_up=False,
        channel_id=None,
        role_id=None,
    )


# actions and their names


def _actions(
    due: Iterable[tuple[Session, Entry | None, _Due]],
    known: Mapping[str, Session],
    entries: Mapping[str, Entry],
    facts: Facts,
) -> tuple[Action, ...]:
    """Order what is due and give new lives their names: the earlier start, then the lesser id, chooses first."""
    ordered = sorted(due, key=lambda d: (RANK[d[2].kind], d[0].start, d[0].id))
    taken = _taken(known, entries, facts)
    actions = []
    for session, entry, what in ordered:
        guild = entry.guild_id if entry is not None and entry.live else session.guild_id
        names = None
        if what.kind == "setup" and (entry is None or not entry.live):
            names = names_for(session, facts.templates, taken.setdefault(guild, set()))
            taken[guild].add(names.short)
        actions.append(Action(what.kind, session, entry, guild, what.reason, names, what.closed_by))
    return tuple(actions)


def _taken(known: Mapping[str, Session], entries: Mapping[str, Entry], facts: Facts) -> dict[str, set[str]]:
    """Return the short names that live sessions go by, by guild."""
    taken: dict[str, set[str]] = {}
    for entry in entries.values():
        if entry.live:
            taken.setdefault(entry.guild_id, set()).add(entry.short)
    for session in known.values():
        if session.id not in entries and session.set_up and not session.cleaned_up and _adoptable(session, facts):
            taken.setdefault(session.guild_id, set()).add(short_of(session.id))
    return taken


def _restores(decided: Iterable[tuple[Session, Entry | None, object]], facts: Facts) -> Iterable[tuple[Session, Entry]]:
    """Yield the sessions whose marks a booking system reset, or whose times and people it changed."""
    for session, entry, due in decided:
        if entry is None or due is not None or session.flaw is not None:
            continue
        forgotten = entry.live and (_marks(session) != marks_of(entry) or _told(session) != _known(entry))
        reopened = life_of(session, entry, facts.policy, facts.now).cleaned and not session.cleaned_up
        if forgotten or reopened:
            yield session, entry


def _marks(session: Session) -> tuple[bool, bool, str | None, str | None]:
    return session.set_up, session.cleaned_up, session.role_id, session.channel_id


def _told(session: Session) -> tuple[object, ...]:
    return (session.start, session.end, session.student, session.coach, session.student_name, session.coach_name)


def _known(entry: Entry) -> tuple[object, ...]:
    return (entry.start, entry.end, entry.student, entry.coach, entry.student_name, entry.coach_name)


def follow(entry: Entry, session: Session) -> None:
    """Take over the booking's latest times and people into the entry: they outlive the booking."""
    entry.start, entry.end = session.start, session.end
    entry.student, entry.coach = session.student, session.coach
    entry.student_name, entry.coach_name = session.student_name, session.coach_name
    entry.missing_first = entry.missing_last = None


def marks_of(entry: Entry) -> tuple[bool, bool, str | None, str | None]:
    """Return what the store should say of a live entry: set up, cleaned up, role id, channel id."""
    role, channel = entry.current("role"), entry.current("channel")
    return entry.state == "open", False, role.snowflake if role else None, channel.snowflake if channel else None


# words


def _invalid(session: Session) -> Refused:
    flaw = session.flaw or Flaw("", "")
    return Refused(session, "setup", "failed", Failure("invalid", flaw.message, flaw.hint), once=True)


def not_bookable(session: Session, policy: Policy) -> Failure:
    """Say that a status gets no room."""
    return Failure(
        "not_bookable",
        f"status {session.status!r} gets no room",
        f"bookable are {', '.join(sorted(policy.bookable))}; change the booking's status first",
    )


def _ended(session: Session, now: Millis) -> Failure:
    return Failure(
        "ended",
        f"the session ended {span(now - session.end)} ago",
        "move it with `coachsync sessions reschedule`",
    )


def _missed(session: Session, now: Millis) -> Failure:
    what = f"ended {span(now - session.end)} ago" if now >= session.end else "its setup window has passed"
    return Failure(
        "missed",
        f"never got its room: {what}",
        f"see `coachsync explain {session.id}`; make sure that a run starts every 15 minutes",
    )


def _unknown_status(session: Session) -> Failure:
    return Failure(
        "unknown_status",
        f"status {session.status!r} is neither bookable nor cancelled, so it gets no room",
        "correct the booking's status, or add it under [statuses] in the configuration",
    )


def _starts(session: Session, now: Millis) -> str:
    if now < session.start:
        return f"starts in {span(session.start - now)}"
    return f"started {span(now - session.start)} ago"


def span(length: Millis) -> str:
    """Return a length of time for people: "2 h 0 min", "3 d 4 h", "12 min"."""
    minutes = max(0, length) // MINUTE
    days, hours = divmod(minutes * MINUTE, DAY)
    if days:
        return f"{days} d {hours // HOUR} h"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
