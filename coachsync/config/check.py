"""From a parsed file and the environment to `Settings`, or to the full list of what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from coachsync.config.definition import KEYS, PER_GUILD, SECTIONS, Key, keys_of
from coachsync.config.settings import GuildSettings, Settings
from coachsync.config.values import UnfitError, shown
from coachsync.domain.naming import Templates
from coachsync.domain.snowflake import is_snowflake
from coachsync.domain.windows import Policy

Found = dict[str, Any]  # parsed values by key path


def check(
    document: Mapping[str, Any], environ: Mapping[str, str], path: str, base_dir: str
) -> tuple[Settings | None, tuple[str, ...]]:
    """Return the settings, or None and every problem found, one line each."""
    problems: list[str] = []
    _check_sections(document, problems)
    found = {key.path: _value(key, document, environ, problems) for key in KEYS}
    guilds = _guild_sections(document, problems)
    _check_together(found, guilds, problems)
    if problems:
        return None, tuple(problems)
    return _settings(found, guilds, path, base_dir), ()


def _check_sections(document: Mapping[str, Any], problems: list[str]) -> None:
    for name, content in document.items():
        if name not in SECTIONS:
            problems.append(_unknown(name, SECTIONS, "section" if isinstance(content, dict) else "key"))
        elif not isinstance(content, dict):
            problems.append(f"{name}: found {shown(content)}, expected a section [{name}]")
        elif name != "guilds":
            _check_names(name, content, [key.name for key in keys_of(name)], problems)


def _check_names(section: str, content: Mapping[str, Any], known: Iterable[str], problems: list[str]) -> None:
    names = list(known)
    problems.extend(_unknown(f"{section}.{name}", names, "key") for name in content if name not in names)


def _unknown(path: str, known: Iterable[str], what: str) -> str:
    """Say that nothing goes by this name, and what may have been meant. The value may be a secret: not shown."""
    from difflib import get_close_matches

    prefix, _, name = path.rpartition(".")
    at_home = [key.section for key in KEYS if key.name == name]
    if at_home:
        return f"{_plain(path)}: unknown {what}, expected in [{at_home[0]}]"
    meant = get_close_matches(name, list(known), 1, cutoff=0.5)
    advice = f"did you mean {prefix + '.' if prefix else ''}{meant[0]}?" if meant else "expected " + _listed(known)
    return f"{_plain(path)}: unknown {what}, {advice}"


def _listed(known: Iterable[str]) -> str:
    return "one of " + ", ".join(known)


def _plain(path: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)[:120]


def _value(key: Key, document: Mapping[str, Any], environ: Mapping[str, str], problems: list[str]) -> Any:
    """Return one key's value: the environment's before the file's before the default; None where it is unfit."""
    if key.env and environ.get(key.env):
        return _parsed(key, f"${key.env}", environ[key.env], problems)
    section = document.get(key.section)
    if isinstance(section, dict) and key.name in section:
        return _parsed(key, key.path, section[key.name], problems)
    if key.required:
        also = f" (or ${key.env})" if key.env else ""
        problems.append(f"{key.path}: not set{also}, expected {_expected(key)}")
    return None if key.default is None else key.parse(key.default)


def _expected(key: Key) -> str:
    try:
        key.parse(None)
    except UnfitError as unfit:
        return f"{unfit}, such as {key.example!r}" if "such as" not in str(unfit) else str(unfit)
    raise AssertionError(key.path)


def _parsed(key: Key, path: str, value: Any, problems: list[str]) -> Any:
    try:
        found = key.parse(value)
    except UnfitError as unfit:
        what = "a text that is not shown" if key.name == "url" and "@" in str(value) else shown(value)
        problems.append(f"{path}: found {what}, expected {unfit}")
        return None
    if key.later and found != key.parse(key.default):
        problems.append(f"{path}: found {shown(value)}, expected {shown(key.default)}: other values are not built yet")
    return found


def _guild_sections(document: Mapping[str, Any], problems: list[str]) -> dict[str, Found]:
    """Return each guild section's own values by key name."""
    sections = document.get("guilds", {})
    if not isinstance(sections, dict):
        return {}
    return {guild: _guild_section(guild, content, problems) for guild, content in sections.items()}


def _guild_section(guild: str, content: Any, problems: list[str]) -> Found:
    path = f"guilds.{_plain(guild)}"
    if not is_snowflake(guild):
        problems.append(f"{path}: expected a guild's id (15 to 20 digits) as the section's name")
    if not isinstance(content, dict):
        problems.append(f"{path}: found {shown(content)}, expected a section [guilds.ID]")
        return {}
    whole_run = [key.name for key in keys_of("discord") if not key.per_guild]
    problems.extend(
        f"{path}.{name}: holds for all guilds alike, expected in [discord]" for name in content if name in whole_run
    )
    known = [key.name for key in PER_GUILD]
    _check_names(path, {n: c for n, c in content.items() if n not in whole_run}, known, problems)
    return {
        key.name: _parsed(key, f"{path}.{key.name}", content[key.name], problems)
        for key in PER_GUILD
        if key.name in content
    }


def _check_together(found: Found, guilds: Mapping[str, Found], problems: list[str]) -> None:
    opens, by = found["windows.setup_opens"], found["windows.setup_by"]
    if opens is not None and by is not None and by >= opens:
        problems.append("windows.setup_by: expected less than windows.setup_opens, or the window never is open")
    bookable, cancelled = found["statuses.bookable"] or (), found["statuses.cancelled"] or ()
    both = [status for status in bookable if status in cancelled]
    if both:
        problems.append(f"statuses.cancelled: {shown(both[0])} is bookable as well, expected one or the other")
    if found["statuses.completed"] in bookable:
        problems.append("statuses.completed: is bookable as well, expected a status that gets no room")


def _settings(found: Found, guilds: Mapping[str, Found], path: str, base_dir: str) -> Settings:
    shared = {key.name: found[key.path] for key in PER_GUILD}
    discord = _guild(found["discord.guild_id"], shared, {})
    return Settings(
        path=path,
        base_dir=base_dir,
        discord=discord,
        guilds={guild: _guild(guild, shared, own) for guild, own in guilds.items()},
        concurrency=found["discord.concurrency"],
        run_budget=found["discord.run_budget"],
        store_url=found["store.url"],
        bookable=found["statuses.bookable"],
        cancelled=found["statuses.cancelled"],
        policy=_policy(found),
        templates=Templates(found["naming.role"], found["naming.channel"]),
        default_duration=found["windows.default_duration"],
    )


def _guild(guild_id: str, shared: Found, own: Found) -> GuildSettings:
    values = {**shared, **own}
    return GuildSettings(
        guild_id=guild_id,
        category_id=values["category_id"],
        staff_role_ids=values["staff_role_ids"],
        access=values["access"],
        token_file=values["token_file"] or "",
        own_token=bool(own.get("token_file")),
        api_base=values["api_base"],
        max_requests_per_second=values["max_requests_per_second"],
        timeout=values["timeout"],
    )


def _policy(found: Found) -> Policy:
    return Policy(
        bookable=frozenset(found["statuses.bookable"]),
        cancelled=frozenset(found["statuses.cancelled"]),
        completed=found["statuses.completed"],
        setup_opens=found["windows.setup_opens"],
        setup_by=found["windows.setup_by"],
        cleanup_after=found["windows.cleanup_after"],
        catch_up=found["windows.catch_up"],
    )
