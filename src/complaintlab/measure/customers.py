"""What a customer's turn does: stance, complaint, hostility and the rest (codebook, section 1)."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.labels import CRITICAL, STANCES
from complaintlab.measure.lexicon import load_lexicon, scores
from complaintlab.measure.model import TARGETS, Floats

ALONE = ("sarcastic", "complaint", "praise", "nonsense")


def customer_labels(p: dict[str, Floats]) -> pl.DataFrame:
    """Labels of customer turns from the heads' probabilities.

    Hostility is a hurdle (Mullahy 1986): the chance that a text is critical, times the grade expected of
    those that are.

    Returns:
        A row per text, in order: stance (the most probable), p_<stance> ×6, p_sarcastic, p_complaint,
        p_praise, p_nonsense, p_against (as if by a bystander), hostility and severity (expected grades).
    """
    measured = {f"p_{label}": p["stance"][:, place] for place, label in enumerate(STANCES)}
    measured |= {f"p_{name}": p[name][:, 0] for name in ALONE}
    measured["p_against"] = p["target"][:, TARGETS.index("against")]
    critical = p["stance"][:, [STANCES.index(stance) for stance in CRITICAL]].sum(axis=1)
    measured |= {"hostility": critical * p["hostility"].sum(axis=1), "severity": p["severity"].sum(axis=1)}
    stance = pl.Series(STANCES, dtype=pl.Enum(list(STANCES))).gather(p["stance"].argmax(axis=1))
    return pl.DataFrame(measured).with_columns(stance=stance)


def topics(texts: pl.DataFrame) -> pl.Series:
    """What a text is about, by the lexicon's words; for corpora whose clusters nobody has named.

    Args:
        texts: columns text and before.
    """
    lexicon = load_lexicon("customer")
    found = scores(lexicon.observe(texts), lexicon.weights["topic"], texts.height)
    best = np.argmax(np.stack(list(found.values())), axis=0)
    return pl.Series("topic", list(found), dtype=pl.String).gather(best)
