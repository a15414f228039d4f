"""Weights of the layer below the adapted ones, as it comes: a second, plainer view of the same text.

Adapted layers learn how our writers tell the labels; what they make of other people's texts is surer than it
is right. A ridge regression on the layer below errs in other places, and costs nothing more to read.
"""

from __future__ import annotations

import numpy as np

from complaintlab.measure.features import Side
from complaintlab.measure.learn.rules import Linear, fit_heads
from complaintlab.measure.model import Floats

STRENGTH = 0.003
"""Inverse of the ridge penalty, for columns of unit spread."""


def fit_below(means: Floats, y: dict[str, Floats], side: Side) -> Linear:
    """Fit every head of a side on a layer's means over the messages' own tokens (texts × 384)."""
    centre, spread = means.mean(axis=0), np.maximum(means.std(axis=0), 1e-6)
    fitted = fit_heads((means - centre) / spread, y, side, STRENGTH)
    return {
        name: (weights / spread[:, None], intercepts - (centre / spread) @ weights)
        for name, (weights, intercepts) in fitted.items()
    }
