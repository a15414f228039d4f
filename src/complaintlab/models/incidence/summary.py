"""Reading curves: values at landmarks, and quantiles of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from complaintlab.errors import InputError
from complaintlab.models.cox.rows import TIME_TOLERANCE, FloatArray

VALUES = ("time", "risk", "survival", "se", "lower", "upper", "n_risk", "n_event")


def incidence_at(curves: pl.DataFrame, times: Sequence[float]) -> pl.DataFrame:
    """Curves of :func:`cumulative_incidence` or :func:`survival` at the given times.

    Same columns: the estimate is the last one up to the time (the value at the end after it), ``n_risk`` is
    that of the next stop time (0 after the last), ``n_event`` counts up to and including the time.
    """
    groups = [name for name in curves.columns if name not in VALUES]
    pieces = [_at_times(piece, times) for piece in _pieces(curves, groups)]
    keys = [name for name in curves.columns if name in (*groups, "time")]
    return pl.concat(pieces).select(curves.columns).sort(keys, maintain_order=True)


def survival_quantiles(curves: pl.DataFrame, probabilities: Sequence[float] = (0.5,)) -> pl.DataFrame:
    """Times by which the given shares have had the event, from curves of :func:`survival`.

    Returns the group columns, probability, time, lower, upper; null where a curve or limit does not fall
    far enough. Limits are those of the curve (Brookmeyer and Crowley 1982); where a curve is flat at the
    quantile, the middle of the flat piece is taken.
    """
    if "survival" not in curves.columns:
        raise InputError("quantiles need the curves of survival(): these have no column 'survival'.")
    groups = [name for name in curves.columns if name not in VALUES]
    pieces = [_quantiles(piece, groups, probabilities) for piece in _pieces(curves, groups)]
    return pl.concat(pieces)


def _pieces(curves: pl.DataFrame, groups: Sequence[str]) -> list[pl.DataFrame]:
    return curves.partition_by(groups, maintain_order=True) if groups else [curves]


def _at_times(curve: pl.DataFrame, times: Sequence[float]) -> pl.DataFrame:
    """One curve (sorted by time) at ``times``, which count as a stop time that they miss only by rounding."""
    stops = curve["time"].to_numpy()
    asked = np.asarray(times, dtype=float)
    slack = TIME_TOLERANCE * np.maximum(np.abs(asked), 1.0)
    last = np.searchsorted(stops, asked + slack, side="right")
    following = np.searchsorted(stops, asked - slack, side="left")
    name = "survival" if "survival" in curve.columns else "risk"
    at_origin = 1.0 if name == "survival" or curve["cause"][0] == 0 else 0.0
    origin = {name: at_origin, "se": 0.0, "lower": at_origin, "upper": at_origin}
    found = [pl.Series("time", asked)]
    for column, value in origin.items():
        found.append(pl.concat([pl.Series(column, [value]), curve[column]]).gather(last))
    found.append(pl.Series("n_risk", np.append(curve["n_risk"].to_numpy(), 0.0)[following]))
    events = np.concatenate([[0.0], np.cumsum(curve["n_event"].to_numpy())])
    found.append(pl.Series("n_event", events[last]))
    labels = curve.select(name for name in curve.columns if name not in VALUES).head(1)
    return labels.join(pl.DataFrame(found), how="cross") if labels.width else pl.DataFrame(found)


def _quantiles(curve: pl.DataFrame, groups: Sequence[str], probabilities: Sequence[float]) -> pl.DataFrame:
    times = curve["time"].to_numpy()
    table = pl.DataFrame(
        {
            "probability": list(probabilities),
            **{
                name: [_crossing(times, curve[column].to_numpy(), 1 - p) for p in probabilities]
                for name, column in (("time", "survival"), ("lower", "lower"), ("upper", "upper"))
            },
        },
        schema_overrides=dict.fromkeys(("time", "lower", "upper"), pl.Float64),
    )
    return curve.select(groups).head(1).join(table, how="cross") if groups else table


def _crossing(times: FloatArray, values: FloatArray, level: float) -> float | None:
    """First time at which ``values`` are at or under ``level``; the middle of a flat piece exactly at it."""
    under = np.flatnonzero(values < level + TIME_TOLERANCE)
    if not len(under):
        return None
    first = under[0]
    if abs(values[first] - level) <= TIME_TOLERANCE:
        strictly = np.flatnonzero(values < level - TIME_TOLERANCE)
        if len(strictly):
            return float((times[first] + times[strictly[0]]) / 2)
    return float(times[first])
