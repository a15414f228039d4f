"""How far a corpus lies from the training texts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.measure import measure_texts
from complaintlab.measure.quality.drift import drift, jensen_shannon
from complaintlab.tables import TABLES

TRAINING = {
    "one": ["Still not working, third time now", "Thanks, that did it", "Where is my parcel?"],
    "two": ["The router keeps dropping out", "Brilliant service, thank you", "My parcel never came"],
}


def measured(texts: list[str], hands: list[str] | None = None, role: str = "critic") -> pl.DataFrame:
    frame = pl.DataFrame(
        {"message_id": [f"{i:020d}" for i in range(len(texts))], "text": texts, "role": [role] * len(texts)}
    ).with_columns(before=pl.lit(None, dtype=pl.String))
    found = frame.select("role", "text").hstack(measure_texts(frame).drop("message_id"))
    return found if hands is None else found.with_columns(hand=pl.Series(hands))


def training() -> pl.DataFrame:
    texts = [text for said in TRAINING.values() for text in said]
    return measured(texts, [hand for hand, said in TRAINING.items() for _ in said])


def of(table: pl.DataFrame, statistic: str, label: str = "all") -> dict[str, float]:
    chosen = table.filter((pl.col("statistic").cast(pl.String) == statistic) & (pl.col("label") == label))
    return chosen.row(0, named=True)


def test_the_training_texts_do_not_drift_from_themselves() -> None:
    table = TABLES["drift"].validate(drift(training(), training()))
    assert of(table, "unseen_words")["value"] == 0.0
    assert of(table, "label_distance")["value"] == pytest.approx(0.0, abs=1e-9)
    assert 0 < of(table, "unseen_words")["reference"] < 1, "each hand has words of its own"
    assert table["side"].cast(pl.String).unique().to_list() == ["customers"], "there are no replies"


def test_strange_words_and_strange_labels_are_seen() -> None:
    table = drift(training(), measured(["Zorgle blenk frumious", "Vortle snark gimble wabe"]))
    assert of(table, "unseen_words")["value"] == 1.0
    assert of(table, "no_feature")["value"] == 1.0
    assert of(table, "label_distance")["value"] > 0.3


def test_what_cannot_be_read_is_counted_by_language() -> None:
    spanish = "Hola, no puedo entrar en mi cuenta y no me contestan desde el lunes"
    japanese = "アプリが動きません。どうすればいいですか。"
    table = drift(training(), measured([spanish, japanese, japanese + "!", "Still nothing"]))
    assert of(table, "not_read")["value"] == 0.75
    assert (of(table, "not_read", "es")["n"], of(table, "not_read", "ja")["n"]) == (1, 2)


def test_without_training_texts_only_the_languages_are_told() -> None:
    table = drift(training().clear(), measured(["Still nothing", "Thanks"]))
    assert table["statistic"].cast(pl.String).to_list() == ["not_read"]
    assert drift(training(), measured(["x"]).clear()).is_empty()


def test_the_order_of_texts_changes_nothing() -> None:
    corpus = measured(["Still nothing", "Thanks a lot", "Where is it?", "Fix this now", "All sorted, cheers"])
    assert drift(training(), corpus).equals(drift(training().reverse(), corpus.reverse()))


@given(
    st.lists(st.floats(0.01, 1), min_size=4, max_size=4), st.lists(st.floats(0.01, 1), min_size=4, max_size=4)
)
def test_the_distance_is_symmetric_and_at_most_one(first: list[float], second: list[float]) -> None:
    p, q = (np.array(values) / sum(values) for values in (first, second))
    assert 0 <= jensen_shannon(p, q) <= 1
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p), abs=1e-7)
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1.0)
