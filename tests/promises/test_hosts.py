"""Hosts that withhold something: each is told by the name of the variable, file or limit, and never as a bug."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from coachsync.domain.model import Millis
from coachsync.store.open import create_store
from tests.kit.home import Home, Result
from tests.kit.ordinary import as_ordinary_user
from tests.kit.powers import needs_root, read_only, without_inodes
from tests.kit.scene import Stage
from tests.kit.town import TOKEN

UNKNOWN = 54_321  # a user id that the system knows nothing of
NO_HOME = "import os; os.environ.pop('HOME', None)"
NEVER = 'api_base = "https://127.0.0.1:9"'  # nothing listens there; TLS, so that certificates are read
T_BEFORE: Millis = 1_791_990_000_000


def refused(result: Result, *named: str, code: str = "environment") -> None:
    """Assert exit 3, two lines and a JSON document that name what is to be mended."""
    assert (result.code, result.complaint) == (3, ["error", "hint"]), result
    error = result.json["error"]
    assert (set(error), error["code"]) == ({"code", "message", "hint"}, code), error
    assert error["hint"]
    for word in named:
        assert word in error["message"] + error["hint"]
        assert word in result.err
    assert "Traceback" not in result.out + result.err


def busy(home: Home, *discord: str) -> Home:
    """Return a home with one session whose setup is due now."""
    home.configure("1100000000000000000", discord or [NEVER])
    home.make_store()
    row = {"_id": "abc12345", "status": "SCHEDULED", "scheduledDate": T_BEFORE + 9_000_000, "duration": 60}
    with home.store() as store:
        store.bookings.import_rows([row | {"studentDiscordId": "1100000000000000010"}])
    return home


def run(home: Home, *more: str, inject: str = "", **environ: str) -> Result:
    """Run one tick at the moment when the session's setup is due."""
    at = ("run", "--json", "--now", str(T_BEFORE), "--force", *more)
    return home.run(*at, inject=inject, **({"COACHSYNC_TOKEN": TOKEN} | environ))


# homes and folders


@pytest.mark.parametrize("command", [["run", "--json"], ["status", "--json"]])
def test_user_without_home_and_name_is_told_of_home(command: list[str]) -> None:
    def check(folder: Path) -> None:
        result = Home(folder).start(*command, inject=NO_HOME)
        refused(result, "$HOME", "--config PATH")
        assert list(folder.iterdir()) == []

    as_ordinary_user(check, UNKNOWN)


def test_init_without_home_makes_no_folder_of_that_name() -> None:
    def check(folder: Path) -> None:
        result = Home(folder).start("init", "--yes", "--guild-id", "1100000000000000000", inject=NO_HOME)
        assert (result.code, result.complaint) == (3, ["error", "hint"])
        assert "$HOME" in result.err
        assert list(folder.iterdir()) == []

    as_ordinary_user(check, UNKNOWN)


@pytest.mark.parametrize("named", ["--config", "COACHSYNC_CONFIG"])
def test_tilde_that_no_shell_expanded_is_the_home(bare: Home, named: str) -> None:
    options = ["--config", "~/c/config.toml"] if named == "--config" else []
    environ = {} if options else {"COACHSYNC_CONFIG": "~/c/config.toml"}
    result = bare.start(*options, "init", "--yes", "--guild-id", "1100000000000000000", **environ)
    assert result.code == 0, result.err
    assert [path.name for path in bare.folder.iterdir()] == ["c"]


def test_token_below_a_home_that_nobody_knows_names_home() -> None:
    def check(folder: Path) -> None:
        home = busy(Home(folder), 'token_file = "~/token"')
        refused(run(home, inject=NO_HOME, COACHSYNC_TOKEN=""), "$HOME", "~/token")

    as_ordinary_user(check, UNKNOWN)


def test_user_without_home_and_name_works_with_a_configuration(stage: Stage) -> None:
    base = stage().standin.base_url

    def check(folder: Path) -> None:
        home = busy(Home(folder), f'api_base = "{base}"')
        result = run(home, inject=NO_HOME)
        assert result.code in (0, 1), result.err  # the guild is another one
        assert "abc12345" in result.out

    as_ordinary_user(check, UNKNOWN)


GONE = "import os; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"


def test_deleted_working_directory_is_told_for_relative_paths(home: Home) -> None:
    refused(home.start("--config", "config.toml", "run", "--json", inject=GONE), "working directory", "absolute path")


@pytest.mark.parametrize("command", [["run"], ["status"], ["sessions", "list"]])
def test_deleted_working_directory_does_not_matter_to_absolute_paths(home: Home, command: list[str]) -> None:
    assert home.run(*command, inject=GONE, COACHSYNC_TOKEN=TOKEN).code == 0


def test_folder_on_the_way_that_may_not_be_entered_is_told_with_the_file() -> None:
    def check(folder: Path) -> None:
        home = Home(folder / "closed")
        home.folder.mkdir()
        home.settle()
        home.folder.chmod(0)
        result = Home(folder).start("--config", str(home.config), "run", "--json")
        if os.geteuid() == 0:
            return
        refused(result, str(home.config), "permissions", code="config")

    as_ordinary_user(check)


def test_folder_of_the_store_that_may_not_be_entered_is_told_with_the_file() -> None:
    def check(folder: Path) -> None:
        home = Home(folder)
        (folder / "closed").mkdir()
        home.url = f"sqlite:///{folder}/closed/sessions.db"
        home.configure("1100000000000000000")
        create_store(home.url, folder)
        (folder / "closed").chmod(0)
        refused(run(home), f"{folder}/closed/sessions.db", code="store_error")

    as_ordinary_user(check)


@needs_root
def test_read_only_system_is_told_with_the_file(home: Home) -> None:
    result = home.run("run", "--json", inject=read_only(home.folder), COACHSYNC_TOKEN=TOKEN)
    refused(result, str(home.folder), code="store_error")
    assert home.run("status", inject=read_only(home.folder)).code == 0


@needs_root
def test_file_system_without_inodes_is_told_as_that(bare: Home) -> None:
    (bare.folder / "small").mkdir()
    bare.url = "json:///small/sessions.json"
    bare.configure("1100000000000000000")
    result = bare.run("run", "--json", inject=without_inodes(bare.folder / "small"), COACHSYNC_TOKEN=TOKEN)
    refused(result, "small/sessions.json", "df -i", code="store_error")


@needs_root
def test_host_without_a_folder_for_temporary_files_is_told_of_it(bare: Home) -> None:
    inject = (
        f"{read_only(bare.folder)}\nimport tempfile; tempfile._candidate_tempdir_list = lambda: [{str(bare.folder)!r}]"
    )
    result = bare.start("demo", inject=inject + "\ntempfile.tempdir = None")
    assert (result.code, result.complaint) == (3, ["error", "hint"]), result
    assert "$TMPDIR" in result.err


# variables


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("kind", ["gone", "empty", "text"])
def test_stale_certificates_are_told_by_variable_and_path(bare: Home, variable: str, kind: str) -> None:
    path = bare.folder / "ca.pem"
    if kind != "gone":
        path.write_text("no certificate" if kind == "text" else "")
    none = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}
    refused(run(busy(bare), **(none | {variable: str(path)})), f"${variable}", str(path))


def test_certificates_are_of_no_concern_to_plain_loopback(stage: Stage) -> None:
    scene = stage()
    scene.book()
    assert scene.program("run", REQUESTS_CA_BUNDLE="/gone.pem", CURL_CA_BUNDLE="/gone.pem").code == 0


@pytest.mark.parametrize("path", ["/gone/keys.log", "/"])
def test_key_log_that_cannot_be_written_is_told_by_its_variable(bare: Home, path: str) -> None:
    refused(run(busy(bare), SSLKEYLOGFILE=path), "$SSLKEYLOGFILE", path)


def test_stale_certificates_of_openssl_are_not_read(bare: Home) -> None:
    result = run(busy(bare), SSL_CERT_FILE="/gone.pem")
    assert result.code == 1
    assert result.error_of("abc12345")["code"] == "unreachable"


PROXIES = ("://", "http://", "http://[::1", "http://host:port", "ftp://proxy:21", "socks5://proxy:1080", "http://a b:1")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_senseless_proxy_is_told_by_its_variable(bare: Home, variable: str, proxy: str) -> None:
    home = busy(bare, 'api_base = "https://discord.invalid/api"')
    refused(run(home, **{variable: proxy}), f"${variable}")


@pytest.mark.parametrize(
    "proxy", ["robot:s3cr3tpass@[::1", "http://robot:s3cr3tpass@a b:1", "socks5://robot:s3cr3tpass@p:1"]
)
def test_password_of_a_senseless_proxy_is_not_shown(bare: Home, proxy: str) -> None:
    home = busy(bare, 'api_base = "https://discord.invalid/api"')
    result = run(home, HTTPS_PROXY=proxy)
    refused(result, "$HTTPS_PROXY")
    assert "s3cr3tpass" not in result.out + result.err


@pytest.mark.parametrize("proxy", ["http://robot:s3cr3tpass@127.0.0.1:9", "robot:s3cr3tpass@127.0.0.1:9"])
def test_password_of_a_proxy_out_of_reach_is_not_shown(bare: Home, proxy: str) -> None:
    home = busy(bare, 'api_base = "https://discord.invalid/api"', 'timeout = "2s"')
    result = home.run("--verbose", "run", "--now", str(T_BEFORE), "--force", COACHSYNC_TOKEN=TOKEN, HTTPS_PROXY=proxy)
    assert result.code == 1
    assert "s3cr3tpass" not in result.out + result.err


# limits

LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({0}, {0}))"


@pytest.mark.parametrize("files", range(6, 24))
def test_limit_of_open_files_is_told_or_suffices(stage: Stage, files: int) -> None:
    scene = stage()
    scene.book()
    result = scene.program("run", "--json", inject=LIMITED.format(files))
    assert result.code in (0, 3), result
    if result.code == 3:
        error = result.json["error"]
        assert (error["code"], "ulimit -n" in error["hint"]) == ("environment", True), error
    assert result.code == 0 or scene.rooms() == []


def test_few_open_files_mean_fewer_connections(stage: Stage) -> None:
    scene = stage()
    for n in range(12):
        scene.book(f"abc1234{n:x}")
    few = LIMITED.format("len(os.listdir('/proc/self/fd')) + 22")  # beside what the process of the tests has open
    assert scene.program("run", inject=f"import os; {few}").code == 0
    assert len(scene.world.channel_names(scene.guild)) == 12


THREADS = """
import threading
real, left = threading.Thread.start, [{0}]
def start(thread):
    if left[0] <= 0:
        raise RuntimeError("can't start new thread")
    left[0] -= 1
    real(thread)
threading.Thread.start = start
"""


@pytest.mark.parametrize("threads", range(10))
def test_limit_of_threads_is_told_or_suffices(stage: Stage, threads: int) -> None:
    scene = stage()
    for n in range(3):
        scene.book(f"abc1234{n}")
    result = scene.program("run", "--json", inject=THREADS.format(threads))
    if result.code == 3:
        error = result.json["error"]
        assert (error["code"], "ulimit -u" in error["hint"]) == ("environment", True), error
        assert scene.things() == {}
        assert scene.program("run").code == 0
    assert len(scene.things()) == 6


def test_fewer_threads_are_used_if_fewer_are_allowed(stage: Stage) -> None:
    scene = stage()
    for n in range(5):
        scene.book(f"abc1234{n}")
    assert scene.program("run", inject=THREADS.format(6)).code == 0
    assert len(scene.things()) == 10


def test_real_limit_of_processes_is_no_bug(stage: Stage) -> None:
    base = stage().standin.base_url

    def check(folder: Path) -> None:
        home = busy(Home(folder), f'api_base = "{base}"')
        limit = "import resource; resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))"
        result = run(home, inject=limit)
        assert result.code in (1, 3), result
        assert "bug" not in result.err
        if result.code == 3:
            assert "ulimit -u" in result.json["error"]["hint"]

    as_ordinary_user(check, UNKNOWN)


def test_limit_that_no_code_foresaw_is_no_bug(home: Home) -> None:
    inject = "import os, coachsync.store.open as o\ndef full(*a, **k): raise OSError(28, os.strerror(28), '/var/x')\n"
    result = home.run("status", "--json", inject=inject + "o.open_store = full")
    refused(result, "/var/x", "df -i")


# documents


def test_locked_store_is_a_document(scene_locked: Callable[[], Result]) -> None:
    result = scene_locked()
    assert result.code == 4
    assert result.json["error"]["code"] == "locked"


@pytest.fixture
def scene_locked(stage: Stage) -> Callable[[], Result]:
    """Return what runs the program while another run holds the lock."""
    scene = stage()
    scene.book()

    def locked() -> Result:
        with scene.store() as store, store.run_lock(0, "test"):
            return scene.program("run", "--json")

    return locked


@pytest.mark.parametrize(
    ("break_", "code"),
    [
        (lambda home: home.config.write_text("["), "config"),
        (lambda home: home.config.unlink(), "config"),
        (lambda home: home.file.unlink(), "store_error"),
        (lambda home: home.file.write_bytes(b"\0" * 5000), "store_error"),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["status"], ["sessions", "list"]])
def test_what_ends_a_command_is_a_document(
    home: Home, command: list[str], break_: Callable[[Home], object], code: str
) -> None:
    break_(home)
    hurry = "from coachsync import waits; waits.hurry(malformed=0.05)"
    result = home.run(*command, "--json", inject=hurry, COACHSYNC_TOKEN=TOKEN)
    refused(result, code=code)


def test_missing_token_is_a_document(home: Home) -> None:
    refused(home.run("run", "--json"), "COACHSYNC_TOKEN", code="unauthorized")


def test_several_problems_of_a_configuration_are_all_in_the_document(home: Home) -> None:
    home.config.write_text('[discord]\nguild_id = "x"\nconcurrency = 0\n')
    error = home.run("run", "--json").json["error"]
    assert all(word in error["message"] for word in ("guild_id", "concurrency", "store.url"))


def test_without_json_nothing_is_on_stdout(home: Home) -> None:
    home.config.write_text("[")
    assert home.run("run").out == ""


def test_run_that_had_begun_tells_the_error_in_its_own_document(bare: Home) -> None:
    result = run(busy(bare), REQUESTS_CA_BUNDLE="/gone.pem")
    assert {"version", "now", "actions", "summary", "error"} <= set(result.json)
    with bare.store() as store:
        (last,) = store.ledger.last_runs(1)
    assert last.exit_code == 3
    assert last.finished_at is not None


def test_reader_that_goes_away_early_does_not_stop_the_work(stage: Stage) -> None:
    scene = stage(real_time=True)
    scene.book()
    with scene.popen("run", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (0, "")
    assert scene.rooms() != []


# pipes, devices and hung mounts


def as_fifo(path: Path) -> None:
    os.mkfifo(path)


def as_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def as_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [as_fifo, as_device, as_folder])
@pytest.mark.parametrize("command", ["run", "status"])
def test_configuration_that_is_no_file_does_not_hang(bare: Home, command: str, make: Callable[[Path], None]) -> None:
    make(bare.config)
    refused(bare.run(command, "--json"), str(bare.config), code="config")


@pytest.mark.parametrize("make", [as_fifo, as_device, as_folder])
def test_token_that_is_no_file_does_not_hang(bare: Home, make: Callable[[Path], None]) -> None:
    make(bare.folder / "token")
    refused(run(busy(bare, 'token_file = "token"'), COACHSYNC_TOKEN=""), "token", code="unauthorized")


@pytest.mark.parametrize("file", ["config.toml", "token"])
def test_mount_that_does_not_answer_ends_the_run(bare: Home, file: str) -> None:
    (bare.folder / "token").write_text(TOKEN)
    hang = (
        "import os, time; from coachsync import waits; waits.hurry(reading=0.1); real = os.stat\n"
        f"def stat(path, **more):\n    time.sleep(30 * str(path).endswith({file!r}))\n    return real(path, **more)\n"
        "os.stat = stat"
    )
    result = run(busy(bare, 'token_file = "token"'), inject=hang, COACHSYNC_TOKEN="")
    refused(result, "does not answer", "findmnt")


# who may write and read


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, False), (0o664, True), (0o646, True)])
def test_configuration_that_others_may_write_is_warned_about(home: Home, mode: int, warned: bool) -> None:
    home.config.chmod(mode)
    result = home.run("run", "--json", COACHSYNC_TOKEN=TOKEN)
    assert result.code == 0
    assert [w["code"] for w in result.json["warnings"]] == ["config_writable"] * warned


# what surrounds a token


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'"{TOKEN}"', "quotes"),
        (f"'{TOKEN}'", "quotes"),
        (f"COACHSYNC_TOKEN={TOKEN}", "NAME=value"),
        (f"export TOKEN={TOKEN}", "NAME=value"),
        (f"\ufeff{TOKEN}\n", "byte order mark"),
        (f"{TOKEN[:30]}\n{TOKEN[30:]}\n", "more than one line"),
        (f"{TOKEN}\r\n{TOKEN}", "more than one line"),
        (f"Bot {TOKEN}", "without the word Bot"),
    ],
)
@pytest.mark.parametrize("where", ["file", "environment"])
def test_what_surrounds_a_token_is_told_before_it_is_sent(bare: Home, text: str, told: str, where: str) -> None:
    (bare.folder / "token").write_text(text, "utf-8")
    (bare.folder / "token").chmod(0o600)
    home = busy(bare, NEVER, *(['token_file = "token"'] if where == "file" else []))
    result = run(home, COACHSYNC_TOKEN=text if where == "environment" else "")
    refused(result, told, code="unauthorized")
    assert not any(part in result.out + result.err for part in TOKEN.split("."))


def test_documents_are_json_alone(home: Home) -> None:
    home.config.write_text("[")
    assert json.loads(home.run("run", "--json").out)["version"] == 1
