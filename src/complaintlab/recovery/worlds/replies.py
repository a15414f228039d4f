"""First replies with a known effect of an apology, in arrays and as tables.

The company apologises more to the calm, less in an outage, and more when it also offers a fix; all three
matter for turning. What the apology does may differ between companies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import optimize

from complaintlab.labels import ACTS
from complaintlab.models.strategies import DAY, HOUR
from complaintlab.recovery.contract import Truth
from complaintlab.recovery.sesoi import sesoi
from complaintlab.recovery.truths import Paired, paired_difference

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

EVEN = (0.25, 0.25, 0.25, 0.25)
HORIZON_DAYS = 7.0
BATCH = 20_000


@dataclass(frozen=True)
class Replies:
    """Per first reply: opener's hostility, acts, event by day 7 (and without loss), days of follow-up.

    ``burst``: posted in an outage; ``effect``: log ratio of the rates of turning with and without an apology.
    """

    hostility: FloatArray
    burst: BoolArray
    fix: BoolArray
    apology: BoolArray
    turned_days: FloatArray
    lost_days: FloatArray
    author: npt.NDArray[np.int64]
    company: npt.NDArray[np.int64]
    effect: FloatArray

    @property
    def turned(self) -> BoolArray:
        """By the horizon, had nobody been lost."""
        return np.asarray(self.turned_days <= HORIZON_DAYS)

    @property
    def rate_without(self) -> FloatArray:
        """Turning per day without an apology."""
        return np.asarray(0.05 * np.exp(0.8 * self.fix - 0.6 * self.hostility - 0.9 * self.burst))


def risk_of(rate: FloatArray) -> FloatArray:
    """Chance of turning by the horizon at a rate per day."""
    return np.asarray(-np.expm1(-HORIZON_DAYS * rate))


def simulate(
    n: int,
    seed: int,
    *,
    effect: float = 0.6,
    between: float = 0.0,
    loss: float = 0.0,
    shares: Sequence[float] = EVEN,
    outage: float = 0.0,
) -> Replies:
    """n first replies; authors have two each on average; ``loss`` is more frequent among the hostile.

    Companies have ``shares`` of the complaints, ``outage`` is the share of them that comes in bursts, and
    ``between`` the standard deviation of the effect between companies.
    """
    rng, more = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    author = rng.integers(0, max(n // 2, 1), n)
    temper = rng.normal(size=n)[author] * 0.5
    hostility = np.clip(rng.normal(1.2, 0.8, n) + temper, 0, 3)
    fix = rng.random(n) < 0.4
    burst = more.random(n) < outage
    odds = 0.3 - 0.9 * hostility + 1.0 * fix - 1.5 * burst
    apology = rng.random(n) < 1 / (1 + np.exp(-odds))
    company = np.sort(rng.choice(len(shares), n, p=np.array(shares) / np.sum(shares)))
    company = rng.permutation(company)
    effects = effect + between * more.normal(size=len(shares))
    never = np.full(n, np.inf)
    made = Replies(hostility, burst, fix, apology, never, never, author, company, effects[company])
    rate = made.rate_without * np.exp(made.effect * apology)
    return replace(
        made,
        turned_days=rng.exponential(1 / rate),
        lost_days=rng.exponential(1 / np.maximum(loss * 0.05 * np.exp(0.6 * hostility), 1e-9)),
    )


def simulate_at(n: int, seed: int, difference: float) -> Replies:
    """n first replies in a world whose true risk difference is exactly ``difference``."""
    return simulate(n, seed, effect=effect_for(difference))


@lru_cache(maxsize=8)
def effect_for(difference: float) -> float:
    """The logarithm of the rate ratio at which the true risk difference is ``difference``."""
    without = simulate(1_000_000, 98).rate_without
    usual = float(np.mean(risk_of(without)))

    def off(effect: float) -> float:
        return float(np.mean(risk_of(without * np.exp(effect)))) - usual - difference

    return float(optimize.brentq(off, -3.0, 3.0, xtol=1e-6))


def truth(*, effect: float = 0.6, between: float = 0.0, outage: float = 0.0) -> Mapping[str, Truth]:
    """Average difference in the risk of turning, with against without an apology, over companies alike.

    Each batch has as many companies as complaints, so that it is the average over all that might be.
    """

    def batch(seed: int) -> Paired:
        without = simulate(BATCH, 1_000_000 + seed, outage=outage).rate_without
        own = effect + between * np.random.default_rng([seed, 2]).normal(size=BATCH)
        return risk_of(without * np.exp(own)), risk_of(without)

    return {"N1": paired_difference(batch, sesoi("N1"))}


def truth_at(difference: float) -> Mapping[str, Truth]:
    """The truth of :func:`simulate_at`, simulated like any other."""
    return truth(effect=effect_for(difference))


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
            "hostility": made.hostility, "severity": 1.0, "topic": "delivery", "load": 0,
            "burst": np.where(made.burst, 6.0, 1.0), "earlier_complaints": 0, "spread_before": 0,
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
