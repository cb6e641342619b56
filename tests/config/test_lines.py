"""In which line a key stands."""

from __future__ import annotations

import pytest

from coachsync.config import parse_settings
from coachsync.config.lines import line_of
from coachsync.errors import ConfigError

TEXT = '''\
# guild_id = "in a comment"
display.timezone = "UTC"

[discord]
guild_id = "x"
  "category_id" = 5
note = """
concurrency = 3
"""
concurrency = 0
[ guilds . 1200000000000000000 ]  # another
access = "role"
[colour]
x = { guild_id = 1 }
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("display.timezone", 2),
        ("discord", 4),
        ("discord.guild_id", 5),
        ("discord.category_id", 6),
        ("discord.concurrency", 10),
        ("guilds.1200000000000000000", 11),
        ("guilds.1200000000000000000.access", 12),
        ("colour", 13),
        ("discord.access", None),
        ("guild_id", None),
        ("", None),
        ("$COACHSYNC_STORE", None),
    ],
)
def test_key_is_found_where_it_stands_and_nowhere_else(path: str, line: int | None) -> None:
    assert line_of(TEXT, path) == line


def problem(text: str) -> ConfigError:
    """Return what is wrong with a configuration."""
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "/c.toml", {})
    return caught.value


def test_the_only_problem_is_told_with_its_line() -> None:
    found = problem('[discord]\nguild_id = "1100000000000000000"\n[store]\nurl = "sqlite:///x"\ncolour = 1\n')
    assert found.message.startswith("/c.toml, line 5: store.colour: ")
    assert found.several == ()


def test_several_problems_are_told_in_the_order_of_the_file_with_their_lines() -> None:
    found = problem("[discord]\nguild_id = 5\n[colour]\n")
    assert found.message == "/c.toml has 3 problems"
    assert [text.partition(": ")[0] for text in found.several] == ["line 2", "line 3", "store.url"]
