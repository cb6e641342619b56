"""`init`: a commented configuration file, an empty store, the bot's invite link and the next steps."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from coachsync.cli import output
from coachsync.cli.commands.init.answers import Answers, ask, take
from coachsync.cli.commands.init.database import Given, agree, mapped_values
from coachsync.cli.commands.init.stores import lacking_store, maker
from coachsync.cli.context import Invocation, invocation
from coachsync.config import find_token, parse_settings
from coachsync.config.load import search_path
from coachsync.config.settings import Settings
from coachsync.config.template import render_config
from coachsync.discord.invite import invite_link
from coachsync.errors import OK, ConfigError, EnvironmentalError, UsageError
from coachsync.host.files import keep, place
from coachsync.host.limits import absolute, expanded
from coachsync.secrets import Token
from coachsync.store.open import create_store, parse_url

PROGRAM = "coachsync"


def init(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the options and defaults.")] = False,
    guild_id: Annotated[str | None, typer.Option(metavar="ID", help="The guild's id.")] = None,
    category_id: Annotated[str | None, typer.Option(metavar="ID", help="Make rooms under this category.")] = None,
    store: Annotated[
        str | None, typer.Option(metavar="URL", help="sqlite:///FILE, json:///FILE or postgresql://USER@HOST/DATABASE.")
    ] = None,
    token_file: Annotated[str | None, typer.Option(metavar="PATH", help="The file that holds the token.")] = None,
    access: Annotated[str | None, typer.Option(metavar="role|member", help="How people get in.")] = None,
    from_database: Annotated[
        str | None, typer.Option(metavar="URL", help="Read another system's bookings where they are.")
    ] = None,
    table: Annotated[str | None, typer.Option(metavar="NAME", help="Its table or view, else the likeliest.")] = None,
    tz: Annotated[
        str | None, typer.Option("--tz", metavar="ZONE", help="The zone of its times that carry none.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a configuration file that exists.")] = False,
) -> int:
    """Write a commented configuration file and make an empty store, asking for what it needs.

    \b
    Examples:
      coachsync init
      coachsync --config /etc/coachsync/config.toml init --yes --guild-id 1100000000000000000 \\
        --store sqlite:////var/lib/coachsync/sessions.db --token-file /etc/coachsync/token
      coachsync init --from-database sqlite:////srv/app/db.sqlite3 --tz Europe/Berlin
    """
    said = invocation(ctx)
    path = _target(said)
    options = {
        "discord.guild_id": guild_id,
        "discord.category_id": category_id,
        "store.url": store,
        "discord.token_file": token_file,
        "discord.access": access,
    }
    _check(from_database, {"--store": store}, {"--table": table, "--tz": tz})
    if os.path.lexists(path) and not force:
        if from_database is not None:
            raise UsageError(f"{path} exists already and was not touched", "add --force to replace it")
        return _make_store_alone(said, path, options)
    found = {}
    if from_database is not None:
        _answerable(yes=yes)
        found = mapped_values(Given(from_database, table, tz), os.path.dirname(path), path, yes=yes)
        options["store.url"] = from_database
        if not yes:
            agree()
    answers = _answers(options, os.path.dirname(path), yes=yes)
    answers = answers._replace(values={**answers.values, **found})
    settings = _write(path, answers)
    _print_next_steps(said, settings)
    return OK


def _check(database: str | None, beside: Mapping[str, str | None], about: Mapping[str, str | None]) -> None:
    """Raise UsageError for options that make no sense together."""
    for option, value in (beside if database is not None else about).items():
        if value is not None and database is not None:
            raise UsageError(f"{option} and --from-database are given", "leave one of the two out")
        if value is not None:
            raise UsageError(f"{option} is about a database that --from-database names", "add --from-database URL")


def _make_store_alone(said: Invocation, path: str, options: Mapping[str, str | None]) -> int:
    """Make the store that the existing configuration lacks. Raises UsageError if it lacks none."""
    found = lacking_store(path, said.environ, options)
    if found is None:
        raise UsageError(f"{path} exists already and was not touched", "add --force to replace it")
    settings, make = found
    made = make(settings.store.url, settings.base_dir)
    output.out(f"kept {path}")
    output.out(f"made the empty store {made}")
    return OK


def _target(said: Invocation) -> str:
    """Return the path to write: the one named, else the user's own."""
    chosen = said.config or said.environ.get("COACHSYNC_CONFIG") or _own(said)
    if "\0" in chosen or not os.path.basename(chosen):
        raise UsageError(f"{chosen!r} is no file's name", "name the configuration file with --config PATH")
    return absolute(expanded(chosen))


def _own(said: Invocation) -> str:
    """Return the path of the user's own configuration file. Raises EnvironmentalError if they have no home."""
    places = search_path(said.environ)
    if len(places) == 1:
        raise EnvironmentalError("there is no home folder to write into: $HOME is not set", "give --config PATH")
    return places[0]


def _answers(options: Mapping[str, str | None], folder: str, *, yes: bool) -> Answers:
    _answerable(yes=yes)
    return take(options) if yes else ask(options, folder)


def _answerable(*, yes: bool) -> None:
    """Raise UsageError if there is something to ask, and nobody to answer."""
    if not yes and not output.is_terminal(sys.stdin):
        hint = "add --yes and say everything by options: coachsync init --help lists them"
        raise UsageError("init asks questions, and there is no terminal to ask them on", hint)


def _write(path: str, answers: Answers) -> Settings:
    """Make the store, the token file and the configuration file, the last one last; return what it says."""
    text = render_config(answers.values)
    settings = parse_settings(text, path, {})
    make = maker(settings)
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as problem:
        raise ConfigError(
            f"{folder} cannot be made: {problem.strerror}", "choose another place with --config"
        ) from None
    location = parse_url(settings.store.url, settings.base_dir)
    store = location.shown
    if make is not None:
        make(settings.store.url, settings.base_dir)
    made = [store] if make is create_store and location.is_file else []
    try:
        if answers.token is not None:
            made.append(place(answers.token_path, answers.token.reveal() + "\n", new=True))
        former = keep(path)
        place(path, text, new=False)
    except BaseException:
        for file in made:
            os.unlink(file)
        raise
    output.out(f"wrote {path}" + (f"; the former one is {former}" if former else ""))
    output.out(f"kept the store {store}" if make is None else f"made the empty store {store}")
    return settings


def _print_next_steps(said: Invocation, settings: Settings) -> None:
    command = PROGRAM
    if settings.path != search_path(said.environ)[0]:
        command += f" --config {settings.path}"
    output.out("")
    output.out("1. Let the bot in, as somebody who may manage the server:")
    output.out(f"   {invite_link(settings.discord.guild_id, _token(said, settings))}")
    output.out("2. Check all that a run needs:")
    output.out(f"   {command} doctor")
    output.out("3. Let cron or systemd call it every 15 minutes, as this shows:")
    output.out(f"   {PROGRAM} help install")


def _token(said: Invocation, settings: Settings) -> Token | None:
    """Return the token, None if it cannot be found yet."""
    try:
        found = find_token(settings, settings.discord.guild_id, said.environ)
    except ConfigError as problem:
        output.warning(f"{problem.message}: {problem.hint}")
        return None
    if found.warning is not None:
        output.warning(found.warning.message)
    return found.token
