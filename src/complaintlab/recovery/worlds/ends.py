"""Turning where some authors delete their complaint first, and the first looks come late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.recovery.contract import Truth
from complaintlab.recovery.truths import paired_difference

FloatArray = npt.NDArray[np.float64]

HORIZON_DAYS = 7.0
SESOI = 0.02
BATCH = 50_000


@dataclass(frozen=True)
class Ends:
    """Days to turning, to the author's deletion, to the first look and to the end of follow-up."""

    turned_days: FloatArray
    deleted_days: FloatArray
    entry_days: FloatArray
    lost_days: FloatArray
    author: npt.NDArray[np.int64]

    def rows(self) -> pl.DataFrame:
        """Rows at risk from the first look on; event 1 turned, 2 deleted, 0 neither."""
        stop = np.minimum.reduce([self.turned_days, self.deleted_days, self.lost_days])
        event = np.select([self.turned_days == stop, self.deleted_days == stop], [1, 2], 0)
        frame = pl.DataFrame({"entry": self.entry_days, "stop": stop, "event": event, "author": self.author})
        return frame.filter(pl.col("entry") < pl.col("stop"))


def simulate(n: int, seed: int) -> Ends:
    """n complaints; the mild-tempered turn sooner, and authors have one to three of them alike in temper."""
    rng = np.random.default_rng(seed)
    author = rng.integers(0, max(n // 2, 1), n)
    turns, deletes = _rates(rng, n, author)
    return Ends(
        turned_days=rng.exponential(1 / turns),
        deleted_days=rng.exponential(1 / deletes),
        entry_days=np.where(rng.random(n) < 0.5, 0.0, rng.exponential(0.5, n)),
        lost_days=rng.exponential(30.0, n),
        author=author,
    )


def _rates(rng: np.random.Generator, n: int, author: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    temper = rng.normal(size=n)[author]
    return 0.08 * np.exp(0.8 * temper), np.full(n, 0.12)


def truth() -> Mapping[str, Truth]:
    """Risk of having turned by day 7 with deletion as it is and nobody lost; expected per complaint."""

    def batch(seed: int) -> tuple[FloatArray, FloatArray]:
        rng = np.random.default_rng(4_000_000 + seed)
        turns, deletes = _rates(rng, BATCH, np.arange(BATCH))
        both = turns + deletes
        return turns / both * -np.expm1(-both * HORIZON_DAYS), np.zeros(BATCH)

    return {"turned": paired_difference(batch, SESOI)}
