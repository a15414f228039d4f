"""What was open: the choices of an analysis, and the specifications made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np

MOST_PROBABLE, NEGATIVE, POSITIVE = "most probable", "negative", "positive"
FIRST, LAST = "first", "last"
WHOLE, CUT = "whole", "cut"
AS_ASKED, NARROWER, WIDER = "as asked", "narrower", "wider"
ATTRIBUTED, ANY_PRAISE = "attributed", "any praise"

THRESHOLDS = (0.3, 0.5, 0.7)
DAYS = (1.0, 3.0)
"""Earlier horizons than the primary one."""


@dataclass(frozen=True)
class EventRule:
    """How events are read off the critic's turns.

    ``ties``: the stance of a turn is the most probable one, or among those that are nearly as probable the
    most negative or the most positive. ``turn``: the first turn of a kind decides, or the critic's last one
    within the horizon. ``praise``: the critic has turned when the turn says so, or with any praise as well.
    """

    ties: str = MOST_PROBABLE
    turn: str = FIRST
    praise: str = ATTRIBUTED


@dataclass(frozen=True)
class Specification:
    """One way through all the choices; as it stands, the primary one, but for thresholds and days.

    ``complaint`` and ``act`` are the probabilities from which on an opener is a complaint and a reply does an
    act; ``weights`` are cut at their 99th percentile (trials) or rows with a small propensity left out (reply
    clock); ``window`` is the reply's, in trials; ``days`` the horizon.
    """

    complaint: float
    act: float
    days: float
    rule: EventRule = EventRule()
    weights: str = WHOLE
    window: str = AS_ASKED

    def columns(self) -> dict[str, Any]:
        """The choices, flat, under the names of the table ``specifications``."""
        return {
            "ties": self.rule.ties,
            "turn": self.rule.turn,
            "praise": self.rule.praise,
            "complaint_threshold": self.complaint,
            "act_threshold": self.act,
            "weights": self.weights,
            "window": self.window,
        }


def specifications(
    primary: Specification, open_: Mapping[str, Sequence[Any]], most: int, seed: int
) -> list[Specification]:
    """The primary specification, those with one other choice, and others at random, ``most`` in all.

    All one-at-a-time specifications are kept even if they are more than ``most``. A specification curve may
    be drawn from a random subset of the possible ones (Simonsohn, Simmons & Nelson 2020). ``open_`` names
    fields of :class:`Specification` and :class:`EventRule` and the values they may have.
    """
    everything = list(dict.fromkeys(_possible(primary, open_)))
    near = [one for one in everything if _differences(primary, one) == 1]
    far = [one for one in everything if _differences(primary, one) > 1]
    order = np.random.default_rng(seed).permutation(len(far))
    drawn = [far[place] for place in sorted(order[: max(0, most - 1 - len(near))])]
    return [primary, *near, *drawn]


def _possible(primary: Specification, open_: Mapping[str, Sequence[Any]]) -> Iterator[Specification]:
    names = list(open_)
    of_rule = {field.name for field in fields(EventRule)}
    for values in product(*open_.values()):
        chosen = dict(zip(names, values, strict=True))
        rule = replace(primary.rule, **{name: chosen.pop(name) for name in names if name in of_rule})
        one = replace(primary, rule=rule, **chosen)
        if rule.turn == FIRST or one.days == primary.days:  # the last turn is the last within the horizon
            yield one


def _differences(first: Specification, second: Specification) -> int:
    one, other = first.columns() | {"days": first.days}, second.columns() | {"days": second.days}
    return sum(one[name] != other[name] for name in one)
