"""What `make verify` calls the same."""

from __future__ import annotations

import polars as pl
import pytest

from complaintlab.verify import differences

RECORDED = pl.DataFrame({"claim": ["T1", "T2"], "estimate": [0.25, None], "n": [10, 20]})


def test_last_digits_may_differ_from_processor_to_processor() -> None:
    again = RECORDED.with_columns(estimate=pl.col("estimate") * (1 + 1e-9))
    assert differences(RECORDED, again) == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (pl.col("estimate") * (1 + 1e-4), "estimate"),
        (pl.col("estimate").fill_null(0.1), "estimate"),
        (pl.col("n") + 1, "n"),
        (pl.col("claim").str.replace("T2", "T3"), "claim"),
    ],
)
def test_other_numbers_and_words_may_not(change: pl.Expr, column: str) -> None:
    (found,) = differences(RECORDED, RECORDED.with_columns(change))
    assert column in found


def test_a_missing_row_is_told() -> None:
    (found,) = differences(RECORDED, RECORDED.head(1))
    assert "1 rows" in found
