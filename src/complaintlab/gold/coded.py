"""Stage ``coded``: what the sampled episodes look like by the codes of people, beside the measures' account.

Design-based correction (``models/label_error``) needs each sampled episode twice: as measured, and as coded.
The second comes from the very functions that made the first: codes are laid over the measures, and episodes
and start–stop rows are made again.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from complaintlab import spells
from complaintlab.companies import Companies
from complaintlab.gold.codebook import LABELS
from complaintlab.gold.draw import SAMPLE_SCHEMA, draw_sample
from complaintlab.gold.files import load_gold, read_sample
from complaintlab.gold.simulated import simulated_gold
from complaintlab.labels import ACTS, STANCES
from complaintlab.measure.companies import with_quality
from complaintlab.params import Analysis, LabelErrors
from complaintlab.store import conform
from complaintlab.tables import TABLES

NEEDED = {
    "opener": ("complaint", "hostility"),
    "reply": ACTS,
    "turn": ("stance",),
    "bystander": ("target",),
}
"""Kind of message → what must have been coded of it for its episode to count as coded."""

FRAME = ("p_complaint", "p_nonsense", "p_praise")
"""Measures that decide what is an episode: they stay, so that the episodes are those that were drawn from."""

STRATUM_MINIMUM = 10
STRATA = 16


class Outputs(NamedTuple):
    coded_measures: pl.DataFrame
    coded_episodes: pl.DataFrame
    coded_spells: pl.DataFrame


def run(
    turns: pl.DataFrame,
    threads: pl.DataFrame,
    deletions: pl.DataFrame,
    measures: pl.DataFrame,
    sightings: pl.DataFrame,
    source: pl.DataFrame,
    episodes: pl.DataFrame,
    latent: pl.DataFrame,
    analysis: Analysis,
    label_error: LabelErrors,
    companies: Companies,
    root: Path,
) -> Outputs:
    """Measures of coded messages with the codes in their place, and the sampled episodes made anew of them.

    Codes are those of data/gold; the simulated public, where nobody has coded it, is coded by its own truth
    in a sample of ``label_error.world_episodes``. Only episodes with all needed codes are kept; ``pi`` is
    their chance to be drawn times the share of their stratum that was coded. ``p_complaint`` and
    ``p_nonsense`` are the opener's codes. Not coded, and so as measured: the critic's turns in other
    threads, the hostility of turns, replies after the first.
    """
    sample, gold = read_sample(root), load_gold(root)
    if gold.is_empty() and bool(source["simulated"].any()) and label_error.world_episodes:
        sample = _world_sample(episodes, turns, measures, analysis, label_error)
        gold = simulated_gold(sample, latent)
    drawn = fully_coded(sample, gold).join(episodes, on="episode_id", how="semi")
    if drawn.is_empty():
        return Outputs(*(TABLES[name].create_empty() for name in Outputs._fields))
    coded = code_measures(measures, gold)
    kept = measures.select("post_id", "company", *FRAME)
    in_frame = coded.drop(FRAME).join(kept, on=["post_id", "company"]).select(measures.columns)
    others = measures.join(coded, on=["post_id", "company"], how="anti")
    again = spells.run(
        turns, threads, deletions, pl.concat([others, in_frame]), sightings, source, analysis, companies
    )
    opener = coded.select("company", "p_complaint", "p_nonsense", opener_id="post_id")
    followed = (
        again.episodes.drop("pi", "p_complaint", "p_nonsense")
        .join(drawn, on="episode_id")
        .join(opener, on=["opener_id", "company"])
    )
    return Outputs(
        coded_measures=conform("coded_measures", coded).sort("post_id", "company"),
        coded_episodes=conform("coded_episodes", followed).sort("episode_id"),
        coded_spells=again.spells.join(followed, on="episode_id", how="semi").sort("episode_id", "start_s"),
    )


def fully_coded(sample: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """episode_id and pi of the sampled episodes of which everything that is needed has been coded.

    Those that were not coded, or not to the end, are taken to be missing at random within their stratum, the
    usual weighting class (Little 1986).
    """
    needed = pl.col("item").replace_strict(
        {item: list(labels) for item, labels in NEEDED.items()}, return_dtype=pl.List(pl.String)
    )
    codes = gold.group_by("post_id").agg(coded=pl.col("label"))
    judged = sample.join(codes, on="post_id", how="left", maintain_order="left").with_columns(
        whole=(needed.list.set_difference("coded").list.len() == 0).fill_null(False)
    )
    of_episode = judged.group_by("episode_id", "stratum", "thread_id", "sampling_probability").agg(
        pl.col("whole").all()
    )
    share = pl.col("whole").mean().over("stratum")
    return of_episode.with_columns(pi=pl.col("sampling_probability") * share).filter("whole").select(
        "episode_id", "pi"
    )  # fmt: skip


def code_measures(measures: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``measures`` whose posts were coded, with the codes in place of what was measured.

    A probability becomes 0 or 1, a grade the coded one; labels without a code stay as measured.
    """
    wide = gold.with_columns(pl.concat_str(pl.lit("code_"), "label").alias("label")).pivot(
        "label", on_columns=[f"code_{name}" for name in LABELS], index="post_id", values="value",
        aggregate_function="first",
    )  # fmt: skip
    rows = measures.join(wide, on="post_id", maintain_order="left")
    flags = {"p_complaint": "complaint", "p_nonsense": "nonsense", "p_sarcastic": "sarcastic"}
    one = {f"p_{act}": _is(act, "1", f"p_{act}") for act in ACTS}
    one |= {column: _is(label, "1", column) for column, label in flags.items()}
    one |= {f"p_{stance}": _is("stance", stance, f"p_{stance}") for stance in STANCES}
    one["p_against"] = _is("target", "against", "p_against")
    grades = {
        name: pl.coalesce(pl.col(f"code_{name}").cast(pl.Float64), name) for name in ("hostility", "severity")
    }
    stance = pl.coalesce(pl.col("code_stance").cast(pl.Enum(list(STANCES))), "stance")
    return with_quality(rows.with_columns(stance=stance, **grades, **one)).select(measures.columns)


def _is(label: str, value: str, otherwise: str) -> pl.Expr:
    code = pl.col(f"code_{label}")
    return pl.when(code.is_not_null()).then((code == value).cast(pl.Float64)).otherwise(otherwise)


def _world_sample(
    episodes: pl.DataFrame,
    turns: pl.DataFrame,
    measures: pl.DataFrame,
    analysis: Analysis,
    label_error: LabelErrors,
) -> pl.DataFrame:
    if episodes.filter(pl.col("kind").cast(pl.String) == "complaint").is_empty():
        return pl.DataFrame(schema=SAMPLE_SCHEMA)
    n = label_error.world_episodes
    return draw_sample(
        episodes, turns, measures, horizon_days=analysis.horizon_days, n=n, seed=label_error.seed,
        minimum=min(STRATUM_MINIMUM, n // STRATA),
    )  # fmt: skip
