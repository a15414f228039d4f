"""Critics whose mood may drive what they say, when they are answered and how: seen by the analyst or not.

Nothing that a company does has any effect before it does it. The tables do not tell of ``hidden`` moods: the
opener's hostility in them is noise.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.companies import Companies
from complaintlab.labels import ACTS, STANCES
from complaintlab.models.robustness.study import Material, Told
from complaintlab.models.strategies import DAY, HOUR
from complaintlab.params import Analysis

FloatArray = npt.NDArray[np.float64]

ANALYSIS = Analysis(
    washout_days=30, gap_days=30, horizon_days=7, long_horizon_days=30,
    complaint_threshold=0.5, nonsense_threshold=0.5, act_threshold=0.5,
)  # fmt: skip


@dataclass(frozen=True)
class Critics:
    """Moments in seconds after the complaint, infinite where never; ``follow_ups`` (n, 2)."""

    mood: FloatArray
    shown: FloatArray
    reply_s: FloatArray
    follow_ups: FloatArray
    apology: npt.NDArray[np.bool_]
    turned_s: FloatArray
    company: npt.NDArray[np.int64]


def simulate(n: int, seed: int, *, hidden: bool, companies: int = 20) -> Critics:
    """n complaints: the moody are answered late and without apology, speak again soon, turn less often."""
    rng = np.random.default_rng(seed)
    mood = rng.choice(4, n, p=[0.3, 0.3, 0.25, 0.15]).astype(float)
    reply_s = rng.exponential(5 * HOUR * np.exp(0.5 * mood))
    gaps = rng.exponential(12 * HOUR * np.exp(-0.9 * mood)[:, None], (n, 2))
    apology = rng.random(n) < 1 / (1 + np.exp(-1.5 + 1.2 * mood))
    turned_s = reply_s + rng.exponential(6 * DAY * np.exp(0.5 * mood - 0.6 * apology))
    return Critics(
        mood=mood,
        shown=rng.permutation(mood) if hidden else mood,
        reply_s=np.where(np.ceil(reply_s) <= 7 * DAY, np.ceil(reply_s), np.inf),
        follow_ups=np.ceil(np.cumsum(gaps, axis=1)),
        apology=apology,
        turned_s=np.where(np.ceil(turned_s) <= 20 * DAY, np.ceil(turned_s), np.inf),
        company=rng.integers(0, companies, n),
    )


def episodes(made: Critics) -> pl.DataFrame:
    """As the table ``episodes``, one complaint an author."""
    n = len(made.mood)
    index = np.arange(n)
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "episode_id": [f"e{i:019x}" for i in index], "kind": "complaint",
            "author_id": [f"a{i:019x}" for i in index], "thread_id": [f"d{i:019x}" for i in index],
            "opener_id": [f"d{i:019x}" for i in index], "company": [f"company {c:02d}" for c in made.company],
            "started_at": [start + dt.timedelta(hours=int(i % 168)) for i in index],
            "hour_of_week": index % 168, "business_hours": index % 24 < 12, "minutes_to_closing": 90.0,
            "entry_s": 0, "end_s": 30 * DAY, "end": "horizon",
            "first_reply_s": _seconds(made.reply_s), "first_reply_id": [f"b{i:019x}" for i in index],
            "first_reply_quality": "other", "private_s": pl.Series([None] * n, dtype=pl.Int64),
            "turned_s": _seconds(made.turned_s), "escalated_s": pl.Series([None] * n, dtype=pl.Int64),
            "advocate_s": pl.Series([None] * n, dtype=pl.Int64), "any_later_turn": True,
            "later_followed_days": 30.0, "recurrences": 0, "praise_later": 0, "answered_share_before": 0.6,
            "hostility": made.shown, "severity": 1.0, "topic": "delivery", "load": 0, "burst": 1.0,
            "earlier_complaints": 0, "spread_before": 0,
        }
    )  # fmt: skip


def spells(made: Critics, frame: pl.DataFrame) -> pl.DataFrame:
    """As the table ``spells``: a row from the start, and from each follow-up on."""
    rows = [_row(np.arange(len(made.mood)), np.zeros(len(made.mood)))]
    rows += [_row(np.arange(len(made.mood)), moments) for moments in made.follow_ups.T]
    columns = ["episode_id", "company", "hour_of_week", "business_hours", "load", "hostility"]
    joined = pl.concat(rows).join(frame.select(columns).with_row_index("i"), on="i").sort("i", "start_s")
    return joined.with_columns(
        stop_s=pl.col("start_s") + 1, hostility_last="hostility", recurred=pl.lit(False),
        against_so_far=pl.lit(0, pl.Int64), critic_deleted=pl.lit(False),
        replies_so_far=pl.int_range(pl.len()).over("i"),
    ).sort("episode_id", "start_s")  # fmt: skip


def said(made: Critics, frame: pl.DataFrame) -> pl.DataFrame:
    """Critics' later turns: follow-ups persist, and whoever turns says so."""
    ids = frame["episode_id"]
    parts = [
        pl.DataFrame({"episode_id": ids, "at_s": when, "stance": "persists"}) for when in made.follow_ups.T
    ]
    turns = pl.DataFrame({"episode_id": ids, "at_s": made.turned_s, "stance": "resolved"})
    told = (
        pl.concat([*parts, turns])
        .filter(pl.col("at_s").is_finite())
        .with_columns(pl.col("at_s").cast(pl.Int64))
    )
    sure = [(pl.col("stance") == stance).cast(pl.Float64).alias(f"p_{stance}") for stance in STANCES]
    return told.with_columns(*sure, p_praise=pl.lit(0.0), kind=pl.lit(None, pl.String)).sort(
        "episode_id", "at_s"
    )


def material(made: Critics) -> Material:
    """What the stage reads, with the critics' later turns already read."""
    frame = episodes(made)
    rows = spells(made, frame)
    reply = pl.col("first_reply_s")
    turns = frame.filter(reply.is_not_null()).select(
        pl.col("first_reply_id").alias("post_id"), "company", "thread_id",
        pl.lit("an agent").alias("author_id"), pl.lit("company").alias("role"),
        (pl.col("started_at") + pl.duration(seconds=reply)).alias("created_at"),
        pl.lit(1).alias("position"), pl.lit(True).alias("business_hours"),
        *(pl.lit(None, pl.String).alias(name) for name in ("agent_id", "joined_into")),
    )  # fmt: skip
    apologised = dict(zip(frame["first_reply_id"], made.apology.astype(float), strict=True))
    acts = [
        pl.col("post_id").replace_strict(apologised).alias("p_apology") if act == "apology"
        else pl.lit(0.0).alias(f"p_{act}")
        for act in ACTS
    ]  # fmt: skip
    nothing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("hostility", "p_against", "template")]
    measures = turns.select("post_id", "company", pl.lit(None, pl.String).alias("stance"), *nothing, *acts)
    unread = pl.DataFrame()
    told = Told(frame, rows, said(made, frame))
    return Material(
        frame,
        rows,
        turns,
        unread,
        unread,
        measures,
        unread,
        unread,
        Companies(companies=()),
        ANALYSIS,
        {0.5: told},
    )


def _row(who: npt.NDArray[np.int64], at_s: FloatArray) -> pl.DataFrame:
    return pl.DataFrame({"i": who.astype(np.uint32), "start_s": at_s.astype(np.int64)})


def _seconds(moments: FloatArray) -> pl.Series:
    finite = np.isfinite(moments)
    return pl.Series(np.where(finite, moments, 0).astype(np.int64)).set(~pl.Series(finite), None)
