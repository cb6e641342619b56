"""`override`, which Python has from 3.12 on: the type checker's own where it looks, nothing at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override as override
else:

    def override(method: object) -> object:
        """Return `method` as it is."""
        return method
