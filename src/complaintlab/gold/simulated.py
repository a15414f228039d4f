"""Coders of the simulated public: a drawn sample, coded by what its authors meant.

They stand where people's codes stand for a real source, and code what people would be asked and no more. They
make no errors: what is shown on the world is the correction for errors of the measures, not of coders.
"""

from __future__ import annotations

import polars as pl

from complaintlab.gold.codebook import LABELS
from complaintlab.labels import ACTS

GOLD = ("post_id", "company", "item", "label", "value", "sampling_probability", "author_id", "thread_id")


def simulated_gold(sample: pl.DataFrame, latent: pl.DataFrame) -> pl.DataFrame:
    """Codes of the sampled messages, as ``gold.files.load_gold`` gives those of people.

    Args:
        sample: of ``draw.draw_sample``.
        latent: what each post of the world means.
    """
    posts = sample.unique("post_id", keep="first", maintain_order=True)
    known = posts.join(latent, on="post_id", maintain_order="left").select(
        "post_id", "company", "item", "sampling_probability", "author_id", "thread_id", *_codes().values()
    )
    long = known.unpivot(
        list(_codes()), index=[name for name in GOLD if name not in ("label", "value")],
        variable_name="label", value_name="value",
    )  # fmt: skip
    asked = pl.col("label").replace_strict(
        {name: list(label.items) for name, label in LABELS.items()}, return_dtype=pl.List(pl.String)
    )
    coded = long.filter(pl.col("value").is_not_null(), asked.list.contains(pl.col("item")))
    return coded.select(GOLD).sort("post_id", "label")


def _codes() -> dict[str, pl.Expr]:
    """The value of each label that the world knows, as the codebook writes it."""
    stance, done = pl.col("stance").cast(pl.String), pl.col("acts").cast(pl.List(pl.String))
    against = stance.is_in(["escalates", "persists"])
    side = pl.when(stance == "neutral").then(pl.lit("other")).when(against).then(pl.lit("against"))
    grades = {name: pl.col(name).round().cast(pl.Int64).cast(pl.String) for name in ("hostility", "severity")}
    flags = {name: pl.col(name).cast(pl.Int8).cast(pl.String) for name in ("complaint", "nonsense")}
    codes = {
        "stance": stance,
        "sarcastic": pl.col("sarcastic").cast(pl.Int8).cast(pl.String),
        **flags,
        **grades,
        "target": side.otherwise(pl.lit("for")),
        **{act: done.list.contains(act).cast(pl.Int8).cast(pl.String) for act in ACTS},
    }
    return {name: code.alias(name) for name, code in codes.items()}
