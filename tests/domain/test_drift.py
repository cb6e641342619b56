"""What of a room that should be there is not, and what of it may still be mended."""

from __future__ import annotations

import pytest

from coachsync.domain.drift import WORDS, Seen, drift_of, mendable, words
from coachsync.domain.model import Resource
from coachsync.domain.permissions import MEMBER, ROLE, Overwrite
from tests.domain.build import a_session, an_entry

BOT, PERSON = "99999", "13"
WANTED = {"1": Overwrite("1", ROLE, 0, 1024), "14": Overwrite("14", ROLE, 1024, 0)}
AS_MADE = Seen(role=True, channel=True, overwrites=WANTED)


@pytest.mark.parametrize(
    ("seen", "drift"),
    [
        (AS_MADE, ()),
        (AS_MADE._replace(role=False), ("role",)),
        (AS_MADE._replace(channel=False, overwrites={}), ("channel",)),
        (AS_MADE._replace(role=False, channel=False), ("role", "channel")),
        (AS_MADE._replace(overwrites={"1": WANTED["1"]}), ("overwrite",)),
        (AS_MADE._replace(overwrites={**WANTED, "14": Overwrite("14", ROLE, 0, 0)}), ("overwrite",)),
        (AS_MADE._replace(overwrites={**WANTED, "99": Overwrite("99", ROLE, 1024, 0)}), ()),
    ],
    ids=["as made", "no role", "no room", "neither", "overwrite gone", "overwrite changed", "one more"],
)
def test_drift_is_what_is_missing(seen: Seen, drift: tuple[str, ...]) -> None:
    assert drift_of(an_entry(a_session()), seen, WANTED, BOT) == drift


def test_drift_forgives_a_missing_role_when_access_is_by_member() -> None:
    assert drift_of(an_entry(a_session(), access="member"), AS_MADE._replace(role=False), WANTED, BOT) == ()


@pytest.mark.parametrize(("whose", "drift"), [(PERSON, (f"grant:{PERSON}",)), (BOT, ("overwrite",))])
def test_drift_tells_a_persons_access_from_the_rooms_own_overwrites(whose: str, drift: tuple[str, ...]) -> None:
    wanted = {**WANTED, whose: Overwrite(whose, MEMBER, 1024, 0)}
    assert drift_of(an_entry(a_session(), access="member"), AS_MADE, wanted, BOT) == drift


def test_drift_leaves_the_overwrite_of_a_vanished_role_to_the_roles_repair() -> None:
    seen = Seen(role=False, channel=True, overwrites={})
    assert drift_of(an_entry(a_session()), seen, WANTED, BOT) == ("role",)


def test_drift_names_a_second_room() -> None:
    entry = an_entry(a_session())
    entry.resources.append(Resource("channel", "🎤 coaching-abc12345", "11", "spare", snowflake="16"))
    assert drift_of(entry, AS_MADE, WANTED, BOT) == ("twin",)


@pytest.mark.parametrize(
    ("repairs", "drift", "left"),
    [
        ({}, ("role", "channel"), ("role", "channel")),
        ({"role": 1}, ("role", "channel"), ("channel",)),
        ({"grant": 1}, ("grant:13",), ()),
        ({"twin": 3}, ("twin",), ("twin",)),
    ],
)
def test_mendable_is_what_was_not_repaired_before(
    repairs: dict[str, int], drift: tuple[str, ...], left: tuple[str, ...]
) -> None:
    assert mendable(an_entry(a_session(), repairs=repairs), drift) == left


def test_words_tell_each_kind_of_drift_once() -> None:
    assert words(("grant:13", "grant:14", "role")) == f"{WORDS['grant']}; {WORDS['role']}"
