"""Completion: where the cursor is, what is offered there, and how each shell is told."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from coachsync.cli.app import build
from coachsync.cli.completion.answer import _bash, _raw
from coachsync.cli.completion.offers import MOST, Offer, offers
from coachsync.cli.completion.words import cursor, split
from coachsync.domain.model import HOUR
from tests.kit.home import COACH, GUILD, JSON, ROOT, SQLITE, STUDENT, Home

PROGRAM = build()
BREAKS = " \t\n\"'@><=;|&(:"
OTHER_GUILD = "1200000000000000000"
ODD = "we ird$(touch x)'q"


def offered(line: str, **environ: str) -> list[Offer]:
    """Return what may stand at the end of a line."""
    here = cursor(PROGRAM, *split(line))
    found = [] if here is None else offers(PROGRAM, here, environ)
    assert found != "files"
    return found


def values(line: str, **environ: str) -> list[str]:
    """Return the words that may stand at the end of a line."""
    return [offer.value for offer in offered(line, **environ)]


@pytest.fixture(params=[SQLITE, JSON], ids=["sqlite", "json"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """Return a home with sessions before, now and later, one of them in another guild."""
    home = Home(tmp_path).settle(request.param)
    now = int(time.time() * 1000)
    starts = {"last": -30 * HOUR, "long-past": -900 * HOUR, "now": -HOUR // 2, "later": 50 * HOUR, "next": HOUR}
    rows = [
        {"_id": f"{name}-1", "status": "SCHEDULED", "scheduledDate": now + start, "studentDiscordId": STUDENT,
         "coachDiscordId": STUDENT, "studentName": f"Emma {name}", "coachName": "Mike"}
        for name, start in starts.items()
    ]  # fmt: skip
    rows[0]["guildId"] = OTHER_GUILD
    with home.store() as store:
        store.bookings.import_rows([*rows, rows[0] | {"_id": ODD, "scheduledDate": now + 99 * HOUR}])
    return home


# where the cursor is


@pytest.mark.parametrize(
    ("line", "words", "last"),
    [
        ("coachsync ", [], ""),
        ("coachsync sta", [], "sta"),
        ("/usr/bin/coachsync status ", ["status"], ""),
        ("sudo -u x coachsync status a", ["status"], "a"),
        ("coachsync explain 'a b", ["explain"], "a b"),
        ('coachsync explain "a b" c', ["explain", "a b"], "c"),
        ("coachsync explain a\\ ", ["explain"], "a "),
        ("coachsync explain #x", ["explain"], "#x"),
        ("", [], ""),
    ],
)
def test_line_is_split_as_a_shell_would(line: str, words: list[str], last: str) -> None:
    assert split(line) == (words, last)


@pytest.mark.parametrize(
    ("line", "param", "text"),
    [
        ("coachsync explain ab", "name", "ab"),
        ("coachsync --config x explain ab", "name", "ab"),
        ("coachsync explain --config x ab", "name", "ab"),
        ("coachsync explain --config x", "config", "x"),
        ("coachsync --config=x", "config", "x"),
        ("coachsync run --log-format=js", "log_format", "js"),
        ("coachsync sessions add --tz=Eu", "tz", "Eu"),
        ("coachsync status a b c", "sessions", "c"),
        ("coachsync status -- -", "sessions", "-"),
        ("coachsync sessions add --student-name --tz ", None, ""),
        ("coachsync run ", None, ""),
        ("coachsync status --watch ab", "sessions", "ab"),
    ],
)
def test_place_is_the_one_that_the_parser_will_see(line: str, param: str | None, text: str) -> None:
    here = cursor(PROGRAM, *split(line))
    assert here is not None
    assert (None if here.param is None else here.param.name, here.text) == (param, text)


def test_configuration_on_the_line_is_the_last_one() -> None:
    here = cursor(PROGRAM, *split("coachsync --config a sessions --config=b show --config c x"))
    assert here is not None
    assert here.config == "c"


def test_words_that_name_no_command_offer_nothing() -> None:
    assert values("coachsync nonsense ") == []


# what is offered


def test_commands_and_those_of_a_group_are_offered_with_what_they_do() -> None:
    assert values("coachsync sess") == ["sessions"]
    assert set(values("coachsync sessions re")) >= {"restore", "reschedule"}
    assert all(offer.told for offer in offered("coachsync "))


@pytest.mark.parametrize("line", ["coachsync run --log", "coachsync --log", "coachsync sessions list --log"])
def test_options_for_every_command_are_offered_everywhere(line: str) -> None:
    assert values(line) == ["--log-format"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("coachsync run --log-format ", ["text", "json"]),
        ("coachsync init --access=", ["role", "member"]),
        ("coachsync sessions add --tz Europe/Berl", ["Europe/Berlin"]),
        ("coachsync explain room_open", ["room_open_to_others"]),
        ("coachsync help sec", ["security"]),
    ],
)
def test_values_of_options_are_offered(line: str, found: list[str]) -> None:
    assert values(line, COACHSYNC_CONFIG="/nowhere") == found


def test_parts_of_the_world_are_offered_before_its_zones() -> None:
    found = values("coachsync sessions add --tz ")
    assert {"Europe/", "America/", "UTC"} <= set(found)
    assert len(found) < 40


def test_sessions_are_offered_by_who_and_when_the_next_first(home: Home) -> None:
    found = offered(f"coachsync --config {home.config} explain ")
    assert [offer.value for offer in found] == ["now-1", "next-1", "later-1", ODD, "last-1", "long-past-1"]
    assert re.search(r"\d\d:\d\d Emma next and Mike$", found[1].told)


@pytest.mark.parametrize("command", ["status", "setup", "cleanup", "sessions show", "sessions cancel", "audit"])
def test_sessions_are_offered_wherever_one_is_named(home: Home, command: str) -> None:
    assert values(f"coachsync {command} --config {home.config} nex") == ["next-1"]


def test_session_is_offered_by_its_short_name_if_that_is_typed(home: Home) -> None:
    home.book("1f0c7a2e-5b1d-4d0e-9c3a-aaaabbbbcccc")
    assert values("coachsync explain bbb", COACHSYNC_CONFIG=str(home.config)) == ["bbbbcccc"]


def test_long_list_of_sessions_is_bounded(home: Home) -> None:
    with home.store() as store:
        row = {"status": "SCHEDULED", "scheduledDate": 4_000_000_000_000, "studentDiscordId": STUDENT,
               "coachDiscordId": STUDENT}  # fmt: skip
        store.bookings.import_rows([{"_id": f"m{n}"} | row for n in range(MOST + 50)])
    assert len(values("coachsync explain ", COACHSYNC_CONFIG=str(home.config))) == MOST
    assert values("coachsync explain m24", COACHSYNC_CONFIG=str(home.config))[:2] == ["m24", "m240"]


def test_session_that_begins_with_a_dash_is_offered_behind_two_alone(home: Home) -> None:
    with home.store() as store:
        fields = store.bookings.raw("next-1") or {}
        store.bookings.import_rows([fields | {"_id": "-x1"}])
    environ = {"COACHSYNC_CONFIG": str(home.config)}
    assert "-x1" not in values("coachsync explain ", **environ)
    assert values("coachsync explain -- -", **environ) == ["-x1"]


def test_guilds_of_configuration_and_bookings_are_offered(home: Home) -> None:
    assert values("coachsync sessions add --guild ", COACHSYNC_CONFIG=str(home.config)) == [GUILD, OTHER_GUILD]


@pytest.mark.parametrize("command", ["store copy", "store reopen"])
def test_configured_store_is_offered_to_be_copied(home: Home, command: str) -> None:
    assert values(f"coachsync --config {home.config} {command} ") == [home.url]


def test_statuses_of_the_configuration_are_offered(home: Home) -> None:
    found = values("coachsync sessions restore x --status ", COACHSYNC_CONFIG=str(home.config))
    assert found == ["SCHEDULED", "CONFIRMED", "IN_PROGRESS", "CANCELLED"]


@pytest.mark.parametrize("line", ["coachsync --config ", "coachsync sessions import ", "coachsync init --token-file x"])
def test_names_of_files_are_left_to_the_shell(line: str) -> None:
    here = cursor(PROGRAM, *split(line))
    assert here is not None
    assert offers(PROGRAM, here, {}) == "files"


# how a shell is told


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("a b", "b"),
        ("a 'b c", "'b c"),
        ('a "b', '"b'),
        ("a b\\ c", "b\\ c"),
        ("a ", ""),
        ("a --x='b c'd", "--x='b c'd"),
    ],
)
def test_word_under_the_cursor_is_known_as_it_was_typed(line: str, word: str) -> None:
    assert _raw(line) == word


@pytest.mark.parametrize(
    ("raw", "value", "inserted"),
    [
        ("we", ODD, shlex.split),
        ("'we", ODD, lambda text: shlex.split(f"'{text}'")),
        ('"we', ODD, lambda text: shlex.split(f'"{text}"'.replace("\\$", "$"))),  # shlex keeps it
        ("cal:a", "cal:abc", lambda text: [f"cal:{text}"]),
        ("cal\\:a", "cal:abc", lambda text: [text]),
        ("'cal:a", "cal:abc", lambda text: [text]),
        ("--tz=Eu", "Europe/Berlin", lambda text: [text]),
    ],
)
def test_bash_is_given_what_it_puts_in_the_place_of_the_typed(raw: str, value: str, inserted: object) -> None:
    [text] = _bash([Offer(value, "told")], raw, BREAKS, menu=False)
    assert callable(inserted)
    assert inserted(text) == [value]


def test_bash_is_told_of_several_words_what_they_are_and_of_one_nothing() -> None:
    two = [Offer("abc12345", "today 10:03 Emma"), Offer("abc", "")]
    assert _bash(two, "ab", BREAKS, menu=False) == ["abc12345  (today 10:03 Emma)", "abc"]
    assert _bash(two, "ab", BREAKS, menu=True) == ["abc12345", "abc"]


@pytest.mark.parametrize(
    ("shell", "answered"),
    [
        ("complete_bash", "now-1"),
        ("complete_zsh", '_arguments \'*: :(("now-1":"'),
        ("complete_fish", "now-1\t"),
        ("bash", "words\nnow-1"),
        ("zsh", "words\nnow-1\t"),
        ("fish", "words\nnow-1\t"),
    ],
)
def test_each_shell_and_each_earlier_script_is_answered(home: Home, shell: str, answered: str) -> None:
    line = "coachsync explain no"
    environ = {"COMP_WORDS": line, "COMP_CWORD": "2", "_TYPER_COMPLETE_ARGS": line, "_COACHSYNC_LINE": line}
    done = home.start(_COACHSYNC_COMPLETE=shell, COACHSYNC_CONFIG=str(home.config), **environ)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(answered)


def test_nothing_that_a_shell_would_run_goes_to_scripts_that_evaluate(home: Home) -> None:
    environ = {"COACHSYNC_CONFIG": str(home.config), "_TYPER_COMPLETE_ARGS": "coachsync explain "}
    done = home.start(_COACHSYNC_COMPLETE="complete_zsh", **environ)
    assert "next-1" in done.out
    assert "$" not in done.out


SOUND = f'[discord]\nguild_id = "{GUILD}"\n[store]\nurl = '
BROKEN = {
    "no configuration": "",
    "no TOML": "[[[",
    "unknown keys": "[colour]\nx = 1\n",
    "no store": SOUND + '"sqlite:///nothing.db"\n',
    "a store that is none": SOUND + '"sqlite:///config.toml"\n',
    "JSON cut short": SOUND + '"json:///config.toml"\n',
    "a zone that is none": SOUND + '"sqlite:///sessions.db"\n[display]\ntimezone = "X"',
}


@pytest.mark.parametrize("broken", BROKEN)
def test_nothing_is_offered_nor_said_if_something_is_broken(tmp_path: Path, broken: str) -> None:
    home = Home(tmp_path).make_store()
    home.config.write_text(BROKEN[broken], "utf-8")
    line = f"coachsync --config {home.config} sessions show "
    assert home.start(_COACHSYNC_COMPLETE="bash", _COACHSYNC_LINE=line) == (0, "", "")


@pytest.mark.parametrize("instruction", ["complete", "complete_csh", "source_csh", "x_y_z", "complete_bash"])
def test_senseless_question_is_answered_with_silence(tmp_path: Path, instruction: str) -> None:
    done = Home(tmp_path).start(_COACHSYNC_COMPLETE=instruction, COMP_WORDS="", COMP_CWORD="x")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_completion_changes_no_file(home: Home) -> None:
    before = home.files()
    home.start(_COACHSYNC_COMPLETE="bash", _COACHSYNC_LINE=f"coachsync --config {home.config} explain ")
    assert home.files() == before


# the scripts


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_a_shell_is_shown_and_installed_twice_as_once(tmp_path: Path, shell: str) -> None:
    home = Home(tmp_path)
    shown = home.start("--show-completion", shell)
    assert (shown.code, shown.err) == (0, "")
    assert "_COACHSYNC_COMPLETE" in shown.out
    assert home.start("--install-completion", shell).code == 0
    once = home.files()
    assert shown.out.encode() in once.values()
    assert home.start("--install-completion", shell).code == 0
    assert home.files() == once


def test_what_stood_in_a_start_file_stays(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("alias x=y", "utf-8")
    assert Home(tmp_path).start("--install-completion", "bash").code == 0
    assert (tmp_path / ".bashrc").read_text("utf-8").startswith("alias x=y\nsource '")


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_shell_that_is_not_known_is_wrong_usage(tmp_path: Path, option: str) -> None:
    done = Home(tmp_path).start(option, "csh")
    assert (done.code, done.complaint) == (2, ["error", "hint"])
    assert f"coachsync {option} bash" in done.err


# real shells

SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], "source <(coachsync --show-completion bash)"),
    "zsh": (["-f", "-i"], "autoload -Uz compinit && compinit -u -D; source <(coachsync --show-completion zsh)"),
    "fish": (["--no-config", "-i"], "coachsync --show-completion fish | source"),
}


@pytest.mark.tools
@pytest.mark.parametrize("shell", SHELLS)
def test_real_shell_completes_an_odd_id_to_one_word(tmp_path: Path, shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    home = Home(tmp_path).settle()
    with home.store() as store:  # as another program writes it: `sessions add` takes no such id
        store.bookings.import_rows(
            [
                {
                    "_id": ODD,
                    "status": "SCHEDULED",
                    "scheduledDate": 4_000_000_000_000,
                    "studentDiscordId": STUDENT,
                    "coachDiscordId": COACH,
                }
            ]
        )
    program = tmp_path / "bin" / "coachsync"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m coachsync "$@"\n', "utf-8")
    program.chmod(0o755)
    arguments, setup = SHELLS[shell]
    environ = home.environ({"PATH": f"{program.parent}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "})
    child = pexpect.spawn(path, arguments, env=environ, cwd=str(tmp_path), encoding="utf-8", timeout=30, echo=False)
    child.sendline(f"{setup}; printf %s rea; echo dy")
    child.expect("ready")
    child.send(f"coachsync --config {home.config} sessions show we\t")
    child.send(" > shown; printf %s en; echo ded\r")
    child.expect("ended")
    child.close(force=True)
    assert ODD in (tmp_path / "shown").read_text("utf-8")
    assert not (tmp_path / "x").exists()


@pytest.mark.tools
@pytest.mark.parametrize("shell", SHELLS)
def test_script_is_read_by_its_shell_without_complaint(shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    file = ROOT / "coachsync" / "cli" / "completion" / f"coachsync.{shell}"
    done = subprocess.run([path, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
