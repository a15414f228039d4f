"""Rows of associations with a Boolean outcome, by logit with company effects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.design import FloatArray, independent_columns
from complaintlab.models.estimate_rows import Estimate, cluster_columns
from complaintlab.models.marginal_effects import LogitFit, average_change, average_derivative, fit_logit

EVENTS_PER_COLUMN = 5
"""Fewer events (or non-events) than this per column are too few (Vittinghoff and McCulloch 2007)."""


def associations(frame: pl.DataFrame, columns: pl.DataFrame, rows: dict[str, Estimate]) -> Iterator[Estimate]:
    """Fit ``y`` of ``frame`` on ``columns`` and company effects; two rows (ame, log_or) for each of ``rows``.

    ``rows`` maps a column to its row of estimates, still without values. Companies where every row or none
    has the outcome tell nothing and are left out.
    """
    informative = (pl.col("y").sum().over("company") > 0) & ((~pl.col("y")).sum().over("company") > 0)
    telling = frame.select(informative.alias("telling"))["telling"]
    used, columns = frame.filter(telling), columns.filter(telling)
    counted = {name: _counted(used, columns[name], row) for name, row in rows.items()}
    X, names = varying_within(columns, used["company"])
    try:
        fit = _fit(used, X)
    except ModelError as error:
        yield from (r.unknown(str(error)) for row in counted.values() for r in _scales(row))
        return
    for name, row in counted.items():
        if name not in names:
            yield from (r.unknown("it does not vary apart from the others") for r in _scales(row))
            continue
        yield from _effects(fit, names.index(name), columns[name], row)


def varying_within(columns: pl.DataFrame, company: pl.Series) -> tuple[FloatArray, list[str]]:
    """Standardised columns, and names, that company effects and the columns before them do not explain."""
    if columns.is_empty():
        return np.empty((columns.height, 0)), []
    codes = company.rank("dense").to_numpy().astype(np.int64)
    sizes = np.maximum(np.bincount(codes), 1)
    X = columns.to_numpy().astype(np.float64)
    means = np.column_stack([np.bincount(codes, column) / sizes for column in X.T])
    _, names = independent_columns(pl.DataFrame(X - means[codes], schema=columns.columns))
    return independent_columns(columns.select(names))[0], names


def cluster_codes(used: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Codes by which errors are clustered, (n,) or (n, 2): author, and company where there are enough."""
    codes = [used[name].rank("dense").to_numpy().astype(np.int64) for name in cluster_columns(used)]
    return codes[0] if len(codes) == 1 else np.column_stack(codes)


def _fit(used: pl.DataFrame, X: npt.NDArray[np.float64]) -> LogitFit:
    y = used["y"].to_numpy().astype(bool)
    fewer, parameters = min(int(y.sum()), int((~y).sum())), X.shape[1] + max(used["company"].n_unique(), 1)
    if fewer < EVENTS_PER_COLUMN * parameters:
        raise ModelError(f"too few: {fewer} with, or without, the outcome for {parameters} parameters")
    return fit_logit(y, X, cluster_codes(used), used["company"])


def _effects(fit: LogitFit, place: int, values: pl.Series, row: Estimate) -> Iterator[Estimate]:
    """The two rows of the standardised column at ``place``, per unit of its raw ``values``."""
    raw = values.to_numpy()
    column, unit = place + 1, 1 / float(raw.std())
    ame, log_or = _scales(row)
    if set(np.unique(raw)) <= {0.0, 1.0}:
        low, high = (0 - raw.mean()) * unit, (1 - raw.mean()) * unit
        yield ame.known(*average_change(fit, column, low, high))
    else:
        yield ame.known(*average_derivative(fit, column, unit))
    yield log_or.known(float(fit.beta[column]) * unit, float(np.sqrt(fit.covariance[column, column])) * unit)


def _scales(row: Estimate) -> tuple[Estimate, Estimate]:
    return replace(row, scale="ame"), replace(row, scale="log_or")


def _counted(used: pl.DataFrame, values: pl.Series, row: Estimate) -> Estimate:
    exposed = values > 0
    return replace(
        row,
        n=used.height,
        n_exposed=int(exposed.sum()),
        events=int(used["y"].sum()),
        events_exposed=int((used["y"] & exposed).sum()),
        clusters=used["author_id"].n_unique(),
    )
