"""The stage ``deletion``: what comes of deleting or hiding a critic's post, or taking back one's own reply.

D1 and D3 start with the complaint (Z0), among complaints at places where this company has deleted or hidden
complaints at all; D4 starts with the first reply (ZR). When an act fell between two looks its moment is
imputed, and all else is done within each imputation. What the critic shows is looked for author-wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from complaintlab.models.causal.inference import Effect, effect
from complaintlab.models.deletion.answers import (
    Answer,
    Comparison,
    Settings,
    answer,
    arm_rows,
    companies_row,
    cox_rows,
    naive_row,
)
from complaintlab.models.deletion.cohort import HOST, UNKNOWN, Cohort, acts_on, answered, complaints, without
from complaintlab.models.deletion.emulation import left_arms
from complaintlab.models.deletion.rows import Row, arms_counts, numbers, row, table
from complaintlab.models.deletion_strategies import (
    DELETED,
    DELETED_VS_LEFT,
    FAIR_MINUS_NONSENSE,
    KEPT,
    LEFT,
    NONE_VS_DELETED,
    PROPER_VS_DELETED,
    WITHDRAWN,
    WITHDRAWN_VS_KEPT,
)
from complaintlab.models.strategies import NONE, PROPER_24H, follows
from complaintlab.parallel import together
from complaintlab.params import Analysis, Inference

DELETION = Comparison(DELETED, LEFT, "deleted or hidden by the host")
WITHDRAWAL = Comparison(WITHDRAWN, KEPT, "answered with a reply that was then removed or edited")
WORTH_SPREADING = 1_000
"""Episodes from which on processes are begun: a few seconds' work."""
SUMMED = ("n", "n_exposed", "events", "events_exposed")


class Outputs(NamedTuple):
    estimates_deletion: pl.DataFrame


def run(
    episodes: pl.DataFrame,
    spells: pl.DataFrame,
    deletions: pl.DataFrame,
    posts: pl.DataFrame,
    analysis: Analysis,
    inference: Inference,
) -> Outputs:
    """Estimate the claims on deletion, and what stands beside them.

    Risk differences at 1, 3 and the horizon's days by clone–censor–weight inside each of 20 imputations
    (``inference.resamples`` resamples of whole authors, or companies, shared out among them), joined by
    Rubin's rules; log hazard ratios of a marginal structural Cox model and of deleted now against deleted
    later; naive differences; bounds where nobody knows who deleted. What cannot be estimated has a row with
    the reason.
    """
    kind = pl.col("kind").cast(pl.String)
    fair, nonsense = (episodes.filter(kind == what) for what in ("complaint", "nonsense"))
    settings = Settings.of(spells, analysis, inference)
    pieces: list[Callable[[], list[Row]]] = [
        partial(_of_complaints, fair, nonsense, posts, deletions, settings),
        partial(_of_replies, fair, posts, deletions, settings),
    ]
    made = together(pieces, "Deletions", worth=fair.height >= WORTH_SPREADING)
    return Outputs(table([one for rows in made for one in rows]))


def _of_complaints(
    fair: pl.DataFrame,
    nonsense: pl.DataFrame,
    posts: pl.DataFrame,
    deletions: pl.DataFrame,
    settings: Settings,
) -> list[Row]:
    """D1 to D3: complaints that are deleted or hidden."""
    cohort = complaints(fair, posts, acts_on(deletions, HOST))
    made = answer(cohort, DELETION, settings)
    return [
        *_deleted(made, cohort, settings),
        *_bounds(made, fair, posts, deletions, settings),
        *_fair_minus_nonsense(made, _of_nonsense(nonsense, posts, deletions, settings), settings),
        *_left(made, cohort, settings),
    ]


def _of_replies(
    fair: pl.DataFrame, posts: pl.DataFrame, deletions: pl.DataFrame, settings: Settings
) -> list[Row]:
    """D4: the company's own replies that are removed or edited."""
    return list(_withdrawn(answered(fair, posts, deletions), settings))


def _deleted(made: Answer | str, cohort: Cohort, settings: Settings) -> Iterator[Row]:
    """D1: deleted or hidden within a day against left."""
    days = settings.horizon_days
    if isinstance(made, str):
        yield row("D1", DELETED_VS_LEFT, days, variant="primary", n=cohort.n, reason=made)
        return
    yield from arm_rows("D1", DELETED_VS_LEFT, made, settings, primary=True)
    yield companies_row("D1", DELETED_VS_LEFT, *cohort.companies(), days)
    yield naive_row("D1", DELETED_VS_LEFT, cohort, days)
    yield from cox_rows("D1", DELETED_VS_LEFT, made, days)


def _bounds(
    made: Answer | str,
    episodes: pl.DataFrame,
    posts: pl.DataFrame,
    deletions: pl.DataFrame,
    settings: Settings,
) -> Iterator[Row]:
    """D1 with all that vanished by an unknown hand taken for the host's, for the author's, and for nobody's.

    The smallest and the largest of the three; nothing where every hand is known.
    """
    unknown = acts_on(deletions, UNKNOWN)
    cohort = complaints(episodes, posts, acts_on(deletions, (*HOST, *UNKNOWN)))
    if isinstance(made, str) or not cohort.episodes["opener_id"].is_in(unknown["post_id"].implode()).any():
        return
    hands = (cohort, without(made.design.cohort, unknown))
    readings = [made, *(answer(hand, DELETION, settings) for hand in hands)]
    rows = [arm_rows("D1", DELETED_VS_LEFT, one, settings)[0] for one in readings if isinstance(one, Answer)]
    known = [one for one in rows if isinstance(one["estimate"], float)]
    known.sort(key=lambda one: float(str(one["estimate"])))
    if len(known) == len(readings):
        yield known[0] | {"variant": "lower_bound"}
        yield known[-1] | {"variant": "upper_bound"}


def _of_nonsense(
    episodes: pl.DataFrame, posts: pl.DataFrame, deletions: pl.DataFrame, settings: Settings
) -> Answer | str:
    """D1 among openers that are nonsense."""
    if episodes.is_empty():
        return "no opener that is nonsense is followed"
    found = answer(complaints(episodes, posts, acts_on(deletions, HOST)), DELETION, settings)
    return found[:1].lower() + found[1:] if isinstance(found, str) else found


def _fair_minus_nonsense(fair: Answer | str, nonsense: Answer | str, settings: Settings) -> Iterator[Row]:
    """D2: the effect among fair comments less that among nonsense."""
    days = settings.horizon_days
    primary: Row = {"variant": "primary", **settings.resampled}
    if isinstance(fair, str) or isinstance(nonsense, str):
        reason = fair if isinstance(fair, str) else f"There is nothing to compare with: {nonsense}"
        yield row("D2", FAIR_MINUS_NONSENSE, days, **primary | {"reason": reason})
        return
    parts = [arms_counts(one.first, one.second) for one in (fair, nonsense)]
    summed = {name: sum(int(str(part[name])) for part in parts) for name in SUMMED}
    found = numbers(_less(fair.effect(days), nonsense.effect(days)))
    least = {
        "ess": min(float(str(part["ess"])) for part in parts),
        "parameters": sum(float(str(part["parameters"])) for part in parts),
        "converged": "reason" not in found and all(part["converged"] for part in parts),
    }
    yield row("D2", FAIR_MINUS_NONSENSE, days, **{**primary, **summed, **found, **least})
    counted = fair.design.cohort.companies_with(nonsense.design.cohort)
    yield companies_row("D2", FAIR_MINUS_NONSENSE, *counted, days)


def _less(first: Effect | None, second: Effect | None) -> Effect | None:
    """Difference of independent estimates, with Welch's degrees of freedom."""
    if first is None or second is None:
        return None
    parts = [(one.se**2, one.df or np.inf) for one in (first, second)]
    variance = sum(part for part, _ in parts)
    df = variance**2 / sum(part**2 / of for part, of in parts)
    return effect(first.estimate - second.estimate, float(np.sqrt(variance)), df)


def _left(made: Answer | str, cohort: Cohort, settings: Settings) -> Iterator[Row]:
    """D3: left and properly answered within a day against deleted; left and not answered beside."""
    days = settings.horizon_days
    proper = cohort.episodes.select(follows(PROPER_24H)).to_series()
    reason = made if isinstance(made, str) else None
    if reason is None and not proper.any():
        reason = "No complaint here had a proper reply within 24 h."
    if isinstance(made, str) or reason:
        yield row("D3", PROPER_VS_DELETED, days, variant="primary", n=cohort.n, reason=reason)
        return
    arms = left_arms(made.design, settings.spells, made.moments, made.fits, (PROPER_24H, NONE))
    yield from arm_rows("D3", PROPER_VS_DELETED, made, settings, (arms[0], made.first), primary=True)
    yield from arm_rows("D3", NONE_VS_DELETED, made, settings, (arms[1], made.first))
    yield companies_row("D3", PROPER_VS_DELETED, *cohort.companies(proper), days)


def _withdrawn(cohort: Cohort, settings: Settings) -> Iterator[Row]:
    """D4: the company's own first reply removed or edited within a day against kept."""
    days = settings.horizon_days
    made = answer(cohort, WITHDRAWAL, settings)
    if isinstance(made, str):
        yield row("D4", WITHDRAWN_VS_KEPT, days, variant="primary", n=cohort.n, reason=made)
        return
    yield from arm_rows("D4", WITHDRAWN_VS_KEPT, made, settings, primary=True)
    yield companies_row("D4", WITHDRAWN_VS_KEPT, *cohort.companies(), days)
    yield from cox_rows("D4", WITHDRAWN_VS_KEPT, made, days)
