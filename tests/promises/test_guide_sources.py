"""Each source that the guide shows works as it stands there: from its text to a room for the people it names.

Behind an example is what it names: a server on loopback, a real database, a file, a program. Of its text only places
are put elsewhere, wherever they stand in it: the origin of an https address, the port of a database on loopback, and
the folder before /srv and /usr/local/bin. An address that an example leaves to coachsync itself is given as its `url`.
"""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coachsync.config.definition import SOURCE_TYPES
from coachsync.domain.model import HOUR
from tests.bookings.sources.feed import Feed, Reply
from tests.documents.pages import code, every_block, rows, section, text_of
from tests.kit.mariadb import is_installed
from tests.kit.postgres import programs
from tests.kit.scene import QUARTER, Scene, Stage

FILE = "source file: "
JOHN, SARAH = "1300000000000000001", "1300000000000000002"
START = 1_918_227_600_000  # as the guide says: on 14 October 2030 at 17:00 UTC
CALCOM = "https://api.cal.com/v2/bookings"
SECRET = "s3cret-of-the-examples"
_TABLE = rows(section("Sources: bookings that are pulled"), "source", "id of the booking")
IDS = {code(name)[0]: code(session)[0] for name, session in _TABLE}
_NEEDS = {
    "shop": [pytest.mark.tools, pytest.mark.skipif(not is_installed(), reason="no MariaDB on this host")],
    "clinic": [pytest.mark.tools, pytest.mark.skipif(programs() is None, reason="no PostgreSQL on this host")],
}
SHOWN = {block.mark for block in every_block() if block.mark.startswith("source: ")}
FILES = {block.mark.removeprefix(FILE): block.text for block in every_block() if block.mark.startswith(FILE)}


class Places:
    """Where an example's places are in a test, and what stands there."""

    def __init__(self, scene: Scene, feed: Feed, request: pytest.FixtureRequest) -> None:
        self.folder = scene.folder
        self._feed, self._request = feed, request
        self._ports: dict[str, int] = {}
        self._served: dict[str, bytes] = {}
        feed.reply = self._answer

    def placed(self, text: str) -> str:
        """Return a text of the guide's with its places where they are here."""
        text = re.sub(r"https://[\w.]+", self._feed.origin, text)
        text = re.sub(r"(\w+)://reader@127\.0\.0\.1/", lambda m: f"{m[0][:-1]}:{self._ports.get(m[1], 0)}/", text)
        return re.sub(r"(?<!\w)/(srv|usr/local/bin)/", rf"{self.folder}/\1/", text)

    def make(self, config: str) -> None:
        """Let there be all that an example names, and what that names."""
        seen = config
        for name, text in FILES.items():  # a program stands before what it reads
            kind, _, rest = name.partition("://")
            if kind == "https":
                self._served["/" + rest.partition("/")[2]] = text.encode()
            elif (name.partition(".zip/")[0]) in seen:
                seen += text
                make = {"mysql": self._mysql, "postgresql": self._postgres, "sqlite": self._sqlite}.get(kind)
                make(rest, text) if make is not None else self._make_file(name, text)
        credentials = self.folder / "credentials"
        credentials.mkdir()
        for file in (credentials / "booking-page", self.folder / "calcom-key"):
            self._secret(file, SECRET)
        for file in (self.folder / "shop-password", self.folder / "clinic-password"):
            self._secret(file, "only-reads")

    def _secret(self, file: Path, text: str) -> None:
        file.write_text(f"{text}\n")
        file.chmod(0o600)

    def _answer(self, heard: dict[str, str]) -> Reply:
        path = heard[":path"].partition("?")[0]
        wanted = "" if path.endswith(".ics") else f"Bearer {SECRET}"
        if heard.get("authorization", "") != wanted:
            return Reply(401, b"")
        return Reply(200, self._served[path]) if path in self._served else Reply(404, b"")

    def _make_file(self, name: str, text: str) -> None:
        archive, inside, member = name.partition(".zip/")
        file = Path(self.placed(f"{archive}.zip" if inside else name))
        file = file if file.is_absolute() else self.folder / file
        file.parent.mkdir(parents=True, exist_ok=True)
        if inside:
            with zipfile.ZipFile(file, "a") as export:
                export.writestr(member, text)
        else:
            file.write_text(self.placed(text), "utf-8")
        file.chmod(0o700 if text.startswith("#!") else 0o600)

    def _mysql(self, place: str, statements: str) -> None:
        server = self._request.getfixturevalue("mariadb_server")
        database = place.partition("/")[2]
        self._ports["mysql"] = server.port
        server.run(f"CREATE DATABASE {database}")
        server.run(*_each(statements), database=database)

    def _postgres(self, place: str, statements: str) -> None:
        import psycopg

        server = self._request.getfixturevalue("postgres_server")
        database = place.partition("/")[2]
        self._ports["postgresql"] = server.port
        server.run(f"CREATE DATABASE {database}")
        with psycopg.connect(server.url(database=database)) as connection:
            connection.execute(statements.encode())

    def _sqlite(self, place: str, statements: str) -> None:
        file = Path(self.placed(place.removeprefix("/")))
        file.parent.mkdir(parents=True)
        with closing(sqlite3.connect(file)) as database:
            database.executescript(statements)


def _each(statements: str) -> list[str]:
    return [one for one in (part.strip() for part in statements.split(";")) if one]


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """Return a scene two and a half hours before the guide's booking, in a guild of the guide's people."""
    scene = stage()
    scene.clock.set(START - 2 * HOUR - 2 * QUARTER)
    for user, name in ((JOHN, "john"), (SARAH, "sarah")):
        scene.world.join(scene.guild, scene.world.add_user(name, id=user))
    return scene


@pytest.fixture
def places(scene: Scene, request: pytest.FixtureRequest) -> Iterator[Places]:
    with Feed(Reply(404, b"")) as feed:
        yield Places(scene, feed, request)


@pytest.mark.parametrize("name", [pytest.param(name, marks=_NEEDS.get(name, ())) for name in IDS])
def test_example_of_a_source_brings_its_booking_in_and_opens_its_room(scene: Scene, places: Places, name: str) -> None:
    example = text_of(f"source: {name}")
    places.make(example)
    config = places.placed(example)
    if name == "scheduling":
        config = config.replace("token_file", f'url = "{places.placed(CALCOM)}"\ntoken_file', 1)
    scene.configure(rest=config)
    environ = {"CREDENTIALS_DIRECTORY": str(scene.folder / "credentials")}

    pulled = scene.program("sync", name, "--now", str(scene.now()), **environ)
    assert (pulled.code, pulled.out, pulled.err) == (0, f"{name}: 1 new, 0 changed, 0 unchanged, 0 refused\n", "")
    row = scene.row(IDS[name])
    assert (row["scheduledDate"], row["duration"]) == (START, 60)

    run = scene.program("run", "--json", **environ)
    assert (run.code, run.actions) == (0, [(IDS[name], "setup", "done")]), run.err
    (room,) = [i for i, called in scene.world.channel_names(scene.guild).items() if called.startswith("🎤")]
    assert scene.world.who_can_enter(room) - {scene.bot, scene.owner} == {JOHN, SARAH}


def test_there_is_an_example_of_each_type_of_each_database_and_of_each_way() -> None:
    shown = {block.mark.removeprefix("source: "): block.text for block in every_block() if block.mark in SHOWN}
    keys = [dict(re.findall(r'^(\w+) = \[?"(\w+)', text, re.M)) for text in shown.values()]
    assert shown.keys() == IDS.keys()
    assert {found["type"] for found in keys} == set(SOURCE_TYPES)
    assert {found["url"] for found in keys if found["type"] == "sql"} == {"mysql", "postgresql", "sqlite"}
    assert {way for text in shown.values() for way in ("url", "path", "command") if f"\n{way} = " in text} == {
        "url",
        "path",
        "command",
    }
