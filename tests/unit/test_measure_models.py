"""The shipped models: what they were made from, that probabilities are probabilities, what gold changes."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure import measure_messages
from complaintlab.measure.adapt import learn_update
from complaintlab.measure.features import SIDES, Side
from complaintlab.measure.learn.calibration import calibrate
from complaintlab.measure.learn.folds import folds
from complaintlab.measure.learn.texts import FILES, joined_replies, load_texts
from complaintlab.measure.messages import with_hashes
from complaintlab.measure.model import HEADS, as_probabilities, load_model
from complaintlab.measure.retrain import EVERYBODY, retrain
from complaintlab.measure.targets import targets
from complaintlab.tables import TABLES
from complaintlab.tables.texts import READING

NO_READINGS = TABLES["readings"].create_empty()


@pytest.mark.parametrize("side", SIDES)
def test_models_were_made_from_the_texts_in_the_repository(side: Side, repo: Path) -> None:
    stated = json.loads((files("complaintlab.measure") / "models" / f"{side}.json").read_text())
    assert stated["texts"] == hashlib.sha256((repo / FILES[side]).read_bytes()).hexdigest(), "make models"


@pytest.mark.parametrize("side", SIDES)
def test_every_label_of_the_codebook_was_written_for(side: Side, repo: Path) -> None:
    written = targets(load_texts(repo, side), side)
    for name, head in HEADS[side].items():
        cases = dict(zip(head.labels, np.nansum(written[name], axis=0), strict=True))
        assert min(cases.values()) >= (50 if head.kind == "grade" else 100), cases


@pytest.mark.parametrize("side", SIDES)
def test_the_rules_learned_what_they_were_taught(side: Side, repo: Path) -> None:
    texts = load_texts(repo, side)
    name = "stance" if side == "customer" else "acts"
    found, coded = load_model(side).predict(texts)[name], targets(texts, side)[name]
    decided = found == found.max(axis=1, keepdims=True) if name == "stance" else found >= 0.5
    both, total = 2 * (decided & (coded == 1)).sum(axis=0), decided.sum(axis=0) + (coded == 1).sum(axis=0)
    assert (both / total).mean() > 0.5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=5))
def test_scores_become_probabilities(scores: list[list[float]]) -> None:
    z = np.array(scores)
    np.testing.assert_allclose(as_probabilities(z, "one of").sum(axis=1), 1.0)
    grade = as_probabilities(z, "grade")
    assert (np.diff(grade, axis=1) <= 0).all(), "at least 2 is never likelier than at least 1"
    assert ((as_probabilities(z, "each") >= 0) & (as_probabilities(z, "each") <= 1)).all()


def test_calibration_undoes_overconfidence_and_a_shifted_share() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(20_000, 1))
    y = (rng.random(truth.shape) < 1 / (1 + np.exp(-truth))).astype(float)
    found = calibrate(3 * truth + 2, None, y, "each")
    np.testing.assert_allclose(found.features, 1 / 3, atol=0.02)
    np.testing.assert_allclose(found.intercepts, -2 / 3, atol=0.06)


def test_calibration_trusts_a_reading_as_far_as_it_tells_something() -> None:
    rng = np.random.default_rng(1)
    truth, told = rng.normal(size=(20_000, 1)), rng.normal(size=(20_000, 1))
    y = (rng.random(truth.shape) < 1 / (1 + np.exp(-truth - told))).astype(float)
    useful = calibrate(truth, 4 * told, y, "each")
    np.testing.assert_allclose((useful.features, useful.reading), ([1.0], [0.25]), atol=0.05)
    noise = calibrate(truth, rng.normal(size=truth.shape), y, "each")
    assert noise.reading < 0.05, "a reading that tells nothing is not listened to"


def test_calibration_of_exclusive_labels_finds_the_temperature() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(20_000, 3))
    p = as_probabilities(truth, "one of")
    y = np.eye(3)[[rng.choice(3, p=row) for row in p]]
    found = calibrate(2 * truth, None, y, "one of")
    np.testing.assert_allclose(found.features, 0.5, atol=0.02)
    np.testing.assert_allclose(found.intercepts - found.intercepts.mean(), 0.0, atol=0.06)


def test_a_hand_is_never_split_between_folds() -> None:
    hands = pl.Series("hand", ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"] * 2)
    where = {
        hand: {k for k, rows in enumerate(folds(hands)) for row in rows if hands[row] == hand}
        for hand in "abcd"
    }
    assert all(len(found) == 1 for found in where.values())
    assert sorted(row for rows in folds(hands) for row in rows) == list(range(14))


def test_hostility_is_asked_of_critical_texts_alone() -> None:
    rows = [
        ("persists", "1", "2"), ("neutral", "0", "0"), (None, "1", "1"), (None, "0", "0"), (None, None, "3"),
    ]  # fmt: skip
    codes = pl.DataFrame(
        rows, schema=dict.fromkeys(("stance", "complaint", "hostility"), pl.String), orient="row"
    )
    expected = [[1, 1, 0], [np.nan] * 3, [1, 0, 0], [np.nan] * 3, [np.nan] * 3]
    np.testing.assert_array_equal(targets(codes, "customer")["hostility"], expected)


def test_joined_replies_do_what_either_part_does(repo: Path) -> None:
    replies = load_texts(repo, "company")
    joined = joined_replies(replies, 0.1, 1)
    assert 0.09 < joined.height / replies.height < 0.11
    done = {row["text"]: {act for act in ACTS if row[act] == "1"} for row in replies.iter_rows(named=True)}
    for row in joined.head(50).iter_rows(named=True):
        second = max((text for text in done if row["text"].endswith(" " + text)), key=len)
        first = row["text"].removesuffix(" " + second)
        starts = [acts for text, acts in done.items() if text.startswith(first)]
        assert any({act for act in ACTS if row[act] == "1"} == acts | done[second] for acts in starts)


def gold_case(n: int, repo: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Answers of n authors, and gold that says the opposite of the shipped stance: thanks are persists."""
    texts = load_texts(repo, "customer").filter(pl.col("kind") == "turn", pl.col("stance") == "thanks")[:n]
    ids = [f"{place:020d}" for place in range(n)]
    frame = texts.select("text", "before").with_columns(message_id=pl.Series(ids), role=pl.lit("critic"))
    messages = with_hashes(frame).with_columns(author_id=pl.col("message_id"))
    gold = pl.DataFrame({"post_id": ids}).with_columns(
        company=pl.lit("acme"), item=pl.lit("turn"), label=pl.lit("stance"), sampling_probability=0.1,
        author_id=pl.col("post_id"), thread_id=pl.col("post_id"),
        value=pl.when(pl.int_range(pl.len()) % 5 == 0).then(pl.lit("thanks")).otherwise(pl.lit("persists")),
    )  # fmt: skip
    return messages, gold


def test_gold_changes_the_measures_even_of_authors_whom_it_does_not_hold(repo: Path) -> None:
    messages, gold = gold_case(120, repo)
    others = messages[100:]
    before = measure_messages(messages, NO_READINGS)
    after = measure_messages(messages, NO_READINGS, retrain(messages, NO_READINGS, gold[:100]))
    assert after["model_version"][0] != before["model_version"][0]
    assert before[100:]["p_persists"].mean() < 0.3
    assert after[100:]["p_persists"].mean() > 0.6
    assert others.height == 20


def test_too_little_gold_changes_nothing(repo: Path) -> None:
    messages, gold = gold_case(60, repo)
    retrained = retrain(messages, NO_READINGS, gold[:40])
    assert measure_messages(messages, NO_READINGS, retrained).equals(measure_messages(messages, NO_READINGS))


def test_an_authors_own_gold_does_not_code_that_author(repo: Path) -> None:
    messages, gold = gold_case(100, repo)
    first = messages["message_id"][0]
    flipped = gold.with_columns(
        value=pl.when(pl.col("post_id") == first).then(pl.lit("advocates")).otherwise("value")
    )
    measured = [
        measure_messages(messages, NO_READINGS, retrain(messages, NO_READINGS, codes))
        .filter(pl.col("message_id") == first)
        .drop("model_version")
        for codes in (gold, flipped)
    ]
    assert measured[0].equals(measured[1])
    folds_of = retrain(messages, NO_READINGS, gold).folds
    assert EVERYBODY not in folds_of["fold"].to_list()


def test_the_pull_of_gold_is_bounded_by_the_prior(repo: Path) -> None:
    model = load_model("customer")
    messages, gold = gold_case(100, repo)
    X = model.observe(messages)
    wide = gold.select("post_id", stance="value")
    y = targets(wide, "customer")
    nobody = np.zeros((100, READING))
    update = learn_update(model, X, nobody, np.zeros(100, dtype=bool), y, np.ones(100))
    moved = update.weights["stance"]
    assert set(update.weights) == {"stance"}
    assert np.abs(moved[2 + X.shape[1] :]).max() == 0.0, "nothing was read, so no reading's weight moves"
    assert np.abs(moved).max() < 5
    assert len(STANCES) == moved.shape[1]
    assert len(ACTS) == 16
