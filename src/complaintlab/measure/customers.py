"""What a customer's turn does: stance, complaint, hostility and the rest (codebook, section 1)."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.labels import STANCES
from complaintlab.measure.lexicon import load_lexicon, logistic, scores, softmax

HIGHEST_GRADE = 3.0
"""Hostility and severity are grades from 0 to 3."""


def measure_customers(texts: pl.DataFrame) -> pl.DataFrame:
    """Labels of customer turns.

    Stance is a softmax over the lexicon's scores, so its six probabilities sum to one; the other
    probabilities are logistic; hostility and severity are sums of grades, cut to [0, 3].

    Args:
        texts: columns text and before (the message that it answers, null where there is none).

    Returns:
        A row per text, in order: stance, p_<stance> ×6, p_sarcastic, p_complaint, p_praise, p_nonsense,
        p_against (as if by a bystander), hostility, severity, topic.
    """
    lexicon, n = load_lexicon("customer"), texts.height
    features = lexicon.observe(texts)
    stance = softmax(scores(features, lexicon.weights["stance"], n))
    topic = scores(features, lexicon.weights["topic"], n)
    odds = scores(features, lexicon.weights["logistic"], n)
    grades = scores(features, lexicon.weights["additive"], n)
    measured = {f"p_{label}": stance[label] for label in STANCES}
    measured |= {f"p_{label}": logistic(value) for label, value in odds.items()}
    measured["p_against"] = np.minimum(stance["escalates"] + stance["persists"], 1.0)
    measured |= {grade: np.clip(value, 0.0, HIGHEST_GRADE) for grade, value in grades.items()}
    return pl.DataFrame(measured).with_columns(
        stance=_most(stance, STANCES).cast(pl.Enum(list(STANCES))), topic=_most(topic, tuple(topic))
    )


def _most(score: dict[str, np.ndarray], labels: tuple[str, ...]) -> pl.Series:
    """The label of the highest score per row, the first of equals."""
    best = np.argmax(np.stack([score[label] for label in labels]), axis=0)
    return pl.Series(labels, dtype=pl.String).gather(best)
