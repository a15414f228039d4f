"""Checks that must find nothing find something where a confounder is hidden; what runs again agrees."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from moody_critics import ANALYSIS, Critics, episodes, material, said, simulate, spells
from threadpoolctl import threadpool_limits

from complaintlab.models.causal.inference import Effect
from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.reply_effects import run as run_reply_effects
from complaintlab.models.robustness.before import Before, Moments, before_replies, waiting
from complaintlab.models.robustness.choices import EventRule, Specification
from complaintlab.models.robustness.replies import ReplyClock, negative_control, without_companies
from complaintlab.models.robustness.study import Material, first_events, spoke_negatively, with_events
from complaintlab.models.robustness.timing import Timing
from complaintlab.models.strategies import DAY, MINUTE, TIMING_CONTRASTS
from complaintlab.models.trials import run as run_trials
from complaintlab.params import Inference, ReplyEffects, Trials

INFERENCE = Inference(resamples=2, seed=1, folds=5)
TRIALS = Trials(positivity_lower=0.05, positivity_upper=0.95, truncate_at=0.99)
FLOOR = 0.01
N = 2000
APOLOGY = EXPOSURES["N1"]


def off(effect: Effect) -> float:
    """Standard errors from zero."""
    return abs(effect.estimate) / effect.se


def before(made: Critics, span_s: np.ndarray, *, first: bool) -> Before:
    frame = episodes(made)
    follow_ups = spoke_negatively(said(made, frame))
    risk = waiting(frame, spells(made, frame), float(span_s.max()))
    found = before_replies(risk, Moments.of(frame, follow_ups), span_s, first=first)
    assert isinstance(found, Before)
    return found


def test_critics_about_to_be_answered_are_as_negative_as_others_unless_a_mood_is_hidden() -> None:
    span_s = np.full(N, 60.0 * MINUTE)
    nil, hidden = (before(simulate(N, 3, hidden=h), span_s, first=False) for h in (False, True))
    assert off(nil.effect) < 2.6
    assert off(hidden.effect) > 3
    assert hidden.effect.estimate < 0  # the moody are answered late


def test_a_reply_moved_ahead_does_nothing_unless_a_mood_is_hidden() -> None:
    span_s = np.random.default_rng(1).uniform(30 * MINUTE, 60 * MINUTE, N)
    nil, hidden = (before(simulate(N, 3, hidden=h), span_s, first=True) for h in (False, True))
    assert off(nil.effect) < 2.6
    assert off(hidden.effect) > 3
    assert nil.n < N  # whoever was answered sooner than the reply is moved has no placebo


@pytest.mark.parametrize("hidden", [False, True])
def test_an_apology_changes_nothing_that_was_said_before_it(hidden: bool) -> None:
    clock = ReplyClock(material(simulate(N, 4, hidden=hidden)), INFERENCE, FLOOR)
    found = negative_control(clock, APOLOGY)
    assert not isinstance(found, str)
    assert (off(found.contrast().effect) > 4) is hidden
    assert off(found.contrast().effect) < 2.6 or hidden


@pytest.fixture(scope="module")
def known() -> Material:
    return material(simulate(2000, 5, hidden=False))


def primary_of(estimates: pl.DataFrame, claim: str) -> dict[str, float]:
    rows = estimates.filter(pl.col("variant") == "primary", pl.col("claim") == claim)
    return rows.row(0, named=True)


def test_the_primary_specification_of_a_reply_is_the_primary_estimate(known: Material) -> None:
    stage = run_reply_effects(
        known.episodes, known.turns, known.measures, ANALYSIS, INFERENCE, ReplyEffects(propensity_floor=FLOOR)
    )
    primary = primary_of(stage.estimates_reply_effects, "N1")
    clock = ReplyClock(known, INFERENCE, FLOOR)
    with threadpool_limits(1):  # as the stages do
        found = clock.estimated(APOLOGY, clock.primary)
    assert not isinstance(found, str)
    told = found.contrast()
    same = ("estimate", "se", "lower", "upper", "p")
    assert [getattr(told.effect, name) for name in same] == [primary[name] for name in same]
    assert [told.n, told.n_exposed, told.events] == [primary[name] for name in ("n", "n_exposed", "events")]


def test_without_a_company_is_the_mean_of_the_others_and_nearly_a_fit_to_them(known: Material) -> None:
    clock = ReplyClock(known, INFERENCE, FLOOR)
    found = clock.estimated(APOLOGY, clock.primary)
    assert not isinstance(found, str)
    left = {name: effect for name, effect, _, _ in without_companies(found)}
    names = found.case.answered.episodes["company"].filter(found.found.kept).to_numpy()
    first, second = found.found.pair
    name = "company 03"
    assert left[name].estimate == pytest.approx(float((first - second)[names != name].mean()), abs=1e-12)
    made = simulate(2000, 5, hidden=False)
    rest = {field: getattr(made, field)[made.company != 3] for field in made.__dataclass_fields__}
    again = ReplyClock(material(Critics(**rest)), INFERENCE, FLOOR)
    refitted = again.estimated(APOLOGY, again.primary)
    assert not isinstance(refitted, str)
    effect = refitted.contrast().effect
    assert abs(left[name].estimate - effect.estimate) < 0.5 * effect.se  # folds fall otherwise
    assert len(left) == 20


def test_a_trial_run_again_is_the_stage_s_own_and_without_a_company_a_fit_to_the_others() -> None:
    made = simulate(1500, 6, hidden=False, companies=6)
    contrast = TIMING_CONTRASTS["T2"]
    known = material(made)
    timing = Timing(known, TRIALS, praise=False, quality=True)
    found = timing.estimated(contrast, timing.primary(contrast))
    assert not isinstance(found, str)
    resampled = INFERENCE.model_copy(update={"resamples": 20})
    stage = run_trials(known.episodes, known.spells, ANALYSIS, resampled, TRIALS)
    primary = primary_of(stage.estimates_trials, "T2")
    assert found.pooled
    assert found.effect.df == primary["df"] == 5
    assert found.effect.estimate == pytest.approx(primary["estimate"], abs=0.2 * found.effect.se)
    assert (found.n, found.n_exposed, found.events) == (primary["n"], primary["n_exposed"], primary["events"])
    without = {name: estimate for name, estimate, _ in timing.without_companies(contrast)}
    rest = {field: getattr(made, field)[made.company != 2] for field in made.__dataclass_fields__}
    again = Timing(material(Critics(**rest)), TRIALS, praise=False, quality=True)
    refitted = again.estimated(contrast, again.primary(contrast))
    assert not isinstance(refitted, str)
    assert without["company 02"] == pytest.approx(refitted.effect.estimate, abs=0.1 * found.effect.se)
    assert without["company 02"] != pytest.approx(found.effect.estimate, abs=1e-6)


def test_another_window_and_another_horizon_are_other_questions(known: Material) -> None:
    timing = Timing(known, TRIALS, praise=False, quality=False)
    contrast = TIMING_CONTRASTS["T2"]
    specs = [
        Specification(0.5, 0.5, 7.0), Specification(0.5, 0.5, 1.0),
        Specification(0.5, 0.5, 7.0, window="wider"), Specification(0.5, 0.5, 7.0, weights="cut"),
    ]  # fmt: skip
    found = [timing.estimated(contrast, spec) for spec in specs]
    values = {one.effect.estimate for one in found if not isinstance(one, str)}
    assert len(values) == len(specs)


def test_the_default_rule_reads_events_as_they_are(known: Material) -> None:
    told = known.told(0.5)
    again = with_events(told.episodes, first_events(told.said, EventRule(), 7 * DAY))
    assert again["turned_s"].equals(told.episodes["turned_s"])
    last = with_events(told.episodes, first_events(told.said, EventRule(turn="last"), 7 * DAY))
    assert 0 < last["turned_s"].count() < again["turned_s"].count()
