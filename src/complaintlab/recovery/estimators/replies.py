"""What an apology does: augmented weighting as in the stage ``reply_effects``, and naive comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from complaintlab.models.causal.aipw import ReplyEffect, propensity_of, reply_effect
from complaintlab.models.causal.inference import effect
from complaintlab.models.causal.pooling import cluster_variance
from complaintlab.models.exposures import EXPOSURES
from complaintlab.models.label_error.augmented import SignedRows, signed_reply_effect
from complaintlab.models.reply_effects.followup import at_risk, seen_by
from complaintlab.models.reply_effects.population import answered
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.estimators.shares import shares
from complaintlab.recovery.worlds.readings import Readings
from complaintlab.recovery.worlds.replies import BoolArray, FloatArray, Replies, tables
from complaintlab.recovery.worlds.silence import Heard
from complaintlab.recovery.worlds.spread import Joined

FOLDS, FLOOR = 5, 0.01
Models = Literal["both", "propensity", "outcome"]
"""Which of the two models is given the right confounders."""


def augmented(made: Replies, *, right: Models = "both", bursts: bool = False) -> Iterator[Finding]:
    """Augmented weighting; the model that is not ``right`` sees a meaningless wave of hostility."""
    yield Finding.of("N1", _fit(made, made.turned, np.ones(len(made.turned)), right, bursts).effect)


def by_companies_as_one(made: Replies) -> Iterator[Finding]:
    """Naive for few companies: the same estimate, its error clustered by author alone."""
    found = _fit(made, made.turned, np.ones(len(made.turned)))
    own = found.pair[0] - found.pair[1]
    yield Finding.of("N1", effect(float(own.mean()), cluster_variance(own, made.author[found.kept]) ** 0.5))


def raw(made: Replies) -> Iterator[Finding]:
    """Naive: shares with and without an apology, as one reads them off the table."""
    yield shares("N1", made.turned, made.apology, made.author)


def silent_as_no(made: Heard) -> Iterator[Finding]:
    """Whoever stays silent has not shown a turn."""
    yield from augmented(made.replies)


def speakers_only(made: Heard) -> Iterator[Finding]:
    """Naive: those who were not heard again are left out, all confounders adjusted for."""
    yield Finding.of("N1", _fit(made.replies, made.replies.turned, made.heard.astype(float)).effect)


def loss_weighted(made: Replies, *, weighted: bool = True) -> Iterator[Finding]:
    """The stage's way from tables to augmented weighting with weights of loss; naive unless ``weighted``."""
    population = answered(*tables(made), horizon_days=7, act_threshold=0.5)
    case = at_risk(population, EXPOSURES["N1"], "turned", 7)
    event, seen = seen_by(case, 7)
    weights = seen if weighted else (seen > 0).astype(float)
    chance = propensity_of(case.exposed, case.X, made.author, FOLDS, 1)
    found = reply_effect(case.exposed, event, weights, case.X, made.author, made.company, chance, floor=FLOOR)
    yield Finding.of("N1", found.effect)


def as_read(made: Readings) -> Iterator[Finding]:
    """Naive: what was read is taken for what happened."""
    yield Finding.of("N1", _fit(made.replies, made.read, np.ones(len(made.read))).effect)


def gold_alone(made: Readings) -> Iterator[Finding]:
    """Only the coded sample, each of it for 1/π."""
    yield Finding.of("N1", _fit(made.replies, made.replies.turned, made.gold / made.pi).effect)


def corrected(made: Readings) -> Iterator[Finding]:
    """The stage's correction: all as read, the coded sample as coded too, in signed rows."""
    of, gold, n = made.replies, made.gold, len(made.read)
    stacked = np.concatenate([np.arange(n), np.flatnonzero(gold)])
    drawn = gold / made.pi
    rows = SignedRows(
        of.apology[stacked],
        np.concatenate([made.read, of.turned[gold]]).astype(float),
        np.ones(len(stacked)),
        _confounders(of)[stacked],
        of.author[stacked],
        of.company[stacked],
        np.concatenate([1 - drawn, drawn[gold]]),
        stacked,
    )
    found = signed_reply_effect(rows, floor=FLOOR, folds=FOLDS, seed=1)
    yield Finding.of("N1", found.effect)


def ratio(made: Joined) -> Iterator[Finding]:
    """Logarithm of the ratio of mean counts, by augmented weighting."""
    of = made.replies
    chance = propensity_of(of.apology, _confounders(of), of.author, FOLDS, 1)
    found = reply_effect(
        of.apology, made.others, np.ones(len(of.apology)), _confounders(of), of.author, of.company, chance,
        floor=FLOOR, count=True,
    )  # fmt: skip
    yield Finding.of("N7", found.effect)


def raw_ratio(made: Joined) -> Iterator[Finding]:
    """Naive: the ratio of the arms' means."""
    of = made.replies
    first, second = made.others[of.apology].mean(), made.others[~of.apology].mean()
    own = np.where(
        of.apology,
        (made.others - first) / (first * of.apology.sum()),
        -(made.others - second) / (second * (~of.apology).sum()),
    )
    se = float(np.sqrt(np.sum(np.bincount(of.author, own) ** 2)))
    yield Finding.of("N7", effect(float(np.log(first / second)), se))


def _fit(
    made: Replies, outcome: BoolArray, seen: FloatArray, right: Models = "both", bursts: bool = False
) -> ReplyEffect:
    good, bad = _confounders(made, bursts), standard(np.cos(3 * made.hostility))
    chance = propensity_of(made.apology, bad if right == "outcome" else good, made.author, FOLDS, 1)
    X = bad if right == "propensity" else good
    return reply_effect(made.apology, outcome, seen, X, made.author, made.company, chance, floor=FLOOR)


def _confounders(made: Replies, bursts: bool = False) -> FloatArray:
    return standard(made.hostility, made.fix, *([made.burst] if bursts else []))


def standard(*columns: FloatArray | BoolArray) -> FloatArray:
    """Columns with mean 0 and standard deviation 1."""
    X = np.column_stack(columns).astype(float)
    return np.asarray((X - X.mean(axis=0)) / X.std(axis=0))
