"""A folder to type the guide's commands in, and Discord's own document, if the environment names it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.documents.pages import ROOT
from tests.documents.schema import VARIABLE, Schema

Shell = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a function that runs a script in an empty folder, as a newcomer's shell would."""
    program = tmp_path / "bin" / "coachsync"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m coachsync "$@"\n')
    program.chmod(0o755)
    folder = tmp_path / "here"
    folder.mkdir()
    environ = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }

    def run(script: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture(scope="session")
def schema() -> Schema:
    """Discord's OpenAPI document; the test is skipped where there is none."""
    found = Schema.from_environment()
    if found is None:
        pytest.skip(f"{VARIABLE} is unset: it names Discord's OpenAPI document, which is not kept here")
    return found
