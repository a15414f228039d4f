"""Design-based supervised learning as signed rows: every episode as measured, the coded ones as coded too.

An estimator that solves Σ m(measured) = 0 solves Σ m(measured) − (R/π)(m(measured) − m(coded)) = 0 instead
(Egami, Hinck, Stewart & Wei 2023): measured rows count 1 − R/π, and coded ones R/π. Whatever errors the
measures make, in outcome, exposure and confounders and in any arm, the sum is unbiased for that of codes of
all, since the chance π of being coded is known. The same holds for the nuisance models behind a causal
estimate, which are fitted to the same rows: with the exposure itself coded, its propensity has to be that
of the coded exposure.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.reply_effects.population import Answered

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MASS, CODED = "signed_mass", "is_coded"
"""Columns of stacked episodes: what a row counts, and whether it is as coded."""


def signed(measured: pl.DataFrame, coded: pl.DataFrame, chance: pl.DataFrame) -> pl.DataFrame:
    """Rows as measured above the same as coded, with ``signed_mass`` and ``is_coded``.

    Args:
        measured, coded: the same columns, among them episode_id, a row per episode.
        chance: episode_id and pi of all coded episodes. One that is in ``measured`` but not in ``coded`` is
            by its codes no member of the population.
    """
    pi = chance.select("episode_id", "pi")
    upper = measured.drop("pi", strict=False).join(pi, on="episode_id", how="left", maintain_order="left")
    lower = coded.drop("pi", strict=False).join(pi, on="episode_id", how="left", maintain_order="left")
    return pl.concat(
        [
            upper.with_columns(
                (1 - (1 / pl.col("pi")).fill_null(0.0)).alias(MASS), pl.lit(False).alias(CODED)
            ),
            lower.with_columns((1 / pl.col("pi")).alias(MASS), pl.lit(True).alias(CODED)),
        ]
    )


def signed_population(measured: Answered, coded: Answered, chance: pl.DataFrame) -> Answered:
    """The complaints on one clock as signed rows.

    Whether a reply is more distinctive than the median is said of the replies of all, as measured.
    """
    median = measured.features["template"].median() if "template" in measured.features.columns else None
    score = pl.col("template")
    halves = {"distinctive": score < median, "boilerplate": score >= median} if median is not None else {}
    features = coded.features.with_columns(**halves)

    def both(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([first, second.select(first.columns)])

    return Answered(
        signed(measured.episodes, coded.episodes.select(measured.episodes.columns), chance),
        both(measured.history, coded.history),
        both(measured.features, features),
        both(measured.groups, coded.groups),
        both(measured.after, coded.after),
    )


def collapse(values: FloatArray, mass: FloatArray, unit: IntArray) -> FloatArray:
    """Signed sum of ``values`` (rows,) within each ``unit``: an episode's design-adjusted contribution."""
    return np.bincount(unit, mass * values).astype(np.float64, copy=False)
