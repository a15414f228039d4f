"""Stage ``measure``: what every turn does, as probabilities of the codebook's labels.

Rules of general English (``features``) and readings in context (``embed.reader``), weighed by models that
were learned from texts written for this project (``model``, ``learn``). How well they agree with coded
messages stands in the table ``quality``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from complaintlab.gold.files import load_gold
from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.companies import company_labels, with_quality
from complaintlab.measure.customers import customer_labels, topics
from complaintlab.measure.features import SIDES, Side
from complaintlab.measure.languages import SUPPORTED, detect_language
from complaintlab.measure.messages import CONTENT, messages_of, with_hashes
from complaintlab.measure.model import load_model
from complaintlab.measure.quality import (
    CORPUS,
    committed,
    drift,
    gold_judged,
    judge,
    training_texts,
    world_judged,
)
from complaintlab.measure.retrain import EVERYBODY, NOTHING, Retrained, retrain
from complaintlab.measure.templates import template_closeness
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.topics.files import load_topics
from complaintlab.topics.nearest import with_topics

__all__ = ["Outputs", "measure_messages", "measure_texts", "model_version", "run"]

MEASURED = ("language", "supported", "stance", "acts")

_NO_LABELS = TABLES["measures"].create_empty().select(
    pl.selectors.starts_with("p_") - pl.selectors.by_name("p_proper", "p_bad"),
    "stance", "hostility", "severity", "topic", text_id=pl.lit(None, dtype=pl.Int64),
)  # fmt: skip
"""The columns of labels, where a side has no message."""

CUSTOMER_LABELS = (
    "stance", *(f"p_{stance}" for stance in STANCES), "p_sarcastic", "p_complaint", "p_praise", "p_nonsense",
    "p_against", "hostility", "severity", "topic",
)  # fmt: skip


def model_version(retrained: Retrained = NOTHING) -> str:
    """Names the shipped models of both sides, and the gold that changed them."""
    versions = [load_model(side).version for side in SIDES]
    return "-".join([*versions, *filter(None, [retrained.version])])


class Outputs(NamedTuple):
    measures: pl.DataFrame
    quality: pl.DataFrame
    confusion: pl.DataFrame
    calibration: pl.DataFrame
    learning: pl.DataFrame
    drift: pl.DataFrame


def run(
    turns: pl.DataFrame, readings: pl.DataFrame, vectors: pl.DataFrame, latent: pl.DataFrame, root: Path
) -> Outputs:
    """Measure every turn, and judge the measures where the truth is known.

    A post that concerns several companies is measured once. ``topic`` is kept for openers only: the nearest
    of data/topics.yaml, or the lexicon's where that has none. A reply whose signature was seen
    (``agent_id``) is personal for certain. The quality against coded real messages is read from
    data/measure_quality.csv, which benchmarks/measure_quality.py writes.
    """
    messages, gold = messages_of(turns), load_gold(root)
    retrained = retrain(messages, readings, gold)
    measured = measure_messages(messages, readings, retrained)
    keys = turns.select(
        "post_id", "company", "created_at", "role", "position", "agent_id", "text", "text_hash"
    )
    rows = keys.join(measured, left_on="post_id", right_on="message_id", how="left", maintain_order="left")
    signed = pl.col("agent_id").is_not_null() & pl.col("p_personal").is_not_null()
    rows = with_quality(
        rows.with_columns(
            p_personal=pl.when(signed).then(1.0).otherwise("p_personal"),
            topic=pl.when(pl.col("position") == 0).then("topic"),
        )
    )
    rows = with_topics(rows, vectors, load_topics(root))
    replies = turns.filter((pl.col("role") == "company") & pl.col("joined_into").is_null())
    rows = rows.join(template_closeness(replies), on=["post_id", "company"], how="left")
    measures = conform("measures", rows)
    later_parts = turns.filter(pl.col("joined_into").is_not_null())  # what they do is coded at the first part
    known = latent.join(later_parts, on="post_id", how="anti")
    own = judge("world", world_judged(measures, known, turns))._asdict()
    people = judge(CORPUS, gold_judged(measures, gold, turns))._asdict()
    judged = {name: pl.concat([own[name], people[name], committed(name, root)]) for name in own}
    at_hand = turns.select("post_id", "company", "role", "text").join(
        measures.select("post_id", "company", *MEASURED), on=["post_id", "company"], maintain_order="left"
    )
    return Outputs(
        measures, **judged, learning=committed("learning", root), drift=drift(training_texts(root), at_hand)
    )


def measure_texts(frame: pl.DataFrame, readings: pl.DataFrame | None = None) -> pl.DataFrame:
    """Measure messages, each from itself and the message before it alone.

    Args:
        frame: message_id; role (critic, bystander or unknown: a customer; company); text; before (the
            text of the message that it answers, null where there is none).
        readings: of messages read in context (``embed.read_messages``); without one, a message is measured
            by the rules alone.

    Returns:
        A row per message, in order: message_id and the labels of ``measures`` except ``template``.
        Customer labels are null for companies and the other way round; ``p_against`` is a bystander's
        alone; every label is null where the language is not supported.
    """
    known = TABLES["readings"].create_empty() if readings is None else readings
    return measure_messages(with_hashes(frame), known)


def measure_messages(
    messages: pl.DataFrame, readings: pl.DataFrame, retrained: Retrained = NOTHING
) -> pl.DataFrame:
    """``measure_texts`` of messages whose side and hashes are known, by models that gold may have changed."""
    content = ["side", "text", "before", "fold"]
    everybody = pl.col("fold").fill_null(EVERYBODY)
    messages = messages.join(retrained.folds, on="message_id", how="left", maintain_order="left")
    messages = messages.with_columns(everybody)
    distinct = messages.unique(content, keep="first", maintain_order=True).join(
        readings.select(*CONTENT, "vector"), on=CONTENT, how="left", maintain_order="left"
    )
    language = detect_language(distinct["text"])
    distinct = distinct.select(*content, "vector", language=language).with_columns(
        supported=pl.col("language").is_in(list(SUPPORTED)), text_id=pl.int_range(pl.len())
    )
    readable = distinct.filter("supported")
    groups = readable.group_by("side", "fold", pl.col("vector").is_not_null(), maintain_order=True)
    parts = [_labels(texts, retrained) for _, texts in groups]
    labelled = distinct.drop("vector").join(
        pl.concat([_NO_LABELS, *parts], how="diagonal"), on="text_id", how="left"
    )
    rows = messages.select("message_id", "role", *content).join(
        labelled, on=content, how="left", nulls_equal=True, maintain_order="left"
    )
    against = pl.when(pl.col("role") == "bystander").then("p_against")
    rows = with_quality(rows.with_columns(p_against=against, model_version=pl.lit(model_version(retrained))))
    labels = ("language", "supported", *CUSTOMER_LABELS, "acts", *(f"p_{act}" for act in ACTS))
    return rows.select("message_id", *labels, "p_proper", "p_bad", "model_version")


def _labels(texts: pl.DataFrame, retrained: Retrained) -> pl.DataFrame:
    """text_id and the labels of texts of one side and fold, all of them with a reading or none."""
    side: Side = texts["side"][0]
    read = texts["vector"].null_count() == 0
    readings = texts["vector"].to_numpy().astype("float64") if read else None
    X = load_model(side).observe(texts)
    p = retrained.probabilities(side, texts["fold"][0], X, readings)
    if side == "company":
        found = company_labels(p)
    else:
        found = customer_labels(p).with_columns(topic=topics(texts.select("text", "before")))
    return found.with_columns(texts["text_id"])
