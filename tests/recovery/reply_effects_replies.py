"""First replies with a known effect of an apology, in arrays and as tables.

The company apologises more to the calm and when it also offers a fix; both matter for turning.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.labels import ACTS
from complaintlab.models.strategies import DAY, HOUR

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Replies:
    """Per first reply: opener's hostility, acts, event by day 7 (and without loss), days of follow-up."""

    hostility: FloatArray
    fix: BoolArray
    apology: BoolArray
    turned_days: FloatArray
    lost_days: FloatArray
    author: npt.NDArray[np.int64]
    company: npt.NDArray[np.int64]


def _rate(hostility: FloatArray, fix: BoolArray, apology: BoolArray | bool, effect: float) -> FloatArray:
    """Turning per day."""
    return 0.05 * np.exp(-0.6 * hostility + 0.8 * fix + effect * np.asarray(apology, dtype=float))


def simulate(n: int, seed: int, *, effect: float = 0.6, loss: float = 0.0, companies: int = 4) -> Replies:
    """n first replies; authors have two each on average; ``loss`` is more frequent among the hostile."""
    rng = np.random.default_rng(seed)
    author = rng.integers(0, max(n // 2, 1), n)
    temper = rng.normal(size=n)[author] * 0.5
    hostility = np.clip(rng.normal(1.2, 0.8, n) + temper, 0, 3)
    fix = rng.random(n) < 0.4
    apology = rng.random(n) < 1 / (1 + np.exp(-(0.3 - 0.9 * hostility + 1.0 * fix)))
    return Replies(
        hostility=hostility,
        fix=fix,
        apology=apology,
        turned_days=rng.exponential(1 / _rate(hostility, fix, apology, effect)),
        lost_days=rng.exponential(1 / np.maximum(loss * 0.05 * np.exp(0.6 * hostility), 1e-9)),
        author=author,
        company=rng.integers(0, companies, n),
    )


def truth(*, effect: float = 0.6, days: float = 7.0, n: int = 400_000) -> float:
    """Average difference in the risk of turning, with against without an apology."""
    made = simulate(n, 99, effect=effect)
    with_it, without = (1 - np.exp(-days * _rate(made.hostility, made.fix, a, effect)) for a in (True, False))
    return float(np.mean(with_it - without))


def tables(made: Replies) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """episodes, turns and measures that say the same; every complaint is answered after six hours."""
    n = len(made.hostility)
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    reply_s = 6 * HOUR
    started = [start + dt.timedelta(hours=int(i % 168)) for i in range(n)]
    lost = np.minimum(made.lost_days, 30.0)
    turned = np.where(made.turned_days < lost, made.turned_days, np.inf)
    names = [f"company {c}" for c in made.company]
    episodes = pl.DataFrame(
        {
            "episode_id": [f"{i:020x}" for i in range(n)], "kind": "complaint",
            "author_id": [f"a{a:019x}" for a in made.author], "thread_id": [f"d{i:019x}" for i in range(n)],
            "opener_id": [f"d{i:019x}" for i in range(n)], "company": names, "started_at": started,
            "hour_of_week": np.arange(n) % 168, "business_hours": np.arange(n) % 24 < 12,
            "entry_s": 0, "end_s": reply_s + np.ceil(lost * DAY).astype(np.int64),
            "end": np.where(lost < 30, "last_seen", "horizon"),
            "first_reply_s": reply_s, "first_reply_id": [f"b{i:019x}" for i in range(n)],
            "turned_s": _seconds(reply_s, turned), "escalated_s": _seconds(reply_s, np.full(n, np.inf)),
            "advocate_s": _seconds(reply_s, np.full(n, np.inf)), "later_followed_days": 30.0,
            "first_reply_quality": "other",
            "private_s": pl.Series([None] * n, dtype=pl.Int64),
            "hostility": made.hostility, "severity": 1.0, "topic": "delivery", "load": 0, "burst": 1.0,
            "earlier_complaints": 0, "spread_before": 0,
        }
    )  # fmt: skip
    turns = episodes.select(
        pl.col("first_reply_id").alias("post_id"), "company", "thread_id",
        pl.lit("an agent").alias("author_id"), pl.lit("company").alias("role"),
        (pl.col("started_at") + pl.duration(seconds=reply_s)).alias("created_at"),
        pl.lit(1).alias("position"), pl.lit(True).alias("business_hours"),
        *(pl.lit(None, pl.String).alias(name) for name in ("agent_id", "joined_into")),
    )  # fmt: skip
    done = {"apology": made.apology, "fix": made.fix}
    none = np.zeros(n, dtype=bool)
    acts = [pl.Series(f"p_{act}", done.get(act, none).astype(float)) for act in ACTS]
    nothing = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("hostility", "p_against", "template")]
    stance = pl.lit(None, pl.String).alias("stance")
    return episodes, turns, turns.select("post_id", "company", stance, *nothing, *acts)


def _seconds(from_s: int, days: FloatArray) -> pl.Series:
    finite = np.isfinite(days)
    seconds = from_s + np.ceil(np.where(finite, days, 0) * DAY).astype(np.int64)
    return pl.Series(seconds).set(~pl.Series(finite), None)
