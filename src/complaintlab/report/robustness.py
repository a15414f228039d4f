"""The section on robustness: tables of the stage of that name as rows that the report prints."""

from __future__ import annotations

from typing import Any

import polars as pl

from complaintlab.report.results import NOTHING, Row
from complaintlab.verdicts.wording import amount, interval, probability, signed

SHOWN_CONFOUNDERS = 2
"""The strongest measured confounders that are printed of each claim."""


def robustness_rows(
    verdicts: pl.DataFrame,
    specifications: pl.DataFrame,
    estimates: pl.DataFrame,
    strengths: pl.DataFrame,
    tipping: pl.DataFrame,
    minimum: int,
) -> dict[str, list[Row]]:
    """Rows of the section's tables, of answered claims in the order of ``verdicts``.

    E-values are those of the estimate that decides; all else has labels as measured.
    """
    answered = as_measured(verdicts).drop_nulls("estimate").rows(named=True)
    curves = {row["claim"]: row for row in curve_summary(verdicts, specifications).iter_rows(named=True)}
    return {
        "curves": [_curve(row, curves[row["claim"]]) for row in answered if row["claim"] in curves],
        "confounders": [
            _confounders(row, strengths.filter(pl.col("claim") == row["claim"]))
            for row in answered
            if row["e_limit"] is not None and strengths["claim"].is_in([row["claim"]]).any()
        ],
        "tipping": [
            _tipping(row, tip)
            for row in answered
            for tip in tipping.filter(pl.col("claim") == row["claim"]).iter_rows(named=True)
        ],
        "checks": [_check(row, minimum) for row in shown_checks(verdicts, estimates).iter_rows(named=True)],
    }


def as_measured(verdicts: pl.DataFrame) -> pl.DataFrame:
    """``verdicts`` with the estimate from labels as measured in place of the corrected one.

    Errors of the labels are not corrected again in each specification and without each company, so these
    compare with the estimate as measured only.
    """
    fields = ("estimate", "lower", "upper")
    return verdicts.with_columns(pl.coalesce(f"measured_{name}", name).alias(name) for name in fields)


def curve_summary(verdicts: pl.DataFrame, specifications: pl.DataFrame) -> pl.DataFrame:
    """Per answered claim: specifications with an estimate, their range, shares of the primary sign and clear.

    The primary sign is that from labels as measured, as the specifications have them.

    Columns: claim, n, lowest, highest, same_sign, clear (the interval holds no zero on the primary side).
    """
    primary = as_measured(verdicts).drop_nulls("estimate").select("claim", sign=pl.col("estimate").sign())
    known = specifications.drop_nulls("estimate").join(primary, on="claim", maintain_order="left")
    nearer = pl.when(pl.col("sign") > 0).then("lower").otherwise("upper")
    return known.group_by("claim", maintain_order=True).agg(
        n=pl.len(),
        lowest=pl.col("estimate").min(),
        highest=pl.col("estimate").max(),
        same_sign=(pl.col("estimate").sign() == pl.col("sign")).mean(),
        clear=(nearer * pl.col("sign") > 0).mean(),
    )


def shown_checks(verdicts: pl.DataFrame, estimates: pl.DataFrame) -> pl.DataFrame:
    """Negative controls and placebos of answered claims on the scale that decides; equal ones together.

    Adds ``claims``, those that share a check, joined.
    """
    order = verdicts.drop_nulls("estimate").select("claim").with_row_index("place")
    rows = estimates.filter(
        pl.col("variant").is_in(["negative_control", "placebo"]), pl.col("scale").cast(pl.String) == "rd"
    ).join(order, on="claim")
    same = ["variant", "outcome", "model", "estimate", "lower", "upper", "p", "n", "events", "reason"]
    return (
        rows.sort("place")
        .group_by(same, maintain_order=True)
        .agg(pl.col("claim").str.join(", ").alias("claims"), pl.col("place").min())
        .sort("variant", "place")
    )


def named_companies(complaints: pl.DataFrame, minimum: int) -> frozenset[str]:
    """Companies with at least the minimum cell of critics, which may be named."""
    critics = complaints.group_by("company").agg(pl.col("author_id").n_unique().alias("critics"))
    return frozenset(critics.filter(pl.col("critics") >= minimum)["company"].to_list())


def _curve(row: Row, found: dict[str, Any]) -> Row:
    scale = row["scale"]
    return {
        "id": row["claim"],
        "n": str(found["n"]),
        "estimate": amount(row["estimate"], scale),
        "range": interval(found["lowest"], found["highest"], scale),
        "same_sign": f"{found['same_sign']:.0%}",
        "clear": f"{found['clear']:.0%}",
    }


def _confounders(row: Row, strengths: pl.DataFrame) -> Row:
    strongest = strengths.sort("e_value", "confounder", descending=[True, False]).head(SHOWN_CONFOUNDERS)
    return {
        "id": row["claim"],
        "e_value": f"{row['e_value']:.2f}" if row["e_value"] is not None else NOTHING,
        "e_limit": f"{row['e_limit']:.2f}",
        "strongest": "; ".join(_confounder(one) for one in strongest.iter_rows(named=True)),
        "below": row["e_limit"] < strongest["e_value"][0],
    }


def _confounder(one: Row) -> str:
    name = str(one["confounder"]).replace("act:", "act ").replace(":", " ").replace("_", " ")
    return f"{name} {one['e_value']:.2f} ({one['rr_exposure']:.2f}, {one['rr_outcome']:.2f})"


def _tipping(row: Row, tip: Row) -> Row:
    if tip["arm"] is None:
        needed = "holds zero already"
    elif tip["share"] is None or tip["share"] > 1:
        needed = "not even all of them"
    else:
        needed = f"{tip['share']:.1%} of the {tip['arm']} arm's"
    return {
        "id": row["claim"],
        "contrast": str(tip["contrast"]).replace("_vs_", " vs ").replace("_", " "),
        "silent": f"{tip['silent_first']:.0%}, {tip['silent_second']:.0%}",
        "needed": needed,
        "worst": interval(tip["worst_lower"], tip["worst_upper"], "rd"),
    }


def _check(row: Row, minimum: int) -> Row:
    known = row["estimate"] is not None
    return {
        "claims": row["claims"],
        "check": str(row["variant"]).replace("_", " "),
        "outcome": str(row["outcome"]).replace("_", " "),
        "estimate": signed(100 * row["estimate"], 2) if known else NOTHING,
        "interval": f"{signed(100 * row['lower'], 2)} to {signed(100 * row['upper'], 2)}"
        if known
        else NOTHING,
        "p": probability(row["p"]) if known else "too few",
        "n": f"{row['n']:,}".replace(",", " ") if known and row["n"] >= minimum else NOTHING,
    }
