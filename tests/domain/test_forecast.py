"""What is foretold of a guild: by hand for what is known, and played by other rules for what is random."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from coachsync.domain.budget import GuildSight, RoleBudget, RoleWord
from coachsync.domain.course import Ground, Rhythm, Stay
from coachsync.domain.forecast import ANOTHER_BOT, Forecast, Squeeze, forecast
from coachsync.domain.limits import CHANNELS_IN_CATEGORY, MOST_CHANNELS, MOST_ROLE_CREATIONS, MOST_ROLES, ROLE_WINDOW
from coachsync.domain.model import DAY, HOUR, MINUTE, Access, Millis
from coachsync.domain.tight import hint_of
from coachsync.domain.windows import Policy
from coachsync.standin.windows import KINDS

NOW: Millis = 1_791_936_000_000
POLICY = Policy(frozenset({"SCHEDULED"}), frozenset(), "", 3 * HOUR, 2 * HOUR, HOUR, catch_up=True)
RHYTHM = Rhythm(NOW, NOW + 15 * MINUTE, 15 * MINUTE, 12 * MINUTE, 50)
GUILD, OTHER = "1100000000000000000", "1200000000000000000"


def stays(count: int, *, start: Millis = NOW + DAY, apart: Millis = 0, length: Millis = HOUR) -> tuple[Stay, ...]:
    return tuple(Stay(f"s{n:04}", start + n * apart, start + n * apart + length) for n in range(count))


def ground(*booked: Stay, access: Access = "role", guild: str = GUILD, **more: object) -> Ground:
    found = Ground(guild, "[discord]", access, categorised=False, bot="one", stays=booked)
    return found._replace(**more)  # type: ignore[arg-type]


def ahead(*grounds: Ground, days: int = 4, policy: Policy = POLICY) -> Forecast:
    return forecast(grounds, policy, RHYTHM, [NOW + n * DAY for n in range(days + 1)])


def first(*grounds: Ground, policy: Policy = POLICY) -> Squeeze:
    found = ahead(*grounds, policy=policy).first
    assert found is not None
    return found


def setting(squeeze: Squeeze) -> str | None:
    return None if squeeze.remedy is None else squeeze.remedy.setting


# what is tight


def test_nothing_booked_fits() -> None:
    found = ahead(ground())
    assert (found.fits, found.first, [day.setups for day in found.guilds[0].days]) == (True, None, [0] * 4)


def test_last_role_fits_and_one_more_does_not() -> None:
    last = MOST_ROLES - 2  # @everyone and the bot's own
    assert ahead(ground(*stays(last, apart=0))).fits
    squeeze = first(ground(*stays(last + 1)))
    assert (squeeze.limit, squeeze.level, squeeze.at) == ("roles", "full", NOW + DAY - 3 * HOUR)
    assert (squeeze.sessions, setting(squeeze)) == (1, 'access = "member"')


def test_roles_of_others_count() -> None:
    squeeze = first(ground(*stays(10), sight=GuildSight(NOW, MOST_ROLES - 9, 1)))
    assert (squeeze.limit, squeeze.sessions) == ("roles", 1)


def test_rooms_that_are_open_hold_their_roles_until_they_close() -> None:
    now = tuple(stay._replace(role=True, room=True) for stay in stays(MOST_ROLES - 2, start=NOW))
    soon = Stay("soon", NOW + 3 * HOUR, NOW + 4 * HOUR)
    late = Stay("late", NOW + 6 * HOUR, NOW + 7 * HOUR)
    assert [lack.session_id for lack in ahead(ground(*now, soon, late)).guilds[0].days[0].lacks] == ["soon"]


def test_place_that_a_cleanup_of_the_same_run_frees_is_taken() -> None:
    now = tuple(stay._replace(role=True, room=True) for stay in stays(MOST_ROLES - 2, start=NOW, length=HOUR))
    next_one = Stay("next", NOW + 5 * HOUR, NOW + 6 * HOUR)  # its window opens when the others go
    assert ahead(ground(*now, next_one)).fits


def test_roles_made_within_two_days_are_counted_from_what_was_made_before() -> None:
    made = tuple(NOW - HOUR for _ in range(MOST_ROLE_CREATIONS - 5))
    squeeze = first(ground(*stays(6), budget=RoleBudget(made)))
    assert (squeeze.limit, squeeze.sessions) == ("role_creations", 1)
    later = ground(*stays(6, start=NOW + ROLE_WINDOW + 3 * HOUR), budget=RoleBudget(made))
    assert ahead(later).fits


def test_discords_own_word_counts_what_others_made_by_the_token() -> None:
    budget = RoleBudget((), RoleWord(NOW, MOST_ROLE_CREATIONS, 4, NOW + ROLE_WINDOW))
    assert first(ground(*stays(5), budget=budget)).limit == "role_creations"


def test_windows_are_named_only_if_the_rooms_then_fit_and_the_least_change_first() -> None:
    booked = stays(40, apart=30 * MINUTE)  # each room lives five hours: ten at once

    def crowded(places: int) -> Ground:
        return ground(*booked, access="member", sight=GuildSight(NOW, 2, MOST_CHANNELS - places))

    eight, seven = first(crowded(9)), first(crowded(7))
    assert (eight.limit, eight.level, setting(eight)) == ("channels", "full", 'cleanup_after = "15m"')
    assert setting(seven) == 'cleanup_after = "15m" and setup_opens = "135m"'
    assert ahead(crowded(7), policy=POLICY._replace(cleanup_after=15 * MINUTE, setup_opens=135 * MINUTE)).fits
    assert not ahead(crowded(7), policy=POLICY._replace(cleanup_after=15 * MINUTE)).fits
    assert (first(crowded(3)).remedy, hint_of(first(crowded(3))).startswith("no setting helps")) == (None, True)


def test_roles_that_run_out_are_told_once_whatever_else_is_near_with_them() -> None:
    (one,) = ahead(ground(*stays(300))).guilds[0].squeezes
    assert (one.limit, one.sessions) == ("roles", 300 - MOST_ROLES + 2)


def test_each_limit_that_binds_is_told() -> None:
    crowded = GuildSight(NOW, MOST_ROLES - 1, MOST_CHANNELS - 1)
    found = ahead(ground(*stays(2), sight=crowded)).guilds[0]
    assert [(s.limit, s.level, setting(s)) for s in found.squeezes] == [
        ("roles", "full", 'access = "member"'),
        ("channels", "full", None),
    ]


def test_full_category_is_no_squeeze_but_takes_a_channel_more() -> None:
    booked = stays(CHANNELS_IN_CATEGORY + 1)
    found = ahead(ground(*booked, categorised=True, sight=GuildSight(NOW, 2, 10, (9,))))
    day = found.guilds[0].days[0]
    assert (found.fits, day.further, day.filled) == (True, 1, (CHANNELS_IN_CATEGORY, 10))
    assert day.channels.used == 10 + len(booked) + 1
    assert day.rooms is not None
    assert (day.rooms.used, day.rooms.most) == (len(booked), 2 * CHANNELS_IN_CATEGORY - 9)


def test_run_lasts_as_long_as_the_grants_of_all_that_open_in_it_need() -> None:
    day = ahead(ground(*stays(30))).guilds[0].days[0]
    assert day.time.used == (30 * 2 - 1) // 10 * 10_000


def test_sessions_that_a_run_has_no_time_for_are_late_only_if_the_next_is_after_setup_by() -> None:
    tight = POLICY._replace(setup_opens=2 * HOUR + 5 * MINUTE)
    people = tuple(stay._replace(people=40) for stay in stays(20))
    squeeze = first(ground(*people), policy=tight)
    assert (squeeze.limit, squeeze.level) == ("time", "full")
    assert setting(squeeze) == 'access = "member"'
    assert ahead(ground(*people)).fits


def test_guilds_under_one_token_share_its_requests_and_another_bot_helps() -> None:
    slow = RHYTHM._replace(per_second=1)
    grounds = [ground(*stays(100), access="member", guild=g, section=f"[guilds.{g}]") for g in (GUILD, OTHER)]
    edges = [NOW, NOW + DAY, NOW + 2 * DAY]
    found = forecast(grounds, POLICY, slow._replace(run_budget=7 * MINUTE), edges).first
    assert found is not None
    assert (found.limit, found.level, setting(found)) == ("time", "full", ANOTHER_BOT)
    assert "another bot's token" in hint_of(found)


def test_little_left_is_told_and_is_no_failure() -> None:
    found = ahead(ground(sight=GuildSight(NOW, 240, 1)))
    assert found.first is not None
    assert (found.fits, found.first.level, found.first.limit) == (True, "near", "roles")
    assert (found.first.remedy, "delete roles" in hint_of(found.first)) == (None, True)


def test_setting_is_not_named_if_another_guild_would_be_the_worse_for_it() -> None:
    wide = ahead(ground(*stays(MOST_ROLES + 5)), ground(*stays(3), guild=OTHER)).first
    assert wide is not None
    assert (wide.guild_id, wide.remedy is not None and wide.remedy.section) == (GUILD, "[discord]")


def test_paused_sessions_open_when_the_pause_ends() -> None:
    held = tuple(stay._replace(after=NOW + 30 * HOUR) for stay in stays(20, start=NOW + 31 * HOUR))
    assert [day.setups for day in ahead(ground(*held)).guilds[0].days] == [0, 20, 0, 0]


# what is random


def _played_otherwise(found: Ground, kind: str, minutes: Sequence[Millis]) -> int:
    """Play the guild by plain bookkeeping, with Discord's window as the stand-in has it; return who goes without."""
    window = KINDS[kind](MOST_ROLE_CREATIONS, ROLE_WINDOW / 1000)
    others = found.sight or GuildSight(0, 2, 0)
    have: dict[str, bool] = {}
    refused: set[str] = set()
    for now in minutes:
        for stay in found.stays:
            if now >= stay.end + POLICY.cleanup_after:
                have.pop(stay.session_id, None)
        for stay in sorted(found.stays, key=lambda stay: stay.start):
            due = stay.start - POLICY.setup_opens <= now < stay.end
            if not due or have.get(stay.session_id) is not None:
                continue
            if len(have) + others.channels >= MOST_CHANNELS:
                refused.add(stay.session_id)
                continue
            by_role = found.access == "role"
            full = by_role and others.roles + sum(have.values()) >= MOST_ROLES
            if by_role and (full or not window.take(now / 1000).granted):
                refused.add(stay.session_id)
                by_role = False
            have[stay.session_id] = by_role
    return len(refused)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_forecast_that_says_it_fits_is_right_however_discord_counts(kind: str) -> None:
    chance = random.Random(f"{kind} 7")
    fitted = 0
    for _ in range(14):
        count = chance.randrange(180, 330)
        span = chance.choice((6, 30, 70)) * HOUR
        booked = tuple(
            Stay(f"s{n:03}", at := NOW + 4 * HOUR + chance.randrange(span), at + chance.choice((30, 60, 90)) * MINUTE)
            for n in range(count)
        )
        sight = GuildSight(NOW, chance.choice((2, 30, 120)), chance.choice((1, 300)))
        access: Access = chance.choice(("role", "role", "member"))
        one = ground(*booked, access=access, sight=sight)
        runs = range(RHYTHM.first, NOW + 90 * HOUR, RHYTHM.interval)
        lacking = _played_otherwise(one, kind, runs)
        found = ahead(one)
        late = {lack.session_id for day in found.guilds[0].days for lack in day.lacks if lack.limit == "time"}
        if found.fits:
            fitted += 1
            assert lacking == 0
        elif kind == "rolling" and not late:
            assert found.guilds[0].lacking == lacking
    assert 0 < fitted < 14
