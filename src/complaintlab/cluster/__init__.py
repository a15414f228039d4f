"""Stage ``cluster``: families of company replies that say much the same, with names that quote nobody."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.cluster.families import (
    HDBSCAN_ROWS,
    NOISE,
    Families,
    Floats,
    Labels,
    choose,
    density,
    k_means,
    principal_components,
)
from complaintlab.cluster.names import name_families
from complaintlab.params import Cluster, Study
from complaintlab.store import conform
from complaintlab.tables.texts import ReplyMembers, ReplyTypes
from complaintlab.texts import normalise

_DECIMALS = 6


class Outputs(NamedTuple):
    reply_types: pl.DataFrame
    reply_members: pl.DataFrame


def run(
    turns: pl.DataFrame, measures: pl.DataFrame, vectors: pl.DataFrame, cluster: Cluster, study: Study
) -> Outputs:
    """Group the company replies that have a vector and are in a supported language.

    Distinct texts are grouped, weighted by how many replies use them, on 20 principal components, by
    k-means (``cluster.types`` families) or HDBSCAN, whichever is the more stable on halves. Families below
    ``cluster.minimum_share`` of the replies become noise (-1). Families are numbered by size. x and y are
    the first two components. Terms and exemplars occur in at least ``study.minimum_cell`` threads.
    """
    replies = _replies(turns, measures, vectors)
    if replies.is_empty():
        return Outputs(ReplyTypes.create_empty(), ReplyMembers.create_empty())
    texts = replies.group_by("text_hash").agg(n=pl.len()).join(vectors, on="text_hash").sort("text_hash")
    weights = texts["n"].to_numpy().astype(np.float64)
    points = principal_components(texts["vector"].to_numpy(), weights)
    families = _renumbered(_find(points, weights, cluster), weights, cluster.minimum_share)
    texts = texts.select(
        "text_hash",
        type_id=pl.Series(families.grouping.labels),
        strength=pl.Series(families.grouping.strength.round(_DECIMALS)),
        x=pl.Series(points[:, 0]),
        y=pl.Series(points[:, 1] if points.shape[1] > 1 else np.zeros(len(points))),
    )
    members = replies.join(texts, on="text_hash").sort("post_id")
    types = _types(members, families.stability, study.minimum_cell)
    return Outputs(types, conform("reply_members", members))


def _replies(turns: pl.DataFrame, measures: pl.DataFrame, vectors: pl.DataFrame) -> pl.DataFrame:
    """Columns post_id, company, thread_id, text_hash, text (normalised): one row per reply, by id."""
    readable = measures.filter("supported").select("post_id", "company")
    return (
        turns.filter((pl.col("role") == "company") & pl.col("joined_into").is_null())
        .join(readable, on=["post_id", "company"], how="semi")
        .join(vectors, on="text_hash", how="semi")
        .sort("post_id", "company")
        .unique("post_id", keep="first", maintain_order=True)
        .select("post_id", "company", "thread_id", "text_hash", normalise(pl.col("text")).alias("text"))
    )


def _find(points: Floats, weights: Floats, cluster: Cluster) -> Families:
    methods = [k_means(cluster.types, cluster.seed)]
    if len(points) <= HDBSCAN_ROWS:
        methods.append(density(cluster.minimum_share))
    return choose(points, weights, methods, cluster.resamples, cluster.seed)


def _renumbered(families: Families, weights: Floats, minimum_share: float) -> Families:
    """Families by falling weight from 0 on; those below ``minimum_share`` become noise."""
    (labels, strength), stability = families
    sizes = {label: float(weights[labels == label].sum()) for label in stability}
    minimum = minimum_share * weights.sum()
    kept = sorted((it for it in sizes if sizes[it] >= minimum), key=lambda it: (-sizes[it], it))
    renumbered: Labels = np.full(len(labels), NOISE, dtype=np.int64)
    for number, label in enumerate(kept):
        renumbered[labels == label] = number
    firm = np.where(renumbered == NOISE, 0.0, strength)
    stable = {number: stability[label] for number, label in enumerate(kept)}
    return Families(families.grouping._replace(labels=renumbered, strength=firm), stable)


def _types(members: pl.DataFrame, stability: dict[int, float], minimum_cell: int) -> pl.DataFrame:
    names = name_families(members, minimum_cell)
    counted = members.group_by("type_id").agg(
        n=pl.len(), n_companies=pl.col("company").n_unique(), share=pl.len() / members.height
    )
    described = pl.DataFrame(
        [
            {"type_id": label, "stability": stability.get(label), **called._asdict()}
            for label, called in names.items()
        ],
        schema_overrides={
            "stability": pl.Float64, "terms": pl.List(pl.String), "exemplars": pl.List(pl.String),
        },
    )  # fmt: skip
    return conform("reply_types", counted.join(described, on="type_id").sort("type_id"))
