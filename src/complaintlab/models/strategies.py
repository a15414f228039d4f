"""Reply strategies of the target trials, and the grid of time on which they are emulated.

The same definitions serve the estimator (clone-censor-weight) and the world's truth, so that both speak
of one estimand: answer inside the window, timed as this company times its replies inside it, and never
outside it. At each moment the hazard of the reply is the natural one divided by the chance, foreseen from
the history so far, that a reply comes before the window closes; in the last interval it is 1 (a
representative intervention: Young et al. 2011; Cain et al. 2010 for grace periods). Foreseen means: the
calendar goes on as it will, the critic's part of the history stays as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Strategy:
    """First reply in (``after_s``, ``by_s``] seconds from the complaint; ``by_s`` infinite: none at all."""

    name: str
    after_s: float
    by_s: float

    @property
    def never(self) -> bool:
        return math.isinf(self.by_s)


@dataclass(frozen=True)
class Contrast:
    """First strategy against second: risk under ``first`` minus risk under ``second``."""

    name: str
    first: Strategy
    second: Strategy


WITHIN_1H = Strategy("reply within 1 h", 0, HOUR)
WITHIN_24H = Strategy("reply within 24 h", 0, DAY)
BETWEEN_1H_24H = Strategy("reply after 1 to 24 h", HOUR, DAY)
NONE = Strategy("no reply", 0, math.inf)

TIMING_CONTRASTS: dict[str, Contrast] = {
    "T1": Contrast("reply_24h_vs_none", WITHIN_24H, NONE),
    "T2": Contrast("reply_1h_vs_1h_24h", WITHIN_1H, BETWEEN_1H_24H),
}
"""Contrast of each timing claim that is estimated."""


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
