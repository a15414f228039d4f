"""Which estimate decides: the one corrected for errors of the labels, where there is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from complaintlab.claims import Claim
from complaintlab.models.trials.steps import STEPPED
from complaintlab.verdicts.testable import Primary, p_beside

STAGE = "label_error"
VARIANT = "corrected"
DECIDING = ("rd", "log_rr")
NOT_CORRECTED = "label errors not corrected"
NOT_CHECKED = "not checked: nothing could be estimated as measured"
"""Of a corrected estimate alone: controls, placebos and other specifications are made of the measured."""
NOT_TESTED = 1.0
"""p of a condition beside that was not tested: the claim cannot be supported."""


def with_corrected(claim: Claim, found: Primary | str, estimates: pl.DataFrame) -> Primary | str:
    """The claim's estimate with the corrected effect in place of the measured one, where that exists.

    Numbers of events, sizes and companies stay those of the estimate as measured, whose minimum the plan
    sets; the effective size is held to the same minimum by the stage. Where the measured could not be made at
    all, the codes may still have found enough; a second condition has to hold all the same, and one that
    could not be tested does not.
    """
    row = _of(claim, estimates, DECIDING)
    if row is None or row["estimate"] is None or not row["se"] or not row["converged"]:
        return found
    risk = _of(claim, estimates, ("risk",))
    row["reference_risk"] = None if risk is None else risk["estimate"]
    if isinstance(found, str):
        fields: dict[str, Any] = {name: row.get(name) for name in Primary.__dataclass_fields__}
        of_stage = estimates.filter(pl.col("stage") == claim.stage)
        beside = p_beside(claim, of_stage)
        fields["p_beside"] = NOT_TESTED if beside is None and claim.id == STEPPED else beside
        return Primary(**fields)
    effect = {name: row[name] for name in ("estimate", "se", "lower", "upper", "p", "df", "reference_risk")}
    return replace(found, **effect)


def why_not_corrected(claim: Claim, estimates: pl.DataFrame) -> str | None:
    """Why the claim's labels are not corrected, for :func:`certainty.lowered_by`; null where they are."""
    row = _of(claim, estimates, DECIDING)
    if row is not None and row["estimate"] is not None:
        return None
    return NOT_CORRECTED if row is None or row["reason"] is None else f"{NOT_CORRECTED}: {row['reason']}"


def _of(claim: Claim, estimates: pl.DataFrame, scales: tuple[str, ...]) -> dict[str, Any] | None:
    rows = estimates.filter(
        pl.col("stage") == STAGE,
        pl.col("claim") == claim.id,
        pl.col("contrast") == claim.contrast,
        pl.col("outcome") == claim.outcome,
        pl.col("variant") == VARIANT,
        pl.col("subgroup") == "all",
        pl.col("time_days") == claim.time_days,
        pl.col("scale").is_in(scales),
    )
    return rows.row(0, named=True) if rows.height else None
