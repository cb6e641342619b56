"""`status` in words: the line that answers first, and what each session's room and next step are called.

Also the plain, stable lines that are piped. How a terminal lays it out is `status_screen`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from coachsync.clock import iso
from coachsync.domain.causes import Cause
from coachsync.domain.model import Millis, Session
from coachsync.domain.states import Phase
from coachsync.report.attention import attention_lines, whose
from coachsync.report.lines import kinds, people, several
from coachsync.report.moments import Moments
from coachsync.report.text import clean, word
from coachsync.standing.hosts import Hosts
from coachsync.standing.row import StatusRow

if TYPE_CHECKING:
    from coachsync.domain.hosts import HostRuns
    from coachsync.standing.health import LastTick

Severity = Literal["late", "soon", "note", "fine", "none"]
"""How a session is marked: a promise is broken; about to be; something is amiss; its room is open; nothing yet."""

_OVER: dict[Phase, str] = {
    "cleaned": "closed",
    "cancelled": "cancelled",
    "missed": "missed",
    "unknown": "unknown status",
    "closed": "over",
    "past": "over",
    "invalid": "invalid booking",
}
_COMES = {"setup": "opens", "cleanup": "closes", "revoke": "is removed", "update": "changes its people"}


class StatusView(NamedTuple):
    """What `status` shows: sessions, what is wrong with them or with the host, the last `run`, and how times are told.

    `sessions` are those that the causes name, by id, as far as anything is known of them. `chosen`: somebody asked for
    some of the sessions. `shown` tells which rows are shown; the first line is about all. `hosts` are told of if there
    are several.
    """

    rows: Sequence[StatusRow]
    causes: tuple[Cause, ...]
    sessions: Mapping[str, Session]
    tick: LastTick | None
    when: Moments
    chosen: bool = False
    shown: Callable[[StatusRow], bool] | None = None
    hosts: Hosts = Hosts()

    @property
    def ordered_by_start(self) -> list[StatusRow]:
        """Return the rows that are shown, by start."""
        return sorted(filter(self.shown, self.rows), key=lambda row: (row.session.start, row.session.id))

    @property
    def ordered(self) -> list[StatusRow]:
        """Return the rows that are shown, with those of a cause first, then by start."""
        return sorted(self.ordered_by_start, key=lambda row: not of_concern(row))


def of_concern(row: StatusRow) -> bool:
    """Return whether a session has a cause, or is late or without its room although no run has seen that yet."""
    where = row.standing
    return bool(row.causes) or where.room == "gone" or (where.late and row.phase != "missed")


def severity(row: StatusRow) -> Severity:
    """Return how a session is marked: never as fine if it is not."""
    where, urgencies = row.standing, {cause.urgency for cause in row.causes}
    if where.late or "late" in urgencies or where.room == "gone":
        return "late"
    if "soon" in urgencies or where.room == "waiting":
        return "soon"
    if urgencies or row.blocked is not None:
        return "note"
    return "fine" if where.room == "open" else "none"


# the line that answers first


def first_line(view: StatusView) -> list[str]:
    """Return "1 session needs you", "3 rooms open", "next setup in 2 h 10 min", "last tick 4 min ago"."""
    rooms = sum(row.standing.room == "open" for row in view.rows)
    first, *more = _needs(view)
    parts = [f"{_only(view)}{first}", *more, f"{several(rooms, 'room') if rooms else 'no room'} open", _comes(view)]
    return [part for part in (*parts, tick_words(view.tick, view.when, named=len(view.hosts.names) > 1)) if part]


def _only(view: StatusView) -> str:
    """Return what the first line is about if somebody asked for some sessions: others may well need somebody."""
    if not view.chosen:
        return ""
    return f"only {word(view.rows[0].session.id) if len(view.rows) == 1 else several(len(view.rows), 'session')}: "


def _needs(view: StatusView) -> list[str]:
    """Return how many sessions, and what beside them, needs a person; what is only noted; who never got a room."""
    urgent = [cause for cause in view.causes if cause.urgency != "note"]
    waiting = {session_id for cause in urgent for session_id in cause.sessions}
    waiting |= {row.session.id for row in view.rows if not row.causes and of_concern(row)}
    others = sum(1 for cause in urgent if not cause.sessions)
    things = [several(n, noun) for n, noun in ((len(waiting), "session"), (others, "problem")) if n]
    verb = "needs" if len(waiting) + others == 1 else "need"
    missed = sum(row.phase == "missed" and not row.causes for row in view.rows)
    notes = len(view.causes) - len(urgent)
    told = f"{' and '.join(things)} {verb} you" if things else "nothing needs you"
    return [told, *([several(notes, "note")] if notes else []), *([f"{missed} missed"] if missed else [])]


def nothing_words(view: StatusView) -> str:
    """Return why no session is shown; "" if that goes without saying."""
    return "" if view.chosen or view.shown is not None else "no session is live, coming or less than 7 days past"


def _comes(view: StatusView) -> str:
    """Return what the next run does, else what comes first after it; what has a cause waits for a person."""
    coming = [(r.next_at, r.next_action) for r in view.rows if r.next_at is not None and r.next_action is not None]
    due = Counter(r.next_action for r in view.rows if _is_due(r, view.when.now) and not r.causes)
    if due:
        return ", ".join(several(n, str(kind)) for kind, n in due.items()) + " due"
    ahead = [(moment, kind) for moment, kind in coming if moment > view.when.now]
    if not ahead:
        return ""
    moment, kind = min(ahead)
    return f"next {kind} {view.when.away(moment)}"


def _is_due(row: StatusRow, now: Millis) -> bool:
    return row.next_action is not None and row.next_at is not None and row.next_at <= now


def tick_words(tick: LastTick | None, when: Moments, *, named: bool = False) -> str:
    """Return "last tick 4 min ago", and what is odd about it; with `named` on which host it was."""
    if tick is None:
        return "no tick yet"
    ago = when.away(when.now - tick.age) + (f" on {clean(tick.host)}" if named and tick.host else "")
    if tick.finished_at is None:
        return f"last tick began {ago}" + (", overdue" if tick.overdue else "")
    odd = [f"exit {tick.exit_code}"] if tick.exit_code not in (0, 1) else []
    return ", ".join([f"last tick {ago}", *odd, *(["overdue"] if tick.overdue else [])])


# what a session's next step is called


def next_words(row: StatusRow, when: Moments) -> str:
    """Return "closes 12:23", "opens next run", "student, every run", or why nothing comes."""
    where = row.standing
    if _is_paused(row) and (row.next_at is None or row.next_at <= when.now):
        return "paused"
    if where.room == "waiting" and not _is_paused(row) and row.next_action in ("setup", "update"):
        return f"{kinds(where.waiting_for)}, every run" if where.waiting_for else "every run"
    if row.next_action is None or row.next_at is None:
        return _OVER.get(row.phase, "paused" if row.phase in ("booked", "setup_due") else "")
    step = _COMES.get(row.next_action, row.next_action)
    return f"{step} next run" if row.next_at <= when.now else f"{step} {when.clock(row.next_at)}"


def _is_paused(row: StatusRow) -> bool:
    held = row.blocked is not None and row.blocked.code == "paused"
    return held or any(cause.code == "paused" for cause in row.causes)


def block_of(row: StatusRow) -> tuple[str, str] | None:
    """Return what blocks a session and the remedy, if no cause says it."""
    if row.blocked is None or row.causes:
        return None
    return row.blocked.message, row.blocked.hint


# the hosts


class HostRow(NamedTuple):
    """One host: its name, how its last run was, with which bots it works now, and coachsync's version there.

    The version is "" where all have the same.
    """

    name: str
    last: str
    works: tuple[str, ...]
    program: str
    silent: bool


def host_rows(view: StatusView) -> list[HostRow]:
    """Return the hosts that share the store, if there are several and the screen is about everything."""
    hosts, when = view.hosts, view.when
    if len(hosts.names) < 2 or view.chosen or view.shown is not None:
        return []
    known = {run.host: run for run in hosts.runs}
    versions = {run.program for run in hosts.runs}
    held = [(one.host, f"bot {clean(one.bot)} since {when.clock(one.since)}") for one in hosts.leases]
    return [
        HostRow(
            clean(name),
            _last_of(known[name], when) if name in known else "under way",
            tuple(bot for host, bot in held if host == name),
            clean(known[name].program) if len(versions) > 1 and name in known else "",
            name in hosts.silent,
        )
        for name in hosts.names
    ]


def _last_of(run: HostRuns, when: Moments) -> str:
    if run.finished_at is None:
        return f"began {when.away(run.started_at)}"
    odd = f", exit {run.exit_code}" if run.exit_code not in (0, 1) else ""
    return f"{when.away(run.finished_at)}{odd}"


def host_lines(view: StatusView) -> Iterator[str]:
    """Yield "host beta: last run 2 min ago; works with bot 1100000000000000009 since …", one line each."""
    for row in host_rows(view):
        works = f"; works with {' and '.join(row.works)}" if row.works else ""
        version = f"; coachsync {row.program}" if row.program else ""
        yield f"host {row.name}: last run {row.last}{', silent' if row.silent else ''}{works}{version}"


# for monitors


def check_line(view: StatusView) -> tuple[str, bool]:
    """Return "late: Nadja with Mike, Thu 26 Nov 10:30 UTC, in 12 min: the student is …", and whether all is well.

    The most urgent cause is told, and how many more there are. What is only noted needs nobody.
    """
    urgent = [cause for cause in view.causes if cause.urgency != "note"]
    if not urgent:
        return f"ok: {', '.join(first_line(view)[1:])}", True
    first, *others = urgent
    more = f"; and {len(others)} more" if others else ""
    head = "late" if first.urgency == "late" else "failing"
    return f"{head}: {whose(first, view.sessions, view.when)}: {clean(first.message)} ({first.code}){more}", False


# piped


def status_lines(view: StatusView) -> Iterator[str]:
    """Yield the first line, two lines for each cause, and one for each session."""
    yield " · ".join(first_line(view))
    yield from attention_lines(view.causes, view.sessions, view.when.now)
    for row in view.ordered:
        yield status_line(row)
    if not view.rows and (nothing := nothing_words(view)):
        yield nothing
    yield from host_lines(view)


def status_line(row: StatusRow) -> str:
    """Return "active abc12345 start … end … for John and Sarah, room open, next cleanup 2026-10-14T15:00:00Z".

    What blocks the session comes last.
    """
    session, where = row.session, row.standing
    parts = [f"{row.phase} {word(session.id)}"]
    if session.start:
        parts.append(f" start {iso(session.start)} end {iso(session.end)}")
    who = people(session)
    parts.append(f" for {who}" if who else "")
    if where.room != "none":
        waits = f" for {kinds(where.waiting_for)}" if where.waiting_for else ""
        parts.append(f", room {where.room}{waits}")
    if row.next_action is not None and row.next_at is not None:
        parts.append(f", next {row.next_action} {iso(row.next_at)}")
    if row.blocked is not None:
        parts.append(f"; blocked: {clean(row.blocked.message)} ({row.blocked.code})")
    return "".join(parts)
