"""What happens to complaints by nature: when they are answered, how, and when they are lost from sight.

One model of each serves every strategy and outcome of a stage, so that a resample refits it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.models.causal.logistic import Features, FloatArray, PooledLogistic, fit_hazard, softplus
from complaintlab.models.trials.course import Course
from complaintlab.models.trials.quality import Qualities, fit_qualities
from complaintlab.models.trials.segments import Segments, Waiting, segments


@dataclass(frozen=True)
class Staying:
    """−log of the chance not to be lost until the end and middle of each interval, (n, K)."""

    end: FloatArray
    middle: FloatArray

    @classmethod
    def summed(cls, stay: FloatArray) -> Staying:
        end = np.cumsum(stay, axis=1)
        return cls(end, end - stay / 2)


@dataclass(frozen=True)
class Nature:
    """The processes as fitted to all data or to a resample; ``loss`` is None where nobody was lost.

    ``qualities`` gives the chance (n,) of each quality of a reply that comes when it came; empty where no
    strategy asks for one.
    """

    waiting: Waiting
    loss: Staying | None
    qualities: dict[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Processes:
    """Fitted models of the ``course``'s first replies, their qualities, and losses."""

    course: Course
    segments: Segments
    reply: PooledLogistic
    loss: PooledLogistic | None
    qualities: Qualities | None

    @property
    def converged(self) -> bool:
        fits = [self.reply, self.loss, *(self.qualities.models if self.qualities else ())]
        return all(fit.converged for fit in fits if fit is not None)

    def at(self, multiplicity: FloatArray | None = None) -> Nature:
        """Nature as fitted to all data, or refitted to a resample."""
        beta = _coefficients(self.reply, multiplicity)
        history = self.reply.features.history_part(beta)
        calendar = self.reply.features.predictor(beta) - history
        loss = None
        if self.loss is not None:
            stay = softplus(self.loss.features.predictor(_coefficients(self.loss, multiplicity)))
            loss = Staying.summed(stay)
        return Nature(
            waiting=Waiting.foreseen(self.segments, calendar, history),
            loss=loss,
            qualities=self.qualities.chances(multiplicity) if self.qualities else {},
        )


def fit_processes(
    course: Course,
    reply: Features,
    loss: Features,
    quality: pl.Series | None = None,
    fitted: FloatArray | None = None,
    mass: FloatArray | None = None,
    start: Processes | None = None,
) -> Processes:
    """Fit the hazards of reply and loss, and the qualities of replies where ``quality`` (n,) is given.

    ``course`` is without an outcome: a complaint is at risk of reply and of loss whatever has been shown, and
    what has been shown is history in the features. ``reply`` has the first ``course.patience`` intervals,
    ``loss`` all of them. Only the rows ``fitted`` (n,) are fitted to, all by default. ``mass`` (n,) is what a
    complaint counts in the models of quality; it may be negative where one stands there twice, as measured
    and as coded (``label_error.signed``). ``start`` are fits to nearly the
    same complaints, at whose coefficients these begin.
    """
    with threadpool_limits(1):
        return _fit(
            course, reply, loss, quality, np.ones(course.n) if fitted is None else fitted, mass, start
        )


def _fit(
    course: Course,
    reply: Features,
    loss: Features,
    quality: pl.Series | None,
    fitted: FloatArray,
    mass: FloatArray | None,
    start: Processes | None,
) -> Processes:
    counts = fitted[:, None]
    exposure, lost = course.followed()
    waited, answered = course.awaiting_reply()
    begin_reply = None if start is None else start.reply.coefficients
    begin_loss = None if start is None or start.loss is None else start.loss.coefficients
    waits_until = np.minimum(np.minimum(course.reply_at, course.stop_at), course.patience - 1)
    return Processes(
        course=course,
        segments=segments(reply.varying[: reply.history], waits_until)
        if reply.history
        else _one_each(course),
        reply=fit_hazard(reply, counts * waited, counts * answered, begin_reply),
        loss=fit_hazard(loss, counts * exposure, counts * lost, begin_loss) if lost.any() else None,
        qualities=None if quality is None else fit_qualities(course, reply, quality, mass),
    )


def _one_each(course: Course) -> Segments:
    everyone = np.arange(course.n)
    at = np.repeat(everyone[:, None], course.patience, axis=1)
    return Segments(everyone, np.zeros_like(everyone), at)


def _coefficients(model: PooledLogistic, multiplicity: FloatArray | None) -> FloatArray:
    return model.coefficients if multiplicity is None else model.one_step(multiplicity)
