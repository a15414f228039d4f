"""``complaintlab.reply_effect``: the effect of anything a reply does, on a frame of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.errors import UserError
from complaintlab.models.causal.aipw import propensity_of
from complaintlab.models.causal.aipw import reply_effect as augmented
from complaintlab.models.causal.glm import cross_fit
from complaintlab.models.causal.inference import codes, smd
from complaintlab.models.design import independent_columns, indicators

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ReplyContrast:
    """What replies with the exposure do against those without, on ``scale`` ``rd`` or ``log_rr``.

    ``n`` rows were used, ``n_exposed`` of them exposed; ``left_out`` have hardly a chance of one of the arms.
    ``first`` and ``second`` are the mean outcomes if all were exposed and if none were. ``balance`` has a row
    per confounder: covariate, smd_before, smd_after (standardised mean differences).
    """

    estimate: float
    lower: float
    upper: float
    se: float
    p: float
    scale: str
    first: float
    second: float
    n: int
    n_exposed: int
    left_out: int
    clusters: int
    balance: pl.DataFrame

    def __str__(self) -> str:
        interval = f"{self.estimate:.3f} (95% interval {self.lower:.3f} to {self.upper:.3f})"
        return f"{self.scale} {interval}, n = {self.n}, exposed {self.n_exposed}"


def reply_effect(
    frame: pl.DataFrame,
    *,
    exposure: str,
    outcome: str,
    confounders: Sequence[str],
    author: str = "author_id",
    company: str | None = "company",
    folds: int = 5,
    seed: int = 1,
    floor: float = 0.01,
) -> ReplyContrast:
    """Contrast replies with and without an exposure by augmented inverse-probability weighting.

    The estimand is the average over the rows of ``frame``: the outcome if every reply had the exposure
    against the outcome if none had, all confounders as they are. Both models (of the exposure, of the
    outcome) are cross-fitted by author; the estimate is consistent if one of them is right, and if there is
    no confounder but those named. Errors are clustered as in the stage ``reply_effects``.

    Args:
        frame: one row per reply.
        exposure: Boolean column, without nulls.
        outcome: Boolean column (an event: the result is a risk difference) or counts (the logarithm of a
            ratio of means). Null where it was not seen: such rows are made up for by others alike.
        confounders: what was known before the reply: numeric, Boolean or text columns, without nulls.
        author: column of the critics, who may have several rows.
        company: column of the companies; None where there is one or it does not matter.
        folds: of cross-fitting, each of whole authors.
        seed: of the folds.
        floor: rows with a smaller chance of either arm (or a tenth of its share, if that is less) are left
            out, and counted.

    Raises:
        UserError: a column is missing, has nulls or another type, or an arm or outcome is empty.

    Source: Robins, Rotnitzky & Zhao (1994); Chernozhukov et al. (2018).

    >>> import numpy as np, polars as pl
    >>> rng = np.random.default_rng(1)
    >>> hostility = rng.integers(0, 4, 3000)
    >>> apology = rng.random(3000) < 0.7 - 0.15 * hostility
    >>> turned = rng.random(3000) < 0.30 - 0.06 * hostility + 0.10 * apology
    >>> replies = pl.DataFrame({"author_id": np.arange(3000), "hostility": hostility,
    ...                         "apology": apology, "turned": turned})
    >>> naive = turned[apology].mean() - turned[~apology].mean()
    >>> found = reply_effect(replies, exposure="apology", outcome="turned",
    ...                      confounders=["hostility"], company=None)
    >>> print(f"naive {naive:.3f}; {found}")
    naive 0.149; rd 0.102 (95% interval 0.071 to 0.134), n = 3000, exposed 1461
    >>> print(f"{found.balance['smd_before'][0]:.2f} {abs(found.balance['smd_after'][0]):.2f}")
    -0.69 0.00
    """
    exposed, y, seen = _arms(frame, exposure, outcome)
    X, names = _design(frame, confounders)
    person = codes(_column(frame, author))
    firm = np.zeros(frame.height, dtype=np.int64) if company is None else codes(_column(frame, company))
    with threadpool_limits(1):
        propensity = propensity_of(exposed, X, person, folds, seed)
        weight = np.ones(frame.height)
        if not seen.all():
            both = np.column_stack([X, exposed - exposed.mean()])
            (chance,), _ = cross_fit(both, seen.astype(float), weight, propensity.fold)
            weight = np.where(seen, 1 / chance, 0.0)
        counted = frame.schema[outcome] != pl.Boolean
        found = augmented(exposed, y, weight, X, person, firm, propensity, floor=floor, count=counted)
    arms = (np.where(arm, found.weights, 0.0) for arm in (exposed, ~exposed))
    kept, effect = found.kept, found.effect
    return ReplyContrast(
        estimate=effect.estimate,
        lower=effect.lower,
        upper=effect.upper,
        se=effect.se,
        p=effect.p,
        scale="log_rr" if counted else "rd",
        first=found.risk_exposed,
        second=found.risk_unexposed,
        n=int(kept.sum()),
        n_exposed=int((kept & exposed).sum()),
        left_out=int((~kept).sum()),
        clusters=found.clusters,
        balance=pl.DataFrame(
            {
                "covariate": names,
                "smd_before": smd(X, exposed.astype(float), (~exposed).astype(float)),
                "smd_after": smd(X, *arms),
            }
        ),
    )


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        raise UserError(f"reply_effect: the frame has no column '{name}': name one of {frame.columns}.")
    if nulls := frame[name].null_count():
        raise UserError(f"reply_effect: column '{name}' has {nulls} nulls: fill or drop these rows.")
    return frame[name]


def _arms(
    frame: pl.DataFrame, exposure: str, outcome: str
) -> tuple[npt.NDArray[np.bool_], FloatArray, npt.NDArray[np.bool_]]:
    """Who is exposed, the outcome (0 where not seen), and where it was seen."""
    arm = _column(frame, exposure)
    if arm.dtype != pl.Boolean:
        raise UserError(f"reply_effect: exposure '{exposure}' is {arm.dtype}: make it Boolean.")
    if outcome not in frame.columns or not (
        frame.schema[outcome] == pl.Boolean or frame.schema[outcome].is_integer()
    ):
        raise UserError(f"reply_effect: outcome '{outcome}' must be a column of Booleans or counts.")
    exposed = arm.to_numpy().astype(bool)
    seen = frame[outcome].is_not_null().to_numpy()
    y = frame[outcome].cast(pl.Float64).fill_null(0.0).to_numpy()
    for name, rows in (("with", exposed), ("without", ~exposed)):
        if not y[rows & seen].any():
            raise UserError(
                f"reply_effect: no row {name} '{exposure}' has the outcome '{outcome}': choose others."
            )
    return exposed, y, seen


def _design(frame: pl.DataFrame, confounders: Sequence[str]) -> tuple[FloatArray, list[str]]:
    parts = []
    for name in confounders:
        values = _column(frame, name)
        text = not (values.dtype.is_numeric() or values.dtype == pl.Boolean)
        numeric = values.cast(pl.Float64).to_frame() if not text else None
        parts.append(indicators(values.cast(pl.String), name) if numeric is None else numeric)
    if not parts:
        return np.empty((frame.height, 0)), []
    return independent_columns(pl.concat(parts, how="horizontal"))
