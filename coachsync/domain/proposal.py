"""Which table of another system's database holds the bookings, and which of its columns is what. Pure.

What cannot be known is said, and never guessed: people's Discord ids that no column holds, the zone of times that carry
none, a status that is a number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from coachsync.domain import kinds
from coachsync.domain.clocktimes import TEXT_FORMS, TimeForm, carries_no_zone
from coachsync.domain.joined import JoinedPerson, joined_people, quoted
from coachsync.domain.kinds import ROLES, Role
from coachsync.domain.surveyed import SurveyedColumn, SurveyedTable, words_of

VIEW = "coaching_sessions"

_BOOKINGS = re.compile(r"\b(?:booking|appointment|session|lesson|reservation|meeting|coaching|event|class|classe)s?\b")
_NO_BOOKINGS = re.compile(
    r"\b(?:availabilit(?:y|ies)|schedule|schedules|blocked|unavailabilit\w+|holidays?|recurring|jobs?|working|hours"
    r"|services?|types?|templates?|log|logs|histor(?:y|ies)|payments?|selected|reminders?|out of office\w*)\b"
)
_ZONES = (  # by the tables that a framework makes: in which zone it keeps times, "" if that depends
    ("ea_appointments", "", "Easy!Appointments keeps times in the zone of their provider: see ea_users.timezone"),
    ("django_migrations", "UTC", "Django keeps times in UTC"),
    ("ar_internal_metadata", "UTC", "Rails keeps times in UTC"),
    ("_prisma_migrations", "UTC", "Prisma keeps times in UTC"),
    ("migrations", "UTC", "Laravel keeps times in UTC, unless config/app.php names another zone"),
)


class Proposal(NamedTuple):
    """How the bookings could be read.

    `columns`: field → column. `where`: SQL that takes out what is no booking. `zone` and `why_zone`: the zone of
    times that carry none, "" if it cannot be told; `zoneless`: there are such times. `unsure`: what cannot be known, a
    line each. `view`: the SQL of a view to make first, "" if the table does as it is; then `table` and `columns` are
    the view's.
    """

    table: str
    columns: dict[str, str]
    time: TimeForm
    zoneless: bool
    zone: str
    why_zone: str
    bookable: tuple[str, ...]
    cancelled: tuple[str, ...]
    unsure: tuple[str, ...]
    where: str = ""
    view: str = ""


class _Times(NamedTuple):
    start: SurveyedColumn
    form: TimeForm
    end: SurveyedColumn | None
    length: SurveyedColumn | None


def propose(tables: Sequence[SurveyedTable], table: str = "") -> Proposal | None:
    """Return the best reading of a database, or of one of its tables; None if nothing looks like bookings."""
    rated = [(_rating(t), t) for t in tables if not table or t.name.lower() == table.lower()]
    fit = [(rating, t) for rating, t in rated if rating > (0 if table else 2)]
    if not fit:
        return None
    return _of(max(fit, key=lambda one: one[0])[1], tables)


def _rating(table: SurveyedTable) -> int:
    """Return how much a table looks like one of bookings, 0 for not at all."""
    times = _times(table)
    if times is None:
        return 0
    people = _accounts(table)
    status = next((c for c in table.columns if kinds.is_status(c)), None)
    points = 1 + 2 * (times.end is not None or times.length is not None) + 3 * (status is not None)
    points += 6 * len({field.partition("_")[0] for field in people})
    points += 3 * bool(_BOOKINGS.search(words_of(table.name)))
    points += len({r for c in table.columns if (r := kinds.role_of(c.words)) is not None})
    return max(0, points - 6 * bool(_NO_BOOKINGS.search(words_of(table.name))))


def _times(table: SurveyedTable) -> _Times | None:
    ranked = [(kinds.start_rank(c), -at, c) for at, c in enumerate(table.columns)]
    ranked = [one for one in ranked if one[0] and kinds.time_form(one[2]) is not None]
    if not ranked:
        return None
    start = max(ranked, key=lambda one: one[:2])[2]
    form = kinds.time_form(start)
    assert form is not None
    ends = [c for c in table.columns if kinds.is_end(c) and kinds.time_form(c) is not None]
    lengths = [c for c in table.columns if kinds.is_length(c)]
    return _Times(start, form, ends[0] if ends else None, lengths[0] if lengths and not ends else None)


def _accounts(table: SurveyedTable) -> dict[str, str]:
    """Return the fields that hold people's Discord accounts in the table itself: field → column."""
    found: dict[str, str] = {}
    for column in table.columns:
        kind, role = kinds.discord_kind(column), kinds.role_of(column.words)
        if kind is not None and role is not None:
            found.setdefault(f"{role}_discord_{kind}", column.name)
    return found


def _of(table: SurveyedTable, tables: Sequence[SurveyedTable]) -> Proposal:
    times = _times(table)
    assert times is not None
    fields = {"id": _id(table), "start": times.start.name}
    fields |= {"end": times.end.name} if times.end is not None else {}
    fields |= {"duration": times.length.name} if times.length is not None else {}
    status = next((c for c in table.columns if kinds.is_status(c)), None)
    if status is not None:
        fields["status"] = status.name
    guild = next((c.name for c in table.columns if kinds.is_guild(c)), None)
    accounts = _accounts(table)
    fields |= accounts | _names(table, accounts) | ({"guild_id": guild} if guild else {})
    bookable, cancelled, unknown = kinds.sorted_statuses(_choices(table, status, tables) if status is not None else ())
    unsure = [f"the status {one} gets no room: add it to statuses.bookable if it should" for one in unknown]
    if status is not None and not cancelled and _are_words(status):
        unsure.append("no booking is cancelled yet: name the status of one that is in statuses.cancelled")
    zoneless = times.form in TEXT_FORMS and (not times.start.known or any(map(carries_no_zone, times.start.known)))
    zone, why = _zone(tables) if zoneless else ("", "")
    where = " AND ".join(h.format(quoted(c.name)) for c in table.columns if (h := kinds.hides(c)))
    statuses = tuple(bookable), tuple(cancelled)
    made = Proposal(table.name, fields, times.form, zoneless, zone, why, *statuses, tuple(unsure), where)
    if _all_there(accounts) and status is not None and _are_words(status):
        return made
    return _through_a_view(made, table, tables, status if status is not None and _are_words(status) else None)


def _choices(table: SurveyedTable, status: SurveyedColumn, tables: Sequence[SurveyedTable]) -> tuple[object, ...]:
    """Return what a status may be; of a view what its table says, which may know more than the view's rows."""
    if not table.is_view:
        return status.choices
    others = [c for t in tables if not t.is_view for c in t.columns if kinds.is_status(c)]
    wider = next((c.choices for c in others if c.choices and set(status.choices) <= set(c.choices)), ())
    return tuple(dict.fromkeys([*status.choices, *wider]))


def _all_there(accounts: dict[str, str]) -> bool:
    return all(any(field.startswith(role) for field in accounts) for role in ROLES)


def _are_words(status: SurveyedColumn) -> bool:
    return all(isinstance(value, str) for value in status.choices if value is not None)


def _id(table: SurveyedTable) -> str:
    own = next((c.name for c in table.columns if kinds.is_own_id(c) and c.name != table.key), None)
    unique = next((c.name for c in table.columns if c.unique), "")
    plain = next((c.name for c in table.columns if c.words in ("id", "uuid", "uid", "session id", "booking id")), "")
    return own or table.key or unique or plain or table.columns[0].name


def _names(table: SurveyedTable, accounts: dict[str, str]) -> dict[str, str]:
    """Return the columns with people's names."""
    found: dict[str, str] = {}
    for column in table.columns:
        role = kinds.role_of(column.words)
        if (
            role is None
            or not kinds.is_somebody(column)
            or column.name in accounts.values()
            or "discord" in column.words
        ):
            continue
        if all(isinstance(value, str) for value in column.known) and column.refers is None:
            found.setdefault(f"{role}_name", column.name)
    return found


def _zone(tables: Sequence[SurveyedTable]) -> tuple[str, str]:
    """Return the zone of times that carry none, and why it may be that one; "" if nothing tells."""
    names = {table.name.lower() for table in tables}
    for made, zone, why in _ZONES:
        if made in names:
            return zone, why
    return "", ""


def _through_a_view(
    plain: Proposal, table: SurveyedTable, tables: Sequence[SurveyedTable], status: SurveyedColumn | None
) -> Proposal:
    """Return the proposal of a view over the table, which adds what it lacks."""
    people = joined_people(table, tables)
    chosen: dict[str, str] = {}
    unsure = list(plain.unsure)
    for field in ("id", "status", "start", "end", "duration"):
        if field in plain.columns and not (field == "status" and status is None):
            chosen[_named(field)] = f"b.{quoted(plain.columns[field])}"
    bookable, cancelled = plain.bookable, plain.cancelled
    if status is None:
        chosen["status"], told = _made_status(table, plain.columns.get("status"))
        bookable, cancelled = ("CONFIRMED",), ("CANCELLED",)
        unsure.append(told)
    for role in ROLES:
        account, lacks = _account(role, plain, table, people.get(role))
        chosen |= account
        unsure += lacks
    joins = [join for role in ROLES if role in people and _used(role, chosen) for join in people[role].joins]
    if "guild_id" in plain.columns:
        chosen["guild_id"] = f"b.{quoted(plain.columns['guild_id'])}"
    lines = ",\n    ".join(f"{sql} AS {name}" for name, sql in chosen.items())
    view = f"CREATE VIEW {VIEW} AS SELECT\n    {lines}\nFROM {quoted(table.name)} AS b"
    view += "".join(f"\n{join}" for join in dict.fromkeys(joins))
    conditions = [h.format(f"b.{quoted(c.name)}") for c in table.columns if (h := kinds.hides(c))]
    view += (f"\nWHERE {' AND '.join(conditions)}" if conditions else "") + ";"
    columns = {"start" if name == "starts_at" else "end" if name == "ends_at" else name: name for name in chosen}
    return plain._replace(
        table=VIEW,
        columns=columns,
        view=view,
        where="",
        unsure=tuple(unsure),
        bookable=bookable,
        cancelled=cancelled,
    )


def _named(field: str) -> str:
    return {"start": "starts_at", "end": "ends_at"}.get(field, field)


def _used(role: Role, chosen: dict[str, str]) -> bool:
    """Return whether a view takes anything of the tables that lead to a person."""
    return any(f"{role}." in sql or f"{role}_account." in sql for sql in chosen.values())


def _account(
    role: Role, plain: Proposal, table: SurveyedTable, joined: JoinedPerson | None
) -> tuple[dict[str, str], list[str]]:
    """Return a person's columns of the view, and what cannot be known of them."""
    own = {f: f"b.{quoted(c)}" for f, c in plain.columns.items() if f.startswith(role)}
    if any("discord" in field for field in own):
        return own, []
    answered = _answered(role, table)
    if answered is not None:
        name = own or ({f"{role}_name": joined.name} if joined is not None and joined.name else {})
        return {answered[0]: answered[1], **name}, []
    if joined is None:
        told = f"no column tells who the {role} is: put their Discord id into the view"
        return {f"{role}_discord_id": f"NULL /* the {role}'s Discord id */", **own}, [told]
    found = {f"{role}_discord_{joined.kind}": joined.account}
    found |= own or ({f"{role}_name": joined.name} if joined.name else {})
    told = f"no column holds the {role}'s Discord id: write it into the view, in place of "
    place = "each ''" if joined.account.startswith("CASE") else "NULL"
    return found, [] if joined.known else [told + place]


def _answered(role: Role, table: SurveyedTable) -> tuple[str, str] | None:
    """Return the field and SQL of an answer about Discord in a booking's form, kept as JSON: it is the student's."""
    if role != "student":
        return None
    for column in table.columns:
        for value in column.known:
            found = re.search(r'"([^"\\]*discord[^"\\]*)"\s*:\s*(\{[^{}]*"value"\s*:\s*)?"([^"\\]*)"', str(value), re.I)
            if found is not None:
                key = found[1].replace("'", "''")
                kind = "id" if re.fullmatch(r"\s*\d{15,20}\s*", found[3]) else "name"
                if table.in_postgres:
                    inner = f" -> '{key}' ->> 'value'" if found[2] else f" ->> '{key}'"
                    return f"student_discord_{kind}", f"CAST(b.{quoted(column.name)} AS JSONB){inner}"
                path = f'$."{key}".value' if found[2] else f'$."{key}"'
                return f"student_discord_{kind}", f"json_extract(b.{quoted(column.name)}, '{path}')"
    return None


def _made_status(table: SurveyedTable, number: str | None) -> tuple[str, str]:
    """Return SQL that makes a status of what there is, and what is to be looked at."""
    if number is not None:
        made = f"CASE b.{quoted(number)} WHEN 1 THEN 'CONFIRMED' ELSE 'CANCELLED' END"
        return made, f"{table.name}.{number} is no text: correct in the view which of its values means what"
    column = next((c for c in table.columns if kinds.says_cancelled(c)), None)
    if column is None:
        return "'CONFIRMED'", f"{table.name} has no status: every one of its bookings counts as confirmed"
    name = f"b.{quoted(column.name)}"
    never = f"CAST({name} AS TEXT) IN ('0', 'false')"  # a moment, or a truth however it is kept
    made = f"CASE WHEN {name} IS NULL OR {never} THEN 'CONFIRMED' ELSE 'CANCELLED' END"
    return made, f"{table.name}.{column.name} tells whether a booking is cancelled: the view makes a status of it"
