"""What is said of a pooler that cannot do what coachsync needs."""

from __future__ import annotations

from contextlib import closing

import pytest

from coachsync.errors import ConnectionLostError, StoreError
from coachsync.store.postgres.database import PostgresDatabase
from tests.kit.pgbouncer import PgBouncer


def test_pooler_that_takes_no_transactions_is_told_with_the_mode_to_set(url: str, pooler: PgBouncer) -> None:
    refused = pooler.through(url).replace("/postgres", "/statements")
    with closing(PostgresDatabase(refused, writable=True)) as database:
        with pytest.raises(StoreError, match="statement pooling mode") as caught, database.immediate():
            pass
        assert (isinstance(caught.value, ConnectionLostError), "pool_mode = transaction" in caught.value.hint) == (
            False,
            True,
        )


def test_parameter_that_the_pooler_does_not_know_is_told_with_where_to_name_it(url: str, pooler: PgBouncer) -> None:
    with pytest.raises(StoreError, match="options") as caught:
        PostgresDatabase(f"{pooler.through(url)}?options=-c%20geqo%3Doff", writable=False)
    assert "ignore_startup_parameters" in caught.value.hint
