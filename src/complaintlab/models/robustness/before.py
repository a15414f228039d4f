"""What critics showed just before they were answered, against critics of the same age who were not.

A reply can do nothing before it comes. Nested in the course of the complaints, each first reply is a small
trial: the answered critic against all who are not answered at that age, standardised to the answered by the
hazard of a reply that their history gave them (risk-set matching: Li, Propert & Rosenbaum 2001). The history
ends where the look-back begins, so that what is looked at is not adjusted for.

Two checks are made of it. *Negative control* (Lipsitch, Tchetgen Tchetgen & Cohen 2010): whether the critic
spoke negatively in the minutes before the reply, too few for anybody to have read that and written an answer.
*Placebo*: the reply is moved to half an hour or an hour earlier, and events are counted until the real one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.special import expit

from complaintlab.models.causal.inference import Effect, codes
from complaintlab.models.causal.logistic import Features, fit_hazard
from complaintlab.models.causal.pooling import clustered_effect
from complaintlab.models.design import confounder_matrix
from complaintlab.models.strategies import DAY, PATIENCE_S, grid
from complaintlab.models.trials import SHOWN
from complaintlab.models.trials.course import FOLLOWED, Course, course
from complaintlab.models.trials.features import features

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CHUNK = 512
"""Replies whose risk sets are laid out at a time."""
MINIMUM = 5
"""Least number of answered critics with a moment in the look-back for an error to mean something."""


@dataclass(frozen=True)
class Moments:
    """What is looked for: the complaint ``who`` and ``at_s`` seconds after it, in any order."""

    who: IntArray
    at_s: FloatArray

    @classmethod
    def of(cls, episodes: pl.DataFrame, at: pl.DataFrame) -> Moments:
        """From rows of episode_id and at_s."""
        order = episodes.select("episode_id").with_row_index("who")
        rows = at.join(order, on="episode_id")
        return cls(rows["who"].cast(pl.Int64).to_numpy(), rows["at_s"].cast(pl.Float64).to_numpy())


@dataclass(frozen=True)
class Before:
    """Share of answered critics with a moment before the reply, less that of the not yet answered."""

    effect: Effect
    share: float
    n: int
    events: int
    clusters: int


@dataclass(frozen=True)
class Risk:
    """Complaints waiting for a reply, with the hazard (n, W) that history gave them ``lag_s`` before."""

    lived: Course
    hazard: FloatArray
    author: IntArray
    company: IntArray


def waiting(episodes: pl.DataFrame, spells: pl.DataFrame, lag_s: float) -> Risk:
    """Fit the hazard of the first reply as the stage ``trials`` does, on history that is ``lag_s`` old."""
    lived = course(episodes, None, grid(PATIENCE_S / DAY))
    baseline, _ = confounder_matrix(episodes, companies=True)
    now = features(episodes, spells, baseline, lived, SHOWN)
    ends_s = np.maximum(lived.ends_s - round(lag_s), np.arange(1, len(lived.ends_s) + 1))
    earlier = replace(lived, ends_s=ends_s)
    old = features(episodes, spells, baseline, earlier, SHOWN)
    varying = np.concatenate([old.varying[: old.history], now.varying[now.history :]])
    W = lived.patience
    lagged = Features(baseline, now.time[:W], varying[:, :, :W], now.offset[:W], old.history)
    found = fit_hazard(lagged, *lived.awaiting_reply())
    hazard = expit(lagged.predictor(found.coefficients))
    author, company = (codes(episodes[name]) for name in ("author_id", "company"))
    return Risk(lived, hazard, author, company)


def before_replies(risk: Risk, moments: Moments, span_s: FloatArray, *, first: bool) -> Before | str:
    """Answered less not yet answered: the share with a moment in the ``span_s`` (n,) before the reply.

    A reply sooner than its span after the complaint is left out. With ``first`` only the first moment of each
    complaint counts, and only complaints without one before the look-back are compared. The error is that of
    :func:`~complaintlab.models.causal.pooling.clustered_effect`, on each complaint's part in the score; that
    the hazard was fitted makes it, if anything, too large.
    """
    lived = risk.lived
    replies = np.flatnonzero(
        lived.replied & (lived.reply_at < lived.patience) & (lived.reply_s > span_s)
        & (lived.entry_s <= lived.reply_s)
    )  # fmt: skip
    events = np.full(lived.n, np.inf)
    if first:
        np.minimum.at(events, moments.who, moments.at_s)
        replies = replies[events[replies] > lived.reply_s[replies] - span_s[replies]]
    if len(replies) == 0:
        return "No reply came late enough to look back from."
    at_s, span = lived.reply_s[replies], span_s[replies]
    shown = _shown(moments, lived.n, replies, at_s, span)
    score, own, n_shown = np.zeros(lived.n), 0.0, 0
    expected = np.empty(len(replies))
    for start in range(0, len(replies), CHUNK):
        rows = slice(start, start + CHUNK)
        weight = _weights(risk, events, replies[rows], at_s[rows], span[rows])
        total = weight.sum(axis=1)
        seen = shown[rows].toarray()
        expected[rows] = (weight * seen).sum(axis=1) / total
        score -= ((weight / total[:, None]) * (seen - expected[rows][:, None])).sum(axis=0)
        mine = seen[np.arange(seen.shape[0]), replies[rows]]
        score[replies[rows]] += mine - expected[rows]
        own, n_shown = own + float(mine.sum()), n_shown + int(mine.sum())
    if n_shown < MINIMUM:
        return f"Only {n_shown} answered critics showed it in the look-back: too few."
    contributions = score * lived.n / len(replies)
    answered = np.zeros(lived.n, dtype=bool)
    answered[replies] = True
    effect, clusters, _ = clustered_effect(contributions, risk.author, risk.company, answered)
    return Before(effect, own / len(replies), len(replies), n_shown, clusters)


def _weights(
    risk: Risk, events: FloatArray, replies: IntArray, at_s: FloatArray, span_s: FloatArray
) -> FloatArray:
    """(m, n): the hazard of everybody who might have been answered at each of these moments, else 0."""
    lived = risk.lived
    until = np.minimum(lived.reply_s, np.where(lived.cause == FOLLOWED, np.inf, lived.stop_s))
    there = (until[None, :] >= at_s[:, None]) & (lived.entry_s[None, :] <= at_s[:, None])
    there &= events[None, :] > (at_s - span_s)[:, None]
    return np.asarray(risk.hazard[:, lived.reply_at[replies]].T * there)


def _shown(
    moments: Moments, n: int, replies: IntArray, at_s: FloatArray, span_s: FloatArray
) -> sparse.csr_array:
    """(m, n): 1 where a complaint has a moment in (reply − span, reply); rows in the order of ``replies``."""
    order = np.argsort(at_s, kind="stable")
    low = np.searchsorted(at_s[order], moments.at_s, side="right")
    high = np.searchsorted(at_s[order], moments.at_s + span_s.max(initial=0.0), side="left")
    counts = np.maximum(high - low, 0)
    moment = np.repeat(np.arange(len(moments.who)), counts)
    place = order[
        np.repeat(low, counts) + np.arange(len(moment)) - np.repeat(np.cumsum(counts) - counts, counts)
    ]
    inside = moments.at_s[moment] > at_s[place] - span_s[place]
    ones = np.ones(int(inside.sum()))
    found = sparse.csr_array((ones, (place[inside], moments.who[moment[inside]])), shape=(len(replies), n))
    found.data[:] = np.minimum(found.data, 1.0)
    return found
