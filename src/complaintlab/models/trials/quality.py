"""The quality of a first reply, given when it comes: a multinomial model by continuation ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from complaintlab.models.causal.inference import standardise
from complaintlab.models.causal.logistic import Features, FloatArray, PooledLogistic, fit_hazard
from complaintlab.models.trials.course import Course

LEVELS = ("bad", "proper")
"""Asked for in this order; ``other`` is what remains, unmeasured replies with it."""


@dataclass(frozen=True)
class Qualities:
    """Logit of each level among replies of no earlier level (Fienberg 1980), at the replies ``rows``."""

    rows: npt.NDArray[np.int64]
    n: int
    models: tuple[PooledLogistic, ...]

    def chances(self, multiplicity: FloatArray | None = None) -> dict[str, FloatArray]:
        """Chance (n,) of each quality, 1 where there was no reply; refitted to a resample if one is given."""
        rest, found = np.ones(len(self.rows)), {}
        for level, model in zip(LEVELS, self.models, strict=True):
            beta = model.coefficients
            if multiplicity is not None:
                beta = model.one_steps(multiplicity[None, self.rows])[0]
            chance = expit(model.features.predictor(beta)[:, 0])
            found[level] = self._of_all(rest * chance)
            rest = rest * (1 - chance)
        return found | {"other": self._of_all(rest)}

    def _of_all(self, values: FloatArray) -> FloatArray:
        chances = np.ones(self.n)
        chances[self.rows] = values
        return chances


def fit_qualities(
    course: Course, reply: Features, quality: pl.Series, mass: FloatArray | None = None
) -> Qualities:
    """Fit the qualities of the replies of ``course``: ``reply``'s features at the moment of each reply.

    ``quality`` (n,) is proper, bad or other; null counts as other. ``mass`` (n,) is what a complaint
    counts, 1 by default.
    """
    rows = np.flatnonzero(course.reply_at < course.patience)
    at = course.reply_at[rows]
    columns = [reply.baseline[rows], reply.time[at, 1:], reply.varying[:, rows, at].T.astype(float)]
    X, _ = standardise(np.column_stack(columns))
    features = Features(X, np.ones((1, 1)), np.empty((0, len(rows), 1), dtype=np.float32), np.zeros(1))
    of = quality.cast(pl.String).fill_null("other").to_numpy()[rows]
    open_, models = np.ones(len(rows)) if mass is None else mass[rows], []
    for level in LEVELS:
        is_level = (of == level).astype(float)
        models.append(fit_hazard(features, open_[:, None], (open_ * is_level)[:, None]))
        open_ = open_ * (1 - is_level)
    return Qualities(rows, course.n, tuple(models))
