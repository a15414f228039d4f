"""How well the measures agree with coded messages: quality, confusion, calibration, drift.

Every function takes ``judged``: the columns of ``measures`` beside the codes of the same messages: role,
coded_stance, complaint (Boolean), coded_hostility, coded_acts (null where a message was not coded for
that). Where they are there, these columns are used as well: sampling_probability (weights), author_id,
episode_id or thread_id (clusters of the bootstrap), company, hand and arm (subgroups), position (0: the
opener).
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from complaintlab.measure.quality.coders import coder_agreement
from complaintlab.measure.quality.committed import COMMITTED, committed
from complaintlab.measure.quality.context import ARMS, in_context, world_judged
from complaintlab.measure.quality.curves import calibration, confusion
from complaintlab.measure.quality.drift import drift, training_texts
from complaintlab.measure.quality.gold import CORPUS, gold_judged
from complaintlab.measure.quality.statistics import quality

__all__ = [
    "ARMS", "COMMITTED", "CORPUS", "Judgement", "calibration", "coder_agreement", "committed",
    "confusion", "drift", "gold_judged", "in_context", "judge", "quality", "training_texts", "world_judged",
]  # fmt: skip


class Judgement(NamedTuple):
    """The tables of these names, of one corpus."""

    quality: pl.DataFrame
    confusion: pl.DataFrame
    calibration: pl.DataFrame


def judge(corpus: str, judged: pl.DataFrame) -> Judgement:
    """Quality, confusion and calibration of the measures against one corpus of coded messages."""
    return Judgement(quality(corpus, judged), confusion(corpus, judged), calibration(corpus, judged))
