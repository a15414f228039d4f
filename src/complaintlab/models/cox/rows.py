"""Start–stop rows as arrays: columns are checked, close times merged, labels coded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TIME_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True)
class Rows:
    """One row per interval (start, stop], its times as codes into the sorted distinct ``times``.

    ``start`` is −1 where a row has no entry time; ``event`` is 0 for none and 1, 2, … for causes.
    """

    times: FloatArray
    start: IntArray
    stop: IntArray
    event: IntArray
    weights: FloatArray

    @property
    def n(self) -> int:
        return len(self.stop)

    @property
    def stop_times(self) -> FloatArray:
        return self.times[self.stop]

    def select(self, rows: BoolArray | IntArray) -> Rows:
        return Rows(self.times, self.start[rows], self.stop[rows], self.event[rows], self.weights[rows])


def as_names(columns: str | Sequence[str] | None) -> list[str]:
    """One name, several names or none, as a list."""
    if columns is None:
        return []
    return [columns] if isinstance(columns, str) else list(columns)


def complete_column(frame: pl.DataFrame, name: str, role: str) -> pl.Series:
    """The column; raises :class:`InputError` if it is not there or has nulls or NaN."""
    if name not in frame.columns:
        raise InputError(f"{role} column '{name}' is not in the table; it has {', '.join(frame.columns)}.")
    column = frame[name]
    not_numbers = int(column.is_nan().sum()) if column.dtype.is_float() else 0
    if missing := column.null_count() + not_numbers:
        raise InputError(f"{role} column '{name}' has {missing} missing values: drop or fill these rows.")
    return column


def numeric_column(frame: pl.DataFrame, name: str, role: str) -> FloatArray:
    """The column as floats; raises :class:`InputError` for text, nulls, NaN and infinities."""
    column = complete_column(frame, name, role)
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        raise InputError(
            f"{role} column '{name}' has type {column.dtype}: it must be numeric"
            " (a 0/1 column for each category, times counted from their origin)."
        )
    values: FloatArray = column.cast(pl.Float64).to_numpy()
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise InputError(f"{role} column '{name}' has {infinite} infinite values: mend or drop these rows.")
    return values


def event_column(frame: pl.DataFrame, name: str, causes: bool) -> IntArray:
    """Event codes: 0/1 or booleans, with ``causes`` also 2, 3, …; raises :class:`InputError` otherwise."""
    values = numeric_column(frame, name, "event")
    codes = values.astype(np.int64)
    highest = np.inf if causes else 1
    wrong = np.flatnonzero((codes != values) | (codes < 0) | (codes > highest))
    if len(wrong):
        allowed = "0 (none) or a cause 1, 2, …" if causes else "0 or 1"
        row = wrong[0]
        raise InputError(f"event column '{name}' is {values[row]:g} in row {row}: it must be {allowed}.")
    return codes


def label_codes(frame: pl.DataFrame, columns: Sequence[str], role: str) -> tuple[IntArray, pl.DataFrame]:
    """Dense codes of the combinations of ``columns`` in sorted order, and the table of combinations.

    Without columns every row has code 0 and the table has one row and no columns.
    """
    if not columns:
        return np.zeros(frame.height, dtype=np.int64), pl.DataFrame()
    for name in columns:
        complete_column(frame, name, role)
    labels = frame.select(columns).unique().sort(columns)
    coded = labels.with_row_index("__code")
    joined = frame.select(columns).join(coded, on=list(columns), how="left", maintain_order="left")
    return joined["__code"].cast(pl.Int64).to_numpy(), labels


def code_times(values: FloatArray) -> tuple[FloatArray, IntArray]:
    """Distinct times and each value's code; times that differ only by rounding are one (R's ``timefix``).

    Neighbours closer than √ε, absolutely or relative to the mean absolute time, are one time, the earliest.
    """
    times, codes = np.unique(values, return_inverse=True)
    gaps = np.diff(times)
    apart = (gaps > TIME_TOLERANCE) & (gaps > TIME_TOLERANCE * np.mean(np.abs(times)))
    if apart.all():
        return times, codes
    first = np.concatenate([[True], apart])
    return times[first], (np.cumsum(first) - 1)[codes]


def read_rows(
    frame: pl.DataFrame,
    *,
    stop: str,
    event: str,
    start: str | None,
    weights: str | None,
    causes: bool = False,
) -> Rows:
    """Times, events and weights of ``frame``, checked.

    Rows whose start and stop are one time after merging are never at risk; such a row with an event, and
    any row whose start is not before its stop, raises :class:`InputError` with the row's number (from 0).
    """
    if not isinstance(frame, pl.DataFrame):
        raise InputError(f"the table is a {type(frame).__name__}: give a polars frame (pl.from_pandas).")
    if not frame.height:
        raise InputError("the table has no rows: there is nothing to fit.")
    stop_times = numeric_column(frame, stop, "stop")
    event_codes = event_column(frame, event, causes)
    case_weights = numeric_column(frame, weights, "weights") if weights else np.ones(frame.height)
    if start is None:
        times, stop_codes = code_times(stop_times)
        return Rows(times, np.full(frame.height, -1), stop_codes, event_codes, case_weights)
    start_times = numeric_column(frame, start, "start")
    _check_order(start_times, stop_times, start, stop)
    times, codes = code_times(np.concatenate([start_times, stop_times]))
    start_codes, stop_codes = codes[: frame.height], codes[frame.height :]
    lost = np.flatnonzero((start_codes >= stop_codes) & (event_codes > 0))
    if len(lost):
        raise InputError(
            f"row {lost[0]} has an event but '{start}' and '{stop}' differ only by rounding: lengthen it."
        )
    return Rows(times, start_codes, stop_codes, event_codes, case_weights)


def _check_order(start: FloatArray, stop: FloatArray, start_name: str, stop_name: str) -> None:
    wrong = np.flatnonzero(start >= stop)
    if len(wrong):
        row = wrong[0]
        raise InputError(
            f"row {row}: '{start_name}' ({start[row]:g}) is not before '{stop_name}' ({stop[row]:g})"
            f" ({len(wrong)} such rows): mend or drop these rows."
        )
