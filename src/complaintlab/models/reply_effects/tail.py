"""How often a complaint spreads far although the reply was fair, against a fixed share: one sample, exact."""

from __future__ import annotations

import numpy as np
from scipy import stats

from complaintlab.models.causal.inference import codes
from complaintlab.models.causal.pooling import cluster_variance
from complaintlab.models.exposures import FAIR, SPREAD_CONTRAST, SPREAD_FAR, USUAL_SHARE
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.reply_effects.rows import Row, row
from complaintlab.models.strategies import DAY


def large_spread(population: Answered, horizon_days: float, seed: int) -> Row:
    """P2: the share of fair replies after which 10 others or more turn against the company, less 0.1%.

    Test and interval are exact for independent threads (Clopper & Pearson 1934); ``se`` is robust to
    authors, and never below that of the usual share, so that it has a value without any event. Only threads
    followed for the whole horizon count.
    """
    episodes = population.episodes
    fair = population.features.select(FAIR.holds()).to_series().to_numpy()
    followed = (episodes["end_s"] - episodes["zero_s"]).to_numpy() >= horizon_days * DAY
    used = fair & followed
    far = (population.after["spread"].to_numpy() >= SPREAD_FAR)[used]
    key: Row = {
        "claim": "P2", "contrast": SPREAD_CONTRAST, "outcome": "spread", "variant": "primary",
        "time_days": float(horizon_days), "scale": "share", "model": "exact binomial", "seed": seed,
    }  # fmt: skip
    n, events = int(used.sum()), int(far.sum())
    counted = {"n": n, "n_exposed": n, "events": events, "events_exposed": events}
    if n == 0:
        return row(key, **counted, reason="No reply that is not bad was followed to the horizon.")
    author = codes(episodes["author_id"].filter(used))
    found = stats.binomtest(events, n, USUAL_SHARE)
    limits = found.proportion_ci(0.95, method="exact")
    least = USUAL_SHARE * (1 - USUAL_SHARE) / n
    return row(
        key,
        **counted,
        estimate=events / n - USUAL_SHARE,
        se=float(np.sqrt(max(cluster_variance(far.astype(float), author), least))),
        lower=float(limits.low) - USUAL_SHARE,
        upper=float(limits.high) - USUAL_SHARE,
        p=float(found.pvalue),
        clusters=len(np.unique(author)),
        ess=float(n),
        converged=True,
    )
