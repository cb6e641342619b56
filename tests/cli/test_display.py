"""In which zone a terminal shows times."""

from __future__ import annotations

import logging
import sys
import warnings

import pytest
import tzlocal

from coachsync.cli.display import host_zone, moments
from coachsync.config import Settings, parse_settings
from coachsync.domain.model import Millis
from coachsync.errors import UsageError
from coachsync.report.moments import Moments

NOW: Millis = 1_791_990_000_000  # 2026-10-14T15:00:00Z


def settings(rest: str = "") -> Settings:
    """Return a configuration."""
    text = f'[discord]\nguild_id = "1100000000000000000"\n[store]\nurl = "sqlite:///s.db"\n{rest}'
    return parse_settings(text, "/nowhere/config.toml", {})


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stdout be a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


@pytest.fixture(autouse=True)
def fresh_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the host be asked anew."""
    monkeypatch.setattr("tzlocal.unix._cache_tz", None)
    monkeypatch.setenv("TZ", "America/New_York")


CONFIGURED = '[display]\ntimezone = "Europe/Berlin"\n'


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("rest", "tz", "told"),
    [
        ("", None, "today 11:00"),
        (CONFIGURED, None, "today 17:00"),
        (CONFIGURED, "Asia/Tokyo", "today 00:00"),
    ],
)
def test_option_goes_before_the_configuration_and_that_before_the_host(rest: str, tz: str | None, told: str) -> None:
    assert moments(settings(rest), NOW, tz).when(NOW) == told


def test_piped_moment_is_in_utc_whatever_is_configured() -> None:
    assert moments(settings(CONFIGURED), NOW, "Asia/Tokyo").when(NOW) == "2026-10-14T15:00:00Z"


def test_zone_that_is_none_is_refused_also_when_piped() -> None:
    with pytest.raises(UsageError) as caught:
        moments(settings(), NOW, "Europe/Berlni")
    assert "Europe/Berlin" in caught.value.hint


@pytest.mark.parametrize("broken", ["", "Nowhere/City", ":", "../../etc/passwd", "/etc/passwd", "\x01", "CET-1CEST,M3"])
def test_broken_zone_of_the_host_is_utc(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", broken)
    assert Moments(NOW, host_zone()).when(NOW) == "today 15:00"


def test_advice_about_the_hosts_zone_does_not_reach_the_screen(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def complain() -> None:
        logging.getLogger("tzlocal").warning("deprecated")
        warnings.warn("no configuration", stacklevel=1)

    monkeypatch.setattr(tzlocal, "get_localzone", complain)
    host_zone()
    assert capfd.readouterr() == ("", "")
