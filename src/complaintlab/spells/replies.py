"""What a company's reply does: its acts and quality from the measured probabilities."""

from __future__ import annotations

import polars as pl

from complaintlab.labels import ACTS, COURTESIES, HOSTILITIES, REMEDIES

ACT_PROBABILITIES = tuple(f"p_{act}" for act in ACTS)
SEPARATOR = "|"


def acts_expr(threshold: float) -> pl.Expr:
    """Acts with at least this probability, in the codebook's order, joined by ``|`` ("" for none)."""
    named = [pl.when(pl.col(f"p_{act}") >= threshold).then(pl.lit(act)) for act in ACTS]
    return pl.concat_str(named, separator=SEPARATOR, ignore_nulls=True)


def does(act: str, acts: str = "acts") -> pl.Expr:
    """Whether joined acts hold this act; null where they are null."""
    return pl.col(acts).str.split(SEPARATOR).list.contains(act)


def quality_expr(acts: str = "acts") -> pl.Expr:
    """Quality of a reply (codebook, section 2) from its joined acts; null where they are null."""

    def any_of(group: frozenset[str]) -> pl.Expr:
        return pl.any_horizontal(does(act, acts) for act in sorted(group))

    remedied = any_of(REMEDIES)
    bad = any_of(HOSTILITIES) | (does("regret", acts) & ~remedied)
    return (
        pl.when(pl.col(acts).is_null())
        .then(None)
        .when(bad)
        .then(pl.lit("bad"))
        .when(any_of(COURTESIES) & remedied)
        .then(pl.lit("proper"))
        .otherwise(pl.lit("other"))
    )
