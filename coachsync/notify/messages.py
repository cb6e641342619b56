"""Messages to people, by apprise: <https://github.com/caronc/apprise>. One message a run to each address.

Each address has a memory of its own: what it missed, it hears from the next run. Addresses hold passwords, so none is
ever shown: a failing one goes by its line in the file and by its kind.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import threading
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from coachsync.config import Settings
from coachsync.domain.model import Warn
from coachsync.errors import CoachsyncError, ConfigError
from coachsync.host.limits import remedy
from coachsync.host.reading import in_time, read_regular
from coachsync.notify.bulletin import Bulletin, bulletin
from coachsync.report.moments import Moments
from coachsync.secrets import redact
from coachsync.store.base import Store

NOTIFY_FAILED = "notify_failed"
NOTIFY_READABLE = "notify_readable"
_LARGEST = 65_536
_WITHIN_S = 20.0
_TITLE = "coachsync"


class Address(NamedTuple):
    """One address: its line in the file, and itself."""

    line: int
    url: str

    @property
    def channel(self) -> str:
        """Return the name by which the ledger remembers what was told there: nothing of the address is in it."""
        return "notify:" + hashlib.sha256(self.url.encode()).hexdigest()[:16]

    @property
    def shown(self) -> str:
        """Return what a message may say of it."""
        return f"line {self.line} ({self.url.partition('://')[0][:20]})"


class _Sent:
    """A message on its way in a thread of its own: `problem` is "" once it has arrived."""

    def __init__(self, address: Address, text: str, title: str) -> None:
        self.problem = f"no answer within {_WITHIN_S:.0f} s"
        self._thread = threading.Thread(target=self._send, args=(address, text, title), daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # no thread can be started
            self.problem = str(error)

    def wait(self, until: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until - time.monotonic()))

    def _send(self, address: Address, text: str, title: str) -> None:
        import apprise

        try:
            one = apprise.Apprise()
            if not one.add(address.url):
                self.problem = "it is no address that apprise knows"
            elif not one.notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT):
                self.problem = "it did not take the message"
            else:
                self.problem = ""
        except Exception as error:  # noqa: BLE001 - a hundred services, and none may end a run
            self.problem = type(error).__name__


def addresses(settings: Settings) -> tuple[list[Address], Warn | None]:
    """Return the addresses of `[notify] file`, and a warning if others can read it. Raises CoachsyncError."""
    path = os.path.join(settings.base_dir, os.path.expanduser(settings.notify.file or ""))
    return in_time(lambda: _read(path), "the file of addresses")


def _read(path: str) -> tuple[list[Address], Warn | None]:
    try:
        content, found = read_regular(path, _LARGEST + 1)
    except OSError as error:
        hint = remedy(error, "correct [notify] file, or write one address a line into it (mode 0600)")
        raise ConfigError(f"the file of addresses {path} cannot be read: {error.strerror}", hint) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"the file of addresses {path} is too long", "keep it under 64 kB")
    lines = enumerate(content.decode("utf-8-sig", "replace").splitlines(), 1)
    read = [Address(number, line.strip()) for number, line in lines]
    wanted = [address for address in read if address.url and not address.url.startswith("#")]
    open_ = stat.S_IMODE(found.st_mode) & 0o044
    warning = f"others can read the addresses in {path}: chmod 600 {path}" if open_ else ""
    return wanted, Warn(NOTIFY_READABLE, None, warning) if warning else None


def send_news(store: Store, settings: Settings, moments: Moments) -> list[Warn]:
    """Send each address what is new for it; return what went wrong. Raises CoachsyncError."""
    found, warning = addresses(settings)
    wrong = [warning] if warning is not None else []
    if not _due(store, settings, found, moments):
        return wrong
    _require_apprise()
    with store.telling() as ours:  # what another host has told meanwhile is no news any more
        return wrong + (_sent(store, _due(store, settings, found, moments)) if ours else [])


def _due(
    store: Store, settings: Settings, found: Iterable[Address], moments: Moments
) -> list[tuple[Address, Bulletin]]:
    """Return who is to be sent what."""
    due = [(address, _bulletin(store, settings, address, moments)) for address in found]
    return [(address, news) for address, news in due if news.text]


def _sent(store: Store, due: list[tuple[Address, Bulletin]]) -> list[Warn]:
    """Send what is due and remember what arrived; return what went wrong."""
    problems = list(_send(due))
    told = [news for (address, news), problem in zip(due, problems, strict=True) if not problem]
    channels = [address.channel for (address, _), problem in zip(due, problems, strict=True) if not problem]
    if told:
        with store.ledger.changing() as changes:
            for channel, news in zip(channels, told, strict=True):
                changes.mark_told(channel, news.memory)
    return [
        Warn(NOTIFY_FAILED, None, f"the message to {address.shown} of the file of addresses failed: {problem}")
        for (address, _), problem in zip(due, problems, strict=True)
        if problem
    ]


def _bulletin(store: Store, settings: Settings, address: Address, moments: Moments) -> Bulletin:
    return bulletin(store, address.channel, moments, settings.alerts.repeat, names=settings.notify.names)


def _require_apprise() -> None:
    """Load the library, and let it say nothing by itself: its lines hold addresses."""
    warnings.simplefilter("ignore")  # of the services' own libraries; the run is over but for this
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    try:
        import apprise  # noqa: F401
    except ImportError:
        hint = "pip install 'coachsync[notify]' into the environment that coachsync runs in"
        raise CoachsyncError("[notify] is configured, and apprise is not installed", hint) from None


def _send(due: Sequence[tuple[Address, Bulletin]]) -> Iterator[str]:
    """Send all messages side by side; yield what went wrong with each, "" for nothing."""
    sent = [_Sent(address, redact(news.text), _title(news)) for address, news in due]
    until = time.monotonic() + _WITHIN_S
    for one in sent:
        one.wait(until)
        yield one.problem


def _title(news: Bulletin) -> str:
    """Return "coachsync: late", so that a telephone's first line says how bad it is."""
    heads: Iterable[str] = dict.fromkeys(line.partition(":")[0] for line in news.text.splitlines())
    known = [head for head in heads if head in ("late", "failing", "mended", "over")]
    return f"{_TITLE}: {', '.join(known)}" if known else _TITLE
