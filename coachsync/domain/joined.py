# ruff: noqa: S608  SQL for an operator to read and run: names are quoted
"""People of another system's bookings who stand in other tables: how to get from a booking to them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from coachsync.domain.kinds import Role, discord_kind, role_of
from coachsync.domain.surveyed import SurveyedColumn, SurveyedTable, words_of

_MOST_PEOPLE = 20  # that a view lists by hand
_PEOPLE = ("user", "account", "person", "people", "profile", "member", "customer", "client", "auth user")
_FULL_NAMES = ("name", "full name", "display name", "fullname", "username", "user name", "nickname")
_UIDS = ("provider account id", "provider user id", "provider id", "uid", "external id", "social id")


class JoinedPerson(NamedTuple):
    """One person of a booking: SQL of their account, of what it is, of their name, and the joins that it takes.

    `known`: an account is found; `account` is a placeholder to be filled in otherwise.
    """

    role: Role
    account: str
    kind: str
    name: str
    joins: tuple[str, ...]
    known: bool
    found_in: str


class _Link(NamedTuple):
    """From a booking's row to a person's: the role, their table, and the condition with {} for its alias."""

    role: Role
    table: SurveyedTable
    condition: str
    reverse: bool


def quoted(name: str) -> str:
    """Return a name as SQL text has it."""
    return '"' + name.replace('"', '""') + '"'


def joined_people(booking: SurveyedTable, tables: Iterable[SurveyedTable]) -> dict[Role, JoinedPerson]:
    """Return how to get to a booking's student and coach, as far as there is a way."""
    listed = [table for table in tables if not table.is_view and table.name != booking.name]
    found: dict[Role, JoinedPerson] = {}
    for link in _links(booking, listed):
        person = _person(link, listed)
        if link.role not in found or (person.known and not found[link.role].known):
            found[link.role] = person
    return found


def _links(booking: SurveyedTable, tables: list[SurveyedTable]) -> Iterator[_Link]:
    """Yield the ways from a booking to its people: by its own foreign keys, then by those of others to it."""
    attended = any(_attends(table, booking) for table in tables)
    for column in booking.columns:
        target = _target(column, tables)
        role = role_of(column.words) or (role_of(words_of(target.name)) if target is not None else None)
        if target is None or role is None or target.key == "":
            continue
        if attended and "user" in column.words.split():
            role = "coach"  # those who attend are in a table of their own: this is whose booking page it is
        yield _Link(role, target, f"{{}}.{quoted(target.key)} = b.{quoted(column.name)}", reverse=False)
    for table in tables:
        back = _attends(table, booking)
        if back is not None:
            yield _Link("student", table, f"{{}}.{quoted(back.name)} = b.{quoted(booking.key)}", reverse=True)


def _attends(table: SurveyedTable, booking: SurveyedTable) -> SurveyedColumn | None:
    """Return the column by which a table of those who attend refers to bookings, None if it is no such table."""
    if role_of(words_of(table.name)) != "student" or not booking.key or not table.key:
        return None
    return next((c for c in table.columns if _target(c, [booking]) is not None), None)


def _target(column: SurveyedColumn, tables: list[SurveyedTable]) -> SurveyedTable | None:
    """Return the table that a column refers to: as declared, else by its name."""
    if column.refers is not None:
        return next((table for table in tables if table.name.lower() == column.refers[0].lower()), None)
    words = column.words.split()
    if "id" not in words or len(words) < 2:
        return None
    named = " ".join(word for word in words if word != "id")
    by_name = [t for t in tables if named in (_singular(words_of(t.name)), _last(t))]
    if not by_name and role_of(named) is not None:
        by_name = [t for t in tables if _last(t) in _PEOPLE]
    return by_name[0] if by_name else None


def _last(table: SurveyedTable) -> str:
    """Return the last word of a table's name: what its rows are."""
    return _singular((words_of(table.name).split() or [""])[-1])


def _singular(words: str) -> str:
    return words[:-1] if words.endswith("s") and not words.endswith("ss") else words


def _person(link: _Link, tables: list[SurveyedTable]) -> JoinedPerson:
    alias = link.role
    join = f"LEFT JOIN {quoted(link.table.name)} AS {alias} ON {link.condition.format(alias)}"
    if link.reverse:
        # one of them: a booking stays one row
        key = quoted(link.table.key)
        first = f"(SELECT min(x.{key}) FROM {quoted(link.table.name)} AS x WHERE {link.condition.format('x')})"
        join = f"LEFT JOIN {quoted(link.table.name)} AS {alias} ON {alias}.{key} = {first}"
    name = _name_of(link.table, alias)
    own = _account(link.table)
    if own is not None:
        found_in = f"{link.table.name}.{own[0]}"
        return JoinedPerson(link.role, f"{alias}.{quoted(own[0])}", own[1], name, (join,), True, found_in)
    for table in tables:
        beside = _beside(table, link.table, alias) if not link.reverse else None
        if beside is not None:
            column, kind, further = beside
            account = f"{alias}_account.{quoted(column)}"
            return JoinedPerson(link.role, account, kind, name, (join, further), True, f"{table.name}.{column}")
    return JoinedPerson(link.role, _by_hand(link, alias), "id", name, (join,), False, "")


def _account(table: SurveyedTable) -> tuple[str, str] | None:
    """Return a table's own column with a Discord account, and which kind it is."""
    return next(((c.name, kind) for c in table.columns if (kind := discord_kind(c)) is not None), None)


def _beside(table: SurveyedTable, people: SurveyedTable, alias: str) -> tuple[str, str, str] | None:
    """Return the column with the Discord account in a table that refers to people, its kind, and the join."""
    back = next((c for c in table.columns if c.refers is not None and c.refers[0].lower() == people.name.lower()), None)
    back = back or next((c for c in table.columns if _target(c, [people]) is people), None)
    if back is None:
        return None
    join = f"LEFT JOIN {quoted(table.name)} AS {alias}_account ON {alias}_account.{quoted(back.name)} = "
    join += f"{alias}.{quoted(people.key)}"
    own = _account(table)
    if own is not None:
        return *own, join
    provider = next((c for c in table.columns if c.words == "provider" and "discord" in c.known), None)
    uid = next((c for words in _UIDS for c in table.columns if c.words == words), None)
    if provider is None or uid is None:
        return None
    return uid.name, "id", f"{join} AND {alias}_account.{quoted(provider.name)} = 'discord'"


def _name_of(table: SurveyedTable, alias: str) -> str:
    """Return SQL of a person's name, "" if there is none."""
    for words in _FULL_NAMES[:4]:
        found = next((c for c in table.columns if c.words == words), None)
        if found is not None:
            return f"{alias}.{quoted(found.name)}"
    parts = [c for words in ("first name", "last name") for c in table.columns if c.words == words]
    if len(parts) == 2:
        return " || ' ' || ".join(f"{alias}.{quoted(c.name)}" for c in parts)
    found = next((c for words in _FULL_NAMES[4:] for c in table.columns if c.words == words), None)
    return f"{alias}.{quoted(found.name)}" if found is not None else ""


def _by_hand(link: _Link, alias: str) -> str:
    """Return a list of the table's people with a place for each one's id, or a place for the one column there is."""
    key = link.table.column(link.table.key)
    if link.role != "coach" or key is None or not 0 < len(key.known) <= _MOST_PEOPLE or link.reverse:
        return f"NULL /* the {link.role}'s Discord id */"
    wanted = (*_FULL_NAMES, "first name", "email")
    called = next((c for words in wanted for c in link.table.columns if c.words == words), None)
    names = called.values if called is not None else ()
    lines = []
    for at, value in enumerate(key.known):
        said = f" /* {str(names[at]).replace('*/', '')} */" if at < len(names) and names[at] is not None else ""
        lines.append(f"WHEN {_literal(value)}{said} THEN ''")
    return f"CASE {alias}.{quoted(link.table.key)} {' '.join(lines)} END"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
