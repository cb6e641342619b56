"""Every command of the guide's table works on an installation with one open room."""

from __future__ import annotations

from tests.documents.command_line import filled
from tests.documents.pages import code, rows, section
from tests.kit.scene import Stage

COMMANDS = [filled(code(row[0])[0]) for row in rows(section("Commands"), "command", "does")]
MORE = {"init": ["--yes", "--guild-id", "1100000000000000000", "--force"], "sessions forget": ["--yes"]}
ELSEWHERE = {"demo", "schedule install", "schedule remove"}  # one takes a while, the others change the host
SOURCE = '[sources.calendar]\ntype = "json"\npath = "bookings.json"\n'


def test_every_command_of_the_table_works(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    (scene.folder / "bookings.json").write_text(scene.program("sessions", "export").out, "utf-8")
    scene.configure(rest=SOURCE)
    said = {}
    for words in COMMANDS:
        if not ELSEWHERE.isdisjoint({words[0], " ".join(words[:2])}):
            continue
        more = MORE.get(words[0], []) + MORE.get(" ".join(words[:2]), [])
        done = scene.program(*words, *more)
        said[" ".join(words)] = done
    assert {call: (done.code, done.err) for call, done in said.items() if done.code not in (0, 1)} == {}
    assert [call for call, done in said.items() if done.code == 1 and not done.out + done.err] == []
