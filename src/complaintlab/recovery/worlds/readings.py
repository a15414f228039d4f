"""Outcomes read from texts with errors that differ between the arms, and a coded probability sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from complaintlab.recovery.worlds.replies import BoolArray, FloatArray, Replies, simulate


@dataclass(frozen=True)
class Readings:
    """First replies whose turning is ``read`` with errors; ``gold``: coded by people as it is, drawn with π.

    The true outcome is ``replies.turned``; an analyst knows it only where ``gold`` is true.
    """

    replies: Replies
    read: BoolArray
    gold: BoolArray
    pi: FloatArray


def readings(n: int, seed: int, *, wrong: float, effect: float = 0.6) -> Readings:
    """n first replies; thanks for an apology are read as a turn by the share ``wrong``, never the reverse.

    Without an apology that share of the turns is missed instead. The angry are coded more often.
    """
    made = simulate(n, seed, effect=effect)
    rng = np.random.default_rng([seed, 4])
    slips = rng.random(n) < wrong
    read = np.where(made.apology, made.turned | slips, made.turned & ~slips)
    pi = np.clip(0.2 + 0.1 * made.hostility, 0.2, 0.5)
    return Readings(made, read, rng.random(n) < pi, pi)
