"""Fine and Gray's model: what it must equal, what it must find, and what it refuses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from complaintlab.errors import InputError, ModelError, UserError
from complaintlab.models.cox import cox
from complaintlab.models.cox.fit import CoxFit
from complaintlab.models.fine_gray import fine_gray

EFFECT = 0.6


def competing(n: int, seed: int) -> pl.DataFrame:
    """Fine and Gray's (1999) own simulation: cause 1 has the subdistribution hazard ratio exp(0.6)."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, n).astype(float)
    ratio = np.exp(EFFECT * x)
    share = 1 - 0.5**ratio
    is_first = rng.random(n) < share
    first = -np.log(1 - (1 - (1 - rng.random(n) * share) ** (1 / ratio)) / 0.5)
    time = np.where(is_first, first, rng.exponential(np.exp(0.4 * x)))
    ended = rng.uniform(0.5, 4, n)
    event = np.where(time > ended, 0, np.where(is_first, 1, 2))
    return pl.DataFrame({"time": np.minimum(time, ended), "event": event, "x": x, "who": np.arange(n)})


def fit(frame: pl.DataFrame, **more: object) -> CoxFit:
    given: dict[str, object] = {"stop": "time", "event": "event", "covariates": ["x"], **more}
    return fine_gray(frame, **given)  # type: ignore[arg-type]


def halves(frame: pl.DataFrame) -> pl.DataFrame:
    """Every episode in two rows."""
    middle = frame["time"] / 2
    early = frame.with_columns(start=pl.lit(0.0), time=middle, event=pl.lit(0, pl.Int64))
    return pl.concat([early, frame.with_columns(start=middle).select(early.columns)])


def test_recovers_the_effect_on_the_subdistribution() -> None:
    found: list[npt.NDArray[np.float64]] = []
    covered = 0
    for seed in range(60):
        table = fit(competing(500, seed)).table
        found.append(table["coef"].to_numpy())
        covered += int(table["lower"][0] < EFFECT < table["upper"][0])
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - EFFECT) < 3 * error < 0.1
    assert covered >= 52


def test_a_cause_specific_model_does_not_find_it() -> None:
    frame = competing(20_000, 1)
    only_first = frame.with_columns(event=(pl.col("event") == 1))
    specific = cox(only_first, stop="time", event="event", covariates=["x"]).coefficients[0]
    assert abs(fit(frame).coefficients[0] - EFFECT) < 0.06 < abs(specific - EFFECT)


def test_without_competing_events_it_is_the_cox_model() -> None:
    frame = competing(400, 3).with_columns(event=(pl.col("event") == 1).cast(pl.Int64))
    frame = frame.with_columns(pl.col("time").round(1) + 0.1)
    expected = cox(frame, stop="time", event="event", covariates=["x"], cluster="who")
    assert fit(frame).coefficients == pytest.approx(expected.coefficients, abs=1e-9)
    assert fit(frame).table["robust_se"][0] == pytest.approx(expected.table["robust_se"][0], rel=1e-9)


def test_without_censoring_the_competing_stay_to_the_end() -> None:
    frame = competing(400, 4).filter(pl.col("event") > 0)
    last = frame["time"].max()
    by_hand = frame.with_columns(
        time=pl.when(pl.col("event") == 1).then("time").otherwise(pl.lit(last)), event=pl.col("event") == 1
    )
    expected = cox(by_hand, stop="time", event="event", covariates=["x"])
    assert fit(frame).coefficients == pytest.approx(expected.coefficients, abs=1e-9)


def test_rows_of_one_episode_count_as_one_and_their_order_does_not_matter() -> None:
    frame = competing(300, 5)
    whole, split = (
        fit(frame),
        fit(halves(frame).sample(fraction=1, shuffle=True, seed=1), start="start", id="who"),
    )
    assert split.coefficients == pytest.approx(whole.coefficients, abs=1e-9)
    assert split.table["robust_se"][0] == pytest.approx(whole.table["robust_se"][0], rel=1e-9)


def test_weights_fall_from_one_and_only_after_a_competing_event() -> None:
    rows = fit(competing(300, 6)).frame
    weight = rows["fg_weight"].to_numpy()
    later = rows["fg_row"].to_numpy()[1:] == rows["fg_row"].to_numpy()[:-1]
    assert weight[0] == 1
    assert (weight[1:][~later] == 1).all()
    assert (np.diff(weight)[later] < 0).all()
    assert set(rows.filter(pl.col("fg_weight") < 1)["event"]) == {2}


def test_names_the_episode_whose_covariate_changes() -> None:
    frame = halves(competing(50, 7)).with_columns(
        x=pl.when((pl.col("who") == 17) & (pl.col("start") > 0)).then(9.0).otherwise("x")
    )
    with pytest.raises(UserError, match="episode 17 has a covariate 'x' that changes"):
        fit(frame, start="start", id="who")


def test_names_the_episode_that_enters_late() -> None:
    frame = competing(50, 8).with_columns(start=pl.when(pl.col("who") == 3).then(0.01).otherwise(0.0))
    frame = frame.filter(pl.col("time") > 0.02)
    with pytest.raises(UserError, match="episode 3 does not start at time zero"):
        fit(frame, start="start", id="who")


def test_refuses_gaps_rows_after_the_event_and_a_cause_that_nobody_has() -> None:
    frame = halves(competing(50, 9))
    gap = frame.with_columns(
        start=pl.when(pl.col("start") > 0).then(pl.col("start") * 1.1).otherwise("start")
    )
    with pytest.raises(InputError, match="do not follow one another"):
        fit(gap, start="start", id="who")
    with pytest.raises(InputError, match="has rows after its event"):
        fit(frame.with_columns(event=pl.lit(1)), start="start", id="who")
    with pytest.raises(ModelError, match="nobody has the event 3"):
        fit(competing(50, 9), cause=3)
