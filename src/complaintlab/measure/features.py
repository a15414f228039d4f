"""What is seen of a message without an encoder: the lexicon's patterns, and how the message is written.

These features are rules of general English; what they weigh is learned (``models``). Each message is looked
at with the message before it, and with nothing else.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.measure.lexicon import load_lexicon

Side = Literal["customer", "company"]
SIDES: tuple[Side, ...] = ("customer", "company")

_HANDLES_AND_LINKS = r"@\w+|https?://\S+"
_MOST_MARKS = 4


def observe(texts: pl.DataFrame, side: Side) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Features of messages of one side.

    Args:
        texts: columns text and before (the message that it answers, null where there is none).
        side: whose lexicon to read them by.

    Returns:
        A matrix (messages × features) of numbers between 0 and about 2, and the features' names. A customer's
        features stand twice, once for answers alone: a fault that opens a thread complains, one that
        answers a question need not.
    """
    found = load_lexicon(side).observe(texts)
    written = texts.select(**_MANNER).cast(pl.Float32)
    columns = [*(held.astype(np.float32) for held in found.values()), *written.to_numpy().T]
    names = (*found, *written.columns)
    seen = np.stack(columns, axis=1)
    if side == "company":
        return seen, names
    answering = seen * seen[:, [names.index("answers")]]
    return np.hstack([seen, answering]), (*names, *(f"{name} in an answer" for name in names))


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.count_matches(r"\S+").cast(pl.Float32)


def _marks(text: pl.Expr, mark: str) -> pl.Expr:
    return text.str.count_matches(mark, literal=True).clip(0, _MOST_MARKS) / _MOST_MARKS


_TEXT = pl.col("text").fill_null("")
_BARE = _TEXT.str.replace_all(_HANDLES_AND_LINKS, "").str.strip_chars()
_BEFORE = pl.col("before").fill_null("")

_MANNER: dict[str, pl.Expr] = {
    "shouted": _BARE.str.count_matches(r"\b[A-Z]{3,}\b") / (_words(_BARE) + 1),
    "exclaims": _marks(_TEXT, "!"),
    "asks": _marks(_BARE, "?"),
    "ends_asking": _BARE.str.ends_with("?"),
    "length": _words(_BARE).log1p() / 2,
    "short": _words(_BARE) < 4,
    "wordless": _BARE == "",
    "answers": _BEFORE != "",
    "was_asked": _BEFORE.str.contains("?", literal=True),
    "length_before": _words(_BEFORE).log1p() / 2,
}
"""How a message is written: feature → expression over text and before."""
