"""Families of replies: found, repeatable, named, and never quoting one person's message."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from complaintlab import cluster
from complaintlab.cluster.families import NOISE, choose, density, k_means, principal_components, stability
from complaintlab.params import Cluster, Study
from complaintlab.store import conform
from complaintlab.tables import TABLES
from complaintlab.tables.texts import DIMENSIONS
from complaintlab.texts import text_hashes

STUDY = Study(name="s", title="t", authors=("a",), affiliation=None, contact=None, minimum_cell=5)
SETTINGS = Cluster(types=3, minimum_share=0.05, resamples=4, seed=1)
PHRASES = (
    "sorry for the long delay with parcel {}",
    "please send us a direct message about {}",
    "the refund was sent to your bank for {}",
)
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def case(seed: int = 0, scale: float = 0.05) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, np.ndarray]:
    """Replies of three kinds: turns, measures, vectors, and the kind of each reply."""
    kinds = np.repeat([0, 1, 2], [40, 30, 20])
    texts = [PHRASES[kind].format(WORDS[i % 12]) + " " + WORDS[i // 12] for i, kind in enumerate(kinds)]
    said = pl.Series("text", texts)
    ids = [f"{i:020d}" for i in range(len(texts))]
    turns = conform(
        "turns",
        pl.DataFrame({"post_id": ids, "thread_id": ids, "role": "company"}).with_columns(
            said, text_hashes(said).alias("text_hash"), position=1, depth=1, parent_status=pl.lit("present"),
            company=pl.lit("acme"), created_at=pl.lit(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
        ),
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    centres = np.eye(3, DIMENSIONS)
    X = centres[kinds] + scale * rng.normal(size=(len(kinds), DIMENSIONS)) / np.sqrt(DIMENSIONS)
    vectors = turns.select("text_hash", backend=pl.lit("made"), truncated=pl.lit(False)).with_columns(
        vector=pl.Series(X.astype(np.float32), dtype=pl.Array(pl.Float32, DIMENSIONS))
    )
    measures = turns.select("post_id", "company", supported=pl.lit(True))
    return turns, measures, conform("vectors", vectors), kinds


def test_families_are_found_named_and_repeatable() -> None:
    turns, measures, vectors, kinds = case()
    out = cluster.run(turns, measures, vectors, SETTINGS, STUDY)
    types = TABLES["reply_types"].validate(out.reply_types)
    members = TABLES["reply_members"].validate(out.reply_members)
    assert adjusted_rand_score(kinds, members.sort("post_id")["type_id"]) == 1.0
    assert types["n"].to_list() == [40, 30, 20]
    assert types["share"].sum() == pytest.approx(1.0)
    assert types["stability"].min() > 0.9  # type: ignore[operator]
    assert "delay" in types["terms"][0].to_list()
    shuffled = cluster.run(
        turns.sample(fraction=1.0, shuffle=True, seed=2), measures, vectors.reverse(), SETTINGS, STUDY
    )
    assert shuffled.reply_members.equals(out.reply_members)
    assert shuffled.reply_types.equals(out.reply_types)


def test_what_is_printed_occurs_in_enough_threads() -> None:
    turns, measures, vectors, _ = case()
    types = cluster.run(turns, measures, vectors, SETTINGS, STUDY).reply_types
    texts = turns["text"].to_list()
    printed = [run for column in ("terms", "exemplars") for runs in types[column].to_list() for run in runs]
    assert printed
    for run in printed:
        assert sum(run in text for text in texts) >= STUDY.minimum_cell
    strict = STUDY.model_copy(update={"minimum_cell": 41})
    hidden = cluster.run(turns, measures, vectors, SETTINGS, strict).reply_types
    assert hidden["exemplars"].list.len().sum() == hidden["terms"].list.len().sum() == 0


def test_one_thread_cannot_make_a_phrase_common() -> None:
    turns, measures, vectors, _ = case()
    turns = turns.with_columns(thread_id=pl.lit("0" * 20))
    types = cluster.run(turns, measures, vectors, SETTINGS, STUDY).reply_types
    assert types["exemplars"].list.len().sum() == 0


def test_small_families_are_noise() -> None:
    turns, measures, vectors, _ = case()
    out = cluster.run(turns, measures, vectors, SETTINGS.model_copy(update={"minimum_share": 0.3}), STUDY)
    assert out.reply_types["type_id"].to_list() == [NOISE, 0, 1]
    assert out.reply_types.filter(pl.col("type_id") == NOISE)["stability"].to_list() == [None]
    noise = out.reply_members.filter(pl.col("type_id") == NOISE)
    assert noise.height == 20
    assert (noise["strength"] == 0).all()


def test_replies_in_other_languages_and_without_vectors_are_left_out() -> None:
    turns, measures, vectors, kinds = case()
    foreign = measures.with_columns(supported=pl.Series(kinds != 2))
    out = cluster.run(turns, foreign, vectors[1:], SETTINGS, STUDY)
    assert out.reply_members.height == int((kinds != 2).sum()) - 1


def test_empty_tables_give_empty_tables() -> None:
    turns, measures, vectors, _ = case()
    out = cluster.run(turns[:0], measures[:0], vectors[:0], SETTINGS, STUDY)
    assert TABLES["reply_types"].validate(out.reply_types).is_empty()
    assert TABLES["reply_members"].validate(out.reply_members).is_empty()


def test_one_reply_is_one_family() -> None:
    turns, measures, vectors, _ = case()
    out = cluster.run(turns[:1], measures[:1], vectors[:1], SETTINGS, STUDY)
    assert out.reply_members["type_id"].to_list() == [0]


def test_components_are_those_of_the_repeated_rows() -> None:
    """A weight of two is the same as a row twice (up to rounding)."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 25)).astype(np.float32)
    weights = rng.integers(1, 4, 30).astype(np.float64)
    repeated = principal_components(np.repeat(X, weights.astype(int), axis=0), np.ones(int(weights.sum())))
    first = np.r_[0, np.cumsum(weights).astype(int)[:-1]]
    np.testing.assert_allclose(principal_components(X, weights), repeated[first], atol=2e-6)
    variances = repeated.var(axis=0)
    assert all(later <= earlier + 1e-6 for earlier, later in pairwise(variances))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_clear_families_are_stable_and_noise_is_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = np.ones(90)
    clear = np.repeat(np.eye(3, 5) * 10, 30, axis=0) + rng.normal(size=(90, 5)) * 0.1
    cloud = rng.normal(size=(90, 5))
    method = k_means(3, 1)
    in_clear = stability(clear, weights, method(clear, weights), method, 5, 1)
    in_cloud = stability(cloud, weights, method(cloud, weights), method, 5, 1)
    assert min(in_clear.values()) == 1.0
    assert np.mean(list(in_cloud.values())) < 0.9


def test_the_more_stable_way_is_taken() -> None:
    """Two long threads side by side: nearness to a centre cuts across them, density does not."""
    rng = np.random.default_rng(2)
    along = np.linspace(0, 20, 150)
    points = np.vstack([np.c_[along, np.zeros(150)], np.c_[along, np.full(150, 3.0)]])
    points += rng.normal(size=points.shape) * 0.05
    found = choose(points, np.ones(300), [k_means(5, 1), density(0.1)], 6, 1)
    assert adjusted_rand_score(np.repeat([0, 1], 150), found.grouping.labels) > 0.95


def test_one_family_of_nearly_everything_does_not_win_by_being_stable() -> None:
    rng = np.random.default_rng(3)
    points = np.vstack([rng.normal(size=(270, 2)), rng.normal(size=(30, 2)) * 0.1 + 30])
    found = choose(points, np.ones(300), [density(0.05), k_means(6, 1)], 6, 1)
    assert np.bincount(found.grouping.labels + 1).max() < 200
