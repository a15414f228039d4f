"""What happens to complaints by nature: when they are answered, how, and when they are lost from sight.

One model of each serves every strategy and outcome of a stage, so that a resample refits it once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.models.causal.logistic import Features, FloatArray, PooledLogistic, fit_hazard
from complaintlab.models.trials.course import Course
from complaintlab.models.trials.quality import Qualities, fit_qualities
from complaintlab.models.trials.segments import Segments, Staying, Waiting, odds, segments

AT_A_TIME = 8
"""Resamples that are refitted together: their predictors are held in memory."""


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
        """Nature as fitted to all data, or refitted to one resample."""
        return next(self._natures(None if multiplicity is None else multiplicity[None, :]))

    def resampled(self, multiplicities: Iterable[FloatArray]) -> Iterator[tuple[FloatArray, Nature]]:
        """Each resample (n,) with nature refitted to it.

        A few at a time, so that the panel of features is read once for all of them.
        """
        drawn = iter(multiplicities)
        while some := list(islice(drawn, AT_A_TIME)):
            yield from zip(some, self._natures(np.array(some)), strict=True)

    def _natures(self, multiplicities: FloatArray | None) -> Iterator[Nature]:
        reply = coefficients(self.reply, multiplicities)
        history = self.reply.features.of_history(reply) @ self._history
        calendar = self.reply.features.predictors(reply, foreseeable=True)
        losses = self._losses(multiplicities)
        for place in range(len(reply)):
            yield Nature(
                waiting=Waiting.foreseen(self.segments, calendar[place], history[place]),
                loss=next(losses, None),
                qualities=self.qualities.chances(None if multiplicities is None else multiplicities[place])
                if self.qualities
                else {},
            )

    def _losses(self, multiplicities: FloatArray | None) -> Iterator[Staying]:
        """Of each resample; nothing where nobody was lost."""
        if self.loss is not None:
            yield from staying(self.loss, multiplicities)

    @cached_property
    def _history(self) -> npt.NDArray[np.float32]:
        """(history, S) of the features that change with it, in each segment."""
        of, at = self.reply.features, self.segments
        return of.varying[: of.history, at.who, at.since]


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
        else _one_each(course, waits_until),
        reply=fit_hazard(reply, counts * waited, counts * answered, begin_reply),
        loss=fit_hazard(loss, counts * exposure, counts * lost, begin_loss) if lost.any() else None,
        qualities=None if quality is None else fit_qualities(course, reply, quality, mass),
    )


def _one_each(course: Course, waits_until: npt.NDArray[np.int64]) -> Segments:
    everyone = np.arange(course.n)
    at = np.repeat(everyone[:, None], course.patience, axis=1)
    return Segments(everyone, np.zeros_like(everyone), at, waits_until)


def staying(model: PooledLogistic, multiplicities: FloatArray | None) -> Iterator[Staying]:
    """Without the event of ``model``, as fitted to all data or to each resample (m, n)."""
    found = coefficients(model, multiplicities)
    yield from (Staying.of(odds(predictor)) for predictor in model.features.predictors(found))


def coefficients(model: PooledLogistic, multiplicities: FloatArray | None) -> FloatArray:
    """(m, size): as fitted to all data, or to each resample (m, n)."""
    return model.coefficients[None, :] if multiplicities is None else model.one_steps(multiplicities)
