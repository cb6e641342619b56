# ruff: noqa: S608  names come from the catalogue and are quoted, every value is a parameter
"""The table `sessions` in a PostgreSQL, ours or a booking system's: what it has and lacks, and the queries that fit it.

In a table that coachsync did not make at most our four columns are added; no index, no setting, nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from coachsync.domain.booking import EARLIEST, LATEST
from coachsync.domain.model import Millis, Span
from coachsync.errors import StoreError
from coachsync.store.columns import FIELDS, KEY_OF, MARKS, PAIR, REQUIRED, Columns
from coachsync.store.mapped.table import quote
from coachsync.store.postgres.catalog import PgColumn, Relation, lacking, relation, role
from coachsync.store.postgres.schema import MARK_TYPES, OPEN_INDEX

if TYPE_CHECKING:
    from coachsync.store.postgres.database import PostgresDatabase

MANY = 20_000  # rows, from which on a tick should not read them all, as the server last estimated them

_YES = "('1', '1.0', 'true', 't')"
_NO = "('', '0', '0.0', 'false', 'f')"
_DIGITS = r"'^\s*[+-]?\d{1,15}(\.0*)?\s*$'"
_KINDS = {"v": "view", "m": "materialized view", "S": "sequence", "c": "type", "i": "index"}


class PostgresTable(NamedTuple):
    """See `store.tablerows.SessionsTable`; `ours`: `init` made it."""

    names: Columns
    found: Relation
    ours: bool

    @property
    def unique_id(self) -> bool:
        """Return whether an id cannot occur twice."""
        return self.names.id in self.found.unique

    @property
    def empty(self) -> Mapping[str, Any]:
        """Return what our fields are cleared with if their columns refuse NULL."""
        marks = {field: self._column(field) for field in MARKS}
        return {field: column.empty for field, column in marks.items() if column is not None and column.refuses_null}

    @property
    def derived_status(self) -> bool:
        """Return whether the status is computed and cannot be written."""
        return self.found.columns[self.names.status].computed

    @property
    def fields(self) -> str:
        """Return the select list that yields a row's number, which is none, and the contract's fields."""
        return ", ".join(["0", *(self.quoted(f) if self.has(self.names.of(f)) else "NULL" for f in FIELDS)])

    @property
    def start(self) -> str:
        """Return the start as numbers compare with it; what is no number is NULL."""
        return as_number(self.found.columns[self.names.scheduled_date])

    @property
    def id_text(self) -> str:
        """Return the id as text."""
        return f"CAST({self.quoted('id')} AS TEXT)"

    @property
    def unmarked(self) -> tuple[str, ...]:
        """Return those of our four fields that have no column."""
        return tuple(field for field in MARKS if self._column(field) is None)

    def has(self, column: str) -> bool:
        """Return whether there is such a column."""
        return column in self.found.columns

    def quoted(self, field: str) -> str:
        """Return the column of a field as SQL text has it."""
        return quote(self.names.of(field))

    def json_key(self, column: str) -> str:
        """Return what a column is called in JSON: the contract's key, or its own name."""
        return next((KEY_OF[field] for field in FIELDS if self.names.of(field) == column), column)

    def key(self, session_id: str) -> object:
        """Return an id as a parameter; None, which is never found, if the column cannot hold it."""
        return self.found.columns[self.names.id].key(session_id)

    def text(self, value: str) -> str:
        """Return text as a parameter."""
        return value

    def truth(self, column: str, value: bool) -> object:
        """Return a truth as a column holds it."""
        found = self.found.columns.get(column)
        return value if found is None or found.type == "bool" else int(value)

    def due(self, span: Span) -> tuple[str, list[Any]]:
        """Return the query for `Rows.due`: ranges that exclude each other, each read by its index."""
        since, until = max(span.since, EARLIEST), min(span.until, LATEST - 1)
        after = max(until, span.open_since - 1)
        start = self.start
        parts = [f"{start} >= ? AND {start} <= ?"]
        args: list[Any] = [since, until]
        if not self.unmarked:
            older = max(EARLIEST, min(span.open_since, since))
            parts += [f"({self._open}) AND {start} >= ? AND {start} < ?"]
            parts += [f"({self._open}) AND {start} > ? AND {start} < ?"]
            args += [older, since, after, LATEST]
        parts += [f"{start} < {EARLIEST}", f"{start} >= {LATEST}", f"{start} IS NULL"]
        select = f"SELECT {self.fields} FROM sessions"
        if not self.found.columns[self.names.scheduled_date].is_number:  # one scan: no index orders what is no number
            return f"{select} WHERE {' OR '.join(f'({part})' for part in parts)}", args
        return " UNION ALL ".join(f"{select} WHERE {part}" for part in parts), args

    def named_people(self, moment: Millis) -> tuple[str, list[Any]] | None:
        """Return the query for `Rows.by_user_name`; None if the table has no column for such a name."""
        said = [f"{as_text(column)} <> ''" for f in _USER_NAMES if (column := self._column(f)) is not None]
        people = self._column("participants")
        if people is not None:
            said.append(f"{as_text(people)} LIKE '%discordName%'")
        if not said:
            return None
        where = f"({' OR '.join(said)}) AND {self.start} > ? AND {self.start} < ?"
        return f"SELECT {self.fields} FROM sessions WHERE {where} ORDER BY {self.start}", [moment, LATEST]

    def why_foreign(self, sql: PostgresDatabase) -> str:
        """Return what in the schema is not coachsync's; "" if all is as `init` made it."""
        added = next((name for name in self.found.columns if name not in FIELDS), None)
        if not self.ours:
            return "another program made the table sessions"
        if not self.found.owned:
            owner = sql.one("SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = ?", (self.found.oid,))
            return f"the role {owner[0] if owner else ''} owns the table sessions, and alone erases in it"
        if added is not None:
            return f"the table sessions has a column {added}, which is another program's"
        other = sql.one(_OTHERS, (self.found.oid, self.found.oid))
        return "" if other is None else f"its schema holds a {other[0]} {other[1]}, which is another program's"

    def prove(self, sql: PostgresDatabase) -> None:
        """Raise StoreError if our columns may not be written."""
        columns = [self.names.of(field) for field in MARKS]
        refused = lacking(sql, self.found.oid, columns, "UPDATE")
        if refused:
            told = f"{sql.name}: the role {role(sql)} may not write {', '.join(refused)} of the table sessions"
            raise StoreError(told, f"have its owner run: {self._grant(sql, columns)}")

    def _grant(self, sql: PostgresDatabase, columns: list[str]) -> str:
        written = ", ".join([*columns, *([self.names.status] if not self.derived_status else [])])
        return f"GRANT SELECT, UPDATE ({written}) ON {_where(self.found)} TO {quote(role(sql))}"

    @property
    def _open(self) -> str:
        """Return the condition for a booking that something was made for and that is not cleaned up."""
        cleaned_up, set_up, channel, made_role = (self.found.columns[self.names.of(field)] for field in _IN_ORDER)
        over = f"{quote(cleaned_up.name)} IS NOT TRUE" if cleaned_up.type == "bool" else _said(cleaned_up, _YES)
        begun = f"{quote(set_up.name)} IS TRUE" if set_up.type == "bool" else _said(set_up, _NO)
        there = [f"coalesce({as_text(column)}, '') <> ''" for column in (made_role, channel)]
        return f"{over} AND ({' OR '.join([begun, *there])})"

    def _column(self, field: str) -> PgColumn | None:
        return self.found.columns.get(self.names.of(field))


_USER_NAMES = ("student_discord_name", "coach_discord_name")
_ELSEWHERE = (
    "SELECT n.nspname, has_schema_privilege(n.oid, 'USAGE'), current_database()::text FROM pg_class AS c"
    " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = 'sessions' AND c.relkind IN ('r', 'p', 'f')"
    " AND NOT c.relispartition AND NOT starts_with(n.nspname, 'pg_')"
)
_IN_ORDER = ("discord_cleaned_up", "discord_setup_complete", "discord_channel_id", "discord_role_id")
_OTHERS = (
    "SELECT what, name FROM (SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END AS what,"
    " c.relname AS name FROM pg_class AS c JOIN pg_class AS s ON s.relnamespace = c.relnamespace"
    " WHERE s.oid = ?::oid AND c.oid <> s.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
    " AND NOT starts_with(c.relname, 'coachsync_')"
    " AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')"
    " UNION ALL SELECT 'trigger', tgname FROM pg_trigger WHERE tgrelid = ?::oid AND NOT tgisinternal) AS others"
    " ORDER BY name LIMIT 1"
)


def as_number(column: PgColumn) -> str:
    """Return a column as numbers compare with it: by itself if it holds such, else what reads as a whole number."""
    if column.is_number:
        return quote(column.name)
    text = f"CAST({quote(column.name)} AS TEXT)"
    return f"CASE WHEN {text} ~ {_DIGITS} THEN CAST({text} AS NUMERIC) END"


def as_text(column: PgColumn) -> str:
    """Return a column as text compares with it."""
    return quote(column.name) if column.is_text else f"CAST({quote(column.name)} AS TEXT)"


def _said(column: PgColumn, words: str) -> str:
    return f"lower(coalesce(CAST({quote(column.name)} AS TEXT), '')) NOT IN {words}"


def inspect(database: PostgresDatabase, names: Columns) -> PostgresTable:
    """Look at the table. Raises StoreError if there is none that coachsync can use."""
    found = relation(database, "sessions")
    if found is None:
        told = f"{database.name} has no table sessions that the role {role(database)} sees"
        raise StoreError(told, _way_to_see(database))
    if found.kind not in ("r", "p", "f"):
        what = _KINDS.get(found.kind, "relation")
        hint = "coachsync needs the table itself, to mark rows"
        raise StoreError(f"{database.name}: sessions is a {what}, not a table", hint)
    needed = REQUIRED if names.participants in found.columns else (*REQUIRED, *PAIR)
    missing = [names.of(field) for field in needed if names.of(field) not in found.columns]
    if missing:
        told = f"{database.name}: the table {_where(found)} lacks {', '.join(missing)}"
        hint = "nothing was changed; add them, or point [store] url at the database that the bookings are in"
        raise StoreError(told, hint)
    unread = lacking(database, found.oid, found.columns, "SELECT")
    if unread:
        told = f"{database.name}: the role {role(database)} may not read {', '.join(unread)} of the table sessions"
        hint = f"have its owner run: GRANT SELECT ON {_where(found)} TO {quote(role(database))}"
        raise StoreError(told, hint)
    index = database.one(
        "SELECT 1 FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid"
        " WHERE i.indrelid = ?::oid AND c.relname = ?",
        (found.oid, OPEN_INDEX),
    )
    return PostgresTable(names, found, index is not None)


def _where(found: Relation) -> str:
    """Return the table with its schema as SQL text has it."""
    return f"{quote(found.schema)}.{quote(found.name)}"


def _way_to_see(database: PostgresDatabase) -> str:
    """Return what helps a role that sees no table: one may be in a schema that it may not, or does not, look in."""
    hint = "point [store] url at the booking system's database, or make this an empty store with `coachsync init`"
    schemas = database.all(_ELSEWHERE)
    if len(schemas) != 1:
        return hint
    (schema, may_look, base), us = schemas[0], quote(role(database))
    step = f"GRANT USAGE ON SCHEMA {quote(schema)} TO {us}"
    if may_look:
        step = f"ALTER ROLE {us} IN DATABASE {quote(base)} SET search_path = {quote(schema)}"
    return f"{hint}; if the one in the schema {schema} is meant, have its owner run: {step}"


def index_wanted(database: PostgresDatabase, table: PostgresTable) -> str | None:
    """Return what would let a tick do without reading every row of a table with many; None if nothing is amiss."""
    if table.found.rows < MANY:
        return None
    column = table.found.columns[table.names.scheduled_date]
    first = "SELECT 1 FROM pg_index WHERE indrelid = ?::oid AND indkey[0] = ? AND indisvalid AND indpred IS NULL"
    if column.is_number and database.one(first, (table.found.oid, column.number)) is not None:
        return None
    where, what = _where(table.found), quote(column.name)
    if not column.is_number:
        return (
            f"have its owner keep starts as numbers: ALTER TABLE {where} ALTER {what} TYPE BIGINT USING {what}::bigint"
        )
    return f"have its owner make one: CREATE INDEX CONCURRENTLY sessions_by_start ON {where} ({what})"


def add_marks(database: PostgresDatabase, table: PostgresTable) -> PostgresTable:
    """Add those of our four columns that are missing, all or none. Raises StoreError if the role may not."""
    names = table.names
    require_addable(database, table)
    with database.immediate():
        for field in inspect(database, names).unmarked:  # another process may have been faster
            database.run(f"ALTER TABLE sessions ADD COLUMN {names.of(field)} {MARK_TYPES[field]}")
    return inspect(database, names)


def require_addable(database: PostgresDatabase, table: PostgresTable) -> None:
    """Raise StoreError if the role may not add our columns."""
    names = table.names
    adding = ", ".join(f"ADD COLUMN {names.of(field)} {MARK_TYPES[field]}" for field in table.unmarked)
    if not table.found.owned:
        where = _where(table.found)
        grant = table._grant(database, [names.of(field) for field in MARKS])
        told = f"the table {where} has no columns for our marks, and the role {role(database)} may not add them"
        raise StoreError(f"{database.name}: {told}", f"have its owner run: ALTER TABLE {where} {adding}; {grant}")
