"""Stage ``hazard``: time-dependent Cox models beside the trials, and the naive comparisons that fail.

Cause-specific hazards, a stratum per company, Efron's ties, errors clustered by author, and by company as
well where there are enough companies of like size (effective number G* = (Σn)²/Σn² ≥ 15).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl
from threadpoolctl import threadpool_limits

from complaintlab.errors import ModelError
from complaintlab.models.cox import cox
from complaintlab.models.design import stratified_matrix
from complaintlab.models.estimate_rows import Estimate, cluster_columns, estimates_table
from complaintlab.models.naive import naive_timing
from complaintlab.models.reply_clock import ACT_CLAIMS, REPLY_HISTORY, naive_acts, reply_clock
from complaintlab.models.strategies import DAY
from complaintlab.params import Analysis

EVENTS_MINIMUM = 10
EVENTS_PER_LEVEL = 5
"""An adjusting indicator with fewer events at either level is left out: its coefficient runs to infinity."""

OUTCOMES = ("escalated", "turned", "advocate")


class Outputs(NamedTuple):
    """Tables that the stage writes."""

    estimates_hazard: pl.DataFrame


def run(episodes: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis) -> Outputs:
    """Log hazard ratios of being answered and of the first reply's acts, and the naive contrasts.

    Rows: T1 ``answered_vs_not`` (answered as a time-varying covariate, confounders of time zero; secondary),
    N1, N5, S2 on the reply clock (acts of the first reply beside each other; secondary), each with its test
    of proportional hazards (variant ``proportionality``: only ``p``), and the naive ones: "ever answered"
    Cox with its immortal time, and raw risk differences. What cannot be fitted has a null and a reason.
    """
    complaints = episodes.filter(pl.col("kind").cast(pl.String) == "complaint").sort("episode_id")
    own = spells.join(complaints.select("episode_id"), on="episode_id", how="semi")
    own = own.sort("episode_id", "start_s")
    replied = reply_clock(complaints, own, analysis)
    with threadpool_limits(1):  # sums in one order, whatever the number of processors
        rows = [
            *time_dependent(complaints, own, analysis),
            *ever_answered(complaints, analysis),
            *naive_timing(complaints, analysis.horizon_days),
            *first_acts(replied, analysis),
            *naive_acts(replied, analysis),
        ]
    return Outputs(estimates_table(rows))


def time_dependent(complaints: pl.DataFrame, spells: pl.DataFrame, analysis: Analysis) -> Iterator[Estimate]:
    """Hazard of each outcome once answered against not yet answered, on the complaint's clock."""
    for outcome in OUTCOMES:
        second = f"{outcome}_s"
        free = complaints.filter((pl.col(second) > pl.col("entry_s")).fill_null(True))
        design, names = _with_design(free)
        rows = (
            at_risk_rows(spells, outcome, round(analysis.horizon_days * DAY))
            .join(design.select("episode_id", second, *names), on="episode_id", maintain_order="left")
            .filter((pl.col("start_s") < pl.col(second)).fill_null(True))
            .pipe(merge_rows, "answered")
        )
        claim = "-" if outcome == "advocate" else "T1"
        yield from fit_terms(rows, {"answered": _row(claim, outcome, "cox_time_dependent", analysis)}, names)


def at_risk_rows(spells: pl.DataFrame, outcome: str, until_s: int) -> pl.DataFrame:
    """Start–stop rows cut at ``until_s``, with event = the first such outcome at stop_s."""
    return spells.filter(pl.col("start_s") < until_s).with_columns(
        event=pl.col(outcome) & (pl.col("stop_s") <= until_s),
        stop_s=pl.col("stop_s").clip(upper_bound=until_s),
    )


def merge_rows(rows: pl.DataFrame, covariate: str) -> pl.DataFrame:
    """Join the neighbouring rows of an episode that share a value of ``covariate``, which changes once."""
    return rows.group_by("episode_id", covariate, maintain_order=True).agg(
        pl.col("start_s").min(),
        pl.col("stop_s").max(),
        pl.col("event").any(),
        pl.exclude("start_s", "stop_s", "event").first(),
    )


def ever_answered(complaints: pl.DataFrame, analysis: Analysis) -> Iterator[Estimate]:
    """Ever answered before event or end, as if from the start: naive on purpose (immortal time)."""
    horizon_s = round(analysis.horizon_days * DAY)
    for outcome in ("escalated", "turned"):
        event = pl.col(f"{outcome}_s")
        stop = pl.min_horizontal(event, "end_s", pl.lit(horizon_s))
        rows, names = _with_design(
            complaints.with_columns(
                start_s="entry_s",
                stop_s=stop,
                event=(event == stop).fill_null(False),
                answered=(pl.col("first_reply_s") <= stop).fill_null(False),
            ).filter(pl.col("start_s") < pl.col("stop_s"))
        )
        row = replace(_row("T1", outcome, "cox_ever_answered", analysis), variant="naive")
        yield from fit_terms(rows, {"answered": row}, names, proportionality=False)


def first_acts(replied: pl.DataFrame, analysis: Analysis) -> Iterator[Estimate]:
    """Hazard after the first reply by what it did, the other acts and the history up to it held fixed."""
    history = [*(name for name in replied.columns if name.startswith("act_")), *REPLY_HISTORY]
    for outcome in ("turned", "escalated"):
        terms = {
            f"act_{act}": replace(_row(claim, outcome, "cox_reply_clock", analysis), contrast=f"{act}_vs_not")
            for claim, (act, of) in ACT_CLAIMS.items()
            if of == outcome
        }
        free = replied.with_columns(
            start_s="clock_entry_s", stop_s=f"{outcome}_stop_s", event=f"{outcome}_event"
        ).filter(pl.col("start_s") < pl.col("stop_s"))
        rows, names = _with_design(free, history)
        yield from fit_terms(rows, terms, [name for name in names if name.removeprefix("x_") not in terms])


def fit_terms(
    rows: pl.DataFrame,
    terms: dict[str, Estimate],
    adjusted_for: Sequence[str],
    *,
    proportionality: bool = True,
) -> Iterator[Estimate]:
    """One Cox model; an estimate for each column in ``terms``, adjusted for the others.

    ``rows`` has start_s, stop_s, event, company, author_id, the terms (0/1) and the adjusting columns.
    """
    counted = {name: _counts(rows, name, row) for name, row in terms.items()}
    covariates = [name for name in adjusted_for if _estimable(rows, name)]
    possible = {name: row for name, row in counted.items() if row.reason is None}
    yield from (row for row in counted.values() if row.reason is not None)
    if not possible:
        return
    try:
        fit = cox(
            rows, start="start_s", stop="stop_s", event="event", strata="company",
            covariates=[*possible, *covariates], cluster=cluster_columns(rows),
        )  # fmt: skip
    except ModelError as error:
        yield from (row.unknown(str(error)) for row in possible.values())
        return
    found = {row["term"]: row for row in fit.table.iter_rows(named=True)}
    tests = dict(fit.proportionality().select("term", "p").iter_rows()) if proportionality else {}
    for name, counted_row in possible.items():
        row = replace(counted_row, parameters=float(len(possible) + len(covariates)))
        yield row.known(found[name]["coef"], found[name]["robust_se"])
        if proportionality:
            yield replace(
                row, variant="proportionality", p=tests[name], converged=True,
                reason="test of proportional hazards (Grambsch and Therneau 1994): no estimate",
            )  # fmt: skip


def _estimable(rows: pl.DataFrame, name: str) -> bool:
    levels = rows.group_by(name).agg(pl.col("event").sum())
    return levels.height > 2 or bool((levels["event"] >= EVENTS_PER_LEVEL).all())


def _counts(rows: pl.DataFrame, term: str, row: Estimate) -> Estimate:
    exposed = rows.filter(pl.col(term).cast(pl.Boolean))
    events, events_exposed = int(rows["event"].sum()), int(exposed["event"].sum())
    counted = replace(
        row,
        n=rows["episode_id"].n_unique(),
        n_exposed=exposed["episode_id"].n_unique(),
        events=events,
        events_exposed=events_exposed,
        clusters=rows["author_id"].n_unique(),
    )
    if min(events_exposed, events - events_exposed) < EVENTS_MINIMUM:
        return counted.unknown(f"fewer than {EVENTS_MINIMUM} events in one arm")
    return counted


def _with_design(frame: pl.DataFrame, more: Sequence[str] = ()) -> tuple[pl.DataFrame, list[str]]:
    matrix, names = stratified_matrix(frame, more)
    columns = [f"x_{name}" for name in names]
    return frame.hstack([pl.Series(name, matrix[:, j]) for j, name in enumerate(columns)]), columns


def _row(claim: str, outcome: str, model: str, analysis: Analysis) -> Estimate:
    return Estimate(
        claim=claim, contrast="answered_vs_not", outcome=outcome, model=model, scale="log_hr",
        time_days=analysis.horizon_days,
    )  # fmt: skip
