"""The settings that the stages are given in the recovery suite: those of params.yaml as shipped."""

from __future__ import annotations

from complaintlab.params import Analysis, Trials

ANALYSIS = Analysis(
    washout_days=30, gap_days=30, horizon_days=7, long_horizon_days=30, complaint_threshold=0.5,
    nonsense_threshold=0.5, act_threshold=0.5,
)  # fmt: skip
TRIALS = Trials(positivity_lower=0.05, positivity_upper=0.95, truncate_at=0.99)
