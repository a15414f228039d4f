"""The grid of plausible label errors: risks corrected arm by arm, from what was judged."""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import report_study
from complaintlab.models import label_error
from complaintlab.models.label_error.grid import (
    HIGHEST,
    LOWEST,
    SENSITIVITIES,
    VARIANT,
    grid_rows,
    plausible,
    rogan_gladen,
)
from complaintlab.params import (
    Analysis,
    Inference,
    LabelErrors,
    ReplyEffects,
    Trials,
    VerdictRule,
    load_params,
)
from complaintlab.stages import contract
from complaintlab.tables import TABLES

NOTHING = TABLES["quality"].create_empty()
RISKS = st.floats(0.0, 1.0)
SHARES = st.floats(0.55, 1.0)


@given(RISKS, SHARES, SHARES)
def test_rogan_and_gladen_undo_the_errors(risk: float, sensitivity: float, specificity: float) -> None:
    observed = risk * sensitivity + (1 - risk) * (1 - specificity)
    assert rogan_gladen(observed, sensitivity, specificity) == pytest.approx(risk, abs=1e-9)


def test_a_measure_no_better_than_chance_says_nothing() -> None:
    assert rogan_gladen(0.3, 0.4, 0.6) is None


def judged(sensitivity: tuple[float, float, float]) -> pl.DataFrame:
    """An outcome of which the arm that was answered early is found less often."""
    low, middle, high = sensitivity
    rows = [
        {"subgroup": "arm: none", "value": high, "lower": middle, "upper": high, "statistic": "sensitivity"},
        {"subgroup": "arm: later", "value": middle, "lower": low, "upper": high, "statistic": "sensitivity"},
        {"subgroup": "arm: none", "value": 1.0, "lower": 1.0, "upper": 1.0, "statistic": "specificity"},
    ]
    return pl.DataFrame(rows).with_columns(measure=pl.lit("outcome"), label=pl.lit("escalated"))


def with_reference(risk: float) -> pl.DataFrame:
    one = {"T1": report_study.CLAIMED["T1"]}
    found = report_study.estimates(one, "clone-censor-weight").filter(pl.col("time_days") == 7)
    primary = found.filter(pl.col("variant") == "primary")
    beside = primary.with_columns(
        pl.lit("reference").alias("variant"),
        pl.lit("risk").cast(primary.schema["scale"]).alias("scale"),
        pl.lit(risk).alias("estimate"),
    )
    return pl.concat([primary, beside])


def test_a_missed_outcome_is_scaled_up_in_both_arms() -> None:
    rows = list(grid_rows(with_reference(0.1), judged((0.5, 0.8, 1.0))))
    by_name = {str(row["subgroup"]): row["estimate"] for row in rows if row["variant"] == VARIANT}
    assert len(by_name) == 9
    both = "sensitivity 0.50 and 0.50, specificity 1.000 and 1.000"
    assert by_name[both] == pytest.approx(-0.041 / 0.5)
    lowest, highest = (next(r["estimate"] for r in rows if r["variant"] == v) for v in (LOWEST, HIGHEST))
    assert lowest == pytest.approx(0.059 / 1.0 - 0.1 / 0.5)
    assert highest == pytest.approx(0.059 / 0.5 - 0.1 / 1.0)


def test_where_nothing_was_judged_the_grid_says_what_it_takes() -> None:
    assert plausible("turned", NOTHING).sensitivity == SENSITIVITIES


def test_a_ratio_moves_by_the_ratio_of_sensitivities() -> None:
    counted = {"T5": ("reply_1h_vs_1h_24h", "spread", -0.5, 0.1, -0.4)}
    ratio = report_study.estimates(counted, "clone-censor-weight", scale="log_rr")
    rows = list(grid_rows(ratio.filter(pl.col("time_days") == 7), NOTHING))
    highest = next(row for row in rows if row["variant"] == HIGHEST)
    assert highest["estimate"] == pytest.approx(-0.5 + math.log(0.9 / 0.5))


def test_without_an_estimate_or_a_risk_there_is_no_grid() -> None:
    assert not list(grid_rows(TABLES["estimates_trials"].create_empty(), NOTHING))
    assert not list(grid_rows(with_reference(0.1).filter(pl.col("variant") == "primary"), NOTHING))


def test_without_codes_the_stage_says_so_and_prints_the_grid(repo: Path) -> None:
    params = load_params(repo / "params.yaml")
    tables = {name: TABLES[name].create_empty() for name in contract("label_error").reads}
    tables |= {"estimates_trials": with_reference(0.1), "source": report_study.source(simulated=False)}
    sections = {
        "analysis": Analysis, "inference": Inference, "trials": Trials, "reply_effects": ReplyEffects,
        "label_error": LabelErrors, "verdicts": VerdictRule,
    }  # fmt: skip
    settings = {name: params.section(section) for name, section in sections.items()}
    rows = label_error.run(**tables, **settings).estimates_label_error
    reason = rows.filter(pl.col("variant") == "corrected")
    assert reason.select("claim", "estimate", "reason").rows() == [("T1", None, "no episode was coded")]
    assert set(rows["variant"]) == {"corrected", VARIANT, LOWEST, HIGHEST}
    TABLES["estimates_label_error"].validate(rows)
