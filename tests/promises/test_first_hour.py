"""README's installation, typed word for word in a throw-away root, and what the guide says comes next.

What is not typed: the folder of the code is this one, no registry is asked, and Discord is a stand-in. Cron is the real
one, on a clock that stands before its minute; of systemd there is the text of the units, and what judges it.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coachsync.clock import host_now
from coachsync.domain.model import HOUR
from coachsync.standin import Standin
from coachsync.standin.clock import RealClock
from tests.documents.pages import ROOT, section, text_of
from tests.kit.home import Result
from tests.kit.throwaway import Throwaway, lacking
from tests.kit.town import TOKEN, Guild, Town

pytestmark = pytest.mark.tools
needs_cron = pytest.mark.skipif(
    not (shutil.which("cron") and shutil.which("faketime")), reason="cron or faketime is not installed"
)
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")

GUILD, CATEGORY = "1100000000000000000", "1100000000000000001"  # README's own
MAIL, LOG = "/tmp/coachsync-mail", "/var/lib/coachsync/coachsync.log"
PERMIT = "".join(f"{kind} required pam_permit.so\n" for kind in ("auth", "account", "session"))
SENDMAIL = f'#!/bin/sh\necho "to $(eval echo \\$$#)" >>{MAIL}\ncat >>{MAIL}\n'
SYSTEMCTL = """#!/bin/sh
cd /etc/systemd/system
case "$*" in
daemon-reload) [ ! -f coachsync.service ] || systemd-analyze verify --man=no coachsync.service coachsync.timer ;;
"enable --now coachsync.timer")
    [ -f coachsync.timer ] && [ -f coachsync.service ] && mkdir -p timers.target.wants
    ln -s ../coachsync.timer timers.target.wants/ && touch /run/active ;;
"disable --now coachsync.timer") rm timers.target.wants/coachsync.timer /run/active ;;
"show coachsync.timer --property=ActiveState --value") [ -f /run/active ] && echo active || echo inactive ;;
*) echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2; exit 1 ;;
esac
"""
_PATIENCE_S = 30.0


class Hour:
    """An administrator's first hour: a throw-away root, and README to type from."""

    def __init__(self, root: Throwaway, town: Town) -> None:
        self.root = root
        self.town = town

    def type(self, mark: str, stdin: str = "") -> Result:
        """Type what stands under a mark, in the folder of the code."""
        return self.root.shell(text_of(f"typed: {mark}"), stdin)

    def typed(self, mark: str, stdin: str = "") -> Result:
        """Type what stands under a mark; it works, without a complaint."""
        done = self.type(mark, stdin)
        assert (done.code, done.err) == (0, ""), f"{mark}: {done.err}"
        return done

    def coachsync(self, arguments: str) -> Result:
        """Type a command of coachsync, as its user."""
        return self.root.shell(f"sudo -u coachsync coachsync {arguments}")

    def install(self, token: str = f"{TOKEN}\n") -> None:
        """Type the steps up to the configuration, and let the program find the stand-in."""
        self.typed("install")
        self.typed("token", token)
        self.typed("configuration")
        self.edit(r"^api_base = .*$", f'api_base = "{self.town.standin.base_url}"')

    def edit(self, line: str, text: str) -> None:
        """Replace a line of the configuration."""
        path = self.root.path("/etc/coachsync/config.toml")
        before = path.read_text("utf-8")
        after = re.sub(line, text, before, count=1, flags=re.M)
        assert after != before
        path.write_text(after, "utf-8")

    def failures(self) -> list[str]:
        """Return which checks fail, as doctor says after the configuration."""
        done = self.type("check")
        assert (done.code in (0, 1), done.err) == (True, "")
        return re.findall(r"^failure (\w+)", done.out, re.M)

    def book(self, student: str) -> None:
        """Book a session that begins in an hour."""
        coach = self.town.people["Sarah"]
        start = (host_now() + HOUR) // 1000
        done = self.coachsync(
            f"sessions add --id abc12345 --student {student} --coach {coach} --start $(date -u -d @{start} +%FT%TZ)"
        )
        assert done.code == 0, done.err

    def rooms(self) -> list[str]:
        """Return the names of the rooms that coachsync made."""
        channels = self.town.world.guilds[GUILD].channels.values()
        return [channel.name for channel in channels if "coaching" in channel.name]

    def cron(self, until: Callable[[], bool]) -> None:
        """Let cron's own daemon live through the next minute that the crontab names, until something is so."""
        daemon = self.root.start(f"exec faketime '{time.strftime('%F %H')}:02:58' cron -f")
        end = time.monotonic() + _PATIENCE_S
        while not until() and time.monotonic() < end:
            time.sleep(0.05)
        ended = self.root.shell(
            "while pgrep --runstates S,R,D -u coachsync >/dev/null; do sleep 0.05; done; kill $(cat /run/crond.pid)"
        )
        assert ended.code == 0, ended.err
        daemon.wait()

    def systemd(self) -> Result:
        """Start the service as its unit says, as far as that concerns the program."""
        unit = self.root.path("/etc/systemd/system/coachsync.service").read_text("utf-8")
        says = dict(re.findall(r"^(\w+)=(.*)$", unit, re.M))
        name, _, path = says["LoadCredential"].partition(":")
        user = says["User"]
        return self.root.shell(
            f"install -d -m 0500 -o {user} /run/credentials; install -m 0400 -o {user} {path} /run/credentials/{name}\n"
            f"umask {says['UMask']}; cd /\n"
            f"exec setpriv --reuid {user} --regid {says['Group']} --clear-groups --no-new-privs"
            f" env -i PATH=/usr/bin:/bin CREDENTIALS_DIRECTORY=/run/credentials {says['ExecStart']}"
        )


@pytest.fixture
def hour(tmp_path: Path) -> Iterator[Hour]:
    """Return an administrator at a fresh host, with a bot that is in a guild with a category."""
    if reason := lacking():
        pytest.skip(f"no throw-away root: {reason}")
    with Standin(RealClock()) as standin, Throwaway(tmp_path) as root:
        town = Town(standin, guilds=())
        world = town.world
        world.add_guild("Coaching", town.owner, [town.bot], id=GUILD)
        town.guilds = [Guild(GUILD, world.add_category(GUILD, "Rooms", id=CATEGORY))]
        world.join(GUILD, town.people["Sarah"])
        town.settle()
        root.shell("rm -rf /etc/cron.d /etc/crontab /var/spool/cron/crontabs/*")  # the host's own jobs
        root.write("/etc/pam.d/cron", PERMIT)  # in a container the host's own may let cron start nothing
        root.write("/usr/sbin/sendmail", SENDMAIL, 0o755)
        root.write("/usr/local/bin/systemctl", SYSTEMCTL, 0o755)
        yield Hour(root, town)


def read(hour: Hour, path: str) -> str:
    """Return what a file of the root holds, "" if it is not there."""
    found = hour.root.path(path)
    return found.read_text("utf-8") if found.exists() else ""


@pytest.mark.long
@needs_cron
def test_readmes_way_by_cron_ends_with_a_room_a_mail_and_a_sound_installation(hour: Hour) -> None:
    hour.install()
    assert hour.failures() == ["schedule"]
    hour.typed("cron")
    hour.book(hour.town.people["John"])  # who is not in the guild
    hour.cron(lambda: "unknown_member" in read(hour, MAIL))
    assert (hour.rooms(), read(hour, MAIL).startswith("to root\n")) == (["🎤 coaching-abc12345"], True)
    hour.town.world.join(GUILD, hour.town.people["John"])
    hour.coachsync("sessions cancel abc12345")
    hour.cron(lambda: hour.rooms() == [])
    assert hour.rooms() == []
    assert "all is sound" in hour.typed("works").out


@needs_cron
def test_crontabs_other_way_keeps_a_log_that_its_user_may_write(hour: Hour) -> None:
    text = (ROOT / "contrib/crontab.example").read_text("utf-8")
    (redirection,) = re.findall(r"^# +(>>\S+ 2>&1)$", text, re.M)
    hour.install()
    hour.root.write(
        "/root/crontab", text.replace("MAILTO=root", 'MAILTO=""').replace("--quiet\n", f"--quiet {redirection}\n")
    )
    hour.root.shell("crontab -u coachsync /root/crontab")
    hour.book(hour.town.people["John"])
    hour.cron(lambda: "unknown_member" in read(hour, LOG))
    assert [line.partition(":")[0] for line in read(hour, LOG).splitlines()][-1] == "hint"
    assert (hour.rooms(), read(hour, MAIL)) == (["🎤 coaching-abc12345"], "")


@needs_cron
def test_schedule_that_is_installed_runs_by_cron_and_is_taken_away_from_between_foreign_lines(hour: Hour) -> None:
    schedule = "coachsync --config /etc/coachsync/config.toml schedule"
    foreign = "# of another program\n5 4 * * * true\n"
    hour.install()
    hour.root.write("/root/crontab", foreign)
    hour.root.shell("crontab -u coachsync /root/crontab")
    for _ in range(2):
        done = hour.root.shell(f"{schedule} install --cron")
        assert (done.code, done.err) == (0, "")
    hour.book(hour.town.people["Sarah"])
    hour.cron(lambda: hour.rooms() != [])
    assert hour.rooms() == ["🎤 coaching-abc12345"]
    refused = hour.root.shell(f"{schedule} install --systemd")
    assert refused.code == 1
    assert "/var/spool/cron/crontabs/coachsync" in refused.err
    assert "coachsync.timer" in refused.err
    assert hour.root.shell(f"{schedule} show").code == 0
    assert hour.root.shell(f"{schedule} remove").code == 0
    assert hour.root.shell("crontab -u coachsync -l").out == foreign


@needs_systemd
def test_schedule_that_is_installed_by_systemd_is_verified_shown_and_taken_away(hour: Hour) -> None:
    schedule = "coachsync --config /etc/coachsync/config.toml schedule"
    hour.install()
    done = hour.root.shell(f"{schedule} install --systemd --every 10m")
    assert (done.code, done.err) == (0, "")
    shown = hour.root.shell(f"{schedule} show")
    assert "OnCalendar=*:0/10" in shown.out
    assert hour.root.shell(f"{schedule} install --cron").code == 1
    assert hour.root.shell(f"{schedule} remove").code == 0
    assert list(hour.root.path("/etc/systemd/system").glob("coachsync*")) == []


@needs_systemd
def test_readmes_way_by_systemd_ends_with_a_room_and_a_sound_installation(hour: Hour) -> None:
    hour.install()
    hour.typed("systemd")
    hour.book(hour.town.people["Sarah"])
    assert (hour.systemd().code, hour.rooms()) == (0, ["🎤 coaching-abc12345"])
    assert "all is sound" in hour.typed("works").out
    hour.typed("token of root")
    hour.coachsync("sessions cancel abc12345")
    assert (hour.systemd().code, hour.rooms()) == (0, [])
    hour.typed("no systemd")
    assert not hour.root.path("/run/active").exists()


def test_installation_is_upgraded_backed_up_restored_and_removed_as_the_guide_says(hour: Hour) -> None:
    hour.install()
    hour.book(hour.town.people["Sarah"])
    hour.typed("backup")
    hour.coachsync("sessions cancel abc12345")
    hour.typed("extra")
    hour.typed("upgrade")
    assert "planned setup abc12345" in hour.typed("restore").out
    assert hour.root.path("/var/lib/coachsync/sessions.db").stat().st_mode & 0o777 == 0o600
    hour.root.shell("cd /var/lib/coachsync; sudo -u coachsync touch sessions.json sessions.json.coachsync.db")
    hour.typed("backup of json")
    assert len(list(hour.root.path("/var/lib/coachsync/backup").iterdir())) == 2
    hour.typed("cron")
    hour.typed("no cron")
    hour.typed("uninstall")
    left = ("/opt/coachsync", "/usr/local/bin/coachsync", "/etc/coachsync", "/var/lib/coachsync")
    assert [path for path in left if hour.root.path(path).exists()] == []
    assert hour.root.shell("id coachsync").code != 0


def test_booking_system_of_another_user_writes_the_store_and_asks_for_a_room_as_the_guide_says(hour: Hour) -> None:
    hour.install()
    hour.root.shell("useradd webshop")
    hour.typed("shared folder")
    columns = "id, status, scheduled_date, student_discord_id, coach_discord_id"
    sarah = hour.town.people["Sarah"]
    row = f"'abc12345', 'SCHEDULED', {host_now() + 2 * HOUR}, '{sarah}', '{sarah}'"
    query = f"INSERT INTO sessions ({columns}) VALUES ({row})"
    hour.root.write("/tmp/coachsync-query", query)
    hour.root.shell("sudo -u webshop sqlite3 /srv/bookings/sessions.db </tmp/coachsync-query")
    hour.typed("sudo")
    assert hour.rooms() == ["🎤 coaching-abc12345"]
    hour.typed("late booking")
    assert "nothing was due" in hour.typed("plan").out
    hour.typed("by hand")
    assert hour.rooms() == []


def test_mistakes_on_the_host_are_named_by_doctor_or_the_guide(hour: Hour) -> None:
    hour.install()
    for mistake, mended in (("chown root:root", "chown coachsync:"), ("chmod 400", "chmod 600")):
        hour.root.shell(f"{mistake} /var/lib/coachsync/sessions.db")
        said = re.findall(r"^failure store: (.*)\n  remedy: (.*)$", hour.type("check").out, re.M)
        assert [("/var/lib/coachsync/sessions.db" in what, how) for what, how in said] == [
            (True, "the user that runs coachsync must be able to read and write it")
        ]
        hour.root.shell(f"{mended} /var/lib/coachsync/sessions.db")
    done = hour.root.shell("sudo -u coachsync env -i PATH=/usr/bin:/bin /bin/sh -c 'coachsync run --quiet'")
    assert f"`coachsync: {done.err.strip().rpartition(': ')[2]}` in cron's mail" in section("If a step fails")
