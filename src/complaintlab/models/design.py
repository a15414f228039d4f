"""The confounders of the analysis plan as a design matrix that every regression of the workbench shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

FloatArray = npt.NDArray[np.float64]

COMMON_TOPIC = 0.05
"""Share of the rows from which on a topic has a column of its own; rarer and unknown topics are one level."""

DEPENDENT = 1e-8
"""A column counts as a linear combination of earlier ones below this share of its own length."""


def confounders(episodes: pl.DataFrame) -> pl.DataFrame:
    """Numeric confounders known at time zero, one row per row of ``episodes`` and in its order.

    Reads the columns hostility, severity, load, burst, earlier_complaints, spread_before, hour_of_week,
    business_hours and topic of ``episodes``. Counts and the burst ratio enter as log(1 + x); the hour of
    week as opening hours (0 where these are unknown, beside an indicator of that), weekend, and sine and
    cosine of the hour of day (company's time zone); topics as indicators against the most frequent level.
    """
    hour_of_day = pl.col("hour_of_week").cast(pl.Float64) % 24 * (2 * np.pi / 24)
    numeric = episodes.select(
        pl.col("hostility").cast(pl.Float64),
        pl.col("severity").cast(pl.Float64),
        pl.col("load").cast(pl.Float64).log1p().alias("log_load"),
        pl.col("burst").cast(pl.Float64).log1p().alias("log_burst"),
        pl.col("earlier_complaints").cast(pl.Float64).log1p().alias("log_earlier_complaints"),
        pl.col("spread_before").cast(pl.Float64).log1p().alias("log_spread_before"),
        pl.col("business_hours").fill_null(False).cast(pl.Float64),
        pl.col("business_hours").is_null().cast(pl.Float64).alias("business_hours_unknown"),
        (pl.col("hour_of_week") >= 5 * 24).cast(pl.Float64).alias("weekend"),
        hour_of_day.sin().alias("hour_sin"),
        hour_of_day.cos().alias("hour_cos"),
    )
    return numeric.hstack(indicators(_topic_levels(episodes["topic"]), "topic"))


def confounder_matrix(frame: pl.DataFrame, *, companies: bool) -> tuple[FloatArray, list[str]]:
    """Standardised design matrix (rows of ``frame`` × columns) of the confounders, and the columns' names.

    With ``companies`` one indicator per company but the largest is appended. Columns that do not vary, or
    that are linear combinations of earlier ones, are left out; each remaining one has mean 0 and standard
    deviation 1 over the rows, so an intercept is the caller's to add.
    """
    columns = confounders(frame)
    if companies:
        columns = columns.hstack(indicators(frame["company"], "company"))
    return independent_columns(columns)


def stratified_matrix(frame: pl.DataFrame, more: Sequence[str] = ()) -> tuple[FloatArray, list[str]]:
    """Standardised confounders that still vary within companies: for models with a stratum per company.

    ``more`` names numeric columns of ``frame`` that come before the confounders and win over them where
    columns are linear combinations of each other.
    """
    firms = indicators(frame["company"], "company")
    extra = frame.select(pl.col(name).cast(pl.Float64) for name in more)
    columns = [firms, extra, confounders(frame)]
    matrix, names = independent_columns(pl.DataFrame([c for part in columns for c in part.get_columns()]))
    own = [j for j, name in enumerate(names) if name not in firms.columns]
    return matrix[:, own], [names[j] for j in own]


def indicators(levels: pl.Series, prefix: str) -> pl.DataFrame:
    """One 0/1 column ``prefix:level`` per level, sorted, but the most frequent (ties: the first by name)."""
    counts = levels.value_counts(name="n").sort(["n", levels.name], descending=[True, False])
    others = sorted(counts[levels.name].to_list()[1:])
    return pl.DataFrame({f"{prefix}:{level}": (levels == level).cast(pl.Float64) for level in others})


def independent_columns(columns: pl.DataFrame) -> tuple[FloatArray, list[str]]:
    """Standardise columns; leave out those that are constant or linear combinations of earlier ones."""
    if columns.is_empty():
        return np.empty((columns.height, 0)), []
    X = columns.to_numpy().astype(np.float64)
    spread = X.std(axis=0)
    varies = spread > DEPENDENT * np.maximum(np.abs(X).max(axis=0), 1)
    X = (X[:, varies] - X[:, varies].mean(axis=0)) / spread[varies]
    kept = _first_basis(X)
    names = [name for name, keep in zip(columns.columns, varies, strict=True) if keep]
    return X[:, kept], [names[j] for j in kept]


def _first_basis(X: FloatArray) -> list[int]:
    """Columns that are no linear combination of the columns before them (modified Gram–Schmidt)."""
    basis = np.empty((len(X), 0))
    kept: list[int] = []
    for j, column in enumerate(X.T):
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > DEPENDENT * float(np.linalg.norm(column)):
            basis = np.column_stack([basis, rest / length])
            kept.append(j)
    return kept


def _topic_levels(topic: pl.Series) -> pl.Series:
    frame = topic.cast(pl.String).alias("topic").to_frame()
    share = pl.len().over("topic") / pl.len()
    common = pl.col("topic").is_not_null() & (share >= COMMON_TOPIC)
    return frame.select(pl.when(common).then("topic").otherwise(pl.lit("other")).alias("topic"))["topic"]
