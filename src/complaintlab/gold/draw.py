"""A probability sample of complaint episodes: who is coded, and with which probability.

The sampling unit is a thread: a post that concerns k companies opens k episodes, which are drawn together, so
that an episode and all its messages have one inclusion probability π. Threads are stratified by the timing of
the first reply and by how likely the measures think an event.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from complaintlab.errors import UserError

HOUR_S: Final = 3600
DAY_S: Final = 86400
SPEAKING: Final = ("low", "middle", "high")
SILENT: Final = "silent"

SAMPLE_SCHEMA: Final[dict[str, type[pl.DataType]]] = {
    "episode_id": pl.String, "post_id": pl.String, "thread_id": pl.String, "company": pl.String,
    "item": pl.String, "stratum": pl.String, "sampling_probability": pl.Float64, "author_id": pl.String,
    "text_hash": pl.String,
}  # fmt: skip

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def draw_sample(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    *,
    horizon_days: float,
    n: int,
    seed: int,
    minimum: int,
) -> pl.DataFrame:
    """Draw threads with complaint episodes, and list the messages of their episodes to be coded.

    Args:
        episodes, turns, measures: tables of these names.
        horizon_days: messages from the complaint until so many days after it, or after the first reply if
            that came within them, are coded: follow-up counts from either.
        n: threads to draw (with k episodes where an opener names k companies); all if there are fewer.
        seed: of the random starts.
        minimum: threads per stratum at least, or all of a smaller one.

    Returns:
        A row per episode and message, ordered by both: the columns of ``SAMPLE_SCHEMA``. item is opener,
        reply (the company's first, if before the horizon), turn (of the critic) or bystander;
        sampling_probability is the episode's π; author_id is the episode's critic, by whom measures are
        cross-fitted; text_hash is that of ``turns``.

    Raises:
        UserError: there is no complaint, or n is too small for the minimum of every stratum.
    """
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint")
    if complaints.is_empty():
        raise UserError("There is no complaint in the table 'episodes': there is nothing to draw from.")
    messages = episode_messages(complaints, turns, horizon_days)
    frame = stratify(complaints, _scores(messages, measures), horizon_days)
    drawn = draw_threads(frame, n, seed, minimum)
    return (
        messages.join(drawn, on="thread_id")
        .select(*SAMPLE_SCHEMA)
        .cast(SAMPLE_SCHEMA)  # type: ignore[arg-type]
        .sort("episode_id", "post_id")
    )


def episode_messages(complaints: pl.DataFrame, turns: pl.DataFrame, horizon_days: float) -> pl.DataFrame:
    """What a coder codes of each episode, from the opener to the horizon: ``turns`` with episode_id and item.

    The horizon counts from the complaint, or from a first reply within it. Later parts of split replies stand
    with their first part, and only the first reply is coded.
    """
    role = pl.col("role").cast(pl.String)
    since = pl.col("created_at") - pl.col("started_at")
    horizon_s = round(horizon_days * DAY_S)
    reply_s = pl.col("first_reply_s")
    until_s = horizon_s + pl.when(reply_s <= horizon_s).then(reply_s).otherwise(0)
    item = (
        pl.when(pl.col("post_id") == pl.col("opener_id"))
        .then(pl.lit("opener"))
        .when(pl.col("post_id") == pl.col("first_reply_id"))
        .then(pl.lit("reply"))
        .when(role == "critic")
        .then(pl.lit("turn"))
        .when(role == "bystander")
        .then(pl.lit("bystander"))
    )
    of_episode = complaints.select(
        "episode_id", "thread_id", "company", "opener_id", "first_reply_id", "first_reply_s", "started_at",
        critic="author_id",
    )  # fmt: skip
    return (
        turns.filter(pl.col("joined_into").is_null())
        .join(of_episode, on=["thread_id", "company"])
        .filter(since.is_between(pl.duration(), pl.duration(seconds=until_s)))
        .with_columns(item=item, author_id="critic")
        .filter(pl.col("item").is_not_null())
    )


def _scores(messages: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """Per thread in which the critic spoke again: score, the largest probability that a turn is an event.

    A turn is an event when it is turned (resolved or advocates) or escalated; the three stances exclude
    each other, so that their probabilities add up. Both outcomes are rare and both are asked for, so one
    score for either is what oversampling needs. A turn that the measures cannot read counts as 0.
    """
    p_event = pl.col("p_resolved") + pl.col("p_advocates") + pl.col("p_escalates")
    return (
        messages.filter(pl.col("item") == "turn")
        .join(measures, on=["post_id", "company"], how="left")
        .group_by("thread_id")
        .agg(score=p_event.fill_null(0.0).max())
    )


def stratify(complaints: pl.DataFrame, scores: pl.DataFrame, horizon_days: float) -> pl.DataFrame:
    """The sampling frame: a row per thread, in the order of company, time and id.

    A thread of several episodes stands under its first company by name and its earliest first reply. A
    reply after the horizon is none. Levels are terciles of the score among threads in which the critic
    spoke again (ties stay together, in the lower one), and ``silent`` where nobody did.

    Returns:
        thread_id, company, started_at, score (0 for silence), stratum (``<arm>.<level>``).
    """
    reply_s, score = pl.col("first_reply_s"), pl.col("score")
    arm = (
        pl.when(reply_s.is_null() | (reply_s > horizon_days * DAY_S))
        .then(pl.lit("none"))
        .when(reply_s <= HOUR_S)
        .then(pl.lit("within_1h"))
        .when(reply_s <= DAY_S)
        .then(pl.lit("within_24h"))
        .otherwise(pl.lit("later"))
    )
    lower, upper = np.quantile(scores["score"].to_numpy(), [1 / 3, 2 / 3]) if scores.height else (0.0, 0.0)
    low, middle, high = (pl.lit(level) for level in SPEAKING)
    level = (
        pl.when(score.is_null())
        .then(pl.lit(SILENT))
        .otherwise(pl.when(score <= lower).then(low).when(score <= upper).then(middle).otherwise(high))
    )
    return (
        complaints.group_by("thread_id")
        .agg(pl.col("company", "started_at", "first_reply_s").min())
        .join(scores, on="thread_id", how="left")
        .with_columns(stratum=pl.concat_str(arm, level, separator="."))
        .select("thread_id", "company", "started_at", score.fill_null(0.0), "stratum")
        .sort("company", "started_at", "thread_id")
    )


def draw_threads(frame: pl.DataFrame, n: int, seed: int, minimum: int) -> pl.DataFrame:
    """Draw systematically from each stratum of a sampling frame, in its order (Madow and Madow 1944).

    Half of the sample goes to strata by their size, half by the events expected there (the sum of scores).
    So rare outcomes are oversampled and no thread weighs much over twice what it would in a plain
    sample (a defensive mixture; Hesterberg 1995). The order of the frame stratifies implicitly by
    company and time.

    Returns:
        thread_id, stratum, sampling_probability (drawn over size of the stratum, exactly).

    Raises:
        UserError: n is smaller than the minimum of all strata together.
    """
    strata = frame.partition_by("stratum", as_dict=True, maintain_order=True)
    parts = [strata[key] for key in sorted(strata)]
    sizes = np.array([part.height for part in parts], dtype=np.int64)
    expected = np.array([part["score"].to_numpy().sum() for part in parts])
    share = sizes / sizes.sum()
    if expected.sum() > 0:
        share = (share + expected / expected.sum()) / 2
    rng = np.random.default_rng(seed)
    chosen = []
    for part, size in zip(parts, allocate(sizes, share, n, minimum).tolist(), strict=True):
        rows = part[systematic(part.height, size, int(rng.integers(part.height)))]
        chosen.append(rows.with_columns(sampling_probability=pl.lit(size / part.height)))
    return pl.concat(chosen).select("thread_id", "stratum", "sampling_probability")


def allocate(sizes: Integers, share: Floats, n: int, minimum: int) -> Integers:
    """Sample sizes of strata: the minimum each, the rest by share, never more than there are.

    Args:
        sizes: threads per stratum.
        share: positive, of any scale.
        n: the whole sample; all threads where there are fewer.
        minimum: per stratum, or all of a smaller one.
    """
    drawn = np.minimum(sizes, minimum)
    n = min(n, int(sizes.sum()))
    if drawn.sum() > n:
        raise UserError(
            f"A sample of {n} episodes is too small for {minimum} in each of {len(sizes)} strata: "
            f"draw at least {drawn.sum()} with --episodes, or lower --minimum."
        )
    while (left := n - int(drawn.sum())) > 0:
        room = sizes - drawn
        wanted = np.where(room > 0, share, 0.0)
        wanted = left * wanted / wanted.sum()
        added = np.minimum(np.floor(wanted).astype(np.int64), room)
        if not added.any():
            added[np.argsort(-wanted, kind="stable")[:left]] = 1
            added = np.minimum(added, room)
        drawn = drawn + added
    return drawn


def systematic(size: int, n: int, start: int) -> Integers:
    """Places of n of ``size`` units, evenly apart.

    Each unit is drawn by exactly n of the ``size`` possible starts 0, 1, …, so that its chance under a
    random start is n / size, without rounding.
    """
    return (start + np.arange(n, dtype=np.int64) * size) // max(n, 1)
