"""What every complaint gets, in place of what it got."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

from complaintlab.models.deletion_strategies import LEFT
from complaintlab.models.strategies import PROPER_24H, WITHIN_1H, Strategy

Kind = Literal["reply", "quality", "deletion"]

USUAL = Strategy("usual care", 0, math.inf)
"""No reply until second 0, then as it comes: everybody complies, and only loss is weighted for."""


@dataclass(frozen=True)
class Scenario:
    """What every complaint gets.

    ``kind`` reply: a first reply as ``strategy`` has it. Deletion: none by the host, which is ``strategy``
    too. Quality: each first reply that there was, when it came, but proper; time then runs from the reply.
    """

    name: str
    kind: Kind
    strategy: Strategy = USUAL


SCENARIOS = (
    Scenario("every complaint answered within an hour", "reply", WITHIN_1H),
    Scenario("every complaint answered properly within 24 h", "reply", PROPER_24H),
    Scenario("every reply proper", "quality"),
    Scenario("nothing deleted", "deletion", LEFT),
)
OUTCOMES = ("turned", "advocate", "escalated")

CURVE = (
    "time_s", "risk", "lower", "upper", "usual", "difference", "difference_lower", "difference_upper"
)  # fmt: skip
SCHEMA: dict[str, type[pl.DataType]] = {
    "scenario": pl.String, "outcome": pl.String, "clock": pl.String,
    **dict.fromkeys(CURVE, pl.Float64),
    "n": pl.Int64, "share_beyond": pl.Float64, "extrapolation": pl.Boolean, "reason": pl.String,
}  # fmt: skip
