"""One token's requests: one coroutine for each, limits and retries inside.

A request waits for its turn (`dispatch`), is sent, and its answer judged (`verdict`). GET, PUT and DELETE are
repeated when they did not get through or Discord failed. A create is sent again only if it is proved that
nothing was made (a 429, no connection); otherwise `AnswerLost` is raised and the caller looks for what was made.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf

from coachsync import waits
from coachsync.discord import verdict
from coachsync.discord.circuit import Circuit
from coachsync.discord.discord_clock import DiscordClock
from coachsync.discord.errors import (
    LEASE_LOST,
    AnswerLost,
    Blocked,
    DiscordError,
    RateLimited,
    ServerError,
    Stopped,
    Unauthorized,
    Unreachable,
)
from coachsync.discord.exchange import Answer, Lost, NeverSent, Outgoing, Result, Sender
from coachsync.discord.pace.dispatch import TIME_SPENT, Ceiling, Dispatcher, Priority, Progress
from coachsync.discord.pace.headers import Reading, read_limits
from coachsync.discord.pace.limits import Limits, LimitWord
from coachsync.discord.refused import RefusedAnswers
from coachsync.discord.routes import GET_ME, Call
from coachsync.domain.limits import REQUESTS_PER_SECOND

_TRIES = 3
_REFUSALS = 12
_NETWORK_HINT = "check this host's network, name look-up and proxy; the next run tries again"
_OUTAGE_HINT = "Discord has trouble (discordstatus.com); the next run tries again"


class Meter:
    """A count of the requests that one piece of work sent, retries and refused tries included."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


_meter: ContextVar[Meter | None] = ContextVar("coachsync_meter", default=None)


@contextmanager
def metered() -> Iterator[Meter]:
    """Count what is sent by this task, and by tasks begun in it, until the block ends.

    Work that is shared (looking at a guild) runs outside of any meter.
    """
    meter = Meter()
    token = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(token)


class Client:
    """Requests under one token. To be made inside a running event loop; `deadline` is in its monotonic seconds.

    `spent`: what `lately` returned to an earlier run. `refused` counts the host's refused answers. `holds` returns
    whether this run still has the right to use the token: once it has not, nothing more is sent.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        per_second: int = REQUESTS_PER_SECOND,
        ceiling: Ceiling | None = None,
        deadline: float = inf,
        circuit: Circuit | None = None,
        spent: Sequence[float] = (),
        refused: RefusedAnswers | None = None,
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        self.clock = DiscordClock()
        self._loop = asyncio.get_running_loop()
        self._stopped: Stopped | None = None
        self._on_stop: list[Callable[[], None]] = []
        self._second: asyncio.Future[Result] | None = None
        self._deadline = deadline
        self._circuit = circuit or Circuit()
        self._refused = refused
        self._limits = Limits(per_second, spent)
        self._holds = holds
        self._dispatcher = Dispatcher(
            sender,
            self._limits,
            self._read,
            ceiling=ceiling or Ceiling(16),
            deadline=deadline,
            may_send=self._may_send,
        )
        self._circuit.on_break(lambda error: self.stop(type(error).__name__.lower(), error))
        if deadline < inf:
            self._loop.call_at(deadline, self.stop, TIME_SPENT)

    @property
    def requests_sent(self) -> int:
        """Return how many requests left so far, retries and refused ones included."""
        return self._dispatcher.requests_sent

    @property
    def lately(self) -> list[float]:
        """Return when the requests that still count against the global limit were answered."""
        return self._limits.lately(self._loop.time())

    def said(self, call: Call) -> LimitWord | None:
        """Return what Discord last said of the limit of `call`, if that is a long one; None if it said nothing."""
        return self._limits.said(call)

    def progress(self) -> Progress:
        """Return what is in flight, what waits and for which limit."""
        return self._dispatcher.progress()

    def stop(self, reason: str, cause: DiscordError | None = None) -> None:
        """Fail what waits, now and from now on, with `Stopped`; what is in flight is still answered."""
        if self._stopped is None:
            self._stopped = Stopped(reason, cause)
        self._dispatcher.stop(lambda: Stopped(reason, cause))
        listeners, self._on_stop = self._on_stop, []
        for listener in listeners:
            listener()

    def when_stopped(self, listener: Callable[[], None]) -> None:
        """Have `listener` called once, when nothing more is sent; at once if that is so already."""
        if self._stopped is not None:
            listener()
        else:
            self._on_stop.append(listener)

    def _may_send(self) -> bool:
        if self._stopped is None and not self._holds():
            self.stop(LEASE_LOST)
        return self._stopped is None

    def demand_open(self) -> None:
        """Raise `Stopped` if nothing more is sent: what would only end in that is not begun."""
        self._may_send()
        if self._stopped is not None:
            raise Stopped(self._stopped.reason, self._stopped.cause)

    async def request(
        self,
        call: Call,
        *,
        body: object = None,
        reason: str = "",
        priority: Priority = (),
        max_wait: float = inf,
        before: float = inf,
    ) -> object:
        """Send one request and return the decoded JSON of its answer (None for an empty one).

        Args:
            call: what to ask.
            body: sent as JSON, unless None.
            reason: for the audit log.
            priority: the least goes first.
            max_wait: seconds; a longer wait for this request's limit raises `RateLimited` instead of being waited.
            before: in the loop's seconds; a request whose turn comes later is not sent: that is `RateLimited`, too.

        Raises:
            DiscordError: one of its subclasses, by meaning.
        """
        payload = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return await _Request(self, Outgoing(call, payload, reason), priority, max_wait, before).run()

    async def exchange(self, outgoing: Outgoing, priority: Priority, max_wait: float, before: float = inf) -> Result:
        """Wait for the turn of one request and send it once."""
        result = await self._dispatcher.submit(outgoing, priority, max_wait, before)
        meter = _meter.get()
        if meter is not None:
            meter.requests += 1
        if not isinstance(result, NeverSent):
            self._circuit.succeeded()
        return result

    async def pause(self, tries: int) -> bool:
        """Wait before the next try. Returns False, at once, if the deadline leaves no time for it."""
        pauses = waits.current().again
        wait = pauses[min(tries, len(pauses)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - jitter
        if self._loop.time() + wait >= self._deadline:
            return False
        await asyncio.sleep(wait)
        return True

    def unreachable(self, why: str) -> Unreachable:
        """Note that no connection came about, and return the error for it."""
        error = Unreachable(f"Discord cannot be reached: {why}", _NETWORK_HINT)
        self._circuit.failed(error)
        return error

    async def doubt(self, error: DiscordError, answer: Answer) -> None:
        """Stop what an error makes pointless; a page that is no answer of Discord's only if a second request meets one.

        One such page may be about one request alone, say its audit reason.
        """
        if isinstance(error, Blocked) and verdict.decode(answer) in (None, verdict.UNREADABLE):
            if self._second is None or self._second.done():
                self._second = self._dispatcher.submit(Outgoing(GET_ME.at()), (), inf)  # before anything that waits
            second = await self._second
            if isinstance(second, Answer) and verdict.blocked(second, verdict.decode(second)) is None:
                return
        self.condemn(error)

    def condemn(self, error: DiscordError) -> None:
        """Stop what an error makes pointless: everything for a block, this token's requests for a refused token."""
        if isinstance(error, Blocked):
            self._circuit.trip(error)
        elif isinstance(error, Unauthorized):
            self.stop("the token is refused", error)

    def _read(self, answer: Answer, sent_at: float) -> Reading:
        if self._refused is not None:
            self._refused.note(answer.status)
        date = answer.headers.get("date")
        if date is not None:
            self.clock.learn(date, sent_at, self._loop.time())
        body = verdict.decode(answer) if answer.status == 429 else None
        reading = read_limits(answer.status, answer.headers, body, time.time())
        if reading.refused and verdict.blocked(answer, body):
            return Reading()
        return reading


class _Request:
    """One request on its way through tries and refusals."""

    def __init__(self, client: Client, outgoing: Outgoing, priority: Priority, max_wait: float, before: float) -> None:
        self._client = client
        self._outgoing = outgoing
        self._call = outgoing.call
        self._priority = priority
        self._max_wait = max_wait
        self._before = before
        self._failed = 0
        self._refused = 0

    async def run(self) -> object:
        while True:
            result = await self._exchange()
            if isinstance(result, Answer):
                if result.status == 429 and await self._may_come_back(result):
                    continue
                failure, value = await self._judge(result)
            else:
                failure, value = self._failure(result), None
            if failure is None:
                return value
            await self._again_or_raise(failure)

    async def _exchange(self) -> Result:
        try:
            return await self._client.exchange(self._outgoing, self._priority, self._max_wait, self._before)
        except RateLimited as error:
            if self._refused:
                error.sent, error.http_status = True, 429
            raise

    async def _may_come_back(self, answer: Answer) -> bool:
        body = verdict.decode(answer)
        edge = verdict.blocked(answer, body)
        if edge is not None:
            await self._client.doubt(edge, answer)
            raise edge
        reading = read_limits(429, answer.headers, body, time.time())
        self._refused += 1
        if self._refused >= _REFUSALS:
            raise self._limited(reading)
        return True

    def _limited(self, reading: Reading) -> RateLimited:
        return RateLimited(
            f"Discord refused {self._call.route} {self._refused} times in a row",
            "lower max_requests_per_second if others use the same token; the next run tries again",
            retry_after_s=reading.retry_after or 0.0,
            scope=reading.scope,
            route=str(self._call.route),
            sent=True,
        )

    async def _judge(self, answer: Answer) -> tuple[DiscordError | None, object]:
        """Return the failure that another try may mend, or the value. Raises what no further try would mend."""
        if answer.status >= 500:
            return self._outage(answer), None
        body = verdict.decode(answer)
        if 200 <= answer.status < 300:
            if body is verdict.UNREADABLE:
                return self._unreadable(answer), None
            doubt = verdict.not_granted(self._call, answer)
            if doubt is not None:
                raise doubt
            return None, body
        error = verdict.error_of(self._call, answer, body)
        await self._client.doubt(error, answer)
        raise error

    def _outage(self, answer: Answer) -> DiscordError:
        message = f"Discord failed on {self._call.route} (HTTP {answer.status})"
        if self._call.route.safe_to_repeat:
            return ServerError(message, _OUTAGE_HINT, http_status=answer.status)
        return AnswerLost(message, _OUTAGE_HINT, code="discord_error", http_status=answer.status)

    def _unreadable(self, answer: Answer) -> DiscordError:
        error = verdict.unexpected(self._call, answer, "a body that is no JSON")
        if self._call.route.safe_to_repeat:
            return error
        return AnswerLost(error.message, error.hint, code=error.code, http_status=answer.status)

    def _failure(self, result: NeverSent | Lost) -> DiscordError:
        if isinstance(result, NeverSent):
            return self._client.unreachable(result.why)
        return AnswerLost(f"the answer to {self._call.route} was lost: {result.why}", _NETWORK_HINT)

    async def _again_or_raise(self, failure: DiscordError) -> None:
        self._failed += 1
        repeatable = self._call.route.safe_to_repeat or isinstance(failure, Unreachable)
        if not repeatable or self._failed >= _TRIES or not await self._client.pause(self._failed):
            raise failure
