"""How far errors of the labels could move the estimates that codes could not correct, as rows to print."""

from __future__ import annotations

from typing import Any

import polars as pl

from complaintlab.report.results import NOTHING
from complaintlab.verdicts.wording import amount, marked

GRID, LOWEST, HIGHEST = "label_grid", "label_grid_lowest", "label_grid_highest"
CORRECTED = "corrected"


def label_grid_rows(verdicts: pl.DataFrame, estimates: pl.DataFrame) -> list[dict[str, Any]]:
    """One row per answered claim without a correction: why, and its lowest and highest value in the grid."""
    rows = []
    for verdict in verdicts.filter(pl.col("estimate").is_not_null()).iter_rows(named=True):
        own = estimates.filter(pl.col("claim") == verdict["claim"], pl.col("outcome") == verdict["outcome"])
        ends = [own.filter(pl.col("variant") == end) for end in (LOWEST, HIGHEST)]
        if any(end.is_empty() for end in ends):
            continue
        scale = verdict["scale"]
        low, high = (float(end["estimate"][0]) for end in ends)
        why = own.filter(pl.col("variant") == CORRECTED, pl.col("reason").is_not_null())["reason"]
        equal = [float(value) for value in own.filter(pl.col("variant") == GRID)["estimate"]]
        rows.append(
            {
                "claim": verdict["claim"],
                "outcome": str(verdict["outcome"]).replace("_", " "),
                "measured": marked(verdict["estimate"], scale),
                "by_sensitivity": f"{amount(min(equal), scale)} to {amount(max(equal), scale)}"
                if equal
                else NOTHING,
                "lowest": marked(low, scale),
                "lowest_at": ends[0]["subgroup"][0],
                "highest": marked(high, scale),
                "highest_at": ends[1]["subgroup"][0],
                "sign": "holds" if low > 0 or high < 0 else "may turn",
                "why": why[0] if len(why) else "no episode was coded",
            }
        )
    return rows
