"""What is to be done after a copy, in words."""

from __future__ import annotations

import pytest

from coachsync.report.copied import next_steps
from coachsync.store.copying.copy import CopyReport
from coachsync.store.copying.fitting import Fitting
from coachsync.store.copying.survey import Survey


@pytest.mark.parametrize(("target", "two"), [("postgresql://owner@db1/coaching", True), ("sqlite:///new.db", False)])
def test_owner_of_the_tables_is_not_proposed_as_the_role_that_works(target: str, two: bool) -> None:
    report = CopyReport("sqlite:///old.db", target, ("old", "new"), (), Survey(Fitting(None)), moved=True)
    edit, *_ = next_steps(report, "config.toml", dry_run=False, ledger=False)
    assert ("the role that does the work" in edit) == two
