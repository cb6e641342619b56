"""What was asked of the stand-in, one record per request, in order of arrival. No token is ever kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from coachsync.standin.clock import Millis


@dataclass(slots=True)
class Request:
    """One request and what became of it.

    Attributes:
        seq: number of the request since the start, from 1.
        at: the world's time on arrival; `arrived`, `finished`: monotonic seconds.
        path: without the API prefix and the query. `template`: the route, None where there is no such.
        authorization: a fingerprint, the first 12 hexadecimal digits of the header's SHA-256; "" without.
        body: the parsed JSON body, None without one. `reason`: the audit-log reason, decoded.
        x_headers: the X-… headers sent, lower case.
        status: of the answer; None until it is given, 0 where the connection was broken instead.
        scope: of a 429. `fault`: kind of the fault that hit it. `acted`: whether the world was asked.
        answer: the parsed answer, and `answer_headers` its headers, where bodies are recorded.
    """

    seq: int
    at: Millis
    arrived: float
    method: str
    path: str
    query: dict[str, str]
    template: str | None
    params: dict[str, str]
    authorization: str
    bot_id: str | None
    body: object
    reason: str | None
    user_agent: str
    x_headers: dict[str, str]
    status: int | None = None
    scope: str | None = None
    fault: str | None = None
    acted: bool = False
    finished: float | None = None
    answer: object = None
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def write(self) -> bool:
        """Whether it asks for a change."""
        return self.method != "GET"

    @property
    def route(self) -> tuple[str, str | None]:
        """Method and template."""
        return self.method, self.template


def fingerprint(authorization: str) -> str:
    """Tell two tokens apart without keeping them."""
    return hashlib.sha256(authorization.encode()).hexdigest()[:12] if authorization else ""
