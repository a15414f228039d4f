"""The report's section on robustness: what is drawn and printed of the stage's tables."""

from __future__ import annotations

import polars as pl
import pytest

import report_study
from complaintlab.report.figures.robust import must_find_nothing, specification_curves, without_one
from complaintlab.report.robustness import curve_summary, named_companies, robustness_rows
from complaintlab.store import conform
from complaintlab.tables import TABLES

COMPANIES = 8
CHOICES = {
    "ties": "most probable", "turn": "first", "praise": "attributed", "complaint_threshold": 0.5,
    "act_threshold": 0.5, "weights": "whole", "window": "as asked", "time_days": 7.0, "scale": "rd",
}  # fmt: skip


@pytest.fixture(scope="module")
def verdicts() -> pl.DataFrame:
    rows = [
        {"claim": claim, "estimate": estimate, "lower": estimate - 0.02, "upper": estimate + 0.02,
         "measured_estimate": measured, "measured_lower": None if measured is None else measured - 0.01,
         "measured_upper": None if measured is None else measured + 0.01,
         "outcome": outcome, "contrast": contrast, "scale": "rd", "e_value": 2.0, "e_limit": 1.5}
        for claim, contrast, outcome, estimate, measured in (
            ("T1", "reply_24h_vs_none", "escalated", -0.04, None),
            ("N1", "apology_vs_not", "turned", 0.01, None),
        )
    ]  # fmt: skip
    measured = dict.fromkeys(("measured_estimate", "measured_lower", "measured_upper"), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=measured)


@pytest.fixture(scope="module")
def specifications() -> pl.DataFrame:
    """T1 holds its sign everywhere and once includes no effect; N1 changes it once."""
    values = {"T1": [(-0.04, 0.01), (-0.03, 0.01), (-0.01, 0.01)], "N1": [(0.01, 0.01), (-0.01, 0.01)]}
    rows = [
        {"claim": claim, "place": place, "contrast": "x", "outcome": "y", **CHOICES, "estimate": estimate,
         "se": se, "lower": estimate - 1.96 * se, "upper": estimate + 1.96 * se, "n": 500, "events": 50,
         "primary": place == 0, "reason": None}
        for claim, of in values.items()
        for place, (estimate, se) in enumerate(of)
    ]  # fmt: skip
    return conform("specifications", pl.DataFrame(rows))


@pytest.fixture(scope="module")
def estimates() -> pl.DataFrame:
    """The first company moves T1 most; T1 and T2 share their control, N1's fails."""
    base = report_study.estimates({"T1": report_study.CLAIMED["T1"]}, "made up").head(1)

    def row(claim: str, variant: str, subgroup: str, estimate: float) -> pl.DataFrame:
        told = {"claim": claim, "variant": variant, "subgroup": subgroup, "estimate": estimate,
                "lower": estimate - 0.01, "upper": estimate + 0.01, "p": 0.2}  # fmt: skip
        return base.with_columns(pl.lit(value, base.schema[name]).alias(name) for name, value in told.items())

    left_out = [
        row("T1", "without_company", f"company {k}", 0.01 if k == 0 else -0.04 - k / 1000)
        for k in range(COMPANIES)
    ]
    controls = [row(claim, "negative_control", "all", 0.001) for claim in ("T1", "T2")]
    return pl.concat([*left_out, *controls, row("N1", "negative_control", "all", 0.05)])


def test_shares_of_specifications_are_on_the_primary_side(
    verdicts: pl.DataFrame, specifications: pl.DataFrame
) -> None:
    found = {row["claim"]: row for row in curve_summary(verdicts, specifications).to_dicts()}
    assert found["T1"]["same_sign"] == 1
    assert found["T1"]["clear"] == pytest.approx(2 / 3)
    assert (found["N1"]["same_sign"], found["N1"]["clear"]) == (0.5, 0)
    drawn = specification_curves(verdicts, specifications)
    assert drawn is not None
    assert "the primary one's sign in 1 of 2 claims" in drawn.takeaway


def test_runs_with_labels_as_measured_are_held_against_the_estimate_as_measured(
    verdicts: pl.DataFrame, specifications: pl.DataFrame, estimates: pl.DataFrame
) -> None:
    """Corrected, T1 has turned its sign; what is run again with uncorrected labels is not a reversal."""
    measured = {"measured_estimate": -0.04, "measured_lower": -0.06, "measured_upper": -0.02}
    corrected = {"estimate": 0.02, "lower": -0.03, "upper": 0.07} | measured
    here = pl.col("claim") == "T1"
    turned = verdicts.with_columns(
        pl.when(here).then(value).otherwise(pl.col(name)).alias(name) for name, value in corrected.items()
    )
    found = {row["claim"]: row for row in curve_summary(turned, specifications).to_dicts()}
    assert found["T1"]["same_sign"] == 1
    rest = estimates.filter(pl.col("subgroup") != "company 0")
    drawn = without_one(turned, rest, frozenset())
    assert drawn is not None
    assert "reverses the sign of 0 of 1 estimates" in drawn.takeaway
    empty = (TABLES[name].create_empty() for name in ("confounder_strengths", "tipping_points"))
    printed = robustness_rows(turned, specifications, estimates, *empty, 10)["curves"][0]
    assert printed["estimate"].startswith("−4.0")


def test_a_company_too_small_to_be_named_is_not_named(
    verdicts: pl.DataFrame, estimates: pl.DataFrame
) -> None:
    for named, expected in (
        (frozenset({"company 0"}), "without company 0 +1.0"),
        (frozenset(), "at most +1.0"),
    ):
        drawn = without_one(verdicts, estimates, frozenset(named))
        assert drawn is not None
        assert expected in [text.get_text() for text in drawn.figure.axes[0].texts]
        assert "reverses the sign of 1 of 1 estimates (T1)" in drawn.takeaway
    complaints = pl.DataFrame({"company": ["a"] * 10 + ["b"] * 20, "author_id": [*range(10), *([1] * 20)]})
    assert named_companies(complaints, 10) == {"a"}


def test_a_failing_control_is_seen_and_one_check_of_two_claims_is_one_row(
    verdicts: pl.DataFrame, estimates: pl.DataFrame
) -> None:
    drawn = must_find_nothing(verdicts, estimates)
    assert drawn is not None
    assert drawn.takeaway == "1 of 2 intervals hold zero, as they should."


def test_printed_rows_say_what_the_tables_say(
    verdicts: pl.DataFrame, specifications: pl.DataFrame, estimates: pl.DataFrame
) -> None:
    strengths = pl.DataFrame(
        {"claim": ["T1", "T1"], "confounder": ["hostility", "act:fix"], "n": [500, 500],
         "rr_exposure": [1.3, 1.1], "rr_outcome": [2.4, 1.2], "bounding": [1.16, 1.02],
         "e_value": [1.58, 1.15]}
    )  # fmt: skip
    tipping = pl.DataFrame(
        {"claim": ["T1", "N1"], "contrast": ["reply_24h_vs_none", "apology_vs_not"],
         "silent_first": [0.4, 0.4], "silent_second": [0.5, 0.5],
         "arm": ["first", None], "share": [0.05, None],
         "worst_lower": [-0.54, -0.49], "worst_upper": [0.36, 0.41]}
    )  # fmt: skip
    found = robustness_rows(verdicts, specifications, estimates, strengths, tipping, 10)
    assert found["curves"][0]["range"] == "−4.0 to −1.0"
    assert found["confounders"] == [
        {"id": "T1", "e_value": "2.00", "e_limit": "1.50", "below": True,
         "strongest": "hostility 1.58 (1.30, 2.40); act fix 1.15 (1.10, 1.20)"}
    ]  # fmt: skip
    assert [row["needed"] for row in found["tipping"]] == ["5.0% of the first arm's", "holds zero already"]
    assert [row["claims"] for row in found["checks"]] == ["T1", "N1"]
