"""All checks of the claims on what replies do."""

from __future__ import annotations

from collections.abc import Iterator

from complaintlab.models.exposures import Exposure
from complaintlab.models.reply_effects.rows import Row, numbers, row
from complaintlab.models.robustness.choices import specifications
from complaintlab.models.robustness.confounding import strengths
from complaintlab.models.robustness.replies import (
    Estimated,
    ReplyClock,
    negative_control,
    without_companies,
)
from complaintlab.models.robustness.rows import (
    HOSTILE_BEFORE,
    NEGATIVE_CONTROL,
    Primary,
    specification_row,
    strength_rows,
    variant_of,
    without_row,
)
from complaintlab.params import Robustness

CONTROLLED = ("first_reply", "second_reply")
"""Clocks whose replies are not chosen by what the critic said before them."""


def of_reply(
    clock: ReplyClock, exposure: Exposure, primary: Primary, robustness: Robustness, seed: int
) -> tuple[list[Row], list[Row], list[Row]]:
    """Rows of estimates, specifications and strengths of one claim on the reply clock."""
    made = clock.estimated(exposure, clock.primary)
    if isinstance(made, str):
        return [], [], []
    estimates = list(_without(primary, made, seed))
    if exposure.clock in CONTROLLED:
        estimates.append(_control(clock, exposure, primary, seed))
    curve = list(_curve(clock, exposure, primary, robustness.specifications, seed))
    return estimates, curve, _strengths(primary, made)


def _without(primary: Primary, made: Estimated, seed: int) -> Iterator[Row]:
    for name, found, clusters, n in without_companies(made):
        yield without_row(primary, name, found.estimate, found, n, clusters, seed)


def _strengths(primary: Primary, made: Estimated) -> list[Row]:
    kept = made.found.kept
    found = strengths(
        made.case.X[kept], made.case.names, made.company[kept], made.case.exposed[kept], made.y[kept]
    )
    return strength_rows(primary["claim"], found)


def _control(clock: ReplyClock, exposure: Exposure, primary: Primary, seed: int) -> Row:
    key = variant_of(
        primary, NEGATIVE_CONTROL, seed, outcome=HOSTILE_BEFORE, scale="rd", contrast=exposure.within_groups
    )
    made = negative_control(clock, exposure)
    if isinstance(made, str):
        return row(key, reason=made)
    found = made.contrast()
    return row(
        key, **numbers(found.effect), n=found.n, n_exposed=found.n_exposed, events=found.events,
        events_exposed=found.events_exposed, clusters=found.clusters, ess=found.ess,
        converged=found.converged,
    )  # fmt: skip


def _curve(clock: ReplyClock, exposure: Exposure, primary: Primary, most: int, seed: int) -> Iterator[Row]:
    chosen = specifications(clock.primary, clock.open_to(exposure), most, seed)
    for number, spec in enumerate(chosen):
        made = clock.estimated(exposure, spec)
        if isinstance(made, str):
            yield specification_row(primary, number, spec, made, 0, 0)
            continue
        found = made.contrast()
        yield specification_row(primary, number, spec, found.effect, found.n, found.events)
