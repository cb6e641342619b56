"""OPERATOR "News": what a crontab mails: one mail for a beginning, one when it is late, one for its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from coachsync.domain.model import HOUR, MINUTE
from coachsync.domain.permissions import ENTER, MEMBER
from tests.kit.home import Result
from tests.kit.scene import CHANNELS, ID, QUARTER, Scene, Stage
from tests.kit.town import TOKEN

WRONG_TOKEN = TOKEN[:-3] + "abc"
PEOPLE = {"studentName": "Nadja", "coachName": "Mike"}


def mails(scene: Scene, ticks: int, *arguments: str, **environ: str) -> list[str]:
    """Let cron call `run --quiet` each quarter of an hour; return what it would mail."""
    found = []
    for _ in range(ticks):
        scene.clock.advance(QUARTER)
        said = scene.command("run", "--quiet", *arguments, **environ)
        assert said.out == ""
        if said.err:
            found.append(said.err)
    return found


def heads(told: list[str]) -> list[str]:
    """Return the first word of each mail."""
    return [mail.partition(":")[0] for mail in told]


def hours_ahead(scene: Scene, session_id: str = ID, **fields: object) -> None:
    scene.book(session_id, start=scene.now() + 3 * HOUR + QUARTER, **PEOPLE | fields)


def test_absent_student_is_two_mails_and_one_end(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene, studentDiscordId=scene.person("late", member=False))
    told = mails(scene, 19)
    assert heads(told) == ["failing", "late", "over"]
    first, second, last = (mail.splitlines() for mail in told)
    assert first[0].startswith("failing: Nadja with Mike, Wed 14 Oct 18:15 UTC, in 3 h 0 min: the student (")
    assert first[0].endswith("is not in the guild (unknown_member)")
    assert (len(first), len(second), len(last)) == (2, 2, 1)
    assert ID in first[1]


def test_student_who_joins_is_told_as_mended(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    late = scene.person("late", member=False)
    hours_ahead(scene, studentDiscordId=late)
    assert heads(mails(scene, 2)) == ["failing"]
    scene.world.join(scene.guild, late)
    assert heads(mails(scene, 3)) == ["mended"]


def test_cancelled_session_takes_its_cause_along(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene, studentDiscordId=None)
    assert heads(mails(scene, 2)) == ["failing"]
    scene.change(status="CANCELLED")
    assert heads(mails(scene, 2)) == ["over"]


@pytest.mark.parametrize("sessions", [1, 4, 30])
def test_wrong_token_is_three_lines_however_many_sessions_wait(stage: Stage, sessions: int) -> None:
    scene = stage()
    scene.tick()
    for number in range(sessions):
        hours_ahead(scene, f"session{number:03}")
    told = mails(scene, 2, COACHSYNC_TOKEN=WRONG_TOKEN)
    assert heads(told) == ["failing"]
    assert len(told[0].splitlines()) == (3 if sessions > 1 else 2)


def test_wrong_token_without_quiet_is_three_lines_that_name_each_session(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    ids = [f"session{number:03}" for number in range(30)]
    for session_id in ids:
        hours_ahead(scene, session_id)
    scene.clock.advance(QUARTER)
    said = scene.command("run", COACHSYNC_TOKEN=WRONG_TOKEN)
    assert said.complaint == ["error", "hint", "sessions"]
    assert [i for i in ids if i not in said.err] == []
    assert scene.command("run", "--json", COACHSYNC_TOKEN=WRONG_TOKEN).complaint == ["error", "hint", "sessions"]


def test_discord_down_is_one_mail_and_one_end(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    for session_id in ("one", "two", "six"):
        hours_ahead(scene, session_id)
    scene.standin.faults.add("forbidden", ("GET", CHANNELS), count=None, code=50001)
    assert heads(mails(scene, 3)) == ["failing"]
    scene.standin.faults.clear()
    assert heads(mails(scene, 2)) == ["mended"]


def test_permission_that_lacks_is_told_without_what_follows_from_it(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    mine = next(iter(scene.world.roles_of(scene.guild, scene.bot)))
    scene.world.edit_role(scene.guild, mine, permissions=ENTER)
    hours_ahead(scene, "one")
    hours_ahead(scene, "two")
    told = mails(scene, 3)
    assert [(mail.count("(missing_permission)"), len(mail.splitlines())) for mail in told] == [(1, 3)]


def test_leak_that_is_let_be_is_told_by_every_run_and_its_end_once(stage: Stage) -> None:
    scene = stage()
    scene.configure(rest='[privacy]\nstrangers = "report"')
    scene.book(studentName="Nadja", coachName="Mike")
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    assert heads(mails(scene, 3)) == ["late", "late", "late"]
    scene.world.delete_overwrite(scene.room(), scene.stranger)
    assert heads(mails(scene, 3)) == ["mended"]


def test_leak_that_the_run_itself_mends_is_told_once(stage: Stage) -> None:
    scene = stage()
    scene.book(studentName="Nadja", coachName="Mike")
    scene.tick()
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    assert heads(mails(scene, 3)) == ["mended"]


def test_what_lasts_is_told_again_after_repeat(stage: Stage) -> None:
    scene = stage()
    scene.configure(rest='[alerts]\nrepeat = "30m"')
    scene.tick()
    hours_ahead(scene, studentDiscordId=None)
    told = mails(scene, 5)
    assert heads(told) == ["failing", "failing", "failing"]
    assert ", since Wed 14 Oct" in told[1]


def test_runs_by_hand_tell_all_and_leave_cron_its_news(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene, studentDiscordId=None)
    scene.clock.advance(QUARTER)
    by_hand: list[Result] = [scene.command("run") for _ in range(2)] + [scene.command("setup", "--quiet")]
    assert [said.err.count("(unlinked)") for said in by_hand] == [1, 1, 1]
    assert heads(mails(scene, 2)) == ["failing"]
    scene.change(studentDiscordId=scene.student)
    assert "mended: " in scene.command("run").err
    assert heads(mails(scene, 2)) == ["mended"]


def test_dry_run_tells_as_if_for_the_first_time_and_marks_nothing(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene)
    scene.change(studentDiscordId="nobody")
    scene.clock.advance(QUARTER)
    for _ in range(2):
        assert heads([scene.command("run", "--quiet", "--dry-run").err]) == ["failing"]
    assert heads(mails(scene, 1)) == ["failing"]
    assert heads([scene.command("run", "--quiet", "--dry-run").err]) == ["failing"]


def test_output_that_a_full_disk_took_has_told_nothing(stage: Stage) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this host has no /dev/full")
    scene = stage()
    scene.tick()
    hours_ahead(scene, studentDiscordId=None)
    scene.clock.advance(QUARTER)
    lost = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 2)"
    assert scene.program("run", "--quiet", inject=lost).err == ""
    assert scene.program("run", "--quiet", inject="import os; os.close(2)").err == ""
    assert heads(mails(scene, 2)) == ["failing"]


# runs that cannot work


def broken(scene: Scene, fault: str) -> None:
    """Spoil the configuration: a key that is none, or a line that is no TOML."""
    text = scene.home.config.read_text("utf-8")
    scene.home.config.write_text(f"{fault}\n{text}" if fault.startswith("[") else f"{text}\n{fault}\n", "utf-8")


@pytest.mark.parametrize("fault", ["[nonsense]", "this is no TOML", "[windows]\nsetup_by = 7"])
def test_broken_configuration_is_one_mail_and_one_end(scene: Scene, fault: str) -> None:
    scene.tick()
    before = scene.home.config.read_text("utf-8")
    broken(scene, fault)
    told = mails(scene, 3)
    assert heads(told) == ["late"]
    assert "this host: no run can work: " in told[0]
    assert scene.command("run", "--quiet").code == 3
    scene.home.config.write_text(before, "utf-8")
    assert [c["code"] for c in scene.command("status", "--json").json["attention"]] == ["tick_failed"]
    assert heads(mails(scene, 2)) == ["mended"]


def test_missing_token_is_one_mail_and_one_end(scene: Scene) -> None:
    scene.tick()
    hours_ahead(scene)
    assert heads(mails(scene, 3, COACHSYNC_TOKEN="")) == ["late"]
    assert heads(mails(scene, 2)) == ["mended"]


def test_run_that_could_not_start_does_not_count_as_the_first_or_as_one_that_looked(scene: Scene) -> None:
    scene.book(start=scene.now() - 2 * HOUR)
    assert scene.command("run", COACHSYNC_TOKEN="").code == 3
    scene.book("two", start=scene.now() - 2 * HOUR)
    scene.clock.advance(QUARTER)
    assert scene.command("run", "--json").actions == []  # both were over before the first run: past, not missed


def test_broken_configuration_makes_no_ledger_where_there_is_none(scene: Scene) -> None:
    broken(scene, "[nonsense]")
    before = scene.home.files()
    assert scene.command("run", "--quiet").complaint == ["error", "hint"]
    assert scene.home.files() == before


def test_store_that_cannot_be_written_is_told_every_time(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene)
    scene.file.write_bytes(b"no database at all, but some text")
    told = mails(scene, 2)
    assert heads(told) == ["error", "error"]


def test_held_lock_is_silence_within_the_holders_budget_and_told_beyond(scene: Scene) -> None:
    scene.tick()
    with scene.store() as store, store.run_lock(0, "run since 2999-01-01T00:00:00Z"):
        assert scene.command("run", "--quiet") == (4, "", "")
        assert scene.command("run").complaint == ["error", "hint"]
    with scene.store() as store, store.run_lock(0, "run since 2026-10-01T00:00:00Z"):
        assert scene.command("run", "--quiet").complaint == ["error", "hint"]


def test_missed_session_is_told_once_by_cron_also_if_a_hand_was_faster(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    scene.book(start=scene.now() + 4 * HOUR, **PEOPLE)
    scene.clock.advance(6 * HOUR)
    assert "(missed)" in scene.command("run").err
    told = mails(scene, 3)
    assert heads(told) == ["late"]
    assert "(missed)" in told[0]


def test_end_of_a_silence_is_not_told(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    scene.clock.advance(20 * HOUR)
    assert [c["code"] for c in scene.command("status", "--json").json["attention"]] in ([], ["no_tick"])
    assert mails(scene, 1) == []


def test_quiet_run_is_exit_1_and_silent_while_a_cause_stands(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene, studentDiscordId=None)
    mails(scene, 1)
    scene.clock.advance(MINUTE)
    assert scene.command("run", "--quiet") == (1, "", "")


def test_what_cannot_be_marked_is_told_once_a_run_and_again_by_the_next(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    hours_ahead(scene, studentDiscordId=None)
    scene.clock.advance(QUARTER)
    refuse = "import coachsync.store.ledger.causes as c, sqlite3\ndef mark(*_):\n    raise c.StoreError('no', 'no')\n"
    refuse += "from coachsync.errors import StoreError\nc.StoreError = StoreError\nc.mark = mark"
    for _ in range(2):
        said = scene.program("run", "--quiet", inject=refuse)
        assert said.complaint == ["failing", "hint"]
    assert heads(mails(scene, 2)) == ["failing"]


def test_quiet_call_by_name_is_told_why_nothing_is_done(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    said = scene.command("setup", "nobody", "--quiet")
    assert (said.code, said.complaint) == (1, ["error", "hint"])
    assert "nobody" in said.err


def test_store_that_cannot_be_written_is_told_once_in_each_run(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    scene.change(status="CANCELLED")
    scene.clock.advance(QUARTER)
    refuse = "import coachsync.store.bookings as b\nfrom coachsync.errors import StoreError\n"
    refuse += "def prove(self):\n    raise StoreError('the disk is full', 'make room')\nb.Bookings.prove = prove"
    said = scene.program("run", "--quiet", inject=refuse)
    assert (said.code, said.err.count("the disk is full")) == (3, 1), said
    assert scene.things() == {}


def test_bug_is_shown_afterwards_until_a_run_works(stage: Stage) -> None:
    scene = stage()
    scene.tick()
    scene.clock.advance(QUARTER)
    assert scene.program("run", inject="import coachsync.engine.tick as t; t.read = None").code == 70
    (cause,) = scene.command("status", "--json").json["attention"]
    assert (cause["code"], cause["urgency"]) == ("tick_failed", "late")
    assert "coachsync has a bug: TypeError" in cause["message"]
    scene.tick(QUARTER)
    assert scene.command("status", "--json").json["attention"] == []
