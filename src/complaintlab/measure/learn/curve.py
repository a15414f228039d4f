"""The learning curve: how good the measures are on hands left out, by how many texts they learned from."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.measure.features import Side
from complaintlab.measure.learn.adapters import Lower
from complaintlab.measure.learn.folds import SEED, Scores, fit_and_score, folds
from complaintlab.measure.model import HEADS, Floats, as_probabilities
from complaintlab.measure.targets import known

SHARES = (0.25, 0.5)
"""Shares of the texts learned from, before all of them."""

RESAMPLES = 200
JUDGED = {"customer": "stance", "company": "acts"}


def learning_curve(
    X: Floats, y: dict[str, Floats], lower: Lower, hands: pl.Series, side: Side, whole: Scores
) -> pl.DataFrame:
    """Columns measure, n_texts, value (macro-F1), lower, upper (95%, resampled texts).

    ``whole`` are the scores by models of the other hands' texts; of the first fold they end the curve.
    """
    out = folds(hands)[0]
    kept = sorted(set(range(len(X))) - set(out))
    mixed = np.random.default_rng(SEED).permutation(kept).tolist()
    name = JUDGED[side]
    some = [sorted(mixed[: round(share * len(mixed))]) for share in SHARES]
    points = [(len(rows), fit_and_score(X, y, lower, rows, out, side)[1][name]) for rows in some]
    points.append((len(kept), whole.read[name][out]))
    coded, kind = known(y[name][out]), HEADS[side][name].kind
    truth = y[name][out][coded] == 1
    rows = []
    for n, scored in points:
        decided = _decided(as_probabilities(scored[coded], kind), name)
        rows.append({"measure": name, "n_texts": n, **_figure(truth, decided)})
    return pl.DataFrame(rows)


def _decided(p: Floats, name: str) -> np.ndarray:
    if HEADS["customer"].get(name):
        return np.asarray(p == p.max(axis=1, keepdims=True))
    return np.asarray(p >= 0.5)


def _figure(coded: np.ndarray, decided: np.ndarray) -> dict[str, float]:
    rng = np.random.default_rng(SEED)
    drawn = [rng.integers(0, len(coded), len(coded)) for _ in range(RESAMPLES)]
    resampled = [_macro_f1(coded[rows], decided[rows]) for rows in drawn]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {"value": round(_macro_f1(coded, decided), 4), "lower": round(low, 4), "upper": round(high, 4)}


def _macro_f1(coded: np.ndarray, decided: np.ndarray) -> float:
    both = 2.0 * (coded & decided).sum(axis=0)
    total = coded.sum(axis=0) + decided.sum(axis=0)
    seen = coded.any(axis=0)
    return float(np.divide(both, total, out=np.zeros_like(both), where=total > 0)[seen].mean())
