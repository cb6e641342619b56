"""Which hosts are this very one: the token may travel to them in clear and never through a proxy."""

from __future__ import annotations

import pytest

from coachsync.domain.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "::1", "127.0.0.1", "127.8.8.8", "127.255.255.255"])
def test_host_is_loopback_when_its_spelling_allows_no_other(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "discord.com",
        "127.example.com",
        "127.0.0.1.example.com",
        "127.0.0",
        "127.1",
        "127.0.0.256",
        "127.0.0.1٣",
        "128.0.0.1",
        "0.0.0.0",
        "::2",
        "localhost.example.com",
        "notlocalhost",
        "mylocalhost",
    ],
)
def test_host_is_not_loopback_when_it_only_begins_or_ends_alike(host: str) -> None:
    assert not is_loopback(host)
