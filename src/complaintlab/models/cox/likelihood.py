"""The partial likelihood: log, score and information, with Efron's or Breslow's ties.

Every event is one step with a hazard λ = w̄ / S0, where S0 is the weighted sum of risks, lowered by the share
l/m of the tied events for Efron (1977), and w̄ the mean weight of the m tied events (Therneau and Grambsch
2000, 3.3). The second moments are one product X′ diag(w r H) X, because each row's x x′ enters at its own
cumulative hazard H; only S0 and S1 need running sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from complaintlab.errors import ModelError
from complaintlab.models.cox.risk_sets import RiskSets
from complaintlab.models.cox.rows import FloatArray

SMALLEST = 1e-280  # risks beyond this and its inverse overflow in products
BLOCK = 4096  # rows summed at once: too few for BLAS to split among threads, which would change the sums


@dataclass(frozen=True)
class Problem:
    """What is fitted: risk sets, covariates in columns (n × p), weights, offset, the treatment of ties."""

    sets: RiskSets
    X: FloatArray
    weights: FloatArray
    offset: FloatArray
    efron: bool

    @cached_property
    def event_weights(self) -> FloatArray:
        """The weight of each event."""
        return self.weights[self.sets.event_rows]

    @cached_property
    def step_weights(self) -> FloatArray:
        """Mean weight of the events tied with each event."""
        mean = self.sets.at_events(self.event_weights) / self.sets.n_tied
        return mean[self.sets.event_positions]

    @cached_property
    def fractions(self) -> FloatArray:
        """Share of the tied events that has left the risk set at each event."""
        return self.sets.tie_fraction if self.efron else np.zeros(len(self.sets.event_rows))

    def linear_predictor(self, beta: FloatArray) -> FloatArray:
        eta = self.offset.copy()
        for column, coefficient in zip(self.X.T, beta, strict=True):
            eta += coefficient * column
        return eta


@dataclass(frozen=True)
class Moments:
    """The risk sets at one coefficient: what log-likelihood, score, information and residuals are made of.

    ``risk``: exp(linear predictor) per row; ``s0``: one per event; ``means``: covariates averaged over the
    risk set of each event (p × events).
    """

    problem: Problem
    eta: FloatArray
    risk: FloatArray
    s0: FloatArray
    means: FloatArray

    @property
    def hazard_steps(self) -> FloatArray:
        """λ of each event."""
        return self.problem.step_weights / self.s0

    @cached_property
    def hazard(self) -> FloatArray:
        """Baseline hazard at each position of the axis (covariates as in ``problem.X`` at 0)."""
        return self.problem.sets.at_events(self.hazard_steps)

    def row_hazard(self, factor: FloatArray | None = None) -> FloatArray:
        """Cumulative baseline hazard that each row lived through, each step times ``factor`` (one per event).

        An event row is spared the share of its own tied set that has left before.
        """
        problem, sets = self.problem, self.problem.sets
        steps = self.hazard_steps if factor is None else self.hazard_steps * factor
        lived = sets.over_time(sets.at_events(steps))
        if problem.efron:
            spared = sets.at_events(steps * problem.fractions)
            lived[sets.event_rows] -= spared[sets.event_positions]
        return lived

    @cached_property
    def loglik(self) -> float:
        problem = self.problem
        at_events = np.sum(problem.event_weights * self.eta[problem.sets.event_rows])
        return float(at_events - np.sum(problem.step_weights * np.log(self.s0)))

    @cached_property
    def martingale(self) -> FloatArray:
        """Events minus expected events, per row."""
        residual = -self.risk * self.row_hazard()
        residual[self.problem.sets.event_rows] += 1.0
        return residual

    @cached_property
    def score(self) -> FloatArray:
        weighted = self.problem.weights * self.martingale
        return np.array([np.sum(column * weighted) for column in self.problem.X.T])

    def information(self, factor: FloatArray | None = None) -> FloatArray:
        """Minus the second derivative, each event's share times ``factor``."""
        weights = self.problem.step_weights if factor is None else self.problem.step_weights * factor
        within = self.problem.weights * self.risk * self.row_hazard(factor)
        return weighted_gram(self.problem.X, within) - weighted_gram(self.means.T, weights)


def moments(problem: Problem, beta: FloatArray) -> Moments:
    """The risk sets at ``beta``; raises :class:`ModelError` if signed weights make one negative."""
    sets, positions = problem.sets, problem.sets.event_positions
    eta = problem.linear_predictor(beta)
    risk = np.exp(eta)
    weighted = problem.weights * risk
    s0 = _step_sum(problem, weighted)
    usable = (s0 > SMALLEST) & (s0 < 1 / SMALLEST)
    if not usable.all():
        worst = sets.times[positions[int(np.argmin(usable))]]
        raise ModelError(
            f"the weighted risk set at time {worst:g} is not positive or not finite: "
            "the weights or the offset are too extreme for these data."
        )
    means = np.empty((problem.X.shape[1], len(s0)))
    for mean, column in zip(means, problem.X.T, strict=True):
        mean[:] = _step_sum(problem, weighted * column) / s0
    return Moments(problem, eta, risk, s0, means)


def _step_sum(problem: Problem, values: FloatArray) -> FloatArray:
    """Sum of ``values`` over the risk set of each event, less the share of tied events that has left."""
    sets, positions = problem.sets, problem.sets.event_positions
    total = sets.at_risk(values)[positions]
    if problem.efron:
        tied = sets.at_events(values[sets.event_rows])
        total -= problem.fractions * tied[positions]
    return total


def weighted_gram(X: FloatArray, weights: FloatArray) -> FloatArray:
    """X′ diag(weights) X, summed over blocks of rows in a fixed order."""
    total = np.zeros((X.shape[1], X.shape[1]))
    for begin in range(0, len(X), BLOCK):
        block = X[begin : begin + BLOCK]
        total += block.T @ (block * weights[begin : begin + BLOCK, None])
    return (total + total.T) / 2
