"""Searches of the model by Spin: each state that it can come to is visited, or the shortest way to a broken claim.

The model is compiled once for each way to search it; what a search is about it learns from its environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

MODEL = Path(__file__).with_name("protocol.pml")
TOOLS = ("spin", "gcc")

_DEEPEST = 400_000
_MEMORY_MIB = 3000
_WAYS = {"all": ("-O2", "-DCOLLAPSE"), "some": ("-O0",), "shortest": ("-O1", "-DBFS"), "follow": ("-O0",)}
_STORY = re.compile(r"^ *((?:host \d|the |Discord |an attempt ).*)$", re.MULTILINE)
_NAMED = re.compile(r"^#define ([A-Z_]+) +(\d+)  /\* (.+) \*/$", re.MULTILINE)


class Named(NamedTuple):
    """A mode or a fault of the model: its name there, its number, and what it is."""

    name: str
    number: int
    meaning: str


class Found(NamedTuple):
    """What a search came to: states visited, seconds, and the claim that broke with the steps to it, if one did."""

    states: int
    seconds: float
    broken: str = ""
    story: tuple[str, ...] = ()


def missing_tools() -> list[str]:
    """Return the programs that a search needs and this host lacks."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def named(variable: str) -> list[Named]:
    """Return the values of `mode` or `fault`, as the model lists them just before it."""
    before, found, _ = MODEL.read_text(encoding="utf-8").partition(f"byte {variable};\n")
    assert found, variable
    block = before.rpartition("\n\n")[2]
    return [Named(name, int(number), meaning) for name, number, meaning in _NAMED.findall(block)]


class Searcher:
    """Searches of one compiled model, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def compile(self, way: str, *options: str) -> Path:
        """Return the program that searches the model in a way.

        "all" states quickly; "some" as well, but sooner compiled; or the "shortest" way to a broken claim.
        """
        place = self._folder / way
        program = place / "pan"
        if not program.exists():
            place.mkdir(parents=True, exist_ok=True)
            for part in (MODEL, MODEL.with_name("follow.h")):
                shutil.copy(part, place)
            _call(place, "spin", "-a", *options, MODEL.name)
            limits = ("-DSAFETY", "-DNOREDUCE", f"-DMEMLIM={_MEMORY_MIB}")
            _call(place, "gcc", "-w", *_WAYS[way], *limits, *options, "-o", "pan", "pan.c")
        return program

    def search(self, way: str, mode: Named, fault: Named, budget: int, seconds: float | None = None) -> Found:
        """Search the model. Raises RuntimeError if the search did not come to its end."""
        program = self.compile(way)
        place = self._folder / f"{way}-{mode.name}-{fault.name}-{budget}"
        place.mkdir(exist_ok=True)
        environ = {**os.environ, "MODE": str(mode.number), "FAULT": str(fault.number), "BUDGET": str(budget)}
        began = time.monotonic()
        told = run_search(place, program, environ, "-w22", seconds=seconds)
        took = time.monotonic() - began
        states = re.search(r"^ *(\d+) states, stored", told, re.MULTILINE)
        errors = re.search(r"errors: (\d+)", told)
        if states is None or errors is None:
            raise RuntimeError(f"the search did not come to its end:\n{told}")
        if errors.group(1) == "0":
            if "Search not completed" in told:
                raise RuntimeError(f"the search was not completed:\n{told}")
            return Found(int(states.group(1)), took)
        return self._broken(program, place, environ, Found(int(states.group(1)), took), told)

    def _broken(self, program: Path, place: Path, environ: dict[str, str], found: Found, told: str) -> Found:
        """Return what a search found, with the way to it played again."""
        replay = _call(place, program, "-S", environ=environ)
        claim = re.search(r"broken:\s*(.+)", replay)
        other = re.search(r"^pan:1: (.+)$", told, re.MULTILINE)
        what = next((match.group(1).strip() for match in (claim, other) if match is not None), "it is not told what")
        return found._replace(broken=what, story=tuple(line.strip() for line in _STORY.findall(replay)))


def run_search(place: Path, program: Path, environ: dict[str, str], *options: str, seconds: float | None = None) -> str:
    """Run a compiled search; return what it tells. Raises RuntimeError if it had to leave something out."""
    told = _call(place, program, f"-m{_DEEPEST}", *options, environ=environ, seconds=seconds)
    if "max search depth too small" in told or "out of memory" in told:
        raise RuntimeError(f"the search did not come to its end:\n{told}")
    return told


def _call(place: Path, *argv: object, environ: dict[str, str] | None = None, seconds: float | None = None) -> str:
    command = [str(word) for word in argv]
    done = subprocess.run(command, cwd=place, env=environ, capture_output=True, timeout=seconds, check=False)
    told = (done.stdout + done.stderr).decode("utf-8", "replace")
    if done.returncode and command[0] in TOOLS:
        raise RuntimeError(f"{' '.join(command)} failed:\n{told}")
    return told
