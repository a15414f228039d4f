"""The tables of quality: weights, clusters, subgroups, arms, coders, confusion, calibration."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import quality_case as case
from hypothesis import given, settings
from hypothesis import strategies as st

from complaintlab.errors import UserError
from complaintlab.labels import STANCES
from complaintlab.measure import agreement
from complaintlab.measure.quality import (
    ARMS,
    COMMITTED,
    calibration,
    coder_agreement,
    committed,
    confusion,
    in_context,
    judge,
    quality,
)
from complaintlab.store import conform
from complaintlab.tables import TABLES


def draw(n: int, seed: int, right: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    """Stances, and measured ones of which so many are right."""
    rng = np.random.default_rng(seed)
    coded, other = rng.choice(STANCES, n), rng.choice(STANCES, n)
    return coded, np.where(rng.random(n) < right, coded, other)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_message_drawn_with_half_the_chance_counts_twice(seed: int) -> None:
    coded, measured = draw(60, seed)
    twice = np.random.default_rng(seed).random(60) < 0.5
    weighted = case.critics(coded, measured, sampling_probability=np.where(twice, 0.25, 0.5))
    repeated = weighted.drop("sampling_probability")[np.repeat(np.arange(60), np.where(twice, 2, 1))]
    for label, statistic in (("macro", "f1"), ("persists", "precision"), ("all", "kappa"),
                             ("thanks", "calibration_error")):  # fmt: skip
        one, other = (case.value(quality("x", f), "stance", label, statistic) for f in (weighted, repeated))
        assert one["value"] == pytest.approx(other["value"], abs=1e-9)
    shares = [confusion("x", frame)["share"].to_numpy() for frame in (weighted, repeated)]
    np.testing.assert_allclose(*shares, atol=1e-12)


def test_messages_of_one_author_are_not_independent() -> None:
    coded, measured = draw(150, 3)
    copies, author = np.repeat(np.arange(150), 9), np.repeat(np.arange(150), 9)
    frame = case.critics(coded[copies], measured[copies])
    alone, together = (
        case.value(quality("x", f), "stance", "macro", "recall")
        for f in (frame, frame.with_columns(author_id=pl.Series(author.astype(str))))
    )
    assert alone["value"] == together["value"]
    wide, narrow = (row["upper"] - row["lower"] for row in (together, alone))
    assert wide == pytest.approx(3 * narrow, rel=0.25), (
        "nine copies each: the interval is three times as long"
    )


def test_replies_of_one_account_are_clustered_by_thread() -> None:
    rng = np.random.default_rng(1)
    coded = rng.random(80) < 0.5
    frame = case.replies(coded, np.where(rng.random(80) < 0.8, coded, ~coded), author_id=["account"] * 80)
    row = case.value(quality("x", frame), "act", "apology", "f1")
    assert row["lower"] < row["value"] < row["upper"]


def test_companies_are_judged_from_thirty_messages_on_and_arms_always() -> None:
    coded, measured = draw(64, 5)
    frame = case.critics(
        coded, measured, company=["large"] * 30 + ["small"] * 29 + ["none"] * 5,
        arm=[ARMS[0]] * 60 + [ARMS[1]] * 4,
    )  # fmt: skip
    table = TABLES["quality"].validate(quality("x", frame))
    subgroups = set(table["subgroup"])
    assert {"all", "company: large", f"arm: {ARMS[0]}", f"arm: {ARMS[1]}"} <= subgroups
    assert not {"company: small", "company: none"} & subgroups
    assert case.value(table, "stance", "macro", "f1", f"arm: {ARMS[1]}")["support"] == 4


def outcomes(n: int, seed: int, sensitivity: tuple[float, float]) -> pl.DataFrame:
    """Critics' turns in two arms, half of them resolved and read so with these chances."""
    rng = np.random.default_rng(seed)
    late, resolved = rng.random(n) < 0.5, rng.random(n) < 0.5
    read = np.where(late, sensitivity[1], sensitivity[0]) > rng.random(n)
    coded = np.where(resolved, "resolved", "persists")
    measured = np.where(resolved & ~read, "persists", coded)
    return quality("x", case.critics(coded, measured, arm=np.where(late, ARMS[2], ARMS[0])))


def test_an_outcome_that_is_read_worse_in_late_threads_is_found() -> None:
    table = outcomes(600, 1, (0.9, 0.6))
    assert case.value(table, "outcome", "turned", "sensitivity_p", "arms")["value"] < 1e-6
    change = case.value(table, "outcome", "turned", "sensitivity_difference", f"arm: {ARMS[2]}")
    assert change["lower"] < -0.3 < change["upper"] < 0
    assert case.value(table, "outcome", "turned", "specificity_p", "arms")["value"] == 1.0


def test_the_test_between_arms_keeps_its_level() -> None:
    p = [
        case.value(outcomes(150, seed, (0.8, 0.8)), "outcome", "turned", "sensitivity_p", "arms")["value"]
        for seed in range(60)
    ]
    assert sum(value < 0.05 for value in p) <= 8, "binomial(60, 0.05) exceeds 8 once in 2,000"


def test_openers_show_no_outcome() -> None:
    coded, measured = draw(40, 2)
    frame = case.critics(coded, measured, arm=[ARMS[0]] * 40, position=[0] * 40)
    assert quality("x", frame).filter(pl.col("measure") == "outcome").is_empty()


def turns(delays_minutes: list[float | None]) -> pl.DataFrame:
    """One thread a delay: an opener, and a reply so many minutes later."""
    start = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    rows = []
    for k, delay in enumerate(delays_minutes):
        thread = {"thread_id": f"{k:020d}", "company": "acme", "depth": 0, "text": "x"}
        keys = {"text_hash": "h" * 20, "joined_into": None, "author_id": f"a{k:019d}"}
        said = {"role": "critic", "created_at": start, "position": 0, "parent_status": "root"}
        rows.append(thread | keys | said | {"post_id": f"o{k:019d}"})
        if delay is not None:
            later = start + dt.timedelta(minutes=delay)
            said = {"role": "company", "created_at": later, "position": 1, "parent_status": "present"}
            rows.append(thread | keys | said | {"post_id": f"r{k:019d}"})
    return conform("turns", pl.DataFrame(rows, infer_schema_length=None))


def test_arms_are_those_of_the_first_reply() -> None:
    delays = [5.0, 60.0, 61.0, 1440.0, 1441.0, None, -3.0]
    posts = turns(delays).filter(pl.col("position") == 0).select("post_id", "company")
    placed = in_context(posts, turns(delays))
    within, day, later, none = ARMS
    assert placed["arm"].to_list() == [within, within, day, day, later, none, None]
    assert placed["position"].to_list() == [0] * 7


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], 0.095),
        ([0, 0, 1, 1, 3, 2, 2, 2, 4, 3, 3, 0], [1, 0, 1, 1, 1, 2, 2, 2, 4, 3, 3, 3], 0.692),
    ],
)
def test_alpha_is_that_of_krippendorffs_examples(
    first: list[int], second: list[int], expected: float
) -> None:
    """Krippendorff, Computing Krippendorff's alpha-reliability (2011), examples A and B."""
    k = max(*first, *second) + 1
    [figure] = agreement.confusion_figures(np.array(first), np.array(second), k, agreement.nominal_alpha)
    assert figure.value == pytest.approx(expected, abs=5e-4)


def test_ordinal_alpha_is_its_definition() -> None:
    rng = np.random.default_rng(4)
    first = rng.integers(0, 4, 30)
    second = np.clip(first + rng.integers(-1, 2, 30), 0, 3)
    given = np.bincount(np.r_[first, second], minlength=4)

    def distance(a: int, b: int) -> float:
        low, high = min(a, b), max(a, b)
        return float(given[low : high + 1].sum() - (given[low] + given[high]) / 2) ** 2

    everything = np.r_[first, second]
    seen = 2 * sum(distance(a, b) for a, b in zip(first, second, strict=True)) / 60
    chance = sum(distance(a, b) for a in everything for b in everything) / (60 * 59)
    [figure] = agreement.confusion_figures(first, second, 4, agreement.ordinal_alpha)
    assert figure.value == pytest.approx(1 - seen / chance)


def test_coders_are_compared_by_measure_and_act() -> None:
    pairs = pl.DataFrame(
        {
            "measure": ["stance", "stance", "act", "act", "complaint"],
            "label": [None, None, "fix", "fix", None],
            "first": ["persists", "thanks", "1", "0", "1"],
            "second": ["persists", "thanks", "1", "0", "1"],
        }
    )
    table = TABLES["quality"].validate(coder_agreement("gold", pairs))
    assert set(table.select("measure", "label").rows()) == {
        ("stance", "coders"), ("act", "coders: fix"), ("complaint", "coders"),
    }  # fmt: skip
    assert (table["value"] == 1.0).all()
    assert coder_agreement("gold", pairs.clear()).is_empty()


def test_confusion_counts_every_message_once() -> None:
    coded, measured = draw(80, 9)
    table = TABLES["confusion"].validate(confusion("x", case.critics(coded, measured)))
    assert int(table["n"].to_numpy().sum()) == 80
    assert table.group_by("coded").agg(pl.col("share").sum())["share"].to_numpy() == pytest.approx(1.0)
    wrong = table.filter((pl.col("coded") == "thanks") & (pl.col("measured") == "neutral"))["n"].item()
    assert wrong == int(((coded == "thanks") & (measured == "neutral")).sum())


def test_calibrated_probabilities_lie_in_their_intervals() -> None:
    rng = np.random.default_rng(6)
    p = rng.random(4000)
    frame = case.critics(["persists"] * 4000, ["persists"] * 4000)
    frame = frame.with_columns(p_complaint=pl.Series(p), complaint=pl.Series(rng.random(4000) < p))
    curve = TABLES["calibration"].validate(calibration("x", frame)).filter(pl.col("measure") == "complaint")
    held = (curve["lower"] <= curve["expected"]) & (curve["expected"] <= curve["upper"])
    assert curve.height == 10
    assert held.sum() >= 8


def test_no_coded_message_is_empty_tables() -> None:
    empty = case.critics([], []).cast({"coded_stance": pl.String, "stance": pl.String})
    for name, frame in judge("x", empty)._asdict().items():
        assert TABLES[name].validate(frame).is_empty()


@pytest.mark.parametrize("table", list(COMMITTED))
def test_committed_figures_are_tables(table: str, repo: Path, tmp_path: Path) -> None:
    TABLES[table].validate(committed(table, repo))
    with pytest.raises(UserError, match=COMMITTED[table]):
        committed(table, tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / COMMITTED[table]).write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="is not a table"):
        committed(table, tmp_path)
