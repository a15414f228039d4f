"""Tables of the pipeline as the rows that the report prints: strings, ready to be set."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from complaintlab.claims import Claim, Claims
from complaintlab.freeze import Deviations
from complaintlab.report.cells import cell, linked_cells
from complaintlab.tables.estimates import VERDICTS
from complaintlab.verdicts.wording import interval, magnitude, marked, probability, quantity

Row = dict[str, Any]
NOTHING = "–"
QUOTED = r"(?s)(^|\s)(?:'.*'(\s|[.,;:]|$)|\"[^\"]*\"|“[^”]*”)"
PLACE = r"\b(row|line|lines|column|char|has|header|to) \d+"
"""A place or count in the input file, which would make every reason its own."""
WHOLE = re.compile(r"(?<=\d)\.0\b(?!\.)")
"""The decimals of a whole number."""


def verdict_rows(verdicts: pl.DataFrame, claims: Claims) -> list[Row]:
    """The verdict table, in the order of claims.yaml."""
    found = {row["claim"]: row for row in verdicts.iter_rows(named=True)}
    return [
        _verdict_row(found[claim.id])
        | {
            "id": claim.id,
            "claim": claim.claim,
            "from": claim.source,
            "family": claim.family,
            "prior": claim.prior,
            "cited": cited(claim.prior),
            "estimand": _estimand(claim),
            "comparison": claim.comparison,
            "clock": claim.clock,
            "estimator": claim.estimator,
            "sesoi": _sesoi(claim.scale, claim.sesoi),
            "expected": "+" if claim.expected > 0 else "−",
        }
        for claim in claims.claims
        if claim.id in found
    ]


def cited(prior: str) -> str:
    """The citations of a sentence on prior evidence, in their order."""
    groups = re.findall(r"\(([^()]*\d{4})\)", prior)
    return "; ".join(dict.fromkeys(citation for group in groups for citation in group.split("; "))) or NOTHING


def _verdict_row(row: Row) -> Row:
    estimated = row["estimate"] is not None
    scale = row["scale"]
    return {
        "verdict": row["verdict"],
        "certainty": row["certainty"],
        "lowered_by": "; ".join(row["lowered_by"]),
        "reason": row["reason"],
        "sentence": row["sentence"],
        "estimate": marked(row["estimate"], scale) if estimated else NOTHING,
        "interval": interval(row["lower"], row["upper"], scale) if estimated else NOTHING,
        "p": probability(row["p_adjusted"]) if estimated else NOTHING,
        "n": f"{row['n']:,}".replace(",", " ") if estimated else NOTHING,
        "detectable": magnitude(row["detectable"], scale) if estimated else NOTHING,
        "e_value": _ratio(row["e_value"]),
        "e_limit": _ratio(row["e_limit"]),
        "truth": NOTHING if row["truth"] is None else marked(row["truth"], scale),
        "confirmatory": row["confirmatory"],
    }


def verdict_counts(verdicts: pl.DataFrame) -> list[Row]:
    """How many claims got which verdict, those that occur."""
    given = verdicts["verdict"].cast(pl.String).to_list()
    return [{"verdict": name, "n": given.count(name)} for name in VERDICTS if name in given]


def flow_rows(flow: pl.DataFrame, minimum: int) -> tuple[list[Row], list[Row]]:
    """Steps from posts to episodes with their losses, and what is set apart but not lost."""
    ordered = flow.sort("step")
    apart = pl.col("reason").fill_null("") == "set apart, not lost"
    chain, aside = ordered.filter(~apart), ordered.filter(apart)
    apart_of_episodes = _complements(chain, aside)
    every = [*chain["n"].to_list(), *chain["lost"].to_list(), *aside["n"].to_list(), *apart_of_episodes]
    counts = linked_cells(every, minimum)
    largest = int(chain["n"].to_numpy().max()) if chain.height else 1
    steps = [
        {
            "name": row["name"],
            "unit": row["unit"],
            "n": counts[k],
            "share": round(row["n"] / max(1, largest), 2),  # a bar as long as the exact count would tell it
            "lost": counts[chain.height + k] if row["lost"] else "",
            "reason": (row["reason"] or "") if row["lost"] else "",
        }
        for k, row in enumerate(chain.iter_rows(named=True))
    ]
    others = [
        {"name": row["name"], "unit": row["unit"], "n": counts[2 * chain.height + k]}
        for k, row in enumerate(aside.iter_rows(named=True))
    ]
    return steps, others


def _complements(chain: pl.DataFrame, aside: pl.DataFrame) -> list[int]:
    """Those of a unit that are not set apart: to be had by subtraction from the last step of that unit."""
    totals = dict(chain.select("unit", "n").iter_rows())
    return [max(0, totals[unit] - n) for unit, n in aside.select("unit", "n").iter_rows() if unit in totals]


def quarantine_rows(quarantine: pl.DataFrame) -> list[Row]:
    """Input rows that did not fit, by reason; quoted values and places in the file are masked."""
    masked = quarantine.with_columns(
        pl.col("reason").str.replace_all(QUOTED, "${1}…${2}").str.replace_all(PLACE, "${1} #")
    )
    counted = masked.group_by("column", "reason").len().sort("len", "reason", descending=[True, False])
    return [
        {"column": row["column"] or NOTHING, "reason": row["reason"], "n": cell(row["len"], 0)}
        for row in counted.head(12).iter_rows(named=True)
    ]


def reply_type_rows(types: pl.DataFrame, minimum: int) -> list[Row]:
    """Reply families, the largest first; the small ones without words."""
    rows = types.filter(pl.col("type_id") >= 0).sort("share", "type_id", descending=[True, False])
    return [
        {
            "name": row["name"],
            "n": cell(row["n"], minimum),
            "share": f"{row['share']:.0%}",
            "stability": _two(row["stability"]),
            "companies": str(row["n_companies"]),
            "exemplar": _exemplar(row, minimum),
        }
        for row in rows.iter_rows(named=True)
    ]


def _exemplar(row: dict[str, Any], minimum: int) -> str:
    """The words that most replies of a family share; an answer written for one person shares none."""
    if row["n"] < minimum:
        return "too few to show"
    if not row["exemplars"]:
        return f"no phrase stands in {minimum} threads" if minimum else "no phrase recurs"
    return f"… {row['exemplars'][0]} …"


def weight_rows(weights: pl.DataFrame, minimum: int, ess_per_arm: float) -> list[Row]:
    """How the weights of each arm lie, and how often its critics were heard or went private.

    Below the rule's effective sample size per arm the weights themselves are not printed.
    """
    return [
        {
            "contrast": _plain(row["contrast"]),
            "arm": row["arm"],
            "n": cell(row["n"], minimum),
            "ess": f"{row['ess']:.0f}",
            **{
                name: _two(row[name]) if row["ess"] >= ess_per_arm else NOTHING
                for name in ("mean", "p99", "largest")
            },
            "heard": _percent(row["heard"]),
            "private": _percent(row["private"]),
        }
        for row in weights.sort("contrast", "arm").iter_rows(named=True)
    ]


def deviation_rows(found: Deviations, claims: Claims) -> list[Row]:
    """Every difference from the frozen plan, and whom it makes exploratory."""
    return [
        {"text": WHOLE.sub("", item.text), "claims": _concerned(item.claims, claims)}
        for item in found.differences
    ]


def _concerned(affected: frozenset[str], claims: Claims) -> str:
    if affected >= {claim.id for claim in claims.claims}:
        return "all"
    return ", ".join(sorted(affected, key=_natural)) or "none (wording only)"


def _natural(claim: str) -> tuple[str, int, str]:
    """N2 before N10."""
    letters = claim.rstrip("0123456789")
    return letters, int(claim[len(letters) :] or 0), claim


def _estimand(claim: Claim) -> str:
    return f"{quantity(claim).split(' (')[0]} within {claim.time_days:g}\u00a0d"


def _sesoi(scale: str, sesoi: float) -> str:
    return f"×{sesoi:.2f}" if scale == "ratio" else f"{100 * sesoi:g}\u00a0pts"


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _two(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0%}"


def _plain(contrast: str) -> str:
    return contrast.replace("_vs_", " vs ").replace("_", " ")
