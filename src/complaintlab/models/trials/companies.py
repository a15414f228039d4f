"""Few or uneven companies: the average over companies of what an emulated trial finds in each of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.inference import Effect
from complaintlab.models.causal.pooling import ENOUGH_TO_POOL, company_weights, pool

FloatArray = npt.NDArray[np.float64]


class Averaged(NamedTuple):
    """The contrast averaged over companies, and the second arm's value by the same weights."""

    effect: Effect
    second: float


def over_companies(
    first: FloatArray,
    second: FloatArray,
    whole: tuple[float, float],
    sizes: FloatArray,
    variance: float,
    *,
    ratio: bool = False,
    least: int = ENOUGH_TO_POOL,
) -> Averaged | None:
    """Random-effects average over companies of a contrast of two arms.

    None where fewer than ``least`` have both arms.

    ``first`` and ``second`` (G,) are the arms' weighted risks (or mean counts) within each company, under
    models of reply and loss that all companies share, with a company effect; NaN where nobody of the company
    stands for the arm. ``whole`` are those of all companies together, ``sizes`` (G,) a company's complaints,
    ``variance`` that of the contrast of all together. A company's own variance is this times N/n: its own
    few events would tell it so badly that a company without any would count for certain. A ratio is
    linearised around that of all together, so that a company without events has a place in it. Interval by
    Hartung & Knapp (2001), t with G − 1.
    """
    if ratio:
        with np.errstate(divide="ignore", invalid="ignore"):
            theta = np.log(whole[0]) - np.log(whole[1]) + first / whole[0] - second / whole[1]
    else:
        theta = first - second
    both = np.isfinite(theta)
    if both.sum() < least or not (np.isfinite(variance) and variance > 0):
        return None
    variances = variance * sizes.sum() / sizes[both]
    second_average = float(company_weights(theta[both], variances) @ second[both])
    return Averaged(pool(theta[both], variances), second_average)
