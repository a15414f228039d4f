"""Target trials: time of the stage, and bias and coverage over worlds with a known effect.

    python benchmarks/trials.py --complaints 6000 --resamples 200 --worlds 0
    python benchmarks/trials.py --complaints 2500 --resamples 200 --worlds 200    # an hour

Prints the stage's wall time on one world, then per claim bias, its Monte-Carlo error, the estimates' standard
deviation, the mean standard error, and the share of intervals that cover the truth with its exact 99% limits.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "recovery"))

from trials_complaints import episodes, simulate, spells, truth

from complaintlab.models.strategies import LATER, TIMING_CONTRASTS
from complaintlab.models.trials import run
from complaintlab.params import Analysis, Inference, Trials, load_params

PARAMS = Path(__file__).resolve().parents[1] / "params.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--complaints", type=int, default=6000)
    parser.add_argument("--resamples", type=int, default=200)
    parser.add_argument("--worlds", type=int, default=20)
    chosen = parser.parse_args()
    inference = Inference(resamples=chosen.resamples, seed=1, folds=5)
    print(f"stage on {chosen.complaints} complaints: {_stage_seconds(chosen.complaints, inference):.1f} s")
    if chosen.worlds:
        _recovery(chosen.complaints, chosen.worlds, inference)


def _stage_seconds(complaints: int, inference: Inference) -> float:
    params = load_params(PARAMS)
    made = simulate(complaints, 1, loss=0.3)
    frame = episodes(made)
    rows = spells(made, frame)
    start = time.perf_counter()
    run(frame, rows, params.section(Analysis), inference, params.section(Trials))
    return time.perf_counter() - start


def _recovery(complaints: int, worlds: int, inference: Inference) -> None:
    """Run the stage on every world and print a line for each claim on complaints."""
    params = load_params(PARAMS)
    settings = params.section(Analysis), inference, params.section(Trials)
    rows = []
    for world in range(worlds):
        made = simulate(complaints, 10_000 + world)
        frame = episodes(made)
        rows.append(run(frame, spells(made, frame), *settings).estimates_trials)
    primary = pl.concat(rows).filter(pl.col("variant") == "primary", pl.col("estimate").is_not_null())
    for claim, contrast in TIMING_CONTRASTS.items():
        found = primary.filter(pl.col("claim") == claim)
        if found.height > 1:
            days = 30 if contrast.outcome in LATER else 7
            print(claim, _line(found, truth(contrast.first, contrast.second, contrast.outcome, days)))


def _line(found: pl.DataFrame, target: float) -> str:
    error, se = found["estimate"].to_numpy() - target, found["se"].to_numpy()
    covered = int(((found["lower"] <= target) & (found["upper"] >= target)).sum())
    exact = stats.binomtest(covered, len(error)).proportion_ci(0.99, method="exact")
    return (
        f"{found['outcome'][0]}: truth {target:+.4f}, bias {error.mean():+.4f} "
        f"(MCSE {error.std(ddof=1) / np.sqrt(len(error)):.4f}), sd {error.std(ddof=1):.4f}, "
        f"mean se {se.mean():.4f}, "
        f"coverage {covered / len(error):.3f} [{exact.low:.3f}, {exact.high:.3f}] of {len(error)} worlds"
    )


if __name__ == "__main__":
    main()
