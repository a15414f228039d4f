"""What ``complaintlab topics`` does in a study's folder, and the words it says about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from complaintlab.embed import embed_texts, find_model
from complaintlab.errors import UserError
from complaintlab.params import Analysis, Embed, Study, load_params
from complaintlab.store import Store
from complaintlab.topics.clusters import FARTHEST, find_topics
from complaintlab.topics.files import TOPICS_FILE, Topics, load_topics, write_topics
from complaintlab.topics.nearest import OTHER
from complaintlab.topics.openers import complaint_openers

SAME_CENTRE = 1e-3
"""Centres whose coordinates differ by no more are the same, found on another machine perhaps."""


def make_topics(root: Path, topics: int, seed: int) -> str:
    """Find topics in the study's complaint openers and write data/topics.yaml.

    Raises:
        UserError: the tables are not there, nobody complains, too few authors share any topic, or names
            that somebody gave would be lost.
    """
    store, params = Store(root), load_params(root / "params.yaml")
    embed, minimum_cell = params.section(Embed), params.section(Study).minimum_cell
    openers = complaint_openers(
        store.read("turns"), store.read("threads"), store.read("measures"), params.section(Analysis)
    )
    if openers.is_empty():
        raise UserError("No opener is a complaint in a language that the measures know: no topics are found.")
    texts = openers.select("text_hash", "text").unique("text_hash", keep="first").sort("text_hash")
    vectors = embed_texts(texts, embed, root).select("text_hash", "vector")
    found = find_topics(openers.join(vectors, on="text_hash"), topics, seed, minimum_cell)
    if not found:
        raise UserError(
            f"No topic has complaints of {minimum_cell} authors (study.minimum_cell): ask for fewer --topics."
        )
    checksum = find_model(embed.model, root).checksum
    made = Topics(model=checksum, seed=seed, openers=openers.height, farthest=FARTHEST, topics=found)
    made = keep_names(load_topics(root), made)
    write_topics(root, made)
    return _said(made)


def keep_names(before: Topics, made: Topics) -> Topics:
    """Give topics the names that their centres had before.

    Raises:
        UserError: a named centre is not among those made, so that its name would be lost.
    """
    named = [topic for topic in before.topics if topic.name is not None]
    again = list(made.topics)
    for topic in named:
        place = _place(topic.centre, made) if before.model == made.model else None
        if place is None:
            raise UserError(
                f"{TOPICS_FILE} has the name '{topic.name}' for a topic that is not found again: keep the "
                "file, or write `topics: []` into it to begin anew."
            )
        again[place] = again[place].model_copy(update={"name": topic.name})
    return made.model_copy(update={"topics": tuple(again)})


def _place(centre: tuple[float, ...], made: Topics) -> int | None:
    distances = [float(np.abs(np.subtract(centre, topic.centre)).max()) for topic in made.topics]
    place = int(np.argmin(distances))
    return place if distances[place] <= SAME_CENTRE else None


def _said(made: Topics) -> str:
    rest = max(0.0, 1 - sum(topic.share for topic in made.topics))
    shown = pl.DataFrame(
        {
            "share": [*(topic.share for topic in made.topics), rest],
            "name": [*made.names, OTHER],
            "terms": [*(", ".join(topic.terms) for topic in made.topics), ""],
        }
    )
    lines = [f"{share:6.1%}  {name}: {terms}".rstrip(": ") for share, name, terms in shown.iter_rows()]
    return "\n".join(
        (
            f"{len(made.topics)} topics of {made.openers:,} complaints; no text is in the file: commit it.",
            *lines,
            f"Give each a name in {TOPICS_FILE}; to see whom a topic holds, look at `topic` in data/tables/"
            "measures.parquet after the next step.\nNext: complaintlab run",
        )
    )
