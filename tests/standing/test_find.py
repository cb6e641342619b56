"""Which session a name means: the same for status, explain, sessions and the tick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.clock import host_now
from coachsync.config import Tokens, parse_settings
from coachsync.domain.booking import Defaults
from coachsync.domain.model import HOUR, Resource
from coachsync.engine.request import TickRequest
from coachsync.engine.tick import read
from coachsync.errors import SessionError
from coachsync.standing.find import find, find_each, find_one
from coachsync.standing.rows import named_rows
from coachsync.store.base import Store
from coachsync.store.open import create_store, open_store
from tests.domain.build import COACH, GUILD, POLICY, START, STUDENT, a_session, an_entry

URL = "sqlite:///sessions.db"
LONG, ALIKE = "2026-10-15/abc12345", "2026-10-16/abc12345"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store with two bookings of one short name and one of another; the ledger remembers one more."""
    create_store(URL, str(tmp_path))
    with closing(open_store(URL, str(tmp_path), Defaults(GUILD, HOUR), writable=True)) as found:
        for session_id in (LONG, ALIKE, "def67890"):
            booking = {"_id": session_id, "status": "SCHEDULED", "scheduledDate": START}
            found.bookings.add(booking | {"studentDiscordId": STUDENT, "coachDiscordId": COACH})
        with found.transaction() as transaction:
            transaction.ledger.save(an_entry(a_session("gone4321")))
        yield found


def test_id_means_its_session_alone(store: Store) -> None:
    assert find_one(store, LONG).id == LONG


def test_short_name_of_one_session_means_it(store: Store) -> None:
    assert [session.id for session in find(store, "def67890")] == ["def67890"]


def test_session_that_only_the_ledger_remembers_is_found(store: Store) -> None:
    assert find_one(store, "gone4321").id == "gone4321"


def test_short_name_of_several_is_refused_with_their_ids(store: Store) -> None:
    with pytest.raises(SessionError) as caught:
        find_one(store, "abc12345")
    assert LONG in caught.value.message
    assert ALIKE in caught.value.message


def test_status_shows_every_session_of_a_short_name(store: Store) -> None:
    assert [row.session.id for row in named_rows(store, ["abc12345"], POLICY, START)] == [LONG, ALIKE]


def test_name_that_nobody_goes_by_does_not_keep_the_others_from_being_found(store: Store) -> None:
    found = find_each(store, ["nobody", "def67890", LONG])
    assert (set(found.sessions), found.unknown) == ({"def67890", LONG}, ("nobody",))


def test_name_that_nobody_goes_by_is_unknown_to_status_and_explain(store: Store) -> None:
    for ask in (lambda: find_one(store, "nobody"), lambda: named_rows(store, ["nobody"], POLICY, START)):
        with pytest.raises(SessionError) as caught:
            ask()
        assert caught.value.code == "unknown_session"


def test_tick_means_what_status_means(store: Store, tmp_path: Path) -> None:
    text = f'[discord]\nguild_id = "{GUILD}"\n[store]\nurl = "{URL}"\n'
    settings = parse_settings(text, str(tmp_path / "config.toml"), {})
    names = ("def67890", "gone4321", "nobody")
    reading = read(TickRequest(settings, "setup", Tokens(settings, {}), names=names), store, START)
    assert (sorted(reading.named or ()), reading.unknown) == (["def67890", "gone4321"], ("nobody",))


CHANNEL, ROLE = "1600000000000000001", "1600000000000000002"


@pytest.fixture
def roomy(store: Store) -> Store:
    """The store, and the ledger remembers the room and role of one session, and a former room of another."""
    entry, former = an_entry(a_session("def67890")), an_entry(a_session("gone4321"), state="closed")
    entry.resources = [Resource("channel", "room", GUILD, "made", 1, 1, CHANNEL, 1)]
    entry.resources += [Resource("role", "role", GUILD, "made", 1, 1, ROLE, 1)]
    former.resources = [Resource("channel", "room", GUILD, "deleted", 1, 1, CHANNEL, 1, 2)]
    with store.transaction() as transaction:
        transaction.ledger.save(entry)
        transaction.ledger.save(former)
    return store


@pytest.mark.parametrize(
    "name", [CHANNEL, ROLE, f"<#{CHANNEL}>", f"<@&{ROLE}>", f"https://discord.com/channels/{GUILD}/{CHANNEL}"]
)
def test_channel_and_role_mean_the_session_that_has_them(roomy: Store, name: str) -> None:
    assert find_one(roomy, name).id == "def67890"


def test_session_of_that_id_goes_before_the_channel_of_that_id(roomy: Store) -> None:
    roomy.bookings.add({"_id": CHANNEL, "status": "SCHEDULED", "scheduledDate": START})
    assert find_one(roomy, CHANNEL).id == CHANNEL


@pytest.fixture
def soon(store: Store) -> Store:
    """The store, and a booking of these days with names."""
    booking = {"_id": "Qrst1234", "status": "SCHEDULED", "scheduledDate": host_now() + HOUR, "coachName": "Coach Mike"}
    store.bookings.add(booking | {"studentName": "Nadja Petrova", "studentDiscordId": STUDENT})
    return store


@pytest.mark.parametrize("name", ["qrst1234", "Qrts1234", "rst12", "Nadja", "nadja petrova", "Nadia", STUDENT])
def test_unknown_name_brings_up_what_may_be_meant(soon: Store, name: str) -> None:
    with pytest.raises(SessionError) as caught:
        find_one(soon, name)
    assert caught.value.hint.startswith("did you mean Qrst1234 (Nadja Petrova and Coach Mike, 2")


def test_name_that_is_like_none_brings_up_nobody(soon: Store) -> None:
    with pytest.raises(SessionError) as caught:
        find_one(soon, "zzzzzzzz")
    assert caught.value.hint == "`coachsync status --all` lists every session"
