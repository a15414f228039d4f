"""What the stage ``verdicts`` leaves beside its table: estimates with their truth, and flat metrics."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from complaintlab.tables.estimates import VERDICTS

ESTIMAND = ["claim", "contrast", "outcome", "time_days", "scale"]

CSV_COLUMNS = (
    "claim", "verdict", "certainty", "reason", "contrast", "scale", "estimate", "lower", "upper", "p",
    "p_adjusted", "n", "events", "outcome", "model", "sesoi", "detectable", "e_value", "e_limit", "truth",
    "lowered_by", "confirmatory", "deviations", "sentence", "measured_estimate", "measured_lower",
    "measured_upper", "p_discovery",
)  # fmt: skip
"""Columns of reports/verdicts.csv; new ones only to the right."""


def stack(estimates: Mapping[str, pl.DataFrame], truth: pl.DataFrame) -> pl.DataFrame:
    """All estimates under each other, with the truth of their estimand and, at the right, their stage.

    Args:
        estimates: the tables of estimates by stage.
        truth: the world's truth, empty for real sources.

    Returns:
        The columns of ``estimates``, then ``truth`` (null where unknown) and ``stage``.
    """
    frames = [
        frame.with_columns(pl.col("scale").cast(pl.String), pl.lit(stage).alias("stage"))
        for stage, frame in estimates.items()
    ]
    known = truth.select(*ESTIMAND, "truth").with_columns(pl.col("scale").cast(pl.String))
    columns = [*frames[0].columns[:-1], "truth", "stage"]
    key = ["stage", *ESTIMAND[:3], "model", "subgroup", "variant", "time_days", "scale"]
    return pl.concat(frames).join(known, on=ESTIMAND, how="left").select(columns).sort(key)


def metrics(episodes: pl.DataFrame, verdicts: pl.DataFrame) -> dict[str, float | int | None]:
    """Flat numbers for ``dvc metrics show``: the study's size, every answer, its error where truth is known.

    Args:
        episodes: complaints.
        verdicts: the table of that name.
    """
    n = episodes.height
    replied = episodes["first_reply_s"]
    within = int((replied <= 86_400).sum())
    size: dict[str, float | int | None] = {
        "complaints": n,
        "companies": episodes["company"].n_unique(),
        "critics": episodes["author_id"].n_unique(),
        "replied_share": None if not n else replied.count() / n,
        "replied_24h_share": None if not n else within / n,
    }
    events = {name: episodes[f"{name}_s"].count() for name in ("turned", "advocate", "escalated")}
    given = verdicts["verdict"].cast(pl.String).to_list()
    counts = {f"verdicts_{name.replace(' ', '_')}": given.count(name) for name in VERDICTS}
    return size | events | counts | _answers(verdicts)


def _answers(verdicts: pl.DataFrame) -> dict[str, float | int | None]:
    rows = verdicts.filter(pl.col("estimate").is_not_null()).iter_rows(named=True)
    found: dict[str, float | int | None] = {}
    for row in rows:
        found[f"{row['claim']}_estimate"] = row["estimate"]
        if row["truth"] is not None:
            found[f"{row['claim']}_truth"] = row["truth"]
            found[f"{row['claim']}_absolute_error"] = abs(row["estimate"] - row["truth"])
            found[f"{row['claim']}_interval_holds_truth"] = int(row["lower"] <= row["truth"] <= row["upper"])
    return found
