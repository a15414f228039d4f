"""How far plausible errors of the labels could move an estimate: sensitivity and specificity by arm.

What stands in for a correction where too few episodes were coded. It is about the outcome alone: errors in
what a reply does and in confounders are not in it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from complaintlab.models.reply_effects.rows import Row, row

VARIANT, LOWEST, HIGHEST = "label_grid", "label_grid_lowest", "label_grid_highest"

WORLD = "world"
"""How ``quality`` marks a world's own truth."""

LABEL_OF = {
    "turned": ("stance", "resolved"),
    "escalated": ("stance", "escalates"),
    "advocate": ("stance", "advocates"),
    "later_praise": ("stance", "advocates"),
    "praise": ("stance", "advocates"),
    "recurrences": ("complaint", "complaint"),
    "spread": ("stance", "escalates"),
}
"""Outcome → the label whose recall says how much of it is found where the outcome itself was not judged."""

SENSITIVITIES = (0.5, 0.7, 0.9)
SPECIFICITIES = (0.97, 0.99, 1.0)
"""Taken where nothing was judged: a weak, a middling and a good measure of a turn's stance."""


@dataclass(frozen=True)
class Plausible:
    """A low, a middle and a high value of each, for one outcome."""

    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]


def judged_here(quality: pl.DataFrame, source: pl.DataFrame) -> pl.DataFrame:
    """The quality that speaks for this source: a world's own truth for a world, else coded messages."""
    own = quality.filter(pl.col("corpus") == WORLD)
    simulated = bool(source["simulated"].any())
    return own if simulated and own.height else quality.filter(pl.col("corpus") != WORLD)


def plausible(outcome: str, quality: pl.DataFrame) -> Plausible:
    """From what was judged: over the arms by reply delay the lowest and highest limit, and the median.

    ``quality`` is that of one kind of coders, all subgroups. Where the outcome was not judged by arm, its
    label's recall is the sensitivity.
    """
    arms = quality.filter(
        pl.col("measure") == "outcome",
        pl.col("label") == outcome,
        pl.col("subgroup").str.starts_with("arm: "),
    )
    measure, label = LABEL_OF.get(outcome, ("outcome", outcome))
    recall = quality.filter(
        pl.col("measure") == measure, pl.col("label") == label, pl.col("subgroup") == "all"
    )
    sensitivity = _span(arms, "sensitivity") or _span(recall, "recall") or SENSITIVITIES
    return Plausible(sensitivity, _span(arms, "specificity") or SPECIFICITIES)


def grid_rows(estimates: pl.DataFrame, quality: pl.DataFrame) -> Iterator[Row]:
    """Rows of one claim: nine for sensitivity by arm, then lowest and highest, specificity by arm as well.

    Risks are corrected arm by arm (Rogan & Gladen 1978), ratios of means by the ratio of sensitivities.
    Nothing where there is no primary estimate or no risk of the second arm, or where the outcome is none of
    complaints but a share of bystanders' turns. ``subgroup`` names the values, first arm first.

    Args:
        estimates: of one claim, among them variants ``primary`` and ``reference``.
        quality: as for :func:`plausible`.
    """
    judged = pl.col("outcome").is_in(list(LABEL_OF))
    known = estimates.filter(judged, pl.col("variant") == "primary", pl.col("estimate").is_not_null())
    if known.is_empty():
        return
    primary = known.row(0, named=True)
    risk = estimates.filter(pl.col("variant") == "reference", pl.col("scale").cast(pl.String) == "risk")
    ratio, reference = str(primary["scale"]) == "log_rr", risk["estimate"].first()
    if not ratio and (str(primary["scale"]) != "rd" or reference is None):
        return
    values = plausible(primary["outcome"], quality)
    middle = values.specificity[1]
    key: Row = {
        name: primary[name] for name in ("claim", "contrast", "outcome", "model", "time_days", "seed")
    }
    key |= {"scale": str(primary["scale"]), "n": primary["n"], "converged": True}

    def at(se: tuple[float, float], sp: tuple[float, float]) -> float | None:
        if ratio:
            return float(primary["estimate"]) + math.log(se[1] / se[0])
        assert isinstance(reference, float)
        arms = [
            rogan_gladen(observed, *error)
            for observed, error in zip(
                (reference + primary["estimate"], reference), zip(se, sp, strict=True), strict=True
            )
        ]
        return None if arms[0] is None or arms[1] is None else arms[0] - arms[1]

    by_name: dict[str, float] = {}
    everywhere: dict[str, float] = {}
    for se, sp in itertools.product(_pairs(values.sensitivity), _pairs(values.specificity)):
        found, name = at(se, sp), _named(se, None if ratio else sp)
        if found is None:
            continue
        everywhere.setdefault(name, found)
        if sp == (middle, middle):
            by_name.setdefault(name, found)
    for name, found in by_name.items():
        yield row(key, variant=VARIANT, subgroup=name, estimate=found)
    if everywhere:
        for variant, end in ((LOWEST, min), (HIGHEST, max)):
            name = end(everywhere, key=lambda of: everywhere[of])
            yield row(key, variant=variant, subgroup=name, estimate=everywhere[name])


def _pairs(values: tuple[float, float, float]) -> list[tuple[float, float]]:
    """A value for either arm."""
    return [(first, second) for first in values for second in values]


def rogan_gladen(observed: float, sensitivity: float, specificity: float) -> float | None:
    """The risk behind an observed one, within [0, 1] (Rogan & Gladen 1978); null for a measure no better than
    chance."""
    gained = sensitivity + specificity - 1
    return None if gained <= 0 else min(max((observed + specificity - 1) / gained, 0.0), 1.0)


def _span(rows: pl.DataFrame, statistic: str) -> tuple[float, float, float] | None:
    found = rows.filter(pl.col("statistic").cast(pl.String) == statistic).drop_nulls("value")
    if found.is_empty():
        return None
    low = found.select(pl.coalesce("lower", "value").min()).item()
    high = found.select(pl.coalesce("upper", "value").max()).item()
    middle = float(found.sort("value")["value"].median() or 0.0)  # type: ignore[arg-type]
    return max(float(low), 0.05), max(middle, 0.05), max(float(high), 0.05)


def _named(se: tuple[float, float], sp: tuple[float, float] | None) -> str:
    said = f"sensitivity {se[0]:.2f} and {se[1]:.2f}"
    return said if sp is None else f"{said}, specificity {sp[0]:.3f} and {sp[1]:.3f}"
