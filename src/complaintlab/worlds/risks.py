"""Risks of an outcome under a policy, summed up instead of counted.

The risk of a first event is one minus the mean, over histories in which the event is kept from happening,
of the product of its complements' probabilities: the event's own luck is integrated out (Rao-Blackwell), so
far fewer episodes give the same Monte-Carlo error.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from complaintlab.models.strategies import DAY
from complaintlab.worlds.calendar import Ints
from complaintlab.worlds.laws import Floats


class Watch:
    """Sums up the risk of a first turn with one of ``stances`` (positions in STANCES) by each horizon.

    On the clock ``complaint`` time runs from Z0. On the clock ``reply`` it runs from the first reply,
    whatever the critic said before; in the reply's own step the event is counted as drawn, alike under both
    arms.
    """

    def __init__(
        self, stances: tuple[int, ...], clock: Literal["complaint", "reply"], days: tuple[float, ...], n: int
    ) -> None:
        self.stances, self.clock = stances, clock
        self.horizons_s = [day * DAY for day in days]
        self.survival = np.ones((len(days), n))

    @property
    def risks(self) -> Floats:
        """Risk by each horizon (rows) for each complaint."""
        return np.asarray(1 - self.survival)

    def observe(self, turns: Floats, first_reply_s: Floats, start_s: float, stop_s: float) -> Floats:
        """Take the step's probabilities (6 × n), count the watched, return those given that none is."""
        zero_s = np.zeros_like(first_reply_s) if self.clock == "complaint" else first_reply_s
        watched = zero_s <= start_s
        event = np.where(watched, turns[list(self.stances)].sum(axis=0), 0.0)
        for row, horizon_s in enumerate(self.horizons_s):
            with np.errstate(invalid="ignore"):
                inside = np.clip((zero_s + horizon_s - start_s) / (stop_s - start_s), 0, 1)
            self.survival[row] *= 1 - event * np.where(watched, inside, 0.0)
        kept = np.asarray(turns / (1 - event), dtype=np.float64)
        for stance in self.stances:
            kept[stance, watched] = 0.0
        return kept

    def realise(self, stance: int, who: Ints, at_s: Floats, first_reply_s: Floats) -> None:
        """Count what was drawn in the reply's own step, after the reply."""
        if self.clock == "reply" and stance in self.stances:
            self.survival[:, who[at_s > first_reply_s[who]]] = 0.0
