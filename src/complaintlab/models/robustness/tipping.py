"""How different the silent would have to be: who is not heard again counts as showing nothing.

A delta-adjusted analysis (White et al. 2011): what if a share of an arm's silent critics had the event after
all, unseen, and none in the other arm? The share at which the interval touches zero is the tipping point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Interval:
    """A risk difference and its 95% interval."""

    estimate: float
    lower: float
    upper: float

    def shifted(self, first: float, second: float, silent: tuple[float, float]) -> Interval:
        """The same if shares ``first`` and ``second`` of the arms' ``silent`` had the event, unseen."""
        moved = first * silent[0] - second * silent[1]
        return Interval(self.estimate + moved, self.lower + moved, self.upper + moved)


@dataclass(frozen=True)
class TippingPoint:
    """``share`` of the silent of one ``arm`` that would have to have had the event, and nobody else's.

    Above 1 no such share is large enough. ``worst`` are the bounds of the estimate if all of one arm's silent
    had the event and none of the other's (Manski 1990).
    """

    arm: Literal["first", "second"] | None
    share: float | None
    worst: tuple[float, float]


def tipping_point(found: Interval, silent: tuple[float, float]) -> TippingPoint:
    """Where the interval of ``found`` would touch zero, given the shares of the arms' silent critics.

    Without an arm or share where the interval holds zero already, or where nobody was silent.
    """
    worst = found.shifted(0, 1, silent).estimate, found.shifted(1, 0, silent).estimate
    if found.lower <= 0 <= found.upper:
        return TippingPoint(None, None, worst)
    arm: Literal["first", "second"] = "first" if found.upper < 0 else "second"
    gap = -found.upper if arm == "first" else found.lower
    of = silent[0] if arm == "first" else silent[1]
    return TippingPoint(arm, gap / of if of > 0 else None, worst)
