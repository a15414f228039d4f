"""Mojibake: UTF-8 that somebody read as Windows-1252 and saved again."""

from __future__ import annotations

import re

import ftfy
import polars as pl

_LEAD = "\u00c2-\u00f4"
_CONTINUATION = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_SUSPECT = f"[{_LEAD}][{_CONTINUATION}]"
"""A first and a continuation byte of UTF-8, as Windows-1252 or Latin-1 show them."""

UNDECODED = re.compile("[\udc80-\udcff]")
"""Bytes that are no UTF-8, as Python's error handler ``surrogateescape`` keeps them."""


def repair(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Mend mojibake in the few texts that have it, with ftfy's rules (Speer 2019); the rest stay untouched.

    Args:
        texts: String series.

    Returns:
        The texts, and a Boolean series that is true where a text was changed.
    """
    suspect = texts.str.contains(_SUSPECT).fill_null(False)
    before = texts.filter(suspect)
    after = pl.Series(texts.name, [ftfy.fix_encoding(text) for text in before], dtype=pl.String)
    changed = before != after
    where = suspect.arg_true().filter(changed)
    mended = texts.scatter(where, after.filter(changed)) if len(where) else texts
    repaired = pl.Series("repaired", [False]).new_from_index(0, len(texts)).scatter(where, True)
    return mended, repaired


def mend_bytes(text: str) -> str:
    """Read each byte that is no UTF-8 as Windows-1252; a byte that has no meaning there becomes U+FFFD."""
    return UNDECODED.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace"), text)
