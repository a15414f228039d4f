"""Removals of the opener by the host, as things go or under a strategy."""

from __future__ import annotations

import numpy as np

from complaintlab.models.strategies import Strategy
from complaintlab.worlds.laws import Floats, Pace


def removed_as_set(
    odds: Floats, expected: Floats, strategy: Strategy | None, pace: Pace, start_s: float
) -> Floats:
    """Chance (n,) of the host's removal in the step that starts at ``start_s``, under ``strategy``.

    Inside the strategy's window the natural ``odds`` over the chance of a removal in the rest of it, outside
    of it none; without a strategy the natural odds. ``expected`` (n,) are the removals in the long run. Of
    what the host never removes there is no removal under any strategy.
    """
    if strategy is None:
        return odds
    if not strategy.after_s <= start_s < strategy.by_s or strategy.never:
        return np.zeros_like(odds)
    chance = -np.expm1(-expected * pace.mass(start_s, strategy.by_s))
    return np.asarray(odds / np.maximum(chance, 1e-300))
