"""What `sessions prune` and `sessions forget` erased, or would erase: as lines for people and as JSON.

What each table holds is told here in words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from coachsync.report.text import clean, word

_KINDS = {
    "bookings": "bookings",
    "coachsync_entries": "sessions, as the ledger remembers them",
    "coachsync_people": "people of sessions",
    "coachsync_grants": "who had access from when to when",
    "coachsync_resources": "rooms and roles that were made",
    "coachsync_events": "lines of stories",
    "coachsync_names": "user names that were looked up",
    "coachsync_hooks": "what programs were told",
    "coachsync_causes": "what is, or was, wrong",
    "coachsync_refusals": "what Discord refused",
    "coachsync_pauses": "reasons for pauses",
    "coachsync_reported": "failures that were counted",
    "coachsync_said": "what sources said last",
    "coachsync_marks": "our marks on bookings",
    "coachsync_runs": "past runs",
    "coachsync_counters": "what runs did in all",
    "coachsync_sources": "what is known of sources",
    "coachsync_meta": "what coachsync knows of itself",
    "coachsync_notes": "notes on the store",
    "coachsync_limits": "guilds where Discord makes no more roles",
    "coachsync_sights": "what was seen of guilds",
    "coachsync_role_words": "what Discord said of roles",
    "coachsync_refused": "minutes with refused answers",
}
_SHOWN = 5  # sessions by name: a longer list helps nobody


def count_lines(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield "  12  coachsync_events: lines of stories" for each table."""
    width = max((len(str(rows)) for rows in counts.values()), default=0)
    for table, rows in counts.items():
        kind = _KINDS.get(table, "")
        named = kind if table == "bookings" else f"{table}: {kind}"
        yield f"  {rows:>{width}}  {named}"


def some(session_ids: Collection[str]) -> str:
    """Return "abc12345, def12345 and 7 more"."""
    shown = [word(session_id) for session_id in sorted(session_ids)]
    more = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def remains_line(name: str, free_pages: int, *, log: bool) -> str:
    """Return what may still hold what was erased, in a database or beside it; "" if nothing is known to."""
    parts = []
    if free_pages:
        vacuum = f"`sqlite3 {clean(name)} VACUUM` clears them"
        parts.append(
            f"{free_pages} pages of {clean(name)} were free before and may hold what was deleted then: {vacuum}"
        )
    if log:
        parts.append(f"{clean(name)}-wal holds pages as they were, until every program that has it open has ended")
    return "; ".join(parts)


def erased_tables(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the counts as the documents have them."""
    return [{"table": table, "rows": rows} for table, rows in counts.items()]
