"""Writers left out: what the models say of hands that they did not learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from complaintlab.measure.features import Side
from complaintlab.measure.learn.adapters import Lower, Trained, train
from complaintlab.measure.learn.below import fit_below
from complaintlab.measure.learn.rules import fit_rules, scores
from complaintlab.measure.model import HEADS, Floats

FOLDS = 3
SEED = 1


@dataclass(frozen=True)
class Scores:
    """Raw scores per head (texts × labels): by features, with the adapted reading too, by the layer below."""

    rules: dict[str, Floats]
    read: dict[str, Floats]
    below: dict[str, Floats]


def folds(hands: pl.Series) -> list[list[int]]:
    """Rows by fold: whole hands, the largest first into the smallest fold."""
    sizes = hands.value_counts().sort("count", hands.name, descending=[True, False])
    filled = [0] * FOLDS
    place = {}
    for hand, size in sizes.iter_rows():
        place[hand] = int(np.argmin(filled))
        filled[place[hand]] += size
    of = [place[hand] for hand in hands]
    return [[row for row, fold in enumerate(of) if fold == wanted] for wanted in range(FOLDS)]


def left_out(X: Floats, y: dict[str, Floats], lower: Lower, hands: pl.Series, side: Side) -> Scores:
    """Scores of every text by models of the other folds' hands."""
    shape = {name: (len(X), len(head.labels)) for name, head in HEADS[side].items()}
    found = Scores(*({name: np.zeros(s) for name, s in shape.items()} for _ in range(3)))
    below = lower.means()
    for out in folds(hands):
        kept = [row for row in range(len(X)) if row not in set(out)]
        ruled, read = fit_and_score(X, y, lower, kept, out, side)
        for name in shape:
            found.rules[name][out], found.read[name][out] = ruled[name], read[name]
        by_layer = fit_below(below[kept], {name: of[kept] for name, of in y.items()}, side)
        for name, score in scores(below[out], by_layer).items():
            found.below[name][out] = score
    return found


def fit_and_score(
    X: Floats, y: dict[str, Floats], lower: Lower, kept: list[int], out: list[int], side: Side
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Learn from the rows ``kept``, score the rows ``out``: by the features, and with the adapted reading."""
    ruled = scores(X, fit_rules(X[kept], {name: of[kept] for name, of in y.items()}, side))
    trained = train(lower, ruled, y, kept, side, SEED)
    outside = {name: score[out] for name, score in ruled.items()}
    return outside, read_scores(outside, trained, trained.readings(lower.some(out)))


def read_scores(ruled: dict[str, Floats], trained: Trained, readings: Floats) -> dict[str, Floats]:
    """The features' scores with what the readings add."""
    heads = trained.heads()
    return {name: ruled[name] + readings @ heads[name][0] + heads[name][1] for name in ruled}
