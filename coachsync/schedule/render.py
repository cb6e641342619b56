"""What a schedule looks like for one installation: cron's lines, and systemd's units. `contrib/` is this for defaults.

Pure but for reading the templates, which are part of the package.
"""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

BEGIN = "# coachsync: written by `coachsync schedule install`; `coachsync schedule remove` takes it away"
END = "# coachsync: end"
SERVICE, TIMER = "coachsync.service", "coachsync.timer"
STATE_FOLDER = "/var/lib/coachsync"
DEFAULT_CREDENTIAL = "/etc/coachsync/token"
EVERY = (5, 10, 12, 15, 20, 30, 60)
"""Minutes between runs that divide an hour."""

_FIRST = 3  # a little off the full hour, when every other job of the host starts


class Installed(NamedTuple):
    """One installation: the words that start coachsync, its configuration, its user and group, minutes between runs.

    `writes` are the folders that it writes, beside its state folder. `credentials` are the names of tokens that
    systemd hands over, none if they are files. `reads` are further paths that it needs, such as the program's.
    """

    program: tuple[str, ...]
    config: str
    user: str
    group: str
    every: int = 15
    writes: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ("discord-token",)
    reads: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """Return how it is called, but for the command's name."""
        return " ".join((*map(_word, self.program), "--config", _word(self.config)))

    @property
    def minutes(self) -> str:
        """Return the minutes of an hour at which cron calls it."""
        return ",".join(str(minute) for minute in range(_FIRST % self.every, 60, self.every))

    @property
    def line(self) -> str:
        """Return cron's line."""
        return f"{self.minutes} * * * * {self.command.replace('%', chr(92) + '%')} run --quiet"


def crontab(of: Installed) -> str:
    """Return a whole crontab for its user."""
    log = f"{of.writes[0] if of.writes else STATE_FOLDER}/coachsync.log"
    return _filled("crontab", {"EVERY": _minutes(of.every), "USER": of.user, "LOG": log, "LINE": of.line})


def cron_block(of: Installed) -> str:
    """Return the lines that are put into a crontab that may hold others."""
    return f"{BEGIN}\n{of.line}\n{END}\n"


def service(of: Installed) -> str:
    """Return the service that a timer starts."""
    further = [folder for folder in of.writes if folder != STATE_FOLDER]
    writes = "\n".join(f"ReadWritePaths={_unit(folder)}" for folder in further)
    tokens = "\n".join(f"LoadCredential={name}:{_token_of(name)}" for name in of.credentials)
    values = {
        "COMMAND": " ".join((*map(_unit, of.program), "--config", _unit(of.config))),
        "USER": of.user,
        "GROUP": of.group,
        "STORE": writes or "# ReadWritePaths=/srv/bookings",
        "TOKEN": tokens or "# discord.token_file names a file: its user reads it",
    }
    text = _filled(SERVICE, values)
    if any(path.startswith(("/home/", "/root/")) for path in (*of.writes, *of.reads)):
        return text.replace("ProtectHome=yes", "ProtectHome=read-only")
    return text


def timer(of: Installed) -> str:
    """Return the timer."""
    calendar = "hourly" if of.every == 60 else f"*:0/{of.every}"
    return _filled(TIMER, {"EVERY": _minutes(of.every), "CALENDAR": calendar})


def _filled(name: str, values: dict[str, str]) -> str:
    text = files("coachsync.schedule").joinpath("templates", name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text


def _minutes(every: int) -> str:
    return "hour" if every == 60 else f"{every} minutes"


def _token_of(name: str) -> str:
    return DEFAULT_CREDENTIAL if name == "discord-token" else f"/etc/coachsync/{name}"


def _word(text: str) -> str:
    from shlex import quote

    return quote(text)


def _unit(text: str) -> str:
    """Return a text as one word of a unit. Source: systemd.service(5), systemd.unit(5) "Specifiers"."""
    plain = text.replace("\\", "\\\\").replace("%", "%%").replace('"', '\\"')
    return f'"{plain}"' if any(c.isspace() or c in "\"';" for c in text) else plain
