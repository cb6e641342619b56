"""What `doctor` finds about sources of bookings: each mistake is named, and its remedy mends it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coachsync.clock import host_now
from coachsync.doctor.checks import DoctorRequest, examine
from coachsync.domain.finding import Finding
from coachsync.domain.model import DAY, HOUR, MINUTE
from coachsync.store.ledger.sources import SourceMemory
from tests.bookings.sources.feed import Feed, Reply, document, entry
from tests.doctor.conftest import examined
from tests.kit.scene import Scene
from tests.kit.town import TOKEN

SECRET = "s3cret-of-the-feed-0123456789"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"


class Pulled:
    """An installation whose bookings are pulled, in which nothing is wrong until a mistake is made in it."""

    def __init__(self, scene: Scene, feed: Feed) -> None:
        self.scene, self.feed, self.folder = scene, feed, scene.folder
        scene.file.chmod(0o640)
        self.keys: dict[str, str] = {}
        self.token, self.people = self.folder / "secret", self.folder / "people.toml"
        self.program, self.file = self.folder / "bookings", self.folder / "bookings.json"
        for file, text in ((self.token, SECRET), (self.people, ""), (self.program, "#!/bin/sh\necho '[]'\n"),
                           (self.file, "[]")):  # fmt: skip
            file.write_text(text, "utf-8")
            file.chmod(0o700 if file is self.program else 0o600)
        self.says(entry("one00001", host_now() + DAY, studentDiscordId=scene.student, coachDiscordId=scene.coach))
        self.configure()

    def configure(self, rest: str = "", **keys: str) -> None:
        """Write the configuration: one source `page`, some keys of which are others."""
        own = {"type": '"json"', "url": f'"{self.feed.origin}/feed"', "token_file": '"secret"'} | keys
        lines = "\n".join(f"{name} = {value}" for name, value in own.items() if value)
        self.scene.configure(rest=f"[sources.page]\n{lines}\n{rest}")

    def says(self, *entries: dict[str, object]) -> None:
        self.feed.reply = Reply(200, document(*entries))

    def of_program(self) -> None:
        self.configure(url="", token_file="", command=f'["{self.program}"]')

    def of_file(self) -> None:
        self.configure(url="", token_file="", path='"bookings.json"')

    def doctor(self, *, offline: bool = False) -> list[Finding]:
        """Return what is amiss; Discord itself is not what this is about."""
        return examined(self.scene, offline=offline)

    def told(self, *, offline: bool = False) -> list[str]:
        """Return what is said of sources that are fine."""
        request = DoctorRequest(str(self.scene.home.config), {"COACHSYNC_TOKEN": TOKEN}, offline)
        return [f.message for f in examine(request) if f.check == "sources"]

    def remember(self, memory: SourceMemory) -> None:
        with self.scene.store() as store, store.transaction() as transaction:
            transaction.ledger.keep_sources([memory])


@pytest.fixture
def pulled(scene: Scene) -> Iterator[Pulled]:
    with Feed(Reply(200, b"[]")) as feed:
        scene.tick()
        yield Pulled(scene, feed)


def nothing(pulled: Pulled) -> None:
    pulled.configure()


# mistakes, and what their remedies say


def no_token(pulled: Pulled) -> None:
    pulled.token.unlink()


def token_put_there(pulled: Pulled) -> None:
    pulled.token.write_text(SECRET)
    pulled.token.chmod(0o600)


def empty_token(pulled: Pulled) -> None:
    pulled.token.write_text("\n")


def token_on_two_lines(pulled: Pulled) -> None:
    pulled.token.write_text("one\ntwo")


def token_for_all_to_read(pulled: Pulled) -> None:
    pulled.token.chmod(0o644)


def token_for_all_to_write(pulled: Pulled) -> None:
    pulled.token.chmod(0o622)


def credential_without_a_unit(pulled: Pulled) -> None:
    pulled.configure(token_file='"credential:page"')


def token_that_is_refused(pulled: Pulled) -> None:
    pulled.feed.reply = Reply(401, b"")


def token_that_is_taken(pulled: Pulled) -> None:
    pulled.says(entry("one00001", host_now() + DAY, studentDiscordId=pulled.scene.student,
                      coachDiscordId=pulled.scene.coach))  # fmt: skip


def no_people(pulled: Pulled) -> None:
    pulled.people.unlink()
    pulled.configure(people='"people.toml"')


def people_written(pulled: Pulled) -> None:
    pulled.people.write_text('"anna@example.org" = "123456789012345678"\n')
    pulled.people.chmod(0o600)


def people_for_all_to_read(pulled: Pulled) -> None:
    pulled.configure(people='"people.toml"')
    pulled.people.chmod(0o644)


def people_that_are_no_ids(pulled: Pulled) -> None:
    pulled.people.write_text('"anna@example.org" = "anna"\n')
    pulled.configure(people='"people.toml"')


def no_program(pulled: Pulled) -> None:
    pulled.of_program()
    pulled.program.unlink()


def program_put_there(pulled: Pulled) -> None:
    pulled.program.write_text("#!/bin/sh\necho '[]'\n")
    pulled.program.chmod(0o700)


def program_that_may_not_be_started(pulled: Pulled) -> None:
    pulled.of_program()
    pulled.program.chmod(0o600)


def program_for_all_to_write(pulled: Pulled) -> None:
    pulled.of_program()
    pulled.program.chmod(0o777)


def program_that_fails(pulled: Pulled) -> None:
    pulled.of_program()
    pulled.program.write_text("#!/bin/sh\necho no database >&2; exit 3\n")


def no_file(pulled: Pulled) -> None:
    pulled.of_file()
    pulled.file.unlink()


def file_put_there(pulled: Pulled) -> None:
    pulled.file.write_text("[]")
    pulled.file.chmod(0o600)


def file_for_all_to_write(pulled: Pulled) -> None:
    pulled.of_file()
    pulled.file.chmod(0o666)


def no_database(pulled: Pulled) -> None:
    pulled.configure(type='"sql"', url='"sqlite:///app.db"', query='"SELECT 1 AS id"', token_file="")


def web_page(pulled: Pulled) -> None:
    pulled.feed.reply = Reply(200, b"<html>", {"Content-Type": "text/html"})


def an_entry_of_no_use(pulled: Pulled) -> None:
    good = entry("one00001", host_now() + DAY, studentDiscordId=pulled.scene.student)
    pulled.says(good, entry("two00001", host_now() + DAY, duration=-1))


def nobody_named(pulled: Pulled) -> None:
    pulled.says(entry("one00001", host_now() + DAY, studentDiscordId=None, coachDiscordId=None, mail="j@example.org"))


def people_mapped(pulled: Pulled) -> None:
    pulled.people.write_text(f'"j@example.org" = "{pulled.scene.student}"\n')
    pulled.configure(people='"people.toml"', map='{student = "mail"}')


def longer_than_a_run(pulled: Pulled) -> None:
    pulled.scene.home.configure(
        pulled.scene.guild,
        [f'api_base = "{pulled.scene.standin.base_url}"', 'run_budget = "20s"'],
        f'[sources.page]\ntype = "json"\nurl = "{pulled.feed.origin}/feed"\ntimeout = "15s"\n',
    )


def hardly_ever(pulled: Pulled) -> None:
    pulled.configure(every='"1d"')


def the_same_twice(pulled: Pulled) -> None:
    pulled.configure(f'[sources.again]\ntype = "json"\nurl = "{pulled.feed.origin}/feed"\ntoken_file = "secret"\n')


def no_library(pulled: Pulled) -> None:
    pulled.feed.reply = Reply(200, CALENDAR)
    pulled.configure(type='"ics"')
    sys.modules["icalendar"] = None  # type: ignore[assignment]  # as if it were not installed


def library_installed(pulled: Pulled) -> None:
    sys.modules.pop("icalendar", None)


Change = Callable[[Pulled], None]
MISTAKES: list[tuple[Change, str, str, str, Change]] = [
    (no_token, "failure", "secret cannot be read: No such file", "correct the path", token_put_there),
    (empty_token, "failure", "secret holds no secret", "write the secret into it", token_put_there),
    (token_on_two_lines, "failure", "something that is no token", "put the token there", token_put_there),
    (token_for_all_to_read, "warning", "others can read its token_file", "chmod 600", token_put_there),
    (token_for_all_to_write, "warning", "others can write its token_file", "chmod 600", token_put_there),
    (credential_without_a_unit, "failure", "credential page is not here", "or name a file", nothing),
    (token_that_is_refused, "failure", "answers 401", "correct its token_file", token_that_is_taken),
    (no_people, "failure", "people.toml cannot be read", "correct the path", people_written),
    (people_for_all_to_read, "warning", "which is personal data", "chmod 600", people_written),
    (people_that_are_no_ids, "warning", "not a Discord id", "correct that line", people_written),
    (no_program, "failure", "is not there", "put it there", program_put_there),
    (program_that_may_not_be_started, "failure", "may not be started", "chmod +x", program_put_there),
    (program_for_all_to_write, "warning", "others can write the program", "chmod go-w", program_put_there),
    (program_that_fails, "failure", "ended with 3: no database", "run it by hand", program_put_there),
    (no_file, "failure", "cannot be read: No such file", "correct its path", file_put_there),
    (file_for_all_to_write, "warning", "can write", "chmod o-w", file_put_there),
    (no_database, "failure", "no database file", "correct its url", nothing),
    (web_page, "failure", "answers with a web page", "look at the address", token_that_is_taken),
    (an_entry_of_no_use, "warning", "an entry of no use", "", token_that_is_taken),
    (nobody_named, "warning", "names anybody by a Discord id", "sources.page.people", people_mapped),
    (longer_than_a_run, "warning", "is cut to 10 s", 'timeout = "10s"', nothing),
    (hardly_ever, "warning", "once in 24 h", 'to "15m"', nothing),
    (the_same_twice, "warning", "the same as page", "take [sources.again] out", nothing),
    (no_library, "failure", "icalendar is not installed", "coachsync[ics]", library_installed),
]


@pytest.fixture
def _library_back() -> Iterator[None]:
    kept = sys.modules.get("icalendar")
    yield
    sys.modules.pop("icalendar", None)
    if kept is not None:
        sys.modules["icalendar"] = kept


@pytest.mark.usefixtures("_library_back")
@pytest.mark.parametrize(
    ("mistake", "level", "message", "hint", "remedy"), MISTAKES, ids=lambda given: getattr(given, "__name__", "")
)
def test_mistake_is_named_and_mended_by_its_remedy(
    pulled: Pulled, mistake: Change, level: str, message: str, hint: str, remedy: Change
) -> None:
    mistake(pulled)
    found = pulled.doctor()
    assert [(f.check, f.level, message in f.message, hint in f.hint) for f in found] == [
        ("sources", level, True, True)
    ], found
    remedy(pulled)
    assert pulled.doctor() == []


def test_source_that_answers_is_said_to_with_what_it_holds(pulled: Pulled) -> None:
    assert pulled.told() == ["page: 1 booking, 1 of them new; not pulled yet"]
    now = host_now()
    pulled.remember(SourceMemory("page", tried_at=now - 5 * MINUTE, good_at=now - 5 * MINUTE))
    assert pulled.told() == ["page: 1 booking, 1 of them new; last pulled 5 min ago"]


def test_nothing_is_changed_by_asking(pulled: Pulled) -> None:
    before = pulled.scene.home.files()
    pulled.doctor()
    assert (pulled.scene.home.files(), len(pulled.feed.heard)) == (before, 1)


def test_offline_asks_no_address_and_starts_no_program_and_reads_files(pulled: Pulled) -> None:
    assert pulled.told(offline=True) == ["page: not asked now; not pulled yet"]
    no_token(pulled)
    assert [f.level for f in pulled.doctor(offline=True)] == ["failure"]
    pulled.of_program()
    pulled.program.write_text(f"#!/bin/sh\ntouch {pulled.folder}/started; echo '[]'\n")
    pulled.doctor(offline=True)
    assert (pulled.feed.heard, (pulled.folder / "started").exists()) == ([], False)
    pulled.of_file()
    pulled.file.write_bytes(document(entry("one00001", host_now() + DAY)))
    assert pulled.told(offline=True)[0].startswith("page: 1 booking, 1 of them new")


def test_source_whose_last_pull_failed_is_told_of_offline_and_when_it_answers_again(pulled: Pulled) -> None:
    pulled.feed.reply = Reply(500, b"")
    assert pulled.scene.program("run").code == 0
    (away,) = pulled.doctor(offline=True)
    assert (away.level, "answers 500" in away.message) == ("failure", True)
    token_that_is_taken(pulled)
    (back,) = pulled.doctor()
    assert (back.level, "its last pull failed" in back.message, "`coachsync sync page`" in back.hint) == (
        "warning",
        True,
        True,
    )
    assert pulled.scene.program("sync", "page").code == 0
    assert pulled.doctor() == []


def test_source_that_wants_to_be_left_alone_is(pulled: Pulled) -> None:
    now = host_now()
    pulled.remember(SourceMemory("page", tried_at=now - MINUTE, asked_from=now + HOUR))
    (found,) = pulled.doctor()
    assert ("left alone until" in found.message, pulled.feed.heard) == (True, [])


def test_runs_that_do_not_pull_are_told_of(pulled: Pulled) -> None:
    now = host_now()
    pulled.remember(SourceMemory("page", tried_at=now - 5 * HOUR, good_at=now - 5 * HOUR))
    (found,) = pulled.doctor()
    assert ("runs do not pull it" in found.message, "--no-sources" in found.hint) == (True, True)


def test_address_with_a_password_in_a_file_that_all_may_read_is_told_of(scene: Scene, tmp_path: Path) -> None:
    rest = '[sources.shop]\ntype = "sql"\nurl = "mysql://reader:p4ssword@127.0.0.1:9/shop"\nquery = "SELECT 1"\n'
    scene.configure(rest=rest)
    scene.home.config.chmod(0o644)
    found = [f for f in examined(scene, offline=True) if f.check == "sources"]
    assert [("holds a password" in f.message, "chmod o-r" in f.hint, "p4ssword" in str(f)) for f in found] == [
        (True, True, False)
    ]
    scene.home.config.chmod(0o640)
    assert [f for f in examined(scene, offline=True) if f.check == "sources"] == []
