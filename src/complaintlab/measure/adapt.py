"""The user's gold changes the measures: every head is moved from its shipped weights towards the gold.

Maximum a posteriori adaptation (Chelba & Acero 2006): logistic regression of the gold codes with the
shipped score as its offset and a normal prior, centred on no change, over a new slope and intercept
(recalibration) and, held tighter, over the features and the reading (retraining). A few dozen messages move
the intercepts, a few hundred the weights. Messages are weighted by their sampling. Predictions are
cross-fitted by author: no author's gold ever codes that author's own messages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import minimize

from complaintlab.measure.model import HEADS, Floats, Head, Model, as_probabilities, weighed

FOLDS = 5
MINIMUM = 50
"""Coded messages of a side from which on its gold is used."""

MINIMUM_CASES = 5
"""Cases of either kind that a label needs."""

PRIOR_SD = {"intercept": 1.0, "slope": 0.5, "features": 0.1, "reading": 0.05}
"""How far a weight may stray, on the scale of log-odds."""


@dataclass(frozen=True)
class Update:
    """What gold adds to the scores of one side, per head: weights over [1, score, features, reading].

    Shape of each: (1 + 1 + f + 768) × labels; a label's score enters its own column alone.
    """

    weights: dict[str, Floats]

    def probabilities(self, model: Model, X: Floats, readings: Floats | None) -> dict[str, Floats]:
        """Probabilities (messages × labels) per head, shipped where gold did not reach."""
        found = model.probabilities(X, readings)
        for name, weights in self.weights.items():
            scores = model.weights[name].scores(X, readings)
            moved = scores + _added(weights, scores, X, readings)
            found[name] = as_probabilities(moved, HEADS[model.side][name].kind)
        return found


def learn_update(
    model: Model, X: Floats, readings: Floats, read: NDArray[np.bool_], y: dict[str, Floats], share: Floats
) -> Update:
    """Adapt a model's heads to coded messages.

    Args:
        model: the shipped model of the side.
        X: features (messages × f).
        readings: messages × 768, zero where a message was not read.
        read: which messages were read.
        y: targets per head (messages × labels), NaN where a message was not coded for it.
        share: sampling weights, of mean 1.
    """
    weights = {}
    for name, head in HEADS[model.side].items():
        scores = np.where(
            read[:, None], model.weights[name].scores(X, readings), model.weights[name].scores(X, None)
        )
        coded = ~np.isnan(y[name]).any(axis=1)
        enough = _enough(y[name][coded])
        if not enough.any():
            continue
        found = _fit(scores[coded], X[coded], readings[coded], y[name][coded], share[coded], head)
        weights[name] = np.where(enough | (head.kind == "one of"), found, 0.0)
    return Update(weights)


def _enough(y: Floats) -> NDArray[np.bool_]:
    """Which labels have cases of either kind to learn from."""
    yes = y.sum(axis=0)
    return np.asarray((yes >= MINIMUM_CASES) & (len(y) - yes >= MINIMUM_CASES))


def _added(weights: Floats, scores: Floats, X: Floats, readings: Floats | None) -> Floats:
    f = X.shape[1]
    added = weights[0] + scores * weights[1] + weighed(X, weights[2 : 2 + f])
    if readings is not None:
        added = added + weighed(readings, weights[2 + f :])
    return np.asarray(added)


def _fit(scores: Floats, X: Floats, readings: Floats, y: Floats, share: Floats, head: Head) -> Floats:
    shape = (2 + X.shape[1] + readings.shape[1], scores.shape[1])
    sd = np.concatenate(
        [
            [PRIOR_SD["intercept"], PRIOR_SD["slope"]],
            np.full(X.shape[1], PRIOR_SD["features"]),
            np.full(readings.shape[1], PRIOR_SD["reading"]),
        ]
    )[:, None]

    def objective(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        z = scores + _added(weights, scores, X, readings)
        loss, residual = _loss(z, y, head)
        pull = residual * share[:, None]
        gradient = np.concatenate(
            [pull.sum(axis=0)[None], (pull * scores).sum(axis=0)[None], X.T @ pull, readings.T @ pull]
        )
        penalty = 0.5 * float(((weights / sd) ** 2).sum())
        return float(share @ loss) + penalty, np.asarray((gradient + weights / sd**2).ravel())

    found = minimize(objective, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B")
    return np.asarray(found.x.reshape(shape))


def _loss(z: Floats, y: Floats, head: Head) -> tuple[Floats, Floats]:
    """Negative log-likelihood per message, and its derivative in the scores."""
    if head.kind == "one of":
        highest = z.max(axis=1, keepdims=True)
        total = highest + np.log(np.exp(z - highest).sum(axis=1, keepdims=True))
        return np.asarray(total[:, 0] - (y * z).sum(axis=1)), np.exp(z - total) - y
    return np.asarray((np.logaddexp(0.0, z) - y * z).sum(axis=1)), 1.0 / (1.0 + np.exp(-z)) - y


def fold_of(authors: pl.Series) -> NDArray[np.int64]:
    """Fold of each author, in turn by the order of their ids."""
    ranks = authors.rank("dense").cast(pl.Int64).to_numpy()
    return np.asarray(ranks % FOLDS)
