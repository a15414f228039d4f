"""All that the report draws and prints, gathered from the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from complaintlab.claims import Claims
from complaintlab.freeze import Deviations, Plan, deviations, gold_digest, measures_version
from complaintlab.params import (
    Analysis,
    Cluster,
    Collect,
    Embed,
    Inference,
    LabelErrors,
    ReplyEffects,
    Robustness,
    Section,
    Study,
    Trials,
    VerdictRule,
    World,
)
from complaintlab.report import results
from complaintlab.report.associations import associations
from complaintlab.report.counts import count_rows
from complaintlab.report.figures import (
    checks,
    course,
    effects,
    forest,
    judged,
    labels,
    measures,
    people,
    plan,
    robust,
    texts,
    what_if,
)
from complaintlab.report.labels import label_grid_rows
from complaintlab.report.measurement import measurement
from complaintlab.report.narrative import abstract, limits
from complaintlab.report.provenance import provenance
from complaintlab.report.robustness import named_companies, robustness_rows
from complaintlab.report.style import Picture
from complaintlab.tables import TABLES

FOLLOWED = "Threads are followed only to their last seen post, so these shares are too high."
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CARRIES = {
    "selected_on_reply": "holds only threads that were answered",
    "threads_complete": "holds whole threads",
    "prospective": "saw posts soon after they were posted",
    "deletions_attributed": "tells who deleted a post",
    "engagement_timestamped": "dates its counts of likes",
}


class Tables(NamedTuple):
    """The pipeline's tables under their names; ``source`` is one row, verdicts as the claims."""

    verdicts: pl.DataFrame
    source: dict[str, Any]
    flow: pl.DataFrame
    quarantine: pl.DataFrame
    complaints: pl.DataFrame
    measures: pl.DataFrame
    quality: pl.DataFrame
    confusion: pl.DataFrame
    calibration: pl.DataFrame
    learning: pl.DataFrame
    drift: pl.DataFrame
    reply_types: pl.DataFrame
    reply_members: pl.DataFrame
    curves_incidence: pl.DataFrame
    curves_trials: pl.DataFrame
    answered: pl.DataFrame
    estimates: pl.DataFrame
    agents: pl.DataFrame
    what_if: pl.DataFrame
    balance: pl.DataFrame
    weights: pl.DataFrame
    positivity: pl.DataFrame
    robustness: pl.DataFrame
    specifications: pl.DataFrame
    strengths: pl.DataFrame
    tipping: pl.DataFrame


class Settings(NamedTuple):
    """The sections of params.yaml."""

    study: Study
    collect: Collect
    world: World
    embed: Embed
    cluster: Cluster
    analysis: Analysis
    inference: Inference
    trials: Trials
    reply_effects: ReplyEffects
    rule: VerdictRule
    label_error: LabelErrors
    robustness: Robustness

    @property
    def planned(self) -> tuple[Section, ...]:
        """The sections that plan.lock holds."""
        return (
            self.analysis, self.inference, self.trials, self.reply_effects, self.label_error,
            self.robustness, self.rule,
        )  # fmt: skip


def pictures(tables: Tables, minimum_cell: int, horizon_days: float) -> dict[str, Picture]:
    """The figures for which there is something to draw, by name."""
    large_enough = _large_enough(tables.curves_incidence, tables.complaints, minimum_cell)
    large_and_whole = (pl.col("subgroup") == "all") & (pl.col("support") >= minimum_cell)
    drawn = {
        "diagram": plan.causal_diagram(),
        "quality": texts.quality(tables.quality.filter(large_and_whole)),
        "confusion": measures.confusion(tables.confusion, minimum_cell),
        "calibration": measures.calibration(tables.calibration, minimum_cell),
        "arms": judged.by_arm(tables.quality, minimum_cell),
        "companies": judged.by_company(tables.quality, minimum_cell),
        "learning": measures.learning(tables.learning),
        "replies": texts.reply_map(tables.reply_types, tables.reply_members),
        "delays": course.reply_delays(large_enough),
        "answered": effects.who_is_answered(tables.answered),
        "outcomes": course.outcomes(tables.curves_incidence, horizon_days),
        "strategies": course.strategies(tables.curves_trials),
        "what_if": what_if.what_if_curves(tables.what_if),
        "stance": people.stance_after_a_week(tables.answered, minimum_cell),
        "agents": people.agents_apart(tables.agents, tables.answered, minimum_cell),
        "forest": forest.claims_forest(tables.verdicts, tables.estimates),
        "labels": labels.labels_forest(tables.verdicts),
        "balance": checks.love_plot(tables.balance),
        "positivity": checks.positivity(tables.positivity, minimum_cell),
        "specifications": robust.specification_curves(tables.verdicts, tables.specifications),
        "without_one": robust.without_one(
            tables.verdicts, tables.robustness, named_companies(tables.complaints, minimum_cell)
        ),
        "nothing": robust.must_find_nothing(tables.verdicts, tables.robustness),
    }
    found = {name: picture for name, picture in drawn.items() if picture is not None}
    if not tables.source["threads_complete"]:
        found |= {name: _too_high(found[name]) for name in ("delays", "outcomes") if name in found}
    return found


def content(
    tables: Tables, drawn: Mapping[str, Picture], claims: Claims, settings: Settings, root: Path
) -> dict[str, Any]:
    """What the template prints; its keys are the template's names."""
    minimum = settings.study.minimum_cell
    measures, gold = measures_version(tables.measures), gold_digest(root)
    found = deviations(root, Plan.of(claims, settings.planned, measures, gold))
    steps, aside = results.flow_rows(tables.flow, minimum)
    return {
        **_settings(settings),
        **_claims(tables.verdicts, claims),
        "simulated": tables.source["simulated"],
        "abstract": abstract(tables.verdicts, tables.source, tables.complaints, settings.analysis, minimum),
        "plan": _plan(found, claims),
        "carries": [{"what": what, "holds": bool(tables.source[key])} for key, what in CARRIES.items()],
        "flow": steps,
        "aside": aside,
        "quarantine": results.quarantine_rows(tables.quarantine),
        "measurement": measurement(tables.quality, tables.drift, tables.measures, minimum),
        "reply_types": results.reply_type_rows(tables.reply_types, minimum),
        "count_claims": count_rows(tables.estimates, claims),
        "associations": associations(tables.answered),
        "label_grid": label_grid_rows(tables.verdicts, tables.estimates),
        "weights": results.weight_rows(tables.weights, minimum, settings.rule.ess_per_arm),
        "robustness": robustness_rows(
            tables.verdicts,
            tables.specifications,
            tables.robustness,
            tables.strengths,
            tables.tipping,
            minimum,
        ),
        "limits": limits(
            tables.source,
            tables.complaints,
            tables.quality,
            tables.drift,
            tables.verdicts["measured_estimate"].count(),
            settings.rule,
        ),
        "provenance": provenance(root, settings, tables.source),
        "figures": {name: {"takeaway": one.takeaway, "alt": one.alt} for name, one in drawn.items()},
    }


def source_row(source: pl.DataFrame) -> dict[str, Any]:
    """The source's row; of an empty table one that promises nothing."""
    if source.height:
        return source.row(0, named=True)
    nothing: dict[str, Any] = dict.fromkeys(TABLES["source"].columns(), False)
    unknown = {"source": "none", "crawl_id": "none", "as_of": EPOCH, "first_at": None, "last_at": None}
    return nothing | unknown | {"fingerprint": "none"}


def _settings(settings: Settings) -> dict[str, Any]:
    study = settings.study.model_dump(mode="json") | {"source": settings.collect.source}
    printed = (settings.analysis, settings.trials, settings.inference)
    checking = settings.robustness.model_dump(mode="json")
    return {"study": study, "ess_per_arm": settings.rule.ess_per_arm, "checking": checking} | {
        section.key: section.model_dump(mode="json") for section in printed
    }


def _claims(verdicts: pl.DataFrame, claims: Claims) -> dict[str, Any]:
    references = sorted(claims.references.items(), key=lambda item: item[0].lower())
    return {
        "verdicts": results.verdict_rows(verdicts, claims),
        "counts": results.verdict_counts(verdicts),
        "sources": [{"letter": letter, "title": title} for letter, title in sorted(claims.sources.items())],
        "references": [{"cited": cited, "doi": doi} for cited, doi in references],
    }


def _plan(found: Deviations, claims: Claims) -> dict[str, Any]:
    rows = results.deviation_rows(found, claims)
    return {"frozen_at": found.frozen_at, "digest": found.digest, "deviations": rows}


def _too_high(picture: Picture) -> Picture:
    return replace(picture, takeaway=f"{picture.takeaway} {FOLLOWED}", alt=f"{picture.alt} {FOLLOWED}")


def _large_enough(curves: pl.DataFrame, complaints: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Curves of all, and of companies with at least the minimum cell of critics."""
    critics = complaints.group_by("company").agg(pl.col("author_id").n_unique().alias("critics"))
    shown = critics.filter(pl.col("critics") >= minimum)["company"].to_list()
    return curves.filter((pl.col("figure") != "reply") | pl.col("curve").is_in(["all", *shown]))
