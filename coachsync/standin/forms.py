"""Request bodies, checked field by field as Discord does: every fault of a form is told at once, by its path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from coachsync.domain.permissions import Overwrite
from coachsync.standin.answers import ApiError, refuse

_SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,19}")
_SPACES = re.compile(r"\s+")


def is_snowflake(text: str) -> bool:
    """Whether a text is an id as Discord reads one: a whole number of 64 bits, without leading zeros."""
    return _SNOWFLAKE.fullmatch(text) is not None and int(text) < 1 << 64


def invalid(path: str, code: str, message: str) -> ApiError:
    """The error 50035 for one field; `path` is dotted, empty for the body itself."""
    form = Form({})
    form.blame(path, code, message)
    return form.error()


class Form:
    """One JSON body being read. Fields that are absent or null read as None; faults gather until `done`."""

    def __init__(self, body: dict[str, object]) -> None:
        self.body = body
        self._errors: dict[str, object] = {}

    def blame(self, path: str, code: str, message: str) -> None:
        """Note a fault of the field at a dotted path."""
        at = self._errors
        for key in path.split(".") if path else ():
            at = at.setdefault(key, {})  # type: ignore[assignment]
        at["_errors"] = [{"code": code, "message": message}]

    def error(self) -> ApiError:
        """The refusal with all faults so far."""
        error = refuse(50035)
        error.errors = self._errors
        return error

    def done(self) -> None:
        """Refuse the form when anything in it was wrong."""
        if self._errors:
            raise self.error()

    def has(self, key: str) -> bool:
        """Whether a field is given and not null."""
        return self.body.get(key) is not None

    def name(self, key: str, *, required: bool = False) -> str | None:
        """Read a name of 1 to 100 characters, white space squeezed."""
        value = self.body.get(key)
        if value is None:
            if required:
                self.blame(key, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not isinstance(value, str):
            self.blame(key, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return None
        return self._sized(key, _SPACES.sub(" ", value).strip(), bool(value.strip()))

    def _sized(self, key: str, text: str, filled: bool) -> str | None:
        if not filled:
            self.blame(key, "BASE_TYPE_REQUIRED", "This field is required")
        elif len(text) > 100:
            self.blame(key, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        return text

    def integer(self, key: str, low: int, high: int) -> int | None:
        """Read a whole number within bounds, both included."""
        value = self.body.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.blame(key, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
            return None
        if not low <= value <= high:
            self.blame(key, "NUMBER_TYPE_RANGE", f"int value should be between {low} and {high}.")
        return value

    def choice(self, key: str, values: Iterable[int]) -> int | None:
        """Read one of a few whole numbers."""
        value = self.integer(key, -(1 << 31), 1 << 31)
        if value is not None and value not in values:
            self.blame(key, "BASE_TYPE_CHOICES", f"Value must be one of {set(values)}.")
        return value

    def flag(self, key: str) -> bool | None:
        """Read a boolean."""
        value = self.body.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.blame(key, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return None

    def permissions(self, key: str) -> int | None:
        """Read a permission set: a whole number or a string of digits."""
        return self._permissions(key, self.body.get(key))

    def _permissions(self, path: str, value: object) -> int | None:
        if value is None:
            return None
        if isinstance(value, str) and _SNOWFLAKE.fullmatch(value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self.blame(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        return None

    def snowflake(self, key: str) -> str | None:
        """Read an id; whole numbers are taken too, as Discord does."""
        value = self.body.get(key)
        return None if value is None else self._snowflake(key, value)

    def _snowflake(self, path: str, value: object) -> str | None:
        text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if is_snowflake(text):
            return text
        self.blame(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return None

    def overwrites(self, key: str) -> list[Overwrite] | None:
        """Read a list of permission overwrites, at most 100."""
        value = self.body.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.blame(key, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return None
        if len(value) > 100:
            self.blame(key, "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
        read = (self._overwrite(f"{key}.{n}", item) for n, item in enumerate(value))
        return [overwrite for overwrite in read if overwrite]

    def _overwrite(self, path: str, item: object) -> Overwrite | None:
        if not isinstance(item, dict):
            self.blame(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
            return None
        target = self._snowflake(f"{path}.id", item.get("id"))
        kind = item.get("type", 0)
        if kind not in (0, 1):
            self.blame(f"{path}.type", "BASE_TYPE_CHOICES", "Value must be one of {0, 1}.")
        allow = self._permissions(f"{path}.allow", item.get("allow"))
        deny = self._permissions(f"{path}.deny", item.get("deny"))
        return Overwrite(target, int(bool(kind)), allow or 0, deny or 0) if target else None
