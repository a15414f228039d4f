"""The recovery table: what the records say of each estimator in each cell, beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from complaintlab.recovery.contract import AnyCell, Estimand, Estimator, Finding, Truth
from complaintlab.recovery.records import Record
from complaintlab.recovery.rules import (
    ALPHA,
    biased,
    bonferroni,
    exact_interval,
    miscovering,
    too_often_false,
)
from complaintlab.recovery.schedule import worlds
from complaintlab.verdicts.rule import holm, p_equivalence, p_zero

FAMILY = "any of them (Holm)"
"""Estimand of the row that counts the worlds of a null cell in which any claim gets a false verdict."""
CERTAIN = 0.95
"""An effect of this share of the SESOI counts as one: a truth at the SESOI is known up to its error."""


@dataclass(frozen=True)
class Row:
    """One estimator and estimand in one cell; shares are of the ``estimated`` worlds.

    ``asked``: worlds that the plan asks for; ``truth_mcse``, ``bias_mcse``: Monte-Carlo errors;
    ``empirical_se``: scatter of the estimates, ``mean_se`` what they say of it; ``covered``: intervals that
    hold the truth, with the share's exact interval; ``power``: tests of zero that reject on the true side,
    ``sign_errors`` on the other; ``false_verdicts``: verdicts that the truth contradicts; ``seconds``: of
    CPU per world, simulation included; ``fails``: the rules that are broken, joined by ``|``; ``code``: key
    of the code that made the records.
    """

    cell: str
    what: str
    estimator: str
    naive: bool
    estimand: str
    scale: str
    sesoi: float | None
    resolution: str
    few_companies: bool
    worlds: int
    asked: int
    estimated: int
    truth: float | None = None
    truth_mcse: float | None = None
    bias: float | None = None
    bias_mcse: float | None = None
    empirical_se: float | None = None
    mean_se: float | None = None
    covered: int | None = None
    coverage: float | None = None
    coverage_lower: float | None = None
    coverage_upper: float | None = None
    power: float | None = None
    sign_errors: float | None = None
    wrong: int | None = None
    false_verdicts: float | None = None
    false_lower: float | None = None
    false_upper: float | None = None
    seconds: float = 0.0
    fails: str = ""
    code: str = ""


SCHEMA: dict[str, type[pl.DataType]] = {
    name: {"str": pl.String, "bool": pl.Boolean, "int": pl.Int64}.get(kind.split(" |")[0], pl.Float64)
    for name, kind in Row.__annotations__.items()
}


def rows_of(
    cell: AnyCell,
    estimator: Estimator[object],
    truth: Mapping[str, Truth],
    records: Sequence[Record],
    key: str,
) -> Iterator[Row]:
    """A row per estimand that the estimator speaks of, and in a null cell of several one for all together."""
    told = {finding.estimand for record in records for finding in record.findings}
    about = Row(
        cell=cell.name, what=cell.what, estimator=estimator.name, naive=estimator.naive, estimand="",
        scale="", sesoi=None, resolution=cell.resolution, few_companies=cell.few_companies,
        worlds=len(records), asked=worlds("night", cell), estimated=0, code=key,
        seconds=float(np.median([record.seconds for record in records])),
    )  # fmt: skip
    asked = [estimand for estimand in cell.estimands if estimand.name in told]
    for estimand in asked:
        found = [
            one for record in records for one in record.findings
            if one.estimand == estimand.name and one.estimate is not None
        ]  # fmt: skip
        row = replace(
            about, estimand=estimand.name, scale=estimand.scale, sesoi=estimand.sesoi, estimated=len(found)
        )
        yield _summed(row, found, truth[estimand.name], estimand)
    if cell.null and len(asked) > 1:
        yield _family(replace(about, estimand=FAMILY, scale="share"), records)


def _summed(row: Row, found: Sequence[Finding], truth: Truth, estimand: Estimand) -> Row:
    known = replace(row, truth=truth.value, truth_mcse=truth.mc_se)
    if len(found) < 2:
        return known
    estimates = np.array([one.estimate for one in found], dtype=float)
    scatter = float(estimates.std(ddof=1))
    errors = np.array([np.nan if one.se is None else one.se for one in found])
    known = replace(
        known,
        bias=float(estimates.mean()) - truth.value,
        bias_mcse=float(np.hypot(scatter / np.sqrt(len(found)), truth.mc_se)),
        empirical_se=scatter,
        mean_se=float(np.nanmean(errors)) if np.isfinite(errors).any() else None,
    )
    with_interval = [one for one in found if one.lower is not None and one.upper is not None]
    if with_interval:
        held = [one for one in with_interval if _holds(one, truth.value)]
        known = replace(known, covered=len(held), coverage=len(held) / len(with_interval))
    return known if estimand.scale == "risk" else _judged(known, found, truth.value, estimand.sesoi)


def _holds(finding: Finding, truth: float) -> bool:
    assert finding.lower is not None
    assert finding.upper is not None
    return finding.lower <= truth <= finding.upper


def _judged(row: Row, found: Sequence[Finding], truth: float, sesoi: float) -> Row:
    """Power, errors of sign and false verdicts, each claim by itself."""
    signs = np.array([_verdict(one, sesoi) for one in found])
    true_sign = np.sign(truth)
    if true_sign == 0:
        wrong = np.isin(signs, (-1, 1))
        return replace(row, wrong=int(wrong.sum()), false_verdicts=float(wrong.mean()))
    wrong = signs == -true_sign
    if abs(truth) >= CERTAIN * sesoi:
        wrong |= signs == 0
    return replace(
        row,
        power=float(np.mean(signs == true_sign)),
        sign_errors=float(np.mean(signs == -true_sign)),
        wrong=int(wrong.sum()),
        false_verdicts=float(wrong.mean()),
    )


def _verdict(finding: Finding, sesoi: float) -> float:
    """0 no meaningful effect, ±1 an effect of that sign, NaN inconclusive; the plan's order, unadjusted."""
    if finding.estimate is None or not finding.se:
        return float("nan")
    if p_equivalence(finding.estimate, finding.se, finding.df, sesoi) < ALPHA:
        return 0.0
    return float(np.sign(finding.estimate)) if _p(finding) < ALPHA else float("nan")


def _p(finding: Finding) -> float:
    if finding.p is not None:
        return finding.p
    return p_zero(finding.estimate or 0.0, finding.se or 1.0, finding.df)


def _family(row: Row, records: Sequence[Record]) -> Row:
    rejected = [
        any(p < ALPHA for p in holm(tested, len(record.findings)).values())
        for record in records
        if (tested := {one.estimand: _p(one) for one in record.findings if one.estimate is not None})
    ]
    share = float(np.mean(rejected)) if rejected else None
    return replace(row, estimated=len(rejected), truth=0.0, wrong=int(sum(rejected)), false_verdicts=share)


def judged(rows: Sequence[Row]) -> list[Row]:
    """The rows with exact intervals, corrected for how many of our own there are, and what fails."""
    level = bonferroni(sum(not row.naive for row in rows))
    return [_with_rules(row, level) for row in rows]


def _with_rules(row: Row, level: float) -> Row:
    broken = []
    if row.bias is not None and row.bias_mcse is not None and row.truth is not None:
        scale = next(known for known in ("rd", "risk", "log_rr", "log_hr") if known == row.scale)
        if biased(row.bias, row.bias_mcse, row.truth, scale):
            broken.append("bias")
    if row.covered is not None and row.coverage is not None:
        n = round(row.covered / row.coverage) if row.coverage else row.estimated
        lower, upper = exact_interval(row.covered, n, level)
        row = replace(row, coverage_lower=lower, coverage_upper=upper)
        if miscovering((lower, upper), few_companies=row.few_companies):
            broken.append("coverage")
    if row.wrong is not None:
        interval = exact_interval(row.wrong, row.estimated, level)
        row = replace(row, false_lower=interval[0], false_upper=interval[1])
        if _must_not_be_missed(row) and too_often_false(interval):
            broken.append("false verdicts")
    return replace(row, fails="|".join(broken))


def _must_not_be_missed(row: Row) -> bool:
    """Whether the truth leaves no doubt of what a false verdict is: nothing, or an effect of interest."""
    if row.truth is None:
        return False
    return row.truth == 0 or (row.sesoi is not None and abs(row.truth) >= CERTAIN * row.sesoi)


def as_frame(rows: Sequence[Row]) -> pl.DataFrame:
    """The rows as a frame, numbers to six decimals."""
    frame = pl.DataFrame([vars(row) for row in rows], schema=SCHEMA)
    return frame.with_columns(pl.col(pl.Float64).round(6))


def merged(fresh: Sequence[Row], stored: Sequence[Row], order: Sequence[AnyCell]) -> list[Row]:
    """Fresh rows over stored ones, but for a stored row of the same code that rests on more worlds.

    Rows of cells or estimators that are no more are dropped; the order is that of the cells.
    """
    places = {
        (cell.name, estimator.name): (i, j)
        for i, cell in enumerate(order)
        for j, estimator in enumerate(cell.estimators)
    }
    names = {cell.name: [*(one.name for one in cell.estimands), FAMILY] for cell in order}
    kept = {_identity(row): row for row in stored if (row.cell, row.estimator) in places}
    for row in fresh:
        old = kept.get(_identity(row))
        if old is None or old.code != row.code or old.worlds <= row.worlds:
            kept[_identity(row)] = row

    def place(row: Row) -> tuple[int, int, int]:
        return (*places[row.cell, row.estimator], names[row.cell].index(row.estimand))

    return sorted((row for row in kept.values() if row.estimand in names[row.cell]), key=place)


def _identity(row: Row) -> tuple[str, str, str]:
    return row.cell, row.estimator, row.estimand
