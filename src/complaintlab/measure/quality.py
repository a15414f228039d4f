"""How well the measures agree with coded messages: the table ``quality``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from complaintlab.errors import UserError
from complaintlab.labels import ACTS, STANCE_RANK, STANCES
from complaintlab.measure import agreement
from complaintlab.measure.agreement import Figure, Floats
from complaintlab.measure.companies import ACT_THRESHOLD
from complaintlab.store import conform
from complaintlab.tables.texts import Quality

QUALITY_FILE = "data/measure_quality.csv"
MINIMUM_CASES = 8
"""An act enters the mean over acts from this many coded cases on."""

STANCE3 = ("negative", "neutral", "positive")
COMPLAINT_THRESHOLD = 0.5

SHARES: dict[str, agreement.Statistic] = {
    "f1": agreement.f1,
    "precision": agreement.precision,
    "recall": agreement.recall,
}

Row = dict[str, object]


def coded_quality(root: Path) -> pl.DataFrame:
    """The committed figures against coded real messages.

    Raises:
        UserError: the file is absent or is not a table of quality.
    """
    path = root / QUALITY_FILE
    try:
        return conform("quality", pl.read_csv(path))
    except FileNotFoundError:
        raise UserError(f"There is no {QUALITY_FILE}: restore it from the repository.") from None
    except pl.exceptions.PolarsError as error:
        raise UserError(f"{QUALITY_FILE} is not a table of quality: {str(error).splitlines()[0]}.") from None


def world_quality(measures: pl.DataFrame, latent: pl.DataFrame) -> pl.DataFrame:
    """Agreement with what the simulated authors meant; empty where there is no such truth."""
    truth = latent.rename({"stance": "coded_stance", "hostility": "coded_hostility", "acts": "coded_acts"})
    truth = truth.select("post_id", "coded_stance", "complaint", "coded_hostility", "coded_acts", "role")
    judged = measures.filter("supported").unique("post_id", keep="first", maintain_order=True)
    return quality("world", judged.join(truth, on="post_id"))


def quality(corpus: str, judged: pl.DataFrame) -> pl.DataFrame:
    """The table ``quality`` of one corpus.

    Messages count alike: sampling probabilities are not used. Calibration error is that of the
    probability of each label. Intervals resample messages. A message that the threads gave the other
    side's role was not measured for what was coded and is left out.

    Args:
        judged: columns of ``measures``, and the codes role, coded_stance, complaint (Boolean),
            coded_hostility, coded_acts (null where a message was not coded for that).
    """
    customers = judged.filter(pl.col("role") != "company", pl.col("stance").is_not_null())
    replies = judged.filter(
        pl.col("role") == "company", pl.col("coded_acts").is_not_null(), pl.col("p_apology").is_not_null()
    )
    rows = [
        *_stance(customers.filter(pl.col("coded_stance").is_not_null())),
        *_complaint(customers.filter(pl.col("complaint").is_not_null())),
        *_hostility(customers.filter(pl.col("coded_hostility").is_not_null())),
        *_acts(replies),
    ]
    frame = pl.DataFrame(rows, schema_overrides={"label": pl.String}) if rows else Quality.create_empty()
    return conform("quality", frame.with_columns(corpus=pl.lit(corpus)))


def _stance(judged: pl.DataFrame) -> list[Row]:
    if judged.is_empty():
        return []
    rank = {label: place for place, label in enumerate(STANCES)}
    coded, measured = (
        judged[name].cast(pl.String).replace_strict(rank, return_dtype=pl.Int64).to_numpy()
        for name in ("coded_stance", "stance")
    )
    p = np.stack([judged[f"p_{stance}"].to_numpy() for stance in STANCES], axis=1)
    side = np.array([np.sign(STANCE_RANK[stance]) + 1 for stance in STANCES])
    p3 = np.stack([p[:, side == place].sum(axis=1) for place in range(3)], axis=1)
    return _classes("stance", STANCES, coded, measured, p) + _classes(
        "stance3", STANCE3, side[coded], side[measured], p3
    )


def _classes(
    measure: str, labels: Sequence[str], coded: np.ndarray, measured: np.ndarray, p: Floats
) -> list[Row]:
    k, n = len(labels), len(coded)
    cases = np.bincount(coded, minlength=k)
    rows: list[Row] = []
    for statistic, of in SHARES.items():
        figures = agreement.confusion_figures(coded, measured, k, _with_mean(of, cases > 0))
        rows += [
            _row(measure, label, statistic, figure, int(support))
            for label, figure, support in zip((*labels, "macro"), figures, (*cases, n), strict=True)
            if support
        ]
    [kappa] = agreement.confusion_figures(coded, measured, k, agreement.kappa)
    rows.append(_row(measure, "all", "kappa", kappa, n))
    for place, label in enumerate(labels):
        if cases[place]:
            rows.append(_calibration(measure, label, coded == place, p[:, place]))
    return rows


def _with_mean(of: agreement.Statistic, coded: np.ndarray) -> agreement.Statistic:
    """Add the mean over the labels that were coded at all."""

    def statistic(matrices: Floats) -> Floats:
        values = of(matrices)
        return np.concatenate([values, values[..., coded].mean(axis=-1, keepdims=True)], axis=-1)

    return statistic


def _complaint(judged: pl.DataFrame) -> list[Row]:
    if judged.is_empty():
        return []
    p = judged["p_complaint"].to_numpy()
    return _binary("complaint", "complaint", judged["complaint"].to_numpy(), p, COMPLAINT_THRESHOLD)


def _binary(measure: str, label: str, coded: np.ndarray, p: Floats, threshold: float) -> list[Row]:
    truth, measured = coded.astype(np.int64), (p >= threshold).astype(np.int64)
    rows: list[Row] = []
    for statistic, of in SHARES.items():
        figure = agreement.confusion_figures(truth, measured, 2, of)[1]
        rows.append(_row(measure, label, statistic, figure, int(truth.sum())))
    [kappa] = agreement.confusion_figures(truth, measured, 2, agreement.kappa)
    rows.append(_row(measure, label, "kappa", kappa, int(truth.sum())))
    rows.append(_calibration(measure, label, coded.astype(np.bool_), p))
    return rows


def _hostility(judged: pl.DataFrame) -> list[Row]:
    if judged.is_empty():
        return []
    coded, measured = judged["coded_hostility"].to_numpy(), judged["hostility"].to_numpy()
    figure = agreement.sample_figure(len(coded), lambda i: agreement.spearman(coded[i], measured[i]))
    return [_row("hostility", "all", "spearman", figure, len(coded))]


def _acts(judged: pl.DataFrame) -> list[Row]:
    if judged.is_empty():
        return []
    given = judged["coded_acts"].cast(pl.List(pl.String))
    coded = np.stack([given.list.contains(act).to_numpy() for act in ACTS], axis=1)
    p = np.stack([judged[f"p_{act}"].to_numpy() for act in ACTS], axis=1)
    rows: list[Row] = []
    for place, act in enumerate(ACTS):
        if coded[:, place].any():
            rows += _binary("act", act, coded[:, place], p[:, place], ACT_THRESHOLD)
    frequent = coded.sum(axis=0) >= MINIMUM_CASES
    if frequent.any():
        truth, measured = coded[:, frequent], p[:, frequent] >= ACT_THRESHOLD
        figure = agreement.sample_figure(len(truth), lambda i: _macro_f1(truth[i], measured[i]))
        rows.append(_row("act", "macro", "f1", figure, len(truth)))
    return rows


def _macro_f1(coded: np.ndarray, measured: np.ndarray) -> float:
    both = 2.0 * (coded & measured).sum(axis=0)
    total = coded.sum(axis=0) + measured.sum(axis=0)
    return float(np.mean(np.divide(both, total, out=np.zeros_like(both), where=total > 0)))


def _calibration(measure: str, label: str, happened: np.ndarray, p: Floats) -> Row:
    figure = agreement.sample_figure(len(p), lambda i: agreement.calibration_error(happened[i], p[i]))
    return _row(measure, label, "calibration_error", figure, int(happened.sum()))


def _row(measure: str, label: str, statistic: str, figure: Figure, support: int) -> Row:
    return {
        "measure": measure, "label": label, "statistic": statistic, **figure._asdict(), "support": support,
    }  # fmt: skip
