"""How well the coders agree with each other, as rows of ``quality``."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure import agreement
from complaintlab.measure.quality.sampling import sample_of
from complaintlab.store import conform
from complaintlab.tables.texts import Quality

LABELS = {"stance": STANCES, "hostility": ("0", "1", "2", "3"), "complaint": ("0", "1")}
ORDERED = ("stance", "hostility")

Row = dict[str, object]


def coder_agreement(corpus: str, pairs: pl.DataFrame) -> pl.DataFrame:
    """Krippendorff's alpha and Cohen's kappa of two coders, with the label 'coders' (an act: 'coders: fix').

    Alpha is ordinal for stance and hostility, nominal for the others; intervals resample as in
    ``quality``.

    Args:
        pairs: a row per message and label that both coded: measure (stance, hostility, complaint or
            act), label (an act; null for the other measures), first and second (the codes as strings:
            a stance, or a number), and sampling_probability, author_id, episode_id or thread_id where
            known.
    """
    acts = pairs.filter(pl.col("measure") == "act")
    parts = [(name, "coders", pairs.filter(pl.col("measure") == name), LABELS[name]) for name in LABELS]
    parts += [("act", f"coders: {act}", acts.filter(pl.col("label") == act), ("0", "1")) for act in ACTS]
    rows = [row for part in parts for row in _rows(*part)]
    if not rows:
        return Quality.create_empty()
    frame = pl.DataFrame(rows).with_columns(corpus=pl.lit(corpus), subgroup=pl.lit("all"))
    return conform("quality", frame)


def _rows(measure: str, label: str, pairs: pl.DataFrame, labels: tuple[str, ...]) -> list[Row]:
    """Nothing for an act that neither of them saw."""
    first, second = (
        pairs[name].replace_strict(labels, range(len(labels)), return_dtype=pl.Int64).to_numpy()
        for name in ("first", "second")
    )
    if not len(first) or (measure == "act" and not (first.any() or second.any())):
        return []
    alpha = agreement.ordinal_alpha if measure in ORDERED else agreement.nominal_alpha
    support = len(first) if len(labels) > 2 else int(np.count_nonzero(first))
    sample = sample_of(pairs.with_columns(role=pl.lit("company" if measure == "act" else "critic")))
    rows: list[Row] = []
    for statistic, of in (("alpha", alpha), ("kappa", agreement.kappa)):
        [figure] = agreement.confusion_figures(first, second, len(labels), of, sample)
        rows.append(
            {"measure": measure, "label": label, "statistic": statistic, "support": support}
            | figure._asdict()
        )
    return rows
