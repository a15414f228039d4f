"""The table ``quality``: precision, recall, F1, kappa, calibration error and rank correlation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCE_RANK, STANCES
from complaintlab.measure import agreement
from complaintlab.measure.agreement import Figure, Floats, Integers, Sample
from complaintlab.measure.companies import ACT_THRESHOLD
from complaintlab.measure.quality.arms import outcome_rows
from complaintlab.measure.quality.codes import (
    COMPLAINT_THRESHOLD,
    act_chances,
    coded_acts,
    customers,
    replies,
    stance_chances,
    stance_numbers,
)
from complaintlab.measure.quality.context import ARMS
from complaintlab.measure.quality.sampling import sample_of
from complaintlab.store import conform
from complaintlab.tables.texts import Quality

MINIMUM_CASES = 8
"""An act enters the mean over acts from this many coded cases on."""

SUBGROUP_MINIMUM = 30
"""A company or a hand is judged alone from this many coded messages of a kind on."""

STANCE3 = ("negative", "neutral", "positive")

SHARES: dict[str, agreement.Statistic] = {
    "f1": agreement.f1,
    "precision": agreement.precision,
    "recall": agreement.recall,
}

Row = dict[str, object]


def quality(corpus: str, judged: pl.DataFrame) -> pl.DataFrame:
    """The table ``quality`` of one corpus.

    Every statistic is weighted by the inverse sampling probability; intervals resample authors (for
    replies: threads), else messages, and take the companies as given. Companies (and hands, who wrote
    or coded) are judged alone where they have 30 messages, arms always: counts stand in ``support``.

    Args:
        judged: see the package.
    """
    rows = [
        row | {"subgroup": subgroup}
        for subgroup, part, minimum in _subgroups(judged)
        for row in _rows(part, minimum)
    ]
    rows += outcome_rows(judged)
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else Quality.create_empty()
    return conform("quality", frame.with_columns(corpus=pl.lit(corpus)))


def _subgroups(judged: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame, int]]:
    """Name, messages, and from how many messages of a kind on the kind is judged."""
    yield "all", judged, 1
    for column in ("company", "hand"):
        if column in judged.columns:
            for name in judged[column].drop_nulls().unique().sort():
                yield f"{column}: {name}", judged.filter(pl.col(column) == name), SUBGROUP_MINIMUM
    if "arm" in judged.columns:
        for arm in ARMS:
            yield f"arm: {arm}", judged.filter(pl.col("arm") == arm), 1


def _rows(judged: pl.DataFrame, minimum: int) -> Iterator[Row]:
    kinds: tuple[tuple[Callable[[pl.DataFrame], list[Row]], pl.DataFrame], ...] = (
        (_stance, customers(judged, "coded_stance")),
        (_complaint, customers(judged, "complaint")),
        (_hostility, customers(judged, "coded_hostility")),
        (_acts, replies(judged)),
    )
    for of, coded in kinds:
        if coded.height >= minimum:
            yield from of(coded)


def _stance(judged: pl.DataFrame) -> list[Row]:
    coded, measured = stance_numbers(judged["coded_stance"]), stance_numbers(judged["stance"])
    p, sample = stance_chances(judged), sample_of(judged)
    side = np.array([np.sign(STANCE_RANK[stance]) + 1 for stance in STANCES])
    p3 = np.stack([p[:, side == place].sum(axis=1) for place in range(3)], axis=1)
    return _classes("stance", STANCES, coded, measured, p, sample) + _classes(
        "stance3", STANCE3, side[coded], side[measured], p3, sample
    )


def _classes(
    measure: str, labels: Sequence[str], coded: Integers, measured: Integers, p: Floats, sample: Sample
) -> list[Row]:
    k, n = len(labels), len(coded)
    cases = np.bincount(coded, minlength=k)
    rows: list[Row] = []
    matrices = agreement.confusion_matrices(coded, measured, k, sample)
    for statistic, of in SHARES.items():
        figures = agreement.figures(_with_mean(of(matrices), cases > 0))
        rows += [
            _row(measure, label, statistic, figure, int(support))
            for label, figure, support in zip((*labels, "macro"), figures, (*cases, n), strict=True)
            if support
        ]
    [kappa] = agreement.figures(agreement.kappa(matrices))
    rows.append(_row(measure, "all", "kappa", kappa, n))
    for place, label in enumerate(labels):
        if cases[place]:
            rows.append(_calibration(measure, label, coded == place, p[:, place], sample))
    return rows


def _with_mean(values: Floats, coded: np.ndarray) -> Floats:
    """Add the mean over the labels that were coded at all."""
    return np.concatenate([values, values[:, coded].mean(axis=1, keepdims=True)], axis=1)


def _complaint(judged: pl.DataFrame) -> list[Row]:
    coded, p = judged["complaint"].to_numpy(), judged["p_complaint"].to_numpy()
    return _binary("complaint", "complaint", coded, p, COMPLAINT_THRESHOLD, sample_of(judged))


def _binary(
    measure: str, label: str, coded: np.ndarray, p: Floats, threshold: float, sample: Sample
) -> list[Row]:
    truth, measured = coded.astype(np.int64), (p >= threshold).astype(np.int64)
    cases = int(truth.sum())
    rows: list[Row] = []
    matrices = agreement.confusion_matrices(truth, measured, 2, sample)
    for statistic, of in SHARES.items():
        rows.append(_row(measure, label, statistic, agreement.figures(of(matrices))[1], cases))
    if label == measure:  # a measure of its own, not one of many acts: both of its classes count
        coded_at_all = np.bincount(truth, minlength=2) > 0
        both = agreement.f1(matrices)[..., coded_at_all]
        [macro] = agreement.figures(both.mean(axis=-1, keepdims=True))
        rows.append(_row(measure, "macro", "f1", macro, len(coded)))
    [kappa] = agreement.figures(agreement.kappa(matrices))
    rows.append(_row(measure, label, "kappa", kappa, cases))
    rows.append(_calibration(measure, label, coded.astype(np.bool_), p, sample))
    return rows


def _hostility(judged: pl.DataFrame) -> list[Row]:
    coded, measured = judged["coded_hostility"].to_numpy(), judged["hostility"].to_numpy()
    figure = sample_of(judged).figure(lambda weight: agreement.spearman(coded, measured, weight))
    return [_row("hostility", "all", "spearman", figure, len(coded))]


def _acts(judged: pl.DataFrame) -> list[Row]:
    coded, p, sample = coded_acts(judged), act_chances(judged), sample_of(judged)
    rows: list[Row] = []
    for place, act in enumerate(ACTS):
        if coded[:, place].any():
            rows += _binary("act", act, coded[:, place], p[:, place], ACT_THRESHOLD, sample)
    frequent = coded.sum(axis=0) >= MINIMUM_CASES
    if frequent.any():
        figure = _macro_f1(coded[:, frequent], p[:, frequent] >= ACT_THRESHOLD, sample)
        rows.append(_row("act", "macro", "f1", figure, len(coded)))
    return rows


def _macro_f1(coded: np.ndarray, measured: np.ndarray, sample: Sample) -> Figure:
    cells = [
        sample.totals(truth.astype(np.int64) * 2 + guess, 4)
        for truth, guess in zip(coded.T, measured.T, strict=True)
    ]
    each = [agreement.f1(cell.reshape(-1, 2, 2))[:, 1] for cell in cells]
    return agreement.figure(np.mean(each, axis=0))


def _calibration(measure: str, label: str, happened: np.ndarray, p: Floats, sample: Sample) -> Row:
    place = agreement.probability_bin(p)
    gaps = np.abs(sample.totals(place, agreement.BINS, happened - p)).sum(axis=1)
    figure = agreement.figure(gaps / sample.totals(place, agreement.BINS).sum(axis=1))
    return _row(measure, label, "calibration_error", figure, int(happened.sum()))


def _row(measure: str, label: str, statistic: str, figure: Figure, support: int) -> Row:
    return {
        "measure": measure, "label": label, "statistic": statistic, **figure._asdict(), "support": support,
    }  # fmt: skip
