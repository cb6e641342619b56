"""The real program does what the model knows, step by step; a step that it does not know is found."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from coachsync.engine.steps.job import Job
from tests.model.follow import follow
from tests.model.recorder import Disk, Event, Row, Trace
from tests.model.search import Searcher, missing_tools
from tests.model.traces import traced, traces_of
from tests.searches.crash.farm import spread
from tests.searches.crash.matrix import cases, keys
from tests.searches.crash.prepared import Key, Prepared, prepare
from tests.searches.crash.test_matrix import share
from tests.searches.crash.whole import DEFAULT_WORKERS
from tests.searches.places import server

pytestmark = [
    pytest.mark.tools,
    pytest.mark.long,
    pytest.mark.skipif(bool(missing_tools()), reason="needs spin and gcc"),
]

_ASKED = bool(os.environ.get("COACHSYNC_CRASH") or os.environ.get("COACHSYNC_CRASH_PART"))
_SETUP = Key("setup", "role", "sqlite")
_SHARED = Key("setup", "role", "postgresql")
_MANY = 4
_DAY_S = 86_400


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    return Searcher(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def setup() -> Trace:
    """Return the trace of a session's setup that nothing befalls."""
    return _one(lambda prepared: traced(None, prepared))


def _one(play: Callable[[Prepared], Trace]) -> Trace:
    """Play the setup in a process of its own, which is hurried and may be changed."""
    _, trace = next(iter(spread(lambda _: play(prepare(_SETUP)), 1, 1)))
    assert isinstance(trace, Trace), trace
    return trace


def _prepared() -> dict[Key, Prepared]:
    """Return the setup on two stores, and another scenario every day; all of them if the matrix is asked for."""
    server()  # before any worker is forked: they share it
    every = keys()
    wanted = every if _ASKED else [_SETUP, _SHARED, every[int(time.time()) // _DAY_S % len(every)]]
    found = {}
    for number, one in spread(lambda n: prepare(wanted[n]), len(wanted), DEFAULT_WORKERS):
        assert isinstance(one, Prepared), one
        found[wanted[number]] = one
    return found


def test_struck_ticks_and_those_after_them_take_only_steps_that_the_model_knows(
    searcher: Searcher, record_property: Callable[[str, object], None]
) -> None:
    prepared = _prepared()
    every = [case for case in cases(prepared.values()) if not case.fresh]
    part = share()
    step = max(1, len(every) // _MANY)
    chosen = every[part.nth - 1 :: part.of] if _ASKED else every[int(time.time()) // _DAY_S % step :: step]
    found = traces_of(chosen, prepared, DEFAULT_WORKERS)
    strayed = follow(searcher, found)
    record_property("told", f"traces: {len(found)} of struck ticks, {len(strayed)} with a step that is not known")
    assert not [(chosen[s.number].name, s.at, str(s.event)) for s in strayed]


def test_model_follows_a_setup_that_nothing_befalls(searcher: Searcher, setup: Trace) -> None:
    assert [e.what for e in setup.events[:6]] == ["begin", "list", "list", "send", "send", "end"]
    assert follow(searcher, [setup]) == []


def _changed(trace: Trace, at: int, event: Event) -> Trace:
    return trace._replace(events=(*trace.events[:at], event, *trace.events[at + 1 :]))


def _roles(trace: Trace, at: int, *rows: Row) -> Trace:
    """Return a trace in which the ledger has other rows of roles from an event on until the next one."""
    disk: Disk = (rows, trace.events[at].disk[1])
    return _changed(trace, at, trace.events[at]._replace(disk=disk))


def _with(trace: Trace, at: int, event: Event) -> Trace:
    """Return a trace with one more event."""
    return trace._replace(events=(*trace.events[:at], event, *trace.events[at:]))


_SENT, _NEXT, _END = 3, 4, 5
_SENT_AGAIN = Event("send", "role", 0, ((Row("overtaken", 0), Row("attempted", 0)), ()))
_DELETED = Event("delete", "role", 2, ((Row("made", 1),), ()))
_STEPS_NOT_KNOWN: dict[str, Callable[[Trace], tuple[Trace, int]]] = {
    "a create without its attempt on disk": lambda t: (_roles(t, _SENT), _SENT),
    "a create whose attempt is closed": lambda t: (_roles(t, _SENT, Row("refused", 0)), _SENT),
    "a create with two attempts open": lambda t: (
        _roles(t, _SENT, Row("attempted", 0), Row("attempted", 0)),
        _SENT,
    ),
    "a create sent again by a run that did not list": lambda t: (_with(t, _NEXT, _SENT_AGAIN), _NEXT),
    "a create before roles were listed": lambda t: (t._replace(events=(t.events[0], *t.events[2:])), _SENT - 1),
    "a role made that is not there": lambda t: (_roles(t, _NEXT, Row("made", 2)), _NEXT),
    "an attempt that is forgotten": lambda t: (_roles(t, _END), _END),
    "a thing deleted that nobody named": lambda t: (_with(t, _NEXT, _DELETED), _NEXT),
}


@pytest.mark.parametrize("what", _STEPS_NOT_KNOWN)
def test_step_that_the_model_does_not_know_is_found(searcher: Searcher, setup: Trace, what: str) -> None:
    trace, at = _STEPS_NOT_KNOWN[what](setup)
    assert [strayed.at for strayed in follow(searcher, [trace])] == [at]


def test_program_that_writes_its_attempts_after_the_create_is_found(searcher: Searcher) -> None:
    def play(prepared: Prepared) -> Trace:
        async def unsaved(self: Job, *_: object, **__: object) -> None:
            """Write nothing."""

        save, create = Job.save, Job.create

        async def hasty(self: Job, *args: object) -> object:
            Job.save = unsaved  # type: ignore[method-assign]
            try:
                return await create(self, *args)  # type: ignore[arg-type]
            finally:
                Job.save = save  # type: ignore[method-assign]

        Job.create = hasty  # type: ignore[method-assign, assignment]
        return traced(None, prepared)

    strayed = follow(searcher, [_one(play)])
    assert [(s.event.what, s.event.kind) for s in strayed] == [("send", "role")]
