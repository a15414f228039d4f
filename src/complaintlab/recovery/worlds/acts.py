"""Replies with many acts and the known effect of each contrast of ``models/exposures.py``, as tables.

Hostile critics get fewer asking, proper and distinctive replies and are harder to turn, so that every naive
contrast is off. Whoever is answered is answered after six hours, and again a minute later.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.labels import ACTS
from complaintlab.models.strategies import DAY, HOUR
from complaintlab.recovery.contract import Truth

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Acts = dict[str, BoolArray]

Tables = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""episodes, turns, measures"""

START = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
REPLY_S = 6 * HOUR
ODDS = {
    "apology": 0.4, "compensate": 0.0, "ask": 0.2, "explain": -0.4, "defend": -1.2, "mock": -1.8,
    "joke": -2.5, "attack": -1.8, "regret": -1.0, "personal": 1.0,
}  # fmt: skip
BY_HOSTILITY = {"ask": -0.5, "apology": -0.4, "defend": 0.5, "mock": 0.4, "attack": 0.5, "compensate": -0.4}


@dataclass(frozen=True)
class World:
    """n complaints, their first replies, and whether the second reply came from the same agent."""

    hostility: FloatArray
    acts: Acts
    template: FloatArray
    same: BoolArray

    @property
    def hostile(self) -> BoolArray:
        return self.hostility >= 2

    @property
    def bad(self) -> BoolArray:
        a = self.acts
        return a["defend"] | a["mock"] | a["attack"] | (a["regret"] & ~a["ask"] & ~a["compensate"])

    @property
    def proper(self) -> BoolArray:
        return self.acts["apology"] & (self.acts["ask"] | self.acts["compensate"]) & ~self.bad


def draw(n: int, rng: np.random.Generator) -> World:
    hostility = np.clip(rng.normal(1.3, 1.0, n), 0, 3)
    acts = {
        act: rng.random(n) < 1 / (1 + np.exp(-(odds + BY_HOSTILITY.get(act, 0.0) * (hostility - 1.3))))
        for act, odds in ODDS.items()
    }
    template = np.clip(0.5 + 0.15 * (hostility - 1.3) + rng.normal(0, 0.2, n), 0, 1)
    return World(hostility, acts, template, rng.random(n) < 1 / (1 + np.exp(0.6 * (hostility - 1.5))))


def turning(w: World, **by: BoolArray | FloatArray | bool | float) -> FloatArray:
    """Turning per day, with acts, ``template`` or ``same`` set."""
    a = {**w.acts, **by}
    template, same = by.get("template", w.template), by.get("same", w.same)
    return 0.03 * np.exp(
        -0.5 * (w.hostility - 1.3) + 0.6 * np.asarray(a["ask"]) + 0.5 * np.asarray(a["compensate"])
        - 0.8 * np.asarray(template) + 0.5 * np.asarray(same)
    )  # fmt: skip


def escalating(w: World, bad: BoolArray | bool | None = None) -> FloatArray:
    worse = w.bad if bad is None else bad
    return 0.02 * np.exp(0.3 * (w.hostility - 1.3) + 1.0 * np.asarray(worse))


def advocating(w: World, proper: BoolArray | bool | None = None) -> FloatArray:
    well = np.asarray(w.proper if proper is None else proper)
    return 0.015 * np.exp(0.4 * well + 0.9 * well * w.hostile - 0.3 * (w.hostility - 1.3))


def joining(w: World, attack: BoolArray | bool | None = None) -> FloatArray:
    """Others who join in within 7 days, expected."""
    lashes = w.acts["attack"] if attack is None else attack
    return 0.4 * np.exp(0.3 * (w.hostility - 1.3) + 0.7 * np.asarray(lashes))


def praising(turned: BoolArray | bool) -> FloatArray:
    return np.asarray(0.03 + 0.08 * np.asarray(turned))


def truth(n: int = 400_000) -> Mapping[str, Truth]:
    """Each claim's contrast, averaged over the replies in either of its arms; expected given the reply."""
    w = draw(n, np.random.default_rng(99))
    a = w.acts
    without = World(w.hostility, a | {"mock": np.zeros(n, dtype=bool)}, w.template, w.same)
    low, high = np.quantile(w.template, [0.1, 0.9])
    only_one = (a["ask"] & ~a["explain"] & ~a["defend"]) | (~a["ask"] & (a["explain"] | a["defend"]))
    return {
        "N3": difference(turning(w, template=low), turning(w, template=high)),
        "N6": difference(escalating(w, True), escalating(without), a["mock"] | ~a["joke"]),
        "N7": ratio(joining(w, True), joining(w, False)),
        "N8": difference(escalating(w, True), escalating(w, False), w.hostile),
        "N10": difference(turning(w, ask=True), turning(w, ask=False), only_one),
        "S3": difference(turning(w, compensate=True), turning(w, compensate=False), a["apology"]),
        "S4": mean(praising(np.ones(n, dtype=bool)) - praising(np.zeros(n, dtype=bool))),
        "S6": between(risk(advocating(w, True)) - risk(advocating(w, False)), w.hostile),
        "P1": difference(turning(w, same=True), turning(w, same=False)),
    }


def risk(rate: FloatArray) -> FloatArray:
    return np.asarray(1 - np.exp(-7 * rate))


def mean(own: FloatArray) -> Truth:
    return Truth(float(own.mean()), float(own.std(ddof=1) / np.sqrt(len(own))))


def difference(first: FloatArray, second: FloatArray, rows: BoolArray | None = None) -> Truth:
    """Of the risks at two rates, among ``rows``."""
    both = risk(first) - risk(second)
    return mean(both if rows is None else both[rows])


def between(own: FloatArray, group: BoolArray) -> Truth:
    """The mean inside the group less that outside."""
    inside, outside = mean(own[group]), mean(own[~group])
    return Truth(inside.value - outside.value, float(np.hypot(inside.mc_se, outside.mc_se)))


def ratio(first: FloatArray, second: FloatArray) -> Truth:
    """Logarithm of the ratio of two means."""
    error = mean(first / first.mean() - second / second.mean()).mc_se
    return Truth(float(np.log(first.mean() / second.mean())), error)


def tables(n: int, seed: int) -> Tables:
    """episodes (complaints and later praise), turns and measures of n complaints by n/2 authors."""
    rng = np.random.default_rng(seed)
    w = draw(n, rng)
    days = {
        "turned": rng.exponential(1 / turning(w)),
        "escalated": rng.exponential(1 / escalating(w)),
        "advocate": rng.exponential(1 / advocating(w)),
    }
    complaints = _complaints(w, days, rng)
    told = [_replies(w, complaints), _others(w, complaints, rng)]
    turns = pl.concat([turns for turns, _ in told], how="diagonal_relaxed")
    measures = pl.concat([measures for _, measures in told], how="diagonal_relaxed")
    by_landmark = np.ceil(days["turned"] * DAY) + REPLY_S + 60 <= 7 * DAY
    praised = pl.Series(rng.random(n) < praising(by_landmark))
    praise = complaints.filter(praised).with_columns(
        pl.lit("praise").alias("kind"),
        pl.col("started_at") + pl.duration(days=15),
        episode_id="f" + pl.col("episode_id").str.slice(1),
    )
    return pl.concat([complaints, praise]), turns, measures


def _complaints(w: World, days: dict[str, FloatArray], rng: np.random.Generator) -> pl.DataFrame:
    n = len(w.hostility)
    author = rng.permutation(n) // 2
    company = rng.integers(0, 20, n)
    seen = {
        f"{name}_s": pl.Series(REPLY_S + 60 + np.ceil(after * DAY)).cast(pl.Int64)
        for name, after in days.items()
    }
    return pl.DataFrame(
        {
            "episode_id": [f"{i:020x}" for i in range(n)], "kind": "complaint",
            "author_id": [f"a{c:04x}{a:015x}" for a, c in zip(author, company, strict=True)],
            "thread_id": [f"d{i:019x}" for i in range(n)], "opener_id": [f"d{i:019x}" for i in range(n)],
            "company": [f"company {c}" for c in company],
            "started_at": [START + dt.timedelta(hours=int(i % 168)) for i in range(n)],
            "hour_of_week": np.arange(n) % 168, "business_hours": np.arange(n) % 24 < 12,
            "entry_s": 0, "end_s": 30 * DAY, "end": "horizon", **seen,
            "first_reply_s": REPLY_S, "first_reply_id": [f"b{i:019x}" for i in range(n)],
            "first_reply_quality": np.where(w.bad, "bad", np.where(w.proper, "proper", "other")),
            "private_s": pl.Series([None] * n, dtype=pl.Int64), "later_followed_days": 30.0,
            "hostility": w.hostility, "severity": 1.0, "topic": "delivery", "load": 0, "burst": 1.0,
            "earlier_complaints": 0, "spread_before": 0,
        }
    )  # fmt: skip


def _replies(w: World, complaints: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The first replies and, a minute later, the second; these do what the first ones did."""
    parts = []
    for order, agent in ((0, pl.lit("one")), (1, pl.Series(w.same))):
        name = pl.lit("one") if order == 0 else pl.when(agent).then(pl.lit("one")).otherwise(pl.lit("two"))
        parts.append(
            complaints.select(
                pl.col("first_reply_id").str.replace("b", "b" if order == 0 else "c").alias("post_id"),
                "company", "thread_id", pl.lit("staff").alias("author_id"), pl.lit("company").alias("role"),
                (pl.col("started_at") + pl.duration(seconds=REPLY_S + 60 * order)).alias("created_at"),
                pl.lit(order + 1).alias("position"), pl.lit(True).alias("business_hours"),
                name.alias("agent_id"), pl.lit(None, pl.String).alias("joined_into"),
            )
        )  # fmt: skip
    none = np.zeros(len(w.hostility), dtype=bool)
    done = [pl.Series(f"p_{act}", w.acts.get(act, none).astype(float)) for act in ACTS]
    blank = [pl.lit(None, pl.Float64).alias(name) for name in ("hostility", "p_against")]
    measures = [
        part.select(
            "post_id", "company", pl.lit(None, pl.String).alias("stance"), *blank, *done
        ).with_columns(template=pl.Series(w.template))
        for part in parts
    ]
    return pl.concat(parts), pl.concat(measures)


def _others(
    w: World, complaints: pl.DataFrame, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bystanders against the company, within 7 days of the first reply."""
    who = np.repeat(np.arange(len(w.hostility)), rng.poisson(joining(w)))
    at = rng.uniform(REPLY_S + 61, REPLY_S + 7 * DAY, len(who)).astype(np.int64)
    turns = complaints[who].select(
        pl.Series("post_id", [f"e{k:019x}" for k in range(len(who))]), "company", "thread_id",
        pl.Series("author_id", [f"9{k:019x}" for k in range(len(who))]), pl.lit("bystander").alias("role"),
        pl.col("started_at") + pl.Series(at * 1_000_000).cast(pl.Duration("us")),
        pl.lit(9).alias("position"), pl.lit(None, pl.Boolean).alias("business_hours"),
        *(pl.lit(None, pl.String).alias(name) for name in ("agent_id", "joined_into")),
    ).rename({"started_at": "created_at"})  # fmt: skip
    return turns, turns.select("post_id", "company", p_against=pl.lit(1.0))
