"""Judge the measures against coded real messages and write data/measure_{quality,confusion,calibration}.csv.

    python benchmarks/measure_quality.py [FOLDER OF THE SHARED DATA]     (or: make quality)

Reads gold/{stance,opener,acts}.csv and data/twcs/twcs_sample.csv of that folder; prints and writes numbers
only. The codes of the first coder are the truth; the second coder's agreement stands beside it as
``coders``. The messages go through the same functions as in the stages ``embed`` and ``measure``. The models
learned from texts written for this project alone, so every company here is one that they never saw. At the
end stand the bounds that this project sets itself, and what is reached.
"""

from __future__ import annotations

import sys
from pathlib import Path

import ftfy
import polars as pl

from complaintlab.embed import read_messages
from complaintlab.embed.messages import unread
from complaintlab.labels import ACTS
from complaintlab.measure import measure_messages
from complaintlab.measure.messages import with_hashes
from complaintlab.measure.quality import COMMITTED, coder_agreement, judge
from complaintlab.store import write_csv
from complaintlab.tables import TABLES

REPO = Path(__file__).resolve().parents[1]
CORPUS = "tweets 2017 (model-coded)"


def tweets(shared: Path) -> pl.DataFrame:
    """Every tweet with the one that it answers: message_id, role, text, before, company (whose it is)."""
    raw = pl.read_csv(shared / "data" / "twcs" / "twcs_sample.csv", infer_schema=False)
    said = raw.select(
        pl.col("tweet_id").alias("message_id"),
        pl.when(pl.col("inbound").str.to_lowercase() == "true")
        .then(pl.lit("critic"))
        .otherwise(pl.lit("company"))
        .alias("role"),
        pl.col("text").map_elements(ftfy.fix_text, return_dtype=pl.String),
        pl.col("in_response_to_tweet_id").alias("parent_id"),
        author="author_id",
    )
    parents = said.select(parent_id="message_id", before="text", met="author")
    own = pl.col("role") == "company"
    company = pl.when(own).then("author").otherwise("met")
    return (
        said.join(parents, on="parent_id", how="left")
        .with_columns(company=company)
        .drop("parent_id", "author", "met")
    )


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


def pairs(shared: Path) -> pl.DataFrame:
    """What the two coders said of each message: measure, label, first, second."""
    columns = [("stance", "stance"), ("opener", "complaint"), ("opener", "hostility")]
    parts = [
        codes(shared, file).select(
            measure=pl.lit(name),
            label=pl.lit(None, dtype=pl.String),
            first=pl.col(f"{name}_coder_a").cast(pl.String),
            second=pl.col(f"{name}_coder_b").cast(pl.String),
        )
        for file, name in columns
    ]
    acts = codes(shared, "acts")
    for act in ACTS:
        said = (pl.col(f"acts_coder_{c}").list.contains(act).cast(pl.Int8).cast(pl.String) for c in "ab")
        first, second = said
        parts.append(acts.select(measure=pl.lit("act"), label=pl.lit(act), first=first, second=second))
    return pl.concat(parts)


def main(shared: Path) -> None:
    coded = gold(shared).join(tweets(shared), on="message_id")
    messages = with_hashes(coded)
    readings = read_messages(unread(messages, "needed"), REPO)
    print(f"{readings.height} of {coded.height} coded messages were read in context")
    measured = measure_messages(messages, readings)
    judged = coded.drop("text", "before").join(measured.filter("supported"), on="message_id")
    print(f"{coded.height - judged.height} of {coded.height} coded messages are in another language")
    judgement = judge(CORPUS, judged)
    figures = pl.concat([judgement.quality, coder_agreement(CORPUS, pairs(shared))])
    for table, frame in judgement._replace(quality=figures)._asdict().items():
        rounded = frame.with_columns(pl.selectors.float().round(4))
        write_csv(REPO / COMMITTED[table], rounded.sort(TABLES[table].primary_key()))
    rounded = figures.with_columns(pl.selectors.float().round(4))
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, tbl_hide_dataframe_shape=True):
        shown = rounded.filter(pl.col("statistic").cast(pl.String).is_in(["f1", "spearman"]))
        print(shown.filter(pl.col("subgroup") == "all").drop("corpus", "subgroup"))
        print(bounds(figures))


BOUNDS = (
    ("stance3", "macro", "f1", 0.80, 0.85),
    ("stance", "macro", "f1", 0.58, 0.65),
    ("act", "macro", "f1", 0.75, 0.80),
    ("complaint", "macro", "f1", 0.88, 0.90),
    ("hostility", "all", "spearman", 0.72, 0.75),
)
CALIBRATION = 0.05, 0.03
"""Bound and aim of the expected calibration error, the mean over a measure's labels."""


def bounds(figures: pl.DataFrame) -> pl.DataFrame:
    """measure, label, statistic, value with interval, bound, aim, and whether the bound is reached."""
    whole = figures.filter(pl.col("subgroup") == "all").with_columns(pl.col("statistic").cast(pl.String))
    asked = pl.DataFrame(BOUNDS, schema=["measure", "label", "statistic", "bound", "aim"], orient="row")
    keys = ["measure", "label", "statistic"]
    reached = asked.join(whole.select(*keys, "value", "lower", "upper"), on=keys, maintain_order="left")
    errors = whole.filter(pl.col("statistic") == "calibration_error").group_by("measure", maintain_order=True)
    calibrated = errors.agg(
        label=pl.lit("mean"),
        statistic=pl.lit("calibration_error"),
        bound=pl.lit(CALIBRATION[0]),
        aim=pl.lit(CALIBRATION[1]),
        value=pl.col("value").mean(),
        lower=pl.lit(None, dtype=pl.Float64),
        upper=pl.lit(None, dtype=pl.Float64),
    )
    error = pl.col("statistic") == "calibration_error"
    kept = (
        pl.when(error).then(pl.col("value") <= pl.col("bound")).otherwise(pl.col("value") >= pl.col("bound"))
    )
    return pl.concat([reached, calibrated]).with_columns(pl.selectors.float().round(3), reached=kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPO.parent / "shared")
