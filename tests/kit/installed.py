"""Installations that an earlier release left behind, brought back to life with all there was at Discord."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from coachsync.domain.permissions import Overwrite
from coachsync.standin.model import Channel, Member, Role, by_target
from tests.kit.home import URLS
from tests.kit.scene import Scene
from tests.kit.town import TOKEN

DATA = Path(__file__).parent / "installed_0_1_0"
KINDS = ("sqlite-role", "sqlite-member", "json-role", "json-member")
OVER, OPEN, WAITING, HALF, GONE = "over0002", "open0003", "wait0004", "half0005", "gone0001"


def installed(folder: Path, kind: str) -> Scene:
    """Return the scene of an installation of 0.1.0, at the moment when its last run was killed."""
    store, _, access = kind.partition("-")
    scene = Scene(folder, URLS[store], access)
    scene.file.unlink()
    if store == "sqlite":
        restore(scene.file, DATA / kind / "store.sql")
    else:
        shutil.copy(DATA / kind / "sessions.json", scene.file)
        restore(Path(f"{scene.file}.coachsync.db"), DATA / kind / "ledger.sql")
    _settle(scene, DATA / kind / "discord.json")
    return scene


def restore(path: Path, dump: Path) -> None:
    """Make a database of its dump."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text("utf-8"))


def _settle(scene: Scene, file: Path) -> None:
    """Put at Discord what was there, in place of the scene's own guild."""
    said, world = json.loads(file.read_text("utf-8")), scene.world
    scene.clock.advance(said["now"] - scene.now())
    for things in (world.users, world.guilds, world.apps):
        things.clear()
    world.add_bot(TOKEN, "coachsync", said["bot"])
    for user, name in said["users"].items():
        world.add_user(name, user)
    world.add_guild("Guild", said["owner"], id=said["guild"])
    home = world.guilds[said["guild"]]
    home.members = {user: Member(user, m["joined_at"], set(m["roles"])) for user, m in said["members"].items()}
    home.roles = {role["id"]: Role(birth=world.birth(), **role) for role in said["roles"]}
    for fields in said["channels"]:
        overwrites = by_target(Overwrite(*overwrite) for overwrite in fields.pop("overwrites"))
        world.put_channel(home, Channel(guild_id=home.id, birth=world.birth(), overwrites=overwrites, **fields))
    scene.guild, scene.bot, scene.owner = said["guild"], said["bot"], said["owner"]
    scene.configure()
