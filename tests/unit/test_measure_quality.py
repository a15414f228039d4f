"""Agreement statistics against independent computations, and closeness to earlier replies."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure import agreement, measure_texts
from complaintlab.measure.quality import quality, world_judged
from complaintlab.measure.templates import template_closeness
from complaintlab.tables import TABLES


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_confusion_statistics_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coded, measured = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    references = {
        agreement.f1: f1_score,
        agreement.precision: precision_score,
        agreement.recall: recall_score,
    }
    for ours, theirs in references.items():
        figures = agreement.confusion_figures(coded, measured, 3, ours)
        expected = theirs(coded, measured, average=None, labels=[0, 1, 2], zero_division=0)
        np.testing.assert_allclose([figure.value for figure in figures], expected)
        assert all(figure.lower <= figure.value <= figure.upper for figure in figures)
    [kappa] = agreement.confusion_figures(coded, measured, 3, agreement.kappa)
    assert kappa.value == pytest.approx(cohen_kappa_score(coded, measured))


def test_spearman_is_that_of_scipy_and_zero_for_a_constant() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 4, 50).astype(float), rng.normal(size=50)
    assert agreement.spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert agreement.spearman(np.ones(5), np.arange(5.0)) == 0.0


def test_calibration_error_is_the_gap_between_chance_and_frequency() -> None:
    assert agreement.calibration_error(np.array([True] * 8 + [False] * 2), np.full(10, 0.8)) == pytest.approx(
        0
    )
    assert agreement.calibration_error(np.array([False] * 10), np.full(10, 0.8)) == pytest.approx(0.8)


def test_a_bootstrap_interval_covers_the_binomial_one() -> None:
    """The recall of one label is a share of n coded cases: its error is that of a binomial."""
    coded = np.ones(200, dtype=np.int64)
    measured = np.r_[np.ones(150, dtype=np.int64), np.zeros(50, dtype=np.int64)]
    recall = agreement.confusion_figures(coded, measured, 2, agreement.recall)[1]
    half = 1.96 * np.sqrt(0.75 * 0.25 / 200)
    assert recall.upper - recall.lower == pytest.approx(2 * half, rel=0.15)


def judged(texts: list[str], role: str) -> pl.DataFrame:
    frame = pl.DataFrame({"message_id": [f"{i:020d}" for i in range(len(texts))], "text": texts})
    frame = frame.with_columns(role=pl.lit(role), before=pl.lit(None, dtype=pl.String))
    return measure_texts(frame).rename({"message_id": "post_id"}).with_columns(role=pl.lit(role))


def test_perfect_codes_give_perfect_figures() -> None:
    turns = judged(
        [
            "My parcel is late again and nobody answers!",
            "Thanks a million times",
            "How do I log in?",
            "Fixed, it works now",
        ],
        "critic",
    )
    replies = judged(["Sorry for the delay.", "Could you send us your order number?"], "company")
    coded = pl.concat(
        [
            turns.with_columns(
                coded_stance="stance",
                complaint=pl.col("p_complaint") >= 0.5,
                coded_hostility="hostility",
                coded_acts=pl.lit(None, dtype=pl.List(pl.Enum(list(ACTS)))),
            ),
            replies.with_columns(
                coded_stance=pl.lit(None, dtype=pl.Enum(list(STANCES))),
                complaint=pl.lit(None, dtype=pl.Boolean),
                coded_hostility=pl.lit(None, dtype=pl.Float64),
                coded_acts="acts",
            ),
        ]
    )
    table = TABLES["quality"].validate(quality("own", coded))
    exact = table.filter(pl.col("statistic").cast(pl.String).is_in(["f1", "kappa", "spearman", "recall"]))
    assert (exact["value"] == 1.0).all()
    assert {"stance", "stance3", "complaint", "hostility", "act"} == set(table["measure"])


def test_a_source_without_truth_has_no_world_quality() -> None:
    nothing = world_judged(TABLES["measures"].create_empty(), TABLES["latent"].create_empty())
    assert quality("world", nothing).is_empty()


def replies(texts: list[str], companies: list[str] | None = None) -> pl.DataFrame:
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "post_id": [f"{i:020d}" for i in range(len(texts))],
            "company": companies or ["acme"] * len(texts),
            "created_at": [start + dt.timedelta(minutes=i) for i in range(len(texts))],
            "text": texts,
        }
    )


def test_templates_are_found_within_the_company_only() -> None:
    said = ["Please send us a direct message today", "please send us a DIRECT message today", "ok", "ok"]
    assert template_closeness(replies(said))["template"].to_list() == [None, 1.0, 0.0, 1.0]
    apart = template_closeness(replies(said, ["acme", "other", "acme", "other"]))
    assert apart["template"].to_list() == [None, None, 0.0, 0.0]


def test_a_shared_half_counts_half() -> None:
    said = ["one two three four five", "one two three four six"]
    assert template_closeness(replies(said))["template"].to_list() == [None, 0.5]


@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(
        st.sampled_from(["a b c d e", "a b c d f", "x", "b c d e f g", ""]), min_size=4, max_size=10
    ),
    seed=st.integers(0, 100),
)
def test_what_comes_later_changes_nothing_before(said: list[str], seed: int) -> None:
    half = len(said) // 2
    later = np.random.default_rng(seed).permutation(said[half:]).tolist()
    first = template_closeness(replies(said))
    second = template_closeness(replies(said[:half] + later))
    assert first[:half].equals(second[:half])
    shuffled = replies(said).sample(fraction=1.0, shuffle=True, seed=seed)
    assert template_closeness(shuffled).sort("post_id").equals(first)
