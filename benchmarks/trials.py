"""Target trials: time of the stage. Bias and coverage: `complaintlab recover`.

python benchmarks/trials.py --complaints 6000 --resamples 200
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from complaintlab.models.trials import run
from complaintlab.params import Analysis, Inference, Trials, load_params
from complaintlab.recovery.worlds.timing import episodes, simulate, spells

PARAMS = Path(__file__).resolve().parents[1] / "params.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--complaints", type=int, default=6000)
    parser.add_argument("--resamples", type=int, default=200)
    chosen = parser.parse_args()
    inference = Inference(resamples=chosen.resamples, seed=1, folds=5)
    print(f"stage on {chosen.complaints} complaints: {_stage_seconds(chosen.complaints, inference):.1f} s")


def _stage_seconds(complaints: int, inference: Inference) -> float:
    params = load_params(PARAMS)
    made = simulate(complaints, 1, loss=0.3)
    frame = episodes(made)
    rows = spells(made, frame)
    start = time.perf_counter()
    run(frame, rows, params.section(Analysis), inference, params.section(Trials))
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
