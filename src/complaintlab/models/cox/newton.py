"""Newton–Raphson on standardised covariates, with errors that name the covariate at fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from complaintlab.errors import ModelError
from complaintlab.models.cox.likelihood import Moments, Problem, moments
from complaintlab.models.cox.rows import FloatArray

MAX_ITERATIONS = 40
STEP_TOLERANCE = 1e-7  # in standard deviations of the covariate; the error left is the square of it
NO_VARIATION = 1e-10
COLLINEAR = 1e-11


@dataclass(frozen=True)
class Scale:
    """Centre and standard deviation of each covariate."""

    centre: FloatArray
    spread: FloatArray


@dataclass(frozen=True)
class Solution:
    """Where Newton–Raphson ended; ``beta`` and ``information`` are on the standardised covariates."""

    beta: FloatArray
    at_null: Moments
    at_beta: Moments
    information: FloatArray
    score_test: float
    iterations: int


def standardise(X: FloatArray, names: Sequence[str]) -> Scale:
    """Centre and scale ``X`` in place; raises :class:`ModelError` for a constant covariate."""
    centre, spread = np.empty(X.shape[1]), np.empty(X.shape[1])
    for j, name in enumerate(names):
        column = X[:, j]
        centre[j] = np.mean(column)
        column -= centre[j]
        spread[j] = np.sqrt(np.mean(column**2))
        if spread[j] <= 1e-13 * abs(centre[j]) or spread[j] == 0:
            raise ModelError(f"covariate '{name}' does not vary among the rows at risk: leave it out.")
        column /= spread[j]
    return Scale(centre, spread)


def maximise(problem: Problem, names: Sequence[str], initial: FloatArray | None = None) -> Solution:
    """Maximise the partial likelihood from ``initial`` (zeros).

    Raises :class:`ModelError` naming the covariates if they are collinear or if the likelihood is monotone,
    that is, if a coefficient runs to infinity.
    """
    null = moments(problem, np.zeros(len(names)))
    null_information = null.information()
    _check_identified(null_information, float(np.sum(problem.event_weights)), names)
    score_test = float(null.score @ np.linalg.solve(null_information, null.score))
    beta = np.zeros(len(names)) if initial is None else initial
    here = null if initial is None else moments(problem, beta)
    information = null_information if initial is None else here.information()
    for iteration in range(1, MAX_ITERATIONS + 1):
        step = _newton_step(information, beta, here, names)
        beta, here, step = _climb(problem, beta, here, step, names)
        information = here.information()
        if np.max(np.abs(step)) <= STEP_TOLERANCE:
            return Solution(beta, null, here, information, score_test, iteration)
    raise _runaway(step, names)


def _newton_step(
    information: FloatArray, beta: FloatArray, here: Moments, names: Sequence[str]
) -> FloatArray:
    scale = np.sqrt(np.maximum(np.diag(information), 0.0))
    total = float(np.sum(here.problem.event_weights))
    if np.min(scale) ** 2 <= NO_VARIATION * total:
        raise _runaway((scale**2 <= NO_VARIATION * total).astype(float), names)
    try:
        return np.linalg.solve(information / np.outer(scale, scale), here.score / scale) / scale
    except np.linalg.LinAlgError:
        raise _runaway(beta, names) from None


def _climb(
    problem: Problem, beta: FloatArray, here: Moments, step: FloatArray, names: Sequence[str]
) -> tuple[FloatArray, Moments, FloatArray]:
    """Take the step, halved until the log-likelihood does not fall.

    It always rises along a short enough step unless the coefficients are so large that rounding hides it.
    """
    slack = 1e-10 * (1 + abs(here.loglik))
    for _ in range(30):
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                there = moments(problem, beta + step)
        except ModelError:
            there = None
        if there is not None and np.isfinite(there.loglik) and there.loglik >= here.loglik - slack:
            return beta + step, there, step
        step = step / 2
    raise _runaway(beta + step, names)


def _runaway(step: FloatArray, names: Sequence[str]) -> ModelError:
    moving = np.abs(step) > 0.1 * np.max(np.abs(step))
    listed = ", ".join(f"'{name}'" for name, moves in zip(names, moving, strict=True) if moves)
    return ModelError(
        f"the coefficient of {listed} runs to infinity (monotone likelihood): it separates events from "
        "non-events, so leave it out or merge its levels."
    )


def _check_identified(information: FloatArray, total: float, names: Sequence[str]) -> None:
    """Raise for covariates without variation inside risk sets, or linearly dependent inside them."""
    variation = np.diag(information) / total
    for name, value in zip(names, variation, strict=True):
        if value <= NO_VARIATION:
            raise ModelError(f"covariate '{name}' does not vary within any risk set: leave it out.")
    scale = np.sqrt(np.diag(information))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    dependent = np.abs(vectors[:, values <= COLLINEAR]).max(axis=1, initial=0.0) > 1e-3
    if dependent.any():
        listed = ", ".join(f"'{name}'" for name, is_in in zip(names, dependent, strict=True) if is_in)
        raise ModelError(f"covariates {listed} are collinear: leave one of them out.")
