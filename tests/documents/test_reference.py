"""The tables of README and the guide say what the program says: commands, options, exit codes, keys, fields, codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from coachsync import errors
from coachsync.cli.app import build, every_command
from coachsync.config.definition import ENVIRONMENT, KEYS, Key
from coachsync.config.template import render_config
from coachsync.domain import causes
from coachsync.domain.failure import ErrorCode
from coachsync.domain.meanings import ERRORS, STANDING, START, WARNINGS, Meaning
from coachsync.errors import CoachsyncError
from coachsync.store.columns import FIELD_OF
from tests.documents.pages import EVERYTHING, GUIDE, PAGES, README, ROOT, code, rows, section

CODES = get_args(ErrorCode)
PHASES = (
    "booked", "setup_due", "active", "cleanup_due", "cleaned", "cancelled", "missed", "unknown", "closed", "invalid",
)  # fmt: skip


COMMANDS = dict(every_command())


def long_options(command: Any) -> set[str]:
    """Return a command's options by their long names, but for --help."""
    declared = [name for p in command.params for name in (*p.opts, *p.secondary_opts)]
    return {name for name in declared if name.startswith("--")} - {"--help"}


def listed_commands() -> list[str]:
    """Return the commands of the guide's table without their arguments."""
    table = rows(section("Commands"), "command", "does")
    calls = [code(row[0])[0] for row in table]
    return [" ".join(re.findall(r"^coachsync|[a-z]+(?![A-Z…])", call)[1:]) for call in calls]


def test_every_command_is_in_the_guide() -> None:
    assert listed_commands() == list(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_has_help_of_one_sentence_at_least(name: str) -> None:
    assert len((COMMANDS[name].help or "").strip()) > 20


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_in_the_guide(name: str) -> None:
    table = [(code(row[0]), row[1]) for row in rows(section("Commands"), "option", "of", "does")]
    words = set(name.split())
    told = {o.split()[0] for options, of in table for o in options if _meant(words, of)}
    assert long_options(COMMANDS[name]) <= told


def _meant(words: set[str], of: str) -> bool:
    """Return whether a row's second cell means a command."""
    return of.startswith("all") or bool(words & {w for c in code(of) for w in c.split()})


def test_every_option_before_the_command_is_in_the_guide() -> None:
    told = {name for text in code(section("Commands")) for name in re.findall(r"--[a-z-]+", text)}
    assert long_options(build()) <= told


def test_guide_tells_of_no_option_that_is_not_there() -> None:
    there = set().union(*(long_options(c) for c in (*COMMANDS.values(), build()))) | {"--help"}
    told = {name for text in code(section("Commands")) for name in re.findall(r"(?<!\S)--[a-z-]+", text)}
    assert told - there <= {"--pty", "--wait", "--collect", "--quiet"}


def test_exit_codes_are_those_of_the_program() -> None:
    named = (
        errors.OK, errors.SOME_FAILED, errors.USAGE, errors.UNUSABLE, errors.LOCKED, errors.BUG,
        errors.INTERRUPTED, errors.TERMINATED,
    )  # fmt: skip
    assert [int(row[0]) for row in rows(section("Exit codes"), "code", "means")] == list(named)


CONFIGURATION = {
    code(row[0])[0]: row
    for row in rows(section("Configuration reference"), "key", "default", "environment", "per guild", "meaning")
}


def test_configuration_reference_lists_every_key_in_the_files_order() -> None:
    assert list(CONFIGURATION) == [key.path for key in KEYS]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.path))
def test_configuration_reference_tells_a_keys_default_environment_and_reach(key: Key) -> None:
    _, default, environment, per_guild, _ = CONFIGURATION[key.path]
    told = (default, environment, per_guild)
    assert told == (_default(key), f"`{key.env}`" if key.env else "", "yes" if key.per_guild else "")


def _default(key: Key) -> str:
    if key.required:
        return "required"
    if key.default is None:
        return "none"
    line = next(text for text in render_config({}).splitlines() if text.removeprefix("# ").startswith(f"{key.name} ="))
    return f"`{line.removeprefix('# ').partition(' = ')[2].rpartition('  # ')[0]}`"


def test_environment_table_lists_every_variable() -> None:
    told = {code(row[0])[0] for row in rows(section("Environment variables"), "variable", "instead of")}
    assert told == {*ENVIRONMENT, "COACHSYNC_CONFIG", "NO_COLOR"}


def test_session_reference_lists_every_field_by_both_names() -> None:
    table = rows(section("Session reference"), "JSON key", "SQL column", "type", "meaning")
    assert {code(row[0])[0]: code(row[1])[0] for row in table} == FIELD_OF


@pytest.mark.parametrize(
    ("header", "known"), [("code", ERRORS), ("warning", WARNINGS), ("standing", STANDING), ("ends", START)]
)
def test_troubleshooting_says_of_each_code_what_explain_says(header: str, known: Mapping[str, Meaning]) -> None:
    table = rows(section("Troubleshooting"), header, "what is wrong", "what to do")
    assert [(code(row[0])[0], row[1], row[2]) for row in table] == [(c, m.wrong, m.remedy) for c, m in known.items()]


def test_each_error_code_has_a_meaning() -> None:
    assert set(ERRORS) == set(CODES)


@pytest.mark.parametrize("known", [ERRORS, WARNINGS, STANDING, START])
def test_meaning_is_told_in_full(known: Mapping[str, Meaning]) -> None:
    assert [c for c, m in known.items() for text in (*m[:3], *sum(m.reasons, ())) if len(text) < 5] == []


def _sources() -> str:
    return "\n".join(p.read_text("utf-8") for p in sorted((ROOT / "coachsync").rglob("*.py")))


def test_every_code_that_the_program_gives_has_a_meaning() -> None:
    given = set(re.findall(r'(?:Failure|SessionError)\(\s*"([a-z_0-9]+)"', _sources()))
    assert given - set(ERRORS) == set()


def test_every_warning_that_the_program_gives_has_a_meaning() -> None:
    given = set(re.findall(r'\b(?:warn|Warn)\(\s*"([a-z_]+)"', _sources()))
    assert given - {*ERRORS, *WARNINGS, *STANDING} == set()


def test_every_code_that_causes_are_told_apart_by_has_a_meaning() -> None:
    known = [value for value in vars(causes).values() if isinstance(value, frozenset)]
    assert frozenset().union(*known) - {*ERRORS, *WARNINGS, *STANDING, *START} == set()


def test_every_code_that_ends_a_command_has_a_meaning() -> None:
    ending = {error.code for error in _subclasses(CoachsyncError)}
    assert ending - {*ERRORS, *START} == set()


def _subclasses(kind: type[CoachsyncError]) -> Iterator[type[CoachsyncError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _subclasses(below)


@pytest.mark.parametrize("phase", PHASES)
def test_life_of_a_session_tells_of_every_phase(phase: str) -> None:
    assert phase in code(section("The life of a session"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.name))
def test_page_links_to_no_file_that_is_not_there(page: Path) -> None:
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", PAGES[page]) if "://" not in target]
    assert [target for target in links if not (page.parent / target).exists()] == []


def test_readme_is_under_250_lines_and_links_to_every_topic() -> None:
    assert len(README.splitlines()) < 250
    assert all(f"](coachsync/guide/{topic.name})" in README for topic in GUIDE.glob("*.md"))


def _named_by_commands() -> set[str]:
    modules = {name.replace(".", "/") for name in re.findall(r"python -m (tests\.[a-z_.]+)", EVERYTHING)}
    return modules | set(re.findall(r"\btests/[a-z_/]+\.py", EVERYTHING))


@pytest.mark.parametrize("name", sorted(_named_by_commands()))
def test_command_for_developers_names_what_is_there(name: str) -> None:
    there = (ROOT / name, ROOT / f"{name}.py", ROOT / name / "__main__.py")
    assert any(path.is_file() for path in there)


def test_invite_integer_is_the_programs() -> None:
    from coachsync.domain.permissions import NEEDED

    assert str(NEEDED) in section("Install it for real, in ten minutes")
    assert str(NEEDED) in section("What the bot may do")
