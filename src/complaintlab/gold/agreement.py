"""How far coders agree: Krippendorff's alpha with a bootstrap interval, per label.

Alpha (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"; 2019, ch. 12) takes any number of
coders and missing codes. It describes the messages that were drawn: sampling probabilities are not used.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.gold.codebook import ADJUDICATED, LABELS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Level = Literal["nominal", "ordinal"]

SUFFICIENT: Final = 0.667
"""Below this lower limit a measure is tentative (Krippendorff 2019)."""

AGREEMENT_SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "label": pl.String, "level": pl.String, "alpha": pl.Float64, "lower": pl.Float64, "upper": pl.Float64,
    "messages": pl.UInt32, "threads": pl.UInt32, "coders": pl.UInt32, "tentative": pl.Boolean,
}  # fmt: skip


def coincidences(counts: Integers) -> Floats:
    """Coincidence matrix of each unit.

    Args:
        counts: units × values: how many coders gave the unit that value.

    Returns:
        units × values × values: pairs of values that different coders gave the unit, over the number of
        its coders less one; zero for a unit with fewer than two codes, which pairs with nothing.
    """
    pairs = (
        counts[:, :, None] * counts[:, None, :] - np.eye(counts.shape[1], dtype=np.int64) * counts[:, None, :]
    )
    others = counts.sum(axis=1) - 1
    return pairs * np.where(others > 0, 1.0 / np.maximum(others, 1), 0.0)[:, None, None]


def alpha(matrices: Floats, level: Level) -> Floats:
    """Krippendorff's alpha of coincidence matrices (…, values, values), values in order where ordinal.

    NaN where nothing can disagree: fewer than two pairable codes, or one value throughout.
    """
    totals = matrices.sum(axis=-1)
    n = totals.sum(axis=-1)
    if level == "ordinal":
        middle = np.cumsum(totals, axis=-1) - totals / 2
        distance = (middle[..., :, None] - middle[..., None, :]) ** 2
    else:
        distance = np.broadcast_to(1.0 - np.eye(matrices.shape[-1]), matrices.shape)
    observed = (matrices * distance).sum(axis=(-2, -1))
    expected = (totals[..., :, None] * totals[..., None, :] * distance).sum(axis=(-2, -1))
    possible = expected > 0
    return np.where(possible, 1.0 - (n - 1.0) * observed / np.where(possible, expected, 1.0), np.nan)


def alpha_interval(
    matrices: Floats, clusters: Integers, level: Level, resamples: int, seed: int
) -> tuple[float, float]:
    """95% percentile interval of alpha, whole clusters resampled (Zapf et al. 2016, with units in clusters).

    Resamples in which nothing can disagree are left out; NaN where that are all.

    Args:
        matrices: units × values × values, of ``coincidences``.
        clusters: the number of each unit's cluster, from 0 without gaps.
    """
    n = int(clusters.max()) + 1
    summed = np.zeros((n, *matrices.shape[1:]))
    np.add.at(summed, clusters, matrices)
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)
    values = alpha(np.einsum("bc,ckl->bkl", draws, summed), level)
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan
    lower, upper = np.quantile(values, [0.025, 0.975])
    return float(lower), float(upper)


def agreement(codes: pl.DataFrame, *, resamples: int = 1000, seed: int = 1) -> pl.DataFrame:
    """Agreement of coders on each label; adjudicated codes are no coder's.

    Args:
        codes: ``codes.CODES_SCHEMA``.

    Returns:
        A row per label that two coders coded in some message (``AGREEMENT_SCHEMA``): alpha null where
        nothing could disagree; messages coded by at least two, their threads (the clusters), coders;
        tentative where the lower limit is below ``SUFFICIENT`` or unknown.
    """
    blind = codes.filter(pl.col("coder") != ADJUDICATED)
    shared = blind.filter(pl.len().over("post_id", "label") > 1)
    rows = [
        _row(name, shared.filter(pl.col("label") == name), resamples, seed)
        for name in LABELS
        if name in set(shared["label"])
    ]
    return pl.DataFrame(rows, schema=AGREEMENT_SCHEMA, orient="row")


def _row(name: str, codes: pl.DataFrame, resamples: int, seed: int) -> tuple[object, ...]:
    label = LABELS[name]
    level: Level = "ordinal" if label.ordinal else "nominal"
    counted = [(pl.col("value") == value).sum().alias(f"n_{value}") for value in label.values]
    units = codes.group_by("post_id").agg(*counted, pl.col("thread_id").first()).sort("post_id")
    counts = units.select(f"n_{value}" for value in label.values).to_numpy().astype(np.int64)
    clusters = np.unique(units["thread_id"].to_numpy(), return_inverse=True)[1]
    matrices = coincidences(counts)
    value = float(alpha(matrices.sum(axis=0), level))
    lower, upper = alpha_interval(matrices, clusters, level, resamples, seed)
    numbers = [None if np.isnan(number) else number for number in (value, lower, upper)]
    return (
        name, level, *numbers, units.height, int(clusters.max()) + 1, codes["coder"].n_unique(),
        not lower >= SUFFICIENT,
    )  # fmt: skip
