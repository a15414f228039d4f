"""Judge the measures against coded real messages and write data/measure_quality.csv.

    python benchmarks/measure_quality.py [FOLDER OF THE SHARED DATA]

Reads gold/{stance,opener,acts}.csv and data/twcs/twcs_sample.csv of that folder; prints and writes numbers
only. The codes of the first coder are the truth; the second coder's agreement stands beside it as
``coders``. The messages go through the same function as in the stage ``measure``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import ftfy
import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure import measure_texts
from complaintlab.measure.agreement import Integers, confusion_figures, kappa
from complaintlab.measure.quality import QUALITY_FILE, quality
from complaintlab.store import conform, write_csv

REPO = Path(__file__).resolve().parents[1]
CORPUS = "tweets 2017 (model-coded)"


def tweets(shared: Path) -> pl.DataFrame:
    """Every tweet with the one that it answers: message_id, role, text, before."""
    raw = pl.read_csv(shared / "data" / "twcs" / "twcs_sample.csv", infer_schema=False)
    said = raw.select(
        pl.col("tweet_id").alias("message_id"),
        pl.when(pl.col("inbound").str.to_lowercase() == "true")
        .then(pl.lit("critic"))
        .otherwise(pl.lit("company"))
        .alias("role"),
        pl.col("text").map_elements(ftfy.fix_text, return_dtype=pl.String),
        pl.col("in_response_to_tweet_id").alias("parent_id"),
    )
    parents = said.select(parent_id="message_id", before="text")
    return said.join(parents, on="parent_id", how="left").drop("parent_id")


def codes(shared: Path, name: str) -> pl.DataFrame:
    table = pl.read_csv(shared / "gold" / f"{name}.csv", schema_overrides={"message_id": pl.String})
    return table.with_columns(pl.selectors.starts_with("acts").fill_null("").str.split("|"))


def gold(shared: Path) -> pl.DataFrame:
    """The first coder's codes, one row per coded message and kind of code."""
    stance = codes(shared, "stance").select("message_id", coded_stance="stance_coder_a")
    opener = codes(shared, "opener").select(
        "message_id",
        complaint=pl.col("complaint_coder_a").cast(pl.Boolean),
        coded_hostility=pl.col("hostility_coder_a").cast(pl.Float64),
    )
    acts = codes(shared, "acts").select("message_id", coded_acts="acts_coder_a")
    return pl.concat([stance, opener, acts], how="diagonal")


def between_coders(shared: Path) -> pl.DataFrame:
    """Cohen's kappa of the two coders."""
    rows = []
    pairs: list[tuple[str, pl.DataFrame, str, list[str] | list[int]]] = [
        ("stance", codes(shared, "stance"), "stance", list(STANCES)),
        ("complaint", codes(shared, "opener"), "complaint", [0, 1]),
        ("hostility", codes(shared, "opener"), "hostility", [0, 1, 2, 3]),
    ]
    for measure, table, column, labels in pairs:
        both = [_numbers(table[f"{column}_coder_{coder}"], labels) for coder in "ab"]
        rows.append(_kappa(measure, "coders", both, len(labels)))
    acts = codes(shared, "acts")
    for act in ACTS:
        both = [acts[f"acts_coder_{coder}"].list.contains(act).cast(pl.Int64).to_numpy() for coder in "ab"]
        if any(values.any() for values in both):
            rows.append(_kappa("act", f"coders: {act}", both, 2))
    return conform("quality", pl.DataFrame(rows).with_columns(corpus=pl.lit(CORPUS)))


def _numbers(values: pl.Series, labels: list[str] | list[int]) -> Integers:
    return values.replace_strict(labels, list(range(len(labels))), return_dtype=pl.Int64).to_numpy()


def _kappa(measure: str, label: str, both: list[Integers], k: int) -> dict[str, object]:
    [figure] = confusion_figures(both[0], both[1], k, kappa)
    support = int(np.count_nonzero(both[0])) if k == 2 else len(both[0])
    row: dict[str, object] = {"measure": measure, "label": label, "statistic": "kappa", "support": support}
    return row | figure._asdict()


def main(shared: Path) -> None:
    everything = tweets(shared)
    started = time.perf_counter()
    measured = measure_texts(everything)
    seconds = time.perf_counter() - started
    rate = everything.height / seconds
    print(f"{everything.height} messages measured in {seconds:.1f} s: {rate:.0f} a second")
    coded = gold(shared).join(everything.select("message_id", "role"), on="message_id")
    judged = coded.join(measured.filter("supported"), on="message_id")
    print(f"{coded.height - judged.height} of {coded.height} coded messages are in another language")
    figures = pl.concat([quality(CORPUS, judged), between_coders(shared)])
    rounded = figures.with_columns(pl.col("value", "lower", "upper").round(4))
    write_csv(REPO / QUALITY_FILE, rounded.sort("corpus", "measure", "label", "statistic"))
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True):
        shown = rounded.filter(pl.col("statistic").cast(pl.String).is_in(["f1", "spearman"]))
        print(shown.drop("corpus"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPO.parent / "shared")
