"""How many more roles Discord makes in a guild, by its own word or by the ledger's count."""

from __future__ import annotations

import pytest

from coachsync.domain.budget import RoleBudget, RoleWord
from coachsync.domain.limits import MOST_ROLE_CREATIONS, ROLE_WINDOW
from coachsync.domain.model import HOUR, MINUTE

NOW = 1_791_990_000_000


def made(count: int) -> tuple[int, ...]:
    return tuple(NOW - HOUR + n for n in range(count))


def test_without_a_word_of_discords_the_ledger_counts() -> None:
    budget = RoleBudget(made(20))
    assert (budget.left(NOW), budget.left(NOW + ROLE_WINDOW)) == (MOST_ROLE_CREATIONS - 20, MOST_ROLE_CREATIONS)


def test_roles_that_others_made_by_the_same_token_count_until_the_window_ends() -> None:
    budget = RoleBudget(made(20), RoleWord(NOW, 250, 200, NOW + 5 * HOUR))
    assert [budget.left(NOW + hours * HOUR) for hours in (0, 4, 5)] == [200, 200, 230]


def test_roles_made_since_discords_word_are_taken_off() -> None:
    budget = RoleBudget((*made(20), NOW + MINUTE), RoleWord(NOW, 250, 230, NOW + 47 * HOUR))
    assert budget.left(NOW + HOUR) == 229


def test_word_that_allows_more_than_the_count_is_no_licence() -> None:
    assert RoleBudget(made(250), RoleWord(NOW, 250, 249, NOW + HOUR)).left(NOW) == 0


@pytest.mark.parametrize(("later", "left"), [(HOUR - 1, 0), (HOUR, 250)])
def test_nothing_is_left_until_a_refusal_is_over(later: int, left: int) -> None:
    assert RoleBudget(none_until=NOW + HOUR).left(NOW + later) == left
