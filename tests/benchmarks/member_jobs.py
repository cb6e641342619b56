"""Member access, 200 sessions in one guild, setup then cleanup: `python -m tests.benchmarks.member_jobs [SESSIONS]`."""

from __future__ import annotations

import sys

from tests.benchmarks import bound
from tests.benchmarks.layout import coach_id, student_id
from tests.benchmarks.runs import both, show
from tests.benchmarks.stage import Stage


def main() -> None:
    """Measure and print."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    people = len({person(session) for session in range(sessions) for person in (student_id, coach_id)})
    with Stage(sessions=sessions) as stage:
        found = both(stage, bound.member_setup(sessions, people), bound.member_cleanup(sessions), access="member")
    show(f"member access, {sessions} sessions, one guild", found)


if __name__ == "__main__":
    main()
