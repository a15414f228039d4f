"""The study as it would have been with other choices: complaints from another threshold on, other events."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from complaintlab.companies import Companies
from complaintlab.labels import STANCE_RANK, STANCES
from complaintlab.models.robustness.choices import (
    ANY_PRAISE,
    LAST,
    MOST_PROBABLE,
    NEGATIVE,
    EventRule,
)
from complaintlab.models.strategies import DAY
from complaintlab.params import Analysis
from complaintlab.spells import run as make_spells
from complaintlab.spells.openers import find_openers, mark_first
from complaintlab.spells.seen import critic_turns, label_turns

NEAR = 0.1
"""Stances whose probability is lower than the largest by at most this much are tied with it."""
PRAISES = 0.5
EVENTS = ("turned", "advocate", "escalated")


@dataclass(frozen=True)
class Told:
    """Episodes and spells from one threshold on, and what their critics said later (``said``)."""

    episodes: pl.DataFrame
    spells: pl.DataFrame
    said: pl.DataFrame


@dataclass
class Material:
    """What the stages before made, and the same with another threshold of complaints, made when asked for."""

    episodes: pl.DataFrame
    spells: pl.DataFrame
    turns: pl.DataFrame
    threads: pl.DataFrame
    deletions: pl.DataFrame
    measures: pl.DataFrame
    sightings: pl.DataFrame
    source: pl.DataFrame
    companies: Companies
    analysis: Analysis
    _told: dict[float, Told] = field(default_factory=dict)
    _first_events: dict[tuple[float, EventRule], pl.DataFrame] = field(default_factory=dict)

    def told(self, complaint: float) -> Told:
        """The study with complaints from this probability on."""
        if complaint not in self._told:
            self._told[complaint] = self._tell(complaint)
        return self._told[complaint]

    def retold(self, episodes: pl.DataFrame, complaint: float, rule: EventRule) -> pl.DataFrame:
        """Some ``episodes`` from one threshold on with their events as ``rule`` has them."""
        key = complaint, rule
        if key not in self._first_events:
            self._first_events[key] = first_events(self.told(complaint).said, rule, horizon_s(self.analysis))
        return with_events(episodes, self._first_events[key])

    def _tell(self, complaint: float) -> Told:
        analysis = self.analysis.model_copy(update={"complaint_threshold": complaint})
        episodes, spells = self.episodes, self.spells
        if complaint != self.analysis.complaint_threshold:
            episodes, spells, _ = make_spells(
                self.turns, self.threads, self.deletions, self.measures, self.sightings, self.source,
                analysis, self.companies,
            )  # fmt: skip
        said = critics_said(episodes, self.turns, self.threads, self.measures, self.source, analysis)
        return Told(episodes, spells, said)


def critics_said(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    threads: pl.DataFrame,
    measures: pl.DataFrame,
    source: pl.DataFrame,
    analysis: Analysis,
) -> pl.DataFrame:
    """Each critic's later turns toward the company, anywhere, in order, with what they say.

    Columns: episode_id, at_s, stance, p_<stance> ×6, p_praise, kind (of an opener).
    """
    openers = mark_first(find_openers(turns, threads, measures, analysis), source, analysis)
    hashes = turns.select(pl.col("post_id").alias("opener_id"), "company", "text_hash")
    followed = episodes.join(hashes, on=["opener_id", "company"], how="left", maintain_order="left")
    said = critic_turns(followed, label_turns(turns, measures, analysis), openers)
    labels = measures.select("post_id", "company", "p_praise", *(f"p_{stance}" for stance in STANCES))
    return said.join(labels, on=["post_id", "company"], how="left", maintain_order="left").select(
        "episode_id",
        "at_s",
        pl.col("stance").cast(pl.String),
        *(f"p_{s}" for s in STANCES),
        "p_praise",
        "kind",
    )


def stance_by(ties: str) -> pl.Expr:
    """The stance of a turn under a rule for ties."""
    if ties == MOST_PROBABLE:
        return pl.col("stance")
    largest = pl.max_horizontal(f"p_{stance}" for stance in STANCES)
    order = STANCES if ties == NEGATIVE else STANCES[::-1]
    tied = [pl.when(pl.col(f"p_{s}") >= largest - NEAR).then(pl.lit(s)) for s in order]
    return pl.coalesce(tied)


def first_events(said: pl.DataFrame, rule: EventRule, horizon_s: int) -> pl.DataFrame:
    """episode_id, turned_s, advocate_s and escalated_s by ``rule``, of critics who said anything later."""
    told = said.with_columns(by_rule=stance_by(rule.ties))
    if rule.turn == LAST:
        told = told.filter(pl.col("at_s") <= horizon_s, pl.col("by_rule").is_not_null())
        told = told.group_by("episode_id", maintain_order=True).last()
    praised = pl.col("kind").fill_null("") == "praise"
    turned = pl.col("by_rule").is_in(["resolved", "advocates"])
    if rule.praise == ANY_PRAISE:
        turned |= pl.col("p_praise") >= PRAISES
    shows = {
        "turned_s": turned,
        "advocate_s": (pl.col("by_rule") == "advocates").fill_null(False) | praised,
        "escalated_s": pl.col("by_rule") == "escalates",
    }
    first = [pl.col("at_s").filter(where).min().alias(name) for name, where in shows.items()]
    return told.group_by("episode_id").agg(first)


def with_events(episodes: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """``episodes`` with the :func:`first_events` of a rule.

    By the default rule these are the columns as the stage ``spells`` made them.
    """
    return (
        episodes.drop(set(events.columns) - {"episode_id"})
        .join(events, on="episode_id", how="left", maintain_order="left")
        .select(episodes.columns)
    )


def spoke_negatively(said: pl.DataFrame) -> pl.DataFrame:
    """episode_id and at_s of the turns in which critics escalate or persist."""
    rank = pl.col("stance").replace_strict(STANCE_RANK, default=None, return_dtype=pl.Int8)
    return said.filter(rank < 0).select("episode_id", "at_s")


def horizon_s(analysis: Analysis) -> int:
    return round(analysis.horizon_days * DAY)
