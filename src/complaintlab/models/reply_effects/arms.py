"""Arms by themselves: the risk if every reply were of one arm, and the companies that have both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from complaintlab.models.causal.aipw import propensity_of, reply_effect
from complaintlab.models.causal.inference import codes
from complaintlab.models.causal.pooling import clustered_effect
from complaintlab.models.exposures import Exposure
from complaintlab.models.reply_effects.followup import follow, seen_by
from complaintlab.models.reply_effects.population import Answered
from complaintlab.models.reply_effects.rows import MINIMUM_ARM, Row, key_of, numbers, row
from complaintlab.params import Inference


def arm_rows(
    population: Answered, exposure: Exposure, horizon: float, inference: Inference, floor: float
) -> Iterator[Row]:
    """Rows of variant ``arm`` and scale ``risk``, one per arm of ``exposure.shown``, over all replies."""
    acts = tuple(sorted({act for arm in exposure.shown for act in (*arm.all_of, *arm.none_of)}))
    key = key_of(exposure, exposure.outcome, horizon, inference.seed, primary=False)
    for arm in exposure.shown:
        chosen = population.features.select(arm.holds()).to_series().to_numpy()
        here = {**key, "variant": "arm", "scale": "risk", "subgroup": arm.name}
        case = follow(population, chosen, ~chosen, acts, exposure.outcome, horizon)
        n, n_arm = len(case.exposed), int(case.exposed.sum())
        if min(n_arm, n - n_arm) < MINIMUM_ARM:
            yield row(
                here, n=n, n_exposed=n_arm, reason=f"Only {n_arm} replies in the arm '{arm.name}': too few."
            )
            continue
        y, seen = seen_by(case, horizon)
        author, company = (codes(case.answered.episodes[name]) for name in ("author_id", "company"))
        propensity = propensity_of(case.exposed, case.X, author, inference.folds, inference.seed)
        found = reply_effect(case.exposed, y, seen, case.X, author, company, propensity, floor=floor)
        kept = found.kept
        effect, clusters, _ = clustered_effect(found.pair[0], author[kept], company[kept], case.exposed[kept])
        inside = case.exposed & kept
        events = int(y[inside & (seen > 0)].sum())
        yield row(
            here,
            **{**numbers(effect), "p": None},
            n=int(kept.sum()),
            n_exposed=int(inside.sum()),
            events=events,
            events_exposed=events,
            clusters=clusters,
            converged=found.converged,
        )


def companies_row(population: Answered, exposure: Exposure, horizon: float, seed: int) -> Row:
    """How many of the companies with replies in either arm (``n``) have both (``n_exposed``)."""
    company = codes(population.episodes["company"])
    first, second = population.in_arm(exposure)
    both = len(np.intersect1d(company[first], company[second]))
    either = len(np.unique(company[first | second]))
    key = key_of(exposure, exposure.outcome, horizon, seed, primary=False)
    share = both / either if either else None
    why = None if either else "no reply is in either arm"
    return row({**key, "variant": "companies", "scale": "share"}, estimate=share, n=either, n_exposed=both,
               converged=bool(either), reason=why)  # fmt: skip
