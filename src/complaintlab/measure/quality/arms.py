"""Whether the outcomes are read alike in early and late answered threads.

An outcome that is read worse in one arm than in another makes an effect out of nothing, or hides one
(differential misclassification; Hernán and Robins 2020, ch. 9).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import chi2

from complaintlab.measure.agreement import Floats, Integers, Sample, figure
from complaintlab.measure.quality.codes import customers
from complaintlab.measure.quality.context import ARMS
from complaintlab.measure.quality.sampling import sample_of

OUTCOMES = {"turned": ("resolved", "advocates"), "escalated": ("escalates",)}
"""Outcome of an episode → the stances of a critic's turn that show it."""

Row = dict[str, object]
Flags = NDArray[np.bool_]


def outcome_rows(judged: pl.DataFrame) -> list[Row]:
    """Sensitivity and specificity of each outcome by arm, over critics' turns after the opener.

    ``<statistic>_difference`` is an arm minus the first arm that has cases; ``<statistic>_p`` (subgroup
    'arms') is the p-value of equality over the arms. Nothing without the column ``arm``.
    """
    if "arm" not in judged.columns:
        return []
    turns = customers(judged, "coded_stance").filter(pl.col("role") == "critic", pl.col("arm").is_not_null())
    if "position" in turns.columns:
        turns = turns.filter(pl.col("position") > 0)
    return list(_rows(turns)) if turns.height else []


def _rows(turns: pl.DataFrame) -> Iterator[Row]:
    sample = sample_of(turns)
    arm = turns["arm"].replace_strict(ARMS, range(len(ARMS)), return_dtype=pl.Int64).to_numpy()
    for outcome, stances in OUTCOMES.items():
        coded, measured = (
            turns[name].cast(pl.String).is_in(stances).to_numpy() for name in ("coded_stance", "stance")
        )
        for statistic, cases in (("sensitivity", coded), ("specificity", ~coded)):
            for row in _by_arm(statistic, arm, cases, cases & (measured == coded), sample):
                yield row | {"measure": "outcome", "label": outcome}


def _by_arm(statistic: str, arm: Integers, cases: Flags, right: Flags, sample: Sample) -> Iterator[Row]:
    """Shares of the cases of each arm that were read right, their differences, and the test."""
    counts = np.bincount(arm[cases], minlength=len(ARMS))
    present = np.flatnonzero(counts)
    if not len(present):
        return
    read, all_ = (sample.totals(arm, len(ARMS), held.astype(float))[:, present] for held in (right, cases))
    shares = np.divide(read, all_, out=np.full_like(read, np.nan), where=all_ > 0)
    for k, place in enumerate(present):
        row = {"subgroup": f"arm: {ARMS[place]}", "support": int(counts[place])}
        yield row | _figure(statistic, shares[:, k])
        if k:
            yield row | _figure(f"{statistic}_difference", shares[:, k] - shares[:, 0])
    if len(present) > 1:
        p = _equality(shares[0], all_[0], read.sum(axis=1) / all_.sum(axis=1))
        limits: Row = {"lower": None, "upper": None}
        yield limits | {
            "subgroup": "arms", "statistic": f"{statistic}_p", "value": p, "support": int(counts.sum()),
        }  # fmt: skip


def _figure(statistic: str, values: Floats) -> Row:
    """A figure of the resamples in which the arm has cases."""
    return {"statistic": statistic, **figure(values[~np.isnan(values)])._asdict()}


def _equality(shares: Floats, cases: Floats, pooled: Floats) -> float:
    """p-value of equal shares: Pearson's test with the first-order correction of Rao and Scott (1984).

    The design effect is the bootstrap variance of the pooled share over its binomial variance, which
    cancels against Pearson's own.

    Args:
        shares, cases: of each arm, the cases weighted.
        pooled: the share over all arms, the sample's first and then that of each resample.
    """
    variance = float(np.nanvar(pooled[1:]))
    if variance == 0.0:
        return 1.0
    statistic = (cases * (shares - pooled[0]) ** 2).sum() / (cases.sum() * variance)
    return float(chi2.sf(statistic, len(shares) - 1))
