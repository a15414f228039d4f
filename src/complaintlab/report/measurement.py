"""How well the measures agree with coded messages, as the rows and words that the report prints."""

from __future__ import annotations

from typing import Any

import polars as pl

from complaintlab.freeze import measures_version
from complaintlab.labels import ACTS, STANCES
from complaintlab.report.cells import cell
from complaintlab.verdicts.certainty import MODEL_CODED, WEAK_AGREEMENT, WORLD

Row = dict[str, Any]
NOTHING = "–"
ORDER = ("stance", "complaint", "hostility", "act")
ALIKE_LEVEL = 0.05
"""Below this p-value the outcomes count as read differently between the arms."""

DRIFTS = {
    "unseen_words": "words that no training text has",
    "no_feature": "texts without any word of the lexicon",
    "label_distance": "distance of the labels’ shares, 0 to 1",
    "not_read": "texts not measured: in another language",
}


def measurement(quality: pl.DataFrame, drift: pl.DataFrame, measures: pl.DataFrame, minimum: int) -> Row:
    """All that the section prints, its figures apart.

    Args:
        quality, drift, measures: the tables of these names.
        minimum: the study's minimum cell.
    """
    whole = quality.filter(pl.col("subgroup") == "all")
    corpora = sorted(quality["corpus"].unique().to_list())
    return {
        "version": measures_version(measures),
        "weak": WEAK_AGREEMENT,
        "corpora": [
            {"name": name, "words": truth_in_words(name), "labels": label_rows(whole, name, minimum)}
            for name in corpora
        ],
        "coders": coder_rows(whole, minimum),
        "drift": drift_rows(drift, minimum),
        "languages": language_rows(measures, minimum),
    }


def truth_in_words(corpus: str) -> str:
    """Whose word the codes of a corpus are."""
    if corpus == WORLD:
        return "the truth of the simulated authors; it says how well the measures read this world’s English"
    if MODEL_CODED in corpus:
        return "coded by language models, not people: agreement is an upper bound"
    return "coded by people: your coders"


def label_rows(quality: pl.DataFrame, corpus: str, minimum: int) -> list[Row]:
    """Precision, recall and F1 (or the rank correlation) of each label of a corpus with intervals.

    A label with fewer coded cases than the minimum has no figures.
    """
    of = quality.filter(
        (pl.col("corpus") == corpus)
        & pl.col("measure").is_in(ORDER)
        & pl.col("statistic").is_in(["f1", "precision", "recall", "spearman"])
    )
    keys = sorted(of.select("measure", "label").unique().rows(), key=_place)
    return [_label_row(of, measure, label, minimum) for measure, label in keys]


def _place(key: tuple[str, str]) -> tuple[int, int]:
    labels = (*STANCES, *ACTS, "macro")
    return ORDER.index(key[0]), labels.index(key[1]) if key[1] in labels else 0


def _label_row(quality: pl.DataFrame, measure: str, label: str, minimum: int) -> Row:
    of = quality.filter((pl.col("measure") == measure) & (pl.col("label") == label))
    found = {row["statistic"]: row for row in of.iter_rows(named=True)}
    support = int(of["support"].to_numpy().max())
    enough = support >= minimum
    printed = {name: _with_limits(found.get(name)) if enough else NOTHING for name in ("precision", "recall")}
    whole = found.get("f1") or found.get("spearman")
    mark = "" if "f1" in found else "ρ "
    return printed | {
        "measure": measure,
        "label": "mean" if label == "macro" else label,
        "support": cell(support, minimum),
        "f1": mark + _with_limits(whole) if enough else NOTHING,
        "weak": bool(enough and whole and whole["lower"] is not None and whole["lower"] < WEAK_AGREEMENT),
    }


def coder_rows(quality: pl.DataFrame, minimum: int) -> list[Row]:
    """Agreement of the coders with each other: alpha where it was made, else kappa."""
    of = quality.filter(
        pl.col("label").str.starts_with("coders")
        & pl.col("statistic").is_in(["alpha", "kappa"])
        & (pl.col("support") >= minimum)
    )
    alphas = of.filter(pl.col("statistic") == "alpha")
    others = of.filter(pl.col("statistic") == "kappa").join(
        alphas, on=["corpus", "measure", "label"], how="anti"
    )
    rows = pl.concat([alphas, others]).to_dicts()
    rows.sort(key=lambda row: (row["corpus"], _place((row["measure"], _act(row)))))
    return [
        {
            "corpus": row["corpus"],
            "measure": _act(row) or row["measure"],
            "statistic": "α" if row["statistic"] == "alpha" else "κ",
            "value": _with_limits(row),
            "n": cell(row["support"], minimum),
            "tentative": row["lower"] is None or row["lower"] < WEAK_AGREEMENT,
        }
        for row in rows
    ]


def _act(row: Row) -> str:
    return str(row["label"]).removeprefix("coders").removeprefix(": ")


def drift_rows(drift: pl.DataFrame, minimum: int) -> list[Row]:
    """How far the corpus lies from the training texts; shares of too few texts are not printed."""
    whole = drift.filter(pl.col("label") == "all").sort("side", "statistic")
    return [
        {
            "side": row["side"],
            "what": DRIFTS[row["statistic"]],
            "here": f"{cell(row['n'], minimum)} texts"
            if row["statistic"] == "not_read" and 0 < row["n"] < minimum
            else _measured(row["statistic"], row["value"]),
            "reference": _measured(row["statistic"], row["reference"]),
        }
        for row in whole.iter_rows(named=True)
    ]


def language_rows(measures: pl.DataFrame, minimum: int) -> list[Row]:
    """Turns that no measure read, by language; the languages of too few turns together."""
    unread = measures.filter(~pl.col("supported")).group_by("language").len().sort("language").rows()
    large = sorted((row for row in unread if row[1] >= minimum), key=lambda row: -row[1])
    rest = sum(n for _, n in unread) - sum(n for _, n in large)
    return [{"language": code, "n": cell(n, minimum)} for code, n in [*large, ("other", rest)] if n]


def read_differently(quality: pl.DataFrame) -> list[str]:
    """Outcomes that are read better in some arms than in others, in words."""
    of = quality.filter(
        (pl.col("subgroup") == "arms")
        & pl.col("statistic").is_in(["sensitivity_p", "specificity_p"])
        & (pl.col("value") < ALIKE_LEVEL)
    ).sort("corpus", "label", "statistic")
    return [
        f"{row['statistic'].removesuffix('_p')} for “{row['label']}” (p {_p(row['value'])})"
        for row in of.iter_rows(named=True)
    ]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _measured(statistic: str, value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.2f}" if statistic == "label_distance" else f"{value:.1%}"


def _with_limits(row: Row | None) -> str:
    if row is None or row["value"] is None:
        return NOTHING
    if row["lower"] is None:
        return _two(row["value"])
    return f"{_two(row['value'])} ({_two(row['lower'])}–{_two(row['upper'])})"


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
