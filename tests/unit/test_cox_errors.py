"""Every mistake of a user is one sentence that names the culprit."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from complaintlab.errors import UserError
from complaintlab.models.cox import cox, jackknife

COLUMNS = {"stop": "stop", "event": "event", "start": "start"}


def rows(n: int = 80) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    start = rng.uniform(0, 5, n)
    return pl.DataFrame(
        {
            "start": start,
            "stop": start + rng.uniform(1, 5, n),
            "event": np.arange(n) % 2,
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "company": ["a"] * (n // 2) + ["b"] * (n // 2),
        }
    )


CASES = {
    "missing column": (rows(), ["nothing"], {}, r"'nothing' is not in the table"),
    "missing values": (
        rows().with_columns(x=pl.when(pl.col("z") > 1).then(None).otherwise(pl.col("x"))),
        ["x"],
        {},
        r"'x' has \d+ missing values",
    ),
    "not a number": (rows().with_columns(x=pl.lit(float("nan"))), ["x"], {}, "'x' has 80 missing values"),
    "infinite": (rows().with_columns(x=pl.lit(float("inf"))), ["x"], {}, "'x' has 80 infinite values"),
    "text": (rows(), ["company"], {}, "'company' has type String"),
    "missing strata": (rows().with_columns(s=pl.lit(None)), ["x"], {"strata": "s"}, "'s' has 80 missing"),
    "backwards": (
        rows().with_columns(stop=pl.when(pl.int_range(80) == 7).then("start").otherwise("stop")),
        ["x"],
        {},
        "row 7: 'start' .* is not before 'stop'",
    ),
    "code": (rows().with_columns(event=2 * pl.col("event")), ["x"], {}, "'event' is 2 in row 1: .* 0 or 1"),
    "no events": (rows().with_columns(event=0), ["x"], {}, "'event' has no events"),
    "no rows": (rows().head(0), ["x"], {}, "no rows"),
    "constant": (rows().with_columns(x=pl.lit(3.0)), ["x", "z"], {}, "'x' does not vary among"),
    "constant in strata": (
        rows().with_columns(x=(pl.col("company") == "a")),
        ["z", "x"],
        {"strata": "company"},
        "'x' does not vary within any risk set",
    ),
    "collinear": (
        rows().with_columns(y=pl.col("x") - 2 * pl.col("z") + 1, free=pl.col("x") ** 2),
        ["x", "z", "free", "y"],
        {},
        r"covariates 'x', 'z', 'y' are collinear",
    ),
    "monotone": (
        rows().with_columns(sep=(pl.col("event") == 1) | (pl.col("z") > 0)),
        ["x", "sep"],
        {},
        "coefficient of 'sep' runs to infinity",
    ),
    "events in the order of a covariate": (
        rows().with_columns(start=pl.lit(0.0), stop=9 - pl.col("x"), event=1),
        ["z", "x"],
        {},
        "coefficient of 'x' runs to infinity",
    ),
    "ties": (rows(), ["x"], {"ties": "exact"}, "ties is 'exact'"),
    "three clusters": (rows(), ["x"], {"cluster": ["x", "z", "company"]}, "one or two ways"),
    "no covariates": (rows(), [], {}, "at least one column"),
    "signed weights": (
        rows().with_columns(w=pl.when(pl.col("company") == "a").then(-3.0).otherwise(1.0)),
        ["x"],
        {"weights": "w"},
        "risk set at time .* is not positive",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_message_names_the_culprit(case: str) -> None:
    frame, covariates, options, message = CASES[case]
    with pytest.raises(UserError, match=message):
        cox(frame, covariates=covariates, **{**COLUMNS, **options})


def test_jackknife_names_the_company_without_which_nothing_can_be_fitted() -> None:
    frame = rows().with_columns(x=pl.when(pl.col("company") == "a").then(pl.col("x")).otherwise(0.0))
    with pytest.raises(UserError, match="without company 'a': covariate 'x' does not vary"):
        jackknife(cox(frame, covariates=["x"], **COLUMNS), by="company")


def test_rows_never_at_risk_and_rows_without_weight_contribute_nothing() -> None:
    frame = rows().with_columns(w=pl.lit(1.0))
    last = frame.filter(pl.col("event") == 1)["stop"].max()
    idle = pl.DataFrame({"start": [last + 1], "stop": [last + 2], "event": [0], "x": [1e6], "z": [-1e6]})
    weightless = frame.head(3).with_columns(w=pl.lit(0.0), x=pl.lit(1e9))
    more = pl.concat(
        [frame, idle.with_columns(company=pl.lit("c"), w=pl.lit(1.0)), weightless], how="diagonal_relaxed"
    )
    one, two = (cox(f, covariates=["x", "z"], weights="w", **COLUMNS) for f in (frame, more))
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    assert two.residuals("martingale")["martingale"].tail(4).to_list() == [0, 0, 0, 0]


def test_a_frame_of_another_library_is_named() -> None:
    other = pl.DataFrame({"t": [1, 2], "d": [1, 0], "x": [0, 1]}).to_pandas()
    with pytest.raises(UserError, match="give a polars frame"):
        cox(other, stop="t", event="d", covariates=["x"])
