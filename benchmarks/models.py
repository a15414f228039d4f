"""Time of every model stage on the tables of the study at hand, on all processors and on one.

    python benchmarks/models.py [FOLDER]

FOLDER is a study whose earlier stages have run (`complaintlab run`). Whole commands are timed, with the start
of Python and of other processes, reading and writing. Writes results/models.csv beside this file.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import polars as pl

from complaintlab.parallel import available
from complaintlab.stages import STAGES, run_function

RESULTS = Path(__file__).parent / "results" / "models.csv"


def main(study: Path) -> None:
    table = study / "data" / "tables" / "episodes.parquet"
    if not table.exists():
        raise SystemExit(f"{table} is not there yet: run `complaintlab run` in {study} first.")
    episodes = pl.scan_parquet(table).select(pl.len()).collect().item()
    rows = []
    for stage in STAGES:
        if not run_function(stage).__module__.startswith("complaintlab.models"):
            continue
        one_s, _ = seconds(study, stage, {min(os.sched_getaffinity(0))})
        all_s, cpu_s = seconds(study, stage, os.sched_getaffinity(0))  # last: as `complaintlab run` leaves it
        rows.append({"stage": stage, "wall_s": all_s, "cpu_s": cpu_s, "wall_on_one_s": one_s})
        print(rows[-1], flush=True)
    found = pl.DataFrame(rows)
    total = found.select(pl.lit("all").alias("stage"), pl.exclude("stage").sum())
    measured = pl.concat([found, total]).with_columns(
        (pl.col("wall_on_one_s") / pl.col("wall_s")).alias("times_faster"),
        episodes=pl.lit(episodes),
        processors=pl.lit(available()),
    )
    measured.with_columns(pl.selectors.float().round(2)).write_csv(RESULTS)
    print(measured)


def seconds(study: Path, stage: str, processors: set[int]) -> tuple[float, float]:
    """Wall clock and processor time of one stage's command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        ["complaintlab", stage],
        cwd=study,
        check=True,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, processors),
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path.cwd())
