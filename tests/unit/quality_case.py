"""Coded messages beside their measures, made to order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES


def critics(coded: Sequence[str], measured: Sequence[str], **columns: object) -> pl.DataFrame:
    """Critics' turns: the stance that was coded, and the one measured with probability 0.9."""
    n = len(coded)
    p = {f"p_{s}": np.where(np.array(measured) == s, 0.9, 0.02) for s in STANCES}
    base = pl.DataFrame(
        {"post_id": [f"{i:020d}" for i in range(n)], "coded_stance": coded, "stance": measured}
    )
    nothing = {name: pl.lit(None, dtype=pl.Float64).alias(name) for name in ("coded_hostility", "hostility")}
    return base.with_columns(
        *nothing.values(),
        role=pl.lit("critic"),
        complaint=pl.lit(None, dtype=pl.Boolean),
        p_complaint=pl.lit(0.5),
        p_apology=pl.lit(None, dtype=pl.Float64),
        coded_acts=pl.lit(None, dtype=pl.List(pl.String)),
        **{name: pl.Series(value) for name, value in (p | columns).items()},
    )


def replies(coded: Sequence[bool], measured: Sequence[bool], **columns: object) -> pl.DataFrame:
    """Replies that were coded, and measured, as an apology or as nothing."""
    frame = critics(["neutral"] * len(coded), ["neutral"] * len(coded)).with_columns(
        role=pl.lit("company"),
        stance=pl.lit(None, dtype=pl.String),
        coded_acts=pl.Series([["apology"] if held else [] for held in coded], dtype=pl.List(pl.String)),
        **{f"p_{act}": pl.lit(0.01) for act in ACTS},
    )
    found = pl.Series(np.where(np.array(measured), 0.95, 0.05))
    return frame.with_columns(p_apology=found, **{name: pl.Series(v) for name, v in columns.items()})


def value(
    table: pl.DataFrame, measure: str, label: str, statistic: str, subgroup: str = "all"
) -> dict[str, float]:
    """The one row of a statistic."""
    of = table.filter(
        pl.col("measure") == measure, pl.col("label") == label,
        pl.col("statistic").cast(pl.String) == statistic, pl.col("subgroup") == subgroup,
    )  # fmt: skip
    return of.row(0, named=True)
