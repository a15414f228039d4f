"""complaintlab's target trial for notebooks: its example, what it gives back, and how it refuses."""

import doctest

import numpy as np
import polars as pl
import pytest

import complaintlab
from complaintlab.errors import UserError
from complaintlab.models.strategies import DAY, HOUR, NONE, Strategy
from complaintlab.models.trials import public
from complaintlab.models.trials.public import target_trial

SOON = Strategy("within 1 h", 0, HOUR)
LATE = Strategy("1 to 24 h", HOUR, DAY)


@pytest.fixture(scope="module")
def episodes() -> pl.DataFrame:
    rng = np.random.default_rng(4)
    n = 1500
    angry = rng.integers(0, 2, n)
    return pl.DataFrame(
        {
            "angry": angry,
            "place": rng.choice(["forum", "site", "wall"], n),
            "who": rng.integers(0, 700, n),
            "reply": (rng.exponential(HOUR * np.where(angry == 1, 12, 3))).astype(int) + 1,
            "left": (rng.exponential(DAY * np.where(angry == 1, 15, 40))).astype(int) + 1,
            "until": np.minimum(rng.exponential(20 * DAY, n), 30 * DAY).astype(int) + 1,
            "quality": rng.choice(["proper", "bad", "other"], n),
        }
    ).with_columns(reply=pl.when(pl.col("reply") < pl.col("until"), pl.col("who") % 5 > 0).then("reply"))


NAMES = {"first_reply": "reply", "event": "left", "end": "until"}


def test_the_worked_example_is_true() -> None:
    assert doctest.testmod(public).failed == 0


def test_the_result_tells_risks_their_difference_sizes_and_balance(episodes: pl.DataFrame) -> None:
    found = target_trial(
        episodes, SOON, LATE, **NAMES, cluster="who", confounders=["angry", "place"], resamples=20
    )
    assert found.difference.estimate == pytest.approx(found.risks[0] - found.risks[1])
    assert found.difference.lower < found.difference.estimate < found.difference.upper
    assert all(0 < risk < 1 for risk in found.risks)
    assert all(50 < size < found.n for size in found.effective_sizes)
    angry = found.balance.row(by_predicate=pl.col("covariate") == "angry", named=True)
    assert abs(angry["smd_after"]) < 0.3 * abs(angry["smd_before"])
    assert set(found.curves["curve"]) == {SOON.name, LATE.name}
    again = target_trial(
        episodes, SOON, LATE, **NAMES, cluster="who", confounders=["angry", "place"], resamples=20
    )
    assert again.difference == found.difference


def test_a_strategy_may_ask_for_a_quality(episodes: pl.DataFrame) -> None:
    bad = Strategy("bad within 24 h", 0, DAY, "bad")
    found = target_trial(episodes, bad, NONE, **NAMES, quality="quality", confounders=["angry"], resamples=5)
    assert (
        found.effective_sizes[0]
        < target_trial(
            episodes, Strategy("within 24 h", 0, DAY), NONE, **NAMES, confounders=["angry"], resamples=5
        ).effective_sizes[0]
    )


def test_without_confounders_it_is_a_plain_comparison(episodes: pl.DataFrame) -> None:
    found = target_trial(episodes, SOON, LATE, **NAMES, resamples=5)
    assert found.balance.is_empty()
    assert found.converged


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"event": "nowhere"}, "no column 'nowhere'"),
        ({"confounders": ["reply"]}, "column 'reply' has nulls"),
        ({"first": Strategy("bad", 0, DAY, "bad")}, "name the column in quality="),
    ],
)
def test_what_it_cannot_use_is_said_in_one_sentence(
    episodes: pl.DataFrame, how: dict[str, object], message: str
) -> None:
    call = {"first": SOON, "second": LATE, **NAMES, **how}
    with pytest.raises(UserError, match=message):
        target_trial(episodes, **call)


def test_an_arm_without_events_is_an_error_that_says_so(episodes: pl.DataFrame) -> None:
    nobody = episodes.with_columns(left=pl.lit(None, pl.Int64))
    with pytest.raises(UserError, match="too few"):
        target_trial(nobody, SOON, LATE, **NAMES, resamples=2)


def test_it_stands_in_the_package_itself() -> None:
    assert complaintlab.target_trial is target_trial
