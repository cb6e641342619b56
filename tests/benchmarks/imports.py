"""Reading 100,000 bookings for an import ÷ parsing them with msgspec: `python -m tests.benchmarks.imports`.

The whole import, into an SQLite and into a JSON store, is a process of its own, of which time and peak memory are
printed beside it.
"""

from __future__ import annotations

import io
import json
import time
from statistics import median

import msgspec

from coachsync.bookings.fields import Way
from coachsync.bookings.incoming import Incoming
from coachsync.bookings.read import read_bookings
from coachsync.config.settings import StatusSettings
from tests.benchmarks.home import START, Home, a_folder
from tests.benchmarks.layout import coach_id, session_id, student_id

SESSIONS = 100_000
_STATUSES = StatusSettings(("SCHEDULED",), ("CANCELLED",), "COMPLETED")


def _lines() -> bytes:
    return "".join(
        json.dumps(
            {
                "_id": session_id(n),
                "status": "SCHEDULED",
                "scheduledDate": START + n * 300_000,
                "duration": 60,
                "studentDiscordId": student_id(n),
                "coachDiscordId": coach_id(n),
                "studentName": f"Student {n}",
                "coachName": f"Coach {n // 5}",
            }
        )
        + "\n"
        for n in range(SESSIONS)
    ).encode()


def _parsing(data: bytes) -> float:
    decode = msgspec.json.Decoder().decode
    began = time.process_time()
    for line in io.BytesIO(data):
        decode(line)
    return time.process_time() - began


def _reading(data: bytes) -> float:
    way = Way(_STATUSES, START)
    began = time.process_time()
    found = sum(isinstance(entry, Incoming) for entry in read_bookings(io.BytesIO(data), way, "jsonl"))
    spent = time.process_time() - began
    assert found == SESSIONS, found
    return spent


def main() -> None:
    """Measure and print."""
    data = _lines()
    pairs = [(_reading(data), _parsing(data)) for _ in range(7)]
    ratio = median(ours / theirs for ours, theirs in pairs)
    print(f"reading {SESSIONS} lines: {median(p[0] for p in pairs):.2f} s, {ratio:.2f} x parsing them (4)")
    for store in ("sqlite", "json"):
        with a_folder() as folder:
            home = Home(folder, "http://127.0.0.1:9/api/v10", store=f"{store}:///sessions.{store}")
            for what in ("new", "unchanged", "changed"):
                if what != "unchanged":
                    minutes = b"60" if what == "new" else b"50"
                    (folder / "bookings.jsonl").write_bytes(data.replace(b'"duration": 60', b'"duration": ' + minutes))
                done = home.start("sessions", "import", "bookings.jsonl")
                print(f"{store}, all {what}: {done.seconds:.1f} s, {done.peak:.0f} MiB (140): {done.out.strip()}")


if __name__ == "__main__":
    main()
