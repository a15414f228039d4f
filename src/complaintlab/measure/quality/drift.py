"""How far the corpus at hand lies from the texts that the measures were trained on: the table ``drift``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.agreement import Floats
from complaintlab.measure.lexicon import load_lexicon, plain
from complaintlab.store import conform
from complaintlab.tables.texts import Drift

LOOKED_AT = 3000
"""Distinct texts of a side that are looked at, evenly spaced in the order of the alphabet."""

WORD = r"[a-z][a-z'_-]+"
SIDES = {"customers": "customer", "replies": "company"}
"""Side → its lexicon."""

_TRAINING = dict.fromkeys(("hand", "role", "before", "text", "stance", "acts"), pl.String)

Row = dict[str, object]
Compared = tuple[float | None, int]
"""A share or distance, and the number of words or texts behind it."""


def training_texts(root: Path) -> pl.DataFrame:
    """The coded texts in data/coding that the measures are trained on; no row where a file is not there.

    Returns:
        hand, role (critic, bystander or company), before, text, language, supported, and as coded: stance,
        acts.
    """
    parts = [pl.DataFrame(schema=_TRAINING)]
    bystander = pl.col("kind") == "bystander"
    customer = pl.when(bystander).then(pl.lit("bystander")).otherwise(pl.lit("critic"))
    for name, role in (("critics", customer), ("replies", pl.lit("company"))):
        path = root / "data" / "coding" / f"{name}.csv"
        if path.exists():
            table = pl.read_csv(path, infer_schema=False).with_columns(role=role)
            parts.append(table.select(pl.col(column) for column in _TRAINING if column in table.columns))
    texts = pl.concat(parts, how="diagonal")
    done = pl.when(pl.col("role") == "company").then(pl.col("acts").fill_null("").str.split("|"))
    return texts.with_columns(acts=done, language=pl.lit("en"), supported=True)


def drift(training_texts: pl.DataFrame, corpus_texts: pl.DataFrame) -> pl.DataFrame:
    """The table ``drift``; a reference is null where there are fewer than two hands.

    Args:
        training_texts: hand (who wrote it), and the columns of ``corpus_texts``.
        corpus_texts: role, text, and the columns supported, language, stance and acts of ``measure_texts``.
    """
    rows: list[Row] = []
    for side in SIDES:
        of_side = pl.col("role") == "company" if side == "replies" else pl.col("role") != "company"
        corpus, training = (
            texts.filter(of_side).unique("text", keep="first", maintain_order=True).sort("text")
            for texts in (corpus_texts, training_texts)
        )
        if corpus.height:
            rows += [row | {"side": side} for row in _side(side, training, corpus)]
    return conform("drift", pl.DataFrame(rows, infer_schema_length=None)) if rows else Drift.create_empty()


def _side(side: str, training: pl.DataFrame, corpus: pl.DataFrame) -> list[Row]:
    rows = _not_read(corpus)
    read = corpus.filter("supported")
    if read.is_empty() or training.is_empty():
        return rows
    compare: dict[str, Callable[[pl.DataFrame, pl.DataFrame], Compared]] = {
        "unseen_words": _unseen_words,
        "no_feature": lambda _, texts: _no_feature(SIDES[side], texts),
        "label_distance": lambda known, texts: _label_distance(side, known, texts),
    }
    looked_at = _some(read)
    for statistic, of in compare.items():
        value, n = of(training, looked_at)
        row: Row = {"statistic": statistic, "label": "all", "value": value, "n": n}
        rows.append(row | {"reference": _between_hands(of, training)})
    return rows


def _not_read(corpus: pl.DataFrame) -> list[Row]:
    """Texts in a language that is not measured, together and by language."""
    counted = corpus.filter(~pl.col("supported")).group_by("language").len().sort("language")
    shares = [("all", int(corpus.height - corpus["supported"].sum())), *counted.iter_rows()]
    return [
        {"statistic": "not_read", "label": label, "value": n / corpus.height, "reference": None, "n": n}
        for label, n in shares
    ]


def _between_hands(
    of: Callable[[pl.DataFrame, pl.DataFrame], Compared], training: pl.DataFrame
) -> float | None:
    """The same statistic of each hand's texts against those of the others, averaged."""
    hands = training["hand"].drop_nulls().unique().sort().to_list()
    if len(hands) < 2:
        return None
    own = pl.col("hand")
    each = [of(training.filter(own != hand), _some(training.filter(own == hand)))[0] for hand in hands]
    known = [value for value in each if value is not None]
    return float(np.mean(known)) if known else None


def _some(texts: pl.DataFrame) -> pl.DataFrame:
    """At most so many texts as are looked at."""
    return texts.gather_every(max(1, -(-texts.height // LOOKED_AT)))


def _unseen_words(known: pl.DataFrame, texts: pl.DataFrame) -> Compared:
    """Share of running words that no known text has; handles, links and numbers are no words."""
    said = _words(texts)
    unseen = said.join(_words(known).unique(), on="word", how="anti")
    return (unseen.height / said.height if said.height else None), said.height


def _words(texts: pl.DataFrame) -> pl.DataFrame:
    words = plain(pl.col("text")).str.replace_all("LINK|MAIL", " ").str.extract_all(WORD)
    return texts.select(word=words).explode("word").drop_nulls()


def _no_feature(lexicon: str, texts: pl.DataFrame) -> Compared:
    """Share of texts in which no word of the lexicon occurs."""
    words = load_lexicon(lexicon)
    before = pl.lit(None, dtype=pl.String).alias("before")
    features = words.observe(texts.select("text", before))
    held = np.stack([features[name] for name in words.features["text"]], axis=1).any(axis=1)
    return float(np.mean(~held)), texts.height


def _label_distance(side: str, known: pl.DataFrame, texts: pl.DataFrame) -> Compared:
    """Distance of the shares of measured stances (of acts, as shares of all acts)."""
    first, second = (_label_shares(side, part.filter("supported")) for part in (known, texts))
    if first is None or second is None:
        return None, texts.height
    return jensen_shannon(first, second), texts.height


def _label_shares(side: str, texts: pl.DataFrame) -> Floats | None:
    given = texts["acts"].explode() if side == "replies" else texts["stance"]
    labels: tuple[str, ...] = ACTS if side == "replies" else STANCES
    names = given.drop_nulls().cast(pl.String)
    counts = np.array([(names == label).sum() for label in labels], dtype=np.float64)
    return counts / counts.sum() if counts.sum() else None


def jensen_shannon(first: Floats, second: Floats) -> float:
    """Distance of two distributions: 0 where they are the same, 1 where they share nothing (Lin 1991)."""
    middle = (first + second) / 2

    def divergence(shares: Floats) -> float:
        held = shares > 0
        return float((shares[held] * np.log2(shares[held] / middle[held])).sum())

    return float(np.sqrt(max(0.0, (divergence(first) + divergence(second)) / 2)))
