"""Hazard ratios corrected for errors of the labels: the Cox models of the stage ``hazard`` on signed rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.errors import ModelError
from complaintlab.models.cox import cox
from complaintlab.models.design import FloatArray, stratified_matrix
from complaintlab.models.estimate_rows import Estimate, cluster_columns
from complaintlab.models.label_error.enough import NEGATIVE, too_thin
from complaintlab.models.label_error.replies import VARIANT
from complaintlab.models.label_error.signed import CODED, MASS, signed
from complaintlab.models.reply_clock import ACT_CLAIMS, REPLY_HISTORY, reply_clock
from complaintlab.models.reply_effects.rows import Row
from complaintlab.params import Analysis, LabelErrors

MODEL = "cox_reply_clock"
EVENTS_PER_LEVEL = 5


def corrected_hazards(
    measured: tuple[pl.DataFrame, pl.DataFrame],
    coded: tuple[pl.DataFrame, pl.DataFrame],
    chance: pl.DataFrame,
    analysis: Analysis,
    rule: LabelErrors,
) -> list[Row]:
    """Log hazard ratio of each act of the first reply, the other acts and the history beside it held fixed.

    Weights 1 − R/π and R/π, errors clustered by author (threads of one author are drawn apart) and by company
    where there are enough; a signed risk set that is not positive is refused by the fit.

    Args:
        measured, coded: episodes and spells; of the coded ones the population only.
        chance: episode_id and pi of all coded episodes.
    """
    frames = [_replied(episodes, spells, analysis) for episodes, spells in (measured, coded)]
    shared = [name for name in frames[0].columns if name in frames[1].columns]
    rows = signed(frames[0].select(shared), frames[1].select(shared), chance)
    found: list[Row] = []
    for outcome in ("turned", "escalated"):
        acts = {act: claim for claim, (act, of) in ACT_CLAIMS.items() if of == outcome}
        with threadpool_limits(1):  # sums in one order, whatever the number of processors
            found += _of_outcome(rows, outcome, acts, analysis, rule)
    return found


def _replied(episodes: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis) -> pl.DataFrame:
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint").sort("episode_id")
    own = spells.join(complaints.select("episode_id"), on="episode_id", how="semi")
    return reply_clock(complaints, own.sort("episode_id", "start_s"), analysis)


def _of_outcome(
    replied: pl.DataFrame, outcome: str, acts: dict[str, str], analysis: Analysis, rule: LabelErrors
) -> Iterator[Row]:
    free = replied.with_columns(
        start_s="clock_entry_s", stop_s=f"{outcome}_stop_s", event=f"{outcome}_event"
    ).filter(pl.col("start_s") < pl.col("stop_s"))
    named = {
        act: _row(claim, act, outcome, free, analysis)
        for act, claim in acts.items()
        if f"act_{act}" in free.columns
    }
    reasons = {act: _thin(free, act, rule) for act in named}
    possible = [act for act, reason in reasons.items() if reason is None]
    for act, reason in reasons.items():
        if reason is not None:
            yield _as_row(named[act].unknown(reason))
    if not possible:
        return
    history = [*(name for name in free.columns if name.startswith("act_")), *REPLY_HISTORY]
    matrix, names = stratified_matrix(free, history)
    columns = {f"x_{name}": matrix[:, j] for j, name in enumerate(names)}
    terms = [f"act_{act}" for act in possible]
    others = [
        name for name in columns if name.removeprefix("x_") not in terms and _estimable(free, columns[name])
    ]
    design = free.hstack([pl.Series(name, columns[name]) for name in others])
    try:
        fit = cox(
            design, start="start_s", stop="stop_s", event="event", strata="company", weights=MASS,
            covariates=[*terms, *others], cluster=cluster_columns(free.filter(~pl.col(CODED))),
        )  # fmt: skip
    except ModelError:
        yield from (_as_row(named[act].unknown(NEGATIVE)) for act in possible)
        return
    with np.errstate(invalid="ignore"):  # a signed variance may be negative: such a row is refused below
        found = {row["term"]: row for row in fit.table.iter_rows(named=True)}
    for act in possible:
        of = found[f"act_{act}"]
        yield _as_row(named[act].known(of["coef"], of["robust_se"]))


def _estimable(rows: pl.DataFrame, values: FloatArray) -> bool:
    """Whether an indicator has events enough at either level, as measured and as coded."""
    levels = (
        rows.select("event", CODED, value=pl.Series(values))
        .group_by("value", CODED)
        .agg(pl.col("event").sum())
    )
    return levels.height > 4 or bool((levels["event"] >= EVENTS_PER_LEVEL).all())


def _thin(rows: pl.DataFrame, act: str, rule: LabelErrors) -> str | None:
    coded = rows.filter(CODED, "event")
    first = int(coded[f"act_{act}"].cast(pl.Boolean).sum())
    return too_thin(first, coded.height - first, (f"with {act}", f"without {act}"), rule)


def _row(claim: str, act: str, outcome: str, rows: pl.DataFrame, analysis: Analysis) -> Estimate:
    exposed, mass = pl.col(f"act_{act}").cast(pl.Boolean), pl.col(MASS)
    counted = rows.select(
        n=mass.sum(),
        n_exposed=mass.filter(exposed).sum(),
        events=mass.filter("event").sum(),
        events_exposed=mass.filter("event", exposed).sum(),
    ).row(0, named=True)
    return replace(
        Estimate(
            claim=claim, contrast=f"{act}_vs_not", outcome=outcome, model=MODEL, scale="log_hr",
            variant=VARIANT, time_days=analysis.horizon_days, clusters=rows["author_id"].n_unique(),
        ),
        **{name: max(0, round(value)) for name, value in counted.items()},
    )  # fmt: skip


def _as_row(estimate: Estimate) -> Row:
    return asdict(estimate) | {"df": None, "ess": None}
