"""Topics of a corpus: clusters of openers by their vectors, told apart by the words that many authors use."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.cluster.families import k_means
from complaintlab.cluster.names import name_families
from complaintlab.topics.files import Topic
from complaintlab.topics.nearest import NONE, Places, Vectors, nearest

FARTHEST: Final = 0.75
"""Cosine distance beyond which a text is about something else than a centre."""

DECIMALS: Final = 4
"""Of the centres, as the file keeps them."""


def find_topics(openers: pl.DataFrame, topics: int, seed: int, minimum_cell: int) -> tuple[Topic, ...]:
    """Cluster openers, and keep the clusters that enough authors share, the largest first.

    Distinct texts are grouped by k-means on their vectors, weighted by how many openers have them. What is
    said of a topic is said of the openers that ``nearest`` gives it from the centres as they are kept, as
    ``measure`` will. A topic of fewer authors than ``minimum_cell`` goes; its openers are near another
    centre or none.

    Args:
        openers: post_id, author_id, text_hash, text (normalised), vector (unit length); one row or more.
        topics: clusters to look for.
        seed: of the first centres.
        minimum_cell: authors that a topic, and each of its terms, needs at least.
    """
    openers = openers.sort("post_id")
    authors, vectors = openers["author_id"], openers["vector"].to_numpy()
    labels = _clusters(openers, topics, seed)
    centres = _centres(vectors, labels, _shared(authors, labels, minimum_cell))
    centres = centres[_shared(authors, nearest(vectors, centres, FARTHEST), minimum_cell)]
    places = nearest(vectors, centres, FARTHEST)
    counts = np.bincount(places[places != NONE], minlength=len(centres))
    terms = _terms(openers, places, minimum_cell)
    return tuple(
        Topic(
            terms=terms[place],
            share=round(float(counts[place]) / openers.height, DECIMALS),
            centre=tuple(round(float(number), DECIMALS) for number in centres[place]),
        )
        for place in sorted(range(len(centres)), key=lambda place: (-counts[place], place))
    )


def _clusters(openers: pl.DataFrame, topics: int, seed: int) -> Places:
    """A cluster for each opener, in order."""
    texts = openers.group_by("text_hash").agg(pl.col("vector").first(), n=pl.len()).sort("text_hash")
    with threadpool_limits(1):  # sums stay in order
        labels = k_means(topics, seed)(
            texts["vector"].to_numpy().astype(np.float64), texts["n"].to_numpy().astype(np.float64)
        ).labels
    of_text = texts.select("text_hash", label=pl.Series(labels))
    return openers.join(of_text, on="text_hash", maintain_order="left")["label"].to_numpy()


def _shared(authors: pl.Series, places: Places, minimum_cell: int) -> list[int]:
    """The places, in order, whose openers have at least ``minimum_cell`` authors."""
    of_place = pl.DataFrame({"author_id": authors, "place": places}).filter(pl.col("place") != NONE)
    counted = of_place.group_by("place").agg(n=pl.col("author_id").n_unique()).sort("place")
    return counted.filter(pl.col("n") >= minimum_cell)["place"].to_list()


def _centres(vectors: Vectors, labels: Places, kept: list[int]) -> Vectors:
    """Mean directions of the clusters ``kept``, rounded as the file keeps them; one row per cluster."""
    means = [vectors[labels == label].astype(np.float64).mean(axis=0) for label in kept]
    rows = np.array(means).reshape(len(kept), vectors.shape[1])
    directions = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.round(directions, DECIMALS), dtype=np.float32)


def _terms(openers: pl.DataFrame, places: Places, minimum_cell: int) -> dict[int, tuple[str, ...]]:
    """Words that set each place apart, of at least ``minimum_cell`` authors; each author counts once."""
    # families of replies are named by threads; here an author stands for a thread
    members = openers.select("text", thread_id="author_id", type_id=pl.Series(places, dtype=pl.Int64))
    return {place: tuple(named.terms) for place, named in name_families(members, minimum_cell).items()}
