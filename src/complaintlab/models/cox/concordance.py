"""Concordance of a Cox model's linear predictor with the order of events."""

from __future__ import annotations

import numpy as np

from complaintlab.models.cox.likelihood import Moments
from complaintlab.models.cox.rows import FloatArray, IntArray


def concordance(fitted: Moments) -> float:
    """Weighted share of concordant pairs: an event against those still at risk after its time.

    A pair is concordant if the one with the event has the higher linear predictor; equal predictors count
    half, pairs with events at one time not at all. NaN if no pair can be compared.
    """
    sets, weights = fitted.problem.sets, fitted.problem.weights
    ranks = np.unique(fitted.eta, return_inverse=True)[1]
    rows, positions = sets.event_rows, sets.event_positions
    below, upto = (
        _at_risk_below(sets.entry, sets.exit, weights, ranks, positions, ranks[rows] + shift)
        - _tied_below(positions, weights[rows], ranks[rows], shift)
        for shift in (0, 1)
    )
    others = sets.at_risk(weights)[positions] - sets.at_events(weights[rows])[positions]
    comparable = np.sum(weights[rows] * others)
    concordant = np.sum(weights[rows] * (below + upto) / 2)
    return float(concordant / comparable) if comparable else float("nan")


def _at_risk_below(
    entry: IntArray,
    exit: IntArray,
    weights: FloatArray,
    ranks: IntArray,
    positions: IntArray,
    limits: IntArray,
) -> FloatArray:
    """For each event the weight at risk at its position with a rank under its limit."""
    return _weight_after(exit, weights, ranks, positions, limits) - _weight_after(
        entry, weights, ranks, positions, limits
    )


def _weight_after(
    keys: IntArray, weights: FloatArray, ranks: IntArray, positions: IntArray, limits: IntArray
) -> FloatArray:
    """For each event the weight of rows with key > its position and rank < its limit.

    A wavelet tree: rows in order of key are split bit by bit of their rank, each query following its limit;
    O((rows + events) log ranks).
    """
    order = np.argsort(-keys, kind="stable")
    level_ranks, level_weights = ranks[order], weights[order]
    begin = np.zeros(len(positions), dtype=np.int64)
    end = np.searchsorted(-keys[order], -positions, side="left")
    total = np.zeros(len(positions))
    for bit in range(int(ranks.max() + 1).bit_length() - 1, -1, -1):
        zero = (level_ranks >> bit) & 1 == 0
        zeros_before = np.concatenate([[0], np.cumsum(zero)])
        weight_before = np.concatenate([[0.0], np.cumsum(np.where(zero, level_weights, 0.0))])
        goes_right = (limits >> bit) & 1 == 1
        total += np.where(goes_right, weight_before[end] - weight_before[begin], 0.0)
        ones_begin = zeros_before[-1] + begin - zeros_before[begin]
        ones_end = zeros_before[-1] + end - zeros_before[end]
        begin = np.where(goes_right, ones_begin, zeros_before[begin])
        end = np.where(goes_right, ones_end, zeros_before[end])
        split = np.concatenate([np.flatnonzero(zero), np.flatnonzero(~zero)])
        level_ranks, level_weights = level_ranks[split], level_weights[split]
    return total


def _tied_below(positions: IntArray, weights: FloatArray, ranks: IntArray, shift: int) -> FloatArray:
    """For each event the weight of the events at its position with a rank under its own + ``shift``."""
    order = np.lexsort((ranks, positions))
    p, r = positions[order], ranks[order]
    running = np.concatenate([[0.0], np.cumsum(weights[order])])
    size = int(r.max()) + 2
    key = p * size + r
    start = running[np.searchsorted(key, p * size)]
    total = np.empty(len(p))
    total[order] = running[np.searchsorted(key, key + shift)] - start
    return total
