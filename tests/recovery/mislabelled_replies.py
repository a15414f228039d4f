"""Replies with a known effect, and measures of them that err differently in either arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from complaintlab.models.label_error.augmented import SignedRows

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

TRUTH = -0.10
"""Risk difference of the act: 0.35 and 0.45 where the confounder is 0, less where it is below."""


@dataclass(frozen=True)
class Labels:
    """What n replies do, what came of them, and the confounder: by their codes, or as measured."""

    act: BoolArray
    event: BoolArray
    hostility: FloatArray


@dataclass(frozen=True)
class Replies:
    """Both kinds of labels, who was coded with which chance, and the clusters."""

    coded: Labels
    measured: Labels
    in_sample: BoolArray
    chance: FloatArray
    author: IntArray
    company: IntArray


def draw_replies(n: int, share: float, seed: int) -> Replies:
    """Half as many authors as replies; 20 companies; a part ``share`` is coded, measured events more often.

    Events are missed in 20% with the act and in 10% without; acts are wrong in 10%; 15% of the replies
    without an event are taken for one where the act is missing. Hostility confounds, and is measured with an
    error.
    """
    rng = np.random.default_rng(seed)
    hostility = rng.normal(size=n)
    act = rng.random(n) < 1 / (1 + np.exp(0.8 * hostility))
    event = rng.random(n) < np.clip(0.45 + 0.1 * hostility + TRUTH * act, 0.02, 0.98)
    truth = Labels(act, event, hostility)
    missed = rng.random(n) < np.where(act, 0.20, 0.10)
    invented = rng.random(n) < np.where(act, 0.0, 0.15)
    measured = Labels(
        act ^ (rng.random(n) < 0.10),
        (event & ~missed) | (~event & invented),
        hostility + rng.normal(0, 0.4, n),
    )
    chance = np.clip(share * np.where(measured.event, 1.3, 0.8), 0.01, 1.0)
    return Replies(
        truth, measured, rng.random(n) < chance, chance, rng.integers(0, n // 2, n), rng.integers(0, 20, n)
    )


def signed_rows(replies: Replies, *, corrected: bool = True) -> SignedRows:
    """The replies as measured, and with ``corrected`` the coded ones once more."""
    n = len(replies.author)
    again = np.flatnonzero(replies.in_sample) if corrected else np.empty(0, dtype=np.int64)
    unit = np.concatenate([np.arange(n), again])
    mass = np.concatenate([np.ones(n), 1 / replies.chance[again]])
    mass[again] = 1 - 1 / replies.chance[again]

    def both(first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        return np.concatenate([first, second[again]])

    measured, coded = replies.measured, replies.coded
    X = both(measured.hostility, coded.hostility).astype(np.float64)[:, None]
    return SignedRows(
        exposed=both(measured.act, coded.act).astype(bool),
        outcome=both(measured.event, coded.event).astype(np.float64),
        seen=np.ones(len(unit)),
        X=X / X[:n].std(),
        author=replies.author[unit],
        company=replies.company[unit],
        mass=mass,
        unit=unit,
    )
