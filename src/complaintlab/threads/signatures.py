"""Agents' signatures in company replies: ``^AB``, ``/JK``, ``-Ann``, ``*TR``, ``~Ann``.

A mark before a name is a signature only where the company makes a habit of it: a scheme (company, place
in the text, mark) counts from ``MIN_REPLIES`` replies on that are at least ``MIN_SHARE`` of its replies.
A name without a mark ("Thanks. Robbie") is left alone, since nothing tells it from the text.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from complaintlab.ids import Key

MIN_REPLIES: Final = 5
MIN_SHARE: Final = 0.05
TAIL: Final = 120  # characters from the end in which a signature is looked for, links after it included

_BEFORE = r"(?:^|[^\p{L}\p{N}]|(?i:thanks|thx|regards|rgds|cheers|ty))"
_MARKED = r"(?P<mark>[*~=/]|[-–—]{1,2})\s?(?P<name>\p{Lu}\p{L}{0,14})"
_CARET = r"(?P<caret>\^)\s?(?P<initials>\p{L}{1,15})"
_AFTER = r"(?P<after>(?:\s*[(\[]?\d\s?/\s?\d[)\]]?)?(?:\s*https?://\S+)*\s*)$"
_END: Final = rf"(?:{_BEFORE}(?P<cut>\s?{_MARKED}[.!]?)|(?P<cut_caret>{_CARET}[.!]?)){_AFTER}"
_START: Final = (
    r"^(?P<before>(?:@\S+\s+)*)(?P<mark>[\^*~])\s?(?P<name>\p{Lu}\p{L}{0,14}|\p{Ll}{2})\b[:,.]?\s*"
)
_NO_NAMES: Final = ("thanks", "thx", "ty", "regards", "rgds", "cheers")


def sign_off(replies: pl.DataFrame, key: Key) -> pl.DataFrame:
    """Take the signatures off company replies.

    Args:
        replies: columns ``row`` (unique), ``company`` and ``text``, official posts only.
        key: made of the source's fingerprint, so that agents' ids differ between studies.

    Returns:
        The signed replies only, by ``row``: ``agent_id`` (id of company and signature, letter case aside)
        and ``text`` without the signature; links and part marks after it are kept.
    """
    signed = _habitual(pl.concat([_at_end(replies), _at_start(replies)]), replies)
    first = signed.sort("row", "place").unique("row", keep="first", maintain_order=True)
    named = first["company"] + "\n" + first["name"].str.to_lowercase()
    return first.select("row", "text").with_columns(agent_id=key.pseudonyms("agent", named))


def _at_end(replies: pl.DataFrame) -> pl.DataFrame:
    tail = pl.col("text").str.tail(TAIL)
    found = (
        replies.with_columns(found=tail.str.extract_groups(_END))
        .unnest("found")
        .filter(pl.any_horizontal(pl.col("name", "initials").is_not_null()))
    )
    cut = pl.coalesce("cut", "cut_caret").str.len_chars() + pl.col("after").str.len_chars()
    body = pl.col("text").str.head(-cut.cast(pl.Int64))
    whole = pl.concat_str(body.str.strip_chars_end(), pl.col("after").str.strip_chars(), separator=" ")
    return found.select(
        "row",
        "company",
        whole.str.strip_chars_end().alias("text"),
        place=pl.lit("end"),
        mark=pl.coalesce("mark", "caret").str.head(1).str.replace("[–—]", "-"),
        name=pl.coalesce("name", "initials"),
    )


def _at_start(replies: pl.DataFrame) -> pl.DataFrame:
    near = replies.filter(pl.col("text").str.contains(_START))
    found = near.with_columns(found=pl.col("text").str.extract_groups(_START)).unnest("found")
    body = pl.col("text").str.replace(_START, "${before}")
    return found.select("row", "company", body, pl.lit("start").alias("place"), "mark", "name")


def _habitual(candidates: pl.DataFrame, replies: pl.DataFrame) -> pl.DataFrame:
    """Candidates of the schemes that their company uses as a habit."""
    scheme = ["company", "place", "mark"]
    named = candidates.filter(~pl.col("name").str.to_lowercase().is_in(_NO_NAMES))
    totals = replies.group_by("company").agg(total=pl.len())
    habits = (
        named.group_by(scheme)
        .agg(signed=pl.len())
        .join(totals, on="company")
        .filter(pl.col("signed") >= MIN_REPLIES, pl.col("signed") >= MIN_SHARE * pl.col("total"))
    )
    return named.join(habits, on=scheme, how="semi")
