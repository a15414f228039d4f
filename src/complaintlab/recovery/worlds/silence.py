"""Critics who are satisfied mostly stay silent: whether anything is heard depends on the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complaintlab.recovery.worlds.replies import BoolArray, Replies, simulate


@dataclass(frozen=True)
class Heard:
    """First replies, and whose critic spoke again within the horizon; whoever shows a turn speaks."""

    replies: Replies
    heard: BoolArray


def heard(n: int, seed: int, *, effect: float = 0.6) -> Heard:
    """n first replies; the angry and unsoothed speak again most, whoever turns always."""
    made = simulate(n, seed, effect=effect)
    odds = -0.2 + 0.7 * made.hostility - 1.2 * made.apology
    speaks = np.random.default_rng([seed, 3]).random(n) < 1 / (1 + np.exp(-odds))
    return Heard(made, made.turned | speaks)
