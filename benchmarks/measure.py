"""Posts measured per second by the rules, beside the classifier that an analyst would otherwise train.

    python benchmarks/measure.py [POSTS]

The posts are the texts in data/coding, over and over with a number added so that none is measured twice.
The other contestant is scikit-learn's TF-IDF of words and word pairs with logistic regression, stance and
acts alone, fitted beforehand; its fitting is not counted. Writes results/measure.csv.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from complaintlab.labels import ACTS
from complaintlab.measure import measure_texts
from complaintlab.measure.learn.texts import load_texts
from complaintlab.measure.targets import targets
from complaintlab.store import write_csv

REPO = Path(__file__).resolve().parents[1]
ROUNDS = 3


def posts(n: int) -> pl.DataFrame:
    """message_id, role, text, before of n distinct posts, of customers and companies in turn."""
    critics, replies = load_texts(REPO, "customer"), load_texts(REPO, "company")
    sides = [critics.with_columns(role=pl.lit("critic")), replies.with_columns(role=pl.lit("company"))]
    columns = ("role", "text", "before")
    some = pl.concat([side.select(columns) for side in sides])
    many = pl.concat([some] * -(-n // some.height))[:n]
    number = pl.int_range(pl.len()).cast(pl.String)
    return many.with_columns(message_id=number, text=pl.concat_str("text", pl.lit(" "), number))


def plain_classifiers() -> Callable[[pl.DataFrame], object]:
    critics, replies = load_texts(REPO, "customer"), load_texts(REPO, "company")
    stance = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=500))
    stance.fit(critics["text"].to_list(), critics["stance"].to_list())
    each = OneVsRestClassifier(LogisticRegression(max_iter=500))
    acts = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), each)
    acts.fit(replies["text"].to_list(), targets(replies, "company")["acts"])

    def classify(frame: pl.DataFrame) -> object:
        company = pl.col("role") == "company"
        said, replied = (frame.filter(of)["text"].to_list() for of in (~company, company))
        return stance.predict_proba(said), acts.predict_proba(replied)

    return classify


def main(n: int) -> None:
    frame, classify = posts(n), plain_classifiers()
    measure_texts(frame[:100])
    rows = []
    for round_number in range(ROUNDS):
        took = []
        for work in (measure_texts, classify):
            started = time.perf_counter()
            work(frame)
            took.append(time.perf_counter() - started)
        rows.append(
            {
                "round": round_number + 1,
                "posts": n,
                "labels_ours": 13 + len(ACTS),
                "labels_plain": 6 + len(ACTS),
                "ours_per_second": round(n / took[0]),
                "plain_per_second": round(n / took[1]),
                "ratio": round(took[1] / took[0], 2),
            }
        )
    results = pl.DataFrame(rows)
    write_csv(REPO / "benchmarks" / "results" / "measure.csv", results)
    print(results)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
