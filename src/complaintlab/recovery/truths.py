"""True values by counterfactual runs: batches are added until the Monte-Carlo error is small enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from complaintlab.recovery.contract import Truth

FloatArray = npt.NDArray[np.float64]

PRECISION = 0.018
"""Largest Monte-Carlo error aimed at, as a share of the smallest effect of interest; the plan allows 0.02."""
MAX_BATCHES = 200

Paired = tuple[FloatArray, FloatArray]
"""The outcome (or its expectation given the rest) of the same complaints under the first and second arm."""


def paired_difference(batch: Callable[[int], Paired], sesoi: float, *, ratio: bool = False) -> Truth:
    """Mean difference of arms, or the logarithm of the ratio of their means (error by the delta method)."""
    return paired_differences(lambda seed: [batch(seed)], [sesoi], [ratio])[0]


def paired_differences(
    batch: Callable[[int], Sequence[Paired]],
    sesoi: Sequence[float],
    ratio: Sequence[bool],
    precision: float = PRECISION,
) -> list[Truth]:
    """The same for several contrasts that one batch answers together."""
    batches: list[Sequence[Paired]] = []
    for seed in range(MAX_BATCHES):
        batches.append(batch(seed))
        found = [_contrast([one[j] for one in batches], log) for j, log in enumerate(ratio)]
        if all(truth.mc_se < precision * band for truth, band in zip(found, sesoi, strict=True)):
            return found
    raise RuntimeError(f"the Monte-Carlo error is still too large after {MAX_BATCHES} batches")


def _contrast(batches: Sequence[Paired], ratio: bool) -> Truth:
    first, second = (np.concatenate(arm) for arm in zip(*batches, strict=True))
    if not ratio:
        own = first - second
        return Truth(float(own.mean()), float(own.std(ddof=1) / np.sqrt(len(own))))
    own = first / first.mean() - second / second.mean()
    return Truth(float(np.log(first.mean() / second.mean())), float(own.std(ddof=1) / np.sqrt(len(own))))


def nothing(*estimands: str) -> Mapping[str, Truth]:
    """Truth where nothing works: both arms are the same world, and the difference is zero without error."""
    return dict.fromkeys(estimands, Truth(0.0, 0.0))
