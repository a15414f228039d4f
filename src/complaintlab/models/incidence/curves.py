"""Product-limit estimates on arrays: Aalen–Johansen risks and Kaplan–Meier survival of one group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from complaintlab.errors import ModelError
from complaintlab.models.cox.risk_sets import RiskSets, risk_sets
from complaintlab.models.cox.rows import BoolArray, FloatArray, Rows


@dataclass(frozen=True)
class Curve:
    """One group's curve at its K distinct stop times.

    ``rows`` are the rows that carry weight, picked from the group by ``kept``. ``n_risk``: weighted number
    at risk at each time; ``events``: weighted events (causes × K). ``survival`` has K + 1 values,
    before the first time and after each; so has each of the ``risks`` (causes × K + 1).
    """

    sets: RiskSets
    rows: Rows
    kept: BoolArray
    causes: tuple[int, ...]
    n_risk: FloatArray
    events: FloatArray
    survival: FloatArray
    risks: FloatArray

    @property
    def times(self) -> FloatArray:
        return self.sets.times


def product_limit(group: Rows, causes: tuple[int, ...]) -> Curve:
    """Aalen and Johansen's (1978) estimate for (start, stop] rows with weights; events precede censorings.

    Raises :class:`ModelError` if signed weights leave a risk set that is not positive.
    """
    kept = (group.weights != 0) & (group.start < group.stop)
    rows = group.select(kept)
    sets = risk_sets(replace(rows, event=np.ones_like(rows.event)))
    n_risk = sets.at_risk(rows.weights)
    if not (n_risk > 0).all():
        time = sets.times[int(np.argmin(n_risk))]
        raise ModelError(f"the weighted number at risk at time {time:g} is not positive: check the weights.")
    events = np.stack([_weight_at(sets, rows, rows.event == cause) for cause in causes])
    total = _weight_at(sets, rows, rows.event > 0)
    hazard = np.where(n_risk - total > 1e-12 * n_risk, total / n_risk, 1.0)
    survival = np.concatenate([[1.0], np.cumprod(1 - hazard)])
    risks = np.cumsum(survival[:-1] * events / n_risk, axis=1)
    return Curve(sets, rows, kept, causes, n_risk, events, survival, np.pad(risks, ((0, 0), (1, 0))))


def _weight_at(sets: RiskSets, rows: Rows, which: BoolArray) -> FloatArray:
    """Weight of the rows ``which`` that stop at each time."""
    return sets.at_events((rows.weights * which)[sets.event_rows])


def greenwood(curve: Curve) -> FloatArray:
    """Greenwood's (1926) standard error of survival after each time; NaN where survival is 0."""
    events, survival = curve.events.sum(axis=0), curve.survival[1:]
    staying = np.where(survival > 0, curve.n_risk - events, np.nan)
    errors: FloatArray = survival * np.sqrt(np.cumsum(events / (curve.n_risk * staying)))
    return errors
