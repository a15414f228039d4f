"""Label errors of 10 to 20% that differ by arm: the naive interval misses, the corrected one holds."""

from __future__ import annotations

import numpy as np
import pytest
from mislabelled_replies import TRUTH, draw_replies, signed_rows
from scipy import stats

from complaintlab.models.causal.inference import Effect
from complaintlab.models.label_error.augmented import signed_reply_effect

WORLDS = 60
SETTINGS = {"floor": 0.01, "folds": 2, "seed": 1}


def estimates(*, corrected: bool) -> list[Effect]:
    found = []
    for seed in range(WORLDS):
        rows = signed_rows(draw_replies(1500, 0.35, seed), corrected=corrected)
        effect = signed_reply_effect(rows, **SETTINGS).effect
        assert effect is not None
        found.append(effect)
    return found


@pytest.fixture(scope="module")
def corrected() -> list[Effect]:
    return estimates(corrected=True)


def holds(found: list[Effect]) -> int:
    return sum(effect.lower <= TRUTH <= effect.upper for effect in found)


def test_the_corrected_estimate_is_unbiased(corrected: list[Effect]) -> None:
    values = np.array([effect.estimate for effect in corrected])
    error = values.std(ddof=1) / np.sqrt(WORLDS)
    assert abs(values.mean() - TRUTH) < 2.6 * error + 0.005


def test_its_interval_covers_and_its_error_is_the_spread(corrected: list[Effect]) -> None:
    lowest, highest = stats.binomtest(holds(corrected), WORLDS).proportion_ci(0.99)
    assert lowest <= 0.95 <= highest
    spread = np.std([effect.estimate for effect in corrected], ddof=1)
    assert np.mean([effect.se for effect in corrected]) == pytest.approx(spread, rel=0.25)


def test_the_naive_interval_misses(corrected: list[Effect]) -> None:
    naive = estimates(corrected=False)
    assert np.mean([effect.estimate for effect in naive]) < TRUTH - 0.03
    assert holds(naive) < 0.6 * WORLDS < holds(corrected)
