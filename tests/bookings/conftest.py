"""A store of each kind, empty; the rules are the same over both."""

from __future__ import annotations

from tests.store.conftest import backend, store

__all__ = ["backend", "store"]
