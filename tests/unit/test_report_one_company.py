"""What the report says of a study of one company, and of texts of another kind than the measures know."""

from __future__ import annotations

from pathlib import Path

import polars as pl

import report_study
from complaintlab.params import Analysis, VerdictRule, load_params
from complaintlab.report.figures import course
from complaintlab.report.narrative import abstract, limits
from complaintlab.report.results import reply_type_rows
from complaintlab.report.selection import shown_positivity
from complaintlab.store import conform

STUDY = report_study.study()
COMPLAINTS = STUDY["episodes"].filter(pl.col("kind").cast(pl.String) == "complaint")
SOURCE = STUDY["source"].row(0, named=True)


def _limits(repo: Path, complaints: pl.DataFrame, unseen: float = 0.05) -> dict[str, str]:
    drift = pl.DataFrame(
        {"side": "customers", "statistic": "unseen_words", "label": "all", "value": unseen, "reference": 0.04,
         "n": 900}
    )  # fmt: skip
    rule = load_params(repo / "params.yaml").section(VerdictRule)
    said = limits(SOURCE, complaints, STUDY["quality"], conform("drift", drift), 0, rule)
    return {item["head"]: item["text"] for item in said}


def test_one_company_is_said_to_be_one(repo: Path) -> None:
    alone = COMPLAINTS.with_columns(company=pl.lit("Acme"))
    analysis = load_params(repo / "params.yaml").section(Analysis)
    (data,) = (
        part["text"]
        for part in abstract(pl.DataFrame(schema={"verdict": pl.String}), SOURCE, alone, analysis, 10)
        if part["head"] == "Data"
    )
    assert data.endswith("to 1 company.")
    assert "this one company" in _limits(repo, alone)["One company"]
    assert "5 companies have both arms" in _limits(repo, alone)["One company"]
    assert "Few companies" not in _limits(repo, alone)
    assert "One company" not in _limits(repo, COMPLAINTS)


def test_one_company_has_one_curve() -> None:
    curves = STUDY["curves_incidence"]
    alone = curves.filter(pl.col("curve") == "all")
    one = pl.concat([alone, alone.with_columns(curve=pl.lit("Acme"))])
    for drawn, thin in ((curves, True), (one, False)):
        picture = course.reply_delays(drawn)
        assert picture is not None
        assert ("grey lines are companies" in picture.takeaway) == thin


def test_a_population_of_nobody_has_no_map_of_positivity() -> None:
    nobody = STUDY["positivity"].with_columns(at_risk=pl.lit(0, STUDY["positivity"]["at_risk"].dtype))
    assert shown_positivity(STUDY["positivity"]).height > 0
    assert shown_positivity(nobody).is_empty()


def test_texts_of_another_kind_are_a_limit(repo: Path) -> None:
    assert "another kind" not in _limits(repo, COMPLAINTS)["Errors of the measures"]
    said = _limits(repo, COMPLAINTS, 0.26)["Errors of the measures"]
    assert "26% of words are new to them, usually 4%" in said


def test_a_large_family_without_a_shared_phrase_is_not_called_small() -> None:
    types = STUDY["reply_types"].filter(pl.col("type_id") >= 0)
    wordless = types.with_columns(exemplars=pl.lit([], pl.List(pl.String)), n=pl.lit(200, pl.UInt32))
    assert {row["exemplar"] for row in reply_type_rows(wordless, 10)} == {"no phrase stands in 10 threads"}
