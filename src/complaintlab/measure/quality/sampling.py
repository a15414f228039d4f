"""From the columns of ``judged`` to how its messages were drawn."""

from __future__ import annotations

import numpy as np
import polars as pl

from complaintlab.measure.agreement import Floats, Integers, Sample


def sample_of(judged: pl.DataFrame) -> Sample:
    """Weights 1/π; clusters are the messages of a customer, and of a company those of a thread.

    All replies of a company are of one account: its author would be no cluster. Where there is no author,
    episode or thread, a message stands for itself.

    Args:
        judged: role, and where known sampling_probability, author_id, episode_id, thread_id; not empty.
    """
    return Sample.of(_clusters(judged), weights(judged))


def weights(judged: pl.DataFrame) -> Floats:
    """1/π of each message; 1 where no sampling probability is known."""
    if "sampling_probability" not in judged.columns:
        return np.ones(judged.height)
    return 1.0 / judged["sampling_probability"].fill_null(1.0).cast(pl.Float64).to_numpy()


def _clusters(judged: pl.DataFrame) -> Integers:
    """Cluster numbers in the order in which they first occur."""
    ids = {
        name: pl.concat_str(pl.lit(f"{name} "), name)
        for name in ("author_id", "episode_id", "thread_id")
        if name in judged.columns
    }
    if "author_id" in ids:
        ids["author_id"] = pl.when(pl.col("role") != "company").then(ids["author_id"]).otherwise(None)
    own = pl.int_range(pl.len()).cast(pl.String)
    named = judged.select(cluster=pl.coalesce(*ids.values(), own))
    numbered = named.unique(maintain_order=True).with_row_index("number")
    joined = named.join(numbered, on="cluster", how="left", maintain_order="left")
    return joined["number"].cast(pl.Int64).to_numpy()
