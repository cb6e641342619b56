"""Every command of the guide's table works on an installation with one open room."""

from __future__ import annotations

from tests.documents.command_line import filled
from tests.documents.pages import code, rows, section
from tests.kit.scene import Stage

COMMANDS = [filled(code(row[0])[0]) for row in rows(section("Commands"), "command", "does")]
INIT = ["--yes", "--guild-id", "1100000000000000000", "--force"]
ELSEWHERE = {"demo"}  # takes a while, and is played in tests/demo


def test_every_command_of_the_table_works(stage: Stage) -> None:
    scene = stage()
    scene.book()
    scene.tick()
    (scene.folder / "bookings.json").write_text(scene.program("sessions", "export").out, "utf-8")
    said = {}
    for words in COMMANDS:
        if words[0] in ELSEWHERE:
            continue
        done = scene.program(*words, *(INIT if words == ["init"] else ()))
        said[" ".join(words)] = done
    assert {call: (done.code, done.err) for call, done in said.items() if done.code not in (0, 1)} == {}
    assert [call for call, done in said.items() if done.code == 1 and not done.out + done.err] == []
