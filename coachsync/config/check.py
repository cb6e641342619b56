"""From a parsed file and the environment to `Settings`, or to the full list of what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coachsync.config.definition import KEYS, PER_GUILD, SECTIONS, Key, keys_of, sections_in
from coachsync.config.settings import DiscordSettings, Settings, SourceSettings
from coachsync.config.values import UnfitError, shown
from coachsync.domain.snowflake import is_snowflake

Found = dict[str, Any]  # parsed values by key path


def check(
    document: Mapping[str, Any], environ: Mapping[str, str], path: str, base_dir: str
) -> tuple[Settings | None, tuple[str, ...]]:
    """Return the settings, or None and every problem found, one line each."""
    problems: list[str] = []
    _check_sections(document, problems)
    found = {key.path: _value(key, document, environ, problems) for key in KEYS}
    guilds = _guild_sections(document, problems)
    _check_together(found, problems)
    _check_mapping(document, found, problems)
    _check_everyone(found, guilds, problems)
    sources = _source_sections(document, found, problems)
    if problems:
        return None, tuple(problems)
    settings = _settings(found, guilds, path, base_dir)._replace(sources=sources)
    if settings.store.mapping is not None and _section(document, "statuses").get("completed"):
        settings = settings._replace(store=settings.store._replace(completes=True))
    return settings, ()


def _check_sections(content: Mapping[str, Any], problems: list[str], section: str = "") -> None:
    """Find what is no section or key of ours, in a section and those inside it."""
    keys, inside = [key.name for key in keys_of(section)], sections_in(section)
    for name, value in content.items():
        path = f"{section}.{name}" if section else name
        if name not in inside:
            what = "section" if isinstance(value, dict) and not section else "key"
            _check_names(section, [name], [*keys, *inside], problems, what)
        elif not isinstance(value, dict):
            problems.append(f"{path}: found {shown(value)}, expected a section [{path}]")
        elif path not in ("guilds", "sources"):
            _check_sections(value, problems, path)


def _check_names(
    section: str, names: Iterable[str], known: Sequence[str], problems: list[str], what: str = "key"
) -> None:
    before = f"{section}." if section else ""
    problems.extend(_unknown(before + name, known, what) for name in names if name not in known)


def _unknown(path: str, known: Iterable[str], what: str) -> str:
    """Return that nothing goes by this name, and what may be meant. The value may be a secret and is not shown."""
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
    """Return one key's value: the environment's before the file's before the default; None if it is unfit."""
    if key.env and environ.get(key.env):
        return _parsed(key, f"${key.env}", environ[key.env], problems)
    section = _section(document, key.section)
    if key.name in section:
        return _parsed(key, key.path, section[key.name], problems)
    if key.required:
        also = f" (or ${key.env})" if key.env else ""
        problems.append(f"{key.path}: not set{also}, expected {_expected(key)}")
    return None if key.default is None else key.parse(key.default)


def _section(document: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """Return a section's content; nothing if it is not there or no section."""
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


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
        secret = key.name == "url" and ("@" in str(value) or "password" in str(value).lower())
        what = "a text that is not shown" if secret else shown(value)
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
    _check_names(path, [name for name in content if name not in whole_run], known, problems)
    return {
        key.name: _parsed(key, f"{path}.{key.name}", content[key.name], problems)
        for key in PER_GUILD
        if key.name in content
    }


def _source_sections(document: Mapping[str, Any], found: Found, problems: list[str]) -> tuple[SourceSettings, ...]:
    if not document.get("sources"):
        return ()
    from coachsync.config.sources import check_sources

    return check_sources(document["sources"], found["statuses.cancelled"] or (), problems)


def _check_together(found: Found, problems: list[str]) -> None:
    opens, by = found["windows.setup_opens"], found["windows.setup_by"]
    if opens is not None and by is not None and by >= opens:
        problems.append("windows.setup_by: expected less than windows.setup_opens, or the window never is open")
    bookable, cancelled = found["statuses.bookable"] or (), found["statuses.cancelled"] or ()
    both = [status for status in bookable if status in cancelled]
    if both:
        problems.append(f"statuses.cancelled: {shown(both[0])} is bookable as well, expected one or the other")
    if found["statuses.completed"] in bookable:
        problems.append("statuses.completed: is bookable as well, expected a status that gets no room")


def _check_mapping(document: Mapping[str, Any], found: Found, problems: list[str]) -> None:
    """Find what makes no sense about another system's table."""
    columns = {key.name: found[key.path] for key in keys_of("store.columns") if found[key.path] is not None}
    own = [f"store.{name}" for name in ("table", "where", "timezone", "ledger") if found[f"store.{name}"]]
    given = [*own, *(f"store.columns.{name}" for name in columns)]
    if found["store.time"] not in (None, "ms"):
        given.append("store.time")
    if given and str(found["store.url"]).startswith("json:"):
        problems.append(f"{given[0]}: the store is a JSON file, expected a database in store.url")
    for one, other in (("end", "duration"), ("start", "scheduled_date")):
        if one in columns and other in columns:
            problems.append(f"store.columns.{one}: store.columns.{other} is set as well, expected one of them")
    start = columns.get("start", columns.get("scheduled_date"))
    if start is not None and columns.get("end") == start:
        problems.append("store.columns.end: is the column of the start as well, expected the one of the end")
    if given and document.get("sources"):
        problems.append(f"sources: {given[0]} makes another system's table the store, which is only read; drop one")


def _check_everyone(found: Found, guilds: Mapping[str, Found], problems: list[str]) -> None:
    """Find the lists that let everyone in: a guild's own id is also the id of its @everyone role."""
    lists = {"discord.staff_role_ids": found["discord.staff_role_ids"], "privacy.also": found["privacy.also"]}
    lists |= {f"guilds.{guild}.staff_role_ids": own.get("staff_role_ids") for guild, own in guilds.items()}
    ids = {found["discord.guild_id"], *guilds}
    for path, listed in lists.items():
        problems.extend(
            f"{path}: found {shown(one)}, a guild's own id, which means everyone in it; expected other ids"
            for one in listed or ()
            if one in ids
        )


def _settings(found: Found, guilds: Mapping[str, Found], path: str, base_dir: str) -> Settings:
    sections = _built("", found)
    return Settings(path, base_dir, _merged(sections["discord"], guilds), **sections)


def _built(section: str, found: Found) -> Found:
    """Return a section's values by name; a section inside it is one of them."""
    values = {key.name: found[key.path] for key in keys_of(section)}
    for name, path in sections_in(section).items():
        holds = SECTIONS[path].holds
        if holds is not None:
            values[name] = holds(**_built(path, found))
    return values


def _merged(discord: DiscordSettings, guilds: Mapping[str, Found]) -> dict[str, DiscordSettings]:
    """Return each guild's own settings: its section over [discord]."""
    return {
        guild: discord._replace(guild_id=guild, own_token=bool(own.get("token_file")), **own)
        for guild, own in guilds.items()
    }
