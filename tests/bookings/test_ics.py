"""Calendars, in the shapes that Google, Outlook and Apple write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coachsync.bookings.incoming import Incoming, Unreadable, UnusableInputError
from tests.bookings.reading import NOW, SAMPLES, bad, entries, good
from tests.store.backends import COACH, STUDENT

GOOGLE, OUTLOOK, APPLE = ((SAMPLES / f"{name}.ics").read_bytes() for name in ("google", "outlook", "apple"))
BERLIN = "DTSTART;TZID=Europe/Berlin:20261014T150000\nDTEND;TZID=Europe/Berlin:20261014T160000"


class Keys:
    """The file of people as tests have it."""

    def id_of(self, key: str) -> str | None:
        """Return Anna's id."""
        return {"anna@example.org": STUDENT, "sarah@example.org": COACH}.get(key)


def calendar(*events: str, head: str = "") -> bytes:
    """Return a calendar of these events' lines."""
    body = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{body}END:VCALENDAR\n".encode()


def read(data: bytes, **way: Any) -> list[Incoming | Unreadable]:
    """Return what is read of a calendar, without what only matters if it is there."""
    return [e for e in entries(data, "ics", **way) if isinstance(e, Unreadable) or not e.if_known]


def times(found: list[Incoming | Unreadable]) -> dict[str, str]:
    """Return when each booking starts, by its key."""
    return {
        e.key: datetime.fromtimestamp(e.fields["scheduledDate"] / 1000, UTC).strftime("%d.%m. %H:%M")
        for e in good(found)
    }


def test_a_series_is_its_instances_by_their_original_start() -> None:
    assert times(read(GOOGLE)) == {
        "single@google.com": "14.10. 13:00",
        "series@google.com/20261012T130000Z": "12.10. 13:00",
        "series@google.com/20261026T140000Z": "27.10. 09:00",  # moved
        "series@google.com/20261102T140000Z": "02.11. 14:00",  # cancelled
        "series@google.com/20261109T140000Z": "09.11. 14:00",
    }


def test_a_cancelled_instance_is_cancelled_and_one_left_out_is_gone() -> None:
    found = good(entries(GOOGLE, "ics"))
    states = {e.key.rpartition("/")[2]: (e.fields["status"], e.if_known) for e in found if e.key.startswith("series")}
    assert states["20261102T140000Z"] == ("CANCELLED", False)
    assert states["20261019T130000Z"] == ("CANCELLED", True)
    assert states["20261026T140000Z"] == ("CONFIRMED", False)


def test_all_day_events_are_refused() -> None:
    assert [(e.key, e.reason) for e in bad(read(GOOGLE))] == [("allday@google.com", "it is an all-day event")]


def test_people_are_known_by_their_address() -> None:
    fields = good(read(GOOGLE, people=Keys()))[0].fields
    assert (fields["studentDiscordId"], fields["coachDiscordId"]) == (STUDENT, COACH)
    assert (fields["studentName"], fields["coachName"]) == ("anna", "Sarah Coach")


def test_people_may_be_exchanged_by_map() -> None:
    fields = good(read(GOOGLE, people=Keys(), mapped={"student": "organizer", "coach": "attendee"}))[0].fields
    assert (fields["studentDiscordId"], fields["coachDiscordId"]) == (COACH, STUDENT)


def test_a_person_is_found_in_the_description_by_a_regular_expression() -> None:
    fields = good(read(GOOGLE, mapped={"student": r"/Discord: (\d+)/"}))[0].fields
    assert fields["studentDiscordId"] == STUDENT


def test_properties_of_ours_say_who_it_is() -> None:
    fields = good(read(OUTLOOK))[0].fields
    assert (fields["studentDiscordId"], fields["coachDiscordId"]) == (STUDENT, COACH)


def test_zones_of_windows_and_zones_that_a_calendar_describes_are_understood() -> None:
    found = read(OUTLOOK)
    assert list(times(found).values()) == ["14.10. 13:00", "14.10. 13:00"]
    assert "is no time zone, and the calendar does not describe it" in bad(found)[0].reason


def test_a_zone_that_two_calendars_describe_is_each_calendars_own() -> None:
    moved = OUTLOOK.replace(b"-0300", b"+0500")
    assert [times(read(data))["custom"] for data in (OUTLOOK, moved, OUTLOOK)] == [
        "14.10. 13:00",
        "14.10. 05:00",
        "14.10. 13:00",
    ]


def test_what_is_not_settled_keeps_its_status() -> None:
    assert [e.fields["status"] for e in good(read(OUTLOOK))] == ["CONFIRMED", "TENTATIVE"]


def test_added_dates_belong_to_their_event_and_what_is_far_is_left_out() -> None:
    uid = "5C3D6C2E-0F3B-4E0B-9C1C-2F5D7D1E8A11"
    assert times(read(APPLE)) == {f"{uid}/20261014T130000Z": "14.10. 13:00", f"{uid}/20261016T130000Z": "16.10. 13:00"}


def test_each_event_that_cannot_be_read_is_named_with_the_reason() -> None:
    reasons = {e.key: e.reason for e in bad(read(APPLE))}
    assert list(reasons) == ["floating", "twice", "broken"]
    assert "has neither offset nor zone" in reasons["floating"]
    assert "2026-11-01T01:30:00-04:00 or 2026-11-01T01:30:00-05:00" in reasons["twice"]


@pytest.mark.parametrize("given_zone", [("", "X-WR-TIMEZONE:America/New_York\n"), ("America/New_York", "")])
def test_floating_times_are_of_the_zone_that_is_named(given_zone: tuple[str, str]) -> None:
    zone, head = given_zone
    data = calendar("UID:a\nDTSTART:20261014T090000\nDURATION:PT30M", head=head)
    (entry,) = good(read(data, zone=zone))
    assert (times([entry])["a"], entry.fields["duration"]) == ("14.10. 13:00", 30)


def test_an_event_in_utc_that_is_repeated_keeps_its_hour_in_utc() -> None:
    event = "UID:a\nDTSTART:20261020T130000Z\nDTEND:20261020T140000Z\nRRULE:FREQ=WEEKLY;COUNT=3"
    found = times(read(calendar(event, head="X-WR-TIMEZONE:Europe/Berlin\n")))
    assert list(found.values()) == ["20.10. 13:00", "27.10. 13:00", "03.11. 13:00"]


def test_this_and_following_are_moved_by_their_own_original_starts() -> None:
    moved = "UID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261015T150000\n" + BERLIN.replace(
        "20261014T15", "20261015T17"
    ).replace("20261014T16", "20261015T18")
    assert times(read(calendar(f"UID:a\n{BERLIN}\nRRULE:FREQ=DAILY;COUNT=3", moved))) == {
        "a/20261014T130000Z": "14.10. 13:00",
        "a/20261015T130000Z": "15.10. 15:00",
        "a/20261016T130000Z": "16.10. 15:00",
    }


def test_a_series_without_end_goes_as_far_as_the_horizon() -> None:
    found = times(read(calendar(f"UID:a\n{BERLIN}\nRRULE:FREQ=DAILY")))
    assert (len(found), list(found)[-1]) == (38, "a/20261120T140000Z")
    assert datetime(2026, 11, 20, 14, tzinfo=UTC).timestamp() * 1000 < NOW + 60 * 86_400_000


def test_what_is_moved_beyond_the_horizon_is_told_to_whoever_has_it() -> None:
    far = BERLIN.replace("202610", "202712")
    override = f"UID:b\nRECURRENCE-ID;TZID=Europe/Berlin:20261015T150000\n{far}"
    found = entries(calendar(f"UID:a\n{far}", f"UID:b\n{BERLIN}\nRRULE:FREQ=DAILY;COUNT=3", override), "ics")
    moved = {e.key: e.if_known for e in good(found) if e.fields.get("scheduledDate", 0) > NOW + 60 * 86_400_000}
    assert moved == {"a": True, "b/20261015T130000Z": True}


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;BYMINUTE=0,1,2",
             "FREQ=NEVER", "FREQ=DAILY;COUNT=x"],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_at_once(rule: str) -> None:
    found = read(calendar(f"UID:a\n{BERLIN}\nRRULE:{rule}", f"UID:b\n{BERLIN}"))
    assert ([e.key for e in good(found)], [e.key for e in bad(found)]) == (["b"], ["a"])


def test_a_calendar_of_cancellations_cancels() -> None:
    (entry,) = good(read(calendar(f"UID:a\n{BERLIN}", head="METHOD:CANCEL\n")))
    assert entry.fields["status"] == "CANCELLED"


def test_more_guests_than_one_are_participants() -> None:
    guests = "\n".join(f"ATTENDEE;CN=N{n};X-DISCORD-ID=130000000000000001{n}:mailto:n{n}@example.org" for n in range(3))
    declined = "ATTENDEE;PARTSTAT=DECLINED;CN=No:mailto:no@example.org\nATTENDEE;CUTYPE=ROOM;CN=R:mailto:r@example.org"
    (entry,) = good(read(calendar(f"UID:a\n{BERLIN}\n{guests}\n{declined}")))
    assert entry.fields["studentName"] == "N0"
    assert [(p["name"], p["kind"]) for p in entry.fields["participants"]] == [("N1", "student"), ("N2", "student")]


def test_who_is_no_longer_invited_is_named_as_nobody_and_a_calendar_without_people_names_none() -> None:
    host = "ORGANIZER;CN=Sarah:mailto:sarah@example.org"
    alone, nobody = good(read(calendar(f"UID:a\n{BERLIN}\n{host}", f"UID:b\n{BERLIN}")))
    assert [alone.fields[key] for key in ("studentDiscordId", "studentName", "participants")] == [None] * 3
    assert [key for key in nobody.fields if "tudent" in key or "oach" in key or key == "participants"] == []


def test_odd_line_breaks_within_a_text_break_no_event() -> None:
    (entry,) = good(read(calendar(f"UID:a\nDESCRIPTION:one\u2028two\x0bthree\x85four\n{BERLIN}")))
    assert entry.key == "a"


def test_an_event_without_end_spoils_no_other() -> None:
    data = calendar(f"UID:a\n{BERLIN}").replace(b"END:VEVENT", b"") + calendar(f"UID:b\n{BERLIN}")
    found = read(data.replace(b"END:VCALENDAR\nBEGIN:VCALENDAR\n", b""))
    assert ([e.key for e in good(found)], [e.where for e in bad(found)]) == (["b"], ["line 4"])


@pytest.mark.parametrize("data", [b"", b"<html>", b"BEGIN:VCARD\nEND:VCARD\n"])
def test_what_is_no_calendar_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(UnusableInputError):
        entries(data, "ics")


LINES = st.lists(
    st.sampled_from(
        """UID:a|UID:b|DTSTART:20261014T130000Z|DTSTART;TZID=Europe/Berlin:20261025T023000|DTSTART:x
DTSTART;VALUE=DATE:20261014|DTEND:20261014T140000Z|DTEND;VALUE=DATE:20261014|DURATION:PT1H|DURATION:-PT1H
RRULE:FREQ=DAILY|RRULE:FREQ=WEEKLY;COUNT=2|RRULE:X|EXDATE:20261015T130000Z|EXDATE:x|RDATE:20261016T130000Z
RECURRENCE-ID:20261014T130000Z|RECURRENCE-ID;VALUE=DATE:20261014|STATUS:CANCELLED|STATUS:\\|ATTENDEE:mailto:x@y
ATTENDEE;CN="a;b":z|ORGANIZER:|X-DISCORD-STUDENT:<@1>|:|A|BEGIN:VALARM|END:VALARM|END:VEVENT|BEGIN:VEVENT
DESCRIPTION:\\n\\""".replace("\n", "|").split("|")
    ),
    max_size=9,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=2))
def test_whatever_stands_in_events_is_entries_with_a_start_or_a_reason(events: list[list[str]]) -> None:
    for entry in entries(calendar(*("\n".join(lines) for lines in events)), "ics"):
        if isinstance(entry, Incoming):
            assert entry.if_known or isinstance(entry.fields["scheduledDate"], int)
        else:
            assert entry.reason and entry.where
