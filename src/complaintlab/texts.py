"""Texts brought to one form, so that what says the same is measured and embedded once."""

from __future__ import annotations

import hashlib

import polars as pl

NORMALISER_VERSION = "1"

_HASH_BYTES = 10

_STEPS: tuple[tuple[str, str], ...] = (
    (r"https?://\S+|www\.\S+", " LINK "),
    (r"[\w.+-]+@[\w-]+\.\w[\w.-]*", " MAIL "),
    (r"(^|[^\w@])@\w+", "${1} NAME "),
    (r"\d+", "0"),
    (r"\s{2,}|[^\S ]", " "),  # a single space is left as it is: six times faster than replacing every one
)
"""Pattern → slot, in this order: what differs between two copies of one message."""


def normalise(text: pl.Expr) -> pl.Expr:
    """Lower-case text with links, addresses, handles and digits slotted and white space folded."""
    expression = text.str.to_lowercase()
    for pattern, slot in _STEPS:
        expression = expression.str.replace_all(pattern, slot)
    return expression.str.strip_chars()


def text_hash(normalised: str) -> str:
    """80-bit hash of a normalised text, 20 hex digits: the key of its vector."""
    return hashlib.blake2b(normalised.encode(), digest_size=_HASH_BYTES).hexdigest()


def text_hashes(texts: pl.Series) -> pl.Series:
    """Hashes of the normalised forms of a String series, null where it is null."""
    normalised = texts.to_frame("text").select(normalise(pl.col("text"))).to_series()
    return pl.Series([None if form is None else text_hash(form) for form in normalised], dtype=pl.String)
