"""The texts written for this project, and replies joined from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from complaintlab.errors import UserError
from complaintlab.labels import ACTS
from complaintlab.measure.features import Side

FILES: dict[Side, str] = {"customer": "data/coding/critics.csv", "company": "data/coding/replies.csv"}
KINDS = ("opener", "turn", "bystander", "reply")

SIGNATURE = r"\s*[\^/*~–—-]+\s?[A-Za-z][A-Za-z.]{0,14}(?:\s[A-Z]\.?)?\s*$"
"""At the end of a reply: ^AB, /JK, - Ann."""


def load_texts(root: Path, side: Side) -> pl.DataFrame:
    """Texts of one side: hand (who wrote it), kind, before, text, and the codes; acts in a column each.

    Raises:
        UserError: the file is missing.
    """
    path = root / FILES[side]
    if not path.exists():
        raise UserError(f"There is no {FILES[side]}: restore it from the repository.")
    texts = pl.read_csv(path, infer_schema=False)
    if side == "customer":
        return texts
    done = pl.col("acts").fill_null("").str.split("|")
    acts = {act: done.list.contains(act).cast(pl.Int8).cast(pl.String) for act in ACTS}
    return texts.with_columns(kind=pl.lit("reply"), **acts)


def joined_replies(replies: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """Replies made of two by one hand, which do what either does: acts add up, whatever stands beside them.

    A share of each hand's replies, without their signatures, is followed by others of that hand. Replies
    as they are written teach which acts go together as well: that who apologises does not blame.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for _, own in replies.group_by("hand", maintain_order=True):
        first, second = (own[rng.permutation(own.height)[: round(share * own.height)]] for _ in range(2))
        text = first["text"].str.replace(SIGNATURE, "") + " " + second["text"]
        acts = [pl.Series(act, np.maximum(first[act].to_numpy(), second[act].to_numpy())) for act in ACTS]
        parts.append(first.with_columns(text, *acts, natural=pl.lit("0")))
    return pl.concat(parts)
