"""Who has shown what by when: Aalen–Johansen risks and Kaplan–Meier survival with standard errors.

Rows are at risk in (start, stop], weighted, in groups. Agrees with R's survival::survfit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
import polars as pl

from complaintlab.errors import InputError
from complaintlab.models.cox.rows import FloatArray, IntArray, Rows, as_names, label_codes, read_rows
from complaintlab.models.incidence.curves import Curve, greenwood, product_limit
from complaintlab.models.incidence.summary import incidence_at, survival_quantiles
from complaintlab.models.incidence.variance import jackknife_errors

__all__ = ["cumulative_incidence", "incidence_at", "survival", "survival_quantiles"]


def cumulative_incidence(
    frame: pl.DataFrame,
    *,
    stop: str,
    event: str,
    start: str | None = None,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    id: str | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Probability of each cause by each time (Aalen and Johansen 1978), the other causes competing.

    ``event`` is 0 (censored) or a cause 1, 2, …; rows are at risk in (start, stop], from the beginning
    without ``start``. Returns the columns ``by``, then time (every distinct stop time of the group), cause
    (0: nothing yet), risk, se, lower, upper, n_risk (weighted, just before the time) and n_event (weighted,
    at the time; cause 0: of any cause), sorted. The risks of a time add up to 1.

    Errors are infinitesimal-jackknife errors, influences summed within ``id`` (without it each row stands
    alone), so that a subject split over rows counts once; limits are symmetric for log risk, and null where
    the risk is 0. Raises :class:`InputError` for missing columns or values, wrong codes, or a start that is
    not before its stop, and :class:`ModelError` for signed weights that leave no positive risk set.
    """
    rows = read_rows(frame, stop=stop, event=event, start=start, weights=weights, causes=True)
    causes = _causes(rows)
    clusters = _clusters(frame, id)

    def table(group: Rows, clusters: IntArray) -> pl.DataFrame:
        curve = product_limit(group, causes)
        errors = jackknife_errors(curve, clusters[curve.kept])
        risks = np.concatenate([curve.survival[None, 1:], curve.risks[:, 1:]])
        counts = np.concatenate([curve.events.sum(axis=0)[None], curve.events])
        pieces = [
            _curve_table(curve, "risk", risk, se, level).with_columns(cause=cause, n_event=n_event)
            for cause, risk, se, n_event in zip((0, *causes), risks, errors, counts, strict=True)
        ]
        return pl.concat(pieces).with_columns(pl.col("cause").cast(pl.Int64))

    curves = _by_group(frame, rows, by, clusters, table)
    columns = [*as_names(by), "time", "cause", "risk", "se", "lower", "upper", "n_risk", "n_event"]
    return curves.select(columns).sort(*as_names(by), "time", "cause", maintain_order=True)


def survival(
    frame: pl.DataFrame,
    *,
    stop: str,
    event: str,
    start: str | None = None,
    by: str | Sequence[str] | None = None,
    weights: str | None = None,
    id: str | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Kaplan–Meier probability of no event of any kind by each time.

    Returns the columns ``by``, then time (every distinct stop time of the group), survival, se, lower,
    upper, n_risk and n_event, as :func:`cumulative_incidence` has them. Errors are Greenwood's, whole
    weights being frequencies; as in R they are infinitesimal-jackknife errors, summed within ``id``, where
    weights are fractional or negative or an ``id`` has several events. Limits are symmetric for log
    survival; undefined errors and limits (where survival is 0) are null. Raises as
    :func:`cumulative_incidence` does.
    """
    rows = read_rows(frame, stop=stop, event=event, start=start, weights=weights, causes=True)
    causes = _causes(rows)
    clusters = _clusters(frame, id)
    frequencies = (rows.weights >= 0).all() and (rows.weights == np.round(rows.weights)).all()
    repeated = np.bincount(clusters[rows.event > 0], minlength=1).max() > 1
    robust = repeated or not frequencies

    def table(group: Rows, clusters: IntArray) -> pl.DataFrame:
        curve = product_limit(group, causes)
        se = jackknife_errors(curve, clusters[curve.kept])[0] if robust else greenwood(curve)
        curve_table = _curve_table(curve, "survival", curve.survival[1:], se, level)
        return curve_table.with_columns(n_event=curve.events.sum(axis=0))

    curves = _by_group(frame, rows, by, clusters, table)
    columns = [*as_names(by), "time", "survival", "se", "lower", "upper", "n_risk", "n_event"]
    return curves.select(columns)


def _causes(rows: Rows) -> tuple[int, ...]:
    return tuple(range(1, max(int(rows.event.max()), 1) + 1))


def _clusters(frame: pl.DataFrame, id: str | None) -> IntArray:
    return np.arange(frame.height) if id is None else label_codes(frame, [id], "id")[0]


def _by_group(
    frame: pl.DataFrame,
    rows: Rows,
    by: str | Sequence[str] | None,
    clusters: IntArray,
    table: Callable[[Rows, IntArray], pl.DataFrame],
) -> pl.DataFrame:
    """``table`` of each group's rows and cluster codes, the group's labels before it, in order of labels."""
    codes, labels = label_codes(frame, as_names(by), "by")
    order = np.argsort(codes, kind="stable")
    pieces = []
    for code, group in enumerate(np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)):
        piece = table(rows.select(group), clusters[group])
        pieces.append(labels.slice(code, 1).join(piece, how="cross") if labels.width else piece)
    return pl.concat(pieces)


def _curve_table(curve: Curve, name: str, value: FloatArray, se: FloatArray, level: float) -> pl.DataFrame:
    """time, ``name``, se, lower, upper, n_risk of one curve; undefined errors and limits are null."""
    if not 0 < level < 1:
        raise InputError(f"level is {level}: it must lie between 0 and 1.")
    z = NormalDist().inv_cdf((1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_se = np.where(value > 0, se / value, np.nan)
    table = pl.DataFrame(
        {
            "time": curve.times,
            name: value,
            "se": se,
            "lower": value * np.exp(-z * log_se),
            "upper": np.minimum(value * np.exp(z * log_se), 1.0),
            "n_risk": curve.n_risk,
        }
    )
    return table.with_columns(pl.col("se", "lower", "upper").fill_nan(None))
