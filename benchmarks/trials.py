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
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "recovery"))

from trials_complaints import episodes, simulate, spells, truth

from complaintlab.models.strategies import TIMING_CONTRASTS
from complaintlab.models.trials import PRIMARY_OUTCOME, emulate, run
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
        for claim in TIMING_CONTRASTS:
            print(_recovery(claim, chosen.complaints, chosen.worlds, inference))


def _stage_seconds(complaints: int, inference: Inference) -> float:
    params = load_params(PARAMS)
    made = simulate(complaints, 1, loss=0.3)
    frame = episodes(made)
    rows = spells(made, frame)
    start = time.perf_counter()
    run(frame, rows, params.section(Analysis), inference, params.section(Trials))
    return time.perf_counter() - start


def _recovery(claim: str, complaints: int, worlds: int, inference: Inference) -> str:
    contrast, outcome = TIMING_CONTRASTS[claim], PRIMARY_OUTCOME[claim]
    arms = (contrast.first, contrast.second)
    target = truth(*arms, outcome, 7)
    error, se, covered = np.empty(worlds), np.empty(worlds), 0
    for world in range(worlds):
        made = simulate(complaints, 10_000 + world)
        frame = episodes(made)
        trial = emulate(
            frame, spells(made, frame), outcome, arms, horizon_days=7, inference=inference, truncate_at=0.99
        )
        found = trial.difference(0, 1, 7)
        if found is None:
            return f"{claim}: world {world} has nobody at risk by day 7"
        error[world], se[world] = found.estimate - target, found.se
        covered += found.lower <= target <= found.upper
    exact = stats.binomtest(covered, worlds).proportion_ci(0.99, method="exact")
    return (
        f"{claim} {outcome}: truth {target:+.4f}, bias {error.mean():+.4f} "
        f"(MCSE {error.std(ddof=1) / np.sqrt(worlds):.4f}), sd {error.std(ddof=1):.4f}, "
        f"mean se {se.mean():.4f}, "
        f"coverage {covered / worlds:.3f} [{exact.low:.3f}, {exact.high:.3f}] of {worlds} worlds"
    )


if __name__ == "__main__":
    main()
