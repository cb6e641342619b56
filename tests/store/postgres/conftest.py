"""A place in a PostgreSQL where nothing is yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coachsync.store.postgres.database import PostgresDatabase
from tests.kit.postgres import Postgres


@pytest.fixture
def url(postgres_server: Postgres) -> str:
    return postgres_server.fresh()


@pytest.fixture
def database(url: str) -> Iterator[PostgresDatabase]:
    opened = PostgresDatabase(url, writable=True)
    yield opened
    opened.close()
