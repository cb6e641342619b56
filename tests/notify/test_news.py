"""Whatever happens, and whoever runs what when: no cause is silent from begin to end, none is told without reason."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachsync.domain.causes import Cause, Sight, Times, Wrong, follow
from coachsync.domain.model import DAY, HOUR, MINUTE, Millis, Session
from coachsync.domain.news import News, What, digest
from coachsync.notify.news import QUIET_RUN, listed, news_lines
from coachsync.report.moments import Moments
from coachsync.store.base import Store
from tests.domain.build import END, GUILD, POLICY, START, a_session
from tests.kit.home import Home

IDS = ("one", "two", "six")
CODES = ("unknown_member", "unreachable", "missing_permission", "room_open_to_others", "discord_error")


class Run(NamedTuple):
    """One run of a history: when, what it sees, whether it is quiet, about all sessions, and heard at all."""

    later: Millis
    sees: frozenset[tuple[str, str]]
    unseen: frozenset[str]
    quiet: bool
    whole: bool
    heard: bool


runs = st.builds(
    Run,
    later=st.sampled_from([MINUTE, 15 * MINUTE, HOUR, 5 * HOUR, DAY]),
    sees=st.frozensets(st.tuples(st.sampled_from(CODES), st.sampled_from(IDS)), max_size=4),
    unseen=st.frozensets(st.sampled_from(IDS), max_size=2),
    quiet=st.booleans(),
    whole=st.sampled_from([True, True, True, False]),
    heard=st.sampled_from([True, True, True, False]),
)


number = count()


Name = tuple[int, Millis]


def name_of(cause: Cause) -> Name:
    """Return what tells a cause from all others that ever were: numbers are given again."""
    return cause.rowid, cause.since


class Listener:
    """One who reads what quiet runs tell, and finds fault with it."""

    def __init__(self) -> None:
        self.known: dict[Name, tuple[Millis, Cause]] = {}
        self.ended: set[Name] = set()

    def hear(self, news: News, now: Millis, repeat: Millis) -> None:
        cause, name = news.cause, name_of(news.cause)
        before = self.known.get(name)
        assert name not in self.ended, "told after its end"
        if news.what in ("mended", "over"):
            assert before is not None or cause.code == "room_open_to_others", "an end without a beginning"
            self.ended.add(name)
            self.known.pop(name, None)
            return
        assert (before is None) == (news.what == "begins"), "a beginning told twice, or never"
        assert before is None or _has_reason(news.what, cause, *before, now, repeat)
        self.known[name] = (now, cause)

    def knows_all(self, store: Store) -> None:
        """Demand that what stands is known, and that what is known stands: there is no silent beginning or end."""
        assert set(map(name_of, store.ledger.causes())) == set(self.known)


def _has_reason(what: What, cause: Cause, at: Millis, last: Cause, now: Millis, repeat: Millis) -> bool:
    if what == "late":
        return cause.urgency == "late"
    if what == "changes":
        return cause.message != last.message or not set(cause.sessions) <= set(last.sessions)
    return cause.code == "room_open_to_others" or now - at >= repeat


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(runs, min_size=2, max_size=12), repeat=st.sampled_from([0, HOUR, DAY]))
def test_no_cause_is_silent_from_begin_to_end_and_none_is_told_without_reason(
    tmp_path: Path, history: list[Run], repeat: Millis
) -> None:
    folder = tmp_path / str(next(number))
    folder.mkdir()
    listener, now = Listener(), START - 2 * DAY
    with Home(folder).settle().store() as store:
        for run in history:
            now += run.later
            live(store, run, now)
            if run.quiet:
                hear(store, listener, run, now, repeat)
        hear(store, listener, history[-1]._replace(heard=True), now, repeat)
        listener.knows_all(store)


def live(store: Store, run: Run, now: Millis) -> None:
    """Let a run see what it sees, and keep the causes."""
    sessions = {i: a_session(i) for i in IDS}
    wrongs = [Wrong(code, GUILD, f"{code} it is", "mend it", sessions[i], "setup") for code, i in sorted(run.sees)]
    over = frozenset(IDS) if now >= END else frozenset()
    sight = Sight(run.whole, frozenset(IDS), run.unseen, over)
    with store.transaction() as transaction:
        followed = follow(store.ledger.causes(), wrongs, sight, Times(now, POLICY, 45 * MINUTE))
        transaction.ledger.keep_causes(followed, now)


def hear(store: Store, listener: Listener, run: Run, now: Millis, repeat: Millis) -> None:
    """Tell the listener what is new; what did not arrive is not marked, and told again."""
    found = digest(store.ledger.remembered_causes(), QUIET_RUN, now, repeat)
    if run.heard:
        for one in found.news:
            listener.hear(one, now, repeat)
        with store.transaction() as transaction:
            transaction.ledger.mark_told(QUIET_RUN, found.memory)


# how it reads


def lines(what: What, cause: Cause, *sessions: Session, now: Millis = START - 12 * MINUTE) -> list[str]:
    told = news_lines([News(what, cause)], {s.id: s for s in sessions}, Moments(now))
    return [line.text for line in told]


def a_cause(*sessions: str, urgency: str = "late", guild: str = GUILD, code: str = "unknown_member") -> Cause:
    message, since = "the student is not in the guild", START - DAY
    return Cause(code, guild, message, "invite them", sessions, since, START, urgency)  # type: ignore[arg-type]


NADJA = a_session("one", student_name="Nadja", coach_name="Mike")


def test_news_says_who_when_what_and_what_to_do() -> None:
    assert lines("late", a_cause("one"), NADJA) == [
        "late: Nadja with Mike, Thu 15 Oct 13:00 UTC, in 12 min: the student is not in the guild (unknown_member)",
        "hint: invite them (session one)",
    ]


@pytest.mark.parametrize(("urgency", "first"), [("late", "late"), ("soon", "failing"), ("note", "failing")])
def test_beginning_says_whether_it_is_late(urgency: str, first: str) -> None:
    assert lines("begins", a_cause("one", urgency=urgency), NADJA)[0].startswith(f"{first}: Nadja")


@pytest.mark.parametrize("what", ["mended", "over"])
def test_end_is_one_line(what: What) -> None:
    (told,) = lines(what, a_cause("one"), NADJA)
    assert told.startswith(f"{what}: Nadja with Mike, Thu 15 Oct 13:00 UTC")


def test_what_lasts_says_since_when() -> None:
    assert lines("lasts", a_cause("one"), NADJA)[0].endswith("(unknown_member), since Wed 14 Oct 13:00 UTC")


def test_many_sessions_are_three_lines_with_the_next_of_them_by_name() -> None:
    ids = [f"session{n:03}" for n in range(200)]
    sessions = [a_session(i, start=START + n * MINUTE, student_name=f"N{n}") for n, i in enumerate(ids)]
    told = lines("late", a_cause(*reversed(ids)), *sessions)
    assert [line.partition(":")[0] for line in told] == ["late", "hint", "sessions"]
    assert "200 sessions, first N0 with Coach Sarah, Thu 15 Oct 13:00 UTC, in 12 min" in told[0]
    assert told[2].endswith("and 190 more")


def test_without_sessions_it_is_the_guild_or_the_host() -> None:
    assert f": guild {GUILD}: " in lines("begins", a_cause())[0]
    assert ": this host: " in lines("begins", a_cause(guild=""))[0]


def test_session_that_nobody_remembers_goes_by_its_id() -> None:
    assert lines("begins", a_cause("odd id"))[0].startswith('late: "odd id": ')


def test_names_and_messages_cannot_forge_a_line() -> None:
    evil = a_session("one", student_name="Nadja\nlate: nobody", coach_name="\x1b[2J")
    told = lines("begins", a_cause("one")._replace(message="a\nb"), evil)
    assert [line for line in told if "\n" in line or "\x1b" in line] == []
    assert len(told) == 2


def test_listing_names_all_where_nothing_bounds_it() -> None:
    assert listed(("one", "two", "six")) == "sessions: one, two, six"
