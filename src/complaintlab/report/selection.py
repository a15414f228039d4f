"""Which curves and checks the report shows: those of answered claims; others would be read as answers."""

from __future__ import annotations

import polars as pl

from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.strategies import TIMING_CONTRASTS

CURVES = ("T1", "T2", "T4", "T5", "T6")
"""Timing claims whose curves are drawn; the others ask the same in another window or population."""


def shown_curves(curves: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Curves of the primary outcome of each answered claim of :data:`CURVES`, in the order of ``verdicts``.

    Risks are in the figure ``trial_<contrast>``, mean counts in ``counts_<contrast>``: two claims may share a
    contrast.
    """
    kind = pl.when(pl.col("scale") == "log_rr").then(pl.lit("counts_")).otherwise(pl.lit("trial_"))
    wanted = _answered(verdicts).filter(pl.col("claim").is_in(CURVES))
    keys = wanted.select(figure=kind + pl.col("contrast"), outcome="outcome").with_row_index("place")
    found = curves.join(keys, on=["figure", "outcome"], maintain_order="left")
    return found.sort("place", maintain_order=True).drop("place")


def shown_balance(balance: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Balance of the arms of each answered claim, in the order of ``verdicts``."""
    rows = _answered(verdicts).select("claim", "contrast").iter_rows()
    arms = [EXPOSURES[claim].within_groups if claim in EXPOSURES else contrast for claim, contrast in rows]
    order = {contrast: place for place, contrast in enumerate(dict.fromkeys(arms))}
    kept = balance.filter(pl.col("contrast").is_in(list(order)))
    return kept.sort(pl.col("contrast").replace_strict(order, return_dtype=pl.Int64), maintain_order=True)


def shown_positivity(positivity: pl.DataFrame) -> pl.DataFrame:
    """Of each population of complaints the trial of the first claim about it: the others differ by little.

    Praise is left out: it is hardly ever hostile, and the map is by hostility. So is a population of nobody.
    """
    first: dict[str, str] = {}
    for contrast in TIMING_CONTRASTS.values():
        if contrast.population != "praise":
            first.setdefault(contrast.population, contrast.name)
    peopled = pl.col("at_risk").sum().over("contrast") > 0
    return positivity.filter(pl.col("contrast").is_in(list(first.values())), peopled)


def _answered(verdicts: pl.DataFrame) -> pl.DataFrame:
    return verdicts.filter(pl.col("estimate").is_not_null())
