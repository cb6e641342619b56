"""What every store's ledger promises to runs that do not know of each other: an entry is written by one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from coachsync.domain.model import Entry, Grant, Resource
from coachsync.errors import FencedError
from coachsync.store.base import Store
from tests.store.backends import GUILD, STUDENT, Backend, an_entry

ID = "abc12345"


def save(store: Store, *entries: Entry) -> None:
    with store.transaction() as transaction:
        for entry in entries:
            transaction.ledger.save(entry)


def read(store: Store) -> Entry:
    return store.ledger.entries([ID])[ID]


@pytest.fixture
def other(backend: Backend, store: Store) -> Iterator[Store]:
    """The same store, as another run has it."""
    save(store, an_entry())
    opened = backend.open()
    yield opened
    opened.close()


def test_entry_that_was_written_since_it_was_read_is_not_written(store: Store, other: Store) -> None:
    mine, theirs = read(store), read(other)
    save(other, theirs)
    mine.role_name = "late"
    with pytest.raises(FencedError):
        save(store, mine)
    assert read(store).role_name == theirs.role_name


def test_new_entry_is_not_written_if_somebody_else_wrote_one(store: Store, other: Store) -> None:
    with pytest.raises(FencedError):
        save(other, an_entry(resources=[Resource("role", "Session", GUILD)]))
    assert [r.state for r in read(store).resources] == [r.state for r in an_entry().resources]


def test_nothing_of_a_transaction_stays_if_one_of_its_entries_is_fenced(store: Store, other: Store) -> None:
    stale = read(store)
    save(other, read(other))
    with pytest.raises(FencedError):
        save(store, an_entry("another"), stale)
    assert store.ledger.entries(["another"]) == {}


def test_one_run_writes_an_entry_as_often_as_it_likes(store: Store) -> None:
    entry = an_entry()
    for state in ("opening", "open", "closing"):
        entry.state = state
        save(store, entry)
    assert (read(store).state, read(store).revision) == ("closing", 3)


def test_second_open_attempt_of_a_kind_is_not_written(store: Store) -> None:
    entry = an_entry(resources=[Resource("role", "Session", GUILD)])
    save(store, entry)
    entry.resources.append(Resource("role", "Session", GUILD))
    with pytest.raises(FencedError):
        save(store, entry)
    assert len(read(store).resources) == 1


def test_attempt_takes_the_place_of_one_that_nobody_answers_any_more(store: Store) -> None:
    entry = an_entry(resources=[Resource("role", "Session", GUILD)])
    save(store, entry)
    entry.attempt(Resource("role", "Session again", GUILD))
    save(store, entry)
    assert [(r.name, r.state) for r in read(store).open_attempts()] == [
        ("Session", "overtaken"),
        ("Session again", "attempted"),
    ]


def test_second_open_attempt_at_a_category_is_not_written(store: Store, other: Store) -> None:
    def attempt(name: str) -> Callable[[Store], None]:
        def write(on: Store) -> None:
            with on.transaction() as transaction:
                transaction.ledger.save_category(Resource("category", name, GUILD, attempt_at=1_800_000_000_000))

        return write

    attempt("Rooms 2")(store)
    with pytest.raises(FencedError):
        attempt("Rooms 3")(other)
    assert [r.name for r in store.ledger.categories(GUILD)] == ["Rooms 2"]


def test_write_whose_commit_was_in_doubt_is_written_once_when_repeated(store: Store) -> None:
    entry = an_entry()
    save(store, entry)
    entry.grants.append(Grant(STUDENT))
    entry.resources.append(Resource("role", "Session", GUILD, "made"))
    save(store, entry)
    for row in (entry.grants[-1], entry.resources[-1]):  # as after a transaction of which no answer came
        row.rowid = 0
    entry.revision -= 1
    save(store, entry)
    assert read(store) == entry
    assert len({row.rowid for row in read(store).grants}) == len(an_entry().grants) + 1


def test_entry_that_failed_to_be_written_can_be_written_later(store: Store) -> None:
    entry = an_entry()
    with pytest.raises(ZeroDivisionError), store.transaction() as transaction:
        transaction.ledger.save(entry)
        raise ZeroDivisionError
    save(store, entry)
    assert read(store) == entry
