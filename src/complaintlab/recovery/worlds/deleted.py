"""Complaints on a company's page with a known effect of deleting them, and the looks that missed them.

A critic who follows up grows more hostile, and the host deletes the hostile; a critic who escalates is
deleted soon after, and a deleted one escalates sooner. Both orders occur between two looks. Proper replies
calm.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.deletion.cohort import Cohort
from complaintlab.models.deletion_strategies import DELETED, LEFT
from complaintlab.models.strategies import DAY, HOUR, PROPER_24H, Strategy
from complaintlab.recovery.contract import Truth
from complaintlab.recovery.sesoi import sesoi
from complaintlab.recovery.truths import PRECISION, Paired, paired_differences
from complaintlab.store import conform

FloatArray = npt.NDArray[np.float64]

STEPS_S = np.concatenate([np.arange(0, DAY, HOUR / 4), np.arange(DAY, 7 * DAY + 1, HOUR / 2)])
BEGAN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
BATCH = 10_000


@dataclass(frozen=True)
class Page:
    """Moments in seconds, infinite where never; hostility 0 to 3 at the start; company by number.

    ``expected`` (n,) is the chance of having escalated by day 7, where that was kept from happening.
    """

    hostility: FloatArray
    company: npt.NDArray[np.int64]
    deleted_s: FloatArray
    escalated_s: FloatArray
    reply_s: FloatArray
    proper: npt.NDArray[np.bool_]
    follow_up_s: FloatArray
    expected: FloatArray


def simulate(
    n: int,
    seed: int,
    deletion: Strategy | None = None,
    reply: Strategy | None = None,
    *,
    effect: float = 1.0,
    feedback: float = 2.0,
    watched: bool = False,
) -> Page:
    """n complaints as nature has it, or under strategies of deletion and of the first reply.

    ``effect`` is the log hazard ratio of escalation once deleted, ``feedback`` that of deletion once
    escalated. ``watched``: escalation is kept from happening and its chance is summed up instead: whether a
    critic has escalated by a day depends on what happens to those who have not (Rao-Blackwell).
    """
    rng = np.random.default_rng(seed)
    hostility = rng.choice(4, n, p=[0.35, 0.3, 0.2, 0.15]).astype(float)
    company = rng.integers(0, 4, n)
    at = {name: np.full(n, np.inf) for name in ("deleted", "escalated", "reply", "follow_up")}
    proper, borne = np.zeros(n, dtype=bool), np.zeros(n)
    for start, end in pairwise(STEPS_S):
        hours = (end - start) / HOUR
        now = hostility + (at["follow_up"] <= start)
        deleted, escalated = at["deleted"] <= start, at["escalated"] <= start
        calm = np.where(proper & (at["reply"] <= start), -0.8, 0.0)
        rates = {
            "follow_up": 0.02 * np.exp(0.3 * hostility),
            "reply": 0.02 * np.exp(-0.3 * hostility - 0.5 * deleted),
            "deleted": _fading(start) * np.exp(0.4 * now + feedback * escalated + 0.2 * (company - 1.5)),
            "escalated": _fading(start) * np.exp(0.4 * now + effect * deleted + calm),
        }
        luck = rng.random((len(rates) + 1, n))
        for name, u, rate in zip(rates, luck, rates.values(), strict=False):
            strategy = {"deleted": deletion, "reply": reply}.get(name)
            chance = _as_set(-np.expm1(-rate * hours), rate, start, strategy)
            happens = np.isinf(at[name]) & (u < chance)
            if watched and name == "escalated":
                borne += rate * hours
                continue
            at[name][happens] = start + (end - start) * (u / np.maximum(chance, 1e-300))[happens]
            if name == "reply":
                asked = reply is not None and reply.quality == "proper"
                proper[happens] = asked | (luck[-1] < 0.5 - 0.1 * hostility)[happens]
    return Page(
        hostility, company, at["deleted"], at["escalated"], at["reply"], proper, at["follow_up"],
        -np.expm1(-borne),
    )  # fmt: skip


def truth(*, effect: float = 1.0, precision: float = PRECISION) -> Mapping[str, Truth]:
    """D1 (deleted against left) and D3 (left and answered properly against deleted): risk differences."""

    def batch(seed: int) -> list[Paired]:
        deleted, left, proper = (
            simulate(BATCH, 6_000_000 + seed, deletion, reply, effect=effect, watched=True).expected
            for deletion, reply in ((DELETED, None), (LEFT, None), (LEFT, PROPER_24H))
        )
        return [(deleted, left), (proper, deleted)]

    claims = ("D1", "D3")
    bands = [sesoi(claim) for claim in claims]
    return dict(zip(claims, paired_differences(batch, bands, [False, False], precision), strict=True))


def _fading(start_s: float) -> float:
    return float(0.0008 * (1 + 3 * np.exp(-start_s / (12 * HOUR))))


def _as_set(chance: FloatArray, rate: FloatArray, start: float, strategy: Strategy | None) -> FloatArray:
    if strategy is None:
        return chance
    if strategy.never or start >= strategy.by_s:
        return np.zeros_like(chance)
    left = STEPS_S[(start <= STEPS_S) & (strategy.by_s > STEPS_S)]
    ends = np.append(left[1:], strategy.by_s)
    pace = (
        1.0 if strategy.quality else np.sum([_fading(s) * (e - s) for s, e in zip(left, ends, strict=True)])
    )
    ahead = rate * (strategy.by_s - start) / HOUR if strategy.quality else rate / _fading(start) * pace / HOUR
    return np.asarray(chance / -np.expm1(-ahead))


def cohort(page: Page, every_s: float, seed: int = 0) -> Cohort:
    """What is seen of a page that is looked at ``every_s`` seconds, from a random moment on."""
    n = len(page.hostility)
    first = np.random.default_rng(seed).random(n) * every_s
    looks = np.floor((page.deleted_s - first) / every_s)
    lower = np.where(np.isfinite(page.deleted_s), np.maximum(first + looks * every_s, 0.0), np.inf)
    upper = np.where(np.isfinite(page.deleted_s), first + (looks + 1) * every_s, np.inf)
    return Cohort(episodes(page), np.zeros(n), lower, upper)


def episodes(page: Page) -> pl.DataFrame:
    n = len(page.hostility)
    ids = [f"{i:020x}" for i in range(n)]
    seconds = {"first_reply_s": page.reply_s, "escalated_s": page.escalated_s}
    quality = np.where(page.proper, "proper", "other")
    proper = pl.Series(quality).set(pl.Series(np.isinf(page.reply_s)), None)
    moments = {name: _whole(at) for name, at in seconds.items()}
    return conform(
        "episodes",
        pl.DataFrame(
            {
                "episode_id": ids, "kind": "complaint", "author_id": ids, "thread_id": ids, "opener_id": ids,
                "company": [f"c{i}" for i in page.company], "started_at": BEGAN, "entry_s": 0,
                "end_s": 30 * DAY, "end": "horizon", "any_later_turn": False, "spread_before": 0,
                "praise_later": 0, "recurrences": 0, "later_followed_days": 30.0,
                "bystanders_before": 0, "bystanders_after": 0,
                "hostility": page.hostility, "severity": 1.0, "p_complaint": 0.9, "p_nonsense": 0.0,
                "topic": "late", "earlier_complaints": 0, "load": 0, "burst": 1.0, "hour_of_week": 10,
                "business_hours": True, "turned_s": pl.Series([None] * n, dtype=pl.Int64),
                "first_reply_quality": proper, **moments,
            }
        ).with_columns(pl.lit(None, pl.Int64).alias("advocate_s")),
    )  # fmt: skip


def _whole(seconds: FloatArray) -> pl.Series:
    """Whole seconds from 1 on, null where never."""
    never = np.isinf(seconds)
    return pl.Series(np.where(never, 0, seconds).astype(np.int64) + 1).set(pl.Series(never), None)


def spells(page: Page) -> pl.DataFrame:
    """The columns that models of history read, a row from each change on."""
    n = len(page.hostility)
    who = np.arange(n)
    moments = [(who, np.zeros(n)), (who, page.follow_up_s), (who, page.reply_s)]
    i, at = (np.concatenate(part) for part in zip(*moments, strict=True))
    seen = np.isfinite(at)
    i, at = i[seen], at[seen]
    spoken = (page.follow_up_s[i] <= at).astype(int)
    return pl.DataFrame(
        {
            "episode_id": [f"{one:020x}" for one in i],
            "company": [f"c{one}" for one in page.company[i]],
            "start_s": np.ceil(at).astype(np.int64),
            "hostility_last": page.hostility[i] + spoken,
            "against_so_far": np.zeros(len(i), dtype=int),
            "replies_so_far": spoken + (page.reply_s[i] <= at),
            "load": np.zeros(len(i), dtype=int),
            "critic_deleted": np.zeros(len(i), dtype=bool),
            "hour_of_week": pl.Series(np.full(len(i), 10), dtype=pl.UInt8),
            "business_hours": np.ones(len(i), dtype=bool),
        }
    ).sort("episode_id", "start_s")
