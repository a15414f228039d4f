"""All cells of the recovery suite; a new one is a world, its truth and its estimators, a function each."""

from __future__ import annotations

from functools import partial
from math import log

from complaintlab.errors import UserError
from complaintlab.recovery.contract import AnyCell, Cell, Estimand, Estimator
from complaintlab.recovery.estimators import acts, deleted, ends, hazards, pipeline, replies, timing
from complaintlab.recovery.sesoi import estimands
from complaintlab.recovery.truths import nothing
from complaintlab.recovery.worlds import acts as acts_world
from complaintlab.recovery.worlds import deleted as deleted_world
from complaintlab.recovery.worlds import ends as ends_world
from complaintlab.recovery.worlds import hazards as hazards_world
from complaintlab.recovery.worlds import readings, silence, spread
from complaintlab.recovery.worlds import replies as replies_world
from complaintlab.recovery.worlds import timing as timing_world

ANSWERED = (Estimand("answered", "log_hr", log(1.25)),)
TURNED = (Estimand("turned", "risk", 0.02),)
N1 = estimands("N1")
TIMING = ("T1", "T2", "T3", "T4", "T5", "T6", "T7", "S5")
RISKS_OF_TIMING = ("T1", "T2", "S5")
ACTS = ("N3", "N6", "N7", "N8", "N10", "S3", "S4", "S6", "P1")
TOLD_APART = ("N6", "N10", "S3", "S4", "P1")
DELETION = ("D1", "D3")
WHOLE_WAY = ("T1", "T2", "T5", "T6", "S5", "N1", "S1", "S2", "N9")
FIVE = (0.7, 0.075, 0.075, 0.075, 0.075)
RESAMPLES, IMPUTATIONS = 200, 20

AIPW = Estimator("augmented weighting", replies.augmented)
RAW = Estimator("raw shares", replies.raw, naive=True)
COX = Estimator("Cox", hazards.time_dependent)
IMMORTAL = Estimator("ever answered", hazards.ever_answered, naive=True)
UNADJUSTED = Estimator("Cox unadjusted", partial(hazards.time_dependent, adjusted=()), naive=True)
EMULATED = Estimator("clone-censor-weight", partial(timing.one_contrast, claim="T1", resamples=RESAMPLES))
RAW_T1 = Estimator("raw shares", partial(timing.raw, claims=("T1",)), naive=True)

COX_CELLS: tuple[AnyCell, ...] = (
    Cell(
        "hazard/late to the hostile", "The hostile are answered late and escalate more",
        partial(hazards_world.simulate, 900), hazards_world.truth, ANSWERED, (COX, IMMORTAL, UNADJUSTED),
    ),
    Cell(
        "hazard/outages", "Complaints come in bursts: slow replies, sooner escalation",
        partial(hazards_world.simulate, 900, outage=0.3), partial(hazards_world.truth, outage=0.3), ANSWERED,
        (
            Estimator("Cox", partial(hazards.time_dependent, adjusted=("hostility", "burst"))),
            Estimator("Cox without bursts", hazards.time_dependent, naive=True),
        ),
    ),
    Cell(
        "hazard/null", "Answering changes nothing; the hostile are answered late",
        partial(hazards_world.simulate, 900, effect=0.0), partial(nothing, "answered"), ANSWERED,
        (COX, IMMORTAL, UNADJUSTED), null=True,
    ),
    Cell(
        "incidence/deletion competes", "Authors delete their complaint; first looks come late",
        partial(ends_world.simulate, 600), ends_world.truth, TURNED,
        (
            Estimator("Aalen-Johansen", ends.aalen_johansen),
            Estimator("Kaplan-Meier", partial(ends.aalen_johansen, competing=False), naive=True),
            Estimator("share of those seen", ends.share_turned, naive=True),
        ),
    ),
)  # fmt: skip

REPLY_CELLS: tuple[AnyCell, ...] = (
    Cell(
        "reply/apologies to the calm", "The calm get apologies, and turn anyway",
        partial(replies_world.simulate, 1200), replies_world.truth, N1,
        (
            AIPW,
            Estimator("wrong outcome model", partial(replies.augmented, right="propensity")),
            Estimator("wrong propensity", partial(replies.augmented, right="outcome")),
            RAW,
        ),
    ),
    Cell(
        "reply/null", "An apology changes nothing; the calm get it",
        partial(replies_world.simulate, 1200, effect=0.0), partial(nothing, "N1"), N1, (AIPW, RAW), null=True,
    ),
    Cell(
        "reply/at +SESOI", "The effect is just three points",
        partial(replies_world.simulate_at, 4000, difference=0.03),
        partial(replies_world.truth_at, difference=0.03), N1, (AIPW, RAW),
    ),
    Cell(
        "reply/at -SESOI", "The effect is just minus three points",
        partial(replies_world.simulate_at, 4000, difference=-0.03),
        partial(replies_world.truth_at, difference=-0.03), N1, (AIPW, RAW),
    ),
    Cell(
        "reply/silence", "Whoever turns speaks, the rest the more the angrier",
        partial(silence.heard, 1200), replies_world.truth, N1,
        (
            Estimator("silence is no turn", replies.silent_as_no),
            Estimator("speakers only", replies.speakers_only, naive=True),
        ),
    ),
    Cell(
        "reply/lost when hostile", "The hostile are lost from sight",
        partial(replies_world.simulate, 1200, loss=1.0), replies_world.truth, N1,
        (
            Estimator("loss weighted", replies.loss_weighted),
            Estimator("those followed", partial(replies.loss_weighted, weighted=False), naive=True),
        ),
    ),
    *(
        Cell(
            f"reply/labels {wrong:.0%} wrong", "Thanks for an apology are read as a turn",
            partial(readings.readings, 1200, wrong=wrong), replies_world.truth, N1,
            (
                Estimator("corrected by gold", replies.corrected),
                Estimator("gold alone", replies.gold_alone),
                Estimator("as read", replies.as_read, naive=True),
            ),
        )
        for wrong in (0.1, 0.2)
    ),
    Cell(
        "reply/five companies", "Five companies, one of 70%, with effects of their own",
        partial(replies_world.simulate, 1500, between=0.4, shares=FIVE),
        partial(replies_world.truth, between=0.4), N1,
        (AIPW, Estimator("clustered by author", replies.by_companies_as_one, naive=True)),
        few_companies=True,
    ),
    Cell(
        "reply/outages", "In outages fewer apologies and fewer turns",
        partial(replies_world.simulate, 1200, outage=0.3), partial(replies_world.truth, outage=0.3), N1,
        (
            Estimator("augmented weighting", partial(replies.augmented, bursts=True)),
            Estimator("without bursts", replies.augmented, naive=True),
        ),
    ),
    Cell(
        "reply/heavy tails", "Most threads draw nobody, a few dozens",
        partial(spread.joined, 2000), spread.truth, estimands("N7"),
        (Estimator("ratio of means", replies.ratio), Estimator("raw ratio", replies.raw_ratio, naive=True)),
    ),
    Cell(
        "reply/all contrasts", "The hostile get other replies; every contrast of the reply clock",
        partial(acts_world.tables, 6000), acts_world.truth, estimands(*ACTS),
        (
            Estimator("stage reply_effects", partial(acts.stage, claims=ACTS)),
            Estimator("raw shares", partial(acts.raw, claims=TOLD_APART), naive=True),
        ),
        resolution="closed form, slow",
    ),
)  # fmt: skip

TIMING_CELLS: tuple[AnyCell, ...] = (
    Cell(
        "timing/late to the hostile", "The hostile are answered late, those who follow up sooner",
        partial(timing.complaints_and_praise, n=2000), timing_world.truth, estimands(*TIMING),
        (
            Estimator("stage trials", partial(timing.stage, claims=TIMING, resamples=RESAMPLES)),
            Estimator("raw shares", partial(timing.raw, claims=RISKS_OF_TIMING), naive=True),
        ),
        resolution="resampled",
    ),
    Cell(
        "timing/null", "Replies change nothing",
        partial(timing.complaints_and_praise, n=2000, effect=0.0), partial(nothing, *TIMING),
        estimands(*TIMING),
        (
            Estimator("stage trials", partial(timing.stage, claims=TIMING, resamples=RESAMPLES)),
            Estimator("raw shares", partial(timing.raw, claims=RISKS_OF_TIMING), naive=True),
        ),
        resolution="resampled", null=True,
    ),
    Cell(
        "timing/at -SESOI", "A reply within a day takes just two points off escalation",
        partial(timing.complaints, n=6000, effect=timing_world.AT_SESOI),
        partial(timing_world.truth, ("T1",), effect=timing_world.AT_SESOI), estimands("T1"),
        (EMULATED, RAW_T1), resolution="resampled",
    ),
    Cell(
        "timing/lost when hostile", "The hostile are lost from sight",
        partial(timing.complaints, n=2000, loss=0.5), partial(timing_world.truth, ("T1",)), estimands("T1"),
        (EMULATED, RAW_T1), resolution="resampled",
    ),
)  # fmt: skip

DELETION_CELLS: tuple[AnyCell, ...] = tuple(
    Cell(
        name, what, partial(deleted.looked_at_daily, n=2000, effect=effect), truth, estimands(*DELETION),
        (
            Estimator(
                "imputed", partial(deleted.imputed, imputations=IMPUTATIONS, resamples=RESAMPLES)
            ),
            Estimator("ever deleted", deleted.ever_deleted, naive=True),
        ),
        resolution="resampled",
    )
    for name, what, effect, truth in (
        ("deletion/of the hostile", "The hostile are deleted; escalation brings deletion", 1.0,
         deleted_world.truth),
        ("deletion/harmless", "Deletion changes nothing, escalation brings it", 0.0,
         partial(deleted_world.truth, effect=0.0)),
    )
)  # fmt: skip

PIPELINE_CELLS: tuple[AnyCell, ...] = (
    Cell(
        "pipeline/world", "The embedded public, from texts to verdicts",
        partial(pipeline.study, complaints=6000, resamples=RESAMPLES), partial(pipeline.truth, WHOLE_WAY),
        estimands(*WHOLE_WAY),
        (
            Estimator("all stages", partial(pipeline.primary, claims=WHOLE_WAY)),
            Estimator("naive rows", partial(pipeline.naive, claims=("T1", "T2", "N1", "S2")), naive=True),
        ),
        resolution="whole pipeline",
    ),
)  # fmt: skip

CELLS: tuple[AnyCell, ...] = (
    *COX_CELLS, *REPLY_CELLS, *TIMING_CELLS, *DELETION_CELLS, *PIPELINE_CELLS,
)  # fmt: skip


def cells(only: tuple[str, ...] = ()) -> tuple[AnyCell, ...]:
    """All cells, or those whose names begin with one of ``only``.

    Raises:
        UserError: no cell's name begins so.
    """
    for start in only:
        if not any(cell.name.startswith(start) for cell in CELLS):
            raise UserError(
                f"--only {start}: no cell is named so; there are: {', '.join(cell.name for cell in CELLS)}."
            )
    return tuple(cell for cell in CELLS if not only or cell.name.startswith(only))
