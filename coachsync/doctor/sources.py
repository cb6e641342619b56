"""The check `sources`: whether each source of bookings can be pulled, and is, and whether it is kept safe.

It is asked as a run asks it, once and in its own time; what it says is held against the store, and nothing is written.
`--offline`: only what is a file of this host is read. Loaded only if there are sources.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import urlsplit

from coachsync import __version__
from coachsync.bookings.sources.asking import SourceAsking, longest_ms, make_ready, path_of
from coachsync.bookings.sources.pull import FAILED, ROWS, PulledSource, PullRequest, pull
from coachsync.clock import iso, relative
from coachsync.config import Settings
from coachsync.config.settings import SourceSettings
from coachsync.doctor.finding import doubt, fault
from coachsync.domain.booking import Defaults
from coachsync.domain.causes import Cause
from coachsync.domain.finding import Finding
from coachsync.domain.model import HOUR, Millis, Session, Warn
from coachsync.errors import CoachsyncError
from coachsync.host.reading import in_time
from coachsync.secrets import redact
from coachsync.standing.health import LastTick
from coachsync.store.base import Store
from coachsync.store.ledger.sources import SourceMemory
from coachsync.store.parts import open_parts

_CREDENTIAL = "credential:"
_SQLITE = "sqlite:///"
# what a source needs beside coachsync itself: the library, and the extra that brings it
_EXTRAS = {"ics": (("icalendar", "recurring_ical_events"), "ics"), "mysql": (("pymysql",), "mysql"),
           "postgresql": (("psycopg",), "postgres")}  # fmt: skip


class Upkeep(NamedTuple):
    """What is known of the runs that pull: the last one, and what they saw to be wrong."""

    last: LastTick | None
    causes: Sequence[Cause]
    now: Millis


def of_sources(
    settings: Settings, environ: Mapping[str, str], upkeep: Upkeep, *, offline: bool, readable: bool
) -> Iterator[Finding]:
    """Yield what is to be said of each source. `readable`: the store is; otherwise nothing is asked."""
    asking = SourceAsking(settings, environ, upkeep.now, f"coachsync/{__version__}")
    memories: Mapping[str, SourceMemory] = {}
    pulled: dict[str, PulledSource] = {}
    prepared = {source.name: list(_of_preparing(source, asking)) for source in settings.sources}
    broken = {name for name, findings in prepared.items() if any(f.level == "failure" for f in findings)}
    if readable:
        store = _opened(settings)
        with closing(store):
            memories = store.ledger.sources()
            asked = [
                s for s in settings.sources if s.name not in broken and _may_be_asked(s, memories, upkeep, offline)
            ]
            found = pull(store, asked, PullRequest(asking, by_hand=True, dry_run=True)) if asked else []
            pulled = {one.source.name: one for one in found}
    for source in settings.sources:
        yield from prepared[source.name]
        yield from in_time(lambda source=source: list(_of_keeping(source, settings)), "a source's files")  # type: ignore[misc]
        yield from _of_settings(source, settings)
        if not readable:
            continue
        told = _Told(source, memories.get(source.name) or SourceMemory(source.name), upkeep)
        if source.name in pulled:
            yield from told.of_answer(pulled[source.name])
        elif source.name not in broken:
            yield from told.of_memory()
        yield from told.of_runs()
    yield from _of_twins(settings.sources)


def _opened(settings: Settings) -> Store:
    """Return the store, for reading. Raises CoachsyncError."""
    defaults = Defaults(settings.discord.guild_id, settings.windows.default_duration, settings.guild_ids)
    parts = open_parts(settings.store.url, settings.base_dir, defaults, settings.store.mapping)
    problem = parts.bookings_error or parts.ledger_error
    if parts.bookings is None or parts.ledger is None:
        parts.close()
        raise problem or CoachsyncError("the store cannot be opened", "")
    return Store(parts.own, parts.bookings, parts.ledger)


def _may_be_asked(source: SourceSettings, memories: Mapping[str, SourceMemory], upkeep: Upkeep, offline: bool) -> bool:
    memory = memories.get(source.name)
    waits = memory is not None and memory.tried_at <= upkeep.now < memory.asked_from
    return not waits and (not offline or _is_here(source))


def _is_here(source: SourceSettings) -> bool:
    """Return whether a source is a file of this host: no program and no network is asked."""
    return source.path is not None or (source.url or "").startswith(_SQLITE)


# what asking it takes


def _of_preparing(source: SourceSettings, asking: SourceAsking) -> Iterator[Finding]:
    """Yield why a source cannot even be asked (a library, a file, a program lacks), and what is odd with its people."""
    kind = "ics" if source.type == "ics" else (source.url or "").partition("://")[0] if source.type == "sql" else ""
    libraries, extra = _EXTRAS.get(kind, ((), ""))
    lacking = [library for library in libraries if find_spec(library) is None]
    if lacking:
        hint = f"pip install 'coachsync[{extra}]' into the environment that coachsync runs in"
        yield _fault(source, f"{lacking[0]} is not installed, by which it is read", hint)
    try:
        people = in_time(lambda: make_ready(source, asking), "a source's files").people
    except CoachsyncError as problem:
        yield _fault(source, problem.message, problem.hint)
    else:
        yield from (_of_person(source, warning) for warning in (people.warnings if people is not None else ()))
    for program in source.command[:1]:
        if not os.path.isfile(program):
            yield _fault(
                source, f"the program {program} is not there", f"put it there, or correct {_key(source)}.command"
            )
        elif not os.access(program, os.X_OK):
            what = f"the program {program} may not be started by this user"
            yield _fault(source, what, f"chmod +x {program}, and let this user into its folder")


def _of_person(source: SourceSettings, warning: Warn) -> Finding:
    what, _, remedy = warning.message.rpartition(": ")
    if remedy.startswith("chmod "):
        return _doubt(source, what, remedy)
    return _doubt(source, warning.message, "correct that line of the file; each run reads it anew")


# how it is kept


def _of_keeping(source: SourceSettings, settings: Settings) -> Iterator[Finding]:
    """Yield which of a source's files somebody else may read or write to whom it gives power, or somebody's data."""
    if source.token_file and not source.token_file.startswith(_CREDENTIAL):
        path = path_of(source.token_file, settings)
        mode = _mode(path)
        if mode & 0o066:
            verb = "write" if mode & 0o022 else "read"
            yield _doubt(source, f"others can {verb} its token_file {path}", f"chmod 600 {path}")
    for program in source.command[:1]:
        if _mode(program) & 0o022:
            what = f"others can write the program {program}, which runs start as their own user"
            yield _doubt(source, what, f"chmod go-w {program}")
    if _is_here(source):
        path = path_of(source.path or (source.url or "").removeprefix(_SQLITE), settings)
        if _mode(path) & 0o002:
            yield _doubt(source, f"everybody on this host can write {path}, and so book", f"chmod o-w {path}")
    if urlsplit(source.url or "").password and _mode(settings.path) & 0o004:
        hint = f"chmod o-r {settings.path}; or put the password into a file (mode 0600), {_key(source)}.token_file"
        yield _doubt(source, f"its url holds a password, and everybody on this host can read {settings.path}", hint)


def _mode(path: str) -> int:
    """Return a file's mode, 0 if it is not there."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return 0


# what its keys say together with others


def _of_settings(source: SourceSettings, settings: Settings) -> Iterator[Finding]:
    longest = longest_ms(source, settings)
    if longest < source.timeout:
        what = f"its timeout of {source.timeout // 1000} s is cut to {longest // 1000} s, half of run_budget"
        yield _doubt(source, what, f'set {_key(source)}.timeout = "{longest // 1000}s", or raise discord.run_budget')
    if source.every > settings.windows.setup_opens:
        what = f"it is asked once in {source.every / HOUR:g} h: what is booked at shorter notice gets no room in time"
        yield _doubt(source, what, f'lower {_key(source)}.every, to "15m" say, if people book so late')


def _of_twins(sources: Sequence[SourceSettings]) -> Iterator[Finding]:
    """Yield which sources are the same place twice: each booking would have two rooms."""
    seen: dict[object, SourceSettings] = {}
    for source in sources:
        place = (source.url, source.path, source.command, source.query, source.token_file, source.table)
        first = seen.setdefault((source.type, *place), source)
        if first is not source:
            what = f"it is the same as {first.name}, so each of its bookings is there twice and gets two rooms"
            yield _doubt(source, what, f"take [{_key(source)}] out of the configuration, or correct it")


# what it says, and what runs made of it


class _Told:
    """One source, and what is known of it from its last pulls."""

    def __init__(self, source: SourceSettings, memory: SourceMemory, upkeep: Upkeep) -> None:
        self._source = source
        self._memory = memory
        self._upkeep = upkeep
        causes = [c for c in upkeep.causes if c.code == FAILED and c.about == source.name]
        self._cause = causes[0] if causes else None

    def of_answer(self, pulled: PulledSource) -> Iterator[Finding]:
        """Yield what came of asking it now."""
        source, failure = self._source, pulled.failure
        for warning in pulled.warnings:
            if warning.code == ROWS:
                yield doubt("sources", warning.message, warning.hint)
        if failure is not None:
            yield fault("sources", f"{failure.message.rstrip('.')}; {self._answered}", failure.hint)
            return
        known = len(pulled.merged.added) + len(pulled.merged.changed) + len(pulled.merged.unchanged)
        if self._cause is not None and pulled.outcome != "failed":
            what = f"it answers, but its last pull failed ({relative(self._cause.last_seen, self._upkeep.now)})"
            yield _doubt(source, what, f"nothing if runs go on; or take it in now: `coachsync sync {source.name}`")
        yield from self._of_people(pulled)
        hint = "" if known or pulled.merged.refused else "look at it, if you know of bookings there"
        new = f", {len(pulled.merged.added)} of them new" if pulled.merged.added else ""
        gone = f", {len(pulled.cancelled)} count as cancelled" if pulled.cancelled else ""
        bookings = f"{known} booking{'s' if known != 1 else ''}"
        yield _well(source, f"{bookings}{new}{gone}; {self._answered}", hint)

    def of_memory(self) -> Iterator[Finding]:
        """Yield what runs saw of a source that is not asked now."""
        memory, now = self._memory, self._upkeep.now
        if memory.tried_at <= now < memory.asked_from:
            what = f"it wants to be left alone until {iso(memory.asked_from)}; {self._answered}"
            yield _doubt(
                self._source, what, f'runs heed that; if it is always so, set {_key(self._source)}.every = "1h"'
            )
        elif self._cause is not None:
            yield fault("sources", f"{self._cause.message}; {self._answered}", self._cause.hint)
        else:
            yield _well(self._source, f"not asked now; {self._answered}")

    def of_runs(self) -> Iterator[Finding]:
        """Yield that runs come and do not pull it."""
        last, tried = self._upkeep.last, self._memory.tried_at
        if last is None or not tried or last.exit_code not in (0, 1):
            return
        if last.started_at - max(tried, self._memory.asked_from) > self._source.every + HOUR:
            what = f"runs do not pull it: it was last asked {relative(tried, self._upkeep.now)}, and a run was since"
            yield _doubt(
                self._source, what, "take --no-sources out of what calls `coachsync run`: `coachsync schedule show`"
            )

    @property
    def _answered(self) -> str:
        good, now = self._memory.good_at, self._upkeep.now
        if good is not None:
            return f"last pulled {relative(good, now)}"
        return "never pulled yet, though tried" if self._memory.tried_at else "not pulled yet"

    def _of_people(self, pulled: PulledSource) -> Iterator[Finding]:
        """Yield that none of its new bookings says who comes: so it is where a mapping or the file of people lacks."""
        new = [s for kind, s in pulled.merged.shown if kind == "new" and s.flaw is None and s.end > self._upkeep.now]
        if new and not any(_names_somebody(session) for session in new):
            what = "none of its new bookings names anybody by a Discord id or user name"
            hint = (
                f"say which of its fields do by {_key(self._source)}.map, or who is who by {_key(self._source)}.people"
            )
            yield _doubt(self._source, what, f"{hint}: `coachsync help bookings`")


def _names_somebody(session: Session) -> bool:
    return any(person.id or person.discord_name for person in session.people)


def _key(source: SourceSettings) -> str:
    return f"sources.{source.name}"


def _fault(source: SourceSettings, what: str, hint: str) -> Finding:
    return fault("sources", redact(f"{source.name}: {what}"), redact(hint))


def _doubt(source: SourceSettings, what: str, hint: str) -> Finding:
    return doubt("sources", redact(f"{source.name}: {what}"), redact(hint))


def _well(source: SourceSettings, what: str, hint: str = "") -> Finding:
    return Finding("sources", "ok", None, None, redact(f"{source.name}: {what}"), hint)
