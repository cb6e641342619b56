"""Whether the model can do what real runs were seen to do: it is searched for a way, step by step of each trace.

The model is the one that is searched for what can go wrong. Under a trace, steps that show from outside come only as
the trace has them, and with the ledger as it was found; what does not show may happen as the model lets it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.model.recorder import EVENTS, KINDS, Disk, Event, Trace
from tests.model.search import Searcher, named, run_search

_REACHED = re.compile(r"^followed: (\d+)", re.MULTILINE)


class Strayed(NamedTuple):
    """A trace that the model does not know, by its place among those given, and the event at which it knows no way."""

    number: int
    at: int
    event: Event


def follow(searcher: Searcher, traces: Sequence[Trace]) -> list[Strayed]:
    """Return those of some traces that the model cannot follow to their end."""
    found = [_follow(searcher, number, trace) for number, trace in enumerate(traces)]
    return [one for one in found if one is not None]


def _follow(searcher: Searcher, number: int, trace: Trace) -> Strayed | None:
    program = searcher.compile("follow", "-DTRACE")
    path = program.with_name(f"trace-{number}")
    path.write_text("\n".join(map(str, _numbers(trace))), encoding="ascii")
    mode = next(m for m in named("mode") if m.name == ("LEASED" if trace.shared else "LOCKED"))
    environ = {**os.environ, "MODE": str(mode.number), "FAULT": "0", "BUDGET": "1", "TRACE": str(path)}
    told = run_search(path.parent, program, environ, "-E", "-w18")
    at = int(_REACHED.findall(told)[-1])
    return None if at == len(trace.events) else Strayed(number, at, trace.events[at])


def _numbers(trace: Trace) -> Iterator[int]:
    yield from _disk(trace.disk)
    for things, there in zip(trace.things, trace.there, strict=True):
        yield from (things, there)
    yield len(trace.events)
    for event in trace.events:
        code = event.host * 32 + EVENTS.index(event.what) * 2 + KINDS.index(event.kind)
        yield from (code, event.about, *_disk(event.disk))


def _disk(disk: Disk) -> Iterator[int]:
    for rows in disk:
        yield len(rows)
        yield from (row.code for row in rows)
