"""What codes ask of the heads: targets of learning (``learn``) and of adapting to gold (``adapt``)."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.labels import CRITICAL
from complaintlab.measure.features import Side
from complaintlab.measure.model import HEADS, Floats, Head


def targets(codes: pl.DataFrame, side: Side) -> dict[str, Floats]:
    """Per head a matrix (texts × labels) of 0 and 1, NaN where a text was not coded for it.

    A grade's columns are its steps: at least 1, at least 2, 3. Hostility is asked of critical texts alone:
    how hostile are those that complain?

    Args:
        codes: a row per text, a column per label with its code as a string; one that is missing was not
            coded. Acts have a column each.
    """
    return {name: _target(codes, name, head) for name, head in HEADS[side].items()}


def known(target: Floats) -> NDArray[np.bool_]:
    """Which texts were coded for a head."""
    return np.asarray(~np.isnan(target).any(axis=1))


def _target(codes: pl.DataFrame, name: str, head: Head) -> Floats:
    if name == "acts":
        columns = [_codes(codes, act).cast(pl.Float64) for act in head.labels]
    elif head.kind == "one of":
        columns = [(_codes(codes, name) == label).cast(pl.Float64) for label in head.labels]
    elif head.kind == "grade":
        grade = _critical(codes, name) if name == "hostility" else _codes(codes, name)
        columns = [(grade.cast(pl.Float64) >= float(step)).cast(pl.Float64) for step in head.labels]
    else:
        columns = [_codes(codes, name).cast(pl.Float64)]
    return np.stack([column.fill_null(np.nan).to_numpy() for column in columns], axis=1)


def _codes(codes: pl.DataFrame, label: str) -> pl.Series:
    missing = pl.Series(label, [None] * codes.height, dtype=pl.String)
    return codes[label].cast(pl.String) if label in codes.columns else missing


def _critical(codes: pl.DataFrame, name: str) -> pl.Series:
    """The codes of texts whose stance is critical, or that are a complaint where no stance was coded."""
    coded = pl.DataFrame({label: _codes(codes, label) for label in (name, "stance", "complaint")})
    critical = pl.coalesce(pl.col("stance").is_in(CRITICAL), pl.col("complaint") == "1")
    return coded.select(pl.when(critical).then(name)).to_series()
