"""Rows of ``estimates_deletion``, and the least that an estimate needs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import Effect
from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion.emulation import Imputed
from complaintlab.tables.estimates import Estimates

MODEL = "imputed clone-censor-weight"
MSM = "marginal structural cox"
DELAYED = "delayed-feedback cox"
MINIMUM_ACTS = 20
MINIMUM_EVENTS = 5

Row = dict[str, object]


def row(claim: str, contrast: str, days: float, **rest: object) -> Row:
    """A row of escalation with the defaults of what was not estimated."""
    default: Row = {
        "claim": claim, "contrast": contrast, "outcome": "escalated", "model": MODEL, "subgroup": "all",
        "variant": "secondary", "time_days": days, "scale": "rd", "estimate": None, "se": None, "lower": None,
        "upper": None, "p": None, "df": None, "n": 0, "n_exposed": 0, "events": 0, "events_exposed": None,
        "clusters": 0, "ess": None, "parameters": None, "converged": False, "reason": None, "resamples": 0,
        "seed": 0,
    }  # fmt: skip
    return {**default, **rest}


def numbers(found: Effect | str | None) -> Row:
    """The estimate, its error, interval and test, or the reason for there being none."""
    if found is None:
        return {"reason": "By then nobody is at risk in one of the arms, or in too many resamples."}
    if isinstance(found, str):
        return {"reason": found}
    names = ("estimate", "se", "lower", "upper", "p", "df")
    return {"converged": True, **{name: getattr(found, name) for name in names}}


def arms_counts(first: Imputed, second: Imputed) -> Row:
    """What the arms hold, averaged over the imputations; the smaller effective size; a risk in each arm."""
    events = first.mean("events")
    return {
        "n": round(first.mean("n")),
        "n_exposed": round(first.mean("complete")),
        "events": round(events + second.mean("events")),
        "events_exposed": round(events),
        "ess": min(first.mean("ess"), second.mean("ess")),
        "parameters": 2.0,
        "converged": first.converged and second.converged,
    }


def too_little(cohort: Cohort, act: str, window_s: float, horizon_s: float) -> str | None:
    """Why nothing can be estimated; ``act`` in words, of those to whom it happened within ``window_s``."""
    acted = cohort.upper_s <= window_s
    if not cohort.acted.any():
        return f"No complaint here was {act}."
    if acted.sum() < MINIMUM_ACTS:
        return f"Only {int(acted.sum())} complaints were {act} in time: too few to compare."
    event = cohort.episodes["escalated_s"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    after = int(np.sum(acted & (event > cohort.lower_s) & (event <= horizon_s)))
    if after < MINIMUM_EVENTS:
        return f"Only {after} critics escalated after their complaint was {act}: too few."
    return None


def table(rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as the table, sorted by its key."""
    types = {name: column.dtype for name, column in Estimates.columns().items()}
    return pl.DataFrame(rows, schema=types, orient="row").sort(Estimates.primary_key())
