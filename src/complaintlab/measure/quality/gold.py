"""The user's gold beside the measures, ready to be judged."""

from __future__ import annotations

import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.quality.context import in_context

CORPUS = "your gold"


def gold_judged(measures: pl.DataFrame, gold: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Measures of the coded messages beside their codes; a post counts once.

    Args:
        gold: as ``gold.files.load_gold`` gives it.
    """
    coded = gold.group_by("post_id", "company", "item", maintain_order=True).agg(
        pl.col("sampling_probability").first(),
        coded_stance=_value("stance"),
        complaint=_value("complaint"),
        coded_hostility=_value("hostility"),
        replied=pl.col("label").is_in(list(ACTS)).any(),
        done=pl.col("label").filter(pl.col("label").is_in(list(ACTS)), pl.col("value") == "1"),
    )
    typed = coded.with_columns(
        pl.col("coded_stance").cast(pl.Enum(list(STANCES))),
        pl.col("complaint") == "1",
        pl.col("coded_hostility").cast(pl.Float64),
        coded_acts=pl.when("replied").then("done"),
        role=pl.when(pl.col("item") == "reply").then(pl.lit("company")).otherwise(pl.lit("critic")),
    ).drop("replied", "done", "item")
    judged = measures.filter("supported").join(typed, on=["post_id", "company"], maintain_order="left")
    return in_context(judged.unique("post_id", keep="first", maintain_order=True), turns)


def _value(label: str) -> pl.Expr:
    return pl.col("value").filter(pl.col("label") == label).first()
