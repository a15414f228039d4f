"""Reply strategies of the target trials, whom they concern, and the grid of time on which they are emulated.

The same definitions serve the estimator (clone-censor-weight) and the world's truth, so that both speak
of one estimand: answer inside the window, timed as this company times its replies inside it, and never
outside it. At each moment the hazard of the reply is the natural one divided by the chance, foreseen from
the history so far, that a reply comes before the window closes; in the last interval it is 1 (a
representative intervention: Young et al. 2011; Cain et al. 2010 for grace periods). Foreseen means: the
calendar goes on as it will, the critic's part of the history stays as it is. A strategy with a quality
answers at the same moments, with a reply such as the company writes there when it writes one of that quality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PATIENCE_S = 7 * DAY
"""A first reply later than this counts as none."""

Quality = Literal["proper", "bad", "other"]
Population = Literal["complaints", "in hours", "out of hours", "praise"]

COUNTS = ("spread", "recurrences", "praise")
"""Outcomes that are counted; their contrasts are ratios of means (log_rr), all others risk differences."""
LATER = ("recurrences", "praise")
"""Outcomes that are followed to the long horizon."""


@dataclass(frozen=True)
class Strategy:
    """First reply in (``after_s``, ``by_s``] seconds from the complaint, of ``quality`` if that is given.

    With ``by_s`` infinite there is no reply until ``after_s``; what comes later is usual care.
    """

    name: str
    after_s: float
    by_s: float
    quality: Quality | None = None

    @property
    def never(self) -> bool:
        return math.isinf(self.by_s)


@dataclass(frozen=True)
class Contrast:
    """First strategy against second, among the episodes of ``population``.

    ``outcome`` is what the contrast is asked about, ``also`` what is shown beside it.
    """

    name: str
    first: Strategy
    second: Strategy
    outcome: str
    population: Population = "complaints"
    also: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        return self.outcome in COUNTS


WITHIN_30MIN = Strategy("reply within 30 min", 0, 30 * MINUTE)
WITHIN_1H = Strategy("reply within 1 h", 0, HOUR)
WITHIN_24H = Strategy("reply within 24 h", 0, DAY)
BETWEEN_30_60MIN = Strategy("reply after 30 to 60 min", 30 * MINUTE, HOUR)
BETWEEN_1H_24H = Strategy("reply after 1 to 24 h", HOUR, DAY)
NONE = Strategy("no reply", PATIENCE_S, math.inf)
BAD_24H = Strategy("bad reply within 24 h", 0, DAY, "bad")
PROPER_24H = Strategy("proper reply within 24 h", 0, DAY, "proper")

AT_15MIN = Strategy("first reply at 15 min (10 to 20 min)", 10 * MINUTE, 20 * MINUTE)
AT_1H = Strategy("first reply at 1 h (40 to 80 min)", 40 * MINUTE, 80 * MINUTE)
AT_6H = Strategy("first reply at 6 h (4 to 8 h)", 4 * HOUR, 8 * HOUR)
AT_24H = Strategy("first reply at 24 h (16 to 24 h)", 16 * HOUR, DAY)
"""The delays of T4 are windows of a third to either side, but for 24 h, after which the grid is daily."""

TIMING_CONTRASTS: dict[str, Contrast] = {
    "T1": Contrast("reply_24h_vs_none", WITHIN_24H, NONE, "escalated", also=("turned",)),
    "T2": Contrast("reply_1h_vs_1h_24h", WITHIN_1H, BETWEEN_1H_24H, "turned", also=("escalated",)),
    "T3": Contrast("reply_30min_vs_30_60min", WITHIN_30MIN, BETWEEN_30_60MIN, "turned", "in hours"),
    "T4": Contrast("reply_15min_vs_24h", AT_15MIN, AT_24H, "turned"),
    "T5": Contrast("reply_1h_vs_1h_24h", WITHIN_1H, BETWEEN_1H_24H, "spread"),
    "T6": Contrast("none_vs_reply_24h", NONE, WITHIN_24H, "recurrences"),
    "T7": Contrast("reply_24h_vs_none_to_praise", WITHIN_24H, NONE, "praise", "praise"),
    "S5": Contrast("bad_24h_vs_none", BAD_24H, NONE, "escalated"),
}
"""Primary contrast of each claim on the complaint's clock that the stage ``trials`` estimates."""

T4_STEPS = (
    Contrast("reply_15min_vs_1h", AT_15MIN, AT_1H, "turned"),
    Contrast("reply_1h_vs_6h", AT_1H, AT_6H, "turned"),
    Contrast("reply_6h_vs_24h", AT_6H, AT_24H, "turned"),
)
"""Steps of the grid of delays, each faster against slower."""

T3_OUT_OF_HOURS = Contrast(
    "reply_30min_vs_30_60min_out_of_hours", WITHIN_30MIN, BETWEEN_30_60MIN, "turned", "out of hours"
)

BESIDE: dict[str, tuple[Contrast, ...]] = {"T3": (T3_OUT_OF_HOURS,), "T4": T4_STEPS}
"""Further contrasts of a claim, shown beside its primary one."""


def concerns(population: Population) -> pl.Expr:
    """Whether an episode belongs to a population (columns kind, business_hours, minutes_to_closing)."""
    kind = pl.col("kind").cast(pl.String)
    if population == "praise":
        return (kind == "praise").fill_null(False)
    complaint = kind == "complaint"
    if population == "in hours":
        complaint &= pl.col("minutes_to_closing") >= HOUR / MINUTE
    elif population == "out of hours":
        complaint &= ~pl.col("business_hours")
    return complaint.fill_null(False)


def follows(strategy: Strategy) -> pl.Expr:
    """Whether an episode's first reply is as the strategy has it (first_reply_s, first_reply_quality)."""
    reply = pl.col("first_reply_s")
    if strategy.never:
        return reply.is_null() | (reply > strategy.after_s)
    within = (reply > strategy.after_s) & (reply <= strategy.by_s)
    if strategy.quality is not None:
        within &= pl.col("first_reply_quality").cast(pl.String) == strategy.quality
    return within.fill_null(False)


def grid(horizon_days: float) -> npt.NDArray[np.int64]:
    """Ends of the intervals in seconds: every 5 min to 2 h, every 30 min to 24 h, then daily."""
    ends = np.concatenate(
        [
            np.arange(5 * MINUTE, 2 * HOUR + 1, 5 * MINUTE),
            np.arange(2 * HOUR + 30 * MINUTE, DAY + 1, 30 * MINUTE),
            np.arange(2 * DAY, horizon_days * DAY + 1, DAY),
        ]
    )
    return ends[ends <= horizon_days * DAY].astype(np.int64)
