"""The measurement page: what is printed, what is hidden, and whose word the codes are."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
import quality_case as case
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from complaintlab.labels import STANCES
from complaintlab.measure.quality import ARMS, calibration, confusion, quality
from complaintlab.report.figures import judged, measures
from complaintlab.report.figures.texts import _codebook_order
from complaintlab.report.measurement import (
    coder_rows,
    drift_rows,
    label_rows,
    language_rows,
    read_differently,
    truth_in_words,
)
from complaintlab.store import conform
from complaintlab.tables import TABLES


def coded(n: int = 900, corpus: str = "gold") -> dict[str, pl.DataFrame]:
    """Stances of three companies in four arms; sensitivity to turning falls from arm to arm."""
    rng = np.random.default_rng(1)
    meant = rng.choice(STANCES, n)
    arm = rng.integers(0, 4, n)
    right = rng.random(n) > 0.15 * arm
    frame = case.critics(
        meant,
        np.where(right, meant, "neutral"),
        arm=np.array(ARMS)[arm],
        company=np.array(["A", "B", "C"])[rng.integers(0, 3, n)],
    )
    made = {"quality": quality, "confusion": confusion, "calibration": calibration}
    return {name: of(corpus, frame) for name, of in made.items()}


CODED = coded()


@given(arrays(np.int64, (6, 6), elements=st.integers(0, 40)), st.integers(0, 12))
def test_no_hidden_cell_follows_from_its_row(n: np.ndarray, minimum: int) -> None:
    hidden = measures.hidden_cells(n, minimum)
    assert not (~hidden & (n < minimum)).any()
    for row, mask in zip(n, hidden, strict=True):
        alone = mask.sum() == 1
        assert not alone or row[mask][0] == 0


def test_a_label_of_few_cases_has_no_figures() -> None:
    few = CODED["quality"].with_columns(
        support=pl.when(pl.col("label") == "thanks").then(pl.lit(9)).otherwise("support")
    )
    rows = {row["label"]: row for row in label_rows(few.filter(pl.col("subgroup") == "all"), "gold", 10)}
    assert (rows["thanks"]["support"], rows["thanks"]["f1"], rows["thanks"]["recall"]) == ("<10", "–", "–")
    assert rows["persists"]["f1"].count("–") == 1, "a value and its interval"
    assert list(rows) == [*STANCES, "mean"]


def test_weak_labels_and_coders_are_marked() -> None:
    base = {"corpus": "gold", "subgroup": "all", "value": 0.8, "upper": 0.9, "support": 60}
    rows = [
        base | {"measure": "stance", "label": "coders", "statistic": "alpha", "lower": 0.7},
        base | {"measure": "stance", "label": "coders", "statistic": "kappa", "lower": 0.6},
        base | {"measure": "act", "label": "coders: fix", "statistic": "alpha", "lower": 0.66},
        base | {"measure": "act", "label": "coders: joke", "statistic": "alpha", "lower": 0.1, "support": 9},
        base | {"measure": "stance", "label": "thanks", "statistic": "f1", "lower": 0.66},
    ]
    table = conform("quality", pl.DataFrame(rows))
    assert [(row["measure"], row["statistic"], row["tentative"]) for row in coder_rows(table, 10)] == [
        ("stance", "α", False),
        ("fix", "α", True),
    ]
    assert label_rows(table, "gold", 10)[0]["weak"]


@pytest.mark.parametrize(
    ("corpus", "said"),
    [("world", "simulated authors"), ("tweets 2017 (model-coded)", "not people"), ("gold", "your coders")],
)
def test_it_is_said_whose_word_the_codes_are(corpus: str, said: str) -> None:
    assert said in truth_in_words(corpus)


def test_error_that_differs_between_arms_is_said() -> None:
    assert any("sensitivity for “turned”" in said for said in read_differently(CODED["quality"]))
    picture = judged.by_arm(CODED["quality"], 10)
    assert picture is not None
    assert picture.takeaway.startswith(
        "Against gold. Tests of equal error in all arms: turned, sensitivity p = 0.00"
    )
    assert judged.by_arm(CODED["quality"].filter(pl.col("subgroup") == "all"), 10) is None


def test_arms_of_few_cases_are_not_drawn() -> None:
    few = CODED["quality"].with_columns(
        support=pl.when(pl.col("subgroup") == f"arm: {ARMS[2]}").then(pl.lit(9)).otherwise("support")
    )
    drawn = [judged.by_arm(table, 10) for table in (CODED["quality"], few)]
    places = [
        {round(float(line.get_xdata()[0])) for line in picture.figure.axes[0].lines}
        for picture in drawn
        if picture is not None
    ]
    assert places == [{0, 1, 2, 3}, {0, 1, 3}]
    assert "too few" in drawn[1].takeaway


def test_own_codes_speak_before_the_world() -> None:
    both = pl.concat([CODED["quality"], CODED["quality"].with_columns(corpus=pl.lit("world"))])
    picture = judged.by_company(both, 10)
    assert picture is not None
    assert picture.takeaway.startswith("Against gold: stances are read worst at ")


def test_confusion_and_calibration_say_the_largest_error() -> None:
    picture = measures.confusion(CODED["confusion"], 10)
    assert picture is not None
    assert "are measured as “neutral”. Grey: fewer than 10 messages." in picture.takeaway
    assert measures.calibration(CODED["calibration"], 10) is not None
    assert measures.calibration(CODED["calibration"], 10**6) is None


def test_a_learning_curve_tells_its_last_step_and_may_be_empty() -> None:
    assert measures.learning(TABLES["learning"].create_empty()) is None
    rows = [{"measure": "stance", "n_texts": n, "value": v} for n, v in ((500, 0.5), (1000, 0.62))]
    table = conform("learning", pl.DataFrame(rows).with_columns(lower=pl.col("value"), upper=pl.col("value")))
    picture = measures.learning(table)
    assert picture is not None
    assert picture.takeaway == "The last step of the curve brought stance +0.12 from 500 to 1000 texts."


def test_few_unread_texts_are_not_counted_exactly() -> None:
    row = {"side": "customers", "statistic": "not_read", "label": "all", "value": 0.004, "n": 4}
    assert drift_rows(conform("drift", pl.DataFrame([row])), 10)[0]["here"] == "<10 texts"
    turns = pl.DataFrame({"language": ["es"] * 12 + ["ja"] * 3 + ["en"], "supported": [False] * 15 + [True]})
    assert language_rows(turns, 10) == [{"language": "es", "n": "12"}, {"language": "other", "n": "<10"}]


def test_rows_of_the_quality_figure_stand_in_one_order() -> None:
    wanted = [("stance", "thanks"), ("stance", "macro"), ("complaint", "complaint"), ("complaint", "macro")]
    for mixed in itertools.permutations(wanted):
        assert sorted(mixed, key=_codebook_order) == wanted
