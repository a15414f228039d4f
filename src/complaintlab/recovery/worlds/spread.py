"""Counts with heavy tails: how many others join in after a first reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.recovery.contract import Truth
from complaintlab.recovery.sesoi import sesoi
from complaintlab.recovery.truths import Paired, paired_difference
from complaintlab.recovery.worlds.replies import BATCH, FloatArray, Replies, simulate

SHAPE = 0.25
"""Of the gamma frailty between threads: most have nobody, a few have dozens."""


@dataclass(frozen=True)
class Joined:
    """First replies, and how many others joined in within the horizon."""

    replies: Replies
    others: npt.NDArray[np.int64]


def expected(made: Replies, apology: FloatArray, effect: float) -> FloatArray:
    """Others who join in, on average over threads alike."""
    return np.asarray(0.6 * np.exp(0.5 * (made.hostility - 1.2) - effect * apology))


def joined(n: int, seed: int, *, effect: float = 0.4) -> Joined:
    """n first replies; an apology keeps others from joining in, the hostile draw more of them."""
    made = simulate(n, seed)
    rng = np.random.default_rng([seed, 5])
    mean = expected(made, made.apology.astype(float), effect)
    return Joined(made, rng.poisson(mean * rng.gamma(SHAPE, 1 / SHAPE, n)))


def truth(*, effect: float = 0.4) -> Mapping[str, Truth]:
    """Logarithm of the ratio of mean counts, with against without an apology."""

    def batch(seed: int) -> Paired:
        made = simulate(BATCH, 2_000_000 + seed)
        return expected(made, np.ones(BATCH), effect), expected(made, np.zeros(BATCH), effect)

    return {"N7": paired_difference(batch, sesoi("N7"), ratio=True)}
