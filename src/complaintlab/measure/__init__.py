"""Stage ``measure``: what every turn does, as probabilities of the codebook's labels.

A lexicon of general English with stated weights (``customer.yaml``,
``company.yaml``). How well it agrees with coded messages stands in the table ``quality``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.companies import measure_replies, with_quality
from complaintlab.measure.customers import measure_customers
from complaintlab.measure.languages import SUPPORTED, detect_language
from complaintlab.measure.quality import coded_quality, world_quality
from complaintlab.measure.templates import template_closeness
from complaintlab.store import conform

__all__ = ["MODEL_VERSION", "Outputs", "measure_texts", "run"]

MODEL_VERSION = "lexicon-2"

CUSTOMER_LABELS = (
    "stance", *(f"p_{stance}" for stance in STANCES), "p_sarcastic", "p_complaint", "p_praise", "p_nonsense",
    "p_against", "hostility", "severity", "topic",
)  # fmt: skip


class Outputs(NamedTuple):
    measures: pl.DataFrame
    quality: pl.DataFrame


def run(turns: pl.DataFrame, latent: pl.DataFrame, root: Path) -> Outputs:
    """Measure every turn, and judge the measures where the truth is known.

    A post that concerns several companies is measured once. ``topic`` is kept for openers only; a reply
    whose signature was seen (``agent_id``) is personal for certain. The quality against coded real
    messages is read from data/measure_quality.csv, which benchmarks/measure_quality.py writes.
    """
    measured = measure_texts(_messages(turns))
    keys = turns.select("post_id", "company", "created_at", "role", "position", "agent_id", "text")
    rows = keys.join(measured, left_on="post_id", right_on="message_id", how="left", maintain_order="left")
    signed = pl.col("agent_id").is_not_null() & pl.col("p_personal").is_not_null()
    rows = with_quality(
        rows.with_columns(
            p_personal=pl.when(signed).then(1.0).otherwise("p_personal"),
            topic=pl.when(pl.col("position") == 0).then("topic"),
        )
    )
    replies = turns.filter((pl.col("role") == "company") & pl.col("joined_into").is_null())
    rows = rows.join(template_closeness(replies), on=["post_id", "company"], how="left")
    measures = conform("measures", rows)
    later_parts = turns.filter(pl.col("joined_into").is_not_null())  # what they do is coded at the first part
    known = latent.join(later_parts, on="post_id", how="anti")
    return Outputs(measures, pl.concat([world_quality(measures, known), coded_quality(root)]))


def measure_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Measure messages, each from itself and the message before it alone.

    Args:
        frame: message_id; role (critic, bystander or unknown: a customer; company); text; before (the
            text of the message that it answers, null where there is none).

    Returns:
        A row per message, in order: message_id and the labels of ``measures`` except ``template``.
        Customer labels are null for companies and the other way round; ``p_against`` is a bystander's
        alone; every label is null where the language is not supported.
    """
    content = ["reply", "text", "before"]
    asked = frame.select("message_id", "role", "text", "before", reply=pl.col("role") == "company")
    distinct = asked.select(content).unique(maintain_order=True)
    language = detect_language(distinct["text"])
    distinct = distinct.with_columns(
        language=language, supported=language.is_in(list(SUPPORTED)), text_id=pl.int_range(distinct.height)
    )
    readable = distinct.filter("supported")
    sides = [
        side.hstack(measure(side.select("text", "before"))).drop(content)
        for side, measure in (
            (readable.filter(~pl.col("reply")), measure_customers),
            (readable.filter("reply"), measure_replies),
        )
    ]
    labelled = distinct.join(
        pl.concat(sides, how="diagonal").drop("language", "supported"), on="text_id", how="left"
    )
    rows = asked.join(labelled, on=content, how="left", nulls_equal=True, maintain_order="left")
    against = pl.when(pl.col("role") == "bystander").then("p_against")
    rows = with_quality(rows.with_columns(p_against=against, model_version=pl.lit(MODEL_VERSION)))
    labels = ("language", "supported", *CUSTOMER_LABELS, "acts", *(f"p_{act}" for act in ACTS))
    return rows.select("message_id", *labels, "p_proper", "p_bad", "model_version")


def _messages(turns: pl.DataFrame) -> pl.DataFrame:
    """The distinct posts with the text before each, found by its hash."""
    posts = turns.unique("post_id", keep="first", maintain_order=True)
    texts = posts.unique("text_hash", keep="first", maintain_order=True).select(
        before_hash="text_hash", before="text"
    )
    return posts.join(texts, on="before_hash", how="left", maintain_order="left").select(
        pl.col("post_id").alias("message_id"), pl.col("role").cast(pl.String), "text", "before"
    )
