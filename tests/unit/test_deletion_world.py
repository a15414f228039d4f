"""The world under strategies of deletion."""

from pathlib import Path

import numpy as np
import pytest

from complaintlab.companies import load_companies
from complaintlab.models.deletion_strategies import DELETED, LEFT
from complaintlab.models.strategies import DAY, Strategy
from complaintlab.worlds.calendar import make_calendar
from complaintlab.worlds.history import AUTHOR_REMOVES, HOST_REMOVES, History, Policy, simulate_history
from complaintlab.worlds.laws import load_laws
from complaintlab.worlds.people import Complaints, draw_complaints

SIZE = 3000


@pytest.fixture(scope="module")
def lived(repo: Path) -> tuple[Complaints, dict[Strategy | None, History]]:
    """The same complaints as nature has it, deleted, and left."""
    laws = load_laws(repo / "data" / "world.yaml")
    companies = load_companies(repo / "data" / "companies.yaml")
    calendar = make_calendar(laws, companies, np.random.default_rng(1))
    people = draw_complaints(SIZE, laws, calendar, np.random.default_rng(2))
    return people, {
        arm: simulate_history(people, laws, calendar, np.random.default_rng(3), Policy(deletion=arm))
        for arm in (None, DELETED, LEFT)
    }


def removals(history: History, what: int) -> dict[int, float]:
    chosen = history.what == what
    return dict(zip(history.who[chosen].tolist(), history.at_s[chosen].tolist(), strict=True))


def test_left_means_that_no_host_deletes(lived: tuple[Complaints, dict[Strategy | None, History]]) -> None:
    _, histories = lived
    assert removals(histories[None], HOST_REMOVES)
    assert not removals(histories[LEFT], HOST_REMOVES)


def test_deleted_means_within_a_day_on_the_companys_page_and_nowhere_else(
    lived: tuple[Complaints, dict[Strategy | None, History]],
) -> None:
    """Unless the author was faster."""
    people, histories = lived
    by_host = removals(histories[DELETED], HOST_REMOVES)
    by_author = removals(histories[DELETED], AUTHOR_REMOVES)
    gone = {who for who, at_s in by_author.items() if at_s <= DAY}
    assert max(by_host.values()) <= DAY
    assert set(np.flatnonzero(people.on_page).tolist()) - gone <= set(by_host)
    assert set(by_host) <= set(np.flatnonzero(people.on_page).tolist())


def test_a_day_that_the_host_deletes_early_is_as_early_under_the_strategy(
    lived: tuple[Complaints, dict[Strategy | None, History]],
) -> None:
    """The strategy times deletions as the host does, only surer: nobody is deleted later than by nature."""
    _, histories = lived
    natural, asked = (removals(histories[arm], HOST_REMOVES) for arm in (None, DELETED))
    early = {who: at_s for who, at_s in natural.items() if at_s <= DAY and who in asked}
    assert early
    assert all(asked[who] <= at_s for who, at_s in early.items())
