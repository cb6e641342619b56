"""Pulling: what is due is asked, all at once, and what each source says is merged into the store, one after another.

A source that fails, cannot be read or is suddenly empty leaves the bookings as they were. What it says that was taken
in already is not taken in again, but for once in a few hours: a calendar's horizon moves, and rows may have been lost.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from coachsync.bookings.incoming import Incoming, Unreadable
from coachsync.bookings.leftout import with_left_out
from coachsync.bookings.merge import Merged, merge, session_id_of, take_away
from coachsync.bookings.read import read_bookings
from coachsync.bookings.sources.absence import Absence, absences, coming_among
from coachsync.bookings.sources.answer import PullError
from coachsync.bookings.sources.asking import SourceAsking, SourceHeard, ask_each
from coachsync.config.settings import SourceSettings
from coachsync.domain.failure import ErrorCode, Failure
from coachsync.domain.model import Millis, Session, Warn
from coachsync.domain.vanished import ACCIDENT_AT_LEAST
from coachsync.errors import CoachsyncError, StoreError
from coachsync.secrets import redact
from coachsync.store.base import Store
from coachsync.store.ledger.said import LastSaid
from coachsync.store.ledger.sources import SourceMemory

FAILED: ErrorCode = "source_failed"
ROWS = "source_rows"
_JITTER: Millis = 30_000  # cron does not start runs to the second

PullOutcome = Literal["taken", "unchanged", "failed"]


class PulledSource(NamedTuple):
    """What came of one source.

    `merged` is what its entries changed, `cancelled` what it no longer has (session ids), `missing` what it lacks and
    may still have another time. `failure`: it could not be pulled, or what it lacks was not taken for cancelled.
    """

    source: SourceSettings
    outcome: PullOutcome
    merged: Merged
    cancelled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    failure: Failure | None = None
    warnings: tuple[Warn, ...] = ()

    @property
    def sound(self) -> frozenset[tuple[str, str]]:
        """Return what was seen not to be wrong with the source (any more), as (code, source)."""
        codes: list[str] = [FAILED] if self.failure is None else []
        codes += [ROWS] if self.outcome == "taken" and not self.merged.refused else []
        return frozenset((code, self.source.name) for code in codes)


class PullRequest(NamedTuple):
    """What is to be pulled: `names` alone, None for all. `by_hand`: somebody asks now, whatever was asked lately.

    `dry_run`: nothing is written. `force`: a source that is suddenly empty, or lacks many bookings, is believed.
    """

    asking: SourceAsking
    names: frozenset[str] | None = None
    by_hand: bool = False
    dry_run: bool = False
    force: bool = False


_COLUMN = re.compile(r"""--map (?:'(\w+)=([^']*)'|"(\w+)=([^"]*)"|(\w+)=(\S+))""")
_ZONE = re.compile(r"--tz ([\w/]+)")
_KEYS = {"--tz": "timezone", "--map": "map", "--table": "table"}


def in_words_of(source: str, hint: str) -> str:
    """Return what an import says is to be done, told by the keys of a source in place of options."""
    columns = [[part for part in found.groups() if part] for found in _COLUMN.finditer(hint)]
    if columns:
        inside = ", ".join(f'{field} = "{column}"' for field, column in columns)
        first, *others = (found.group() for found in _COLUMN.finditer(hint))
        hint = hint.replace(first, f"map = {{{inside}}} in [sources.{source}]")
        for other in others:
            hint = hint.replace(f" {other}", "")
    hint = _ZONE.sub(rf'timezone = "\1" in [sources.{source}]', hint)
    for option, key in _KEYS.items():
        hint = re.sub(rf"{option}\b", f"sources.{source}.{key}", hint)
    return hint


def due_sources(store: Store, request: PullRequest) -> tuple[SourceSettings, ...]:
    """Return the sources that are to be asked now: named, and not asked so lately that they are left alone."""
    sources = request.asking.settings.sources
    if request.by_hand:
        return tuple(s for s in sources if request.names is None or s.name in request.names)
    memories, now = store.ledger.sources(), request.asking.now
    return tuple(source for source in sources if _is_due(source, memories.get(source.name), now))


def _is_due(source: SourceSettings, memory: SourceMemory | None, now: Millis) -> bool:
    if memory is None or now < memory.tried_at:  # a clock that was ahead holds nothing up
        return True
    if now < memory.asked_from:
        return False
    return now - memory.tried_at >= source.every - min(_JITTER, source.every // 10)


def pull(store: Store, sources: Sequence[SourceSettings], request: PullRequest) -> list[PulledSource]:
    """Ask sources and take in what they say; return what came of each."""
    asking = request.asking
    memories = store.ledger.sources()
    pulled = []
    for source, heard in ask_each(sources, memories, asking._replace(anew=request.dry_run or request.force)):
        memory = memories.get(source.name) or SourceMemory(source.name)
        one, memory = _Pull(store, source, request).take(heard, memory._replace(tried_at=asking.now))
        pulled.append(one)
        if not request.dry_run:
            with suppress(StoreError):  # it is asked once more then, and no harm is done
                _remember(store, memory)
    return pulled


def _remember(store: Store, memory: SourceMemory) -> None:
    with store.transaction() as transaction:
        transaction.ledger.keep_sources([memory])


class _Named:
    """What a source's entries were: counted while they are merged."""

    def __init__(self, source: str, *, keep: bool) -> None:
        self._source = source
        self._keep = keep
        self.ids: set[str] = set()
        self._spoiled: set[str] = set()
        self.readable = self.unreadable = 0
        self.nameless = False
        self.first: Unreadable | None = None

    def count(self, entry: Incoming | Unreadable) -> None:
        """Count an entry."""
        if isinstance(entry, Unreadable):
            self.unreadable += 1
            self.first = self.first or entry
            self.nameless = self.nameless or not entry.key
            if entry.key:
                self._spoiled.add(session_id_of(self._source, entry.key))
        else:
            self.readable += 1
        if self._keep and entry.key:
            self.ids.add(session_id_of(self._source, entry.key))

    def of_spoiled(self, session_ids: Iterable[str]) -> frozenset[str]:
        """Return which sessions are instances of a series that cannot be read: nobody knows whether they are there."""
        if not self._spoiled:
            return frozenset()
        return frozenset(i for i in session_ids if i.rpartition("/")[0] in self._spoiled)


class _Pull:
    """One source's answer on its way into the store."""

    def __init__(self, store: Store, source: SourceSettings, request: PullRequest) -> None:
        self._store = store
        self._source = source
        self._request = request
        self._settings = request.asking.settings
        self._now = request.asking.now

    def take(self, heard: SourceHeard | PullError, memory: SourceMemory) -> tuple[PulledSource, SourceMemory]:
        """Take an answer in; return what came of it, and what is known of the source from now on."""
        nothing = Merged([], [], [], [])
        if isinstance(heard, PullError):
            wait = memory._replace(asked_from=self._now + int(heard.wait_s * 1000))
            return self._failed(heard, nothing), wait
        answer = heard.answer
        memory = memory._replace(good_at=self._now, asked_from=0)
        if heard.unchanged:
            memory = memory._replace(etag=answer.etag or memory.etag, modified=answer.modified or memory.modified)
            return PulledSource(self._source, "unchanged", nothing, warnings=heard.warnings), memory
        try:
            pulled = self._merged(heard)
        except CoachsyncError as problem:
            return self._failed(problem, nothing), memory._replace(taken_at=None)
        except Exception as problem:  # noqa: BLE001 - one source must never stop the others, nor the rooms
            what = redact(f"{type(problem).__name__}: {problem}", foreign=True)[:200]
            odd = PullError(f"it cannot be read ({what})", "look at what it says, and report this as a bug")
            return self._failed(odd, nothing), memory._replace(taken_at=None)
        settled = not pulled.missing and pulled.failure is None
        memory = memory._replace(
            fingerprint=heard.fingerprint,
            etag=answer.etag,
            modified=answer.modified,
            digest=heard.digest,
            taken_at=self._now if settled else None,
        )
        return pulled, memory

    def _failed(self, problem: CoachsyncError, merged: Merged) -> PulledSource:
        message = f"the source {self._source.name} could not be pulled: {problem.message}"
        failure = Failure(FAILED, redact(message), redact(self._worded(problem.hint)))
        return PulledSource(self._source, "failed", merged, failure=failure, warnings=(self._told(failure),))

    def _told(self, failure: Failure) -> Warn:
        return Warn(failure.code, None, failure.message, "", failure.hint, self._source.name)

    def _merged(self, heard: SourceHeard) -> PulledSource:
        """Merge what a source says. Raises CoachsyncError: then nothing of it was taken in."""
        source, request = self._source, self._request
        named = _Named(source.name, keep=source.complete)
        form = "jsonl" if source.type in ("sql", "calcom") else source.type
        if form == "ics" and not heard.answer.content.rstrip().upper().endswith(b"END:VCALENDAR"):
            raise PullError("it is no calendar, or ends before its end", "nothing if it passes; else look at it")
        way = heard.way._replace(whole=set())
        read = read_bookings(io.BytesIO(heard.answer.content), way, form)
        entries = with_left_out(read, self._store, source.name, way)
        merged = merge(
            self._store,
            self._watched(entries, named),
            source=source.name,
            statuses=self._settings.statuses,
            now=self._now,
            dry_run=request.dry_run,
        )
        merged = self._in_own_words(merged)
        cancelled, missing, accident = self._missing(named)
        warnings = [*heard.warnings]
        if merged.refused:
            warnings.append(self._refused(merged, named))
        if accident is not None:
            warnings.append(self._told(accident))
        return PulledSource(source, "taken", merged, cancelled, missing, accident, tuple(warnings))

    def _watched(self, entries: Iterable[Incoming | Unreadable], named: _Named) -> Iterator[Incoming | Unreadable]:
        """Yield the entries, and raise PullError at their end if they cannot be all that there is."""
        for entry in entries:
            named.count(entry)
            yield entry
        if named.readable:
            return
        first = named.first
        if first is not None:
            raise PullError(f"none of its entries can be read; {first.where}: {first.reason}", first.hint)
        if self._request.force:
            return
        coming = len(self._coming()[1])
        if coming >= ACCIDENT_AT_LEAST:
            hint = f"look at it; if that is meant: `coachsync sync {self._source.name} --force`"
            raise PullError(f"it is suddenly empty, and {coming} coming bookings of it are known", hint)

    def _coming(self) -> tuple[dict[str, LastSaid], frozenset[str]]:
        """Return what is known of the source's bookings, and which of them are booked and have not begun."""
        said = self._store.ledger.said_by(self._source.name)
        sessions: dict[str, Session] = self._store.bookings.by_ids(said) if said else {}
        return said, coming_among(sessions, self._settings.policy.bookable, self._now)

    def _missing(self, named: _Named) -> tuple[tuple[str, ...], tuple[str, ...], Failure | None]:
        """Cancel what a complete source no longer has; return what was, what may be, and why it was not."""
        source, request = self._source, self._request
        if not source.complete or named.nameless:
            return (), (), None
        said, coming = self._coming()
        found = absences(said, coming, named.ids | named.of_spoiled(coming), self._now, force=request.force)
        if not found.marked:
            return (), (), None
        cancelled = found.due
        if not request.dry_run:
            with self._store.transaction() as transaction:
                transaction.ledger.keep_said(found.marked)
            cancelled = take_away(self._store, found.due, self._settings.statuses, self._now)
        missing = tuple(one.session_id for one in found.marked if one.session_id not in cancelled)
        return tuple(cancelled), missing, self._accident(found) if found.accident else None

    def _accident(self, found: Absence) -> Failure:
        lost = f"{len(found.marked)} of its {found.coming} coming bookings"
        return Failure(
            FAILED,
            f"the source {self._source.name} lacks {lost} at once: taken for an accident, none of them is cancelled",
            f"look at it; if they are cancelled: `coachsync sync {self._source.name} --force`",
        )

    def _in_own_words(self, merged: Merged) -> Merged:
        """Return what was merged with hints that name the source's keys, not the options of an import."""
        return merged._replace(refused=[row._replace(hint=self._worded(row.hint)) for row in merged.refused])

    def _worded(self, hint: str) -> str:
        return in_words_of(self._source.name, hint)

    def _refused(self, merged: Merged, named: _Named) -> Warn:
        """Return that entries were refused, with the first of them."""
        first, many = merged.refused[0], len(merged.refused)
        entries = "an entry" if many == 1 else f"{many} entries"
        held = ", and nothing that it lacks counts as cancelled" if self._source.complete and named.nameless else ""
        message = f"the source {self._source.name} holds {entries} of no use{held}; {first.where}: {first.message}"
        hint = first.hint if many == 1 else f"`coachsync sync {self._source.name} --dry-run` lists them"
        return Warn(ROWS, None, redact(message), "", redact(hint), self._source.name)
