"""Single values of the configuration: what is taken, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from coachsync.config.naming import channel_template, role_template
from coachsync.config.values import UnfitError, api_base, on_this_host, parse_duration, shown, store_url, token_source
from coachsync.domain.model import DAY, HOUR, MINUTE

TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3h", 3 * HOUR),
        ("90m", 90 * MINUTE),
        ("10s", 10_000),
        ("1h30m", 90 * MINUTE),
        ("2d", 2 * DAY),
        ("0m", 0),
        ("1d2h3m4s", DAY + 2 * HOUR + 3 * MINUTE + 4000),
    ],
)
def test_duration_is_read_in_milliseconds(text: str, expected: int) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "value", ["", "3", "h", "-3h", "3 h", "3H", "30m1h", "1h1h", "3h5", "1.5h", "٣h", "9999d", "1" * 30 + "s", 3, None]
)
def test_duration_is_refused_when_it_is_none(value: Any) -> None:
    with pytest.raises(UnfitError):
        parse_duration(value)


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/api/v10",
        "http://127.0.0.1:8080/api/v10",
        "http://localhost:1",
        "http://[::1]:8080",
        "http://127.8.9.1",
        "https://example.org:8443/x",
    ],
)
def test_api_base_is_taken_when_it_is_https_or_loopback(url: str) -> None:
    assert api_base(url + "/") == url


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.com/api/v10",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@example.org",
        "http://localhost.example.org",
        "http://[::2]",
        "http://0.0.0.0",
        "https://user:pass@discord.com",
        "https://discord.com/?x=1",
        "https://discord.com/#x",
        "https://disc\nord.com",
        "https://dîscord.com",
        "https://",
        "https://discord.com:99999",
        "ftp://localhost",
        "discord.com",
        "",
        17,
    ],
)
def test_api_base_is_refused_when_the_token_could_leak(url: Any) -> None:
    with pytest.raises(UnfitError):
        api_base(url)


def test_loopback_is_no_other_host_that_begins_alike() -> None:
    assert not on_this_host("http://127.0.0.1.example.org/")


@pytest.mark.parametrize("url", ["sqlite:///a.db", "sqlite:////abs/a.db", "json:///a.json", "json:////abs/a.json"])
def test_store_url_is_taken_when_it_names_a_file(url: str) -> None:
    assert store_url(url) == url


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///", "json:////", "a.db", "mysql:///x", "postgresql://u:p@h/d", 1, "json:///\0"]
)
def test_store_url_is_refused_when_it_names_none(url: Any) -> None:
    with pytest.raises(UnfitError):
        store_url(url)


@pytest.mark.parametrize("template", ["Session {short}", "{id}", "{short} {id} {short}"])
def test_role_template_is_taken_when_it_tells_sessions_apart(template: str) -> None:
    assert role_template(template) == template


@pytest.mark.parametrize(
    "template",
    [
        "Session",
        "{short} {student}",
        "{coach}-{short}",
        "{short} {what}",
        "{short}\n",
        "{id} {id}",
        "x" * 93 + "{short}",
        5,
    ],
)
def test_role_template_is_refused_when_it_cannot_name_a_role(template: str) -> None:
    with pytest.raises(UnfitError):
        role_template(template)


def test_channel_template_may_hold_people() -> None:
    assert channel_template("{short} {student} {coach}") == "{short} {student} {coach}"


def test_token_source_is_refused_when_it_is_the_token_itself() -> None:
    with pytest.raises(UnfitError):
        token_source(TOKEN)


@pytest.mark.parametrize("value", [TOKEN, "Bot " + TOKEN, [TOKEN]])
def test_shown_hides_what_may_be_a_token(value: Any) -> None:
    assert TOKEN[:12] not in shown(value)


def test_shown_keeps_to_one_short_line() -> None:
    found = shown("a\nb\x1b[31m" + "x" * 100)
    assert found.isprintable()
    assert len(found) <= 60
