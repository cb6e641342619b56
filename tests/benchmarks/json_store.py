"""An idle tick over a JSON store of 100,000 past sessions ÷ parsing it: `python -m tests.benchmarks.json_store`.

What it is compared with is a whole process, too: an interpreter that reads the file and parses it with json.loads.
The parsing alone, in this process, is printed beside it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.home import START, Home, a_folder
from tests.benchmarks.layout import coach_id, session_id, student_id
from tests.benchmarks.pairs import compare
from tests.benchmarks.stage import Run, environment, measured

SESSIONS = 100_000
_PARSE = "import json\nwith open('sessions.json', 'rb') as file:\n    json.loads(file.read())\n"


def _fill(path: Path) -> None:
    bookings = [
        {
            "_id": session_id(n),
            "status": "COMPLETED",
            "scheduledDate": START - 400 * 86_400_000 + n * 300_000,
            "duration": 60,
            "studentDiscordId": student_id(n),
            "coachDiscordId": coach_id(n),
            "studentName": f"Student {n}",
            "coachName": f"Coach {n // 5}",
            "discordSetupComplete": True,
            "discordCleanedUp": True,
            "notes": "paid",
        }
        for n in range(SESSIONS)
    ]
    path.write_text(json.dumps(bookings, indent=1), "utf-8")


def _parsing(path: Path) -> float:
    text = path.read_bytes()
    times = []
    for _ in range(7):
        began = time.perf_counter()
        json.loads(text)
        times.append(time.perf_counter() - began)
    return median(times)


def main() -> None:
    """Measure and print."""
    with a_folder() as folder:
        home = Home(folder, "http://127.0.0.1:9/api/v10", store="json:///sessions.json")
        _fill(folder / "sessions.json")
        now = START - 20 * 86_400_000 + 400 * 86_400_000

        home.settle(now)

        def parse() -> Run:
            return measured([sys.executable, "-c", _PARSE], folder, environment())

        compare(
            f"idle run, JSON store of {SESSIONS:,} ÷ json.loads of the file, whole processes",
            lambda: home.run(now),
            parse,
        )
        alone = _parsing(folder / "sessions.json")
        ours = median(home.run(now).seconds for _ in range(7))
        print(
            f"idle run ÷ json.loads alone, in a process that runs already: {ours / alone:.3f} ({alone * 1000:.0f} ms)"
        )


if __name__ == "__main__":
    main()
