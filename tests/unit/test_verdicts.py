"""Stage ``verdicts`` on a made-up study: every verdict, its reason, and the files beside the table."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import report_study
from complaintlab.claims import Claims, load_claims
from complaintlab.errors import UserError
from complaintlab.params import (
    Analysis,
    Inference,
    LabelErrors,
    ReplyEffects,
    Robustness,
    Trials,
    VerdictRule,
    load_params,
)
from complaintlab.tables import TABLES
from complaintlab.verdicts import run
from complaintlab.verdicts.certainty import THESE_ONLY, effective_companies
from complaintlab.verdicts.labels import with_corrected
from complaintlab.verdicts.results import CSV_COLUMNS
from complaintlab.verdicts.rule import e_value
from complaintlab.verdicts.testable import Primary

TABLES_READ = (
    "estimates_incidence", "estimates_hazard", "estimates_regression", "estimates_trials",
    "estimates_reply_effects", "estimates_deletion", "estimates_label_error", "estimates_robustness",
    "confounder_strengths", "truth", "source", "episodes", "measures", "quality",
)  # fmt: skip


def verdicts_of(
    tables: dict[str, pl.DataFrame], repo: Path, root: Path, claims: Claims | None = None
) -> dict[str, dict[str, Any]]:
    """Rows of the table ``verdicts`` by claim."""
    params = load_params(repo / "params.yaml")
    table = run(
        **{name: tables[name] for name in TABLES_READ},
        claims=claims or load_claims(repo / "claims.yaml"),
        verdicts=params.section(VerdictRule),
        analysis=params.section(Analysis),
        inference=params.section(Inference),
        trials=params.section(Trials),
        reply_effects=params.section(ReplyEffects),
        label_error=params.section(LabelErrors),
        robustness=params.section(Robustness),
        root=root,
    ).verdicts
    return {row["claim"]: row for row in TABLES["verdicts"].validate(table).iter_rows(named=True)}


def with_row(frame: pl.DataFrame, claim: str, **values: Any) -> pl.DataFrame:
    """The primary row of a claim changed."""
    here = (pl.col("claim") == claim) & (pl.col("variant") == "primary")
    return frame.with_columns(
        pl.when(here).then(pl.lit(value, dtype=frame.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


@pytest.fixture(scope="module")
def answered(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, Any]], Path]:
    root = tmp_path_factory.mktemp("study")
    return verdicts_of(report_study.study(), repo, root), root


def test_every_claim_gets_the_verdict_of_its_numbers(
    answered: tuple[dict[str, dict[str, Any]], Path],
) -> None:
    rows, _ = answered
    given = {claim: rows[claim]["verdict"] for claim in ("T1", "T2", "N1", "N5", "S2", "S7")}
    assert given == {
        "T1": "supported", "T2": "no meaningful effect", "N1": "supported", "N5": "contradicted",
        "S2": "inconclusive", "S7": "not testable here",
    }  # fmt: skip
    assert len(rows) == 30


def test_the_sentence_speaks_in_points_and_of_the_smallest_effect(
    answered: tuple[dict[str, dict[str, Any]], Path],
) -> None:
    rows, _ = answered
    assert "−4.1 points (95% interval −5.7 to −2.5)" in rows["T1"]["sentence"]
    assert "the whole interval exceeds the smallest effect of interest (2.0 points)" in rows["T1"]["reason"]
    assert "would have been detected with probability 0.8" in rows["S2"]["reason"]


def test_decisions_are_adjusted_at_the_family_s_full_size(
    answered: tuple[dict[str, dict[str, Any]], Path],
) -> None:
    rows, _ = answered
    assert rows["S2"]["p_adjusted"] == pytest.approx(7 * rows["S2"]["p"])
    assert rows["N5"]["p_adjusted"] == pytest.approx(10 * rows["N5"]["p"])


def test_truth_stands_beside_each_estimate_of_a_world(
    answered: tuple[dict[str, dict[str, Any]], Path], repo: Path
) -> None:
    rows, root = answered
    unbuilt = [claim.id for claim in load_claims(repo / "claims.yaml").claims if not claim.estimated]
    assert rows["T1"]["truth"] == -0.038
    metrics = json.loads((root / "reports" / "metrics.json").read_text())
    assert metrics["T1_absolute_error"] == pytest.approx(0.003)
    assert metrics["N5_interval_holds_truth"] == 0
    assert metrics["verdicts_not_estimated_yet"] == len(unbuilt)


def test_csv_has_its_columns_and_the_claims_in_order(
    answered: tuple[dict[str, dict[str, Any]], Path], repo: Path
) -> None:
    _, root = answered
    table = pl.read_csv(root / "reports" / "verdicts.csv")
    assert tuple(table.columns) == CSV_COLUMNS
    assert table["claim"].to_list() == [claim.id for claim in load_claims(repo / "claims.yaml").claims]


def test_all_estimates_are_stacked_with_their_stage(
    answered: tuple[dict[str, dict[str, Any]], Path],
) -> None:
    _, root = answered
    stacked = pl.read_csv(root / "reports" / "estimates.csv", infer_schema_length=None)
    assert stacked.columns[-2:] == ["truth", "stage"]
    assert set(stacked["stage"]) == {"trials", "reply_effects", "regression"}
    assert (
        stacked.filter(pl.col("claim") == "T1", pl.col("time_days") == 7)["truth"].to_list() == [-0.038] * 2
    )


def test_the_same_tables_give_the_same_bytes(
    answered: tuple[dict[str, dict[str, Any]], Path], repo: Path, tmp_path: Path
) -> None:
    shuffled = report_study.study()
    for name in ("estimates_trials", "estimates_reply_effects", "episodes", "measures", "quality"):
        shuffled[name] = shuffled[name].sample(fraction=1, shuffle=True, seed=3)
    verdicts_of(shuffled, repo, tmp_path)
    for name in ("verdicts.csv", "estimates.csv", "metrics.json"):
        assert (tmp_path / "reports" / name).read_bytes() == (answered[1] / "reports" / name).read_bytes()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"events_exposed": 9}, "fewer than 10 events in an arm"),
        ({"events_exposed": 235}, "fewer than 10 events in an arm"),
        ({"ess": 49.0}, "effective sample size of an arm below 50"),
        ({"estimate": None, "reason": "no eligible company-week"}, "no eligible company-week"),
        ({"estimate": None, "events": 0, "reason": "Only 2 replies."}, "fewer than 10 replies"),
        ({"converged": False}, "a fit behind the estimate did not converge"),
    ],
)
def test_below_the_minimum_nothing_is_estimated(
    values: dict[str, Any], reason: str, repo: Path, tmp_path: Path
) -> None:
    tables = report_study.study()
    tables["estimates_trials"] = with_row(tables["estimates_trials"], "T1", **values)
    row = verdicts_of(tables, repo, tmp_path)["T1"]
    assert (row["verdict"], row["reason"]) == ("not testable here", reason)
    assert row["estimate"] is None
    assert row["certainty"] is None


def test_a_source_selected_on_the_answer_cannot_carry_timing(repo: Path, tmp_path: Path) -> None:
    rows = verdicts_of(report_study.study(simulated=False, selected=True), repo, tmp_path)
    assert rows["T1"]["verdict"] == "not testable here"
    assert rows["T1"]["reason"] == "the source holds only threads that were answered"
    assert rows["N1"]["verdict"] == "supported"
    assert "the source holds only threads that were answered" in rows["T6"]["reason"]


def test_too_few_companies_with_both_arms(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study()
    few = pl.col("company").is_in([f"company {k}" for k in range(4)])
    tables["episodes"] = tables["episodes"].filter(few)
    rows = verdicts_of(tables, repo, tmp_path)
    assert rows["T1"]["reason"] == rows["N1"]["reason"] == "fewer than 5 companies with both arms"


def test_nothing_at_all_is_not_testable(repo: Path, tmp_path: Path) -> None:
    rows = verdicts_of(report_study.empty(), repo, tmp_path)
    assert {row["verdict"] for row in rows.values()} == {"not testable here"}
    assert "no complaint has its opener here" in rows["N1"]["reason"]


def test_two_primary_estimates_are_refused(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study()
    other = tables["estimates_trials"].with_columns(model=pl.lit("another"))
    tables["estimates_trials"] = pl.concat([tables["estimates_trials"], other])
    with pytest.raises(UserError, match="2 primary estimates of claim T1"):
        verdicts_of(tables, repo, tmp_path)


def test_certainty_falls_with_model_coded_weak_and_uncorrected_labels(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study(simulated=False) | {"quality": report_study.quality(value=0.6)}
    row = verdicts_of(tables, repo, tmp_path)["N1"]
    assert row["certainty"] == "tentative"
    assert row["lowered_by"][0] == "coders who are not people"
    assert row["lowered_by"][1].startswith("weak or unjudged measures (resolved, advocates, apology)")


def test_a_world_is_judged_by_its_own_truth(repo: Path, tmp_path: Path) -> None:
    both = pl.concat([report_study.quality(value=0.6), report_study.quality("world", 0.95)])
    row = verdicts_of(report_study.study() | {"quality": both}, repo, tmp_path)["N1"]
    assert row["lowered_by"] == ["label errors not corrected", "few companies", THESE_ONLY]


def test_averages_over_companies_speak_for_others_too(repo: Path, tmp_path: Path) -> None:
    """Eight companies: 7 degrees of freedom if they were averaged, none if the error is that of authors."""
    tables = report_study.study()
    tables["estimates_reply_effects"] = with_row(tables["estimates_reply_effects"], "N1", df=7.0)
    rows = verdicts_of(tables, repo, tmp_path)
    assert THESE_ONLY not in rows["N1"]["lowered_by"]
    assert THESE_ONLY in rows["N5"]["lowered_by"]


def corrected(estimate: float | None, se: float = 0.01, reason: str | None = None) -> pl.DataFrame:
    """What ``label_error`` has of T1: an estimate and the risk in the second arm, or the reason for none."""
    claimed = {"T1": ("reply_24h_vs_none", "escalated", estimate or 0.0, se, 0.0)}
    rows = report_study.estimates(claimed, "clone-censor-weight")
    row = rows.filter((pl.col("variant") == "primary") & (pl.col("time_days") == 7)).with_columns(
        pl.lit("corrected").alias("variant")
    )
    if estimate is None:
        numbers = [pl.lit(None, pl.Float64).alias(name) for name in ("estimate", "se", "lower", "upper", "p")]
        return row.with_columns(*numbers, pl.lit(reason).alias("reason"))
    risk = row.with_columns(
        pl.lit(0.2).alias("estimate"), pl.lit("risk").cast(row.schema["scale"]).alias("scale")
    )
    return pl.concat([row, risk])


def test_the_corrected_interval_decides(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study()
    as_measured = verdicts_of(tables, repo, tmp_path)["T1"]
    assert as_measured["verdict"] == "supported"
    assert as_measured["measured_estimate"] is None
    tables["estimates_label_error"] = corrected(-0.03, 0.04)
    row = verdicts_of(tables, repo, tmp_path)["T1"]
    assert row["verdict"] == "inconclusive"
    assert (row["estimate"], row["measured_estimate"]) == (-0.03, as_measured["estimate"])
    assert (row["n"], row["events"]) == (as_measured["n"], as_measured["events"])
    assert row["e_value"] == pytest.approx(e_value((0.2 - 0.03) / 0.2))
    assert "corrected for errors of the labels, as measured −4.1" in row["sentence"]
    assert not any("label errors" in reason for reason in row["lowered_by"])


def test_a_correction_may_turn_a_verdict_round(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study() | {"estimates_label_error": corrected(0.05)}
    assert verdicts_of(tables, repo, tmp_path)["T1"]["verdict"] == "contradicted"


def test_without_a_correction_the_measured_estimate_is_tentative(repo: Path, tmp_path: Path) -> None:
    why = "fewer than 30 coded events"
    tables = report_study.study() | {"estimates_label_error": corrected(None, reason=why)}
    tables["quality"] = report_study.quality("world", 0.95)
    row = verdicts_of(tables, repo, tmp_path)["T1"]
    assert (row["verdict"], row["certainty"]) == ("supported", "tentative")
    assert f"label errors not corrected: {why}" in row["lowered_by"]


def test_a_correction_alone_says_that_nothing_checks_it(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study() | {"estimates_label_error": corrected(-0.06)}
    tables["estimates_trials"] = with_row(
        tables["estimates_trials"], "T1", estimate=None, reason="Too few were heard."
    )
    row = verdicts_of(tables, repo, tmp_path)["T1"]
    assert row["verdict"] == "supported"
    assert any(reason.startswith("not checked") for reason in row["lowered_by"])


@pytest.mark.parametrize(
    ("parameters", "reason"), [(50.0, "fewer than 10 events per effective parameter"), (2.0, None)]
)
def test_a_correction_alone_needs_ten_events_per_parameter(
    parameters: float, reason: str | None, repo: Path, tmp_path: Path
) -> None:
    rows = corrected(-0.06).with_columns(pl.lit(parameters).alias("parameters"))
    tables = report_study.study() | {"estimates_label_error": rows}
    tables["estimates_trials"] = tables["estimates_trials"].filter(pl.col("claim") != "T1")
    row = verdicts_of(tables, repo, tmp_path)["T1"]
    assert row["verdict"] == ("supported" if reason is None else "not testable here")
    assert reason is None or row["reason"] == reason


def test_the_faster_the_better_is_not_supported_without_its_steps(repo: Path) -> None:
    claim = load_claims(repo / "claims.yaml").of("T4")
    rows = report_study.estimates(
        {"T4": (claim.contrast, claim.outcome, 0.09, 0.01, 0.0)}, "clone-censor-weight", days=claim.time_days
    )
    alone = rows.filter((pl.col("variant") == "primary") & (pl.col("time_days") == claim.time_days))
    stacked = alone.with_columns(
        pl.lit("corrected").alias("variant"), pl.lit("label_error").alias("stage"),
        pl.col("scale").cast(pl.String),
    )  # fmt: skip
    found = with_corrected(claim, "too few were heard", stacked)
    assert isinstance(found, Primary)
    assert found.p_beside == 1.0


def test_effective_companies_of_equal_and_of_one_large() -> None:
    equal = pl.DataFrame({"company": ["a", "b", "c", "d"] * 5})
    assert effective_companies(equal) == pytest.approx(4)
    assert effective_companies(pl.DataFrame({"company": ["a"] * 97 + ["b", "c", "d"]})) < 1.1


def test_the_e_value_rests_on_the_weighted_risk_of_the_second_arm(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study()
    primary = tables["estimates_trials"].filter(
        (pl.col("claim") == "T2") & (pl.col("variant") == "primary") & (pl.col("time_days") == 7)
    )
    reference = primary.with_columns(
        pl.lit("reference").alias("variant"),
        pl.lit("risk").cast(primary.schema["scale"]).alias("scale"),
        pl.lit(0.2).alias("estimate"),
    )
    tables["estimates_trials"] = pl.concat([tables["estimates_trials"], reference])
    found = verdicts_of(tables, repo, tmp_path)
    row = found["T2"]
    assert row["e_value"] == pytest.approx(e_value((0.2 + row["estimate"]) / 0.2))
    assert found["T1"]["e_value"] is None


def test_the_e_value_of_a_ratio_is_its_own(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study()
    counted = {"T5": ("reply_1h_vs_1h_24h", "spread", -0.5, 0.1, -0.4)}
    ratio = report_study.estimates(counted, "clone-censor-weight", scale="log_rr")
    tables["estimates_trials"] = pl.concat([tables["estimates_trials"], ratio])
    row = verdicts_of(tables, repo, tmp_path)["T5"]
    assert row["e_value"] == pytest.approx(e_value(math.exp(-0.5)))
    assert row["e_limit"] == pytest.approx(e_value(math.exp(-0.5 + 1.96 * 0.1)))
    assert row["sentence"].startswith("Mean number of others against the company within 7 days, a reply")
    assert "a ratio of 0.61 (95% interval 0.50 to 0.74)" in row["sentence"]
    assert "(a ratio of 1.25 or 0.80)" in row["reason"]


def test_praise_counts_the_companies_of_praise_not_of_complaints(repo: Path, tmp_path: Path) -> None:
    tables = report_study.study()
    counted = {"T7": ("reply_24h_vs_none_to_praise", "praise", 0.5, 0.1, 0.4)}
    ratio = report_study.estimates(counted, "clone-censor-weight", scale="log_rr", days=30.0)
    tables["estimates_trials"] = pl.concat([tables["estimates_trials"], ratio])
    assert "companies with both arms" in verdicts_of(tables, repo, tmp_path)["T7"]["reason"]
    praise = tables["episodes"].with_columns(
        pl.lit("praise").cast(tables["episodes"].schema["kind"]).alias("kind"),
        pl.concat_str(pl.lit("p"), pl.col("episode_id").str.slice(1)).alias("episode_id"),
    )
    tables["episodes"] = pl.concat([tables["episodes"], praise])
    rows = verdicts_of(tables, repo, tmp_path)
    assert rows["T7"]["verdict"] == "supported"
    assert json.loads((tmp_path / "reports" / "metrics.json").read_text())["complaints"] == 400


def test_a_claim_without_an_estimator_says_so(repo: Path, tmp_path: Path) -> None:
    claims = load_claims(repo / "claims.yaml")
    without = tuple(c.model_copy(update={"stage": None}) if c.id == "T1" else c for c in claims.claims)
    rows = verdicts_of(report_study.study(), repo, tmp_path, claims.model_copy(update={"claims": without}))
    assert rows["T1"]["verdict"] == "not estimated yet"
    assert rows["T1"]["estimate"] is None
    assert rows["T2"]["verdict"] != "not estimated yet"
