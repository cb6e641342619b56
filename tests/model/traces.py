"""Traces of the crash matrix's cases: a struck tick and the clean ones after it, as they are seen from outside."""

from __future__ import annotations

from collections.abc import Sequence

from tests.model.recorder import Kind, Recorder, Trace, rows_at, rows_in
from tests.searches.crash.farm import spread
from tests.searches.crash.home import POSTGRESQL
from tests.searches.crash.matrix import CLEAN_TICKS, Case, struck
from tests.searches.crash.prepared import Key, Prepared, Stage, stage
from tests.searches.crash.town import QUARTER, SESSION


def traced(case: Case | None, prepared: Prepared) -> Trace:
    """Play a case, or with None the tick that nothing befalls; return what was seen."""
    with stage(prepared) as it:
        recorder = _recorder(it)
        recorder.begins()
        ended = struck(case, prepared, it) if case is not None else it.ticker.forked(prepared.at)
        recorder.ended(ended.code)
        for quarter in range(1, CLEAN_TICKS + 1):
            now = prepared.at + quarter * QUARTER
            it.clock.set(now)
            it.ticker.home.minute_passes()
            recorder.begins()
            recorder.ended(it.ticker.here(now).code)
        return recorder.trace


def traces_of(cases: Sequence[Case], prepared: dict[Key, Prepared], workers: int) -> list[Trace]:
    """Return the traces of some cases. Raises RuntimeError if one could not be played."""
    found: dict[int, Trace] = {}
    for number, one in spread(lambda n: traced(cases[n], prepared[cases[n].key]), len(cases), workers):
        if isinstance(one, str):
            raise RuntimeError(f"{cases[number].name}: {one}")
        found[number] = one
    return [found[number] for number in range(len(cases))]


def _recorder(it: Stage) -> Recorder:
    def there() -> dict[Kind, list[str]]:
        with it.standin.world.lock:
            rooms = it.watch.rooms()
        return {"role": rooms.roles, "channel": rooms.channels}

    def rows() -> list[tuple[str, str, str | None]]:
        return rows_at(home.url, SESSION) if shared else rows_in(home.ledger, SESSION)

    home = it.ticker.home
    shared = home.kind == POSTGRESQL
    return Recorder(it.standin, there, rows, shared=shared)
