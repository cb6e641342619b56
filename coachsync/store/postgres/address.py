"""A PostgreSQL's address: what of it may be shown, and why a password has no place in it.

Passwords come from libpq's usual places alone: a url stands in configurations that others may read, and in the
arguments of `init`, which every user of the host sees.
Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from coachsync.errors import ConfigError
from coachsync.secrets import LIBPQ_PLACES, has_password

SCHEMES = ("postgresql", "postgres")


def require_no_password(url: str) -> None:
    """Raise ConfigError if a password stands in an address."""
    if has_password(url):
        raise ConfigError(f"[store] url: a password stands in the address of {shown(url)}", LIBPQ_PLACES)


def shown(url: str) -> str:
    """Return what messages call a database: its host and name, never a user, a password or another parameter."""
    rest, _, query = url.partition("://")[2].partition("?")
    host, _, name = rest.rpartition("@")[2].partition("/")
    said = dict(parse_qsl(query))
    host = host or said.get("host") or said.get("hostaddr") or ""
    name = unquote(name) or said.get("dbname") or ""
    if not host and not name and said.get("service"):
        return f"the PostgreSQL of service {said['service']}"
    return f"postgresql://{unquote(host)}/{name}"
