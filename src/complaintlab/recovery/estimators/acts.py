"""The contrasts of ``models/exposures.py`` by the stage's own functions, and the raw shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from complaintlab.models.causal.inference import codes
from complaintlab.models.exposures import EXPOSURES, Clock
from complaintlab.models.reply_effects import populations
from complaintlab.models.reply_effects.answers import answers
from complaintlab.models.reply_effects.followup import COUNTS, at_risk, seen_by
from complaintlab.models.reply_effects.population import Answered
from complaintlab.params import Inference
from complaintlab.recovery.contract import Finding
from complaintlab.recovery.estimators.settings import ANALYSIS
from complaintlab.recovery.estimators.shares import shares
from complaintlab.recovery.worlds.acts import Tables

INFERENCE = Inference(resamples=10, seed=1, folds=5)
FLOOR = 0.01


def stage(made: Tables, *, claims: Sequence[str]) -> Iterator[Finding]:
    """The primary row of each claim."""
    clocks = populations(*made, ANALYSIS)
    for claim in claims:
        exposure = EXPOSURES[claim]
        rows = answers(clocks[exposure.clock], exposure, ANALYSIS, INFERENCE, FLOOR).estimates
        found = next(row for row in rows if row["variant"] == "primary")
        numbers = {name: found.get(name) for name in ("estimate", "se", "lower", "upper", "p", "df")}
        yield Finding(claim, **numbers, reason=found.get("reason"))  # type: ignore[arg-type]


def raw(made: Tables, *, claims: Sequence[str]) -> Iterator[Finding]:
    """Naive: shares of the two arms as they are."""
    clocks = populations(*made, ANALYSIS)
    for claim in claims:
        yield _raw(clocks, claim)


def _raw(clocks: dict[Clock, Answered], claim: str) -> Finding:
    exposure = EXPOSURES[claim]
    days = 23.0 if exposure.clock == "landmark" else 7.0
    assert exposure.outcome not in COUNTS
    case = at_risk(clocks[exposure.clock], exposure, exposure.outcome, days)
    event, _ = seen_by(case, days)
    return shares(claim, event > 0, case.exposed, codes(case.answered.episodes["author_id"]))
