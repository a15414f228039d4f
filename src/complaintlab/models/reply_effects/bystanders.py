"""What a reply does to those who watch: difference in differences against threads not answered yet (S7).

Before and after the reply's age one looks at the bystanders' turns and the share of them against the company,
in threads replied to and in those that wait (Card & Krueger 1994).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from complaintlab.models.causal.inference import (
    Effect,
    codes,
    effect,
    effective_size,
    multiplicities,
    resampling_unit,
)
from complaintlab.models.reply_effects.bystander_pairs import (
    Pairs,
    Seen,
    Threads,
    follow,
    match,
    thread_bystanders,
)
from complaintlab.models.reply_effects.rows import MINIMUM_ARM, MINIMUM_EVENTS, Row, numbers, row
from complaintlab.params import Inference

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CLAIM, CONTRAST, OUTCOME = "S7", "replied_vs_not_yet", "bystanders_negative_share"
MODEL = "matched-did"
ARMS = ("replied", "not yet replied")
ENOUGH_RESAMPLES = 0.9


def bystander_rows(
    complaints: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    horizon_days: float,
    inference: Inference,
) -> list[Row]:
    """S7: the share against, after less before, of threads replied to less the same of those not yet.

    Matched on age (the same), others against so far (0, 1, 2 and more: the same) and the opener's hostility
    (its rounded level the same, then nearest, then nearest in time). Turns count, as in repeated
    cross-sections: a thread without bystanders on one side adds nothing there. Both threads of a pair are
    followed from the reply's age until the horizon, either's end, or the control's own reply. Assumes that
    without the reply both shares would have changed alike. The interval is of resampled authors, or
    companies, with the matches held fixed (Otsu & Rai 2017).

    Rows: ``primary`` at the horizon, ``secondary`` at 1 and 3 days, ``reference`` (scale ``risk``: the share
    after, had the replied changed as the others), ``naive`` (the replied alone, after less before; no
    error), ``companies``. What cannot be estimated has the reason.
    """
    threads = thread_bystanders(complaints, turns, measures)
    pairs = match(threads, horizon_days)
    key: Row = {
        "claim": CLAIM, "contrast": CONTRAST, "outcome": OUTCOME, "variant": "primary",
        "time_days": float(horizon_days), "scale": "rd", "model": MODEL, "seed": inference.seed,
    }  # fmt: skip
    rows = [_answer(threads, follow(threads, pairs, horizon_days), key, inference)]
    for days in (1.0, 3.0):
        if days < horizon_days:
            other = key | {"variant": "secondary", "time_days": days}
            rows.append(_answer(threads, follow(threads, pairs, days), other, inference))
    if rows[0]["reason"] is None:
        rows += _beside(follow(threads, pairs, horizon_days), key, rows[0])
    return [*rows, _companies(threads, pairs, key)]


def difference(totals: FloatArray) -> float:
    """Change of the share against in the replied, less that in the waiting; ``totals`` (2, 2, 2)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = totals[..., 1] / totals[..., 0]
    return float((share[0, 1] - share[0, 0]) - (share[1, 1] - share[1, 0]))


def _answer(threads: Threads, seen: Seen, key: Row, inference: Inference) -> Row:
    n = [len(np.unique(who)) for who in seen.threads]
    (turns_first, events_first), (turns_second, events_second) = seen.counts().astype(int).tolist()
    counted: Row = {
        "n": sum(n), "n_exposed": n[0],
        "events": events_first + events_second, "events_exposed": events_first,
    }  # fmt: skip
    before = seen.turns[:, 0, 0].sum(axis=-1)
    if reason := _too_few(n, (turns_first, turns_second), (events_first, events_second), before):
        return row(key, **counted, reason=reason)
    after = seen.totals(np.arange(threads.episodes.height))[:, 1, 0]
    counted["ess"] = min(effective_size(weight) for weight in after)
    cluster, df = _clusters(threads, seen)
    found = _effect(seen.totals(cluster), df, inference)
    if found is None:
        return row(key, **counted, reason="In too many resamples nobody is seen in an arm.")
    clusters = len(np.unique(np.concatenate([cluster[who] for who in seen.threads])))
    more = {"clusters": clusters, "converged": True, "resamples": inference.resamples}
    return row(key, **counted, **numbers(found), **more)


def _too_few(n: list[int], turns: tuple[int, int], events: tuple[int, int], before: FloatArray) -> str | None:
    """Why nothing can be estimated; null where there is enough."""
    for arm, name in enumerate(ARMS):
        if n[arm] < MINIMUM_ARM:
            return f"Only {n[arm]} threads in the arm '{name}' have a match: too few to compare."
        if before[arm] == 0:
            return f"No bystander spoke before the reply's age in the arm '{name}'."
        if turns[arm] < MINIMUM_ARM:
            return f"Only {turns[arm]} turns of bystanders after it in the arm '{name}': too few to compare."
        if events[arm] < MINIMUM_EVENTS:
            return f"Only {events[arm]} turns of bystanders against the company in the arm '{name}': too few."
    return None


def _clusters(threads: Threads, seen: Seen) -> tuple[IntArray, float | None]:
    """Cluster of every complaint (n,), chosen by those that are used; degrees of freedom."""
    author, company = (codes(threads.episodes[name]) for name in ("author_id", "company"))
    used = np.unique(np.concatenate(seen.threads))
    df = resampling_unit(author[used], company[used])[1]
    return (author if df is None else company), df


def _effect(totals: FloatArray, df: float | None, inference: Inference) -> Effect | None:
    """``totals`` (2, 2, 2, clusters) drawn again with whole clusters; None where too often undefined."""
    occurring = totals[..., totals.sum(axis=(0, 1, 2)) > 0]
    everyone = np.arange(occurring.shape[-1])
    drawn = np.array(
        [
            difference(occurring @ mass)
            for mass in multiplicities(everyone, inference.resamples, inference.seed)
        ]
    )
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < max(2, ENOUGH_RESAMPLES * inference.resamples):
        return None
    return effect(difference(occurring.sum(axis=-1)), float(np.std(drawn, ddof=1)), df)


def _beside(seen: Seen, key: Row, primary: Row) -> Iterator[Row]:
    """The share had the replied changed as the others; and the replied alone, after less before."""
    share = seen.turns @ seen.pairs.weight
    replied = share[0, :, 1] / share[0, :, 0]
    counted = {name: primary[name] for name in ("n", "n_exposed", "events", "events_exposed", "clusters")}
    estimate = float(str(primary["estimate"]))
    reference = key | {"variant": "reference", "scale": "risk"}
    yield row(reference, **counted, estimate=float(replied[1]) - estimate, converged=True)
    naive = key | {"variant": "naive"}
    yield row(naive, **counted, estimate=float(replied[1] - replied[0]), converged=True)


def _companies(threads: Threads, pairs: Pairs, key: Row) -> Row:
    """How many of the companies with a thread in either arm (``n``) have both (``n_exposed``)."""
    company = codes(threads.episodes["company"])
    first, second = (np.unique(company[who]) for who in (pairs.replied, pairs.waiting))
    both, either = len(np.intersect1d(first, second)), len(np.union1d(first, second))
    share = both / either if either else None
    why = None if either else "no thread is in either arm"
    counted = key | {"variant": "companies", "scale": "share"}
    return row(counted, estimate=share, n=either, n_exposed=both, converged=bool(either), reason=why)
