"""The table of codes: checked on the way in, merged, and brought to one value per message and label."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from complaintlab.gold.codebook import ACTS_LABEL, ADJUDICATED, LABELS, NO_ACTS
from complaintlab.labels import ACTS

CODES_SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "post_id": pl.String, "coder": pl.String, "label": pl.String, "value": pl.String,
    "sampling_probability": pl.Float64, "author_id": pl.String, "thread_id": pl.String,
}  # fmt: skip
QUARANTINE_SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "file": pl.String, "post_id": pl.String, "coder": pl.String, "label": pl.String, "value": pl.String,
    "reason": pl.String, "n": pl.UInt32,
}  # fmt: skip

_CODE = ["post_id", "coder", "label"]


class Merged(NamedTuple):
    """Codes with what a file adds to them (``CODES_SCHEMA``), and what of it does not fit."""

    codes: pl.DataFrame
    quarantine: pl.DataFrame


def merge(
    codes: pl.DataFrame, handed: pl.DataFrame, file: str, sample: pl.DataFrame, turns: pl.DataFrame
) -> Merged:
    """Add codes as they were handed in; nothing is lost, and adding them again changes nothing.

    What stands in ``codes`` already stays: a different code by the same coder is set aside.

    Args:
        codes: ``CODES_SCHEMA``.
        handed: post_id, coder, label, value, as in the file.
        file: its name, kept with what is set aside.
        sample: of ``draw.draw_sample``, with text_hash as in ``turns``.
        turns: post_id, company, text_hash.
    """
    checked = _with_reason(_tidy(handed), sample, turns)
    fitting = _split_acts(checked.filter(pl.col("reason").is_null()))
    standing = codes.select(*_CODE, kept="value")
    first = fitting.unique(_CODE, keep="first", maintain_order=True).select(*_CODE, kept="value")
    kept = pl.concat([standing, first.join(standing, on=_CODE, how="anti")])
    judged = fitting.join(kept, on=_CODE, maintain_order="left").with_columns(
        reason=pl.when(pl.col("value") != pl.col("kept")).then(
            pl.format("this coder has coded it {} before", "kept")
        )
    )
    refused = pl.concat([checked.filter(pl.col("reason").is_not_null()), judged.select(checked.columns)])
    of_post = sample.unique("post_id", keep="first", maintain_order=True).select(
        "post_id", "sampling_probability", "author_id", "thread_id"
    )
    added = judged.filter(pl.col("reason").is_null()).join(standing, on=_CODE, how="anti")
    whole = pl.concat([codes, added.unique(_CODE).join(of_post, on="post_id").select(*CODES_SCHEMA)])
    return Merged(whole.sort("post_id", "label", "coder"), _set_aside(refused, file))


def _tidy(handed: pl.DataFrame) -> pl.DataFrame:
    return handed.with_columns(
        pl.col("post_id", "coder").str.strip_chars(),
        pl.col("label", "value").str.strip_chars().str.to_lowercase(),
    )


def _with_reason(handed: pl.DataFrame, sample: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Add reason: why a code does not fit, null where it does."""
    asked = sample.unique("post_id", keep="first", maintain_order=True).select(
        "post_id", "item", "company", drawn_hash="text_hash"
    )
    texts = turns.select("post_id", "company", "text_hash").join(asked, on=["post_id", "company"])
    row = handed.join(asked.drop("company"), on="post_id", how="left", maintain_order="left").join(
        texts.select("post_id", "text_hash"), on="post_id", how="left", maintain_order="left"
    )
    known = pl.col("post_id").is_in(turns["post_id"].unique().implode())
    items = pl.col("label").replace_strict(_items(), default=None, return_dtype=pl.List(pl.String))
    reasons = (
        (pl.col("coder") == "", "no coder is named"),
        (~known, "unknown post"),
        (pl.col("item").is_null(), "the message is not in the sample"),
        (pl.col("text_hash").ne_missing(pl.col("drawn_hash")), "the text is not the one that was drawn"),
        (items.is_null(), "unknown label"),
        (~items.list.contains(pl.col("item")), "the label is not asked of such a message"),
        (~_possible(), "impossible value"),
    )
    reason = pl.coalesce(pl.when(wrong).then(pl.lit(why)) for wrong, why in reasons)
    return row.with_columns(reason=reason).select(*handed.columns, "reason")


def _items() -> dict[str, list[str]]:
    return {name: list(label.items) for name, label in LABELS.items()} | {ACTS_LABEL: ["reply"]}


def _possible() -> pl.Expr:
    """Whether the value is one of its label; acts are one or more different ones, or ``none`` alone."""
    allowed = {name: list(label.values) for name, label in LABELS.items()}
    values = pl.col("label").replace_strict(allowed, default=None, return_dtype=pl.List(pl.String))
    acts = pl.col("value").str.split("|")
    known = acts.list.set_difference(list(ACTS)).list.len() == 0
    return (
        pl.when(pl.col("label") == ACTS_LABEL)
        .then(known | (pl.col("value") == NO_ACTS))
        .otherwise(values.list.contains(pl.col("value")))
    )


def _split_acts(codes: pl.DataFrame) -> pl.DataFrame:
    """One code per act for each answer about all acts; everything else as it is."""
    is_acts = pl.col("label") == ACTS_LABEL
    split = (
        codes.filter(is_acts)
        .join(pl.DataFrame({"act": ACTS}), how="cross", maintain_order="left")
        .with_columns(
            label="act",
            value=pl.col("value").str.split("|").list.contains(pl.col("act")).cast(pl.Int8).cast(pl.String),
        )
    )
    return pl.concat([codes.filter(~is_acts), split.select(codes.columns)])


def _set_aside(refused: pl.DataFrame, file: str) -> pl.DataFrame:
    columns = ["post_id", "coder", "label", "value", "reason"]
    return (
        refused.filter(pl.col("reason").is_not_null())
        .group_by(columns)
        .agg(n=pl.len())
        .select(pl.lit(file).alias("file"), *columns, pl.col("n").cast(pl.UInt32))
        .sort(columns)
    )


def resolved_codes(codes: pl.DataFrame) -> pl.DataFrame:
    """One value per message and label: the adjudicated one, else that of more than half of its coders.

    Returns:
        post_id, label, value (null where coders disagree and nobody has decided), coders (how many coded
        it), sampling_probability, author_id, thread_id; ordered by post_id and label.
    """
    decided = pl.col("coder") == ADJUDICATED
    commonest = pl.col("votes").max()
    key = ["post_id", "label"]
    votes = codes.group_by(*key, "value").agg(votes=(~decided).sum(), decided=decided.any())
    winner = pl.col("value").sort_by("votes", "value", descending=[True, False]).first()
    values = votes.group_by(key).agg(
        value=pl.coalesce(
            pl.col("value").filter("decided").first(),
            pl.when(2 * commonest > pl.col("votes").sum()).then(winner),
        ),
        coders=pl.col("votes").sum(),
    )
    of_post = codes.unique("post_id", keep="first", maintain_order=True).select(
        "post_id", "sampling_probability", "author_id", "thread_id"
    )
    return values.join(of_post, on="post_id").sort(key)


def disagreements(codes: pl.DataFrame) -> pl.DataFrame:
    """Messages and labels that coders code differently and nobody has decided, a column per coder.

    Returns:
        post_id, label, one column per coder (by name; null where not coded), adjudicated (empty).
    """
    key = ["post_id", "label"]
    decided = codes.filter(pl.col("coder") == ADJUDICATED)
    blind = codes.filter(pl.col("coder") != ADJUDICATED)
    differing = blind.group_by(key).agg(n=pl.col("value").n_unique()).filter(pl.col("n") > 1)
    rows = blind.join(differing, on=key, how="semi").join(decided, on=key, how="anti")
    coders = sorted(blind["coder"].unique())
    wide = rows.pivot("coder", on_columns=coders, index=key, values="value", aggregate_function="first")
    return wide.sort(key).with_columns(pl.lit(None, dtype=pl.String).alias(ADJUDICATED))
