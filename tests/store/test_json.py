"""What is the JSON file's own: its text survives to the letter, and no write of anybody is lost."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from coachsync import waits
from coachsync.domain.marks import Marks
from coachsync.domain.windows import RELEASED
from coachsync.errors import StoreError
from coachsync.host import files
from coachsync.store.base import Store
from coachsync.store.jsonfile import swap
from coachsync.store.jsonfile.document import Document
from coachsync.store.open import open_store
from tests.store.backends import DEFAULTS, SPAN, a_row, an_entry, snapshot

ROW = '{"_id": "abc12345", "status": "SCHEDULED", "scheduledDate": 1790000000000%s}'
ADDED = ', "discordSetupComplete": true, "discordChannelId": "72", "discordRoleId": "71"'
MARKS = Marks("abc12345", set_up=True, role_id="71", channel_id="72")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s.json"


def opened(path: Path, *, writable: bool = True) -> Store:
    return open_store(f"json:///{path}", path.parent, DEFAULTS, writable=writable)


def mark(path: Path, marks: Marks = MARKS) -> None:
    with closing(opened(path)) as store, store.transaction() as transaction:
        transaction.mark(marks)


class TestText:
    @pytest.mark.parametrize(
        "around",
        [
            "[%s]",
            " [ %s ]\n\n",
            '{"sessions": [%s]}',
            '\n{"a": [{"sessions": []}, []], "sessions" :[%s], "z": [1]}',
            '{"sessions": [1], "sessions": [%s]}',
            '{"b": [%s], "sessions": [%s]}',
            "\ufeff[%s]\r\n",
            '[{"_id": "other"},\n\t%s ,  {"x": "\\ud800"}]',
            '[1, null, %s, [2], "text with \\" and ,", 1e999, -0.0, NaN]',
            '[{"big": 123456789012345678901234567890, "deep": [[[{"_id": "abc12345"}]]]}, %s]',
        ],
    )
    def test_marks_change_their_row_alone(self, path: Path, around: str) -> None:
        slots = around.count("%s")
        path.write_text(around % ((ROW % "",) * slots), encoding="utf-8", newline="")
        mark(path)
        rows = (*(ROW % "",) * (slots - 1), ROW % ADDED)
        assert path.read_bytes().decode() == around % rows

    @pytest.mark.parametrize(
        ("row", "becomes"),
        [
            ('{"_id":"abc12345","x":1}', '{"_id":"abc12345","x":1,"discordSetupComplete":true}'),
            ('{\n  "_id" : "abc12345"\n}', '{\n  "_id" : "abc12345",\n  "discordSetupComplete" : true\n}'),
            ('{"discordSetupComplete": 0, "_id": "abc12345"}', '{"discordSetupComplete": true, "_id": "abc12345"}'),
            ('{"_id": "x", "_id": "abc12345"}', '{"_id": "x", "_id": "abc12345", "discordSetupComplete": true}'),
            ('{"_id": "abc12345", "discordSetupComplete": 1}', '{"_id": "abc12345", "discordSetupComplete": 1}'),
            (
                '{"_id": "abc12345", "discordSetupComplete": false, "discordSetupComplete" : false}',
                '{"_id": "abc12345", "discordSetupComplete": false, "discordSetupComplete" : true}',
            ),
        ],
    )
    def test_a_mark_takes_the_rows_own_style(self, path: Path, row: str, becomes: str) -> None:
        path.write_text(f"[{row}]")
        mark(path, Marks("abc12345", set_up=True))
        assert path.read_text() == f"[{becomes}]"

    def test_clearing_removes_an_id_wherever_it_stands(self, path: Path) -> None:
        path.write_text('[{ "discordRoleId": "71", "_id": "abc12345", "discordChannelId": "72", "z": 1.50 }]')
        mark(path, Marks("abc12345", role_id="", channel_id=""))
        assert path.read_text() == '[{ "_id": "abc12345", "z": 1.50 }]'

    def test_nothing_is_written_when_the_marks_are_there_already(self, path: Path) -> None:
        path.write_text(f"[{ROW % ADDED}]")
        before = path.stat()
        mark(path)
        assert path.stat() == before

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ('[{"_id":"a","x":1},{"_id":"b","x":1}]', ',{"_id":"abc12345","status":"SCHEDULED"'),
            ('[\n  {"_id": "a", "x": 1}\n]', ',\n  {"_id": "abc12345", "status": "SCHEDULED"'),
            ('{"sessions": [ ], "z": 1}', '[\n  {"_id": "abc12345", "status": "SCHEDULED"'),
            ("[7]", ', {"_id": "abc12345", "status": "SCHEDULED"'),
        ],
    )
    def test_a_new_row_takes_the_files_style(self, path: Path, before: str, after: str) -> None:
        path.write_text(before)
        with closing(opened(path)) as store:
            store.bookings.add(a_row())
            assert store.bookings.raw("abc12345") == a_row()
        assert after in path.read_text()


class TestRows:
    @pytest.mark.parametrize("other", ["3", "null", '"x"', "[1]", "{}", '{"_id": ["x"]}', '{"_id": "b", "status": {}}'])
    def test_a_bad_row_fails_alone(self, path: Path, other: str) -> None:
        path.write_text(f"[{other}, {ROW % ''}]")
        with closing(opened(path, writable=False)) as store:
            found = {session.id: session.flaw is None for session in store.bookings.candidates(SPAN)}
        assert (found.pop("abc12345"), list(found.values())) == (True, [False])

    @pytest.mark.parametrize("value", ["9" * 5000, "1e999", "NaN", '"\\ud800"'])
    def test_a_value_that_readers_refuse_is_a_flaw_of_its_row(self, path: Path, value: str) -> None:
        bad = '{"_id": "bad", "status": "S", "scheduledDate": %s}'
        path.write_text(f"[{ROW % ''}, {bad % value}]")
        with closing(opened(path)) as store:
            flawed = {session.id: session.flaw is not None for session in store.bookings.candidates(SPAN)}
        assert flawed == {"abc12345": False, "bad": True}

    def test_a_discord_id_as_a_number_is_told_with_why(self, path: Path) -> None:
        numbered = ROW % ', "studentDiscordId": 123456789012345678'
        path.write_text(f"[{numbered}]")
        with closing(opened(path)) as store:
            [session] = store.bookings.candidates(SPAN)
        assert session.flaw is not None
        assert "JavaScript rounds" in session.flaw.hint

    def test_two_rows_of_one_id_are_both_invalid(self, path: Path) -> None:
        path.write_text(f"[{ROW % ''}, {ROW % ''}]")
        with closing(opened(path)) as store:
            found = store.bookings.candidates(SPAN)
        assert ["more than once" in session.flaw.message for session in found if session.flaw] == [True, True]

    def test_an_id_with_a_lone_surrogate_is_marked(self, path: Path) -> None:
        path.write_text('[{"_id": "\\ud800x", "status": "S", "scheduledDate": 1790000000000}]')
        mark(path, Marks("\ud800x", set_up=True))
        assert '"\\ud800x"' in path.read_text()
        assert json.loads(path.read_text())[0]["discordSetupComplete"] is True


class TestReplacing:
    def test_the_mode_and_the_link_stay(self, path: Path, tmp_path: Path) -> None:
        real = tmp_path / "dir" / "real.json"
        real.parent.mkdir()
        real.write_text(f"[{ROW % ''}]")
        real.chmod(0o640)
        path.symlink_to(real)
        mark(path)
        assert (path.is_symlink(), stat.S_IMODE(real.stat().st_mode)) == (True, 0o640)
        assert real.read_text() == f"[{ROW % ADDED}]"
        names = ["real.json", "real.json.coachsync.db", "real.json.lock"]
        assert (sorted(os.listdir(real.parent)), sorted(os.listdir(tmp_path))) == (names, ["dir", "s.json"])

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    def test_owner_and_group_stay(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.write_text(f"[{ROW % ''}]")
        monkeypatch.setattr(os, "geteuid", lambda: 1234)
        with closing(opened(path)) as store:
            os.chown(path, 1234, 2345)
            with store.transaction() as transaction:
                transaction.mark(MARKS)
        beside = [Path(f"{path}{end}") for end in ("", ".lock", ".coachsync.db")]
        assert {(file.stat().st_uid, file.stat().st_gid) for file in beside} == {(1234, 2345)}

    def test_a_file_that_cannot_be_given_back_to_its_owner_stays(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.write_text(f"[{ROW % ''}]")

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EPERM, "no")

        monkeypatch.setattr(os, "fchown", refuse)
        monkeypatch.setattr(files, "_owners", lambda found: (id(found), 0))
        with closing(opened(path)) as store, pytest.raises(StoreError, match="owner and group"):
            store.bookings.add(a_row("new"))
        assert path.read_text() == f"[{ROW % ''}]"

    @pytest.mark.parametrize("step", ["write", "fsync"])
    def test_a_full_disk_leaves_the_file_and_nothing_beside_it(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        path.write_text(f"[{ROW % ''}]")
        with closing(opened(path)) as store:
            with store.transaction() as transaction:
                transaction.ledger.save(an_entry("before"))
            before = {name: data for name, data in snapshot(path.parent).items() if name.endswith(".json")}

            def full(*_: object) -> int:
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(os, step, full)
            with pytest.raises(StoreError, match="No space left"), store.transaction() as transaction:
                transaction.mark(MARKS)
                transaction.ledger.save(an_entry())
            monkeypatch.undo()
            assert list(store.ledger.entries(["before", "abc12345"])) == ["before"]
        assert {
            name: data for name, data in snapshot(path.parent).items() if "lock" not in name and "db" not in name
        } == before

    def test_what_a_killed_run_left_is_taken_away(self, path: Path) -> None:
        path.write_text(f"[{ROW % ''}]")
        left = Path(f"{path}.coachsync-new")
        left.write_text("half")
        mark(path)
        assert (left.exists(), path.read_text()) == (False, f"[{ROW % ADDED}]")

    def test_a_change_without_the_lock_is_merged_when_it_comes_before_the_replacement(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.write_text(f"[{ROW % ''}]")
        write, changes = files._write, ["CONFIRMED", "PAID"]

        def meanwhile(descriptor: int, data: bytes | files.Pieces) -> None:
            write(descriptor, data)
            if changes:
                path.write_text(f"[{ROW.replace('SCHEDULED', changes.pop(0)) % ''}]")

        monkeypatch.setattr(files, "_write", meanwhile)
        mark(path)
        assert path.read_text() == f"[{(ROW % ADDED).replace('SCHEDULED', 'PAID')}]"

    def test_the_lock_is_not_waited_for_for_ever(self, path: Path) -> None:
        path.write_text("[]")
        with waits.hurried(json_lock=0.05), open(f"{path}.lock", "w") as lock, closing(opened(path)) as store:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(StoreError, match="locked by another process"):
                store.bookings.add(a_row())
        assert path.read_text() == "[]"

    @pytest.mark.parametrize("by", ["link", "file"])
    def test_the_lock_of_either_name_of_a_linked_file_is_respected(self, path: Path, tmp_path: Path, by: str) -> None:
        real = tmp_path / "real.json"
        real.write_text("[]")
        path.symlink_to(real)
        with (
            waits.hurried(json_lock=0.05),
            open(f"{path if by == 'link' else real}.lock", "w") as lock,
            closing(opened(path)) as store,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(StoreError, match="locked by another process"):
                store.bookings.add(a_row())
        assert real.read_text() == "[]"

    def test_a_file_whose_names_share_a_lock_is_locked_once(self, path: Path, tmp_path: Path) -> None:
        real = tmp_path / "real.json"
        real.write_text("[]")
        path.symlink_to(real)
        Path(f"{real}.lock").touch()
        Path(f"{path}.lock").symlink_to(f"{real}.lock")
        with closing(opened(path)) as store:
            store.bookings.add(a_row())
        assert json.loads(real.read_bytes())

    def test_a_file_that_is_being_written_is_read_again(self, path: Path) -> None:
        path.write_text(f"[{(ROW % '')[:20]}")
        timer = threading.Timer(0.3, path.write_text, [f"[{ROW % ''}]"])
        timer.start()
        with closing(opened(path)) as store:
            assert [session.id for session in store.bookings.candidates(SPAN)] == ["abc12345"]
        timer.join()

    def test_a_file_that_stays_malformed_is_told_after_two_seconds(self, path: Path) -> None:
        path.write_text("[")
        begun = time.monotonic()
        with pytest.raises(StoreError, match="line 1, column 2"):
            opened(path)
        assert 1.9 < time.monotonic() - begun < 4

    def test_what_somebody_writes_in_place_after_a_replacement_is_read(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path.write_text(f"[{ROW % ''}]")
        grain = time.time_ns()  # within which two writes bear one time
        monkeypatch.setattr(swap, "_stamp", lambda found: swap.Stamp(0, found.st_ino, found.st_size, grain, grain))
        with closing(opened(path)) as store:
            with store.transaction() as transaction:
                transaction.mark(MARKS)
            path.write_text(path.read_text().replace("SCHEDULED", "CONFIRMED"))
            assert [session.status for session in store.bookings.candidates(SPAN)] == ["CONFIRMED"]
            assert store.bookings.change("abc12345", {"duration": 50})
        assert json.loads(path.read_text())[0]["status"] == "CONFIRMED"

    @pytest.mark.parametrize("wrapped", ["%s", '{"sessions": %s}', "\ufeff %s"])
    def test_large_file_is_changed_again_and_again_as_a_small_one_is(self, path: Path, wrapped: str) -> None:
        rows = [a_row(f"id{n}", notes="n" * 5000) for n in range(300)]
        path.write_text(wrapped % json.dumps(rows))
        with closing(opened(path)) as store:
            for n in range(3):
                rows[n * 100]["duration"] = 50 + n
                assert store.bookings.change(f"id{n * 100}", {"duration": 50 + n})
            rows.append(a_row("new", notes="n"))
            store.bookings.add(rows[-1])
            assert store.bookings.raw("id200") == rows[200]
        assert path.read_text() == wrapped % json.dumps(rows)

    @pytest.mark.parametrize("change", [b"[]", b"[" + b" " * (2 << 20) + b"]"])
    def test_file_that_changes_its_size_while_it_is_read_is_read_to_its_end(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, change: bytes
    ) -> None:
        path.write_bytes(b"[" + b" " * (3 << 19) + b"]")
        found = os.stat(path)
        path.write_bytes(change)
        monkeypatch.setattr(os, "fstat", lambda _: found)
        assert bytes(swap.read(str(path))[0]) == change

    def test_marking_many_sessions_reads_the_rows_once(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.write_text(json.dumps([a_row(f"id{n}") for n in range(50)]))
        with closing(opened(path)) as store:
            monkeypatch.setattr(Document, "of", None)
            for n in range(50):
                with store.transaction() as transaction:
                    transaction.mark(Marks(f"id{n}", set_up=True))
        assert all(row["discordSetupComplete"] for row in json.loads(path.read_text()))


WRITER = """
import fcntl, json, os, sys
path, count = sys.argv[1], int(sys.argv[2])
for n in range(count):
    with open(path + ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = json.load(open(path))
        rows[n % len(rows)]["n"] = rows[n % len(rows)].get("n", 0) + 1
        with open(path + ".theirs", "w") as new:
            json.dump(rows, new)
        os.rename(path + ".theirs", path)
"""


class TestOthers:
    def test_no_write_is_lost_when_a_booking_system_takes_the_lock(self, path: Path) -> None:
        path.write_text(json.dumps([a_row(f"id{n}") for n in range(20)]))
        count = 300
        others = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(count)]) for _ in range(2)]
        with closing(opened(path)) as store:
            turns = 0
            while any(other.poll() is None for other in others) or turns < 20:
                with store.transaction() as transaction:
                    transaction.mark(Marks(f"id{turns % 20}", set_up=True, role_id=str(turns + 1)))
                turns += 1
        rows: list[dict[str, Any]] = json.loads(path.read_text())
        last = {f"id{turn % 20}": str(turn + 1) for turn in range(turns)}
        assert [other.returncode for other in others] == [0, 0]
        assert sum(row["n"] for row in rows) == 2 * count
        assert {row["_id"]: row["discordRoleId"] for row in rows} == last


class TestLedgerFile:
    def test_reading_makes_no_ledger(self, path: Path) -> None:
        path.write_text("[]")
        with closing(opened(path)) as store:
            assert store.ledger.last_runs(1) == []
        assert os.listdir(path.parent) == ["s.json"]

    def test_the_ledger_is_readable_by_whom_the_store_is(self, path: Path) -> None:
        path.write_text("[]")
        path.chmod(0o600)
        with closing(opened(path)) as store, store.transaction():
            pass
        assert stat.S_IMODE(Path(f"{path}.coachsync.db").stat().st_mode) == 0o600

    def test_a_corrupt_ledger_is_told_with_what_to_do(self, path: Path) -> None:
        path.write_text("[]")
        ledger = Path(f"{path}.coachsync.db")
        ledger.write_bytes(b"no database at all " * 100)
        with pytest.raises(StoreError) as raised:
            opened(path)
        assert f"move {ledger} away" in raised.value.hint
        assert ledger.read_bytes() == b"no database at all " * 100

    def test_an_empty_ledger_file_is_filled(self, path: Path) -> None:
        path.write_text("[]")
        Path(f"{path}.coachsync.db").touch()
        with closing(opened(path)) as store:
            with store.transaction() as transaction:
                transaction.ledger.run_started(RELEASED, "run")
            assert store.ledger.first_run_at() == RELEASED


@pytest.fixture(autouse=True)
def _no_trace(path: Path) -> Iterator[None]:
    """Whatever a test did, no half-written file stays beside the store."""
    yield
    assert not Path(f"{path}.coachsync-new").exists()
