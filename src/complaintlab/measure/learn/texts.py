"""The texts written for this project, and what their codes ask of each head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.errors import UserError
from complaintlab.measure.features import Side
from complaintlab.measure.model import GRADES, HEADS, Floats, Head

FILES: dict[Side, str] = {"customer": "data/coding/critics.csv", "company": "data/coding/replies.csv"}
KINDS = ("opener", "turn", "bystander", "reply")


def load_texts(root: Path, side: Side) -> pl.DataFrame:
    """Texts of one side: hand (who wrote it), kind, before, text, and the codes as the file has them.

    Raises:
        UserError: the file is missing.
    """
    path = root / FILES[side]
    if not path.exists():
        raise UserError(f"There is no {FILES[side]}: restore it from the repository.")
    texts = pl.read_csv(path, infer_schema=False)
    return texts if "kind" in texts.columns else texts.with_columns(kind=pl.lit("reply"))


def targets(texts: pl.DataFrame, side: Side) -> dict[str, Floats]:
    """Per head a matrix (texts × labels) of 0 and 1, NaN where a text was not coded for it.

    A grade's columns are its steps: at least 1, at least 2, 3.
    """
    return {name: _target(texts, name, head) for name, head in HEADS[side].items()}


def _target(texts: pl.DataFrame, name: str, head: Head) -> Floats:
    if name == "acts":
        done = texts["acts"].fill_null("").str.split("|")
        return np.stack([done.list.contains(act).to_numpy() for act in head.labels], axis=1).astype(float)
    coded = texts[name].cast(pl.String)
    if head.kind == "one of":
        columns = [(coded == label).cast(pl.Float64) for label in head.labels]
    elif head.kind == "grade":
        columns = [(coded.cast(pl.Float64) >= float(step)).cast(pl.Float64) for step in GRADES]
    else:
        columns = [coded.cast(pl.Float64)]
    return np.stack([column.fill_null(np.nan).to_numpy() for column in columns], axis=1)


def known(target: Floats) -> NDArray[np.bool_]:
    """Which texts were coded for a head."""
    return np.asarray(~np.isnan(target).any(axis=1))
