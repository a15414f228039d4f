"""Escalation before and after the first reply, as start–stop rows: the hostile are answered late.

Half of the critics come back with a second complaint, and share a temper that nobody measures. In an outage
complaints come in bursts, replies are slow and critics escalate sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.cox import cox
from complaintlab.recovery.contract import Truth

FloatArray = npt.NDArray[np.float64]

HORIZON_DAYS = 7.0
COMPANIES = 4
SESOI = log(1.25)
BATCH = 250_000
BATCHES = 8


@dataclass(frozen=True)
class Waiting:
    """Per complaint: what is known of it, days to the first reply, and what decides when it escalates.

    ``patience`` is the cumulative hazard that a critic bears (unit exponential), ``temper`` unmeasured.
    """

    hostility: FloatArray
    burst: FloatArray
    reply_days: FloatArray
    lost_days: FloatArray
    patience: FloatArray
    temper: FloatArray
    author: npt.NDArray[np.int64]
    company: npt.NDArray[np.int64]
    effect: float

    @property
    def escalated_days(self) -> FloatArray:
        """When the hazard borne before and after the reply reaches the critic's patience."""
        rate = 0.06 * self.temper * np.exp(0.5 * self.hostility + 0.6 * self.burst)
        left = self.patience - rate * self.reply_days
        late = self.reply_days + left / (rate * np.exp(self.effect))
        return np.where(left > 0, late, self.patience / rate)

    def rows(self) -> pl.DataFrame:
        """Start–stop rows in days: one until the reply, one after it, cut at event, loss and horizon."""
        event = self.escalated_days
        end = np.minimum(np.minimum(event, self.lost_days), HORIZON_DAYS)
        turn = np.minimum(self.reply_days, end)
        parts = [self._part(np.zeros(len(end)), turn, 0.0, event), self._part(turn, end, 1.0, event)]
        return pl.concat(parts).filter(pl.col("start") < pl.col("stop"))

    def _part(self, start: FloatArray, stop: FloatArray, answered: float, event: FloatArray) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "start": start, "stop": stop, "answered": np.full(len(start), answered),
                "escalated": event == stop, "hostility": self.hostility, "burst": self.burst,
                "author": self.author, "company": self.company,
            }
        )  # fmt: skip


def simulate(n: int, seed: int, *, effect: float = -0.6, outage: float = 0.0) -> Waiting:
    """n complaints; ``effect`` is the log hazard ratio of one critic once answered, ``outage`` a share."""
    rng = np.random.default_rng(seed)
    author = rng.integers(0, max(2 * n // 3, 1), n)
    hostility = np.clip(rng.normal(1.2, 0.9, n) + 0.5 * rng.normal(size=n)[author], 0, 3)
    burst = (rng.random(n) < outage).astype(float)
    pace = 0.7 * np.exp(-0.7 * (hostility - 1.2) - 1.2 * burst)
    return Waiting(
        hostility=hostility,
        burst=burst,
        reply_days=rng.exponential(1 / pace),
        lost_days=rng.exponential(40.0, n),
        patience=rng.exponential(size=n),
        temper=rng.gamma(8, 1 / 8, n)[author],
        author=author,
        company=rng.integers(0, COMPANIES, n),
        effect=effect,
    )


def truth(*, effect: float = -0.6, outage: float = 0.0) -> Mapping[str, Truth]:
    """The hazard ratio among complaints alike in hostility, outage and company, had lots set the delays.

    The same critics are simulated with the delays dealt out by lot, so that nothing but the reply differs
    between the answered and those not yet answered; the errors of eight such runs give the Monte-Carlo error.
    """
    found = [_by_lot(simulate(BATCH, 3_000_000 + seed, effect=effect, outage=outage), seed, outage > 0)
             for seed in range(BATCHES)]  # fmt: skip
    return {"answered": Truth(float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(BATCHES)))}


def _by_lot(made: Waiting, seed: int, bursts: bool) -> float:
    dealt = replace(made, reply_days=np.random.default_rng([seed, 6]).permutation(made.reply_days))
    fit = cox(
        dealt.rows(), start="start", stop="stop", event="escalated", strata="company",
        covariates=["answered", "hostility", *(["burst"] if bursts else [])],
    )  # fmt: skip
    return float(fit.coefficients[0])
