"""Gold joined to its messages, and the measures adapted to it, cross-fitted by author (``adapt``)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.measure.adapt import FOLDS, MINIMUM, Update, fold_of, learn_update
from complaintlab.measure.features import SIDES, Side
from complaintlab.measure.messages import CONTENT
from complaintlab.measure.model import Floats, load_model
from complaintlab.measure.targets import targets
from complaintlab.tables.texts import READING

EVERYBODY = -1
"""The fold of messages whose author has no gold: they are coded by what all the gold taught."""


@dataclass(frozen=True)
class Retrained:
    """What the gold taught: updates by side and fold, and the fold of each coded message."""

    updates: dict[Side, dict[int, Update]]
    folds: pl.DataFrame
    """message_id, fold: the update that was learned without this message's author."""
    version: str

    def probabilities(self, side: Side, fold: int, X: Floats, readings: Floats | None) -> dict[str, Floats]:
        model = load_model(side)
        if side not in self.updates:
            return model.probabilities(X, readings)
        return self.updates[side][fold].probabilities(model, X, readings)


NOTHING = Retrained({}, pl.DataFrame(schema={"message_id": pl.String, "fold": pl.Int64}), "")


def retrain(messages: pl.DataFrame, readings: pl.DataFrame, gold: pl.DataFrame) -> Retrained:
    """Adapt the shipped models to gold; nothing changes for a side with fewer than 50 coded messages.

    Args:
        messages: as ``measure.messages`` makes them; their authors in author_id.
        readings: of those that were read.
        gold: as ``gold.files.load_gold`` gives it.
    """
    if gold.is_empty():
        return NOTHING
    coded = _coded(messages, readings, gold)
    sides = {side: coded.filter(pl.col("side") == side) for side in SIDES}
    updates = {side: _updates(some, side) for side, some in sides.items() if some.height >= MINIMUM}
    if not updates:
        return NOTHING
    of_authors = messages.join(coded.select("author_id", "fold").unique("author_id"), on="author_id")
    itself = coded.select(pl.col("post_id").alias("message_id"), "fold")  # a reply's author is not the critic
    folds = pl.concat([itself, of_authors.select("message_id", "fold")]).unique("message_id", keep="first")
    version = hashlib.sha256(gold.write_csv().encode()).hexdigest()[:12]
    return Retrained(updates, folds, version)


def _coded(messages: pl.DataFrame, readings: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """Coded messages: side, text, before, vector, share, author_id (the critic), fold, a column per label."""
    first = gold.unique(["post_id", "label"], keep="first", maintain_order=True)
    wide = first.pivot("label", index="post_id", values="value", maintain_order=True)
    of_post = first.unique("post_id", keep="first", maintain_order=True).select(
        "post_id", "author_id", share=1.0 / pl.col("sampling_probability")
    )
    rows = of_post.join(wide, on="post_id", maintain_order="left").join(
        messages.drop("author_id"), left_on="post_id", right_on="message_id", maintain_order="left"
    )
    found = rows.join(readings.select(*CONTENT, "vector"), on=CONTENT, how="left", maintain_order="left")
    return found.with_columns(fold=pl.Series(fold_of(found["author_id"])))


def _updates(coded: pl.DataFrame, side: Side) -> dict[int, Update]:
    model = load_model(side)
    X = model.observe(coded)
    read = coded["vector"].is_not_null().to_numpy()
    readings = np.zeros((coded.height, READING))
    readings[read] = np.stack(coded["vector"].drop_nulls().to_list()) if read.any() else 0.0
    y = targets(coded.rename({"praise_any": "praise"}, strict=False), side)
    share = coded["share"].to_numpy()
    fold = coded["fold"].to_numpy()
    kept = {EVERYBODY: np.ones(coded.height, dtype=np.bool_)} | {out: fold != out for out in range(FOLDS)}
    return {
        out: learn_update(
            model,
            X[rows],
            readings[rows],
            read[rows],
            {name: target[rows] for name, target in y.items()},
            share[rows] / share[rows].mean(),
        )
        for out, rows in kept.items()
    }
