"""First replies paired with threads not answered yet, and the turns of bystanders in both.

Every first reply, at age a of its thread, is matched to threads that their company has not answered by age a;
their clock starts at the same age (risk-set matching: Li, Propert & Rosenbaum 2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import codes
from complaintlab.models.strategies import DAY, HOUR

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CONTROLS = 5
"""Controls a reply, the nearest ones, with replacement; one alone is cheap in bias and dear in variance."""
SPREADS = 2
"""Spread is matched exactly as nobody, one, or two and more others against the company so far."""
WINDOW = 64
"""Controls are looked for among so many on either side, in order of hostility and time, then among more."""
_SPAN = np.int64(2**40)


@dataclass(frozen=True)
class Threads:
    """Complaints, one each, and the turns of bystanders in their threads, in order of complaint and time.

    ``when`` (turns,) is complaint · 2⁴⁰ + seconds since the complaint, ``against`` whether it is against the
    company; ``passes`` (n, SPREADS) the seconds after which so many others are; infinite where never.
    """

    episodes: pl.DataFrame
    when: IntArray
    against: FloatArray
    passes: FloatArray

    def seconds(self, name: str) -> FloatArray:
        return self.episodes[name].cast(pl.Float64).fill_null(np.inf).to_numpy()

    def between(self, who: IntArray, after: FloatArray, before: FloatArray) -> FloatArray:
        """(2, m): turns in ``who`` later than ``after`` and earlier than ``before``; of these, against."""
        opens, closes = (who * _SPAN + np.clip(at, 0, _SPAN - 1).astype(np.int64) for at in (after, before))
        first = np.searchsorted(self.when, opens, side="right")
        last = np.searchsorted(self.when, closes, side="left")
        total = np.concatenate([[0.0], np.cumsum(self.against)])
        last = np.maximum(first, last)
        return np.stack([(last - first).astype(float), total[last] - total[first]])


@dataclass(frozen=True)
class Pairs:
    """A reply in each of ``replied`` and one of its controls in ``waiting``, at ``age_s``, of ``weight``.

    The weights of a reply's pairs add up to 1; both threads of a pair are followed for ``span_s``.
    """

    replied: IntArray
    waiting: IntArray
    age_s: FloatArray
    span_s: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Seen:
    """Bystander turns (2, 2, 2, pairs) by arm (replied, waiting), time (before, after), all or against."""

    pairs: Pairs
    turns: FloatArray

    @property
    def threads(self) -> tuple[IntArray, IntArray]:
        return self.pairs.replied, self.pairs.waiting

    def totals(self, group: IntArray) -> FloatArray:
        """(2, 2, 2, groups): weighted turns of the threads of each ``group`` (n,), by arm, time and kind."""
        size = int(group.max()) + 1
        flat = [
            np.bincount(group[who], self.pairs.weight * turns, minlength=size)
            for arm, who in enumerate(self.threads)
            for turns in self.turns[arm].reshape(4, -1)
        ]
        return np.array(flat, dtype=np.float64).reshape(2, 2, 2, size)

    def counts(self) -> FloatArray:
        """(arm, kind): turns after, each once however many pairs see it."""
        longest = np.zeros((2, 2, 1 + int(max(who.max(initial=0) for who in self.threads))))
        for arm, who in enumerate(self.threads):
            for kind in range(2):
                np.maximum.at(longest[arm, kind], who, self.turns[arm, 1, kind])
        return np.asarray(longest.sum(axis=-1))


def thread_bystanders(complaints: pl.DataFrame, turns: pl.DataFrame, measures: pl.DataFrame) -> Threads:
    """Turns of bystanders after each complaint, where measured; against: more likely than not."""
    own = complaints.sort("episode_id").with_row_index("i")
    told = (
        turns.filter(pl.col("joined_into").is_null(), pl.col("role").cast(pl.String) == "bystander")
        .select("post_id", "company", "thread_id", "created_at", by="author_id")
        .join(measures.select("post_id", "company", "p_against"), on=["post_id", "company"])
        .join(own.select("i", "company", "thread_id", "started_at"), on=["company", "thread_id"])
        .with_columns(at_s=(pl.col("created_at") - pl.col("started_at")).dt.total_seconds())
        .filter(pl.col("at_s") > 0, pl.col("p_against").is_not_null())
        .with_columns(against=pl.col("p_against") >= 0.5)
        .sort("i", "at_s", "post_id")
    )
    joining = told.filter("against").unique(["i", "by"], keep="first", maintain_order=True)
    order = joining.select("i", "at_s", nth=pl.int_range(pl.len()).over("i"))
    nth = order["nth"].to_numpy() + own["spread_before"].cast(pl.Int64).to_numpy()[order["i"].to_numpy()]
    passes = np.where(
        np.arange(SPREADS) < own["spread_before"].cast(pl.Int64).to_numpy()[:, None], 0.0, np.inf
    )
    early = nth < SPREADS
    passes[order["i"].to_numpy()[early], nth[early]] = order["at_s"].to_numpy()[early]
    when = told["i"].cast(pl.Int64).to_numpy() * _SPAN + told["at_s"].to_numpy()
    return Threads(own.drop("i"), when, told["against"].cast(pl.Float64).to_numpy(), passes)


def match(threads: Threads, horizon_days: float) -> Pairs:
    """The nearest controls of each first reply within the horizon; replies without any are left out."""
    reply, end, entry = (threads.seconds(name) for name in ("first_reply_s", "end_s", "entry_s"))
    hostility = threads.episodes["hostility"].to_numpy()
    level = np.rint(hostility)
    started_h = threads.episodes["started_at"].dt.epoch("s").to_numpy() / HOUR
    author = codes(threads.episodes["author_id"])
    answered = (reply > 0) & (reply <= horizon_days * DAY) & (reply < end) & (entry <= reply)
    found: list[tuple[int, IntArray]] = []
    for value in np.unique(level):
        pool = np.flatnonzero(level == value)
        pool = pool[np.lexsort((pool, started_h[pool], hostility[pool]))]
        for rank in np.flatnonzero(answered[pool]):
            i = pool[rank]
            a, spread = reply[i], np.sum(threads.passes[i] < reply[i])
            width, free = WINDOW, pool[:0]
            while len(free) < CONTROLS and width < 2 * WINDOW + 4 * len(pool):
                by = pool[max(rank - width, 0) : rank + width]
                waits = (reply[by] > a) & (end[by] > a) & (entry[by] <= a) & (author[by] != author[i])
                free = by[waits & (np.sum(threads.passes[by] < a, axis=1) == spread)]
                width *= 4
            gap = np.abs(hostility[free] - hostility[i]).round(3)
            near = np.lexsort((free, np.abs(started_h[free] - started_h[i]), gap))[:CONTROLS]
            found.append((int(i), free[near]))
    kept = sorted(((i, near) for i, near in found if len(near)), key=lambda pair: pair[0])
    sizes = np.array([len(near) for _, near in kept], dtype=np.int64)
    replied = np.repeat(np.array([i for i, _ in kept], dtype=np.int64), sizes)
    waiting = np.concatenate([near for _, near in kept]) if kept else np.empty(0, dtype=np.int64)
    age = reply[replied]
    span = np.minimum(np.minimum(end[replied], end[waiting]), reply[waiting]) - age
    return Pairs(replied, waiting, age, span, np.repeat(1 / np.maximum(sizes, 1), sizes))


def follow(threads: Threads, pairs: Pairs, days: float) -> Seen:
    """Turns of both threads of each pair before its age, and after it for ``days``, or while both last."""
    until = pairs.age_s + np.minimum(pairs.span_s, days * DAY + 1)
    zero = np.zeros(len(until))
    arms = [
        np.stack([threads.between(who, zero, pairs.age_s), threads.between(who, pairs.age_s, until)])
        for who in (pairs.replied, pairs.waiting)
    ]
    return Seen(pairs, np.stack(arms))
