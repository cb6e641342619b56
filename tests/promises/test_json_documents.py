"""What `--json` prints is what the schemas in the package say, of every command and in many situations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from coachsync.cli.app import every_command
from coachsync.domain.permissions import ENTER, MEMBER
from coachsync.report.schemas import schemas
from coachsync.standin.limits import Limits
from tests.kit.home import JSON, SQLITE, Home, Result
from tests.kit.scene import ID, QUARTER, Scene, Stage
from tests.kit.town import TOKEN

SCHEMAS = schemas()
NOBODY = "1999999999999999999"


def closed(schema: Any) -> Any:
    """Return a schema that takes no key which it does not describe: in the package's, keys may be added."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema and schema.get("required"):
        found["additionalProperties"] = False
    return found


def merged(schema: Any, parts: Any) -> Any:
    """Return a schema in which what is of several objects ("allOf") is one object."""
    if isinstance(schema, list):
        return [merged(part, parts) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "allOf" not in schema:
        return {key: merged(value, parts) for key, value in schema.items()}
    whole: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for part in schema["allOf"]:
        found = parts[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        whole["properties"] |= found["properties"]
        whole["required"] += found["required"]
    return whole


def strict(name: str) -> Draft202012Validator:
    """Return what takes a document and nothing besides."""
    schema = deepcopy(SCHEMAS[name])
    return Draft202012Validator(closed(merged(schema, schema.get("$defs", {}))))


def check(name: str, document: Any) -> Any:
    """Hold a document to its schema and return it."""
    problems = [f"{'/'.join(map(str, e.path))}: {e.message[:300]}" for e in strict(name).iter_errors(document)]
    assert problems == []
    return document


def told(name: str, done: Result) -> Any:
    """Hold what a command printed to its schema and return it."""
    return check(name, done.json)


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """Return a scene by the real clock: `audit`, `doctor` and `wait` take no other."""
    return stage(real_time=True)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_one_and_tells_of_every_key(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    json.dumps(SCHEMAS[name])
    assert [path for path, part in described(SCHEMAS[name]) if not (part.get("description") or "$ref" in part)] == []


def described(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key's own schema."""
    if isinstance(schema, dict):
        for key, part in (schema.get("properties") or {}).items() if "type" in schema or "required" in schema else ():
            yield f"{path}/{key}", part
        for key, part in schema.items():
            yield from described(part, f"{path}/{key}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from described(part, f"{path}/{number}")


def test_schemas_are_printed_as_one_object(bare: Home) -> None:
    assert bare.start("help", "json").json == SCHEMAS


def test_every_command_that_prints_json_has_a_schema() -> None:
    printing = {name for name, command in every_command() if any("--json" in param.opts for param in command.params)}
    told_of = {name for schema in SCHEMAS.values() for name in schema["x-commands"]}
    assert printing - told_of == set()


@pytest.mark.parametrize("name", [name for name in SCHEMAS if not name.startswith("sessions-")])
def test_a_missing_key_is_seen(name: str) -> None:
    for key in SCHEMAS[name]["required"]:
        assert list(Draft202012Validator(SCHEMAS[name]).iter_errors({key: None})) != []
    assert SCHEMAS[name]["required"] != []


def test_run_with_nothing_due(scene: Scene) -> None:
    assert told("run", scene.program("run", "--json"))["actions"] == []


def test_runs_that_set_up_fail_and_clean_up(scene: Scene) -> None:
    scene.book()
    scene.book("fail0001", studentDiscordId=NOBODY)
    assert told("run", scene.program("run", "--dry-run", "--json"))["dry_run"]
    outcomes = {a["outcome"] for a in told("run", scene.program("run", "--json"))["actions"]}
    assert outcomes == {"done", "failed"}
    assert [a["action"] for a in told("run", scene.program("cleanup", ID, "--json"))["actions"]] == ["cleanup"]
    assert told("run", scene.program("setup", "nonsense", "--json"))["actions"][0]["error"]["code"] == "unknown_session"


def test_run_whose_token_is_refused(scene: Scene) -> None:
    scene.book()
    done = scene.program("run", "--json", COACHSYNC_TOKEN="x.y.z" * 8)
    assert "error" in told("run" if "actions" in done.json else "error", done)


def test_status_of_what_is_open_waits_or_makes_no_sense(scene: Scene) -> None:
    assert told("status", scene.program("status", "--json"))["last_run"] is None
    scene.book()
    scene.book("fail0001", studentDiscordId=NOBODY)
    scene.book("later001", start=scene.now() + 99 * QUARTER)
    scene.sql("UPDATE sessions SET scheduled_date = 5 WHERE id = 'later001'")
    scene.tick()
    found = told("status", scene.program("status", "--json"))
    assert {session["phase"] for session in found["sessions"]} >= {"active", "invalid"}
    assert found["attention"] != []


def test_stories_of_sessions(scene: Scene) -> None:
    scene.book()
    scene.book("fail0001", studentDiscordId=NOBODY)
    scene.book("later001", start=scene.now() + 999 * QUARTER)
    scene.tick()
    for session in (ID, "fail0001", "later001"):
        assert told("explain-session", scene.program("explain", session, "--json"))["session"]["session"] == session


@pytest.mark.parametrize("code", ["unknown_member", "category_gone", "no_tick"])
def test_what_a_code_means(scene: Scene, code: str) -> None:
    assert told("explain-code", scene.program("explain", code, "--json"))["code"] == code


def test_what_a_hook_reads(scene: Scene) -> None:
    heard = scene.folder / "heard"
    program = scene.folder / "program"
    program.write_text(f"#!/bin/sh\ncat >>{heard}\n", "utf-8")
    program.chmod(0o755)
    scene.configure(rest=f'[hooks]\nopened = ["{program}"]\nfailed = ["{program}"]\n')
    scene.book()
    scene.book("fail0001", studentDiscordId=NOBODY)
    scene.program("run")
    read = [check("hook", json.loads(line)) for line in heard.read_text("utf-8").splitlines()]
    assert {one["event"] for one in read} == {"opened", "failed"}


def test_receipts_of_closed_sessions(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.program("cleanup", ID)
    (receipt,) = told("sessions-receipts", scene.program("sessions", "receipts", "--json"))["receipts"]
    assert len(receipt["access"]) == len(receipt["resources"]) == 2


def test_forecast_that_fits_and_one_that_does_not(scene: Scene) -> None:
    scene.configure('category_id = "1400000000000000001"')
    assert told("forecast", scene.program("forecast", "--json"))["first"] is None
    scene.standin.limits = Limits.discord()
    scene.book()
    scene.tick()
    for number in range(500):
        scene.world.add_channel(scene.guild, f"talk {number}")
    scene.book("two")
    scene.tick()
    document = told("forecast", scene.program("forecast", "--json", "--days", "2"))
    assert (document["fits"], document["first"]["limit"], document["guilds"][0]["role_limit"]["most"]) == (
        False,
        "channels",
        250,
    )


@pytest.mark.parametrize("line", ["run -v", "nonsense", "run --config /nowhere", "status --al"])
def test_lines_on_stderr(scene: Scene, line: str) -> None:
    scene.book("fail0001", studentDiscordId=NOBODY)
    read = scene.home.run(*line.split(), "--log-format", "json", COACHSYNC_TOKEN=TOKEN).err.splitlines()
    assert [check("log", json.loads(one))["level"] for one in read] != []


CRON = """
from pathlib import Path
from coachsync.cli.commands.schedule import show
from tests.schedule.machine import LINE, Machine
machine = Machine(Path("host"))
machine.crontab(LINE, LINE.replace("/opt", "/gone"))
here = show.this_site()
show.this_site = lambda: here._replace(host=machine.host)
"""


def test_what_starts_runs(scene: Scene) -> None:
    assert told("schedule", scene.program("schedule", "show", "--json", inject=CRON))["last_tick"] is None
    scene.tick()
    found = told("schedule", scene.program("schedule", "show", "--json", inject=CRON))
    assert [one["works"] for one in found["schedules"]] == [True, False]
    assert found["last_tick"] is not None


def test_plan_in_a_file(scene: Scene) -> None:
    scene.book()
    scene.program("run", "--dry-run", "--out", "plan.json")
    assert check("plan", json.loads((scene.folder / "plan.json").read_bytes()))["actions"] != []


def test_past_runs(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.tick()
    assert len(told("runs", scene.program("runs", "--json"))["runs"]) == 2


@pytest.mark.parametrize("arguments", [["--offline"], []])
def test_a_checkup(scene: Scene, arguments: list[str]) -> None:
    scene.book()
    assert told("doctor", scene.program("doctor", "--json", *arguments))["findings"] != []


def test_an_audit_with_a_stranger_in_the_room(scene: Scene) -> None:
    scene.book()
    scene.tick()
    assert told("audit", scene.program("audit", "--json"))["mended"] == []
    scene.world.set_overwrite(scene.room(), scene.stranger, MEMBER, ENTER)
    assert told("audit", scene.program("audit", "--json"))["plan"] != []
    assert told("audit", scene.program("audit", "--fix", "--yes", "--json"))["mended"] != []


def test_a_wait_that_is_over_and_one_that_is_in_vain(scene: Scene) -> None:
    scene.book()
    assert told("wait", scene.program("wait", ID, "--for", "open", "--timeout", "0s", "--json"))["timed_out"]
    scene.tick()
    assert told("wait", scene.program("wait", ID, "--for", "open", "--json"))["reached"]
    scene.change(status="CANCELLED")
    assert not told("wait", scene.program("wait", ID, "--for", "open", "--json"))["reached"]


def test_sources(scene: Scene) -> None:
    row = {"_id": "new00001", "status": "SCHEDULED", "start": "2099-10-14T13:00:00Z"}
    (scene.folder / "feed.json").write_text(json.dumps([row, {"_id": "bad", "start": "soon"}]), "utf-8")
    sources = '[sources.page]\ntype = "json"\npath = "feed.json"\n[sources.none]\ntype = "json"\npath = "none.json"\n'
    scene.configure(rest=sources)
    found = told("sync", scene.program("sync", "--json"))["sources"]
    assert [one["outcome"] for one in found] == ["taken", "failed"]


def test_receipts(scene: Scene) -> None:
    scene.book()
    scene.tick()
    scene.program("cleanup", ID)
    assert told("sessions-receipts", scene.program("sessions", "receipts", "--json"))["receipts"] != []


def test_bookings(scene: Scene) -> None:
    scene.book(studentName="Zoë")
    assert told("sessions-list", scene.program("sessions", "list", "--json"))["sessions"] != []
    told("sessions-show", scene.program("sessions", "show", ID, "--json"))
    rows = told("sessions-export", scene.program("sessions", "export"))
    more = json.dumps([*rows, rows[0] | {"_id": "new00001"}, {"_id": "bad"}, 5])
    done = scene.home.run("sessions", "import", "-", "--json", stdin=more)
    assert len(told("sessions-import", done)["bad"]) == 2


BROKEN: dict[str, Callable[[Home], object]] = {
    "no configuration": lambda home: home.config.unlink(),
    "several problems": lambda home: home.config.write_text("[colour]\n[discord]\nguild_id = 5\n", "utf-8"),
    "no store": lambda home: home.file.unlink(),
}
ERRING = [name for name in SCHEMAS["error"]["x-commands"] if name != "doctor"]  # to which each is a finding


@pytest.mark.parametrize("command", ERRING)
@pytest.mark.parametrize("broken", BROKEN)
def test_why_there_is_no_other_document(bare: Home, command: str, broken: str) -> None:
    bare.settle()
    BROKEN[broken](bare)
    known = {"wait": [ID, "--for", "open"], "explain": [ID], "sessions show": [ID], "sessions import": ["-"]}
    names = (known | {"store copy": [SQLITE, JSON], "store reopen": [SQLITE]}).get(command, [])
    done = bare.run(*command.split(), *names, "--json", stdin="[]", COACHSYNC_TOKEN="x.y.z" * 8)
    assert done.code == 3
    assert told("error", done)["error"]["code"] in ("config", "store_error")
