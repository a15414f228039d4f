"""Risk sets over one sorted axis of event times, in which strata follow one another.

A row (start, stop] is at risk at the event times t with start < t ≤ stop, which on the axis is the range
``entry <= position < exit``. All sums over risk sets are therefore differences of running sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from complaintlab.models.cox.rows import BoolArray, FloatArray, IntArray, Rows


@dataclass(frozen=True)
class RiskSets:
    """Where rows enter and leave the axis, and which rows have events.

    ``times``, ``strata``: one value per position (K distinct event times within strata);
    ``entry``, ``exit``: one per row; ``event_rows``, ``event_positions``: one per event, sorted by position.
    """

    times: FloatArray
    strata: IntArray
    entry: IntArray
    exit: IntArray
    event_rows: IntArray
    event_positions: IntArray

    @property
    def n_positions(self) -> int:
        return len(self.times)

    def select(self, rows: BoolArray) -> RiskSets:
        """The same axis with some rows left out, none of them with an event."""
        renumbered = np.cumsum(rows) - 1
        return RiskSets(
            self.times,
            self.strata,
            self.entry[rows],
            self.exit[rows],
            renumbered[self.event_rows],
            self.event_positions,
        )

    @cached_property
    def n_tied(self) -> IntArray:
        """Events at each position."""
        return np.bincount(self.event_positions, minlength=self.n_positions)

    @cached_property
    def tie_fraction(self) -> FloatArray:
        """Efron's l/m for the l-th of the m events at one position."""
        first = np.concatenate([[0], np.cumsum(self.n_tied)[:-1]])
        rank = np.arange(len(self.event_rows)) - first[self.event_positions]
        fraction: FloatArray = rank / self.n_tied[self.event_positions]
        return fraction

    @cached_property
    def _never(self) -> IntArray:
        """Rows that are at risk at no event time."""
        return np.flatnonzero(self.entry == self.exit)

    @cached_property
    def _block_starts(self) -> IntArray:
        """Positions that no row spans from the left, the end included."""
        size = self.n_positions + 1
        entering = np.bincount(np.delete(self.entry, self._never), minlength=size)
        leaving = np.bincount(np.delete(self.exit, self._never), minlength=size)
        return np.flatnonzero(np.cumsum(entering) - entering == np.cumsum(leaving))

    @cached_property
    def _next_block(self) -> IntArray:
        """For each position the first block start after it."""
        following = np.searchsorted(self._block_starts, np.arange(self.n_positions), side="right")
        return self._block_starts[following]

    def at_risk(self, values: FloatArray) -> FloatArray:
        """Sum of ``values`` (one per row) over the risk set of each position.

        Summed from the last position back, so that the small risk sets at late times are not differences
        of large sums, and started anew where no row spans two positions, so that no stratum inherits the
        rounding of the strata behind it.
        """
        if len(self._never):
            values = values.copy()
            values[self._never] = 0.0
        size = self.n_positions + 1
        steps = np.empty(2 * size)  # at each position rows leave, then rows enter
        steps[0::2] = np.bincount(self.exit, values, minlength=size)
        steps[1::2] = -np.bincount(self.entry, values, minlength=size)
        later = np.cumsum(steps[::-1])[::-1]
        rounding = np.where(self._next_block < self.n_positions, later[2 * self._next_block + 1], 0.0)
        total: FloatArray = later[2::2] - rounding
        return total

    def at_events(self, values: FloatArray) -> FloatArray:
        """Sum of ``values`` (one per event) at each position."""
        return np.bincount(self.event_positions, values, minlength=self.n_positions).astype(
            np.float64, copy=False
        )

    def over_time(self, increments: FloatArray) -> FloatArray:
        """Sum of ``increments`` (one per position) over the time each row is at risk."""
        running = np.concatenate([[0.0], np.cumsum(increments)])
        lived: FloatArray = running[self.exit] - running[self.entry]
        return lived


def risk_sets(rows: Rows, strata: IntArray | None = None) -> RiskSets:
    """The risk sets of ``rows``; ``strata`` are dense codes, one per row.

    Strata only order the axis: a row's range never leaves its own stratum.
    """
    has_event = np.flatnonzero(rows.event > 0)
    is_event_time = np.bincount(rows.stop[has_event], minlength=len(rows.times)) > 0
    times = rows.times[is_event_time]
    seen = np.concatenate([[0], np.cumsum(is_event_time)])  # event times up to each code, from code −1
    entry, exit_ = seen[rows.start + 1], seen[rows.stop + 1]
    keys = exit_[has_event] - 1
    if strata is not None:
        before = strata * len(times)
        entry, exit_, keys = before + entry, before + exit_, before[has_event] + keys
    order = np.argsort(keys, kind="stable")
    axis, positions = np.unique(keys[order], return_inverse=True)
    if strata is not None:
        entry, exit_ = np.searchsorted(axis, entry), np.searchsorted(axis, exit_)
    stratum, at = np.divmod(axis, max(len(times), 1))
    return RiskSets(times[at], stratum, entry, exit_, has_event[order], positions)
