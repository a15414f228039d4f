"""Work is spread over processes only where it may be, and gives the same either way."""

from __future__ import annotations

import os
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab import parallel
from complaintlab.parallel import parts, shares_of, spread, together


def square(value: int) -> tuple[int, int]:
    return value * value, os.getpid()


def refuse(value: int) -> int:
    raise ValueError(f"not {value}")


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel._Place, "allowed", True)
    monkeypatch.setattr(parallel, "available", lambda: 2)


def test_a_script_is_not_imported_again() -> None:
    assert {where for _, where in spread(square, range(4), "Squares")} == {os.getpid()}


def test_results_come_in_order_from_other_processes(allowed: None) -> None:
    found = spread(square, range(8), "Squares")
    assert [value for value, _ in found] == [place**2 for place in range(8)]
    assert os.getpid() not in {where for _, where in found}


def test_shares_of_pieces_come_back_in_order_too(allowed: None) -> None:
    found = spread(square, range(9), "Squares", costs=[8.0, *[1.0] * 8])
    assert [value for value, _ in found] == [place**2 for place in range(9)]
    assert os.getpid() not in {where for _, where in found}


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=20), st.integers(1, 5))
def test_shares_hold_every_piece_once_and_none_is_much_longer(costs: list[float], processors: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parallel, "available", lambda: processors)
        shares = shares_of(costs)
    assert sorted(place for share in shares for place in share) == list(range(len(costs)))
    longest = max(sum(costs[place] for place in share) for share in shares)
    m = len(shares)
    assert longest <= sum(costs) / m + (1 - 1 / m) * max(costs) + 1e-9  # Graham's bound


def test_costs_are_one_for_each_item() -> None:
    with pytest.raises(ValueError, match="2 costs for 3 items"):
        spread(square, range(3), "Squares", costs=[1.0, 2.0])


def test_different_pieces_give_what_each_would(allowed: None) -> None:
    found = together([partial(square, 3), partial(square, 5)], "Squares")
    assert [value for value, _ in found] == [9, 25]


def test_an_error_of_a_piece_is_the_callers(allowed: None) -> None:
    with pytest.raises(ValueError, match="not 1"):
        spread(refuse, [1, 2], "Refusals")


@pytest.mark.parametrize("count", [0, 1, 3, 200])
def test_parts_hold_everything_once_and_in_order(count: int) -> None:
    assert [place for part in parts(count) for place in part] == list(range(count))
    sizes = [len(part) for part in parts(count)]
    assert np.ptp(sizes) <= 1


@pytest.mark.parametrize("processors", [1, 2, 3, 16])
def test_parts_break_no_group(monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    monkeypatch.setattr(parallel, "available", lambda: processors)
    pieces = parts(203, by=8)
    assert [place for part in pieces for place in part] == list(range(203))
    assert all(part.start % 8 == 0 for part in pieces)
