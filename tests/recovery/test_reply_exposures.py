"""Every contrast of the reply clock comes back from worlds in which its truth is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from reply_exposures_world import tables, truths

from complaintlab.models.reply_effects import run
from complaintlab.params import Analysis, Inference, ReplyEffects

WORLDS, N = 4, 6000
SETTINGS = (
    Analysis(
        washout_days=30, gap_days=30, horizon_days=7, long_horizon_days=30, complaint_threshold=0.5,
        nonsense_threshold=0.5, act_threshold=0.5,
    ),
    Inference(resamples=10, seed=1, folds=5),
    ReplyEffects(propensity_floor=0.01),
)  # fmt: skip
CLAIMS = ("N3", "N6", "N7", "N8", "N10", "S3", "S4", "S6", "P1")


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    return truths()


@pytest.fixture(scope="module")
def found() -> list[pl.DataFrame]:
    return [run(*tables(N, seed), *SETTINGS).estimates_reply_effects for seed in range(WORLDS)]


def primary(found: list[pl.DataFrame], claim: str) -> pl.DataFrame:
    rows = pl.concat(found).filter(pl.col("claim") == claim, pl.col("variant") == "primary")
    assert rows.height == WORLDS
    return rows


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_truth_comes_back(found: list[pl.DataFrame], truth: dict[str, float], claim: str) -> None:
    rows = primary(found, claim)
    assert rows["reason"].null_count() == WORLDS
    off = (rows["estimate"] - truth[claim]).to_numpy()
    assert abs(off.mean()) < 3 * float(np.sqrt((rows["se"] ** 2).sum())) / WORLDS
    assert (np.abs(off) < 4 * rows["se"].to_numpy()).all()


def test_effects_are_seen_and_no_interval_is_idle(found: list[pl.DataFrame], truth: dict[str, float]) -> None:
    for claim in ("N7", "N10", "S3", "S4", "P1"):
        assert (primary(found, claim)["p"] < 0.05).all(), claim
    assert (primary(found, "S6")["se"] < 0.06).all()
    assert min(abs(value) for value in truth.values()) > 0.01
