"""How many more replies per company-hour a scenario asks for than were seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import Strategy

SEEN_QUANTILE = 0.95
"""Up to this quantile of the replies per company-hour that were seen, an effect is not extrapolated."""


def share_beyond(complaints: pl.DataFrame, eligible: pl.DataFrame, strategy: Strategy) -> float:
    """Share of ``eligible`` at which answering all ``complaints`` asks for more than was seen.

    Per company: complaints in the window of ``by_s`` up to each complaint, against the 95th percentile of the
    first replies in the same length of time up to each first reply. Everything is beyond where none was seen.
    """
    beyond = 0
    for (company,), of in complaints.group_by("company", maintain_order=True):
        asked = np.sort(of["started_at"].dt.epoch("s").to_numpy())
        replied = of.drop_nulls("first_reply_s")
        given = np.sort((replied["started_at"].dt.epoch("s") + replied["first_reply_s"]).to_numpy())
        most = float(np.quantile(_within(given, given, strategy.by_s), SEEN_QUANTILE)) if len(given) else 0.0
        at = eligible.filter(pl.col("company") == company)["started_at"].dt.epoch("s").to_numpy()
        beyond += int(np.sum(_within(asked, at, strategy.by_s) > most))
    return beyond / eligible.height


def _within(
    moments: npt.NDArray[np.int64], at: npt.NDArray[np.int64], seconds: float
) -> npt.NDArray[np.int64]:
    """How many of the sorted ``moments`` lie in the ``seconds`` up to each of ``at``, which counts."""
    first = np.searchsorted(moments, at - int(seconds), side="right")
    return np.asarray(np.searchsorted(moments, at, side="right") - first, dtype=np.int64)
