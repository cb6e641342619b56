"""Work spread over forked processes: each takes the next piece when it is through with its last."""

from __future__ import annotations

import gc
import os
import traceback
import warnings
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn, TypeVar

from tests.kit.fork import fork, import_all
from tests.searches.crash.child import hurry

T = TypeVar("T")


def spread(work: Callable[[int], T], count: int, workers: int) -> Iterator[tuple[int, T | str]]:
    """Do `work(0)` to `work(count - 1)` in forks of this process; yield what each returned, as it comes.

    A text in place of a result tells what went wrong with the work itself.
    """
    import_all()
    crew = dict(_hired(work) for _ in range(workers))
    numbers = iter(range(count))
    busy = {link: _hand_out(link, numbers) for link in crew}
    while running := [link for link, number in busy.items() if number is not None]:
        for link in wait(running):
            assert isinstance(link, Connection)
            number = busy[link]
            assert number is not None
            try:
                result = link.recv()
            except EOFError:
                busy[link] = None
                yield number, "the worker died"
                continue
            busy[link] = _hand_out(link, numbers)
            yield number, result
    for link, pid in crew.items():
        link.close()
        os.waitpid(pid, 0)


def _hand_out(link: Connection, numbers: Iterator[int]) -> int | None:
    """Give a worker its next number; None tells it to go."""
    number = next(numbers, None)
    link.send(number)
    return number


def _hired(work: Callable[[int], Any]) -> tuple[Connection, int]:
    ours, theirs = Pipe()
    pid = fork()
    if pid == 0:
        ours.close()
        _labour(work, theirs)
    theirs.close()
    return ours, pid


def _labour(work: Callable[[int], Any], link: Connection) -> NoReturn:
    try:
        _shut_out_the_caller()
        hurry()
        gc.collect()
        gc.freeze()
        while (number := link.recv()) is not None:
            link.send(_result(work, number))
    except BaseException:  # noqa: BLE001 - the parent sees the end of the link
        traceback.print_exc()
    finally:
        os._exit(0)


def _result(work: Callable[[int], Any], number: int) -> Any:
    try:
        return work(number)
    except Exception:  # noqa: BLE001 - the parent tells whoever asked for the work
        return traceback.format_exc()


def _shut_out_the_caller() -> None:
    """Let nothing of the environment, or of how warnings are taken, reach the ticks."""
    for name in [name for name in os.environ if name.startswith("COACHSYNC_")]:
        del os.environ[name]
    warnings.simplefilter("default")
    warnings.simplefilter("ignore", ResourceWarning)  # exchanges that were given up end with the stand-in
