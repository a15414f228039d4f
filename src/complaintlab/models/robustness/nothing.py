"""Checks of the claims on timing that must find nothing: before a reply it can have had no effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.design import stratified_matrix
from complaintlab.models.estimate_rows import Estimate
from complaintlab.models.hazard import fit_terms
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.robustness.before import Before, Moments, before_replies, waiting
from complaintlab.models.robustness.rows import (
    COX,
    HOSTILE_BEFORE,
    NEGATIVE_CONTROL,
    PLACEBO,
    Primary,
    before_row,
)
from complaintlab.models.robustness.study import Material, spoke_negatively
from complaintlab.models.strategies import DAY, MINUTE, TIMING_CONTRASTS, grid
from complaintlab.models.trials.outcomes import counted
from complaintlab.params import Robustness, Trials

FloatArray = npt.NDArray[np.float64]

EVENTS = ("escalated", "turned")
IN_HAZARD = ("T1", "T2")
"""Claims whose placebo is a Cox model as well."""


class Eligible(NamedTuple):
    """Complaints of the trials, their spells, and what their critics said later."""

    episodes: pl.DataFrame
    spells: pl.DataFrame
    said: pl.DataFrame


def controls_of_timing(
    material: Material, trials: Trials, asked: dict[str, Primary], robustness: Robustness, seed: int
) -> list[Row]:
    """Negative control and placebo of each claim of ``asked`` on the timing of replies to complaints.

    All claims have the same negative control: whatever made companies answer some critics sooner made it for
    all windows. The placebo looks at the claim's own outcome; later complaints and praise have none.
    """
    claims = [c for c, of in TIMING_CONTRASTS.items() if c in asked and of.population != "praise"]
    if not claims:
        return []
    who = _eligible(material, trials)
    minutes = robustness.reaction_minutes
    control = _control(who, minutes * MINUTE)
    rows = [
        before_row(asked[claim], NEGATIVE_CONTROL, HOSTILE_BEFORE, minutes * MINUTE / DAY, control, seed)
        for claim in claims
    ]
    low, high = (limit * MINUTE for limit in robustness.placebo_minutes)
    span_s = np.random.default_rng(seed).uniform(low, high, who.episodes.height)
    made = _placebos(who, {asked[claim]["outcome"] for claim in claims}, span_s)
    rows += [
        before_row(
            asked[claim], PLACEBO, asked[claim]["outcome"], high / DAY, made[asked[claim]["outcome"]], seed
        )
        for claim in claims
        if asked[claim]["outcome"] in made
    ]
    hazards = [claim for claim in IN_HAZARD if claim in claims and asked[claim]["outcome"] in EVENTS]
    return [*rows, *(one for c in hazards for one in _hazard(who.episodes, asked[c], span_s, high / DAY))]


def _eligible(material: Material, trials: Trials) -> Eligible:
    told = material.told(material.analysis.complaint_threshold)
    share = pl.col("answered_share_before")
    episodes = told.episodes.sort("episode_id").filter(
        pl.col("kind").cast(pl.String) == "complaint",
        share.is_between(trials.positivity_lower, trials.positivity_upper),
    )
    return Eligible(episodes, told.spells, told.said)


def _control(who: Eligible, span_s: float) -> Before | str:
    said = Moments.of(who.episodes, spoke_negatively(who.said))
    risk = waiting(who.episodes, who.spells, span_s)
    return before_replies(risk, said, np.full(who.episodes.height, span_s), first=False)


def _placebos(who: Eligible, outcomes: set[str], span_s: FloatArray) -> dict[str, Before | str]:
    """The placebo of each outcome that critics or bystanders show in a thread."""
    risk = waiting(who.episodes, who.spells, float(span_s.max()))
    made: dict[str, Before | str] = {}
    for outcome in (name for name in EVENTS if name in outcomes):
        at = who.episodes.select("episode_id", at_s=f"{outcome}_s").drop_nulls()
        made[outcome] = before_replies(risk, Moments.of(who.episodes, at), span_s, first=True)
    if "spread" in outcomes:
        growth = counted(who.episodes, who.spells, "spread", grid(7))[0].growth
        assert growth is not None
        made["spread"] = before_replies(risk, Moments(*growth), span_s, first=False)
    return made


def _hazard(episodes: pl.DataFrame, primary: Primary, span_s: FloatArray, days: float) -> Iterator[Row]:
    """The time-dependent Cox model of the moved reply, cut at the real one.

    Whoever is answered sooner than the reply is moved has it from the start.
    """
    outcome = primary["outcome"]
    event, reply = pl.col(f"{outcome}_s"), pl.col("first_reply_s")
    matrix, names = stratified_matrix(episodes)
    columns = [pl.Series(f"x_{name}", matrix[:, j]) for j, name in enumerate(names)]
    followed = episodes.hstack(columns).with_columns(
        moved_s=(reply - pl.Series(span_s).round().cast(pl.Int64)).clip(lower_bound=0),
        until_s=pl.min_horizontal(event, reply, "end_s", pl.lit(7 * DAY)),
    )
    parts = [
        followed.with_columns(
            start_s="entry_s", stop_s=pl.min_horizontal("until_s", "moved_s"), answered=pl.lit(0.0)
        ),
        followed.drop_nulls("moved_s").with_columns(
            start_s=pl.max_horizontal("entry_s", "moved_s"), stop_s="until_s", answered=pl.lit(1.0)
        ),
    ]
    rows = pl.concat(parts).filter(pl.col("start_s") < pl.col("stop_s"))
    rows = rows.with_columns(event=(event == pl.col("stop_s")).fill_null(False))
    key = Estimate(
        claim=primary["claim"], contrast=primary["contrast"], outcome=outcome, model=COX, scale="log_hr",
        variant=PLACEBO, time_days=days,
    )  # fmt: skip
    found = fit_terms(rows, {"answered": key}, [f"x_{name}" for name in names], proportionality=False)
    yield from (asdict(row) | {"df": None, "ess": None} for row in found)
