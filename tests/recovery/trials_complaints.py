"""Complaints with a known effect of the reply's timing, simulated under nature or under a strategy.

Reply and outcome share causes that vary with time: the hostile are answered later, a critic who follows up
grows more hostile and is answered sooner. Many replies come just before one hour and one day. The reply
lowers escalation and lets critics turn.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import DAY, HOUR, MINUTE, Strategy

FloatArray = npt.NDArray[np.float64]

STEPS_S = np.concatenate(
    [
        np.arange(0, 2 * HOUR, 5 * MINUTE),
        np.arange(2 * HOUR, DAY, 15 * MINUTE),
        np.arange(DAY, 7 * DAY + 1, 2 * HOUR),
    ]
).astype(float)
FOLLOW_UPS = 2


@dataclass(frozen=True)
class Complaints:
    """Moments in seconds, infinite where never; ``follow_ups`` (n, 2); hostility 0 to 3 at the start."""

    hostility: FloatArray
    reply_s: FloatArray
    escalated_s: FloatArray
    turned_s: FloatArray
    lost_s: FloatArray
    follow_ups: FloatArray

    def risk(self, outcome: str, days: float) -> float:
        return float(np.mean(getattr(self, f"{outcome}_s") <= days * DAY))


def simulate(
    n: int, seed: int, strategy: Strategy | None = None, *, effect: float = 1.0, loss: float = 0.0
) -> Complaints:
    """n complaints; without ``strategy`` as nature has it. ``effect`` scales what the reply does."""
    rng = np.random.default_rng(seed)
    hostility = rng.choice(4, n, p=[0.35, 0.3, 0.2, 0.15]).astype(float)
    now = hostility.copy()
    times = {name: np.full(n, np.inf) for name in ("reply", "escalated", "turned", "lost")}
    follow_ups = np.full((n, FOLLOW_UPS), np.inf)
    seen = np.zeros(n, dtype=int)
    ahead = _ahead(strategy)
    for start, end in pairwise(STEPS_S):
        hours, middle = (end - start) / HOUR, (start + end) / 2 / HOUR
        replied = times["reply"] <= start
        eagerness = np.exp(-0.35 * hostility + 0.5 * (now - hostility))
        rates = {
            "reply": _pace(start, end) * eagerness,
            "escalated": 0.003 / (1 + middle / 12) * np.exp(0.5 * now - effect * replied),
            "turned": 0.012
            / (1 + middle / 24)
            * np.exp(-0.5 * now)
            * np.where(replied, 0.15 + 1.85 * effect, 0.15),
            "lost": loss * 0.002 * np.exp(0.5 * now),
            "follow": np.where(replied, 0.03 - 0.02 * effect, 0.03)
            * np.exp(0.2 * hostility)
            * (seen < FOLLOW_UPS),
        }
        moments = {name: start + rng.random(n) * (end - start) for name in rates}
        happens = {name: rng.random(n) < 1 - np.exp(-rate * hours) for name, rate in rates.items()}
        if strategy is not None:
            foreseen = -np.expm1(-ahead.get(start, 0.0) * eagerness)
            natural = -np.expm1(-rates["reply"] * hours)
            imposed = np.where(foreseen > 0, natural / np.maximum(foreseen, 1e-12), 0.0)
            happens["reply"] = rng.random(n) < imposed
        for name, when in times.items():
            first = happens[name] & np.isinf(when)
            when[first] = moments[name][first]
        rows = np.flatnonzero(happens["follow"])
        follow_ups[rows, seen[rows]] = moments["follow"][rows]
        now[rows] += 1
        seen[rows] += 1
    return Complaints(
        hostility,
        *(np.ceil(times[name]) for name in ("reply", "escalated", "turned", "lost")),
        np.ceil(follow_ups),
    )


def _pace(start: float, end: float) -> float:
    """Replies an hour to a calm complaint; companies hurry before an hour and before a day are over."""
    deadline = 8 if end in (HOUR, 24 * HOUR) or 23.5 <= start / HOUR < 24 else 1
    return deadline * 0.45 / (1 + (start + end) / 2 / HOUR)


def _ahead(strategy: Strategy | None) -> dict[float, float]:
    """Start of each step of the strategy's window -> the pace from there until it closes, summed."""
    ahead, total = {}, 0.0
    if strategy is not None and not strategy.never:
        for start, end in reversed(list(pairwise(STEPS_S))):
            if strategy.after_s <= start < strategy.by_s:
                total += _pace(start, end) * (end - start) / HOUR
                ahead[start] = total
    return ahead


def truth(
    first: Strategy, second: Strategy, outcome: str, days: float, n: int = 200_000, **how: float
) -> float:
    """Risk difference by paired simulation."""
    one, other = (simulate(n, 99, strategy, **how).risk(outcome, days) for strategy in (first, second))
    return one - other


def episodes(complaints: Complaints, authors: int | None = None) -> pl.DataFrame:
    """As the table ``episodes``, of two companies, one complaint an author unless told otherwise."""
    n = len(complaints.hostility)
    index = np.arange(n)
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "episode_id": [f"{i:020x}" for i in index],
            "kind": ["complaint"] * n,
            "author_id": [f"{i:020x}" for i in index % (authors or n)],
            "company": np.where(index % 3 == 0, "Acme", "Borealis"),
            "started_at": [start + dt.timedelta(hours=int(i % 168)) for i in index],
            "hour_of_week": index % 168,
            "business_hours": (index % 24 >= 8) & (index % 24 < 18) & (index % 168 < 120),
            "entry_s": np.zeros(n, dtype=np.int64),
            "end": np.where(np.isfinite(complaints.lost_s), "last_seen", "horizon"),
            "end_s": np.minimum(complaints.lost_s, 30 * DAY).astype(np.int64),
            "hostility": complaints.hostility,
            "severity": np.ones(n),
            "topic": ["delivery"] * n,
            "load": np.zeros(n, dtype=np.int64),
            "burst": np.ones(n),
            "earlier_complaints": np.zeros(n, dtype=np.int64),
            "spread_before": np.zeros(n, dtype=np.int64),
            "answered_share_before": np.full(n, 0.6),
            "any_later_turn": np.isfinite(complaints.follow_ups[:, 0]),
            "private_s": pl.Series([None] * n, dtype=pl.Int64),
            **{
                column: _seconds(moments)
                for column, moments in {
                    "first_reply_s": complaints.reply_s,
                    "turned_s": complaints.turned_s,
                    "advocate_s": np.full(n, np.inf),
                    "escalated_s": complaints.escalated_s,
                }.items()
            },
        }
    )


def spells(complaints: Complaints, frame: pl.DataFrame) -> pl.DataFrame:
    """As the table ``spells``: a row from the start and from each follow-up on."""
    rows = []
    for number in range(FOLLOW_UPS + 1):
        since = np.zeros(len(frame)) if number == 0 else complaints.follow_ups[:, number - 1]
        rows.append(
            frame.select(
                "episode_id", "company", "hour_of_week", "business_hours", "load",
                pl.Series("start_s", np.where(np.isfinite(since), since, -1).astype(np.int64)),
                pl.Series("hostility_last", complaints.hostility + number),
                pl.lit(0, dtype=pl.Int64).alias("against_so_far"),
                pl.lit(False).alias("critic_deleted"),
                pl.lit(number, dtype=pl.Int64).alias("replies_so_far"),
            ).filter(np.isfinite(since))
        )  # fmt: skip
    return pl.concat(rows).sort("episode_id", "start_s")


def _seconds(moments: FloatArray) -> pl.Series:
    finite = np.isfinite(moments)
    return pl.Series(np.where(finite, moments, 0).astype(np.int64)).set(~pl.Series(finite), None)
