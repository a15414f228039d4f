"""Rows of the table ``estimates`` of this stage, and the least that an estimate needs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from complaintlab.models.causal.aipw import ReplyEffect
from complaintlab.models.causal.inference import Effect, effective_size
from complaintlab.models.exposures import Exposure
from complaintlab.models.reply_effects.followup import COUNTS, AtRisk

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Row = dict[str, object]

MODEL = "augmented-ipw"
DOSE_MODEL = "partly-linear"
MINIMUM_EVENTS = 5
MINIMUM_ARM = 20

SHOWN = {
    "turned": "critics turned",
    "escalated": "critics escalated",
    "advocate": "critics became advocates",
    "later_praise": "critics praised later",
    "spread": "others joined in",
}


def key_of(exposure: Exposure, outcome: str, time_days: float, seed: int, *, primary: bool) -> Row:
    """What tells a row from the others."""
    decides = exposure.contrast if primary else exposure.within_groups
    return {
        "claim": exposure.claim,
        "contrast": decides,
        "outcome": outcome,
        "variant": "primary" if primary else "secondary",
        "time_days": time_days,
        "scale": "log_rr" if outcome in COUNTS else "rd",
        "model": MODEL if exposure.dose is None else DOSE_MODEL,
        "seed": seed,
    }


def row(key: Row, **rest: object) -> Row:
    """A row with the defaults of what was not estimated."""
    default: Row = {
        "subgroup": "all", "estimate": None, "se": None, "lower": None, "upper": None, "p": None, "df": None,
        "n": 0, "n_exposed": 0, "events": 0, "events_exposed": None, "clusters": 0, "ess": None,
        "parameters": None, "converged": False, "reason": None, "resamples": 0,
    }  # fmt: skip
    return {**default, **key, **rest}


def numbers(found: Effect) -> Row:
    """The estimate, its error, interval and test."""
    return {name: getattr(found, name) for name in ("estimate", "se", "lower", "upper", "p", "df")}


def counts(case: AtRisk, y: FloatArray, found: ReplyEffect, rows: BoolArray) -> Row:
    """Replies and events in both arms and in the first, among the kept ``rows``, and the smaller ESS."""
    used = found.kept & rows
    seen = used & (found.weights > 0)
    return {
        "n": int(used.sum()),
        "n_exposed": int((used & case.exposed).sum()),
        "events": int(y[seen].sum()),
        "events_exposed": int(y[seen & case.exposed].sum()),
        "ess": min(effective_size(found.weights[used & arm]) for arm in (case.exposed, ~case.exposed)),
        "parameters": found.parameters,
        "converged": found.converged,
    }


def too_little(case: AtRisk, y: FloatArray, exposure: Exposure, rows: BoolArray) -> str | None:
    """Why nothing can be estimated among ``rows``; null where there is enough."""
    what = "complaints" if exposure.clock == "landmark" else "replies"
    if not rows.any():
        return (
            f"No {what} here are known to be in an arm ('{exposure.first.name}', '{exposure.second.name}')."
        )
    for arm, name in ((case.exposed, exposure.first.name), (~case.exposed, exposure.second.name)):
        n, events = int((arm & rows).sum()), int(y[arm & rows].sum())
        if n < MINIMUM_ARM:
            return f"Only {n} {what} in the arm '{name}': too few to compare."
        if events < MINIMUM_EVENTS:
            return f"Only {events} {SHOWN[case.outcome]} in the arm '{name}': too few."
    return None
