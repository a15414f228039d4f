"""Laws of the verdict rule, whatever the numbers."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.verdicts import rule


@pytest.fixture(autouse=True, scope="module")
def _no_forced_collection() -> Iterator[None]:
    """statsmodels collects garbage in every call of multipletests, which takes 0.1 s each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)
        yield


P_VALUES = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1), min_size=1, max_size=8)
EFFECT = st.floats(-0.3, 0.3)
SE = st.floats(0.001, 0.2)


def verdict(estimate: float, se: float, size: int = 5, band: float = 0.03) -> str:
    zero = rule.holm({"it": rule.p_zero(estimate, se, None)}, size)["it"]
    equal = rule.holm({"it": rule.p_equivalence(estimate, se, None, band)}, size)["it"]
    return rule.decide(estimate, 1, zero, equal, 0.05)


@given(P_VALUES, st.integers(0, 12))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p: dict[str, float], extra: int) -> None:
    adjusted = rule.holm(p, len(p) + extra)
    assert all(p[name] <= adjusted[name] <= 1 for name in p)
    ordered = sorted(p, key=lambda name: p[name])
    assert [adjusted[name] for name in ordered] == sorted(adjusted.values())


@given(P_VALUES)
def test_holm_does_not_depend_on_the_order_of_claims(p: dict[str, float]) -> None:
    backwards = rule.holm(dict(reversed(p.items())), 10)
    assert rule.holm(p, 10) == pytest.approx(backwards)


@given(P_VALUES, st.integers(0, 5), st.integers(0, 5))
def test_untestable_claims_make_the_others_no_easier(p: dict[str, float], few: int, more: int) -> None:
    smaller, larger = (rule.holm(p, len(p) + extra) for extra in (few, few + more))
    assert all(smaller[name] <= larger[name] for name in p)


@given(EFFECT, SE, st.floats(1, 10))
def test_a_wider_interval_never_turns_inconclusive_into_an_answer(
    estimate: float, se: float, wider: float
) -> None:
    if verdict(estimate, se) == "inconclusive":
        assert verdict(estimate, se * wider) == "inconclusive"


@given(EFFECT, SE)
def test_turning_the_sign_swaps_supported_and_contradicted(estimate: float, se: float) -> None:
    swap = {"supported": "contradicted", "contradicted": "supported"}
    assert verdict(-estimate, se) == swap.get(verdict(estimate, se), verdict(estimate, se))


@given(EFFECT, SE)
def test_no_meaningful_effect_means_that_the_estimate_is_inside_the_band(estimate: float, se: float) -> None:
    if verdict(estimate, se) == "no meaningful effect":
        assert abs(estimate) < 0.03


@given(EFFECT, SE)
def test_few_degrees_of_freedom_are_never_less_careful(estimate: float, se: float) -> None:
    assert rule.p_zero(estimate, se, 4) >= rule.p_zero(estimate, se, None) - 1e-12


@given(st.floats(0.05, 20))
def test_e_value_is_the_same_for_a_ratio_and_its_inverse(ratio: float) -> None:
    assert rule.e_value(ratio) == pytest.approx(rule.e_value(1 / ratio))
    assert rule.e_value(ratio) >= 1


def test_e_value_of_the_published_example() -> None:
    """VanderWeele & Ding (2017): a risk ratio of 3.9 has an E-value of 7.26."""
    assert rule.e_value(3.9) == pytest.approx(7.26, abs=0.005)


def test_detectable_effect_is_found_with_the_stated_power() -> None:
    from scipy import stats

    effect, level = rule.detectable(0.01, None, 7, 0.05, 0.8), 0.05 / 7
    assert stats.norm.sf(stats.norm.isf(level / 2) - effect / 0.01) == pytest.approx(0.8, abs=1e-6)


@pytest.mark.parametrize("df", [10, 23])
def test_few_degrees_of_freedom_detect_larger_effects_with_the_stated_power(df: int) -> None:
    from scipy import stats

    effect = rule.detectable(0.01, df, 7, 0.05, 0.8) / 0.01
    assert effect > rule.detectable(0.01, None, 7, 0.05, 0.8) / 0.01
    power = stats.nct.sf(stats.t.isf(0.05 / 14, df), df, effect)
    assert power == pytest.approx(0.8, abs=0.05)


def test_the_band_of_a_ratio_is_symmetric_on_the_logarithm() -> None:
    assert rule.band("ratio", 0.8) == pytest.approx(rule.band("ratio", 1.25)) == pytest.approx(math.log(1.25))
