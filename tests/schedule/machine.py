"""A folder that stands for a host: its crontabs, units and programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coachsync.schedule.places import Host

PROGRAM = "/opt/coachsync/bin/coachsync"
LINE = f"3,18,33,48 * * * * {PROGRAM} --config /etc/coachsync/config.toml run --quiet"


class Machine:
    """Files are written under `root`; `said` is what its programs say, by their words."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said: dict[str, str] = {}
        self.write(PROGRAM, "#!/bin/sh\n").chmod(0o755)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the host."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        file.chmod(0o644)
        return file

    def crontab(self, *lines: str, user: str = "coachsync") -> None:
        """Write a user's crontab."""
        self.write(f"/var/spool/cron/crontabs/{user}", "".join(f"{line}\n" for line in lines))

    def timer(self, *service: str, timer: Sequence[str] = ("OnCalendar=*:0/15",), active: str = "active") -> None:
        """Write a timer and its service."""
        lines = service or (f"ExecStart={PROGRAM} --config /etc/coachsync/config.toml run --quiet", "User=coachsync")
        folder = "/etc/systemd/system"
        self.write(f"{folder}/coachsync.service", "\n".join(("[Service]", *lines, "")))
        self.write(f"{folder}/coachsync.timer", "\n".join(("[Timer]", *timer, "")))
        self.said["systemctl show coachsync.timer --property=ActiveState --value"] = f"{active}\n"

    @property
    def host(self) -> Host:
        """The host as the program sees it."""
        return Host(str(self.root), "/home/anna", "anna", lambda command: self.said.get(" ".join(command)))
