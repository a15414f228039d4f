"""The tables ``confusion`` and ``calibration``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.agreement import BINS, Floats, probability_bin
from complaintlab.measure.quality.codes import (
    COMPLAINT_THRESHOLD,
    act_chances,
    coded_acts,
    customers,
    replies,
    stance_chances,
    stance_numbers,
)
from complaintlab.measure.quality.sampling import weights
from complaintlab.store import conform
from complaintlab.tables.texts import Calibration, Confusion

GRADES = ("0", "1", "2", "3")
YES_NO = ("no", "yes")
Z95 = 1.959963984540054

Row = dict[str, object]


def confusion(corpus: str, judged: pl.DataFrame) -> pl.DataFrame:
    """The table ``confusion``: stance, complaint, and hostility with the measured grade rounded.

    Args:
        judged: see the package.
    """
    rows = [row for measure in _matrices(judged) for row in measure]
    frame = pl.DataFrame(rows) if rows else Confusion.create_empty()
    return conform("confusion", frame.with_columns(corpus=pl.lit(corpus)))


def _matrices(judged: pl.DataFrame) -> Iterator[list[Row]]:
    turns = customers(judged, "coded_stance")
    coded, measured = stance_numbers(turns["coded_stance"]), stance_numbers(turns["stance"])
    yield _cells("stance", STANCES, coded, measured, weights(turns))
    turns = customers(judged, "complaint")
    stated, found = turns["complaint"].to_numpy(), turns["p_complaint"].to_numpy() >= COMPLAINT_THRESHOLD
    yield _cells("complaint", YES_NO, stated, found, weights(turns))
    turns = customers(judged, "coded_hostility")
    coded, measured = (np.rint(turns[name].to_numpy()) for name in ("coded_hostility", "hostility"))
    yield _cells("hostility", GRADES, coded, measured, weights(turns))


def _cells(
    measure: str, labels: Sequence[str], coded: np.ndarray, measured: np.ndarray, weight: Floats
) -> list[Row]:
    k = len(labels)
    place = coded.astype(np.int64) * k + measured.astype(np.int64)
    n = np.bincount(place, minlength=k * k).reshape(k, k)
    weighted = np.bincount(place, weights=weight, minlength=k * k).reshape(k, k)
    given = n.sum(axis=1)
    return [
        {
            "measure": measure, "coded": labels[i], "measured": labels[j], "n": int(n[i, j]),
            "share": float(weighted[i, j] / weighted[i].sum()),
        }
        for i in range(k) if given[i] for j in range(k)
    ]  # fmt: skip


def calibration(corpus: str, judged: pl.DataFrame) -> pl.DataFrame:
    """The table ``calibration``: stances, complaint, and the acts that were coded at all.

    Intervals are Wilson's (1927), with the effective number of messages (Kish 1965) where they are
    weighted; messages of one author count as independent.

    Args:
        judged: see the package.
    """
    rows = [row for curve in _curves(judged) for row in curve]
    frame = pl.DataFrame(rows) if rows else Calibration.create_empty()
    return conform("calibration", frame.with_columns(corpus=pl.lit(corpus)))


def _curves(judged: pl.DataFrame) -> Iterator[list[Row]]:
    turns = customers(judged, "coded_stance")
    coded, p = stance_numbers(turns["coded_stance"]), stance_chances(turns)
    for place, stance in enumerate(STANCES):
        yield _bins("stance", stance, coded == place, p[:, place], weights(turns))
    turns = customers(judged, "complaint")
    happened = turns["complaint"].to_numpy().astype(np.bool_)
    yield _bins("complaint", "complaint", happened, turns["p_complaint"].to_numpy(), weights(turns))
    answers = replies(judged)
    if answers.height:
        acts, p = coded_acts(answers), act_chances(answers)
        for place, act in enumerate(ACTS):
            yield _bins("act", act, acts[:, place], p[:, place], weights(answers))


def _bins(measure: str, label: str, happened: np.ndarray, p: Floats, weight: Floats) -> list[Row]:
    if not happened.any():
        return []
    place = probability_bin(p)
    n, total, expected, seen, square = (
        np.bincount(place, weights=values, minlength=BINS)
        for values in (np.ones_like(p), weight, weight * p, weight * happened, weight**2)
    )
    rows: list[Row] = []
    for k in np.flatnonzero(n):
        frequency = min(1.0, float(seen[k] / total[k]))
        lower, upper = _wilson(frequency, float(total[k] ** 2 / square[k]))
        row = {"measure": measure, "label": label, "bin": int(k), "n": int(n[k])}
        mean = min(1.0, float(expected[k] / total[k]))
        rows.append(row | {"expected": mean, "frequency": frequency, "lower": lower, "upper": upper})
    return rows


def _wilson(share: float, n: float) -> tuple[float, float]:
    """95% score interval of a share of n."""
    middle = share + Z95**2 / (2 * n)
    half = Z95 * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    scale = 1 + Z95**2 / n
    return max(0.0, float((middle - half) / scale)), min(1.0, float((middle + half) / scale))
