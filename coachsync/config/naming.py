"""What a naming template may be: its placeholders, and that no rendered name grows longer than Discord takes."""

from __future__ import annotations

from typing import Any

from coachsync.config.values import UnfitError, text

_LONGEST = {"short": 8, "id": 60, "student": 20, "coach": 20}
_DISCORD_TAKES = 100  # characters in a role or channel name (Discord's documentation of both objects)


def role_template(value: Any) -> str:
    """Take the role's template. Raises UnfitError."""
    found = text(value)
    if any(person in placeholders(found) for person in ("student", "coach")):
        raise UnfitError("a template without {student} and {coach}: every member sees role names")
    return _checked(found, ("short", "id"))


def channel_template(value: Any) -> str:
    """Take the channel's template. Raises UnfitError."""
    return _checked(text(value), ("short", "id", "student", "coach"))


def placeholders(template: str) -> list[str]:
    """Return the names in braces, in their order."""
    return [part.partition("}")[0] for part in template.split("{")[1:] if "}" in part]


def _checked(template: str, allowed: tuple[str, ...]) -> str:
    found = placeholders(template)
    unknown = [name for name in found if name not in allowed]
    if unknown:
        known = ", ".join("{" + name + "}" for name in allowed)
        raise UnfitError(f"no other placeholders than {known}")
    if "short" not in found and "id" not in found:
        raise UnfitError("a template that holds {short} or {id}: names must differ")
    if not template.isprintable():
        raise UnfitError("a template without control characters")
    plain = len(template) - sum(len(name) + 2 for name in found)
    if plain + sum(_LONGEST[name] for name in found) > _DISCORD_TAKES:
        raise UnfitError("a template whose names stay within Discord's 100 characters ({id} may take 60)")
    return template
