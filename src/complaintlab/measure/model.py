"""The learned measures: from features and readings to calibrated probabilities.

A model of one side has a head per label. A head's score is linear in the features (``features``) and, where
the message was read in context (``embed.reader``), in its reading as well; Platt scaling (Platt 1999),
one for each of the two cases, makes it a probability. Everything was learned from texts written for this
project (``measure.learn``), and calibrated on writers that had been left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays

from complaintlab.labels import ACTS, HOSTILITIES, STANCES
from complaintlab.measure.features import Side, observe

Floats = NDArray[np.float64]
Kind = Literal["one of", "each", "grade"]

TARGETS = ("against", "for", "other")
GRADES = ("1", "2", "3")
"""A grade from 0 to 3 is three questions: at least 1, at least 2, 3. Hostility's are of critical texts."""
SUSPECTED: dict[Side, float] = {"customer": 0.15, "company": 0.2}
"""Chance from which on a rare label (nonsense; hostility) is suspected: several times its share."""


@dataclass(frozen=True)
class Head:
    """Labels that are learned together: one of them holds, each for itself, or the steps of a grade."""

    labels: tuple[str, ...]
    kind: Kind


HEADS: dict[Side, dict[str, Head]] = {
    "customer": {
        "stance": Head(STANCES, "one of"),
        "complaint": Head(("complaint",), "each"),
        "hostility": Head(GRADES, "grade"),
        "severity": Head(GRADES, "grade"),
        "sarcastic": Head(("sarcastic",), "each"),
        "praise": Head(("praise",), "each"),
        "nonsense": Head(("nonsense",), "each"),
        "target": Head(TARGETS, "one of"),
    },
    "company": {"acts": Head(ACTS, "each")},
}


@dataclass(frozen=True)
class Weights:
    """One head: weights over features and reading, and the calibration without and with a reading.

    Shapes: features (f × k), reading (768 × k), intercepts (2 × k), slopes (2 × k): row 0 without a
    reading, row 1 with one.
    """

    features: Floats
    reading: Floats
    intercepts: Floats
    slopes: Floats

    def scores(self, X: Floats, readings: Floats | None) -> Floats:
        """Calibrated scores (messages × labels): log-odds, or the arguments of a softmax."""
        read = int(readings is not None)
        raw = weighed(X, self.features)
        if readings is not None:
            raw = raw + weighed(readings, self.reading)
        return np.asarray(raw * self.slopes[read] + self.intercepts[read])


def weighed(X: Floats, weights: Floats) -> Floats:
    """X @ weights, each row by itself: BLAS lets a row's last digits depend on how many rows there are."""
    return np.asarray(np.einsum("ij,jk->ik", X, weights))


@dataclass(frozen=True)
class Model:
    """The heads of one side, and how sure the rules alone must be to go without a reading."""

    side: Side
    version: str
    features: tuple[str, ...]
    weights: dict[str, Weights]
    sure_from: float

    def observe(self, messages: pl.DataFrame) -> Floats:
        """The features that the weights were learned for (messages × features)."""
        X, names = observe(messages.select("text", "before"), self.side)
        if names != self.features:
            raise RuntimeError(f"the model of the {self.side} was learned from other features: `make models`")
        return X.astype(np.float64)

    def predict(self, messages: pl.DataFrame, readings: Floats | None = None) -> dict[str, Floats]:
        """Probabilities (messages × labels) per head; a grade's are those of reaching each step.

        Args:
            messages: columns text and before.
            readings: messages × 768, or None to go by the features alone.
        """
        return self.probabilities(self.observe(messages), readings)

    def probabilities(self, X: Floats, readings: Floats | None) -> dict[str, Floats]:
        return {
            name: as_probabilities(self.weights[name].scores(X, readings), head.kind)
            for name, head in HEADS[self.side].items()
        }

    def sure(self, messages: pl.DataFrame) -> pl.Series:
        """Of which messages the features alone are sure: of an answer's stance, of every act of a reply.

        Never of a message that answers nothing: the grade of an opener's hostility is in doubt always.
        """
        p = self.predict(messages)
        if self.side == "customer":
            opener = messages.select(pl.col("before").is_null()).to_series().to_numpy()
            certainty = np.where(opener, 0.0, p["stance"].max(axis=1, initial=0.0))
        else:
            certainty = (np.abs(p["acts"] - 0.5) + 0.5).min(axis=1, initial=1.0)
        return pl.Series(certainty >= self.sure_from)

    def suspects(self, messages: pl.DataFrame) -> pl.Series:
        """Which openers the features suspect of nonsense, which replies of being hostile.

        These labels are so rare that calibrated rules alone hardly ever find them more likely than not.
        """
        p = self.predict(messages)
        if self.side == "customer":
            opener = messages.select(pl.col("before").is_null()).to_series().to_numpy()
            chance = np.where(opener, p["nonsense"][:, 0], 0.0)
        else:
            chance = p["acts"][:, [ACTS.index(act) for act in sorted(HOSTILITIES)]].max(axis=1, initial=0.0)
        return pl.Series(chance >= SUSPECTED[self.side])


def as_probabilities(scores: Floats, kind: Kind) -> Floats:
    """Scores as probabilities: they sum to one, stand each for itself, or fall from step to step."""
    if kind == "one of":
        raised = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))
    odds = np.asarray(1.0 / (1.0 + np.exp(-scores)))
    return np.minimum.accumulate(odds, axis=1) if kind == "grade" else odds


@cache
def load_model(side: Side) -> Model:
    """The shipped model of one side."""
    folder = files(__package__) / "models"
    stated = json.loads((folder / f"{side}.json").read_text(encoding="utf-8"))
    arrays = load_arrays((folder / f"{side}-heads.safetensors").read_bytes())
    weights = {
        head: Weights(
            *(
                arrays[f"{head}.{part}"].astype(np.float64)
                for part in ("features", "reading", "intercepts", "slopes")
            )
        )
        for head in HEADS[side]
    }
    return Model(side, stated["version"], tuple(stated["features"]), weights, stated["sure_from"])
