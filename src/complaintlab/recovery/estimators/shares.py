"""The difference of two shares, as one reads it off the table: what every adjustment is measured against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import effect
from complaintlab.recovery.contract import Finding

BoolArray = npt.NDArray[np.bool_]


def shares(estimand: str, shown: BoolArray, exposed: BoolArray, author: npt.NDArray[np.int64]) -> Finding:
    """Share of ``exposed`` with the outcome less that of the others, its error clustered by author."""
    if not exposed.any() or exposed.all():
        return Finding(estimand, reason="one arm is empty")
    first, second = shown[exposed].mean(), shown[~exposed].mean()
    own = np.where(exposed, (shown - first) / exposed.sum(), -(shown - second) / (~exposed).sum())
    se = float(np.sqrt(np.sum(np.bincount(author, own) ** 2)))
    return Finding.of(estimand, effect(float(first - second), se))
