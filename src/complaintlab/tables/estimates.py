"""Tables of the model stages and of the stage ``verdicts``."""

from __future__ import annotations

import dataframely as dy

from complaintlab.tables.columns import count, flag, id_, number, one_of, probability, string, texts

SCALES = ("log_hr", "log_rr", "log_or", "rd", "ame", "share", "risk")
VERDICTS = (
    "supported", "contradicted", "no meaningful effect", "inconclusive", "not testable here",
    "not estimated yet",
)  # fmt: skip
CERTAINTIES = ("high", "moderate", "tentative")


class Estimates(dy.Schema):
    """One row per estimated contrast. Risks are proportions, not percentage points."""

    claim = string("claim that it answers; '-' for none", key=True)
    contrast = string("first arm against second, or a term", key=True)
    outcome = string("the outcome", key=True)
    model = string("how it was estimated", key=True)
    subgroup = string("'all', or the moderator's level", key=True)
    variant = string("primary, secondary, naive, truncated, corrected, placebo, ...", key=True)
    time_days = dy.Float64(primary_key=True, description="horizon in days; 0 where there is none")
    scale = dy.Enum(list(SCALES), primary_key=True, description="scale of the estimate")
    estimate = number("the estimate; null where it could not be made")
    se = number("its standard error")
    lower = number("95% interval")
    upper = number("95% interval")
    p = probability("two-sided test of zero")
    df = number("degrees of freedom of the test; null for a normal test")
    n = count("episodes (or rows) used")
    n_exposed = count("of these in the first arm")
    events = count("events in both arms")
    events_exposed = count("events in the first arm", nullable=True)
    clusters = count("independent clusters")
    ess = number("effective sample size of the smaller arm")
    parameters = number("effective parameters of the outcome's model (weighted risks: one an arm)")
    converged = flag("every fit behind it converged")
    reason = string("why there is no estimate", nullable=True)
    resamples = count("bootstrap resamples behind the interval; 0 for a closed form")
    seed = dy.UInt64(description="seed of the resamples")


class Agents(dy.Schema):
    """One row per agent who signed first replies: how often critics turned, beside their company."""

    agent_id = id_("keyed signature", key=True)
    company = string("for whom they answer")
    n = count("first replies that were followed")
    critics = count("distinct critics who got them")
    turned = count("of the replies, after which the critic turned")
    effect = number("predicted deviation of the chance to turn from the company's", nullable=False)
    lower = number("its 95% interval", nullable=False)
    upper = number("its 95% interval", nullable=False)


class Curves(dy.Schema):
    """One row per curve and time: what figures draw."""

    figure = string("which figure", key=True)
    curve = string("which curve", key=True)
    outcome = string("the outcome", key=True)
    time_s = dy.Float64(primary_key=True, description="seconds since time zero")
    value = number("risk or share", nullable=False)
    lower = number("95% interval")
    upper = number("95% interval")
    n_risk = number("at risk, weighted")


class WhatIf(dy.Schema):
    """One row per scenario, outcome and time: the risk had everything gone as the scenario has it."""

    place = dy.UInt32(primary_key=True, description="order of the scenarios")
    scenario = string("what every complaint gets", key=True)
    outcome = string("the outcome", key=True)
    time_s = dy.Float64(primary_key=True, description="seconds on the clock; 0 where there is no curve")
    clock = one_of(("complaint", "reply"), "where time starts")
    risk = probability("risk under the scenario; null where there is no curve")
    lower = probability("95% interval")
    upper = probability("95% interval")
    usual = probability("risk as it was, in the same complaints")
    difference = number("risk under the scenario less that as it was")
    difference_lower = number("95% interval")
    difference_upper = number("95% interval")
    n = count("complaints, or replies, that the curve stands for")
    share_beyond = probability("of the complaints at which more replies are asked for than were seen")
    extrapolation = flag("that share is more than 5%")
    reason = string("why there is no curve", nullable=True)


class Balance(dy.Schema):
    """One row per confounder and contrast: how alike the arms are, before and after weighting."""

    contrast = string("the two arms", key=True)
    covariate = string("the confounder or its level", key=True)
    smd_before = number("standardised mean difference before weighting")
    smd_after = number("and after")


class Weights(dy.Schema):
    """One row per contrast and arm: how the weights lie."""

    contrast = string("the two arms", key=True)
    arm = string("the arm", key=True)
    n = count("episodes that start in the arm")
    ess = number("effective sample size at the horizon", nullable=False)
    mean = number("mean weight", nullable=False)
    p99 = number("99th percentile", nullable=False)
    largest = number("largest weight", nullable=False)
    heard = probability("P(any later turn of the critic) in the arm")
    private = probability("P(moved to a private channel) in the arm")


class Positivity(dy.Schema):
    """One row per hostility level, time interval and trial: how often treatment was started there."""

    contrast = string("the two arms", key=True)
    stratum = string("hostility of the opener", key=True)
    interval = string("time since the complaint", key=True)
    at_risk = count("unanswered episodes at its start")
    answered = count("answered in it")


class Verdicts(dy.Schema):
    """One row per claim of claims.yaml."""

    claim = string("the claim", key=True)
    verdict = dy.Enum(list(VERDICTS), description="by the rule of the analysis plan")
    certainty = dy.Enum(list(CERTAINTIES), nullable=True, description="null unless there is an estimate")
    lowered_by = texts("what lowered the certainty")
    reason = string("why this verdict")
    sentence = string("the answer in plain words")
    contrast = string("the primary contrast", nullable=True)
    outcome = string("its outcome", nullable=True)
    model = string("the estimator", nullable=True)
    scale = string("scale of the estimate", nullable=True)
    estimate = number("primary estimate")
    lower = number("95% interval, unadjusted")
    upper = number("95% interval, unadjusted")
    measured_estimate = number("the same from labels as measured, where ``estimate`` is corrected; else null")
    measured_lower = number("its 95% interval")
    measured_upper = number("its 95% interval")
    p = probability("test of zero, unadjusted")
    p_adjusted = probability("Holm over the family")
    p_discovery = probability("Benjamini and Hochberg over all tested claims")
    sesoi = number("smallest effect of interest")
    detectable = number("effect that could have been detected with power 0.8")
    e_value = number("E-value of the estimate")
    e_limit = number("E-value of the limit nearer to no effect")
    truth = number("the world's truth")
    n = count("episodes", nullable=True)
    events = count("events", nullable=True)
    confirmatory = flag("planned before the outcomes were looked at")
    deviations = texts("differences from the frozen plan")
