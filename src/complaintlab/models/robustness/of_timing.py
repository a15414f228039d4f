"""All checks of the claims on timing but those before the reply."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from complaintlab.models.causal.inference import codes
from complaintlab.models.design import confounder_matrix
from complaintlab.models.reply_effects.rows import Row
from complaintlab.models.robustness.choices import specifications
from complaintlab.models.robustness.confounding import strengths
from complaintlab.models.robustness.rows import Primary, specification_row, strength_rows, without_row
from complaintlab.models.robustness.study import Material
from complaintlab.models.robustness.timing import Timing
from complaintlab.models.strategies import TIMING_CONTRASTS, Contrast, concerns, follows
from complaintlab.models.trials.course import EVENT
from complaintlab.params import Robustness, Trials


def of_timing(
    material: Material,
    trials: Trials,
    asked: dict[str, Primary],
    robustness: Robustness,
    seed: int,
    *,
    praise: bool,
) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of estimates, specifications and strengths of the claims in ``asked`` on the complaint's clock."""
    contrasts = contrasts_of(asked, praise)
    if not contrasts:
        return [], [], []
    quality = any(contrast.first.quality is not None for contrast in contrasts.values())
    timing = Timing(material, trials, praise, quality)
    estimates: list[Row] = []
    curve: list[Row] = []
    strong: list[Row] = []
    for claim, contrast in contrasts.items():
        primary = asked[claim]
        estimates += [
            without_row(primary, name, found, None, n, 0, seed)
            for name, found, n in timing.without_companies(contrast)
        ]
        strong += _strengths(timing, claim, contrast)
        curve += _curve(timing, contrast, primary, robustness.specifications, seed)
    return estimates, curve, strong


def contrasts_of(asked: Collection[str], praise: bool) -> dict[str, Contrast]:
    """The contrasts of the claims in ``asked`` on the timing of replies to praise, or to complaints."""
    return {
        claim: contrast
        for claim, contrast in TIMING_CONTRASTS.items()
        if claim in asked and (contrast.population == "praise") == praise
    }


def _curve(timing: Timing, contrast: Contrast, primary: Primary, most: int, seed: int) -> Iterator[Row]:
    chosen = specifications(timing.primary(contrast), timing.open_to(contrast), most, seed)
    for number, spec in enumerate(chosen):
        if number == 0:  # has the numbers of the primary estimate itself
            yield specification_row(primary, 0, spec, "", primary["n"], primary["events"])
            continue
        made = timing.estimated(contrast, spec)
        if isinstance(made, str):
            yield specification_row(primary, number, spec, made, 0, 0)
        else:
            yield specification_row(primary, number, spec, made.effect, made.n, made.events)


def _strengths(timing: Timing, claim: str, contrast: Contrast) -> list[Row]:
    """Of confounders known at the start, between complaints that were answered as the arms have it."""
    spec = timing.primary(contrast)
    made = timing.emulated(spec.complaint, spec.act)
    outcome = timing.outcome(made, contrast, spec)
    total = (
        (outcome.course.cause == EVENT).astype(np.float64)
        if outcome.growth is None
        else outcome.growth.counts(outcome.course.n).astype(np.float64)
    )
    of = made.episodes.select(
        concerns(contrast.population), first=follows(contrast.first), second=follows(contrast.second)
    )
    either = (of.to_series() & (of["first"] | of["second"])).to_numpy()
    rows = made.episodes.filter(either)
    X, names = confounder_matrix(rows, companies=False)
    found = strengths(X, names, codes(rows["company"]), of["first"].to_numpy()[either], total[either])
    return strength_rows(claim, found)
