"""What if every first reply, whenever it came, had been proper? Augmented weighting on the reply clock."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.aipw import propensity_of, reply_effect
from complaintlab.models.causal.inference import codes, resampling_unit
from complaintlab.models.causal.pooling import cluster_variance
from complaintlab.models.design import FloatArray
from complaintlab.models.first_reply import at_first_reply
from complaintlab.models.normal_or_t import quantile
from complaintlab.models.reply_effects.followup import AtRisk, follow, seen_by
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.strategies import DAY, MINUTE
from complaintlab.models.what_if.scenarios import CURVE

FOLDS = 5
FLOOR = 0.01
"""Least chance of a proper reply, and of another, at which a reply is still compared."""
MINIMUM_EVENTS = 5


def every_reply_proper(
    complaints: pl.DataFrame, spells: pl.DataFrame, outcome: str, days: int, seed: int
) -> tuple[pl.DataFrame | str, int]:
    """Risk after the reply had it been proper, beside the risk as it was, day by day; and how many replies.

    Among complaints that had not shown ``outcome`` before their first reply. Given opener, company, calendar,
    delay and the thread up to the reply, its quality is taken to be independent of what the critic would do
    (Robins, Rotnitzky & Zhao 1994; cross-fitted by author). The change is to the risk in the same replies as
    they were, so nothing more is asked of a company than to write otherwise. Intervals are clustered by
    author, or by company where these are worth at least 15 of equal size.
    """
    answered = _answered(at_first_reply(complaints, spells, days))
    proper = answered.features["proper"].to_numpy()
    case = follow(answered, proper, ~proper, (), outcome, float(days))
    n = len(case.exposed)
    for arm, name in ((case.exposed, "proper"), (~case.exposed, "not proper")):
        y, _ = seen_by(case, float(days))
        if int(y[arm].sum()) < MINIMUM_EVENTS:
            return f"Only {int(y[arm].sum())} critics {outcome} after a reply that was {name}: too few.", n
    return _by_day(case, days, seed), n


def _answered(at_reply: pl.DataFrame) -> Answered:
    history = at_reply.select(
        (pl.col("zero_s") / MINUTE).log1p().alias("log_delay"),
        "hostility_now",
        pl.col("against_so_far").cast(pl.Float64).log1p().alias("log_against"),
        pl.col("replies_so_far").cast(pl.Float64).log1p().alias("log_replies"),
    )
    quality = pl.col("first_reply_quality").cast(pl.String)
    features = at_reply.select(proper=(quality == "proper").fill_null(False))
    return Answered(at_reply, history, features, features, features)


def _by_day(case: AtRisk, days: int, seed: int) -> pl.DataFrame:
    author, company = (codes(case.answered.episodes[name]) for name in ("author_id", "company"))
    propensity = propensity_of(case.exposed, case.X, author, FOLDS, seed)
    cluster, df = resampling_unit(author, company)
    far = quantile(0.975, df)
    rows = [dict.fromkeys(CURVE, 0.0)]
    for day in range(1, days + 1):
        y, seen = seen_by(case, float(day))
        found = reply_effect(case.exposed, y, seen, case.X, author, company, propensity, floor=FLOOR)
        kept = found.kept
        weight = seen[kept] * kept.sum() / max(float(seen[kept].sum()), 1e-12)
        mean = float(np.average(y[kept], weights=seen[kept]))
        usual = mean + weight * (y[kept] - mean)
        rows.append(_row(day * DAY, found.pair[0], usual, codes(pl.Series(cluster[kept])), far))
    return pl.DataFrame(rows)


def _row(
    time_s: float, proper: FloatArray, usual: FloatArray, cluster: npt.NDArray[np.int64], far: float
) -> dict[str, float]:
    """One day's numbers from each reply's contribution to the risk if proper, and to that as it was."""
    risk, difference = float(proper.mean()), float((proper - usual).mean())
    half = far * float(np.sqrt(cluster_variance(proper, cluster)))
    half_difference = far * float(np.sqrt(cluster_variance(proper - usual, cluster)))
    return {
        "time_s": float(time_s),
        "risk": risk,
        "lower": max(risk - half, 0.0),
        "upper": min(risk + half, 1.0),
        "usual": float(usual.mean()),
        "difference": difference,
        "difference_lower": difference - half_difference,
        "difference_upper": difference + half_difference,
    }
