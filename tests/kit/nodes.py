"""Hosts by name, all of them this one: what is written down of a host is its name."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

OnHost = Callable[[str], None]
"""Lets what is done from now on, in this process and its children, be done on a host of that name."""


def naming(monkeypatch: pytest.MonkeyPatch) -> OnHost:
    """Return what renames this host, until the test is over."""
    found = os.uname()

    def rename(name: str) -> None:
        monkeypatch.setattr(os, "uname", lambda: os.uname_result((found.sysname, name, *found[2:])))

    return rename
