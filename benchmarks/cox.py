"""Cox model: our seconds and memory against statsmodels' PHReg, in one run on one machine.

    python benchmarks/cox.py [--rows 100000 1000000] [--largest-phreg 1000000]

Start–stop rows with 8 covariates, Efron's ties. Ours also computes cluster-robust errors; PHReg cannot for
such rows, so it computes model errors only, with entry shifted by 10⁻⁶ because its risk sets are closed at
entry. Each fit runs in a process of its own; the data are in its peak memory. Writes results/cox.csv.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl

RESULTS = Path(__file__).parent / "results" / "cox.csv"
COVARIATES = [f"x{j}" for j in range(8)]
ROWS_PER_AUTHOR = 4


def start_stop_rows(n: int, seed: int = 1) -> pl.DataFrame:
    """``n`` rows, four of each author, in minutes; half of the covariates binary; some 7% with an event."""
    rng = np.random.default_rng(seed)
    authors = n // ROWS_PER_AUTHOR
    lengths = rng.integers(1, 700, (authors, ROWS_PER_AUTHOR))
    stop = np.cumsum(lengths, axis=1) + rng.integers(0, 100, (authors, 1))
    columns = {
        name: rng.normal(size=stop.size) if j % 2 else (rng.random(stop.size) < 0.3).astype(float)
        for j, name in enumerate(COVARIATES)
    }
    effect = 0.4 * columns["x0"] - 0.3 * columns["x1"]
    event = rng.random(stop.size) < 0.1 * np.exp(effect - effect.max() / 2)
    times = {"start": (stop - lengths).ravel().astype(float), "stop": stop.ravel().astype(float)}
    return pl.DataFrame({**times, "event": event, "author": np.repeat(np.arange(authors), 4), **columns})


def fit_ours(frame: pl.DataFrame) -> list[float]:
    from complaintlab.models.cox import cox

    fit = cox(frame, start="start", stop="stop", event="event", covariates=COVARIATES, cluster="author")
    return fit.table["coef"].to_list()


def fit_phreg(frame: pl.DataFrame) -> list[float]:
    from statsmodels.duration.hazard_regression import PHReg

    columns = {name: frame[name].to_numpy() for name in ("start", "stop", "event")}
    X = frame.select(COVARIATES).to_numpy()
    model = PHReg(
        columns["stop"], X, status=columns["event"].astype(int), entry=columns["start"] + 1e-6, ties="efron"
    )
    return model.fit().params.tolist()


def measure(fit: Callable[[pl.DataFrame], list[float]], n: int) -> tuple[float, float, list[float]]:
    """CPU seconds of the fit after a small one (imports), peak memory in MB, coefficients."""
    fit(start_stop_rows(2000))
    frame = start_stop_rows(n)
    begin = time.process_time()
    coefficients = fit(frame)
    seconds = time.process_time() - begin
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, coefficients


def alone(fit: Callable[[pl.DataFrame], list[float]], n: int) -> tuple[float, float, list[float]]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, fit, n).result()


def compare(n: int, with_phreg: bool) -> dict[str, float | int | None]:
    ours, memory, coefficients = alone(fit_ours, n)
    row: dict[str, float | int | None] = {"rows": n, "cpu_s": ours, "peak_mb": memory}
    if with_phreg:
        theirs, their_memory, their_coefficients = alone(fit_phreg, n)
        difference = float(np.max(np.abs(np.subtract(coefficients, their_coefficients))))
        row |= {"phreg_cpu_s": theirs, "phreg_peak_mb": their_memory, "times_faster": theirs / ours}
        row |= {"largest_coef_difference": difference}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument(
        "--largest-phreg", type=int, default=1_000_000, help="rows up to which PHReg is run too"
    )
    options = parser.parse_args()
    table = pl.DataFrame([compare(n, n <= options.largest_phreg) for n in options.rows])
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    table.write_csv(RESULTS)
    with pl.Config(tbl_cols=-1, tbl_width_chars=140, float_precision=4):
        print(table)


if __name__ == "__main__":
    main()
