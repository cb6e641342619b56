"""What holds for every test."""

from __future__ import annotations

import signal
import threading

import pytest


def pytest_configure() -> None:
    """Take SIGINT as at a terminal: started in the background, a shell would have every child ignore it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longer searches, so that no worker is left with one when all others are through."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the longer searches counted, whichever worker ran them."""
    told = [
        str(value)
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in report.user_properties
        if name == "told"
    ]
    if told:
        terminalreporter.section("what was searched")
        terminalreporter.write("\n".join([*sorted(told), ""]))
