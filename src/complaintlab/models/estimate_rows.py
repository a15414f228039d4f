"""Rows of the table ``estimates``, with the defaults of a row that could not be estimated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from statistics import NormalDist

import numpy as np
import polars as pl

from complaintlab.models.design import FloatArray
from complaintlab.store import conform
from complaintlab.tables import TABLES

NORMAL = NormalDist()
Z95 = NORMAL.inv_cdf(0.975)
EFFECTIVE_COMPANIES = 15


@dataclass(frozen=True)
class Estimate:
    """One row of ``estimates``; risks and risk differences are proportions."""

    contrast: str
    outcome: str
    model: str
    scale: str
    variant: str = "secondary"
    claim: str = "-"
    subgroup: str = "all"
    time_days: float = 0.0
    estimate: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    n: int = 0
    n_exposed: int = 0
    events: int = 0
    events_exposed: int | None = None
    clusters: int = 0
    parameters: float | None = None
    converged: bool = False
    reason: str | None = None
    resamples: int = 0
    seed: int = 0

    def known(self, estimate: float, se: float) -> Estimate:
        """The row with a normal interval and a two-sided test of zero; a reason where these do not exist."""
        if not (np.isfinite(estimate) and np.isfinite(se) and se > 0):
            return self.unknown("the standard error is zero or not finite")
        half = Z95 * se
        p = 2 * NORMAL.cdf(-abs(estimate / se))
        return replace(
            self, estimate=estimate, se=se, lower=estimate - half, upper=estimate + half, p=p, converged=True
        )

    def unknown(self, reason: str) -> Estimate:
        """The row without an estimate, and why."""
        return replace(self, reason=reason)


_FIELDS = {field.name for field in fields(Estimate)}


def estimates_table(rows: Iterable[Estimate]) -> pl.DataFrame:
    """Rows as the table ``estimates``, sorted by its key."""
    schema = TABLES["estimates_hazard"]
    types = {name: column.dtype for name, column in schema.columns().items() if name in _FIELDS}
    frame = pl.DataFrame([asdict(row) for row in rows], schema=types)
    return conform("estimates_hazard", frame).sort(schema.primary_key())


def clustered_se(influence: FloatArray, clusters: pl.Series) -> float:
    """Standard error of a mean-type estimate from its influence values, summed within clusters."""
    codes = clusters.rank("dense").to_numpy().astype(np.int64)
    return float(np.sqrt(np.sum(np.bincount(codes, influence) ** 2)))


def cluster_columns(rows: pl.DataFrame) -> list[str]:
    """By what errors are clustered: author, and company as well where there are enough companies.

    ``rows`` has episode_id, company; enough is an effective number (Σn)²/Σn² of at least 15 (Carter,
    Schnepel and Steigerwald 2017), n being a company's episodes.
    """
    sizes = rows.group_by("company").agg(pl.col("episode_id").n_unique())["episode_id"].to_numpy()
    sizes = np.sort(sizes.astype(np.float64))
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    return ["author_id", "company"] if effective >= EFFECTIVE_COMPANIES else ["author_id"]
