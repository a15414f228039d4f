"""Episodes with known laws for the tests of the model stages (no texts behind them)."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from complaintlab.spells.history import History, attach
from complaintlab.spells.rows import mark_events, tile
from complaintlab.store import conform

DAY = 86400


def made_episodes(n: int, seed: int, *, companies: int = 6, effect: float = 0.0) -> pl.DataFrame:
    """Episodes whose critics turn at a constant rate, times exp(``effect``) once answered.

    Hostility makes answers later and turning rarer, so that comparisons without it mislead.
    """
    rng = np.random.default_rng(seed)
    hostility = rng.integers(0, 4, n).astype(float)
    reply = rng.exponential(np.exp(0.5 * hostility) * 0.5 * DAY)
    reply[reply > 20 * DAY] = np.inf
    rate = 0.12 / DAY * np.exp(-0.4 * hostility)
    turned = _switching(rng, rate, effect, reply)
    escalated = _switching(rng, 0.05 / DAY * np.exp(0.3 * hostility), -effect, reply)
    deleted = rng.exponential(150 * DAY, n)
    end = np.minimum(deleted, 30 * DAY)
    known = {"first_reply_s": reply, "turned_s": turned, "escalated_s": escalated}
    seconds = {
        name: [int(at) + 1 if at < stop else None for at, stop in zip(times, end, strict=True)]
        for name, times in known.items()
    }
    began = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    ids = [f"{i:020x}" for i in range(n)]
    return conform(
        "episodes",
        pl.DataFrame(
            {
                "episode_id": ids, "kind": "complaint", "author_id": [f"{i // 2:020x}" for i in range(n)],
                "thread_id": ids, "opener_id": ids, "company": [f"c{i % companies}" for i in range(n)],
                "started_at": [began + dt.timedelta(hours=i) for i in range(n)],
                "entry_s": 0, "end_s": np.maximum(end, 1).astype(int),
                "end": np.where(deleted < 30 * DAY, "author_deleted", "horizon"),
                **seconds,
                "any_later_turn": False, "spread_before": 0, "praise_later": 0, "recurrences": 0,
                "later_followed_days": 30.0, "bystanders_before": 0, "bystanders_after": 0,
                "hostility": hostility, "severity": rng.integers(0, 4, n).astype(float),
                "p_complaint": 0.9, "p_nonsense": 0.0,
                "topic": rng.choice(["late", "broken", "rude"], n), "earlier_complaints": 0,
                "load": rng.poisson(3, n), "burst": rng.exponential(1, n), "hour_of_week": np.arange(n) % 168,
                "business_hours": np.arange(n) % 24 < 9,
            }
        ).with_columns(pl.lit(None, pl.Int64).alias("advocate_s")),
    )  # fmt: skip


def made_spells(episodes: pl.DataFrame, acts: pl.Series | None = None) -> pl.DataFrame:
    """Start–stop rows of made episodes, split at the reply; ``acts`` of each episode's reply, joined by |."""
    text = pl.Series(["apology"] * episodes.height) if acts is None else acts
    replies = episodes.with_columns(text.alias("acts")).drop_nulls("first_reply_s")
    history = History(
        "reply",
        replies.select("episode_id", known_s="first_reply_s", answered=pl.lit(True), first_acts="acts"),
    )
    extra = episodes.with_columns(
        pl.lit(None, pl.Int64).alias("spread_passed_s"), pl.lit(None, pl.Int64).alias("recurred_s")
    )
    rows = attach(mark_events(tile(extra, [history])), [history]).with_columns(
        pl.col("answered").fill_null(False), hostility_last="hostility"
    )
    zero = ("n_replies", "agents_so_far", "against_so_far", "replies_so_far")
    no = ("critic_deleted", "critic_deleted_nonsense", "own_reply_deleted", "own_reply_edited")
    rest = [*(pl.lit(0).alias(name) for name in zero), *(pl.lit(False).alias(name) for name in no)]
    return conform("spells", rows.with_columns(rest))


def _switching(rng: np.random.Generator, rate: np.ndarray, effect: float, reply: np.ndarray) -> np.ndarray:
    """Times of an event whose hazard is multiplied by exp(effect) from the reply on."""
    load = rng.exponential(1, len(reply))
    before = load / rate
    late = np.where(np.isfinite(reply), reply, 0) + (load - rate * np.where(np.isfinite(reply), reply, 0)) / (
        rate * np.exp(effect)
    )
    return np.where(before < reply, before, late)
