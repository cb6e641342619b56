"""The pictures of README and the guide, made of what the program prints on a terminal.

`python -m tests.documents.pictures` draws them.

The town, the people and the clock are always the same; so is what there is to see.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from io import StringIO
from pathlib import Path

import pexpect
from rich.console import Console
from rich.text import Text

from coachsync.domain import permissions as p
from coachsync.domain.model import DAY, HOUR, MINUTE
from tests.documents.pages import GUIDE, ROOT
from tests.kit.scene import Scene
from tests.kit.town import TOKEN

PICTURES = GUIDE / "pictures"
WIDTH = 100
_ZONE = "Europe/Berlin"
_PROGRAM = """
import sys, time
time.time_ns, time.time = (lambda: {now} * 1_000_000), (lambda: {now} / 1000)
import coachsync.schedule.look
from coachsync.schedule.places import Host
coachsync.schedule.look.this_host = lambda: Host({root!r}, user="coachsync", ask=lambda command: None)
from coachsync.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""  # rich's own form, but for fonts that it would have browsers load from elsewhere


@contextmanager
def _scene() -> Iterator[Scene]:
    """Yield an installation with something to see: a room that waits, one that is open, one to come."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        with scene.standin:
            token = scene.folder / "token"
            token.touch(0o600)
            token.write_text(TOKEN, "utf-8")
            category = scene.world.add_category(scene.guild, "Coaching")
            scene.configure(f'token_file = "token"\ncategory_id = "{category}"', f'[display]\ntimezone = "{_ZONE}"\n')
            _fill(scene)
            yield scene


def _fill(scene: Scene) -> None:
    now = scene.now()
    emma = scene.person("Emma")
    mike = scene.person("Mike", member=False)
    names = {"studentName": "Bartholomäus von Hohenstein", "coachName": "Coach Sarah"}
    scene.book("d6n9g503", start=now + 2 * HOUR, studentDiscordId="1300000000000000999", **names)
    scene.book("abc12345", start=now - 40 * MINUTE, studentName="John", coachName="Coach Sarah")
    names = {"studentName": "Emma", "coachName": "Coach Mike"}
    scene.book("xyz54321", start=now + 20 * HOUR, studentDiscordId=emma, coachDiscordId=mike, **names)
    scene.clock.advance(-54 * MINUTE)
    scene.tick()
    scene.tick(50 * MINUTE)
    scene.clock.advance(4 * MINUTE)


def _host(scene: Scene) -> Path:
    """Return the root of a host whose cron calls the scene's installation."""
    root = scene.folder / "root"
    program, cron = root / "opt/coachsync/bin/coachsync", root / "etc/cron.d/coachsync"
    for path in (program, cron):
        path.parent.mkdir(parents=True, exist_ok=True)
    program.touch(0o755)
    line = f"3,18,33,48 * * * * coachsync /opt/coachsync/bin/coachsync --config {scene.home.config} run --quiet"
    cron.write_text(f"{line}\n", "utf-8")
    return root


def _printed(scene: Scene, *arguments: str) -> str:
    """Return what a command prints on a terminal, at the scene's time."""
    root = _host(scene)
    code = _PROGRAM.format(now=scene.now(), root=str(root))
    environ = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(scene.folder),
        "TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    child = pexpect.spawn(
        sys.executable,
        ["-c", code, "--config", str(scene.home.config), *arguments],
        env=environ,
        encoding="utf-8",
        dimensions=(60, WIDTH),
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.wait()
    shown = str(child.before).replace("\r\n", "\n")
    return re.sub(r"^.*\r\x1b\[K|^\r\x1b\[K", "", shown, flags=re.M).strip("\n")


def _drawn(title: str, shown: str) -> str:
    """Return what a terminal shows as a picture."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(shown))
    return console.export_svg(title=title, code_format=_SVG, unique_id=title.replace(" ", "-"))


def status() -> str:
    """Return the picture of `coachsync status`."""
    with _scene() as scene:
        return _drawn("coachsync status", _printed(scene, "status"))


def doctor() -> str:
    """Return the picture of `coachsync doctor`, in a guild whose category somebody hid."""
    with _scene() as scene:
        category = scene.settings.discord.category_id
        assert category is not None
        scene.world.set_overwrite(category, scene.guild, p.ROLE, deny=p.VIEW_CHANNEL)
        return _drawn("coachsync doctor", _printed(scene, "doctor"))


def timeline() -> str:
    """Return the picture of `coachsync timeline`."""
    with _scene() as scene:
        return _drawn("coachsync timeline", _printed(scene, "timeline", "--by", "coach"))


def forecast() -> str:
    """Return the picture of `coachsync forecast` before two days with more rooms than Discord makes roles."""
    with _scene() as scene:
        first = scene.now() + DAY
        rows = [
            {
                "_id": f"c{number:07}",
                "status": "SCHEDULED",
                "scheduledDate": first + number * 9 * MINUTE,
                "studentDiscordId": scene.student,
                "coachDiscordId": scene.coach,
            }
            for number in range(300)
        ]
        with scene.store() as store:
            store.bookings.import_rows(rows)
        return _drawn("coachsync forecast", _printed(scene, "forecast", "--days", "4"))


ALL = {"status": status, "doctor": doctor, "timeline": timeline, "forecast": forecast}


def said(picture: str) -> list[str]:
    """Return the texts of a picture, which are the same whatever library drew it."""
    return [unescape(text).replace("\xa0", " ").rstrip() for text in re.findall(r"<text[^>]*>(.*?)</text>", picture)]


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    for name, draw in ALL.items():
        (PICTURES / f"{name}.svg").write_text(draw(), "utf-8")
