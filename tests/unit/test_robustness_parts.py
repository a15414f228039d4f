"""Parts of the stage ``robustness``: confounders, tipping points, choices, and what verdicts make of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spells_case import ANALYSIS, Case, Thread, Turn

import report_study
from complaintlab.claims import load_claims
from complaintlab.companies import Companies
from complaintlab.labels import STANCES
from complaintlab.models.causal.aipw import overlap_of
from complaintlab.models.robustness import enough_to_test, run
from complaintlab.models.robustness.choices import (
    EventRule,
    Specification,
    specifications,
)
from complaintlab.models.robustness.confounding import Strength, bounding_factor, strengths
from complaintlab.models.robustness.study import Material, first_events, with_events
from complaintlab.models.robustness.timing import windowed
from complaintlab.models.robustness.tipping import Interval, tipping_point
from complaintlab.models.strategies import DAY, HOUR, MINUTE, TIMING_CONTRASTS
from complaintlab.params import Analysis, Inference, ReplyEffects, Trials, VerdictRule, load_params
from complaintlab.params import Robustness as RobustnessParams
from complaintlab.tables import TABLES
from complaintlab.verdicts.certainty import NO_CONTROL, Robustness, failed_checks, unrobust, without_checks
from complaintlab.verdicts.rule import benjamini_hochberg, e_value

RATIOS = st.floats(1.0, 50.0)
SHARES = st.floats(0.01, 1.0)


@pytest.mark.parametrize(("ratio", "expected"), [(3.9, 7.26), (1.8, 3.0), (0.80, 1.81), (0.71, 2.17)])
def test_e_values_are_the_published_ones(ratio: float, expected: float) -> None:
    """The first two: breastfeeding and respiratory death, estimate and limit (VanderWeele & Ding 2017)."""
    assert e_value(ratio) == pytest.approx(expected, abs=0.005)


def test_a_confounder_as_strong_as_the_e_value_just_explains_the_ratio() -> None:
    assert bounding_factor(7.26, 7.26) == pytest.approx(3.9, abs=0.005)
    assert bounding_factor(2.0, 4.0) == pytest.approx(1.6)


@given(RATIOS)
def test_the_e_value_of_a_confounder_of_equal_strength_is_that_strength(ratio: float) -> None:
    assert Strength("x", 1, ratio, ratio).e_value == pytest.approx(ratio, rel=1e-6, abs=1e-6)


def test_ratios_of_a_confounder_are_those_of_the_table() -> None:
    """50% of the exposed and 25% of the others have it; it doubles the risk, 0.2 to 0.4, in both arms."""
    exposed = np.repeat([True, False], 400)
    has = np.concatenate([np.arange(400) < 200, np.arange(400) < 100]).astype(float)
    event = np.zeros(800)
    for arm in (exposed, ~exposed):
        for level, risk in ((1, 0.4), (0, 0.2)):
            rows = np.flatnonzero(arm & (has == level))
            event[rows[: round(risk * len(rows))]] = 1
    company = np.arange(800) % 2
    found = {one.confounder: one for one in strengths(has[:, None], ["hostile"], company, exposed, event)}
    assert found["hostile"].rr_exposure == pytest.approx(2.0)
    assert found["hostile"].rr_outcome == pytest.approx(2.0)
    assert found["hostile"].bounding == pytest.approx(4 / 3)


def test_a_rare_level_is_no_strong_confounder() -> None:
    rng = np.random.default_rng(1)
    exposed, event = rng.random(1000) < 0.5, (rng.random(1000) < 0.3).astype(float)
    rare = (np.arange(1000) < 20).astype(float)[:, None]
    assert [one.confounder for one in strengths(rare, ["rare"], np.zeros(1000, int), exposed, event)] == []


def test_a_level_that_a_whole_arm_has_has_no_strength() -> None:
    """All of the exposed have it, so within their arm there is nobody without it to compare with."""
    rng = np.random.default_rng(1)
    exposed = np.arange(400) < 200
    event = (rng.random(400) < 0.3).astype(float)
    whole = np.where(exposed, True, rng.random(400) < 0.3).astype(float)
    for arm, column in ((exposed, whole), (~exposed, whole), (exposed, exposed.astype(float))):
        found = strengths(column[:, None], ["whole"], np.zeros(400, int), arm, event)
        assert [one.confounder for one in found] == []


@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.2), SHARES, SHARES)
def test_the_tipping_point_put_back_makes_the_interval_touch_zero(
    estimate: float, half: float, first: float, second: float
) -> None:
    found = Interval(estimate, estimate - half, estimate + half)
    tip = tipping_point(found, (first, second))
    assert tip.worst == pytest.approx((estimate - second, estimate + first))
    if abs(estimate) <= half:
        assert tip.arm is None
        assert tip.share is None
        return
    assert tip.share is not None
    shares = (tip.share, 0.0) if tip.arm == "first" else (0.0, tip.share)
    moved = found.shifted(*shares, (first, second))
    nearer = moved.upper if estimate < 0 else moved.lower
    assert nearer == pytest.approx(0.0, abs=1e-9)


def test_nobody_silent_leaves_nothing_to_tip() -> None:
    assert tipping_point(Interval(-0.1, -0.2, -0.05), (0.0, 0.5)).share is None


OPEN = {"complaint": (0.3, 0.5, 0.7), "act": (0.3, 0.5), "turn": ("first", "last"), "days": (1.0, 7.0)}


def test_specifications_begin_with_the_primary_and_hold_every_single_change() -> None:
    primary = Specification(0.5, 0.5, 7.0)
    found = specifications(primary, OPEN, 12, seed=1)
    assert found[0] == primary
    assert len(found) == len(set(found)) == 12
    single = [(0.3, 0.5, 7.0), (0.7, 0.5, 7.0), (0.5, 0.3, 7.0), (0.5, 0.5, 1.0)]
    assert {Specification(*one) for one in single} <= set(found)
    assert Specification(0.5, 0.5, 7.0, EventRule(turn="last")) in found
    assert found == specifications(primary, OPEN, 12, seed=1)
    assert found != specifications(primary, OPEN, 12, seed=2)


def test_the_last_turn_is_that_within_the_horizon() -> None:
    found = specifications(Specification(0.5, 0.5, 7.0), OPEN, 100, seed=1)
    assert all(spec.days == 7.0 for spec in found if spec.rule.turn == "last")
    assert len(found) == 3 * 2 * 3  # without the last turn within a day


def test_nothing_tested_is_nothing_run_again(repo) -> None:
    params = load_params(repo / "params.yaml")
    read = (
        "episodes", "spells", "turns", "threads", "deletions", "measures", "sightings", "source",
        "estimates_trials", "estimates_reply_effects", "weights_trials", "weights_reply_effects",
    )  # fmt: skip
    sections = (Analysis, Inference, Trials, ReplyEffects, RobustnessParams, VerdictRule)
    made = run(
        *(TABLES[name].create_empty() for name in read),
        Companies(companies=()),
        *(params.section(section) for section in sections),
    )
    for name, table in made._asdict().items():
        assert TABLES[name].validate(table).is_empty()


def test_only_claims_with_enough_events_and_weight_are_run_again(repo) -> None:
    rule = load_params(repo / "params.yaml").section(VerdictRule)
    rows = report_study.estimates(report_study.CLAIMED, "made up")
    assert {row["claim"] for row in enough_to_test(rows, rule)} == set(report_study.CLAIMED)
    thin = rows.with_columns(ess=pl.lit(49.0))
    assert list(enough_to_test(thin, rule)) == []


def test_other_windows_move_the_end_that_is_asked_about() -> None:
    contrast = TIMING_CONTRASTS["T2"]
    early, late = (windowed(arm, contrast, "narrower") for arm in (contrast.first, contrast.second))
    assert (early.after_s, early.by_s) == (0, 45 * MINUTE)
    assert (late.after_s, late.by_s) == (45 * MINUTE, DAY)
    day = TIMING_CONTRASTS["T1"]
    assert windowed(day.first, day, "narrower").by_s == 18 * HOUR
    assert windowed(day.second, day, "narrower") == day.second


@pytest.fixture(scope="module")
def said() -> Material:
    """One critic first thanks for a solution and then escalates; one praises; one is quiet."""
    case = Case(
        [
            Thread("ann", 40 * DAY, [Turn("ann", 3600, "resolved"), Turn("ann", 2 * DAY, "escalates")]),
            Thread("ben", 41 * DAY, [Turn("company", 600), Turn("ben", 7200, "advocates")]),
            Thread("cleo", 42 * DAY),
        ]
    )
    made = case.run()
    tables = case.tables()
    sure = [
        pl.when(pl.col("stance").cast(pl.String) == name).then(0.9).otherwise(0.02).alias(f"p_{name}")
        for name in STANCES
    ]
    tables["measures"] = tables["measures"].with_columns(sure)
    return Material(
        made.episodes, made.spells, **tables, companies=Companies(companies=()), analysis=ANALYSIS
    )


def test_read_by_the_default_rule_events_are_those_of_spells(said: Material) -> None:
    told = said.told(0.5)
    again = with_events(told.episodes, first_events(told.said, EventRule(), 7 * DAY))
    for name in ("turned_s", "advocate_s", "escalated_s"):
        assert again[name].equals(said.episodes[name])
    assert again["turned_s"].count() == 2


def test_by_the_last_turn_whoever_escalates_after_all_has_not_turned(said: Material) -> None:
    told = said.told(0.5)
    last = with_events(told.episodes, first_events(told.said, EventRule(turn="last"), 7 * DAY))
    assert last["turned_s"].count() == 1
    assert last["escalated_s"].count() == 1


def test_near_ties_go_where_the_rule_says(said: Material) -> None:
    told = said.told(0.5)
    doubtful = told.said.with_columns(p_persists=pl.lit(0.85))
    negative = with_events(told.episodes, first_events(doubtful, EventRule("negative"), 7 * DAY))
    positive = with_events(told.episodes, first_events(doubtful, EventRule("positive"), 7 * DAY))
    assert negative["turned_s"].count() == 0
    assert positive["turned_s"].count() == 2


def test_false_discovery_rates_are_those_of_benjamini_and_hochberg() -> None:
    found = benjamini_hochberg({"a": 0.01, "b": 0.02, "c": 0.03, "d": 0.5})
    assert found == pytest.approx({"a": 0.04, "b": 0.04, "c": 0.04, "d": 0.5})
    assert benjamini_hochberg({}) == {}


def checks(*rows: tuple[str, str, float, str]) -> pl.DataFrame:
    """claim, variant, p, scale."""
    empty = TABLES["estimates_robustness"].create_empty()
    return pl.DataFrame(
        [
            {"claim": claim, "variant": variant, "p": p, "scale": scale, "estimate": p, "se": 1.0}
            for claim, variant, p, scale in rows
        ]
    ).with_columns(pl.col("scale").cast(empty.schema["scale"]))


def test_a_check_fails_after_holm_among_those_of_its_family(repo) -> None:
    claims = load_claims(repo / "claims.yaml")
    alone = failed_checks(checks(("S2", "negative_control", 0.04, "rd")), claims, 0.05)
    assert alone == {"S2": ["negative control"]}
    beside = checks(("S2", "negative_control", 0.04, "rd"), ("S1", "negative_control", 0.6, "rd"))
    assert failed_checks(beside, claims, 0.05) == {}
    shared = checks(*((claim, "negative_control", 0.03, "rd") for claim in ("T1", "T2", "T3")))
    assert sorted(failed_checks(shared, claims, 0.05)) == ["T1", "T2", "T3"]
    assert failed_checks(checks(("T1", "placebo", 0.001, "log_hr")), claims, 0.05) == {}


def test_checks_without_an_estimate_are_not_passed(repo) -> None:
    """T1 has neither of its two, N1 its only one not; T2 has one of two, T3 only a Cox model beside."""
    known = checks(("T2", "placebo", 0.4, "rd"), ("T3", "placebo", 0.4, "log_hr"))
    failed = checks(
        ("T1", "negative_control", 0.5, "rd"), ("T1", "placebo", 0.5, "rd"),
        ("T2", "negative_control", 0.5, "rd"), ("T3", "placebo", 0.5, "rd"),
        ("N1", "negative_control", 0.5, "rd"),
    ).with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("p", "estimate", "se"))  # fmt: skip
    unchecked = without_checks(pl.concat([known, failed]))
    assert unchecked == {"T1", "T3", "N1"}
    claim = load_claims(repo / "claims.yaml").claims[0]
    nothing = pl.DataFrame(schema={"claim": pl.String, "confounder": pl.String, "e_value": pl.Float64})
    assert unrobust(claim, 2.0, Robustness({}, nothing, unchecked)) == [NO_CONTROL]
    assert unrobust(claim, 2.0, Robustness({}, nothing)) == []


def test_cut_weights_move_both_bounds_of_a_rare_and_of_a_frequent_arm() -> None:
    """The least chance is a tenth of a rare arm's share; five times that is half of the share."""
    chance = np.linspace(0.001, 0.999, 999)
    for share in (0.03, 0.5, 0.97):
        usual, cut = (chance[overlap_of(share, chance, 0.01, times)] for times in (1.0, 5.0))
        assert usual.min() < cut.min()
        assert cut.max() < usual.max()
        assert cut.min() <= share <= cut.max()


def test_certainty_falls_by_a_failed_check_and_a_strong_measured_confounder(repo) -> None:
    claim = load_claims(repo / "claims.yaml").claims[0]
    strong = pl.DataFrame({"claim": ["T1", "T1"], "confounder": ["hostility", "load"], "e_value": [1.6, 1.2]})
    checked = Robustness({"T1": ["placebo"]}, strong)
    assert unrobust(claim, 1.5, checked) == [
        "a failing placebo", "an E-value under that of the strongest measured confounder (hostility)",
    ]  # fmt: skip
    assert unrobust(claim, 1.7, Robustness({}, strong)) == []
    assert unrobust(claim, None, Robustness({}, strong)) == []
