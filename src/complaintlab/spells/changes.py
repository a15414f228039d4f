"""How the covariates of an episode changed over time, each with the second from which it was known."""

from __future__ import annotations

import polars as pl

from complaintlab.params import Analysis
from complaintlab.spells.clock import event_seconds, seconds_since
from complaintlab.spells.history import History
from complaintlab.spells.outcomes import negative_others
from complaintlab.spells.replies import does

_HOST_KINDS = ("host_removed", "host_hidden")


def reply_history(thread: pl.DataFrame) -> History:
    """Replies so far, what the first and the latest one did, who wrote it."""
    replies = thread.filter(pl.col("role").cast(pl.String) == "company", pl.col("at_s") > 0)
    new_agent = pl.col("agent_id").is_not_null() & pl.struct("episode_id", "agent_id").is_first_distinct()
    frame = replies.with_columns(new_agent=new_agent).select(
        "episode_id",
        pl.col("at_s").alias("known_s"),
        answered=pl.lit(True),
        n_replies=pl.int_range(1, pl.len() + 1).over("episode_id").cast(pl.UInt16),
        first_acts=pl.col("acts").first().over("episode_id"),
        first_quality=pl.col("quality").first().over("episode_id"),
        asked_first=does("ask").first().over("episode_id"),
        latest_acts=pl.col("acts"),
        agent_id=pl.col("agent_id"),
        agents_so_far=pl.col("new_agent").cast(pl.UInt16).cum_sum().over("episode_id"),
        company_hostility_last=pl.col("p_hostile"),
    )
    return History("reply", frame)


def critic_history(episodes: pl.DataFrame, critic: pl.DataFrame) -> History:
    """Hostility of the critic's latest turn, the opener's at time zero."""
    at_zero = episodes.select("episode_id", pl.lit(0, pl.Int64).alias("known_s"), hostility_last="hostility")
    later = critic.filter(pl.col("hostility").is_not_null()).select(
        "episode_id", pl.col("at_s").alias("known_s"), hostility_last="hostility"
    )
    return History("critic", pl.concat([at_zero, later]))


def against_history(thread: pl.DataFrame) -> History:
    """Others who have spoken against the company in the thread."""
    frame = negative_others(thread).select(
        "episode_id",
        pl.col("at_s").alias("known_s"),
        against_so_far=pl.int_range(1, pl.len() + 1).over("episode_id").cast(pl.UInt32),
    )
    return History("against", frame)


def turn_history(thread: pl.DataFrame) -> History:
    """Turns of anybody in the thread."""
    frame = thread.select(
        "episode_id",
        pl.col("at_s").alias("known_s"),
        replies_so_far=pl.int_range(1, pl.len() + 1).over("episode_id").cast(pl.UInt32),
    )
    return History("turn", frame)


def host_deletion_history(
    thread: pl.DataFrame, episodes: pl.DataFrame, deletions: pl.DataFrame, analysis: Analysis
) -> History:
    """The host's first deletion or hiding of a post of the critic in the thread, and the interval it fell in.

    Without a log it is known only from the first look that missed the post, ``deletion_upper_s``.
    """
    openers = episodes.select("episode_id", "started_at", "end_s", "p_nonsense", post_id="opener_id")
    later = thread.filter(pl.col("role").cast(pl.String) == "critic").select(
        "episode_id", "started_at", "end_s", "p_nonsense", "post_id"
    )
    removed = deletions.filter(pl.col("kind").cast(pl.String).is_in(_HOST_KINDS))
    upper = pl.coalesce("exact_at", "first_absent_at")
    frame = (
        pl.concat([openers, later])
        .join(removed, on="post_id")
        .with_columns(
            known_s=event_seconds(upper, "started_at"),
            lower_s=pl.when(pl.col("exact_at").is_null())
            .then(seconds_since("last_present_at", "started_at"))
            .otherwise(event_seconds("exact_at", "started_at") - 1),
        )
        .filter(pl.col("known_s") <= pl.col("end_s"))
        .sort("episode_id", "known_s", "post_id", "ordinal")
    )
    nonsense = (pl.col("p_nonsense") >= analysis.nonsense_threshold).fill_null(False)
    return History(
        "deletion",
        frame.select(
            "episode_id",
            "known_s",
            critic_deleted=pl.lit(True),
            critic_deleted_nonsense=nonsense.cum_max().over("episode_id"),
            deletion_lower_s=pl.col("lower_s").first().over("episode_id"),
            deletion_upper_s=pl.col("known_s").first().over("episode_id"),
        ),
    )


def own_deletion_history(thread: pl.DataFrame, deletions: pl.DataFrame) -> History:
    """The company took back a reply of its own, as its author or as the host."""
    hands = ("author_deleted", *_HOST_KINDS)
    removed = deletions.filter(pl.col("kind").cast(pl.String).is_in(hands))
    moment = removed.select("post_id", moment=pl.coalesce("exact_at", "first_absent_at"))
    return _flag("own_deletion", "own_reply_deleted", thread, moment)


def own_edit_history(thread: pl.DataFrame, sightings: pl.DataFrame) -> History:
    """The company edited a reply: a look at it found another text than the first look."""
    looks = sightings.filter(pl.col("text_hash").is_not_null()).sort("post_id", "seen_at")
    other = pl.col("text_hash") != pl.col("text_hash").first().over("post_id")
    moment = looks.filter(other).group_by("post_id").agg(moment=pl.col("seen_at").min())
    return _flag("own_edit", "own_reply_edited", thread, moment)


def likes_history(episodes: pl.DataFrame, sightings: pl.DataFrame) -> History:
    """Likes of the opener, counted at sightings; likes of a crawl are not history before it."""
    counted = sightings.filter(pl.col("likes").is_not_null()).select("post_id", "seen_at", "likes")
    frame = (
        episodes.select("episode_id", "started_at", "end_s", post_id="opener_id")
        .join(counted, on="post_id")
        .with_columns(known_s=seconds_since("seen_at", "started_at"))
        .filter(pl.col("known_s").is_between(0, pl.col("end_s")))
        .sort("episode_id", "known_s")
    )
    return History("likes", frame.select("episode_id", "known_s", likes_so_far="likes"))


def _flag(name: str, flag: str, thread: pl.DataFrame, moments: pl.DataFrame) -> History:
    """A flag that is up from the first of ``moments`` (post_id, moment) at a reply of the company on."""
    frame = (
        thread.filter(pl.col("role").cast(pl.String) == "company", pl.col("at_s") > 0)
        .join(moments, on="post_id")
        .with_columns(known_s=event_seconds("moment", "started_at"))
        .filter(pl.col("known_s") <= pl.col("end_s"))
        .group_by("episode_id")
        .agg(pl.col("known_s").min())
        .sort("episode_id")
    )
    return History(name, frame.with_columns(pl.lit(True).alias(flag)))


def all_histories(
    episodes: pl.DataFrame,
    thread: pl.DataFrame,
    critic: pl.DataFrame,
    deletions: pl.DataFrame,
    sightings: pl.DataFrame,
    analysis: Analysis,
) -> list[History]:
    """Every history whose changes split an episode into rows."""
    return [
        reply_history(thread),
        critic_history(episodes, critic),
        against_history(thread),
        turn_history(thread),
        host_deletion_history(thread, episodes, deletions, analysis),
        own_deletion_history(thread, deletions),
        own_edit_history(thread, sightings),
        likes_history(episodes, sightings),
    ]
