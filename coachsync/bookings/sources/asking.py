"""Asking sources, all at once: each in a thread of its own, none longer than its time.

Nothing else bounds a name look-up, an answer that drips, or a file on a dead mount: a thread is left behind then.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from coachsync.bookings.fields import Way, parse_map
from coachsync.bookings.people import People
from coachsync.bookings.sources.answer import PullError, SourceAnswer, Validators, too_slow
from coachsync.bookings.sources.program import SourceProgram
from coachsync.config import Settings
from coachsync.config.settings import SourceSettings
from coachsync.config.zones import Odd, zone_named
from coachsync.domain.model import Millis, Warn
from coachsync.errors import CoachsyncError
from coachsync.host.limits import expanded, remedy
from coachsync.host.reading import read_regular
from coachsync.secrets import Token, hide, redact
from coachsync.store.ledger.sources import SourceMemory

_AT_ONCE = 16
_GRACE_S = 0.5  # for whoever asks to say itself why it took too long
_LONGEST_SECRET = 4096
_CREDENTIAL = "credential:"
_SECRET = frozenset({"COACHSYNC_TOKEN", "CREDENTIALS_DIRECTORY"})
_OWN_MAPS = {"calcom": {"student": "attendee", "coach": "host"}}
_FRESH: Millis = 6 * 3_600_000


class SourceAsking(NamedTuple):
    """What asking needs to know. `anew`: whatever is remembered, the whole answer is wanted."""

    settings: Settings
    environ: Mapping[str, str]
    now: Millis
    agent: str
    anew: bool = False


class SourceHeard(NamedTuple):
    """What a source answered, how its entries are to be read, and what tells both from the last time."""

    answer: SourceAnswer
    way: Way
    fingerprint: str
    digest: str
    unchanged: bool
    warnings: tuple[Warn, ...]


class SourceReady(NamedTuple):
    """What asking a source takes beside its address: its secret and its people, if any, and how it is read."""

    secret: str | None
    people: People | None
    way: Way


def make_ready(source: SourceSettings, asking: SourceAsking) -> SourceReady:
    """Return what asking a source takes: only this host's files are read. Raises CoachsyncError."""
    secret = _secret(source.token_file, asking) if source.token_file else None
    if source.type != "sql":
        _token(secret)
    people = People(path_of(source.people, asking.settings)) if source.people else None
    return SourceReady(secret, people, _way(source, people, asking))


def path_of(named: str, settings: Settings) -> str:
    """Return the whole path of a file that a source names."""
    return os.path.join(settings.base_dir, expanded(named))


def longest_ms(source: SourceSettings, settings: Settings) -> Millis:
    """Return how long a pull of a source takes at most: a run has other things to do."""
    return min(source.timeout, settings.discord.run_budget // 2)


def ask_each(
    sources: Sequence[SourceSettings], memories: Mapping[str, SourceMemory], asking: SourceAsking
) -> Iterator[tuple[SourceSettings, SourceHeard | PullError]]:
    """Yield what each source answers, in their order. Whatever interrupts this ends the programs that still run."""
    for first in range(0, len(sources), _AT_ONCE):
        jobs = [_Job(source, memories.get(source.name), asking) for source in sources[first : first + _AT_ONCE]]
        try:
            for job in jobs:
                job.start()
            for job in jobs:
                yield job.source, job.wait()
        finally:
            for job in jobs:
                job.stop()


class _Job:
    """One source that is asked."""

    def __init__(self, source: SourceSettings, memory: SourceMemory | None, asking: SourceAsking) -> None:
        self.source = source
        self._memory = memory or SourceMemory(source.name)
        self._asking = asking
        self._seconds = longest_ms(source, asking.settings) / 1000
        self._result: SourceHeard | PullError = too_slow(self._seconds)
        self._until = 0.0
        self._program: SourceProgram | None = None
        self._thread = threading.Thread(target=self._run, name=f"coachsync-source-{source.name}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._until = time.monotonic() + self._seconds + _GRACE_S
        try:
            self._thread.start()
        except RuntimeError as problem:  # no thread can be started
            self._result = PullError(str(problem), "raise the limit of processes of the user that runs coachsync")

    def wait(self) -> SourceHeard | PullError:
        """Return what came of it, as soon as that is known and in time."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, self._until - time.monotonic()))
        return self._result

    def stop(self) -> None:
        """End what still runs."""
        if self._program is not None:
            self._program.stop()

    def _run(self) -> None:
        try:
            self._result = self._hear()
        except PullError as problem:
            self._result = problem
        except CoachsyncError as problem:
            self._result = PullError(problem.message, problem.hint)
        except Exception as problem:  # noqa: BLE001 - one source must never stop the others, nor the rooms
            what = redact(f"{type(problem).__name__}: {problem}", foreign=True)[:200]
            self._result = PullError(f"it cannot be asked ({what})", "see the log of a run with --verbose")

    def _hear(self) -> SourceHeard:
        source, asking = self.source, self._asking
        secret, people, way = make_ready(source, asking)
        fingerprint = _fingerprint(source, asking)
        memory = self._memory
        taken = memory.taken_at
        fresh = taken is not None and 0 <= asking.now - taken < _FRESH and memory.fingerprint == fingerprint
        fresh = fresh and not asking.anew
        answer = self._ask(secret, Validators(memory.etag, memory.modified) if fresh else Validators(), people)
        digest = memory.digest if answer.unchanged else sha256(answer.content).hexdigest()
        unchanged = answer.unchanged or (fresh and digest == memory.digest)
        if answer.unchanged and not fresh:
            raise PullError("it answers that nothing is new, without having been asked that", "ask whoever runs it")
        warnings = people.warnings if people is not None else ()
        return SourceHeard(answer, way, fingerprint, digest, unchanged, warnings)

    def _ask(self, secret: str | None, asked: Validators, people: People | None) -> SourceAnswer:
        source, asking = self.source, self._asking
        if source.path is not None:
            from coachsync.bookings.sources import localfile

            return localfile.ask(path_of(source.path, asking.settings), asked)
        if source.command:
            kept = {n: v for n, v in asking.environ.items() if n not in _SECRET and redact(v) == v}
            program = SourceProgram(source.command, kept, self._seconds)
            self._program = program
            return program.ask()
        if source.type == "sql":
            from coachsync.bookings.sources import database

            query = database.Query(
                source.url or "", source.query or "", secret, source.time, asking.settings.base_dir, self._seconds
            )
            return database.ask(query)
        from coachsync.bookings.sources import http

        token, until = _token(secret), time.monotonic() + self._seconds
        if source.type == "calcom":
            from coachsync.bookings.sources import calcom

            def fetch(address: str) -> bytes:
                left = max(0.001, until - time.monotonic())
                return http.ask(address, "json", token, Validators(), left, asking.agent, calcom.HEADERS).content

            slugs = frozenset(source.map.values())
            return calcom.ask(source.url, fetch, asking.settings.statuses, people, asking.now, slugs)
        return http.ask(source.url or "", source.type, token, asked, self._seconds, asking.agent)


def _token(secret: str | None) -> Token | None:
    """Return a secret as it can stand in a header. Raises PullError."""
    if secret is None:
        return None
    try:
        return Token(secret)
    except ValueError:
        hint = "put the token there and nothing else: plain letters, without spaces or line breaks"
        raise PullError("its token_file holds something that is no token", hint) from None


def _secret(named: str, asking: SourceAsking) -> str:
    """Return what a file of a secret holds, without the white space around it. Raises PullError."""
    folder = asking.environ.get("CREDENTIALS_DIRECTORY", "")
    name = named.removeprefix(_CREDENTIAL)
    if named.startswith(_CREDENTIAL) and not folder:
        hint = f"start coachsync from a unit with LoadCredential={name}:FILE, or name a file"
        raise PullError(f"the credential {name} is not here ($CREDENTIALS_DIRECTORY is unset)", hint)
    path = os.path.join(folder, name) if named.startswith(_CREDENTIAL) else path_of(named, asking.settings)
    try:
        content, _ = read_regular(path, _LONGEST_SECRET + 1)
    except OSError as problem:
        hint = remedy(problem, "correct the path, or let the user that runs coachsync read it (mode 0600)")
        raise PullError(f"its token_file {path} cannot be read: {problem.strerror}", hint) from None
    secret = content.decode("utf-8", "replace").strip()
    if not secret or len(content) > _LONGEST_SECRET:
        raise PullError(f"its token_file {path} holds no secret", "write the secret into it and nothing else")
    hide(secret)
    return secret


def _way(source: SourceSettings, people: People | None, asking: SourceAsking) -> Way:
    """Return how a source's entries are to be read. Raises PullError."""
    mapped = parse_map({**_OWN_MAPS.get(source.type, {}), **source.map})
    if isinstance(mapped, str):
        raise PullError(f"its map does not fit: {mapped}", f"correct sources.{source.name}.map")
    zone = zone_named(source.timezone) if source.timezone else None
    if isinstance(zone, Odd):
        raise PullError(f"its timezone {zone.flaw}", zone.hint)
    return Way(asking.settings.statuses, asking.now, mapped, zone, source.table, people)


def _fingerprint(source: SourceSettings, asking: SourceAsking) -> str:
    """Return what tells this way of reading the source from another: the configuration and the file of people."""
    told = sha256(repr((asking.agent, source, asking.settings.statuses)).encode("utf-8", "backslashreplace"))
    if source.people:
        try:
            told.update(read_regular(path_of(source.people, asking.settings), 1 << 23)[0])
        except OSError:  # it was there a moment ago: read all anew the next time
            told.update(os.urandom(16))
    return told.hexdigest()
