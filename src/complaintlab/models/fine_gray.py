"""Fine and Gray's (1999) regression of the cumulative incidence of one cause, others competing.

Whoever had a competing event stays at risk of the cause, with the weight of not having been censored since,
given that they were not by then (Geskus 2011): the weighted Cox model on such rows is Fine and Gray's, and
agrees with R's survival::finegray and coxph.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from complaintlab.errors import InputError, ModelError
from complaintlab.models.cox import cox
from complaintlab.models.cox.design import Ties
from complaintlab.models.cox.fit import CoxFit
from complaintlab.models.cox.rows import (
    FloatArray,
    IntArray,
    as_names,
    code_times,
    complete_column,
    event_column,
    numeric_column,
)

START, STOP, EVENT, WEIGHT, ROW = "fg_start", "fg_stop", "fg_event", "fg_weight", "fg_row"


def fine_gray(
    frame: pl.DataFrame,
    *,
    stop: str,
    event: str,
    covariates: Sequence[str],
    cause: int = 1,
    start: str | None = None,
    id: str | None = None,
    cluster: str | Sequence[str] | None = None,
    ties: Ties = "efron",
) -> CoxFit:
    """Fit the subdistribution hazard of ``cause`` to episodes, all followed from time zero.

    ``event`` is 0 (censored) or a cause 1, 2, …. With ``id`` an episode may be split over rows (start, stop]
    that follow one another, its event in the last one; without it each row is an episode. Covariates must be
    fixed at time zero: one that changes while somebody who had a competing event stays "at risk" has no
    meaning. Censoring must not depend on the covariates, since its chance is one Kaplan–Meier curve;
    an event at the time of a censoring comes before it.

    Returns a :class:`CoxFit` of the expanded rows (``fit.frame``: fg_start, fg_stop, fg_event, fg_weight,
    fg_row, the number of the episode, then the columns of the table), whose coefficients are log
    subdistribution hazard ratios: above 0, the cause becomes more frequent. They say nothing of the rate
    among those still without any event; see :func:`complaintlab.cox`. Errors are robust, clustered by
    ``cluster`` (one column, or two for two-way) or else by episode, and take the censoring weights as known,
    as R's ``finegray`` does. Without a competing event the coefficients are Cox's.

    Raises:
        InputError: missing columns or values, wrong event codes, a covariate that changes within an episode,
            or an entry after time zero; the episode is named.
        ModelError: nobody has the cause, or the model cannot be fitted.

    Example:
        A fix doubles the rate at which critics turn (1) and does not touch that of leaving (2), so that fewer
        of the fixed are left to leave: both shares move.

        >>> import numpy as np, polars as pl
        >>> rng = np.random.default_rng(1)
        >>> fixed = rng.integers(0, 2, 4000)
        >>> turned, left = rng.exponential(1 / (0.1 + 0.1 * fixed)), rng.exponential(10, 4000)
        >>> ended = rng.uniform(2, 12, 4000)
        >>> first = np.minimum(turned, left)
        >>> event = np.where(first > ended, 0, np.where(turned < left, 1, 2))
        >>> episodes = pl.DataFrame({"days": np.minimum(first, ended), "event": event, "fixed": fixed})
        >>> turns = fine_gray(episodes, stop="days", event="event", covariates=["fixed"])
        >>> leaves = fine_gray(episodes, stop="days", event="event", covariates=["fixed"], cause=2)
        >>> bool(turns.coefficients[0] > 0.3), bool(leaves.coefficients[0] < -0.15)
        (True, True)
    """
    if not isinstance(frame, pl.DataFrame) or frame.is_empty():
        raise InputError("fine_gray: the table must be a polars frame with at least one row.")
    if taken := [name for name in (START, STOP, EVENT, WEIGHT, ROW) if name in frame.columns]:
        raise InputError(f"fine_gray: column '{taken[0]}' is made here: rename yours.")
    episodes = _episodes(frame, stop, event, as_names(covariates), start, id)
    stops = numeric_column(episodes, stop, "stop")
    causes = event_column(episodes, event, causes=True)
    if not (causes == cause).any() or cause < 1:
        raise ModelError(
            f"fine_gray: nobody has the event {cause} in column '{event}': choose another cause."
        )
    return cox(
        _expanded(episodes, stops, causes, cause),
        start=START,
        stop=STOP,
        event=EVENT,
        covariates=covariates,
        weights=WEIGHT,
        cluster=ROW if cluster is None else cluster,
        ties=ties,
    )


def _episodes(
    frame: pl.DataFrame, stop: str, event: str, covariates: list[str], start: str | None, id: str | None
) -> pl.DataFrame:
    """One row per episode, its last; checked to start at zero, without gaps and changes."""
    for name in (*covariates, *([id] if id else [])):
        complete_column(frame, name, "id" if name == id else "covariate")
    stops, causes = numeric_column(frame, stop, "stop"), event_column(frame, event, causes=True)
    starts = np.zeros(frame.height) if start is None else numeric_column(frame, start, "start")
    who = pl.Series("who", np.arange(frame.height)) if id is None else frame[id].alias("who")
    values = [frame[name].alias(f"covariate {i}") for i, name in enumerate(covariates)]
    rows = pl.DataFrame([who, *values]).with_columns(
        start=pl.Series(starts), stop=pl.Series(stops), event=pl.Series(causes), row=pl.int_range(pl.len())
    )
    rows = rows.sort("who", "stop", maintain_order=True)
    before = pl.col("stop").shift(1).over("who")
    last = pl.col("row").shift(-1).over("who").is_null()
    _refuse(rows, pl.col("start") >= pl.col("stop"), "has a row whose start is not before its stop")
    late = before.is_null() & (pl.col("start") != 0)
    _refuse(rows, late, "does not start at time zero: Fine and Gray's model has no delayed entry here")
    _refuse(
        rows, before.is_not_null() & (pl.col("start") != before), "has rows that do not follow one another"
    )
    _refuse(rows, ~last & (pl.col("event") > 0), "has rows after its event: leave them out")
    for i, name in enumerate(covariates):
        changed = pl.col(f"covariate {i}") != pl.col(f"covariate {i}").shift(1).over("who")
        _refuse(
            rows, changed.fill_null(False), f"has a covariate '{name}' that changes: take it at time zero"
        )
    return frame[rows.filter(last).sort("row")["row"]]


def _refuse(rows: pl.DataFrame, wrong: pl.Expr, what: str) -> None:
    found = rows.filter(wrong)
    if not found.is_empty():
        raise InputError(f"fine_gray: episode {found['who'][0]!r} {what}.")


def _expanded(episodes: pl.DataFrame, stops: FloatArray, causes: IntArray, cause: int) -> pl.DataFrame:
    """Rows of Fine and Gray's risk sets, with the weight of not having been censored.

    The chance not to be censored is constant between censorings. Spans between these in which nobody has the
    cause are left out; whoever had a competing event is in all later spans that remain.
    """
    times, codes = code_times(stops)
    ends, uncensored = _uncensored(times, codes, causes)
    span = np.searchsorted(ends, codes)
    visited = np.zeros(len(ends), dtype=bool)
    visited[span[causes == cause]] = True
    competing = (causes > 0) & (causes != cause)
    later = np.cumsum(visited[::-1])[::-1]
    following = np.append(later[1:], 0)
    extra = np.where(competing, following[span], 0)
    row = np.repeat(np.arange(len(codes)), 1 + extra)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(1 + extra) - 1 - extra, 1 + extra)
    places = np.flatnonzero(visited)
    skipped = len(places) - following[span[row]]
    at = np.where(nth == 0, span[row], places[np.minimum(skipped + nth - 1, len(places) - 1)])
    until = np.where(competing, ends[span], codes)[row]
    first = nth == 0
    return episodes[row].with_columns(
        pl.Series(START, np.where(first, 0.0, times[ends[np.maximum(at - 1, 0)]])),
        pl.Series(STOP, np.where(first, times[until], times[ends[at]])),
        pl.Series(EVENT, (first & (causes[row] == cause)).astype(np.int64)),
        pl.Series(WEIGHT, uncensored[at] / uncensored[span[row]]),
        pl.Series(ROW, row),
    )


def _uncensored(times: FloatArray, codes: IntArray, causes: IntArray) -> tuple[IntArray, FloatArray]:
    """Ends of the spans between censorings, as codes of times, and the Kaplan–Meier chance in each."""
    size = len(times)
    censored = np.bincount(codes[causes == 0], minlength=size)
    leaving = np.bincount(codes, minlength=size)
    waiting = np.cumsum(leaving[::-1])[::-1] - (leaving - censored)
    at = np.flatnonzero(censored)
    chance = np.cumprod(1 - censored[at] / waiting[at])
    ends = np.append(at, size - 1)
    return ends, np.concatenate([[1.0], chance])
