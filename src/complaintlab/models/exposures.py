"""What is contrasted on the reply clock: the two arms of each claim about what a company's reply does.

The same definitions serve the estimator (stage ``reply_effects``), the minimum of companies with both arms
(``verdicts.testable``) and the world's truth, so that all three speak of one contrast.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Literal

import polars as pl

from complaintlab.labels import ACTS, COURTESIES, HOSTILITIES, REMEDIES
from complaintlab.spells.replies import SEPARATOR, does, quality_expr

Clock = Literal["first_reply", "reply_to_hostile", "second_reply", "landmark"]
"""What starts follow-up: the first reply (ZR); the first reply to a turn of hostility 2 or more; the second
reply; or a number of days after the complaint."""

HOSTILE = 2.0
"""Hostility from which on a turn is hostile: 2 angry, 3 abusive."""


@dataclass(frozen=True)
class Arm:
    """Replies (or complaints) with ``all_of``, ``any_of`` where named, and ``none_of`` some features.

    Features are acts, ``proper`` and ``bad`` (the reply's quality), ``same_agent`` and ``another_agent``
    (than who wrote the first reply), ``distinctive`` and ``boilerplate`` (likeness to earlier replies below
    and above its median), ``turned_by_landmark``.
    """

    name: str
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()

    def holds(self) -> pl.Expr:
        """Over Boolean columns named as the features; a null feature holds in no arm."""
        parts = [pl.col(name) for name in self.all_of] + [~pl.col(name) for name in self.none_of]
        if self.any_of:
            parts.append(reduce(pl.Expr.or_, (pl.col(name) for name in self.any_of)))
        return reduce(pl.Expr.and_, parts).fill_null(False)


@dataclass(frozen=True)
class Exposure:
    """One claim's contrast: outcome under ``first`` against ``second``, replies of neither left out.

    ``part`` names features that the contrast itself is about and that are therefore no confounders;
    ``moderators`` the groups (names of :data:`GROUPS`) in which it is shown apart; ``dose`` a continuous
    exposure, contrasted between its 10th and 90th percentile, of which the arms are the two halves;
    ``interaction`` the group in which the contrast is taken, less that outside it; ``shown`` further arms
    whose risks are shown.
    """

    claim: str
    contrast: str
    outcome: str
    first: Arm
    second: Arm
    part: tuple[str, ...]
    clock: Clock = "first_reply"
    moderators: tuple[str, ...] = ("hostile",)
    dose: str | None = None
    interaction: str | None = None
    shown: tuple[Arm, ...] = ()

    @property
    def within_groups(self) -> str:
        """Name of the contrast of the two arms, which an interaction compares between groups."""
        return self.contrast if self.interaction is None else f"{self.first.name}_vs_not"

    @property
    def act_set(self) -> str | None:
        """The one act that tells the arms apart, so that setting it on and off makes them; null if none."""
        told_apart = [act for act in self.first.all_of if act in self.second.none_of and act in ACTS]
        more = self.first.none_of or self.first.any_of or self.second.any_of
        plain = self.clock == "first_reply" and self.interaction is None
        return told_apart[0] if len(told_apart) == 1 and plain and not more else None


@dataclass(frozen=True)
class Group:
    """A moderator: names of its two groups, and the confounder that may change the effect with it."""

    yes: str
    no: str
    confounder: str


GROUPS = {
    "hostile": Group("hostile critic", "calm critic", "hostility"),
    "spread": Group("after it has spread", "before it has spread", "log_spread"),
    "apology": Group("with apology", "without apology", "act:apology"),
}
"""Groups in which a contrast is shown apart, by the Boolean column that tells them."""


def of_act(claim: str, act: str, outcome: str, *moderators: str) -> Exposure:
    """An act against its absence."""
    arms = Arm(f"with {act}", all_of=(act,)), Arm(f"without {act}", none_of=(act,))
    return Exposure(claim, f"{act}_vs_not", outcome, *arms, (act,), moderators=moderators or ("hostile",))


EXPOSURES: dict[str, Exposure] = {
    exposure.claim: exposure
    for exposure in (
        of_act("N1", "apology", "turned"),
        of_act("N2", "empathy", "turned"),
        Exposure(
            "N3", "template_p10_vs_p90", "turned",
            Arm("less like earlier replies", all_of=("distinctive",)),
            Arm("more like earlier replies", all_of=("boilerplate",)),
            part=(), moderators=("apology",), dose="template",
        ),
        of_act("N4", "thank", "turned"),
        of_act("N5", "defend", "escalated"),
        Exposure(
            "N6", "mock_vs_no_humour", "escalated",
            Arm("with mockery", all_of=("mock",)),
            Arm("without humour", none_of=("mock", "joke")),
            part=("mock", "joke"),
        ),
        of_act("N7", "attack", "spread"),
        Exposure(
            "N8", "bad_vs_calm_after_hostile_turn", "escalated",
            Arm("bad", all_of=("bad",)),
            Arm("calm", none_of=("bad",)),
            part=(*sorted(HOSTILITIES | REMEDIES), "regret"), clock="reply_to_hostile", moderators=(),
        ),
        of_act("N9", "acknowledge", "turned"),
        Exposure(
            "N10", "ask_vs_explain_or_defend", "turned",
            Arm("asking only", all_of=("ask",), none_of=("explain", "defend")),
            Arm("explaining or defending only", any_of=("explain", "defend"), none_of=("ask",)),
            part=("ask", "explain", "defend"),
        ),
        of_act("S1", "contact", "escalated", "spread", "hostile"),
        of_act("S2", "fix", "turned"),
        Exposure(
            "S3", "apology_compensate_vs_apology", "turned",
            Arm("apology and compensation", all_of=("apology", "compensate")),
            Arm("apology alone", all_of=("apology",), none_of=("compensate",)),
            part=("compensate",),
            shown=(
                Arm("neither", none_of=("apology", "compensate")),
                Arm("apology alone", all_of=("apology",), none_of=("compensate",)),
                Arm("compensation alone", all_of=("compensate",), none_of=("apology",)),
                Arm("apology and compensation", all_of=("apology", "compensate")),
            ),
        ),
        Exposure(
            "S4", "turned_vs_not", "later_praise",
            Arm("turned", all_of=("turned_by_landmark",)),
            Arm("not turned", none_of=("turned_by_landmark",)),
            part=(), clock="landmark", moderators=(),
        ),
        Exposure(
            "S6", "proper_x_hostile", "advocate",
            Arm("proper", all_of=("proper",)),
            Arm("not proper", none_of=("proper",)),
            part=tuple(sorted(COURTESIES | REMEDIES | HOSTILITIES)), interaction="hostile",
        ),
        Exposure(
            "P1", "same_agent_vs_another", "turned",
            Arm("same agent", all_of=("same_agent",)),
            Arm("another agent", all_of=("another_agent",)),
            part=ACTS, clock="second_reply",
        ),
    )
}  # fmt: skip
"""The exposure of each claim that contrasts two arms on the reply clock, or from a landmark."""

FAIR = Arm("not bad", none_of=("bad",))
SPREAD_CONTRAST = "spread_10_after_fair_reply"
SPREAD_FAR, USUAL_SHARE = 10, 0.001
"""P2 has one arm: the share of fair replies after which so many others join in, against a usual share."""


def reply_features(replies: pl.DataFrame) -> pl.DataFrame:
    """The columns that arms are made of, from ``acts`` (joined by ``|``) and ``template`` of replies.

    Returns one Boolean column per act, proper, bad, distinctive and boilerplate (null where the template
    score is; a score at the median counts as boilerplate).
    """
    quality, score = quality_expr(), pl.col("template")
    return replies.select(
        *(does(act).alias(act) for act in ACTS),
        (quality == "proper").alias("proper"),
        (quality == "bad").alias("bad"),
        (score < score.median()).alias("distinctive"),
        (score >= score.median()).alias("boilerplate"),
    )


def joined(acts: str = "acts") -> pl.Expr:
    """A column of lists of acts as acts joined by ``|``."""
    return pl.col(acts).cast(pl.List(pl.String)).list.join(SEPARATOR)
