"""What a company's reply does: the acts, and the quality that follows from them (codebook, section 2)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, COURTESIES, HOSTILITIES, REMEDIES
from complaintlab.measure.model import Floats

ACT_THRESHOLD = 0.4
"""Half of the F1 that the acts reach, which is where F1 is greatest (Lipton, Elkan & Naryanaswamy 2014)."""


def company_labels(p: dict[str, Floats]) -> pl.DataFrame:
    """Probabilities of the acts of company replies, which are not exclusive: p_<act> ×16 per text."""
    return pl.DataFrame({f"p_{act}": p["acts"][:, place] for place, act in enumerate(ACTS)})


def with_quality(acts: pl.DataFrame) -> pl.DataFrame:
    """Add p_proper, p_bad and the list of acts to the acts' probabilities.

    The acts are taken as independent given the text; the probability of a quality is then that of the
    sets of acts which ``labels.reply_quality`` gives that quality. Probabilities of 0 and 1 give exactly
    its answer. Null where the acts are null.
    """
    p = {act: acts[f"p_{act}"].fill_null(0.0).to_numpy() for act in ACTS}
    peaceful = _none(p, HOSTILITIES)
    remediless = _none(p, REMEDIES)
    proper = (1.0 - _none(p, COURTESIES)) * (1.0 - remediless) * peaceful
    bad = 1.0 - peaceful * (1.0 - p["regret"] * remediless)
    unknown = pl.col("p_apology").is_null()
    done = [pl.when(pl.col(f"p_{act}") >= ACT_THRESHOLD).then(pl.lit(act)) for act in ACTS]
    return acts.with_columns(
        p_proper=pl.when(~unknown).then(pl.Series(proper)),
        p_bad=pl.when(~unknown).then(pl.Series(np.clip(bad, 0.0, 1.0))),
        acts=pl.when(~unknown).then(
            pl.concat_list(done).list.drop_nulls().cast(pl.List(pl.Enum(list(ACTS))))
        ),
    )


def _none(p: dict[str, Floats], acts: Iterable[str]) -> Floats:
    """Probability that none of ``acts`` is done; the product is taken in the codebook's order."""
    product = np.ones_like(p[ACTS[0]])
    for act in ACTS:
        if act in frozenset(acts):
            product = product * (1.0 - p[act])
    return product
