"""A connection to a PostgreSQL, with the limits that a host which vanishes needs; refused if the server is too old.

Whatever the url, a service file or the environment say of libpq's other parameters holds.
Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

from __future__ import annotations

import os
import time
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from coachsync import waits
from coachsync.errors import ConfigError, StoreError
from coachsync.secrets import redact
from coachsync.store.postgres.address import shown
from coachsync.store.postgres.failures import unreachable
from coachsync.store.postgres.values import Adapting
from coachsync.store.sql import Row

OLDEST = 13
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def connected(url: str, *, writable: bool, patient: bool = False) -> psycopg.Connection[Row]:
    """Return a new connection; `patient`: one that was lost a moment ago, so that its server may be restarting.

    Raises:
        ConfigError: the url is none that libpq understands.
        StoreError: the server cannot be reached, refuses us or cannot hold a store.
    """
    pauses = list(waits.current().reconnect) if patient else []
    options = _options(url)
    while True:
        try:
            connection: psycopg.Connection[Row] = psycopg.connect(
                context=Adapting(), autocommit=True, prepare_threshold=None, **options
            )
        except psycopg.Error as error:
            if not pauses:
                raise unreachable(error, shown(url)) from error
            time.sleep(pauses.pop(0))
        else:
            break
    try:
        _require_fit(connection, shown(url), writable=writable)
    except BaseException:
        connection.close()
        raise
    return connection


def _options(url: str) -> dict[str, Any]:
    try:
        said = conninfo_to_dict(url)
    except psycopg.Error as error:
        text = " ".join(redact(str(error)).split())[:200]
        hint = "write it as postgresql://USER@HOST/DATABASE, with libpq's parameters behind a question mark"
        raise ConfigError(f"[store] url: libpq does not understand the address: {text}", hint) from None
    ours: dict[str, Any] = dict(_KEEPALIVE)
    if "PGCONNECT_TIMEOUT" not in os.environ:
        ours["connect_timeout"] = max(2, round(waits.current().connect))
    return {"fallback_application_name": "coachsync", **ours, **said, "client_encoding": "UTF8"}


def _require_fit(connection: psycopg.Connection[Row], name: str, *, writable: bool) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        hint = f"upgrade it to PostgreSQL {OLDEST} or later, or use an SQLite store"
        raise StoreError(f"{name} is a PostgreSQL {version}: coachsync needs {OLDEST}", hint)
    encoding = connection.info.parameter_status("server_encoding")
    if writable and encoding != "UTF8":
        hint = "use one that holds every letter: createdb --encoding=UTF8 --template=template0 NAME"
        raise StoreError(f"{name} holds text as {encoding}, which lacks letters that names have", hint)
