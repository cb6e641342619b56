"""What the package brings along, as its builder lists it."""

from __future__ import annotations

import pytest
from hatchling.builders.plugin.interface import BuilderInterface
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from coachsync.cli.commands.help import TOPICS
from tests.documents.pages import GUIDE, ROOT


def brought(builder: type[BuilderInterface]) -> set[str]:  # type: ignore[type-arg]
    """Return the files that a distribution holds, by their paths in it."""
    return {file.distribution_path for file in builder(str(ROOT)).recurse_included_files()}


@pytest.mark.parametrize("builder", [WheelBuilder, SdistBuilder])
def test_package_brings_the_whole_guide_along(builder: type[BuilderInterface]) -> None:  # type: ignore[type-arg]
    guide = {str(path.relative_to(ROOT)) for path in GUIDE.rglob("*") if path.is_file()}
    assert len(guide) >= len([topic for topic in TOPICS.values() if topic.markdown])
    assert guide - brought(builder) == set()


def test_source_distribution_brings_along_what_the_installation_needs() -> None:
    contrib = {str(path.relative_to(ROOT)) for path in (ROOT / "contrib").rglob("*") if path.is_file()}
    assert contrib - brought(SdistBuilder) == set()


def test_wheel_brings_no_tests_along() -> None:
    assert {name.partition("/")[0] for name in brought(WheelBuilder)} == {"coachsync"}
