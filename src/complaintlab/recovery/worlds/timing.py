"""Complaints with a known effect of the reply's timing, simulated under nature or under a strategy.

Reply and outcome share causes that vary with time: the hostile are answered later, a critic who follows up
grows more hostile and is answered sooner. Many replies come just before one hour and one day. The reply
lowers escalation, unless it is a bad one, which the hostile get more often; it lets critics turn, keeps
others from joining in, and within a day keeps critics from complaining again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.strategies import COUNTS, DAY, HOUR, MINUTE, TIMING_CONTRASTS, Strategy
from complaintlab.recovery.contract import Truth
from complaintlab.recovery.sesoi import sesoi
from complaintlab.recovery.truths import PRECISION, Paired, paired_differences

FloatArray = npt.NDArray[np.float64]

STEPS_S = np.concatenate(
    [
        np.arange(0, 2 * HOUR, 5 * MINUTE),
        np.arange(2 * HOUR, DAY, 15 * MINUTE),
        np.arange(DAY, 7 * DAY + 1, 2 * HOUR),
    ]
).astype(float)
FOLLOW_UPS = 2
BATCH = 10_000
AT_SESOI = 0.1835
"""The ``effect`` at which a reply within a day takes two points off escalation, T1's smallest of interest."""


@dataclass(frozen=True)
class Complaints:
    """Moments in seconds, infinite where never; ``follow_ups`` (n, 2); hostility 0 to 3 at the start.

    ``others`` are complaint and second of each bystander; ``quality`` is of the reply, where there is one.
    ``expected`` (n,) by outcome: its chance by day 7 (recurrences, praise: in the end) or expected number,
    given what the outcome depends on. No outcome changes what comes after it, so that these average to the
    risks and means, with far less noise than the drawn events.
    """

    hostility: FloatArray
    reply_s: FloatArray
    escalated_s: FloatArray
    turned_s: FloatArray
    lost_s: FloatArray
    follow_ups: FloatArray
    others: tuple[npt.NDArray[np.int64], FloatArray]
    recurred_s: FloatArray
    praise_later: npt.NDArray[np.int64]
    quality: npt.NDArray[np.str_]
    expected: dict[str, FloatArray]


def simulate(
    n: int, seed: int, strategy: Strategy | None = None, *, effect: float = 1.0, loss: float = 0.0
) -> Complaints:
    """n complaints; without ``strategy`` as nature has it. ``effect`` scales what the reply does."""
    rng, more = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    hostility = rng.choice(4, n, p=[0.35, 0.3, 0.2, 0.15]).astype(float)
    now = hostility.copy()
    times = {name: np.full(n, np.inf) for name in ("reply", "escalated", "turned", "lost")}
    follow_ups = np.full((n, FOLLOW_UPS), np.inf)
    seen = np.zeros(n, dtype=int)
    bad = np.zeros(n, dtype=bool)
    frailty, others = more.gamma(0.5, 2.0, n), []
    borne = {name: np.zeros(n) for name in ("escalated", "turned", "spread")}
    ahead = _ahead(strategy)
    for start, end in pairwise(STEPS_S):
        hours, middle = (end - start) / HOUR, (start + end) / 2 / HOUR
        replied = times["reply"] <= start
        eagerness = np.exp(-0.35 * hostility + 0.5 * (now - hostility))
        rates = {
            "reply": _pace(start, end) * eagerness,
            "escalated": 0.003
            / (1 + middle / 12)
            * np.exp(0.5 * now - effect * replied + effect * bad * 1.6),
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
            if name == "reply":
                chance = 1 / (1 + np.exp(1.6 - 0.6 * now))
                if strategy is not None and strategy.quality is not None:
                    chance = np.full(n, float(strategy.quality == "bad"))
                bad |= first & (more.random(n) < chance)
        joining = 0.02 * np.exp(0.2 * hostility - effect * replied - middle / 24) * frailty * hours
        for name, more_of_it in (
            ("escalated", rates["escalated"] * hours), ("turned", rates["turned"] * hours),
            ("spread", joining / frailty),
        ):  # fmt: skip
            borne[name] += more_of_it
        joined = np.repeat(np.arange(n), more.poisson(joining))
        others.append((joined, start + more.random(len(joined)) * (end - start)))
        rows = np.flatnonzero(happens["follow"])
        follow_ups[rows, seen[rows]] = moments["follow"][rows]
        now[rows] += 1
        seen[rows] += 1
    prompt = times["reply"] <= DAY
    recurring = 1 / (1 + np.exp(1.5 - 0.3 * hostility + 0.9 * effect * prompt))
    praising = 1 / (1 + np.exp(1.5 + 0.3 * hostility - 0.9 * effect * prompt))
    again, praises = more.random(n) < recurring, more.random(n) < praising
    who, at_s = (np.concatenate(column) for column in zip(*others, strict=True))
    order = np.lexsort((at_s, who))
    return Complaints(
        hostility,
        np.ceil(times["reply"]),
        np.ceil(times["escalated"]),
        np.ceil(times["turned"]),
        np.ceil(times["lost"]),
        np.ceil(follow_ups),
        (who[order], np.ceil(at_s[order])),
        np.where(again, np.ceil((8 + 21 * more.random(n)) * DAY), np.inf),
        praises.astype(np.int64),
        np.where(np.isinf(times["reply"]), "none", np.where(bad, "bad", "proper")),
        {
            "escalated": -np.expm1(-borne["escalated"]),
            "turned": -np.expm1(-borne["turned"]),
            "spread": borne["spread"],
            "recurrences": recurring,
            "praise": praising,
        },
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
    claims: Sequence[str] = tuple(TIMING_CONTRASTS), *, effect: float = 1.0, precision: float = PRECISION
) -> Mapping[str, Truth]:
    """Risk differences, or logarithms of ratios of mean counts, by paired simulation of the strategies.

    Nobody is lost. That contrasts concern part of the complaints changes nothing: opening hours are not
    among the laws.
    """
    contrasts = [TIMING_CONTRASTS[claim] for claim in claims]

    def batch(seed: int) -> list[Paired]:
        arms = {strategy for contrast in contrasts for strategy in (contrast.first, contrast.second)}
        made = {arm: simulate(BATCH, 5_000_000 + seed, arm, effect=effect).expected for arm in arms}
        return [(made[one.first][one.outcome], made[one.second][one.outcome]) for one in contrasts]

    ratios = [contrast.outcome in COUNTS for contrast in contrasts]
    found = paired_differences(batch, [sesoi(claim) for claim in claims], ratios, precision)
    return dict(zip(claims, found, strict=True))


def episodes(complaints: Complaints, authors: int | None = None, kind: str = "complaint") -> pl.DataFrame:
    """As the table ``episodes``, of two companies, one complaint an author unless told otherwise."""
    n = len(complaints.hostility)
    index = np.arange(n)
    start = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "episode_id": [f"{i:020x}" for i in index],
            "kind": [kind] * n,
            "author_id": [f"{i:020x}" for i in index % (authors or n)],
            "company": np.where(index % 3 == 0, "Acme", "Borealis"),
            "started_at": [start + dt.timedelta(hours=int(i % 168)) for i in index],
            "hour_of_week": index % 168,
            "business_hours": (index % 24 >= 8) & (index % 24 < 18) & (index % 168 < 120),
            "minutes_to_closing": pl.Series(
                [(18 - i % 24) * 60.0 if 8 <= i % 24 < 18 and i % 168 < 120 else None for i in index],
                dtype=pl.Float64,
            ),
            "first_reply_quality": pl.Series(complaints.quality).replace("none", None),
            "recurrences": (complaints.recurred_s < complaints.lost_s).astype(np.int64),
            "praise_later": complaints.praise_later,
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
    """As the table ``spells``: a row from the start and from each follow-up, bystander and recurrence on."""
    n = len(frame)
    who, at_s = complaints.others
    again = np.flatnonzero(complaints.recurred_s < complaints.lost_s)
    changes = [
        _changes(np.arange(n), np.zeros(n)),
        *(_changes(*_finite(moments), hostility_last=1) for moments in complaints.follow_ups.T),
        _changes(who, at_s, against_so_far=1),
        _changes(again, complaints.recurred_s[again] - 1, recurred=True),
    ]
    columns = ["episode_id", "company", "hour_of_week", "business_hours", "load", "hostility"]
    rows = pl.concat(changes).join(frame.select(columns).with_row_index("i"), on="i").sort("i", "start_s")
    return rows.with_columns(
        hostility_last=pl.col("hostility") + pl.col("hostility_last").cum_sum().over("i"),
        replies_so_far=pl.col("hostility_last").cum_sum().over("i"),
        against_so_far=pl.col("against_so_far").cum_sum().over("i"),
        critic_deleted=pl.lit(False),
    ).sort("episode_id", "start_s")


def _changes(
    who: npt.NDArray[np.int64],
    at_s: FloatArray,
    hostility_last: int = 0,
    against_so_far: int = 0,
    recurred: bool = False,
) -> pl.DataFrame:
    frame = pl.DataFrame({"i": who.astype(np.uint32), "start_s": at_s.astype(np.int64)})
    return frame.with_columns(
        stop_s=pl.col("start_s") + 1,
        hostility_last=pl.lit(hostility_last),
        against_so_far=pl.lit(against_so_far, pl.Int64),
        recurred=pl.lit(recurred),
    )


def _finite(moments: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    rows = np.flatnonzero(np.isfinite(moments))
    return rows, moments[rows]


def _seconds(moments: FloatArray) -> pl.Series:
    finite = np.isfinite(moments)
    return pl.Series(np.where(finite, moments, 0).astype(np.int64)).set(~pl.Series(finite), None)
