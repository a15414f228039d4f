"""Split replies: one message posted in parts, "(1/2)" and "2/2", or "… (cont)" and what follows it.

Two posts of one author in one thread are parts of one message where both are posted within ``WITHIN`` and
the later part answers the same post as the first, or answers the author. Numbers alone are no evidence:
"1/2 week" and "24/7" have no second part.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

WITHIN: Final = dt.timedelta(minutes=10)

_PART = r"[(\[]?(?P<part>[1-9])\s?(?:/|of)\s?(?P<parts>[2-9])[)\]]?"
_SIGNED = r"\s*(?P<signed>(?:[\^*~/]|-{1,2})\s?\p{L}{1,15})?"
_AT_END: Final = rf"(?P<before>^|[^\d\s])\s*{_PART}[.:]?{_SIGNED}\s*$"
_AT_START: Final = rf"^(?P<before>(?:@\S+\s+)*){_PART}(?:[.:\s]+|$)"
_HANDLES: Final = r"^(?:@\S+\s+)+"
_HINT: Final = r"[1-9]\s?(?:/|of)\s?[2-9]"
_CONTINUED: Final = r"(?i)[\s(\[….]+cont(?:d|inued)?[.…]*[)\]]?\s*$"


def join_splits(posts: pl.DataFrame) -> pl.DataFrame:
    """Find split messages and join them.

    Args:
        posts: columns ``row`` (unique; ties in time fall to the lower), ``thread``, ``author_id``,
            ``parent_id``, ``parent_author`` (null where the parent is not here), ``created_at``, ``text``.

    Returns:
        One row per part, sorted by ``first`` and order: ``row``, ``first`` (row of the first part) and
        ``joined``, the whole message without its marks and the handles that its later parts repeat.
    """
    known = posts.filter(pl.col("author_id").is_not_null())
    numbered = _number_links(_numbered(known))
    taken = pl.concat([numbered["row"], numbered["first"]]).unique()
    continued = _continuation_links(known.filter(~pl.col("row").is_in(taken.implode())))
    later = pl.col("bare").str.replace(_HANDLES, "")
    part = pl.when(pl.col("row") == pl.col("first")).then("bare").otherwise(later)
    return (
        pl.concat([numbered, continued])
        .sort("first", "order", "row")
        .select("row", "first", joined=part.str.join(" ").over("first"))
    )


def _numbered(posts: pl.DataFrame) -> pl.DataFrame:
    """Posts that carry a valid part number: ``part`` of ``parts``, and ``bare``, the text without it."""
    near = posts.filter(pl.col("text").str.contains(_HINT))
    found = pl.concat(
        near.with_columns(
            found=pl.col("text").str.extract_groups(pattern),
            bare=pl.col("text").str.replace(pattern, rest).str.strip_chars(),
        )
        .unnest("found")
        .select(*posts.columns, "part", "parts", "bare")
        .with_columns(pl.col("part", "parts").cast(pl.Int64))
        .filter(pl.col("part") <= pl.col("parts"))
        for pattern, rest in ((_AT_END, "${before} ${signed}"), (_AT_START, "${before}"))
    )
    return found.unique("row", keep="first", maintain_order=True)


def _number_links(numbered: pl.DataFrame) -> pl.DataFrame:
    """Each later part with the nearest first part that it can belong to, and those first parts."""
    first = numbered.filter(pl.col("part") == 1).select(
        "thread", "author_id", "parts", "parent_id", "created_at", first="row", first_bare="bare"
    )
    apart = (pl.col("created_at") - pl.col("created_at_first")).abs()
    links = (
        numbered.filter(pl.col("part") > 1)
        .join(first, on=["thread", "author_id", "parts"], suffix="_first")
        .with_columns(apart=apart)
        .filter(pl.col("apart") <= WITHIN, _answers_alike("parent_id_first"))
        .sort("apart", "first", "row")
        .unique("row", keep="first", maintain_order=True)
        .unique(["first", "part"], keep="first", maintain_order=True)
    )
    heads = links.unique("first").select(row="first", first="first", order=pl.lit(1), bare="first_bare")
    parts = links.select("row", "first", order=pl.col("part"), bare="bare")
    return pl.concat([heads, parts], how="vertical_relaxed")


def _continuation_links(posts: pl.DataFrame) -> pl.DataFrame:
    """Posts that end in "(cont)" with the author's next posts, each within ``WITHIN`` of the one before."""
    by_author = ["thread", "author_id"]
    flagged = posts.filter(pl.col("text").str.contains(_CONTINUED))
    near = (
        posts.join(flagged, on=by_author, how="semi")
        .sort(*by_author, "created_at", "row")
        .with_columns(goes_on=pl.col("text").str.contains(_CONTINUED))
    )
    before = pl.col("parent_id", "created_at", "goes_on").shift(1).over(by_author).name.suffix("_before")
    follows = (
        pl.col("goes_on_before")
        & (pl.col("created_at") - pl.col("created_at_before") <= WITHIN)
        & _answers_alike("parent_id_before")
    )
    placed = near.with_columns(before).with_columns(follows=follows.fill_null(False))
    head = pl.when(~pl.col("follows")).then("row").forward_fill()
    return (
        placed.with_columns(first=head, order=pl.int_range(pl.len(), dtype=pl.Int64))
        .filter(pl.len().over("first") > 1)
        .select("row", "first", "order", bare=pl.col("text").str.replace(_CONTINUED, ""))
    )


def _answers_alike(parent_of_first: str) -> pl.Expr:
    """The part answers what the first part answers, or its own author."""
    own = (pl.col("parent_author") == pl.col("author_id")).fill_null(False)
    return own | (pl.col("parent_id") == pl.col(parent_of_first)).fill_null(False)
