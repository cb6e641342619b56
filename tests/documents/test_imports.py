"""Who may import whom, and what a tick with nothing to do never loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import coachsync
from tests.kit.postgres import Postgres
from tests.kit.scene import Scene
from tests.kit.town import TOKEN

ROOT = Path(coachsync.__file__).parent
MODULES = {".".join(("coachsync", *p.relative_to(ROOT).with_suffix("").parts)): p for p in ROOT.rglob("*.py")}

# room → the rooms it may import besides itself; what stands directly in the package is a room of its own
MAY_IMPORT: dict[str, set[str]] = {
    room: set(others.split())
    for room, others in {
        "domain": "",
        "clock": "domain",
        "secrets": "domain",
        "waits": "domain",
        "errors": "domain",
        "host": "errors waits",
        "config": "domain secrets host errors",
        "discord": "domain secrets errors waits coachsync",  # the package itself: its version
        "store": "domain host secrets errors waits coachsync",  # which version of coachsync wrote
        # what it merges goes into a store, and what is over then is remembered to be past
        "bookings": "domain config secrets host errors store standing",
        "guild": "discord store config domain clock errors secrets",
        "standing": "store domain errors clock",
        "engine": "guild discord store standing config host domain clock secrets waits errors",
        "report": "standing domain clock",
        "notify": "config secrets store host domain clock errors report standing",
        "schedule": "config host errors",
        # sources are asked as a run asks them
        "doctor": "engine discord guild standing store schedule bookings config host domain clock secrets waits errors"
        " coachsync",
        "audit": "engine guild discord standing store config domain clock",
        "standin": "domain.permissions",  # Discord's bits, the one thing it shares
    }.items()
}
FREE = {"cli", "demo", "__main__", "__init__"}  # the edge may import everything
ONLY_IN = {
    "requests": {"bookings", "discord", "notify"},
    "urllib3": {"discord"},
    "rich": {"cli", "report"},
    "typer": {"cli", "__main__"},
    "apprise": {"notify"},
    "prometheus_client": {"notify"},
    "drawsvg": {"report"},
    "asyncio": {"audit", "discord", "doctor", "engine", "guild"},
    "sqlite3": {"bookings", "store"},
    "pymysql": {"bookings"},
    "psycopg": {"bookings", "store"},
    "fcntl": {"host"},
    "msgspec": {"bookings", "store"},
    "icalendar": {"bookings"},
    "recurring_ical_events": {"bookings"},
    "crontab": {"schedule"},
    "tomllib": {"bookings", "config"},
    "tomli_w": {"config"},
}
NO_IO = {
    "asyncio", "fcntl", "http", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "signal", "socket",
    "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip


def room_of(module: str) -> str:
    """Return "domain" for coachsync.domain.plan, "errors" for coachsync.errors."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "coachsync"


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Return every module that a file imports anywhere, late imports among them, but for the type checker alone."""
    return tuple(_imports_of(path))


def _imports_of(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {id(n) for c in ast.walk(tree) if _is_type_checking(c) for n in ast.walk(c)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from _named(node.module, [alias.name for alias in node.names])


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _named(module: str, names: list[str]) -> Iterator[str]:
    """Yield the modules in `from module import names`: a name may be a module itself."""
    for name in names:
        full = f"{module}.{name}"
        is_module = full in MODULES or f"{full}.__init__" in MODULES
        yield full if is_module else module


def _modules_of(*rooms: str) -> list[str]:
    return sorted(m for m in MODULES if room_of(m) in rooms)


@pytest.mark.parametrize("module", _modules_of(*MAY_IMPORT))
def test_module_imports_only_the_rooms_below_it(module: str) -> None:
    own = room_of(module)
    ours = [name for name in imports_of(MODULES[module]) if name.split(".")[0] == "coachsync"]
    assert [name for name in ours if not _stands_in({own, *MAY_IMPORT[own]}, name)] == []


def _stands_in(rooms: set[str], name: str) -> bool:
    """Return whether a module is of one of these rooms, or of a part of one ("engine.steps")."""
    inside = name.removeprefix("coachsync.")
    return any(inside == room or inside.startswith(f"{room}.") for room in rooms)


def test_no_module_leads_back_to_itself() -> None:
    graph = {module.removesuffix(".__init__"): set(imports_of(path)) for module, path in MODULES.items()}
    try:
        TopologicalSorter({m: below - {m} for m, below in graph.items()}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {error.args[1]}")


def test_every_room_has_its_rule() -> None:
    assert {room_of(m) for m in MODULES} <= set(MAY_IMPORT) | FREE


@pytest.mark.parametrize("module", _modules_of("domain"))
def test_domain_knows_neither_the_world_nor_third_parties(module: str) -> None:
    others = {name.split(".")[0] for name in imports_of(MODULES[module])} - {"coachsync"}
    assert others - (set(sys.stdlib_module_names) - NO_IO) == set()


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_library_is_imported_only_where_it_belongs(library: str) -> None:
    where = {room_of(m) for m, path in MODULES.items() if library in {n.split(".")[0] for n in imports_of(path)}}
    assert where <= ONLY_IN[library]


def test_standin_speaks_http_by_the_standard_library_alone() -> None:
    found = {n.split(".")[0] for m in _modules_of("standin") for n in imports_of(MODULES[m])}
    assert found - set(sys.stdlib_module_names) == {"coachsync"}


HEAVY = (
    "requests",
    "urllib3",
    "rich",
    "asyncio",
    "msgspec",
    "pydantic",
    "json",
    "coachsync.bookings",
    "coachsync.cli.pulling",
    "coachsync.config.sources",
    "coachsync.engine.loop",
    "coachsync.domain.pauses",
)
TICK = """
import sys
from coachsync.__main__ import main
code = main(["--config", sys.argv[1], "run"])
print(code, *(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_idle_tick_loads_nothing_that_only_work_needs(tmp_path: Path) -> None:
    scene = Scene(tmp_path, real_time=True)
    with scene.standin:
        scene.tick()  # the first run looks through the guild
    environ = scene.home.environ({"COACHSYNC_TOKEN": TOKEN, "PYTHONPATH": str(ROOT.parent)})
    command = [sys.executable, "-c", TICK, str(scene.home.config), *HEAVY]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "0"


# psycopg loads asyncio and json by itself, for those who use it asynchronously
_OF_PSYCOPG = {"asyncio", "json"}


def test_idle_tick_on_a_postgresql_loads_nothing_more_than_its_driver(
    tmp_path: Path, postgres_server: Postgres
) -> None:
    scene = Scene(tmp_path, postgres_server.fresh(), real_time=True)
    with scene.standin:
        scene.tick()
    environ = scene.home.environ({"COACHSYNC_TOKEN": TOKEN, "PYTHONPATH": str(ROOT.parent)})
    named = [name for name in HEAVY if name not in _OF_PSYCOPG]
    command = [sys.executable, "-c", TICK, str(scene.home.config), *named]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "0"
