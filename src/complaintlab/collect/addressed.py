"""Which companies a post speaks to: said outright, mentioned, host of the page, or the one that answers."""

from __future__ import annotations

import polars as pl

from complaintlab.collect.handles import official_pattern

_PAIRS = pl.Schema({"position": pl.UInt32, "company": pl.String})


def named(column: str, names: dict[str, str]) -> pl.Expr:
    """The company that a column's value stands for, in any case and with or without ``@``; else null."""
    if not names:
        return pl.lit(None, pl.String)
    value = pl.col(column).str.strip_chars().str.strip_prefix("@").str.to_lowercase()
    return value.replace_strict(names, default=None, return_dtype=pl.String)


def addressed(rows: pl.DataFrame, names: dict[str, str], *, answer_tells: bool = False) -> pl.Series:
    """Companies that each post speaks to.

    The raw column ``addressed`` decides where it is filled; else the companies that the text mentions and
    the one whose page the post stands on; with ``answer_tells``, where there is none of these and the author
    is no company himself, the companies that answer the post directly.

    Args:
        rows: ``post_id`` (distinct), ``parent_id``, ``company``, ``text``, ``addressed``, ``place`` (String).
        names: account or name in lower case → company.

    Returns:
        List(String) series ``addressed``: companies distinct and sorted, an empty list where there is none.
    """
    rows = rows.with_row_index("position")
    found = _listed(rows, names)
    found = _with_others(found, pl.concat([_mentioned(rows, names), _hosting(rows, names)]))
    if answer_tells:
        found = _with_others(found, _answering(rows.join(found, on="position", how="anti"), rows))
    lists = found.unique().sort("position", "company").group_by("position", maintain_order=True)
    joined = rows.select("position").join(
        lists.agg("company"), on="position", how="left", maintain_order="left"
    )
    return joined["company"].fill_null(pl.Series([[]], dtype=pl.List(pl.String))).alias("addressed")


def _with_others(found: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """``found`` and those of ``others`` whose post is not in ``found``."""
    return pl.concat([found, others.join(found, on="position", how="anti")])


def _listed(rows: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """Companies joined by ``|`` or else by commas; unknown ones under their own name."""
    filled = rows.filter(pl.col("addressed").is_not_null()).select("position", name="addressed")
    by_bar = pl.col("name").str.contains("|", literal=True)
    parts = pl.when(by_bar).then(pl.col("name").str.split("|")).otherwise(pl.col("name").str.split(","))
    single = filled.with_columns(parts).explode("name").with_columns(pl.col("name").str.strip_chars())
    pairs = single.filter(pl.col("name") != "").select(
        "position", company=pl.coalesce(named("name", names), pl.col("name").str.strip_prefix("@"))
    )
    return pairs.cast(_PAIRS)


def _mentioned(rows: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    pattern = official_pattern(list(names))
    if pattern is None:
        return pl.DataFrame(schema=_PAIRS)
    mentions = rows.select("position", name=pl.col("text").str.extract_all(pattern))
    single = mentions.filter(pl.col("name").list.len() > 0).explode("name")
    return single.select("position", company=named("name", names)).cast(_PAIRS)


def _hosting(rows: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    return rows.select("position", company=named("place", names)).drop_nulls().cast(_PAIRS)


def _answering(asked: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    asked = asked.filter(pl.col("company").is_null()).select("position", "post_id")
    answers = rows.filter(pl.col("company").is_not_null()).select("parent_id", "company")
    return asked.join(answers, left_on="post_id", right_on="parent_id").select("position", "company")
