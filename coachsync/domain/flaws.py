"""How a value that cannot be understood is told: shown in one line, with what to write in its place. Pure."""

from __future__ import annotations

from coachsync.domain.failure import Failure

_SHOWN = 40


def shown(value: object) -> str:
    """Return a value for a message: quoted, in one line, shortened."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 200:
        return "a very long number"
    text = ascii(value[:_SHOWN]) if isinstance(value, (str, bytes)) and not _plain(value) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _plain(value: str | bytes) -> bool:
    return isinstance(value, str) and len(value) <= _SHOWN and value.isprintable()


def no_id(key: str, value: object, hint: str, flaws: list[Failure]) -> None:
    """Tell what is no id; nothing at all is no flaw."""
    if value is None:
        return
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        hint = "write it as text, in quotes: JavaScript rounds a number this long to another id"
        flaws.append(Failure("invalid", f"{key} is the number {shown(value)}, not a text", hint))
    else:
        flaws.append(Failure("invalid", f"{key} is {shown(value)}, not a Discord id of 15 to 20 digits", hint))
