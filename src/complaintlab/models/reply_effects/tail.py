"""How often a complaint spreads far although the reply was fair, against a fixed share: one sample, exact."""

from __future__ import annotations

from math import ceil, log, log1p
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betainc, betaincc, betaincinv

from complaintlab.models.causal.inference import codes
from complaintlab.models.causal.pooling import cluster_variance
from complaintlab.models.exposures import FAIR, SPREAD_CONTRAST, SPREAD_FAR, USUAL_SHARE
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.reply_effects.rows import Row, row
from complaintlab.models.strategies import DAY

EXACT = "exact binomial"
TAIL = 0.025


class Share(NamedTuple):
    """Exact limits and p-value of a share of few events; ``size`` is that of a simple sample as good."""

    lower: float
    upper: float
    p: float
    size: float


def large_spread(population: Answered, horizon_days: float, seed: int) -> Row:
    """P2: the share of fair replies after which 10 others or more turn against the company, less 0.1%.

    Only threads followed for the whole horizon count. Test and interval are exact in the effective sample
    (:func:`exact_share`), whose size stands in ``ess``; ``se`` is never below that of the usual share, so
    that it has a value without any event.
    """
    episodes = population.episodes
    fair = population.features.select(FAIR.holds()).to_series().to_numpy()
    followed = (episodes["end_s"] - episodes["zero_s"]).to_numpy() >= horizon_days * DAY
    used = fair & followed
    far = (population.after["spread"].to_numpy() >= SPREAD_FAR)[used]
    key: Row = {
        "claim": "P2", "contrast": SPREAD_CONTRAST, "outcome": "spread", "variant": "primary",
        "time_days": float(horizon_days), "scale": "share", "model": EXACT, "seed": seed,
    }  # fmt: skip
    n, events = int(used.sum()), int(far.sum())
    counted = {"n": n, "n_exposed": n, "events": events, "events_exposed": events}
    if n == 0:
        return row(key, **counted, reason="No reply that is not bad was followed to the horizon.")
    author, company = (codes(episodes[name].filter(pl.Series(used))) for name in ("author_id", "company"))
    found = exact_share(far, author, company, USUAL_SHARE)
    usual = USUAL_SHARE * (1 - USUAL_SHARE)
    observed = events / n * (1 - events / n)
    return row(
        key,
        **counted,
        estimate=events / n - USUAL_SHARE,
        se=float(np.sqrt(max(observed, usual) / found.size)),
        lower=found.lower - USUAL_SHARE,
        upper=found.upper - USUAL_SHARE,
        p=found.p,
        clusters=len(np.unique(author)),
        ess=found.size,
        converged=True,
    )


def exact_share(
    far: npt.NDArray[np.bool_],
    author: npt.NDArray[np.int64],
    company: npt.NDArray[np.int64],
    usual: float,
) -> Share:
    """Limits of a share and its two-sided test against ``usual``, exact in the effective sample.

    Clopper & Pearson's (1934) limits for the n that a simple sample would need to be as precise (Korn &
    Graubard 1998): n over the design effect of clustering by author or by company, whichever is larger, and
    never more than n. Where nobody or everybody has the outcome no clustering can be seen: then an
    author's threads count as one.
    """
    n, share = len(far), float(far.mean())
    size = float(min(n, len(np.unique(author))))
    if 0 < share < 1:
        variance = max(cluster_variance(far.astype(float), cluster) for cluster in (author, company))
        size = float(min(n, share * (1 - share) / variance))
    x = share * size
    lower = float(betaincinv(x, size - x + 1, TAIL)) if x > 0 else 0.0
    upper = float(betaincinv(x + 1, size - x, 1 - TAIL)) if x < size else 1.0
    at_least = float(betainc(x, size - x + 1, usual)) if x > 0 else 1.0
    at_most = float(betaincc(x + 1, size - x, usual)) if x < size else 1.0
    return Share(lower, upper, min(1.0, 2 * min(at_least, at_most)), size)


def p_smaller(excess: float, size: float, sesoi: float) -> float:
    """Exact one-sided test that a share, ``excess`` above the usual one, lies below that plus ``sesoi``."""
    x = max(0.0, (excess + USUAL_SHARE) * size)
    return float(betaincc(x + 1, size - x, USUAL_SHARE + sesoi)) if x < size else 1.0


def detectable_excess(size: float, level: float, power: float) -> float:
    """Excess over the usual share that the exact test at ``level`` would detect with probability ``power``.

    The test finds more than the usual share from the least number of events whose chance, if the share is
    the usual one, is at most half of ``level``.
    """
    n = max(1, int(size))
    events = np.arange(1, n + 1)
    by_chance = betainc(events, n - events + 1, USUAL_SHARE)  # of so many events or more
    least = min(n, 1 + int(np.sum(by_chance > level / 2)))
    return float(betaincinv(least, n - least + 1, power)) - USUAL_SHARE


def informative_size(sesoi: float) -> int:
    """The least n at which no event at all would bound the share below the usual one plus ``sesoi``."""
    return ceil(log(TAIL) / log1p(-(USUAL_SHARE + sesoi)))
