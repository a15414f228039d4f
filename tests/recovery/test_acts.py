"""Every contrast of the reply clock comes back from worlds in which its truth is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from complaintlab.recovery.contract import Finding, Truth
from complaintlab.recovery.estimators.acts import stage
from complaintlab.recovery.worlds.acts import tables, truth

WORLDS, N = 3, 6000
CLAIMS = ("N3", "N6", "N7", "N8", "N10", "S3", "S4", "S6", "P1")


@pytest.fixture(scope="module")
def true() -> Mapping[str, Truth]:
    return truth()


@pytest.fixture(scope="module")
def found() -> list[dict[str, Finding]]:
    return [{one.estimand: one for one in stage(tables(N, seed), claims=CLAIMS)} for seed in range(WORLDS)]


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_truth_comes_back(found: list[dict[str, Finding]], true: Mapping[str, Truth], claim: str) -> None:
    estimates, errors = (
        np.array([getattr(world[claim], what) for world in found]) for what in ("estimate", "se")
    )
    off = estimates - true[claim].value
    assert abs(off.mean()) < 3 * float(np.sqrt((errors**2).sum())) / WORLDS
    assert (np.abs(off) < 4 * errors).all()


def test_effects_are_seen_and_no_interval_is_idle(
    found: list[dict[str, Finding]], true: Mapping[str, Truth]
) -> None:
    for claim in ("N7", "N10", "S3", "S4", "P1"):
        assert all(world[claim].p < 0.05 for world in found), claim
    assert all(world["S6"].se < 0.06 for world in found)
    assert min(abs(one.value) for one in true.values()) > 0.01
