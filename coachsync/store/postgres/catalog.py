"""What PostgreSQL's catalogue says of a table: its columns and their types, its keys, what a role may do with it.

Source: https://www.postgresql.org/docs/current/catalogs.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from coachsync.domain.uuids import is_uuid
from coachsync.store.mapped.table import quote

if TYPE_CHECKING:
    from coachsync.store.postgres.database import PostgresDatabase

_QUALIFIED = "n.nspname = ? AND c.relname = ?"  # to_regclass would ask for a right to the schema
_RELATION = (
    "SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, pg_has_role(c.relowner, 'USAGE'), c.reltuples"
    " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE {}"
)
# Of a domain, what it is made of
_COLUMNS = (
    "SELECT a.attname, a.attnum, t.typname, t.typcategory::text, a.attnotnull OR d.typnotnull,"
    " pg_get_expr(f.adbin, f.adrelid), a.attgenerated <> '' OR a.attidentity = 'a',"
    " format_type(a.atttypid, a.atttypmod)"
    " FROM pg_attribute AS a JOIN pg_type AS d ON d.oid = a.atttypid"
    " JOIN pg_type AS t ON t.oid = CASE d.typtype WHEN 'd' THEN d.typbasetype ELSE d.oid END"
    " LEFT JOIN pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum"
    " WHERE a.attrelid = ?::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)
# Of one column alone and of every row
_UNIQUE = (
    "SELECT DISTINCT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid"
    " AND a.attnum = i.indkey[0] WHERE i.indrelid = ?::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL"
    " AND i.indnkeyatts = 1"
)
_WHOLE = frozenset({"int2", "int4", "int8"})
_MOMENTS = frozenset({"date", "timestamp", "timestamptz"})
_MOST = (1 << 63) - 1


class PgColumn(NamedTuple):
    """A column: its base type's name and category, its default as SQL, the type as it was declared."""

    name: str
    number: int
    type: str
    category: str
    refuses_null: bool
    default: str | None
    computed: bool
    declared: str

    @property
    def is_number(self) -> bool:
        """Return whether values compare as numbers."""
        return self.category == "N"

    @property
    def is_text(self) -> bool:
        """Return whether values are text."""
        return self.category == "S"

    @property
    def is_moment(self) -> bool:
        """Return whether values are dates or timestamps."""
        return self.type in _MOMENTS

    @property
    def empty(self) -> str | int:
        """Return what stands for nothing if NULL is refused."""
        return "0" if self.type == "bool" else 0 if self.is_number else ""

    def key(self, text: str) -> object:
        """Return an id as a parameter that the column can be compared with; None, which is never found, if none."""
        if self.type in _WHOLE:
            plain = text.removeprefix("-")
            fits = plain.isascii() and plain.isdigit() and str(int(text)) == text if len(text) < 20 else False
            return int(text) if fits and abs(int(text)) <= _MOST else None
        if self.type == "uuid":
            return text if is_uuid(text) else None
        return text


class Relation(NamedTuple):
    """A table or view that the role sees; `rows`: how many it held when it was last looked through, -1: never."""

    oid: int
    schema: str
    name: str
    kind: str
    owned: bool
    rows: float
    columns: dict[str, PgColumn]
    unique: frozenset[str]

    @property
    def is_view(self) -> bool:
        """Return whether it is a view."""
        return self.kind in ("v", "m")


def relation(database: PostgresDatabase, name: str, schema: str = "") -> Relation | None:
    """Return what is called so in a schema, or in those that the role looks in; None if nothing is."""
    if schema:
        found = database.one(_RELATION.format(_QUALIFIED), (schema, name))
    else:
        found = database.one(_RELATION.format("c.oid = to_regclass(?)"), (quote(name),))
    if found is None:
        return None
    columns = {row[0]: PgColumn(*row) for row in database.all(_COLUMNS, (found[0],))}
    unique = frozenset(row[0] for row in database.all(_UNIQUE, (found[0],)))
    oid, schema, named, kind, owned, rows = found
    return Relation(oid, schema, named, kind, owned, rows, columns, unique)


def lacking(database: PostgresDatabase, oid: int, columns: Collection[str], privilege: str) -> list[str]:
    """Return those columns of a table that the role may not use so ("SELECT", "UPDATE")."""
    sql = (
        "SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = ?::oid AND a.attnum > 0 AND NOT a.attisdropped"
        " AND NOT has_column_privilege(a.attrelid, a.attnum, ?) ORDER BY a.attnum"
    )
    return [name for (name,) in database.all(sql, (oid, privilege)) if name in columns]


def role(database: PostgresDatabase) -> str:
    """Return the role that we are."""
    found = database.one("SELECT current_user::text")
    return str(found[0]) if found is not None else ""
