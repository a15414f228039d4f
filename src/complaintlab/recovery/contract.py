"""A cell of the recovery suite: a kind of world, its truth, and the estimators that are tried in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from complaintlab.models.causal.inference import Effect

W = TypeVar("W")

Scale = Literal["rd", "risk", "log_rr", "log_hr"]

Resolution = Literal["closed form", "closed form, slow", "resampled", "whole pipeline"]
"""How a cell's errors are had, which sets how many worlds the plan asks for (``schedule``)."""


@dataclass(frozen=True)
class Estimand:
    """What is asked of a world; ``sesoi`` is the smallest effect of interest, on the estimate's scale."""

    name: str
    scale: Scale
    sesoi: float


@dataclass(frozen=True)
class Truth:
    """An estimand's true value from counterfactual runs, with its Monte-Carlo error."""

    value: float
    mc_se: float


@dataclass(frozen=True)
class Finding:
    """What an estimator says of one estimand in one world; without an estimate the ``reason``."""

    estimand: str
    estimate: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    p: float | None = None
    df: float | None = None
    reason: str | None = None

    @classmethod
    def of(cls, estimand: str, found: Effect | str | None) -> Finding:
        """A finding from an effect, or from the reason why there is none."""
        if found is None or isinstance(found, str):
            return cls(estimand, reason=found or "not estimable")
        numbers = (found.estimate, found.se, found.lower, found.upper, found.p)
        if not all(math.isfinite(number) for number in numbers):
            return cls(estimand, reason="the estimate or its error is not finite")
        return cls(estimand, *numbers, found.df)


@dataclass(frozen=True)
class Estimator(Generic[W]):
    """``of`` maps a world to findings; ``naive``: made to fail, and expected to.

    ``of`` is a function of a module or a ``functools.partial`` of one, so that records can be keyed by its
    code and arguments.
    """

    name: str
    of: Callable[[W], Iterable[Finding]]
    naive: bool = False


@dataclass(frozen=True)
class Cell(Generic[W]):
    """One kind of world: ``simulate`` makes one from a seed, ``truth`` its true values by estimand.

    ``null``: nothing has an effect, and every verdict is false. ``few_companies``: intervals may be too wide,
    not too narrow.
    """

    name: str
    what: str
    simulate: Callable[[int], W]
    truth: Callable[[], Mapping[str, Truth]]
    estimands: tuple[Estimand, ...]
    estimators: tuple[Estimator[W], ...]
    resolution: Resolution = "closed form"
    null: bool = False
    few_companies: bool = False


AnyCell = Cell[Any]
