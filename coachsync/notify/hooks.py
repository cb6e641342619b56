"""Hooks: what happened to sessions, handed to the operator's own programs.

They are started after the run recorded what it did, side by side, within what is left of its budget. Which program
heard of what is in the ledger: each hears of an event once in a session's life, again only if it failed. None of them
can fail a run.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from coachsync.clock import host_now
from coachsync.config import Settings
from coachsync.domain.causes import PASSING, Cause, about
from coachsync.domain.model import ACTION_KINDS, DAY, MINUTE, Event, Millis, Report, Session, Warn
from coachsync.domain.remembered import ghost, is_rehearsal
from coachsync.notify.programs import Program, run_each
from coachsync.report.document import action_document, cause_document, session_document
from coachsync.report.text import clean, word
from coachsync.secrets import redact
from coachsync.standing.row import StatusRow
from coachsync.standing.rows import rows_of
from coachsync.store.base import Store
from coachsync.store.ledger.hooks import Heard, HookRows, HookState

HookEvent = Literal["opened", "closed", "failed", "mended"]
EVENTS: tuple[HookEvent, ...] = get_args(HookEvent)
HOOK_FAILED = "hook_failed"

_SECRET = frozenset({"COACHSYNC_TOKEN", "CREDENTIALS_DIRECTORY"})
_NEWS: Millis = DAY  # what is older when hooks first hear of it is no news to anybody


class Round(NamedTuple):
    """What hooks work with after a run: `left_s` seconds of its budget, `environ` for the programs."""

    store: Store
    settings: Settings
    report: Report
    environ: Mapping[str, str]
    left_s: float


def configured(settings: Settings) -> dict[HookEvent, tuple[str, ...]]:
    """Return event → program and arguments, of those that are configured."""
    found = {event: getattr(settings.hooks, event) for event in EVENTS}
    return {event: argv for event, argv in found.items() if argv}


def run_hooks(after: Round) -> list[Warn]:
    """Start the programs that are to hear of something; return what went wrong with them. Raises StoreError."""
    programs = configured(after.settings)
    causes = after.store.ledger.causes()
    now = host_now()
    with after.store.transaction() as transaction:
        rows = transaction.ledger.hooks
        _hear(after, rows, programs.keys(), now)
        _hear_ends(after, rows, programs.keys(), causes, now)
        due, lost = rows.take(programs.keys(), now, after.settings.discord.run_budget + MINUTE)
    problems = [(heard, "its run ended before it did; it is not started again") for heard in lost]
    problems += _run(after, due, programs, causes)
    return [_warning(heard, programs.get(_event_of(heard), ()), problem) for heard, problem in problems]


def _event_of(heard: Heard) -> HookEvent:
    return next(event for event in EVENTS if event == heard.event)


# what is to be heard


def _hear(after: Round, rows: HookRows, wanted: Iterable[str], now: Millis) -> None:
    """Note what the stories say that no run has looked at yet."""
    actions = {(o.action.session.id, o.action.kind): action_document(o) for o in after.report.outcomes}
    for number, line in rows.unheard(after.report.now):
        event = _meaning(line)
        if event is None:
            continue
        action = actions.get((line.session_id, _kind(line))) or _action_of(line)
        heard = Heard(line.session_id, rows.life(line.session_id, number), event, json.dumps(action), number)
        news = event in wanted and after.report.now - line.at < _NEWS
        rows.hear(heard, "owed" if news else "done", now)


def _kind(line: Event) -> Any:
    return line.what


def _meaning(line: Event) -> HookEvent | None:
    """Return what a line of a story means to a program, None if nothing."""
    if line.what not in ACTION_KINDS or is_rehearsal(line.session_id):
        return None
    if line.failure is not None:
        return None if line.outcome == "deferred" or line.failure.code in PASSING else "failed"
    if line.outcome != "done":
        return None
    ends: dict[str, HookEvent] = {"setup": "opened", "cleanup": "closed", "revoke": "closed"}
    return ends.get(line.what)


def _action_of(line: Event) -> dict[str, Any]:
    """Return the action of an earlier run, as far as its line tells it."""
    unknown = dict.fromkeys(("access", "guild_id", "role_id", "channel_id", "requests", "duration_ms"))
    error = None if line.failure is None else line.failure._asdict()
    known = {"session": line.session_id, "action": line.what, "outcome": line.outcome}
    return {**known, **unknown, "reason": line.detail, "error": error}


def _hear_ends(after: Round, rows: HookRows, wanted: Iterable[str], causes: Sequence[Cause], now: Millis) -> None:
    """Note which sessions are right again: nothing is wrong with them, and that not only because they are over."""
    failed = rows.unmended()
    standing = {session_id for cause in causes for session_id in cause.sessions}
    quiet = [heard for heard in failed if heard.session_id not in standing]
    sessions = _sessions(after.store, {heard.session_id for heard in quiet})
    errors = after.store.ledger.last_errors(sessions)
    for heard in quiet:
        session = sessions.get(heard.session_id)
        if session is None or heard.session_id in errors:
            continue
        removal = json.loads(heard.action)["action"] in ("cleanup", "revoke")
        if removal or after.report.now < session.end:
            rows.hear(heard._replace(event="mended"), "owed" if "mended" in wanted else "done", now)


def _sessions(store: Store, ids: Iterable[str]) -> dict[str, Session]:
    """Return these sessions by id; of a booking that is gone what the ledger remembers."""
    wanted = set(ids)
    found = store.bookings.by_ids(wanted) if wanted else {}
    gone = wanted - found.keys()
    return found | {i: ghost(entry) for i, entry in (store.ledger.entries(gone) if gone else {}).items()}


# telling it


def _run(
    after: Round, due: Sequence[Heard], programs: Mapping[HookEvent, tuple[str, ...]], causes: Sequence[Cause]
) -> Iterator[tuple[Heard, str]]:
    """Run what is due, note how each ended, and yield what went wrong."""
    if not due:
        return
    sessions = _sessions(after.store, {heard.session_id for heard in due})
    rows = {row.session.id: row for row in rows_of(after.store, sessions.values(), after.settings.policy, host_now())}
    calls = [
        _call(after, heard, programs[_event_of(heard)], rows.get(heard.session_id), about(causes, [heard.session_id]))
        for heard in due
    ]
    problems: dict[int, str] = {}

    def ended(number: int, problem: str) -> None:
        problems[number] = problem
        _note(after.store, [due[number]], "failed" if problem else "done")

    unstarted = run_each(calls, after.settings.hooks.timeout / 1000, after.left_s, ended)
    if unstarted:
        _note(after.store, [due[number] for number in unstarted], "owed")
    yield from ((due[number], problem) for number, problem in sorted(problems.items()) if problem)


def _note(store: Store, heard: Iterable[Heard], state: HookState) -> None:
    with store.transaction() as transaction:
        for one in heard:
            transaction.ledger.hooks.became(one, state, host_now())


def _call(after: Round, heard: Heard, argv: tuple[str, ...], row: StatusRow | None, causes: Sequence[Cause]) -> Program:
    """Return how to start a program: what it reads, and an environment without any token."""
    told = {
        "version": 1,
        "event": heard.event,
        "action": json.loads(heard.action),
        "session": None if row is None else session_document(row) | _of_row(row.session),
        "causes": [cause_document(cause) for cause in causes],
    }
    kept = {name: value for name, value in after.environ.items() if name not in _SECRET and redact(value) == value}
    names = {"COACHSYNC_EVENT": heard.event, "COACHSYNC_SESSION": _printable(heard.session_id)}
    return Program(argv, json.dumps(told) + "\n", kept | names)


def _of_row(session: Session) -> dict[str, Any]:
    """Return what a program may want to know of a booking and `status` does not show."""
    return {"status": session.status, "guild_id": session.guild_id}


def _printable(session_id: str) -> str:
    """Return an id as an environment can hold it."""
    return session_id.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _warning(heard: Heard, argv: tuple[str, ...], problem: str) -> Warn:
    program = f" {clean(argv[0])}" if argv else ""
    message = f"the program{program} for `{heard.event}` of {word(heard.session_id)} failed: {clean(problem)}"
    return Warn(HOOK_FAILED, heard.session_id, redact(message))
