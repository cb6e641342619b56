"""Several hosts with the same crontab line, one PostgreSQL and one Discord: what one of them does is done once.

A host is a process of the program. That a lease runs out is played by the database's clock having gone on.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from coachsync import waits
from coachsync.domain.causes import Cause, Followed
from coachsync.domain.model import HOUR, MINUTE
from coachsync.engine.steps import category, job
from coachsync.errors import LOCKED, OK, SOME_FAILED
from coachsync.secrets import Token
from coachsync.standin.log import Request
from coachsync.store.postgres import leases
from coachsync.store.postgres.database import PostgresDatabase
from coachsync.store.postgres.leases import Leases
from tests.kit.fork import Forked
from tests.kit.home import Result
from tests.kit.postgres import Postgres
from tests.kit.scene import CHANNELS, ID, QUARTER, ROLES, Scene, Stage, wait_for
from tests.kit.town import TOKEN

BOT = Token(TOKEN).bot  # as the token spells it, which costs no request
MEMBER = "/guilds/{guild_id}/members/{user_id}"
WRITES = 4  # of a setup: role, room, two grants
OTHER = "OTk5OTk5OTk5OTk5OTk5OTk5.Gother.another-bot-of-the-same-installation"


@pytest.fixture
def scene(stage: Stage, postgres_server: Postgres) -> Scene:
    """Return a scene whose store is in a PostgreSQL, with one session that is due."""
    built = stage(store=postgres_server.fresh())
    built.book()
    return built


@pytest.fixture
def sql(scene: Scene) -> Iterator[PostgresDatabase]:
    with closing(PostgresDatabase(scene.url, writable=True)) as opened:
        yield opened


def begun(scene: Scene, *arguments: str) -> Forked:
    return scene.begin("run", "--json", *arguments)


def ended(host: Forked) -> Result:
    return Result(*host.ended())


def run_out(sql: PostgresDatabase) -> None:
    """Let a minute pass in which no lease was renewed."""
    sql.run("UPDATE coachsync_leases SET until = since - 1")


@pytest.fixture
def elsewhere(scene: Scene) -> Iterator[Leases]:
    """Have another host work with the bot."""
    held = Leases(lambda: PostgresDatabase(scene.url, writable=True))
    held.take([BOT], 0)
    yield held
    held.close()


def writes(scene: Scene) -> list[str]:
    return [f"{r.method} {r.path}" for r in scene.standin.requests if r.write]


def at_write(scene: Scene, nth: int, act: Callable[[], None], *, after: bool) -> None:
    """Act when the n-th write comes to Discord: before anything comes of it, or when all of it did."""
    seen = 0

    def count(request: Request, *_: object) -> None:
        nonlocal seen
        if request.write:
            seen += 1
            if seen == nth:
                act()

    (scene.standin.after_request if after else scene.standin.before_request)(count)


class TestTogether:
    def test_two_hosts_started_together_set_up_a_session_with_four_requests(self, scene: Scene) -> None:
        first, second = begun(scene), begun(scene)
        results = [ended(first), ended(second)]
        assert ([r.code for r in results], len(writes(scene))) == ([OK, OK], WRITES)

    def test_host_without_the_lease_says_to_whom_it_leaves_the_guild(self, scene: Scene, elsewhere: Leases) -> None:
        told = ended(begun(scene)).json
        (left,) = told["elsewhere"]
        assert (left["bot"], left["host"], left["guild_ids"]) == (BOT, os.uname().nodename, [scene.guild])
        assert (told["requests"], told["actions"]) == (0, [])

    def test_host_without_the_lease_sends_nothing_and_is_well(self, scene: Scene, elsewhere: Leases) -> None:
        assert (ended(begun(scene)).code, scene.standin.requests) == (OK, [])

    def test_program_hears_of_a_room_once_whichever_host_opened_it(self, scene: Scene) -> None:
        heard = scene.folder / "heard"
        scene.configure(rest=f'[hooks]\nopened = ["/bin/sh", "-c", "echo $COACHSYNC_SESSION >> {heard}"]')
        hosts = [begun(scene), begun(scene)]
        assert [ended(host).code for host in hosts] == [OK, OK]
        scene.tick(QUARTER)
        assert heard.read_text("utf-8").split() == [ID]

    def test_run_that_waits_for_the_lease_does_the_work(self, scene: Scene, elsewhere: Leases) -> None:
        host = begun(scene, "--wait", "30")
        threading.Timer(1.0, elsewhere.close).start()
        assert ended(host).actions == [(ID, "setup", "done")]

    def test_plan_whose_session_another_host_works_on_is_not_called_changed(self, scene: Scene) -> None:
        plan = str(scene.folder / "plan.json")
        assert scene.program("run", "--dry-run", "--out", plan).code == OK
        with closing(Leases(lambda: PostgresDatabase(scene.url, writable=True))) as held:
            held.take([BOT], 0)
            found = scene.program("run", "--plan", plan, "--json")
        assert (found.code, found.json["error"]["code"]) == (LOCKED, "locked")

    def test_causes_of_what_is_left_to_another_host_stay(self, scene: Scene) -> None:
        scene.world.leave(scene.guild, scene.student)
        scene.tick()
        with scene.store(writable=False) as store:
            before = store.ledger.causes()
        held = Leases(lambda: PostgresDatabase(scene.url, writable=True))
        held.take([BOT], 0)
        scene.tick(MINUTE)
        held.close()
        with scene.store(writable=False) as store:
            assert [c.code for c in store.ledger.causes()] == [c.code for c in before] == ["unknown_member"]

    def test_last_run_before_the_start_looks_at_everybody_though_another_has_just_left_it(self, scene: Scene) -> None:
        scene.tick()
        scene.tick(int(scene.row()["scheduledDate"]) - scene.now() - 2 * QUARTER)
        with closing(Leases(lambda: PostgresDatabase(scene.url, writable=True))) as held:
            held.take([BOT], 0)
            scene.tick(QUARTER)
        scene.tick(1000)
        looked = {r.path.rpartition("/")[2] for r in scene.standin.requests if r.template == MEMBER}
        assert looked >= {scene.student, scene.coach}

    @pytest.mark.parametrize("command", [("setup", ID), ("cleanup", "--yes", ID), ("audit",)], ids=lambda c: c[0])
    def test_named_session_and_audit_say_who_holds_the_bot(self, scene: Scene, command: tuple[str, ...]) -> None:
        if command[0] != "setup":
            scene.tick()
        with closing(Leases(lambda: PostgresDatabase(scene.url, writable=True))) as held:
            held.take([BOT], 0)
            told = scene.program(*command, "--json")
        assert (told.code, told.json["error"]["code"]) == (LOCKED, "locked")
        assert os.uname().nodename in told.json["error"]["message"]

    def test_hosts_share_out_the_bots(self, scene: Scene) -> None:
        bot = scene.world.add_bot(OTHER, "coachsync too")
        guild = scene.world.add_guild("Second", scene.owner, [bot, scene.student, scene.coach])
        (scene.folder / "other-token").write_text(OTHER)
        (scene.folder / "other-token").chmod(0o600)
        scene.configure(rest=f'[guilds.{guild}]\ntoken_file = "other-token"')
        scene.book("other-session", guildId=guild)
        held = Leases(lambda: PostgresDatabase(scene.url, writable=True))
        held.take([BOT], 0)
        told = ended(begun(scene))
        held.close()
        assert told.actions == [("other-session", "setup", "done")]
        assert [left["guild_ids"] for left in told.json["elsewhere"]] == [[scene.guild]]


class TestKilled:
    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("nth", range(1, WRITES + 1))
    def test_other_host_finishes_what_a_killed_one_began(
        self, scene: Scene, sql: PostgresDatabase, nth: int, after: bool
    ) -> None:
        host: list[Forked] = []
        at_write(scene, nth, lambda: host[0].signal(signal.SIGKILL), after=after)
        host.append(begun(scene))
        assert ended(host[0]).code == -signal.SIGKILL
        scene.standin.clear_hooks()
        run_out(sql)
        scene.tick(QUARTER)
        assert (scene.report.exit_code, len(scene.roles()), len(scene.rooms())) == (OK, 1, 1)
        assert scene.people_in_reach() == {scene.student, scene.coach}

    def test_guild_of_a_killed_host_is_left_alone_for_a_minute(self, scene: Scene) -> None:
        host: list[Forked] = []
        at_write(scene, 2, lambda: host[0].signal(signal.SIGKILL), after=False)
        host.append(begun(scene))
        ended(host[0])
        scene.standin.clear_hooks()
        scene.standin.clear_requests()
        assert (ended(begun(scene)).code, scene.standin.requests) == (OK, [])


def frozen_before(scene: Scene, path: str) -> Forked:
    """Begin a run that freezes between the ledger's word and the request it announces."""
    inject = f"""
import os, signal
from coachsync.discord.transport import sending
send = sending.Transport._send
def frozen(self, request, exchange):
    if request.method == "POST" and request.url.endswith({path!r}):
        os.kill(os.getpid(), signal.SIGSTOP)
    return send(self, request, exchange)
sending.Transport._send = frozen
"""
    host = scene.begin("run", "--json", inject=inject)
    wait_for(lambda: _state(host.pid) == "T")
    return host


def _state(pid: int) -> str:
    """Return the letter by which the kernel tells how a process is."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class TestFrozen:
    @pytest.mark.parametrize("kind", ["roles", "channels"])
    def test_twin_of_a_frozen_host_admits_nobody_and_is_removed_by_the_next_run(
        self, scene: Scene, sql: PostgresDatabase, kind: str
    ) -> None:
        host = frozen_before(scene, f"/{kind}")
        run_out(sql)
        scene.tick(QUARTER)
        assert scene.done == [("setup", "done")]
        host.signal(signal.SIGCONT)
        told = ended(host)
        found = scene.roles() if kind == "roles" else scene.rooms()
        assert told.code == SOME_FAILED
        assert len(found) <= 2  # more often than not the run gives its request up when it wakes
        reach = [scene.world.who_can_enter(room) - {scene.bot, scene.owner} for room in scene.rooms()]
        assert all(people <= {scene.student, scene.coach} for people in reach)
        scene.tick(QUARTER)
        assert (len(scene.roles()), len(scene.rooms())) == (1, 1)
        assert scene.people_in_reach() == {scene.student, scene.coach}

    def test_frozen_host_writes_nothing_when_it_goes_on(self, scene: Scene, sql: PostgresDatabase) -> None:
        host = frozen_before(scene, "/roles")
        run_out(sql)
        scene.tick(QUARTER)
        before = scene.entry()
        host.signal(signal.SIGCONT)
        told = ended(host)
        assert scene.entry() == before
        assert [a["error"]["code"] for a in told.json["actions"]] == ["interrupted"]

    def test_nothing_more_is_sent_once_the_lease_was_not_renewed_for_forty_seconds(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = leases.up_s() + 41
        at_write(scene, 1, lambda: monkeypatch.setattr(leases, "up_s", lambda: later), after=True)
        scene.tick()
        assert ([w.rpartition("/")[2] for w in scene.writes], scene.codes) == (["roles"], ["interrupted"])

    def test_run_whose_lease_was_taken_over_records_its_end_and_nothing_of_what_it_saw(
        self, scene: Scene, sql: PostgresDatabase
    ) -> None:
        with closing(Leases(lambda: PostgresDatabase(scene.url, writable=True))) as other:

            def lose() -> None:
                run_out(sql)
                other.take([BOT], 0)

            at_write(scene, WRITES, lose, after=True)
            scene.tick()
        assert [row[0] is not None for row in sql.all("SELECT finished_at FROM coachsync_runs")] == [True]
        assert sql.all("SELECT guild_id FROM coachsync_sights") == []


class TestYoungAttempts:
    def attempted(self, scene: Scene, path: str) -> None:
        """Have another run's create get no answer."""
        host: list[Forked] = []
        at_write(scene, 1 if path == ROLES else 2, lambda: host[0].signal(signal.SIGKILL), after=False)
        host.append(begun(scene))
        ended(host[0])
        scene.standin.clear_hooks()

    @pytest.mark.parametrize("path", [ROLES, CHANNELS], ids=["role", "channel"])
    def test_young_attempt_of_another_host_is_left_alone(self, scene: Scene, sql: PostgresDatabase, path: str) -> None:
        self.attempted(scene, path)
        run_out(sql)
        scene.tick(1000)
        assert (scene.done, scene.codes, scene.writes) == ([("setup", "deferred")], ["interrupted"], [])

    @pytest.mark.parametrize("path", [ROLES, CHANNELS], ids=["role", "channel"])
    def test_older_attempt_is_looked_for_and_made_again(self, scene: Scene, sql: PostgresDatabase, path: str) -> None:
        self.attempted(scene, path)
        run_out(sql)
        scene.tick(20_000)
        assert (scene.done, len(scene.roles()), len(scene.rooms())) == ([("setup", "done")], 1, 1)


class TestDatabaseAway:
    @pytest.mark.parametrize("nth", range(1, WRITES + 1))
    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    def test_run_whose_connections_are_cut_converges_within_two_ticks(
        self, scene: Scene, postgres_server: Postgres, nth: int, after: bool
    ) -> None:
        role = scene.url.partition("//")[2].partition("@")[0]
        at_write(scene, nth, lambda: postgres_server.cut_off(role), after=after)
        scene.tick()
        scene.standin.clear_hooks()
        scene.tick(QUARTER)
        assert (scene.report.exit_code, len(scene.roles()), len(scene.rooms())) == (OK, 1, 1)
        assert scene.people_in_reach() == {scene.student, scene.coach}
        assert scene.marks()["discordSetupComplete"] in (True, 1)

    def test_attempt_is_never_written_again_over_another_connection(
        self, scene: Scene, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit = PostgresDatabase._commit
        role = scene.url.partition("//")[2].partition("@")[0]

        def lost(self: PostgresDatabase) -> None:
            if self.one("SELECT 1 FROM coachsync_resources WHERE state = 'attempted'") is not None:
                monkeypatch.setattr(PostgresDatabase, "_commit", commit)
                postgres_server.cut_off(role)
            commit(self)

        monkeypatch.setattr(PostgresDatabase, "_commit", lost)
        scene.tick()
        assert (scene.done, scene.codes, scene.writes) == ([("setup", "failed")], ["store_error"], [])


@pytest.mark.parametrize(("off", "looks"), [(HOUR, 1), (-HOUR, 0)], ids=["ahead", "behind"])
def test_clock_that_is_off_takes_no_ledger_for_silent_but_once(scene: Scene, off: int, looks: int) -> None:
    guild = scene.another_guild()
    scene.configure(rest=f"[guilds.{guild}]")
    scene.tick()
    scene.standin.clear_requests()
    for later in (QUARTER, off, QUARTER - off, off, QUARTER - off):
        scene.clock.advance(later)
        ended(by_its_own_clock(scene, "alpha"))
    assert sum(r.path == f"/guilds/{guild}/channels" for r in scene.standin.requests) == looks


def by_its_own_clock(scene: Scene, host: str, off: int = 0) -> Forked:
    """Begin a run on a host whose clock is off by so much."""
    named = f"os.uname = lambda: os.uname_result(('', {host!r}, '', '', ''))"
    clock = f"time.time_ns = lambda: {scene.clock.now() + off} * 1_000_000"
    inject = f"import os, time; {named}; {clock}; from coachsync import waits; waits.hurry(way=50)"
    return scene.home.begin("--config", str(scene.home.config), "run", "--json", inject=inject, COACHSYNC_TOKEN=TOKEN)


def test_host_whose_clock_was_off_lets_others_work_first(scene: Scene) -> None:
    scene.tick()
    scene.clock.advance(QUARTER)
    assert ended(by_its_own_clock(scene, "alpha", HOUR)).code == OK
    scene.book("another")
    late, right = by_its_own_clock(scene, "alpha", HOUR), by_its_own_clock(scene, "beta")  # alpha waits for long
    told = ended(right)
    assert (told.actions, told.json["elsewhere"]) == ([("another", "setup", "done")], [])
    late.signal(signal.SIGKILL)
    ended(late)


def test_host_s_own_clock_has_no_say_in_who_holds_a_bot(scene: Scene, elsewhere: Leases) -> None:
    told: Any = json.loads(scene.program("run", "--json", inject="import time; time.time = lambda: 4e9").out)
    assert [left["guild_ids"] for left in told["elsewhere"]] == [[scene.guild]]


class TestTelling:
    def test_only_one_host_at_a_time_tells_people_what_is_new(self, scene: Scene) -> None:
        with scene.store() as mine, scene.store() as theirs, waits.hurried(telling=0.05):
            with mine.telling() as first, theirs.telling() as second:
                turns = first, second
            with theirs.telling() as later:
                assert (*turns, later) == (True, False, True)

    def test_only_one_host_at_a_time_pulls_sources(self, scene: Scene) -> None:
        with ExitStack() as stack:
            mine, theirs = (stack.enter_context(scene.store()) for _ in range(2))
            stack.enter_context(waits.hurried(telling=0.05))
            turns = [stack.enter_context(turn()) for turn in (mine.pulling, theirs.pulling, theirs.telling)]
        assert turns == [True, False, True]

    def test_same_cause_that_two_hosts_saw_is_kept_once(self, scene: Scene) -> None:
        cause = Cause("unknown_guild", scene.guild, "gone", "see to it", (ID,), scene.now(), scene.now(), "note")
        with scene.store() as mine, scene.store() as theirs:
            for store in (mine, theirs):
                with store.transaction() as transaction:
                    transaction.ledger.keep_causes(Followed((cause,)), scene.now())
            assert len(mine.ledger.causes()) == 1


class TestSentSoonOrNever:
    """Others take an older attempt for dead, so a create that has to wait for a limit is attempted anew."""

    def test_create_that_waits_for_a_limit_is_attempted_anew_when_it_has_opened(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(job, "LATE", 200)
        scene.standin.faults.add("rate_limited", ("POST", ROLES), retry_after=0.6)
        scene.tick()
        assert (scene.done, len(scene.roles()), len(scene.rooms())) == ([("setup", "done")], 1, 1)

    def test_category_that_waits_for_a_limit_is_attempted_anew_when_it_has_opened(
        self, scene: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = scene.world.add_category(scene.guild, "Coaching")
        for number in range(50):
            scene.world.add_channel(scene.guild, f"talk {number}", parent=full)
        scene.configure(f'category_id = "{full}"')
        monkeypatch.setattr(category, "LATE", 200)
        scene.standin.faults.add("rate_limited", ("POST", CHANNELS), retry_after=0.6)
        scene.tick()
        made = [name for name in scene.things().values() if name.startswith("Coaching")]
        assert (scene.done, sorted(made)) == ([("setup", "done")], ["Coaching", "Coaching 2"])

    def test_age_of_an_attempt_is_that_at_which_the_guild_was_listed(self, scene: Scene, sql: PostgresDatabase) -> None:
        host: list[Forked] = []
        at_write(scene, 1, lambda: host[0].signal(signal.SIGKILL), after=False)
        host.append(begun(scene))
        ended(host[0])
        scene.standin.clear_hooks()
        run_out(sql)
        scene.clock.advance(10_000)

        def later(request: Request, *_: object) -> None:
            if request.path.endswith("/channels") and not request.write:
                scene.clock.advance(30_000)  # what was young when it was listed has aged

        scene.standin.after_answer(later)
        scene.tick()
        assert (scene.done, scene.writes) == ([("setup", "deferred")], [])
