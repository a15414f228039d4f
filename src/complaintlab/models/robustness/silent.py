"""Tipping points of the claims, from the weighted shares of critics who were not heard again."""

from __future__ import annotations

import polars as pl

from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.robustness.rows import Primary
from complaintlab.models.robustness.study import EVENTS
from complaintlab.models.robustness.tipping import Interval, tipping_point
from complaintlab.models.strategies import TIMING_CONTRASTS


def tipping_rows(asked: dict[str, Primary], weights: pl.DataFrame) -> list[Row]:
    """Rows of ``tipping_points`` of risk differences in what critics themselves show.

    ``weights`` (tables weights_trials and weights_reply_effects) tell each arm's weighted share of critics
    heard again. An interaction or a dose has no such arms.
    """
    heard = {(row["contrast"], row["arm"]): row["heard"] for row in weights.iter_rows(named=True)}
    rows = []
    for claim, primary in asked.items():
        arms = _arms(claim)
        if arms is None or primary["outcome"] not in EVENTS:
            continue
        shares = [heard.get((primary["contrast"], arm)) for arm in arms]
        known = [1 - share for share in shares if share is not None]
        if len(known) < len(arms):
            continue
        silent = known[0], known[1]
        found = tipping_point(Interval(primary["estimate"], primary["lower"], primary["upper"]), silent)
        rows.append(
            {
                "claim": claim, "contrast": primary["contrast"], "silent_first": silent[0],
                "silent_second": silent[1], "arm": found.arm, "share": found.share,
                "worst_lower": found.worst[0], "worst_upper": found.worst[1],
            }
        )  # fmt: skip
    return rows


def _arms(claim: str) -> tuple[str, str] | None:
    if claim in TIMING_CONTRASTS:
        return TIMING_CONTRASTS[claim].first.name, TIMING_CONTRASTS[claim].second.name
    exposure = EXPOSURES.get(claim)
    if exposure is None or exposure.interaction is not None or exposure.dose is not None:
        return None
    return exposure.first.name, exposure.second.name
