"""The coded messages of each measure, as numbers."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.agreement import Floats, Integers

COMPLAINT_THRESHOLD = 0.5


def customers(judged: pl.DataFrame, code: str) -> pl.DataFrame:
    """Customers' messages that were measured and coded for ``code``.

    A message that the threads gave the other side's role was not measured for what was coded and is left
    out.
    """
    return judged.filter(
        pl.col("role") != "company", pl.col("stance").is_not_null(), pl.col(code).is_not_null()
    )


def replies(judged: pl.DataFrame) -> pl.DataFrame:
    """Companies' replies that were measured and coded."""
    return judged.filter(
        pl.col("role") == "company", pl.col("coded_acts").is_not_null(), pl.col("p_apology").is_not_null()
    )


def stance_numbers(stances: pl.Series) -> Integers:
    """Place of each stance in the codebook's order."""
    rank = {label: place for place, label in enumerate(STANCES)}
    return stances.cast(pl.String).replace_strict(rank, return_dtype=pl.Int64).to_numpy()


def stance_chances(judged: pl.DataFrame) -> Floats:
    """Probabilities of the stances, a column each."""
    return np.stack([judged[f"p_{stance}"].to_numpy() for stance in STANCES], axis=1)


def coded_acts(judged: pl.DataFrame) -> NDArray[np.bool_]:
    """Whether each reply was coded as doing each act, a column each."""
    given = judged["coded_acts"].cast(pl.List(pl.String))
    return np.stack([given.list.contains(act).to_numpy() for act in ACTS], axis=1)


def act_chances(judged: pl.DataFrame) -> Floats:
    """Probabilities of the acts, a column each."""
    return np.stack([judged[f"p_{act}"].to_numpy() for act in ACTS], axis=1)
