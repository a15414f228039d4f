"""Logit with company effects: our CPU seconds and memory (glum) against statsmodels' Logit with indicators.

    python benchmarks/fixed_effects.py [--rows 100000 1000000] [--companies 200]

Eight covariates, an effect of each company, errors clustered by author in both. Each fit runs in a process of
its own; imports and the data are in its peak memory, imports are not in its time. Writes
results/fixed_effects.csv.
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

RESULTS = Path(__file__).parent / "results" / "fixed_effects.csv"
Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def rows(n: int, companies: int, seed: int = 1) -> Data:
    """Outcome (n,), covariates (n, 8), company and author codes (n,); three rows an author."""
    rng = np.random.default_rng(seed)
    X, company = rng.normal(size=(n, 8)), rng.integers(0, companies, n)
    eta = 0.5 * X[:, 0] - 0.3 * X[:, 1] - 1 + rng.normal(0, 0.5, companies)[company]
    return rng.random(n) < 1 / (1 + np.exp(-eta)), X, company, np.arange(n) // 3


def ours(data: Data) -> tuple[float, float]:
    from complaintlab.models.marginal_effects import fit_logit

    y, X, company, author = data
    fit = fit_logit(y, X, author, pl.Series(company))
    return float(fit.beta[1]), float(np.sqrt(fit.covariance[1, 1]))


def statsmodels(data: Data) -> tuple[float, float]:
    import statsmodels.api as sm

    y, X, company, author = data
    indicators = company[:, None] == np.arange(1, company.max() + 1)
    design = np.column_stack([np.ones(len(X)), X, indicators])
    fit = sm.Logit(y.astype(float), design).fit(disp=0, cov_type="cluster", cov_kwds={"groups": author})
    return float(fit.params[1]), float(fit.bse[1])


FITS: dict[str, Callable[[Data], tuple[float, float]]] = {"glum": ours, "statsmodels": statsmodels}


def measured(task: tuple[str, int, int]) -> dict[str, object]:
    name, n, companies = task
    FITS[name](rows(2000, 3))  # imports
    data = rows(n, companies)
    cpu, wall = time.process_time(), time.perf_counter()
    coef, se = FITS[name](data)
    return {
        "fit": name,
        "rows": n,
        "companies": companies,
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "coef": round(coef, 8),
        "se": round(se, 8),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--largest-statsmodels", type=int, default=100_000)
    asked = parser.parse_args()
    tasks = [
        (name, n, asked.companies)
        for n in asked.rows
        for name in FITS
        if name != "statsmodels" or n <= asked.largest_statsmodels
    ]
    found = []
    for task in tasks:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found.append(pool.submit(measured, task).result())
        print(found[-1], flush=True)
    pl.DataFrame(found).write_csv(RESULTS)


if __name__ == "__main__":
    main()
