"""What runs tell others by is looked at before a run fails at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from coachsync.doctor.checks import DoctorRequest, examine
from tests.kit.home import GUILD, Home
from tests.kit.town import TOKEN


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ('[hooks]\nopened = ["/nowhere/program", "loudly"]', "the program /nowhere/program of `[hooks] opened`"),
        ('[hooks]\nfailed = ["{folder}/config.toml"]', "may not be started by this user"),
        ('[notify]\nfile = "nowhere.urls"', "nowhere.urls is not there"),
        ('[metrics]\ntextfile = "nowhere/x.prom"', "nowhere of `[metrics] textfile` is not there"),
    ],
)
def test_outlet_that_cannot_work_is_a_warning(tmp_path: Path, section: str, told: str) -> None:
    home = Home(tmp_path)
    home.settle().configure(GUILD, rest=section.replace("{folder}", str(home.folder)))
    found = examine(DoctorRequest(str(home.config), {"COACHSYNC_TOKEN": TOKEN}, offline=True))
    assert [f.level for f in found if f.check == "files" and told in f.message and f.hint] == ["warning"]
