"""Sentences that the report makes from numbers: the abstract and the limits."""

from __future__ import annotations

from typing import Any

import polars as pl

from complaintlab.params import Analysis, VerdictRule
from complaintlab.report.cells import cell
from complaintlab.report.measurement import read_differently
from complaintlab.verdicts.certainty import FEW_COMPANIES, MODEL_CODED, effective_companies
from complaintlab.verdicts.wording import interval, marked

ANSWERED = ("supported", "contradicted", "no meaningful effect", "inconclusive")
QUESTION = (
    "When somebody complains about a company in public, which of the advice that practitioners give on "
    "speed, tone, substance and deletion holds?"
)
DESIGN = (
    "Observational emulation: each question is a target trial or a contrast of first replies, with one "
    "primary estimand. Outcomes are publicly shown statements within {days:g} days. Decisions are "
    "Holm-adjusted within families."
)
CAUTION = (
    "Nothing here was randomised. Silence is not counted as dissatisfaction, and what happened in private is "
    "not seen."
)
STRANGE = 3.0
"""So many times as many unknown words as usual are another kind of text."""


def abstract(
    verdicts: pl.DataFrame,
    source: dict[str, Any],
    complaints: pl.DataFrame,
    analysis: Analysis,
    minimum: int,
) -> list[dict[str, str]]:
    """Question, data, design, findings and caution, a paragraph each."""
    paragraphs = {
        "Question": QUESTION,
        "Data": _data(source, complaints, minimum),
        "Design": DESIGN.format(days=analysis.horizon_days),
        "Findings": _findings(verdicts),
        "Caution": CAUTION,
    }
    return [{"head": head, "text": text} for head, text in paragraphs.items()]


def _data(source: dict[str, Any], complaints: pl.DataFrame, minimum: int) -> str:
    kind = "A simulated world whose true effects are known" if source["simulated"] else "Public threads"
    period = ""
    if source["first_at"] and source["last_at"]:
        first, last = source["first_at"], source["last_at"]
        period = f", {first.day} {first:%B %Y} to {last.day} {last:%B %Y}"
    critics, companies = complaints["author_id"].n_unique(), complaints["company"].n_unique()
    size = f"{cell(complaints.height, minimum)} complaint episodes of {cell(critics, minimum)} critics"
    whom = "1 company" if companies == 1 else f"{companies} companies"
    return f"{kind} (source “{source['source']}”){period}: {size} to {whom}."


def _findings(verdicts: pl.DataFrame) -> str:
    rows = verdicts.with_columns(pl.col("verdict").cast(pl.String)).to_dicts()
    counts = [(name, sum(row["verdict"] == name for row in rows)) for name in ANSWERED]
    tested = sum(n for _, n in counts)
    if not tested:
        return f"No claim was answered: {_unanswered(rows)}."
    listed = ", ".join(f"{n} {name}" for name, n in counts if n)
    head = f"Of {len(rows)} claims {tested} were tested: {listed}."
    head = f"{head} {_unanswered(rows)}." if tested < len(rows) else head
    firm = [_firm(row) for row in rows if row["verdict"] in ANSWERED[:3]]
    return f"{head} In points (× a ratio): {'; '.join(firm)}." if firm else head


def _unanswered(rows: list[dict[str, Any]]) -> str:
    unbuilt, untestable = (
        sum(row["verdict"] == name for row in rows) for name in ("not estimated yet", "not testable here")
    )
    parts = [
        f"{_claims(unbuilt)} no estimator in this version" if unbuilt else "",
        f"{untestable} could not be tested with this source" if untestable else "",
    ]
    return "; ".join(part for part in parts if part)


def _claims(n: int) -> str:
    return "1 claim has" if n == 1 else f"{n} claims have"


def _firm(row: dict[str, Any]) -> str:
    limits_ = interval(row["lower"], row["upper"], row["scale"])
    return f"{row['claim']} {row['verdict']} ({marked(row['estimate'], row['scale'])}, {limits_})"


def limits(
    source: dict[str, Any],
    complaints: pl.DataFrame,
    quality: pl.DataFrame,
    drift: pl.DataFrame,
    corrected: int,
    rule: VerdictRule,
) -> list[dict[str, str]]:
    """Limits of the study, the likely largest bias first, each with its direction.

    Args:
        source: the one row of the table of this name.
        complaints: episodes of complaints.
        quality, drift: the tables of these names.
        corrected: how many claims' estimates are corrected for errors of the labels.
        rule: the rule of the verdicts.
    """
    told = (
        f"{corrected} estimates are corrected by codes, the others not" if corrected else "none is corrected"
    )
    coders = "language models, not people" if quality["corpus"].str.contains(MODEL_CODED).any() else "coders"
    companies = effective_companies(complaints)
    uneven = read_differently(quality)
    listed = [
        (
            "Only answered threads",
            "unknown",
            "The source was selected on the answer: whether to answer cannot be studied in it.",
            source["selected_on_reply"],
        ),
        (
            "Unmeasured causes of replying",
            "either way",
            "Companies choose whom to answer and how; what they saw and the measures did not stays in the "
            "estimates. The E-values say how strong it would have to be.",
            True,
        ),
        (
            "Incomplete threads",
            "shares too high; contrasts unclear",
            "Threads are followed only to their last seen post: silent critics leave early, so the shares of "
            "answered complaints and of outcomes are too high.",
            not source["threads_complete"],
        ),
        (
            "Errors of the measures",
            "towards no effect, unless they differ between arms",
            f"Acts and stances are measured with errors that were judged against {coders}; {told}."
            + (f" They differ between the arms: {', '.join(uneven)}." if uneven else "")
            + _strange(drift),
            True,
        ),
        (
            "Outcomes in private",
            "against replies that invite elsewhere",
            "Who is called into a private channel may be satisfied there without saying so in public.",
            True,
        ),
        (
            "Silence",
            "towards no effect",
            "Critics who never write again count as not having shown anything.",
            True,
        ),
        (
            "One company",
            "none; it may be unlike others",
            "All that is said here is said of this one company."
            + (
                f" A claim is answered only where {rule.companies_both_arms} companies have both arms "
                "(verdicts.companies_both_arms)."
                if rule.companies_both_arms > 1
                else ""
            ),
            complaints["company"].n_unique() == 1,
        ),
        (
            "Few companies",
            "none; intervals are wide",
            f"They count as {companies:.1f} of equal size. With so few, estimates are averages over "
            "companies (random effects); where fewer than 5 have both arms, they hold for these only.",
            companies < FEW_COMPANIES and complaints["company"].n_unique() > 1,
        ),
    ]
    return [{"head": head, "direction": way, "text": text} for head, way, text, holds in listed if holds]


def _strange(drift: pl.DataFrame) -> str:
    """What to say of texts unlike those that the measures learned from; empty where they are alike."""
    unseen = drift.filter(pl.col("statistic").cast(pl.String) == "unseen_words", pl.col("label") == "all")
    far = unseen.filter(pl.col("value") > STRANGE * pl.col("reference")).sort("value", descending=True)
    if far.is_empty():
        return ""
    value, usual = far.select("value", "reference").row(0)
    return (
        f" The texts here are of another kind than those that the measures learned from ({value:.0%} of "
        f"words are new to them, usually {usual:.0%}): have people code a sample (complaintlab gold draw) "
        "before you believe a label."
    )
