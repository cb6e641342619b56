"""Splicing changes what it is told to and no other letter, whatever else an object holds."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coachsync.domain.marks import Marks
from coachsync.store.jsonfile.document import Document, Draft
from coachsync.store.jsonfile.text import ABSENT, members, spliced, value_end

LETTERS = st.text(st.sampled_from('ab"\\/{}[],: \t\né🎤\u2028\ud800\0'), max_size=6)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | LETTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(LETTERS | st.sampled_from(["_id", "discordRoleId"]), VALUES, max_size=5)
STYLES = st.sampled_from([{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"ensure_ascii": False}])
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RELAXED
@given(OBJECTS, STYLES)
def test_members_finds_what_a_reader_finds(fields: dict[str, Any], style: dict[str, Any]) -> None:
    text = json.dumps(fields, **style)
    assert value_end(text, 0) == len(text)
    assert repr({m.key: json.loads(text[m.start : m.end]) for m in members(text)}) == repr(json.loads(text))


@RELAXED
@given(OBJECTS, STYLES, st.sampled_from(["71", True, ABSENT]))
def test_spliced_changes_one_member_and_no_other_letter(
    fields: dict[str, Any], style: dict[str, Any], value: object
) -> None:
    text = json.dumps(fields, **style)
    after = spliced(text, {"discordRoleId": value})
    kept = {m.key: text[m.key_start : m.end] for m in members(text) if m.key != "discordRoleId"}
    new = {m.key: after[m.key_start : m.end] for m in members(after) if m.key != "discordRoleId"}
    assert list(new.items()) == list(kept.items())
    assert json.loads(after).get("discordRoleId", ABSENT) == value


@RELAXED
@given(st.lists(OBJECTS | VALUES, max_size=4), st.integers(0, 4), STYLES, st.booleans())
def test_marks_leave_every_other_row_and_gap_as_it_was(
    rows: list[Any], at: int, style: dict[str, Any], wrapped: bool
) -> None:
    rows = [row for row in rows if not (isinstance(row, dict) and row.get("_id") == "me")]
    mine = {"_id": "me", "x": [1.50, {"y": "\ud800"}]}
    rows.insert(at, mine)
    whole: Any = {"a": rows[:1], "sessions": rows, "z": [rows]} if wrapped else rows
    before = json.dumps(whole, **style).encode("utf-8", "backslashreplace")
    document = Document.of(before)
    once = document.marked([Marks("me", set_up=True, role_id="71")])
    back = once.marked([Marks("me", role_id="")])
    position = document.positions("me")[0]
    assert once.row(position) is not None
    assert bytes(once.data).count(b"discordSetupComplete") == 1
    added = back.text(position).encode("utf-8", "surrogateescape")
    assert bytes(back.data).replace(added, document.text(position).encode("utf-8", "surrogateescape")) == before
    assert once.spans == Document.of(once.data).spans
    assert back.spans == Document.of(back.data).spans
    assert list(once.outlines) == list(Document.of(once.data).outlines)
    assert once.index() == document.index() == Document(before).index()


@RELAXED
@given(st.lists(OBJECTS, max_size=5), STYLES, st.booleans(), st.data())
def test_changed_document_is_what_its_bytes_say(
    rows: list[Any], style: dict[str, Any], slim: bool, data: st.DataObject
) -> None:
    numbered = [{**row, "_id": str(at // 2)} for at, row in enumerate(rows)]
    document = Document.of(json.dumps(numbered, **style).encode("utf-8", "surrogatepass"))
    draft = Draft(document.slim() if slim else document)
    for session_id in data.draw(st.lists(st.sampled_from(["0", "1", "2"]), max_size=3)):
        draft.update(session_id, {"status": data.draw(st.sampled_from(["S", "longer", None]))})
    for session_id in data.draw(st.sets(st.sampled_from(["new", "newer", "newest"]))):
        draft.insert({"_id": session_id, "x": data.draw(VALUES)})
    for session_id in data.draw(st.sets(st.sampled_from(["0", "2"]))):
        draft.remove(session_id)
    after = draft.document()
    told = Document.of(after.data)
    assert (after.spans, list(after.outlines), after.index()) == (told.spans, list(told.outlines), told.index())
    assert [after.text(at) for at in range(len(after))] == [told.text(at) for at in range(len(told))]
