"""How much a company's agents differ in how often the critics they answer turn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.design import confounders, independent_columns, indicators
from complaintlab.models.estimate_rows import Z95, Estimate
from complaintlab.models.first_reply import at_first_reply
from complaintlab.models.random_intercept import Design, intraclass_interval
from complaintlab.models.strategies import DAY, MINUTE
from complaintlab.params import Analysis, Inference
from complaintlab.store import conform
from complaintlab.tables import TABLES

MINIMUM_AGENTS = 5
"""Agents beyond one a company, of whom a variance between agents can be estimated at all."""
MINIMUM_EVENTS = 10


def between_agents(
    complaints: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis, inference: Inference
) -> tuple[Estimate, pl.DataFrame]:
    """The intraclass correlation of agents within companies, and the table ``agents``.

    A linear probability model of turning within the horizon after the first reply, among complaints whose
    first reply is signed: random intercepts of agents, fixed effects of companies, and what was known of the
    complaint when the reply came. What the agent then wrote is not held fixed: it is how agents differ. The
    correlation is that of two critics of one agent on the scale of the probability (Goldstein, Browne and
    Rasbash 2002). Agents' deviations from their company are predicted, drawn towards zero the more the fewer
    replies there are; they say whom to look at, not who is better (critics are not dealt out at random).
    """
    row = Estimate(
        claim="P1", contrast="between_agents", outcome="turned", model="mixed-linear", scale="share",
        variant="descriptive", time_days=analysis.horizon_days,
    )  # fmt: skip
    signed = signed_replies(complaints, spells, analysis.horizon_days)
    codes = signed["agent_id"].rank("dense").to_numpy().astype(np.int64) - 1
    agents, turned = signed["agent_id"].n_unique(), int(signed["y"].sum())
    row = replace(row, n=signed.height, n_exposed=signed.height, events=turned, clusters=agents)
    nobody = TABLES["agents"].create_empty()
    if agents - signed["company"].n_unique() < MINIMUM_AGENTS:
        return row.unknown(f"too few: {agents} agents signed first replies"), nobody
    if min(turned, signed.height - turned) < MINIMUM_EVENTS:
        return row.unknown(f"too few: {turned} of {signed.height} critics turned"), nobody
    known = confounders(signed).with_columns(
        log_delay=(signed["zero_s"] / MINUTE).log1p(),
        hostility_now=signed["hostility_now"],
        log_against=signed["against_so_far"].cast(pl.Float64).log1p(),
    )
    X, _ = independent_columns(indicators(signed["company"], "company").hstack(known))
    try:
        design = Design(np.column_stack([np.ones(len(X)), X]), codes)
        fit = design.fit(signed["y"].to_numpy().astype(np.float64))
    except (ModelError, np.linalg.LinAlgError) as error:
        return row.unknown(str(error)), nobody
    if not fit.converged:
        return row.unknown("the mixed model did not converge"), nobody
    found = intraclass_interval(design, fit, inference.resamples, inference.seed)
    row = replace(
        row, estimate=found.estimate, se=found.se, lower=found.lower, upper=found.upper, p=found.p,
        converged=True, resamples=inference.resamples, seed=inference.seed,
    )  # fmt: skip
    own = signed.group_by("agent_id").agg(
        pl.col("company").first(),
        n=pl.len(),
        critics=pl.col("author_id").n_unique(),
        turned=pl.col("y").sum(),
    )
    predicted = pl.DataFrame({"effect": fit.intercepts, "error": fit.errors})
    told = (
        own.sort("agent_id")
        .hstack(predicted)
        .with_columns(
            lower=pl.col("effect") - Z95 * pl.col("error"), upper=pl.col("effect") + Z95 * pl.col("error")
        )
    )
    return row, conform("agents", told.drop("error"))


def signed_replies(complaints: pl.DataFrame, spells: pl.DataFrame, horizon_days: float) -> pl.DataFrame:
    """Complaints whose first reply is signed, followed for the horizon after it or turned before its end.

    Columns of :func:`at_first_reply` and ``y`` (turned). Critics who had turned before the reply are left
    out; a competing end is no turning.
    """
    zero, event = pl.col("zero_s"), pl.col("turned_s")
    until = zero + round(horizon_days * DAY)
    shown = ((event > zero) & (event <= until)).fill_null(False)
    ended = pl.col("end").cast(pl.String).is_in(["author_deleted", "account_gone", "locked"])
    at_reply = at_first_reply(complaints, spells, horizon_days)
    return (
        at_reply.filter(
            pl.col("agent_id").is_not_null(),
            (event > zero).fill_null(True),
            shown | (pl.col("end_s") >= until) | ended,
        )
        .with_columns(y=shown)
        .sort("agent_id", "episode_id")
    )
