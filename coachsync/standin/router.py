"""Which handler a method and path belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

H = TypeVar("H")


class Route(NamedTuple, Generic[H]):
    """A route: method, template such as `/guilds/{guild_id}/roles`, and its handler."""

    method: str
    template: str
    handler: H


@dataclass
class Router(Generic[H]):
    """A table of routes. Of two that fit, the one registered first is taken."""

    _table: dict[tuple[str, int], list[tuple[list[str], Route[H]]]] = field(default_factory=dict)

    def add(self, method: str, template: str) -> Callable[[H], H]:
        """Register the decorated handler."""

        def register(handler: H) -> H:
            parts = template.split("/")
            self._table.setdefault((method, len(parts)), []).append((parts, Route(method, template, handler)))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route[H], dict[str, str]] | None:
        """The route of a path and the values of its parameters, which are digits; None where there is none."""
        parts = path.split("/")
        for wanted, route in self._table.get((method, len(parts)), ()):
            params = _match(wanted, parts)
            if params is not None:
                return route, params
        return None

    def templates(self) -> list[tuple[str, str]]:
        """Every method and template."""
        return [(route.method, route.template) for routes in self._table.values() for _, route in routes]


def _match(wanted: list[str], parts: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for want, part in zip(wanted, parts, strict=True):
        if want.startswith("{"):
            params[want[1:-1]] = part
        elif want != part:
            return None
    return params
