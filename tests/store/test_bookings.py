"""What every store promises about bookings (CONTRACT §4), whatever is behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coachsync.domain.marks import Completion, Marks
from coachsync.domain.model import HOUR, Person, Session, Span
from coachsync.domain.naming import hash_of
from coachsync.domain.user_names import Lookup
from coachsync.errors import SessionError
from coachsync.store.base import Store
from tests.store.backends import BOOKABLE, COACH, DEFAULTS, GUILD, NOW, SPAN, STUDENT, UNTYPED, Backend, a_row, snapshot

OLD = NOW - 100 * HOUR
OTHER_GUILD = "1100000000000000009"


def ids(store: Store, span: Span = SPAN) -> list[str]:
    return sorted(session.id for session in store.bookings.candidates(span))


def mark(store: Store, marks: Marks) -> bool:
    with store.transaction() as transaction:
        return transaction.mark(marks)


class TestReading:
    def test_candidates_reads_every_field(self, backend: Backend, store: Store) -> None:
        marks: dict[str, Any] = {"discordSetupComplete": True, "discordChannelId": "5", "discordRoleId": "6"}
        people: dict[str, Any] = {"studentName": "Ada", "coachName": "Bob", "guildId": OTHER_GUILD, "duration": 30}
        backend.fill([a_row(**people, **marks)])
        [session] = store.bookings.candidates(SPAN)
        both = (Person(STUDENT, "student", "Ada"), Person(COACH, "coach", "Bob"))
        assert session == Session(
            "abc12345", "SCHEDULED", NOW, NOW + HOUR // 2, OTHER_GUILD, both, True, False, "5", "6"
        )

    def test_candidates_fills_in_defaults_when_a_row_leaves_them_out(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row()])
        [session] = store.bookings.candidates(SPAN)
        assert (session.end - session.start, session.guild_id) == (DEFAULTS.duration, GUILD)

    def test_candidates_holds_both_bounds_of_the_span(self, backend: Backend, store: Store) -> None:
        at = (SPAN.since - 1, SPAN.since, SPAN.until, SPAN.until + 1)
        backend.fill([a_row(f"id{number}", start) for number, start in enumerate(at)])
        assert ids(store) == ["id1", "id2"]

    def test_by_user_name_gives_who_comes_and_is_named_so(self, backend: Backend, store: Store) -> None:
        listed = '[{"discordName": "olga", "kind": "observer"}]'
        backend.fill(
            [
                a_row("by-list", NOW + 3 * HOUR, participants=listed),
                a_row("by-name", NOW + 2 * HOUR, studentDiscordName="@anna"),
                a_row("past", NOW - HOUR, studentDiscordName="@anna"),
                a_row("by-id", NOW + HOUR),
            ]
        )
        assert [session.id for session in store.bookings.by_user_name(NOW)] == ["by-name", "by-list"]

    def test_who_was_looked_up_has_an_id_wherever_a_booking_is_read(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(studentDiscordId=None, studentDiscordName="@Anna")])
        [session] = store.bookings.candidates(SPAN)
        with store.transaction() as transaction:
            lookup = Lookup(session.id, session.guild_id, "anna", "found", STUDENT, NOW)
            transaction.ledger.keep_lookups([lookup], {session.id: session})
        found = [*store.bookings.candidates(SPAN), *store.bookings.everything(), *store.bookings.matching(session.id)]
        assert [s.people[0].id for s in found] == [STUDENT] * 3

    def test_name_that_the_booking_has_no_more_is_forgotten(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(studentDiscordId=None, studentDiscordName="anna")])
        for name in ("anna", "ben"):
            [session] = store.bookings.candidates(SPAN)
            changed = session._replace(people=(Person(None, "student", discord_name=name),))
            with store.transaction() as transaction:
                lookup = Lookup(session.id, session.guild_id, name, "found", STUDENT, NOW)
                transaction.ledger.keep_lookups([lookup], {session.id: changed})
        assert [lookup.name for lookup in store.ledger.lookups(["abc12345"])] == ["ben"]

    def test_near_gives_what_comes_next_then_what_was_last(self, backend: Backend, store: Store) -> None:
        starts = {"past": NOW - HOUR, "later": NOW + 9 * HOUR, "next": NOW, "long-past": NOW - 99 * HOUR}
        backend.fill([a_row(name, start) for name, start in starts.items()])
        assert [session.id for session in store.bookings.near(NOW, 9)] == ["next", "later", "past", "long-past"]
        assert [session.id for session in store.bookings.near(NOW, 3)] == ["next", "later", "past"]

    def test_near_gives_what_begins_so_or_whose_end_does(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(name) for name in ("abc12345", "12345-abcdefgh", "x-abc-x", "öabc", "ab%")])
        found = {text: [s.id for s in store.bookings.near(NOW, 9, text)] for text in ("abc", "ab%", "ö", "_")}
        assert sorted(found["abc"]) == ["12345-abcdefgh", "abc12345"]
        assert (found["ab%"], found["ö"], found["_"]) == (["ab%"], ["öabc"], [])

    @pytest.mark.parametrize(
        "marks",
        [
            {"discordSetupComplete": True},
            {"discordRoleId": "5"},
            {"discordChannelId": "5", "discordCleanedUp": False},
            {"discordSetupComplete": "yes"},
        ],
    )
    @pytest.mark.parametrize("start", [OLD, NOW + 100 * HOUR])
    def test_candidates_holds_what_is_open_outside_the_span(
        self, backend: Backend, store: Store, marks: dict[str, Any], start: int
    ) -> None:
        backend.fill([a_row(start=start, **marks)])
        assert ids(store) == ["abc12345"]

    @pytest.mark.parametrize(
        "marks",
        [
            {},
            {"discordSetupComplete": True, "discordCleanedUp": True},
            {"discordSetupComplete": False},
            {"discordRoleId": "", "discordChannelId": ""},
        ],
    )
    def test_candidates_leaves_out_what_is_not_open_outside_the_span(
        self, backend: Backend, store: Store, marks: dict[str, Any]
    ) -> None:
        backend.fill([a_row(start=OLD, **marks)])
        assert ids(store) == []

    def test_candidates_leaves_out_what_is_open_for_too_long(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(start=SPAN.open_since - 1, discordSetupComplete=True)])
        assert ids(store) == []

    def test_candidates_yields_a_row_once_when_the_span_is_older_than_what_may_be_open(
        self, backend: Backend, store: Store
    ) -> None:
        backend.fill([a_row(discordSetupComplete=True)])
        assert ids(store, Span(NOW - HOUR, NOW + HOUR, NOW + 2 * HOUR)) == ["abc12345"]

    @pytest.mark.parametrize("start", [1_790_000_000, 0, -5, 4_133_980_800_000, 2**62, None])
    def test_candidates_holds_a_row_when_its_start_makes_no_sense(
        self, backend: Backend, store: Store, start: object
    ) -> None:
        self._holds_it(backend, store, start)

    @pytest.mark.parametrize("backend", UNTYPED, indirect=True)
    def test_candidates_holds_a_row_when_its_start_is_text(self, backend: Backend, store: Store) -> None:
        self._holds_it(backend, store, "tomorrow")

    def _holds_it(self, backend: Backend, store: Store, start: object) -> None:
        backend.fill([a_row("good1234"), a_row() | {"scheduledDate": start}])
        flawed = {session.id: session.flaw is not None for session in store.bookings.candidates(SPAN)}
        assert flawed == {"good1234": False, "abc12345": True}

    def test_by_ids_finds_those_that_exist(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("one", OLD), a_row("two")])
        assert sorted(store.bookings.by_ids(["two", "one", "three"])) == ["one", "two"]

    def test_by_ids_takes_more_ids_than_a_statement_has_room_for(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(f"id{number}") for number in range(1200)])
        assert len(store.bookings.by_ids([f"id{number}" for number in range(2000)])) == 1200

    def test_everything_is_ordered_by_start(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("late", NOW + HOUR), a_row("early", OLD), a_row("now")])
        assert [session.id for session in store.bookings.everything()] == ["early", "now", "late"]

    def test_is_empty_tells_whether_there_is_a_booking(self, backend: Backend, store: Store) -> None:
        before = store.bookings.is_empty()
        backend.fill([a_row()])
        assert (before, store.bookings.is_empty()) == (True, False)

    def test_raw_and_export_hold_the_fields_by_json_key(self, backend: Backend, store: Store) -> None:
        row = a_row(discordSetupComplete=True, discordCleanedUp=False, studentName="Ada")
        backend.fill([row])
        assert (store.bookings.raw("abc12345"), list(store.bookings.export())) == (row, [row])

    def test_raw_is_none_when_there_is_no_such_booking(self, store: Store) -> None:
        assert store.bookings.raw("nobody") is None

    def test_reading_changes_no_byte_when_the_store_is_not_writable(self, backend: Backend, tmp_path: Path) -> None:
        backend.fill([a_row()])
        before = snapshot(tmp_path)
        store = backend.open(writable=False)
        read = (
            store.bookings.candidates(SPAN),
            store.ledger.live_entries(),
            store.ledger.first_run_at(),
            list(store.bookings.export()),
        )
        store.close()
        assert read[1:3] == ([], None)
        assert snapshot(tmp_path) == before

    def test_a_change_of_others_is_seen_when_the_store_is_open(self, backend: Backend, store: Store) -> None:
        assert ids(store) == []
        backend.fill([a_row()])
        assert ids(store) == ["abc12345"]


class TestNames:
    def test_matching_finds_by_id_and_by_short_name(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("65f1c0ffee12345678"), a_row("other-id")])
        found = [
            [session.id for session in store.bookings.matching(name)] for name in ("other-id", "12345678", "1234567")
        ]
        assert found == [["other-id"], ["65f1c0ffee12345678"], []]

    def test_matching_finds_by_hash_when_the_id_is_not_plain(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("Ünïcode!"), a_row("plain123")])
        assert [session.id for session in store.bookings.matching(hash_of("Ünïcode!"))] == ["Ünïcode!"]

    def test_matching_prefers_the_exact_id(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("x12345678"), a_row("12345678")])
        assert [session.id for session in store.bookings.matching("12345678")] == ["12345678"]

    def test_matching_finds_all_that_share_a_short_name(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("x12345678"), a_row("y12345678")])
        assert sorted(session.id for session in store.bookings.matching("12345678")) == ["x12345678", "y12345678"]

    @pytest.mark.parametrize("name", ["\ud800", "a\0b", "", "x" * 5000, "\udcff"])
    def test_odd_names_are_looked_for_in_vain(self, backend: Backend, store: Store, name: str) -> None:
        backend.fill([a_row()])
        assert (store.bookings.matching(name), store.bookings.by_ids([name]), store.bookings.raw(name)) == (
            [],
            {},
            None,
        )
        assert (store.ledger.entries([name]), store.ledger.entries_named(name), store.ledger.events(name)) == (
            {},
            [],
            [],
        )

    @pytest.mark.parametrize("odd", ["a\0b", "-dash", "x" * 300, "🎤", "' OR 1=1 --", 'q"uote'])
    def test_odd_ids_are_marked_like_any_other(self, backend: Backend, store: Store, odd: str) -> None:
        backend.fill([a_row(odd), a_row("other")])
        assert mark(store, Marks(odd, set_up=True))
        assert {session.id: session.set_up for session in store.bookings.everything()} == {odd: True, "other": False}


class TestMarks:
    def test_mark_writes_what_is_given_and_nothing_else(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(studentName="Ada"), a_row("other")])
        assert mark(store, Marks("abc12345", set_up=True, role_id="71", channel_id="72"))
        session = store.bookings.by_ids(["abc12345"])["abc12345"]
        assert (session.set_up, session.cleaned_up, session.role_id, session.channel_id) == (True, False, "71", "72")
        assert backend.rows()[1] == a_row("other")

    def test_mark_clears_ids_when_they_are_empty(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(discordRoleId="71", discordChannelId="72", discordSetupComplete=True)])
        mark(store, Marks("abc12345", set_up=False, role_id="", channel_id=""))
        assert {key: value for key, value in backend.rows()[0].items() if value} == a_row()

    def test_mark_returns_false_when_the_booking_is_gone(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row()])
        before = backend.rows()
        assert not mark(store, Marks("gone", set_up=True))
        assert backend.rows() == before

    @pytest.mark.parametrize(
        ("status", "start", "becomes"),
        [
            ("SCHEDULED", NOW, "COMPLETED"),
            ("CONFIRMED", NOW, "COMPLETED"),
            ("SCHEDULED", None, "COMPLETED"),
            ("CANCELLED", NOW, "CANCELLED"),
            ("SCHEDULED", NOW + HOUR, "SCHEDULED"),
        ],
    )
    def test_mark_completes_only_a_booking_that_still_is_as_expected(
        self, backend: Backend, store: Store, status: str, start: int | None, becomes: str
    ) -> None:
        backend.fill([a_row() | {"status": status}])
        completion = Completion(frozenset({"SCHEDULED", "CONFIRMED"}), start, "COMPLETED")
        mark(store, Marks("abc12345", cleaned_up=True, completion=completion))
        session = store.bookings.by_ids(["abc12345"])["abc12345"]
        assert (session.status, session.cleaned_up) == (becomes, True)

    def test_marks_of_one_transaction_build_on_each_other(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(), a_row("other")])
        with store.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=True, role_id="71"))
            transaction.mark(Marks("other", set_up=True))
            transaction.mark(Marks("abc12345", role_id=""))
        found = store.bookings.by_ids(["abc12345", "other"])
        assert [(s.set_up, s.role_id) for s in (found["abc12345"], found["other"])] == [(True, None), (True, None)]

    def test_no_mark_is_written_when_the_transaction_fails(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row()])
        before = backend.rows()
        with pytest.raises(RuntimeError), store.transaction() as transaction:
            transaction.mark(Marks("abc12345", set_up=True))
            raise RuntimeError
        assert backend.rows() == before


@pytest.mark.parametrize("backend", BOOKABLE, indirect=True)
class TestBooking:
    def test_add_writes_a_booking_that_candidates_returns(self, store: Store) -> None:
        store.bookings.add(a_row(studentName="Ada"))
        assert [(session.id, session.people[0].name) for session in store.bookings.candidates(SPAN)] == [
            ("abc12345", "Ada")
        ]

    def test_add_refuses_an_id_that_is_taken(self, backend: Backend, store: Store) -> None:
        store.bookings.add(a_row())
        with pytest.raises(SessionError) as raised:
            store.bookings.add(a_row(start=OLD))
        assert (raised.value.code, backend.rows()) == ("invalid", [a_row()])

    def test_add_refuses_what_would_be_invalid(self, backend: Backend, store: Store) -> None:
        with pytest.raises(SessionError, match="studentDiscordId"):
            store.bookings.add(a_row() | {"studentDiscordId": "ada"})
        assert backend.rows() == []

    def test_change_writes_the_fields(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(duration=30), a_row("other")])
        assert store.bookings.change("abc12345", {"scheduledDate": OLD, "duration": None})
        assert backend.rows() == [a_row(start=OLD), a_row("other")]

    @pytest.mark.parametrize("session_id", ["abc12345", "gone"])
    def test_change_returns_false_when_the_booking_is_not_as_expected(
        self, backend: Backend, store: Store, session_id: str
    ) -> None:
        backend.fill([a_row()])
        assert not store.bookings.change(session_id, {"status": "CANCELLED"}, status_from="CONFIRMED")
        assert backend.rows() == [a_row()]

    @pytest.mark.parametrize("key", ["_id", "discordSetupComplete", "discordRoleId"])
    def test_change_never_writes_what_is_not_a_persons_to_change(self, store: Store, key: str) -> None:
        with pytest.raises(ValueError, match=key):
            store.bookings.change("abc12345", {key: "1"})


@pytest.mark.parametrize("backend", BOOKABLE, indirect=True)
class TestImport:
    def test_import_adds_changes_and_leaves_alone(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row("same"), a_row("moves")])
        done = store.bookings.import_rows([a_row("same"), a_row("moves", OLD), a_row("new")])
        assert (done.added, done.changed, done.unchanged, done.bad) == (["new"], ["moves"], ["same"], [])
        assert backend.rows() == [a_row("same"), a_row("moves", OLD), a_row("new")]

    def test_import_changes_nothing_the_second_time(self, backend: Backend, store: Store) -> None:
        rows = [a_row("one", duration=30, studentName="É"), a_row("two")]
        store.bookings.import_rows(rows)
        before = backend.content()
        done = store.bookings.import_rows(rows)
        assert (done.unchanged, done.added + done.changed) == (["one", "two"], [])
        assert backend.content() == before

    def test_import_never_overwrites_our_marks(self, backend: Backend, store: Store) -> None:
        backend.fill([a_row(discordSetupComplete=True, discordRoleId="71")])
        done = store.bookings.import_rows(
            [a_row(discordSetupComplete=False, discordRoleId="99", discordCleanedUp=True)]
        )
        assert done.unchanged == ["abc12345"]
        assert bool(backend.rows()[0]["discordSetupComplete"]) is True
        assert backend.rows()[0]["discordRoleId"] == "71"

    def test_import_restores_an_export_with_its_marks_when_the_store_is_empty(
        self, backend: Backend, store: Store
    ) -> None:
        rows = [a_row(discordSetupComplete=True, discordCleanedUp=False, discordRoleId="71")]
        store.bookings.import_rows(rows)
        assert list(store.bookings.export()) == rows

    def test_import_takes_the_good_rows_when_others_are_bad(self, backend: Backend, store: Store) -> None:
        bad: list[Any] = [3, a_row("") | {"_id": ""}, {"status": "x"}, a_row("soon") | {"scheduledDate": 17}]
        done = store.bookings.import_rows([*bad, a_row("good")])
        assert (done.added, [(position, name) for position, name, *_ in done.bad]) == (
            ["good"],
            [(1, ""), (2, ""), (3, ""), (4, "soon")],
        )
        assert backend.rows() == [a_row("good")]

    def test_import_takes_none_of_two_rows_that_share_an_id(self, backend: Backend, store: Store) -> None:
        done = store.bookings.import_rows([a_row(), a_row(start=OLD)])
        assert (done.added, len(done.bad), backend.rows()) == ([], 2, [])
