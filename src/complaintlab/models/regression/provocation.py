"""Does provocation make companies hostile: the next reply by how hostile the critic's last turn was."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.errors import ModelError
from complaintlab.models.design import confounders
from complaintlab.models.estimate_rows import Estimate
from complaintlab.models.exposures import HOSTILE
from complaintlab.models.marginal_effects import fit_linear
from complaintlab.models.regression.logits import cluster_codes, varying_within
from complaintlab.params import Analysis

PROVOCATION = "critic_hostility"
ROWS_PER_COLUMN = 10
AT_REPLY = ("load", "hour_of_week", "business_hours")
"""Confounders taken when the reply comes instead of when the complaint does."""


def provoked(complaints: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis) -> Estimate:
    """Change of the chance that a reply defends, mocks or attacks per point of ``critic_hostility``.

    One row per company reply; linear regression of its measured chance, with company effects: hostile replies
    are too rare for a logit with a company each. Held fixed: company, topic, severity, load and hour at the
    reply, how many replies there were and the chance that the last of them was hostile. The opener's
    hostility is not: it is the same critic's, and part of the provocation. ``events`` are replies of a chance
    of at least ``analysis.act_threshold``; exposed are replies to a turn of hostility 2 (angry) or more.
    """
    replies = next_replies(complaints, spells)
    hostile, angry = replies["y"] >= analysis.act_threshold, replies[PROVOCATION] >= HOSTILE
    row = Estimate(
        contrast=PROVOCATION, outcome="company_hostile", model="linear", scale="ame", variant="descriptive",
        n=replies.height, n_exposed=int(angry.sum()), events=int(hostile.sum()),
        events_exposed=int((hostile & angry).sum()), clusters=replies["author_id"].n_unique(),
    )  # fmt: skip
    before = replies.select(
        pl.col(PROVOCATION),
        "hostile_before",
        pl.col("replies_before").cast(pl.Float64).log1p().alias("log_replies_before"),
    )
    X, names = varying_within(before.hstack(confounders(replies).drop("hostility")), replies["company"])
    if replies.height < ROWS_PER_COLUMN * (X.shape[1] + max(replies["company"].n_unique(), 1)):
        return row.unknown(f"too few: {replies.height} replies")
    if PROVOCATION not in names:
        return row.unknown("it does not vary apart from the others")
    try:
        fit = fit_linear(replies["y"].to_numpy(), X, cluster_codes(replies), replies["company"])
    except ModelError as error:
        return row.unknown(str(error))
    place, unit = names.index(PROVOCATION) + 1, 1 / float(replies[PROVOCATION].to_numpy().std())
    return row.known(float(fit.beta[place]) * unit, float(np.sqrt(fit.covariance[place, place])) * unit)


def next_replies(complaints: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """One row per measured company reply to a complaint, with what was known just before it.

    Columns of ``complaints``, those of :data:`AT_REPLY` as they were, ``y`` (the chance that it is
    hostile), critic_hostility (of the critic's latest turn), replies_before, and hostile_before, the chance
    of the reply before (0 if there was none).
    """

    def earlier(name: str) -> pl.Expr:
        return pl.col(name).shift(1).over("episode_id")

    told = spells.sort("episode_id", "start_s").select(
        "episode_id",
        "start_s",
        *AT_REPLY,
        came=pl.col("n_replies") > earlier("n_replies"),
        replies_before=earlier("n_replies"),
        y="company_hostility_last",
        hostile_before=earlier("company_hostility_last").fill_null(0.0),
        critic_hostility=earlier("hostility_last"),
    )
    replies = told.filter("came").drop_nulls(["y", PROVOCATION]).drop("came")
    openers = complaints.drop(AT_REPLY)
    return openers.join(replies, on="episode_id").sort("episode_id", "start_s")
