"""Weights of clones: what it takes for the compliant to stand for all complaints.

Before the window opens a clone is weighted by the inverse probability of no reply so far. Inside it the
strategy replies with hazard q = h / P, where h is the natural hazard and P the chance, foreseen from the
history, of a reply before the window closes. Whoever is answered gets the factor q / h = 1 / P; whoever
still waits gets (1 − q) / (1 − h) = P' / P (see ``segments``). With a history that does not change the
factors telescope to 1 / P at the opening: the inverse probability of being answered in the window at all.
A strategy that asks for a quality has the inverse probability of that quality, given a reply then, beside it:
the treatment none, proper, bad or other has a multinomial model in each interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from complaintlab.models.causal.logistic import FloatArray
from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.course import Course
from complaintlab.models.trials.processes import Nature


@dataclass(frozen=True)
class Weights:
    """Weights of one strategy's clones, those of loss not among them.

    ``waiting`` (n, w) holds while a clone waits, from the start of each of the first w intervals;
    ``settled`` (n,) once it has been answered, or has gone unanswered for as long as the strategy says;
    ``unanswered`` (n, w) at the end of those intervals, for clones of a strategy without replies.
    """

    waiting: FloatArray
    settled: FloatArray
    unanswered: FloatArray | None = None


def span(course: Course, strategy: Strategy) -> tuple[int, int]:
    """The intervals before the window opens, by number, and the last one of the window.

    The last is K where there is no reply: nobody departs by being answered too late.
    """
    K = len(course.ends_s)
    opens = int(np.searchsorted(course.ends_s, strategy.after_s, side="right"))
    return opens, K if strategy.never else int(np.searchsorted(course.ends_s, strategy.by_s, side="left"))


def weigh(course: Course, strategy: Strategy, nature: Nature) -> Weights:
    """Inverse probabilities of complying with the strategy's timing; not stabilised.

    A numerator that depends on time and arm alone cancels in hazards within arm and interval.
    """
    opens, closes = span(course, strategy)
    so_far = nature.waiting.so_far
    before, end = so_far.middle[:, :opens], so_far.end[:, :opens]
    none_yet = end[:, -1] if opens else np.ones(course.n)
    if strategy.never:
        return Weights(before, none_yet, end)
    within, constant = nature.waiting.window(opens, closes)
    rows = np.flatnonzero((course.reply_at >= opens) & (course.reply_at <= closes))
    settled = np.zeros(course.n)
    settled[rows] = none_yet[rows] * constant[nature.waiting.segments.at[rows, course.reply_at[rows]]]
    return Weights(np.hstack([before, within * none_yet[:, None]]), settled)


def of_quality(weights: Weights, strategy: Strategy, nature: Nature) -> Weights:
    """The weights of a strategy that asks for a quality, from those of its timing."""
    if strategy.quality is None:
        return weights
    return replace(weights, settled=weights.settled / nature.qualities[strategy.quality])
