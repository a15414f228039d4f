"""Krippendorff's alpha: the published worked examples, and laws."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.gold.agreement import Level, agreement, alpha, alpha_interval, coincidences
from complaintlab.gold.codes import CODES_SCHEMA

NOBODY = 0

FOUR_CODERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, NOBODY, NOBODY, NOBODY),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NOBODY, 3),
    (NOBODY, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NOBODY),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NOBODY),
)  # fmt: skip
"""Krippendorff (2011), section C: four observers, 12 units, any number missing."""

TWO_CODERS_NOMINAL = ("aabbdcccedda", "babbbcccEddd".lower())
"""Section B: two observers, nominal."""

MEG_AND_OWEN = ("0100000010", "1110010000")
"""Section A: two observers, binary."""


def counted(coders: list[tuple[int, ...]] | tuple[tuple[int, ...], ...]) -> np.ndarray:
    """Units × values, from a row per coder with values from 1 on."""
    codes = np.array(coders)
    values = range(1, max(int(codes.max()), 2) + 1)
    return np.stack([(codes == value).sum(axis=0) for value in values], axis=1)


def alpha_of(coders: list[tuple[int, ...]] | tuple[tuple[int, ...], ...], level: Level = "nominal") -> float:
    return float(alpha(coincidences(counted(coders)).sum(axis=0), level))


def numbered(*coders: str) -> list[tuple[int, ...]]:
    values = sorted(set("".join(coders)))
    return [tuple(values.index(code) + 1 for code in codes) for codes in coders]


def test_krippendorff_2011_four_coders_with_missing_codes() -> None:
    assert alpha_of(FOUR_CODERS) == pytest.approx(0.743, abs=5e-4)
    assert alpha_of(FOUR_CODERS, "ordinal") == pytest.approx(0.815, abs=5e-4)


def test_krippendorff_2011_two_coders() -> None:
    assert alpha_of(numbered(*MEG_AND_OWEN)) == pytest.approx(0.095, abs=5e-4)
    assert alpha_of(numbered(*TWO_CODERS_NOMINAL)) == pytest.approx(0.692, abs=5e-4)


codings = st.integers(2, 4).flatmap(
    lambda coders: st.lists(
        st.lists(st.integers(0, 4), min_size=8, max_size=8).map(tuple), min_size=coders, max_size=coders
    )
)
levels = st.sampled_from(["nominal", "ordinal"])


@given(codings, levels, st.randoms(use_true_random=False))
def test_neither_the_order_of_coders_nor_of_units_matters(coders, level, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(coders)
    random.shuffle(shuffled)
    places = random.sample(range(8), 8)
    shuffled = [tuple(codes[place] for place in places) for codes in shuffled]
    assert alpha_of(shuffled, level) == pytest.approx(alpha_of(coders, level), nan_ok=True)


@given(st.lists(st.integers(1, 4), min_size=3, max_size=12).filter(lambda c: len(set(c)) > 1), levels)
def test_perfect_agreement_is_one(codes, level) -> None:  # type: ignore[no-untyped-def]
    assert alpha_of([tuple(codes)] * 3, level) == pytest.approx(1.0)


@given(codings, levels)
def test_a_unit_with_one_code_changes_nothing(coders, level) -> None:  # type: ignore[no-untyped-def]
    lone = [(*codes, 3 if place == 0 else NOBODY) for place, codes in enumerate(coders)]
    assert alpha_of(lone, level) == pytest.approx(alpha_of(coders, level), nan_ok=True)
    assert np.isnan(alpha_of(coders, level)) or alpha_of(coders, level) <= 1.0


def test_near_misses_count_less_where_values_are_ordered() -> None:
    near, far = [(1, 2, 3, 4, 1), (1, 2, 3, 4, 2)], [(1, 2, 3, 4, 1), (1, 2, 3, 4, 4)]
    assert alpha_of(near, "ordinal") > alpha_of(far, "ordinal")


def test_alpha_is_undefined_where_nothing_can_disagree() -> None:
    assert np.isnan(alpha_of([(1, 1, 1), (1, 1, 1)]))


def test_interval_is_repeatable_holds_alpha_and_widens_with_clusters() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(1, 4, 60).repeat(5)  # five alike messages per thread
    second = np.where(rng.random(60) < 0.3, 1, first[::5]).repeat(5)
    matrices = coincidences(counted([tuple(first), tuple(second)]))
    value = float(alpha(matrices.sum(axis=0), "nominal"))
    threads = np.arange(60).repeat(5)
    lower, upper = alpha_interval(matrices, threads, "nominal", 500, 1)
    alone = alpha_interval(matrices, np.arange(300), "nominal", 500, 1)
    assert (lower, upper) == alpha_interval(matrices, threads, "nominal", 500, 1)
    assert lower < value < upper
    assert upper - lower > 1.5 * (alone[1] - alone[0])


def test_each_label_has_its_level_and_a_decision_is_no_coder() -> None:
    rows = [
        (f"post{post}", coder, label, value, 0.5, "author", f"thread{post // 2}")
        for label, values in (("stance", ("persists", "thanks", "neutral", "resolved")), ("apology", "0101"))
        for post, value in enumerate(values)
        for coder in ("ann", "bob")
    ]
    rows += [("post0", "adjudicated", "stance", "advocates", 0.5, "author", "thread0")]
    rows += [("post0", "ann", "sarcastic", "0", 0.5, "author", "thread0")]
    table = agreement(pl.DataFrame(rows, schema=CODES_SCHEMA, orient="row"))
    found = {row["label"]: row for row in table.iter_rows(named=True)}
    assert set(found) == {"stance", "apology"}  # one coder alone cannot agree
    assert (found["stance"]["level"], found["apology"]["level"]) == ("ordinal", "nominal")
    assert found["stance"]["alpha"] == pytest.approx(1.0)
    assert (found["stance"]["messages"], found["stance"]["threads"], found["stance"]["coders"]) == (4, 2, 2)
    assert not found["stance"]["tentative"]
